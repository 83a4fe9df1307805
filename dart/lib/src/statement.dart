import 'dart:ffi';

import 'package:ffi/ffi.dart';

import 'arrow/parameters.dart';
import 'bindings/call.dart';
import 'bindings/engine_functions.dart';
import 'bindings/native_handle.dart';
import 'bindings/structs.dart';
import 'catalog.dart';
import 'exception.dart';
import 'execution.dart';
import 'options.dart';
import 'result.dart';
import 'stream.dart';

/// An SQL text that is executed any number of times, with other parameters
/// each time.
final class OdbcStatement implements Finalizable {
  OdbcStatement._(this._handle, this.sql);

  /// A statement of [connection] for [sql].
  factory OdbcStatement.open(NativeHandle connection, String sql) =>
      OdbcStatement._(
          _open(connection, connection.functions.statementOpen, 'statement',
              sql, 'the SQL text'),
          sql);

  /// A statement of [connection] that has the answer to [query] as its result.
  factory OdbcStatement.ofCatalog(
          NativeHandle connection, OdbcCatalogQuery query) =>
      OdbcStatement._(
          _open(connection, connection.functions.catalogOpen, 'catalog',
              query.toString(), 'the catalog query'),
          '');

  /// The statement of [handle], which has its results already.
  OdbcStatement.ofHandle(NativeHandle handle) : this._(handle, '');

  static NativeHandle _open(NativeHandle connection, OpenFunction call,
      String operation, String text, String what) {
    final value = using((arena) {
      final bytes = encodeText(text, what, operation: operation);
      final handle = arena<Uint64>();
      check(
          operation,
          (error) => call(connection.value, arena.copy(bytes), bytes.length,
              handle, error));
      return handle.value;
    });
    return NativeHandle.statement(connection, value);
  }

  final NativeHandle _handle;

  /// The text, with `?`, or `:name` and `@name`, for each parameter.
  final String sql;

  /// Runs the statement with [parameters].
  ///
  /// They are a [List] with a value for each `?`, or a [Map] with a value for
  /// the name of every `:name` and `@name`; `OdbcParameter` says how values are
  /// sent.
  OdbcExecution execute([Object parameters = const <Object?>[]]) =>
      using((arena) {
        final execution = arena<ExecutionStruct>();
        withParameters(
            _handle.functions,
            parameters,
            (schema, array) => check(
                'execute',
                (error) => _handle.functions.statementExecute(
                    _handle.value, schema, array, execution, error)));
        return read(execution.ref);
      });

  /// Goes on to the next result of the last execution, for example of a
  /// procedure or of several statements in one text; null when there is no
  /// other.
  ///
  /// The stream of the result before is ended.
  OdbcExecution? nextResult() => using((arena) {
        final found = arena<Int32>();
        final execution = arena<ExecutionStruct>();
        check(
            'next_result',
            (error) => _handle.functions
                .statementNextResult(_handle.value, found, execution, error));
        return found.value == 0 ? null : read(execution.ref);
      });

  /// The present result of the last execution, to be read batch by batch.
  ///
  /// With [closeStatement] the statement is closed together with the stream.
  OdbcStream stream({
    OdbcStreamOptions? options,
    bool closeStatement = false,
  }) =>
      OdbcStream.start(_handle,
          options: options, onClose: closeStatement ? close : null);

  /// Runs the statement with [parameters] and reads its whole result.
  OdbcResult query([
    Object parameters = const <Object?>[],
    OdbcStreamOptions? options,
  ]) {
    final execution = execute(parameters);
    final stream = this.stream(options: options);
    try {
      return OdbcResult(
        columns: stream.columns,
        rows: stream.rows.toList(),
        warnings: [...execution.warnings, ...stream.warnings],
      );
    } finally {
      stream.close();
    }
  }

  /// Whether [close] was called.
  bool get isClosed => _handle.isClosed;

  /// Ends the statement and its stream; a second call does nothing.
  void close() => _handle.close();

  /// What [execution] tells, with the warnings of this statement.
  OdbcExecution read(ExecutionStruct execution) => OdbcExecution(
        affectedRows:
            execution.affectedRows < 0 ? null : execution.affectedRows,
        columnCount: execution.columnCount,
        warnings: execution.warningCount == 0 ? const [] : _warnings(),
      );

  List<OdbcDiagnostic> _warnings() => readDiagnostics(
      'warnings',
      (text, error) =>
          _handle.functions.statementWarnings(_handle.value, text, error));
}
