import 'dart:ffi';

import 'package:ffi/ffi.dart';

import 'arrow/parameters.dart';
import 'bindings/call.dart';
import 'bindings/native_handle.dart';
import 'bindings/structs.dart';
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
  factory OdbcStatement.open(NativeHandle connection, String sql) {
    final value = using((arena) {
      final text = encodeText(sql, 'the SQL text', operation: 'statement');
      final handle = arena<Uint64>();
      check(
          'statement',
          (error) => connection.functions.statementOpen(
              connection.value, arena.copy(text), text.length, handle, error));
      return handle.value;
    });
    return OdbcStatement._(NativeHandle.statement(connection, value), sql);
  }

  final NativeHandle _handle;

  /// The text, with a `?` for each parameter.
  final String sql;

  /// Runs the statement with [parameters], one for each `?`; `OdbcParameter`
  /// says how values are sent.
  OdbcExecution execute([List<Object?> parameters = const []]) {
    final execution = calloc<ExecutionStruct>();
    try {
      withParameters(
          parameters,
          (schema, array) => check(
              'execute',
              (error) => _handle.functions.statementExecute(
                  _handle.value, schema, array, execution, error)));
      final affectedRows = execution.ref.affectedRows;
      return OdbcExecution(
        affectedRows: affectedRows < 0 ? null : affectedRows,
        columnCount: execution.ref.columnCount,
        warnings: execution.ref.warningCount == 0 ? const [] : _warnings(),
      );
    } finally {
      calloc.free(execution);
    }
  }

  /// The result of the last execution, to be read batch by batch.
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
    List<Object?> parameters = const [],
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

  List<OdbcDiagnostic> _warnings() => readDiagnostics(
      'warnings',
      (text, error) =>
          _handle.functions.statementWarnings(_handle.value, text, error));
}
