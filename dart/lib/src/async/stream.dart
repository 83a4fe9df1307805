import 'dart:async';
import 'dart:ffi';

import 'package:ffi/ffi.dart';

import '../arrow/batch_memory.dart';
import '../batch.dart';
import '../bindings/call.dart';
import '../bindings/structs.dart';
import '../column.dart';
import '../exception.dart';
import '../row.dart';
import '../stream.dart';
import 'abort.dart';
import 'protocol.dart';
import 'worker.dart';

/// A result, read batch by batch, while this isolate stays responsive.
///
/// It belongs to one execution: executing its statement again, or closing the
/// statement or the connection, ends it. One that is not closed stays open until
/// then.
final class OdbcAsyncStream {
  OdbcAsyncStream._(this._worker, this._started, this._onClose, this._abort)
      : _index = ColumnIndex(_started.columns),
        _watch = Stopwatch()..start() {
    _abort?.add(_stop);
  }

  /// Starts the stream that [request] asks for; [onClose] runs once, when it is
  /// closed.
  static Future<OdbcAsyncStream> start(Worker worker, StreamStart request,
          {Future<void> Function()? onClose,
          String operation = 'stream',
          Abort? abort}) async =>
      OdbcAsyncStream._(
          worker,
          await worker.ask<StreamStarted>(request, operation, abort: abort),
          onClose,
          abort);

  final Worker _worker;
  final StreamStarted _started;
  final Future<void> Function()? _onClose;
  final Abort? _abort;
  final ColumnIndex _index;
  final Stopwatch _watch;
  var _delivered =
      const OdbcProgress(rows: 0, bytes: 0, elapsed: Duration.zero);
  bool _closed = false;
  late final _progress = StreamController<OdbcProgress>.broadcast();

  /// What is known about each column.
  List<OdbcColumn> get columns => _index.columns;

  /// How far the stream has come.
  OdbcProgress get progress => OdbcProgress(
      rows: _delivered.rows, bytes: _delivered.bytes, elapsed: _watch.elapsed);

  /// How far the stream has come, with each batch that is fetched, until it is
  /// closed.
  Stream<OdbcProgress> get onProgress => _progress.stream;

  /// Whether [close] was called.
  bool get isClosed => _closed;

  /// The next rows, or null after the last ones. The batch is the caller's to
  /// close.
  Future<OdbcBatch?> fetch() async {
    _refuseClosed('fetch');
    final array = calloc<ArrowArray>();
    var handedOver = false;
    try {
      final progress = await _worker.ask<OdbcProgress>(
          StreamFetch(_started.id, array.address), 'fetch');
      _refuseClosed('fetch');
      if (array.ref.release == nullptr) return null;
      final batch = OdbcBatch(_index, array, firstRow: _delivered.rows);
      handedOver = true;
      _delivered = progress;
      if (_progress.hasListener) _progress.add(this.progress);
      return batch;
    } finally {
      if (!handedOver) {
        releaseArray(array);
        calloc.free(array);
      }
    }
  }

  /// The batches that are still to come, each one the listener's to close.
  ///
  /// A paused subscription fetches nothing; a cancelled one stops the fetch that
  /// runs, and closes the stream.
  Stream<OdbcBatch> get batches => _Reading(
        () async => this,
        _stop,
        (batch) => [
          [batch]
        ],
        keepsBatches: true,
      )._controller.stream;

  /// The rows that are still to come, a batch of them in memory at a time.
  ///
  /// A paused subscription fetches nothing; a cancelled one stops the fetch that
  /// runs, and closes the stream.
  Stream<OdbcRow> get rows =>
      _Reading(() async => this, _stop, rowsInChunks, keepsBatches: false)
          ._controller
          .stream;

  /// The records that came with the fetching, so far; before them those of an
  /// execution that nothing else tells of. Once the stream is closed, which
  /// reading it to its end does, those that there were then.
  Future<List<OdbcDiagnostic>> get warnings async => _closed
      ? _warnings
      : await _worker.ask(StreamWarnings(_started.id), 'warnings');

  List<OdbcDiagnostic> _warnings = const [];

  /// Asks the stream to stop, without waiting: a fetch that runs or comes next
  /// fails with an error of kind [OdbcErrorKind.cancelled].
  void cancel() {
    if (_closed || _worker.hasEnded) return;
    check(
        'cancel',
        (error) =>
            _worker.library.functions.streamCancel(_started.handle, error));
  }

  // Nobody hears of what goes wrong here; the fetch that goes on does.
  void _stop() {
    try {
      cancel();
    } on OdbcException {
      return;
    }
  }

  /// Ends the reading, after the fetch that runs; a second call waits for the
  /// first.
  Future<void> close() => _closing ??= _close();

  Future<void>? _closing;

  Future<void> _close() async {
    _closed = true;
    _abort?.remove(_stop);
    try {
      if (!_worker.isClosed) {
        _warnings = await _worker.ask(StreamClose(_started.id), 'close');
      }
    } finally {
      unawaited(_progress.close());
      await _onClose?.call();
    }
  }

  void _refuseClosed(String operation) {
    if (!_closed) return;
    throw OdbcException(OdbcErrorKind.invalidState, 'the stream is closed',
        operation: operation);
  }
}

/// What a listener is given of a stream, no faster than they take it.
final class _Reading<T> {
  _Reading(this._start, this._stop, this._elementsOf,
      {required bool keepsBatches})
      : _keepsBatches = keepsBatches;

  final Future<OdbcAsyncStream> Function() _start;
  final void Function() _stop;
  final Iterable<Iterable<T>> Function(OdbcBatch batch) _elementsOf;
  final bool _keepsBatches;
  Future<void>? _reading;
  Completer<void>? _resumed;
  bool _cancelled = false;

  // What is added is given at once, so that a pause is known before the next.
  late final _controller = StreamController<T>(
      sync: true,
      onListen: () => _reading = _read(),
      onResume: _goOn,
      onCancel: _cancel);

  Future<void> _read() async {
    try {
      final stream = await _start();
      try {
        await _readAll(stream);
      } finally {
        await stream.close();
      }
    } on Object catch (error, stack) {
      // Who has stopped listening has asked for the end.
      if (!_cancelled) _controller.addError(error, stack);
    }
    unawaited(_controller.close());
  }

  Future<void> _readAll(OdbcAsyncStream stream) async {
    while (await _isWanted()) {
      final batch = await stream.fetch();
      if (batch == null) return;
      var isGiven = false;
      try {
        for (final elements in _elementsOf(batch)) {
          if (!await _isWanted()) return;
          isGiven = true;
          elements.forEach(_controller.add);
        }
      } finally {
        if (!isGiven || !_keepsBatches) batch.close();
      }
    }
  }

  /// Whether more is wanted, as soon as nothing is paused.
  Future<bool> _isWanted() async {
    while (_controller.isPaused && !_cancelled) {
      await (_resumed = Completer<void>()).future;
    }
    return !_cancelled;
  }

  void _goOn() {
    if (_resumed case final resumed? when !resumed.isCompleted) {
      resumed.complete();
    }
  }

  Future<void> _cancel() async {
    _cancelled = true;
    _goOn();
    _stop();
    await _reading;
  }
}

/// The rows of the stream that [request] starts, once somebody listens; who
/// stops listening, or [abort], stops what runs.
Stream<OdbcRow> rowsOfStarted(Worker worker, StreamStart request,
    {Abort? abort}) {
  late final stop = Abort(abort);

  Future<OdbcAsyncStream> start() async {
    try {
      return await OdbcAsyncStream.start(worker, request,
          operation: 'statement', onClose: () async => stop.end(), abort: stop);
    } on Object {
      stop.end();
      rethrow;
    }
  }

  return _Reading(start, () => stop.stop(), rowsInChunks, keepsBatches: false)
      ._controller
      .stream;
}

/// The handle of [stream]; not exported to users.
int asyncStreamHandle(OdbcAsyncStream stream) => stream._started.handle;
