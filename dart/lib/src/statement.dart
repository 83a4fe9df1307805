import 'dart:ffi';
import 'dart:math';

import 'package:ffi/ffi.dart';

import 'arrow/parameter_block.dart';
import 'arrow/parameters.dart';
import 'bindings/call.dart';
import 'bindings/engine_functions.dart';
import 'bindings/native_handle.dart';
import 'bindings/scratch.dart';
import 'bindings/structs.dart';
import 'cancel.dart';
import 'catalog.dart';
import 'exception.dart';
import 'execution.dart';
import 'options.dart';
import 'result.dart';
import 'stream.dart';
import 'whole_result.dart';

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
  late final _whole = WholeResult(_handle);
  ParameterBlock? _block;

  /// The text, with `?`, or `:name` and `@name`, for each parameter.
  final String sql;

  /// Runs the statement with [parameters].
  ///
  /// They are a [List] with a value for each `?`, or a [Map] with a value for
  /// the name of every `:name` and `@name`; `OdbcParameter` says how values are
  /// sent.
  OdbcExecution execute([Object parameters = const <Object?>[]]) {
    if (parameters is List<Object?> && parameters.isNotEmpty) {
      final block = _filled(parameters);
      _run(block.schema, block.array);
    } else {
      withParameters(_handle.functions, parameters, _run);
    }
    return read(Scratch.execution.ref);
  }

  void _run(Pointer<ArrowSchema> schema, Pointer<ArrowArray> array) => check(
      'execute',
      (error) => _handle.functions.statementExecute(
          _handle.value, schema, array, Scratch.execution, error));

  // Where the types are those of the last execution, so are the structs.
  ParameterBlock _filled(List<Object?> values) {
    final present = _block;
    if (present != null && present.fill(values)) return present;
    final block = ParameterBlock(_handle.functions, values)..fill(values);
    present?.free();
    return _block = block;
  }

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
  ]) =>
      queryBy(this, parameters, options, Scratch.array);

  /// Sets how long an execution, or the fetching of a batch, may take, in whole
  /// milliseconds and zero for no limit; unless it is set, what the connection's
  /// option says. A call that takes longer is stopped and fails with an error of
  /// kind [OdbcErrorKind.timeout].
  void setQueryTimeout(Duration timeout) => check(
      'query_timeout',
      (error) => _handle.functions.statementSetQueryTimeout(
          _handle.value, _milliseconds(timeout), error));

  /// Asks the execution or stream of this statement to stop, without waiting;
  /// where nothing runs, this does nothing.
  ///
  /// Such a call blocks the isolate that makes it: [cancelHandle] stops it from
  /// another one.
  void cancel() => check('cancel',
      (error) => _handle.functions.statementCancel(_handle.value, error));

  /// What cancels this statement, also from another isolate.
  OdbcCancelHandle get cancelHandle => cancelHandleOf(_handle);

  /// Whether [close] was called.
  bool get isClosed => _handle.isClosed;

  /// Ends the statement and its stream; a second call does nothing.
  void close() {
    _block?.free();
    _block = null;
    _handle.close();
  }

  /// What [execution] tells, with the warnings of this statement.
  OdbcExecution read(ExecutionStruct execution) => OdbcExecution(
        affectedRows:
            execution.affectedRows < 0 ? null : execution.affectedRows,
        columnCount: execution.columnCount,
        warnings: execution.warningCount == 0 ? const [] : _warnings(),
      );

  // What does not fit the number of C is the engine's to refuse, by its largest.
  static int _milliseconds(Duration timeout) => timeout.isNegative
      ? throw OdbcException(
          OdbcErrorKind.invalidArgument,
          'query_timeout_ms must not be negative, but is '
          '${timeout.inMilliseconds}',
          operation: 'query_timeout',
        )
      : min(timeout.inMilliseconds, 0xFFFFFFFF);

  List<OdbcDiagnostic> _warnings() => readDiagnostics(
      'warnings',
      (text, error) =>
          _handle.functions.statementWarnings(_handle.value, text, error));
}

/// Runs [statement] with [parameters] and reads its whole result, each batch of
/// it by [array]; not exported to users.
OdbcResult queryBy(OdbcStatement statement, Object parameters,
    OdbcStreamOptions? options, Pointer<ArrowArray> array) {
  final execution = statement.execute(parameters);
  return statement._whole.read(execution, options, array);
}

/// Runs [statement] with [parameters] and streams its result, with which it is
/// closed; not exported to users.
OdbcStream streamOnce(
    OdbcStatement statement, Object parameters, OdbcStreamOptions? options) {
  try {
    final execution = statement.execute(parameters);
    return OdbcStream.start(statement._handle,
        options: options, onClose: statement.close, said: execution.warnings);
  } on Object {
    statement.close();
    rethrow;
  }
}

/// The handle of [statement]; not exported to users.
int statementHandle(OdbcStatement statement) => statement._handle.value;
