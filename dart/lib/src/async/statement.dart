import 'dart:ffi';

import 'package:ffi/ffi.dart';

import '../arrow/batch_memory.dart';
import '../bindings/call.dart';
import '../bindings/structs.dart';
import '../exception.dart';
import '../execution.dart';
import '../options.dart';
import '../result.dart';
import 'abort.dart';
import 'protocol.dart';
import 'stream.dart';
import 'worker.dart';

/// An SQL text that is executed any number of times, with other parameters
/// each time, while this isolate stays responsive.
///
/// One that is not closed stays open until its connection closes.
final class OdbcAsyncStatement {
  /// The statement [_opened] of [_worker], whose calls are stopped when [_abort]
  /// stops.
  OdbcAsyncStatement(this._worker, this._opened, this.sql, [this._abort]);

  final Worker _worker;
  final StatementOpened _opened;
  final Abort? _abort;
  bool _closed = false;

  int get _id => _opened.id;

  Future<T> _ask<T>(Request request, String operation) =>
      _worker.ask(request, operation, abort: _abort);

  /// The text, with `?`, or `:name` and `@name`, for each parameter.
  final String sql;

  /// Runs the statement with [parameters], a [List] by position or a [Map] by
  /// name.
  Future<OdbcExecution> execute([Object parameters = const <Object?>[]]) =>
      _ask(StatementExecute(_id, parameters), 'execute');

  /// Goes on to the next result of the last execution; null when there is no
  /// other. The stream of the result before is ended.
  Future<OdbcExecution?> nextResult() =>
      _ask(StatementNext(_id), 'next_result');

  /// The present result of the last execution, to be read batch by batch.
  ///
  /// With [closeStatement] the statement is closed together with the stream.
  Future<OdbcAsyncStream> stream({
    OdbcStreamOptions? options,
    bool closeStatement = false,
  }) =>
      OdbcAsyncStream.start(_worker, StatementStream(_id, options),
          onClose: closeStatement ? close : null, abort: _abort);

  /// Runs the statement with [parameters] and reads its whole result.
  Future<OdbcResult> query([
    Object parameters = const <Object?>[],
    OdbcStreamOptions? options,
  ]) =>
      readWhole(_worker,
          (address) => StatementQuery(_id, parameters, options, address),
          abort: _abort);

  /// Sets how long an execution, or the fetching of a batch, may take, like
  /// `OdbcStatement.setQueryTimeout`.
  Future<void> setQueryTimeout(Duration timeout) =>
      _ask(StatementTimeout(_id, timeout), 'query_timeout');

  /// Asks what this statement does to stop, its stream included, without
  /// waiting; what waits for its turn does not begin. Where there is nothing,
  /// this does nothing.
  ///
  /// Such a call fails with an error of kind [OdbcErrorKind.cancelled], unless
  /// it ended before. An error of kind [OdbcErrorKind.unsupported] says that
  /// the database has no way.
  void cancel() {
    if (_closed || _worker.hasEnded) return;
    _worker.stop((request) => switch (request) {
          StatementExecute(:final id) ||
          StatementQuery(:final id) ||
          StatementNext(:final id) ||
          StatementStream(:final id) =>
            id == _id,
          _ => false,
        });
    check(
        'cancel',
        (error) =>
            _worker.library.functions.statementCancel(_opened.handle, error));
  }

  /// Whether [close] was called.
  bool get isClosed => _closed;

  /// Ends the statement and its stream; a second call waits for the first.
  Future<void> close() => _closing ??= _close();

  Future<void>? _closing;

  Future<void> _close() async {
    _closed = true;
    if (!_worker.isClosed) {
      await _worker.ask<void>(StatementClose(_id), 'close');
    }
  }
}

/// Reads a whole result by the request that [of] makes with the address of an
/// `ArrowArray`.
Future<OdbcResult> readWhole(Worker worker, WholeQuery Function(int address) of,
    {Abort? abort}) async {
  final array = calloc<ArrowArray>();
  try {
    return await worker.ask(of(array.address), 'statement', abort: abort);
  } finally {
    releaseArray(array);
    calloc.free(array);
  }
}
