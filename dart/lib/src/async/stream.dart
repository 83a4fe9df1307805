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
import 'protocol.dart';
import 'worker.dart';

/// A result, read batch by batch, while this isolate stays responsive.
///
/// It belongs to one execution: executing its statement again, or closing the
/// statement or the connection, ends it.
final class OdbcAsyncStream {
  OdbcAsyncStream._(
      this._worker, this._started, this._onClose, Future<void>? abort)
      : _index = ColumnIndex(_started.columns),
        _watch = Stopwatch()..start() {
    if (abort == null) return;
    unawaited(abort.then((_) => _stop(), onError: (_) => _stop()));
  }

  /// Starts the stream that [request] asks for; [onClose] runs once, when it is
  /// closed.
  static Future<OdbcAsyncStream> start(Worker worker, StreamStart request,
          {Future<void> Function()? onClose,
          String operation = 'stream',
          Future<void>? abort}) async =>
      OdbcAsyncStream._(
          worker,
          await worker.ask<StreamStarted>(request, operation, abort: abort),
          onClose,
          abort);

  final Worker _worker;
  final StreamStarted _started;
  final Future<void> Function()? _onClose;
  final ColumnIndex _index;
  final Stopwatch _watch;
  var _delivered =
      const OdbcProgress(rows: 0, bytes: 0, elapsed: Duration.zero);
  bool _closed = false;
  bool _cancelled = false;
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
  /// A paused subscription fetches nothing; a cancelled one closes the stream.
  Stream<OdbcBatch> get batches {
    StreamSubscription<OdbcBatch>? fetching;
    late final StreamController<OdbcBatch> controller;
    controller = StreamController(
      onListen: () => fetching = _fetchAll().listen(controller.add,
          onError: controller.addError, onDone: controller.close),
      onPause: () => fetching?.pause(),
      onResume: () => fetching?.resume(),
      onCancel: () async {
        _cancelled = true;
        cancel();
        await fetching?.cancel();
        await close();
      },
    );
    return controller.stream;
  }

  Stream<OdbcBatch> _fetchAll() async* {
    try {
      for (var batch = await fetch(); batch != null; batch = await fetch()) {
        yield batch;
      }
    } on OdbcCancelledException {
      // Nobody listens any more, unless it was somebody else who cancelled.
      if (!_cancelled) rethrow;
    } finally {
      await close();
    }
  }

  /// The rows that are still to come, a batch of them in memory at a time.
  ///
  /// A paused subscription fetches nothing; a cancelled one closes the stream.
  Stream<OdbcRow> get rows async* {
    await for (final batch in batches) {
      try {
        for (final rows in rowsInChunks(batch)) {
          yield* Stream.fromIterable(rows);
        }
      } finally {
        batch.close();
      }
    }
  }

  /// The records that came with the fetching, so far; before them those of an
  /// execution that nothing else tells of.
  Future<List<OdbcDiagnostic>> get warnings =>
      _worker.ask(StreamWarnings(_started.id), 'warnings');

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

  /// Ends the reading, after the fetch that runs; a second call does nothing.
  Future<void> close() async {
    if (_closed) return;
    _closed = true;
    try {
      if (!_worker.isClosed) {
        await _worker.ask<void>(StreamClose(_started.id), 'close');
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

/// The rows of the stream that [request] starts, once somebody listens; who
/// stops listening, or [abort], stops what runs.
Stream<OdbcRow> rowsOfStarted(Worker worker, StreamStart request,
    {Future<void>? abort}) {
  final stopped = Completer<void>();
  StreamSubscription<OdbcRow>? reading;
  Future<void>? starting;
  late final StreamController<OdbcRow> controller;

  Future<void> start() async {
    try {
      final stream = await OdbcAsyncStream.start(worker, request,
          operation: 'statement',
          abort: abort == null
              ? stopped.future
              : Future.any([abort, stopped.future]));
      if (stopped.isCompleted) return await stream.close();
      reading = stream.rows.listen(controller.add,
          onError: controller.addError, onDone: controller.close);
      if (controller.isPaused) reading!.pause();
    } on OdbcException catch (error, stack) {
      if (stopped.isCompleted) return;
      controller.addError(error, stack);
      unawaited(controller.close());
    }
  }

  controller = StreamController(
    onListen: () => starting = start(),
    onPause: () => reading?.pause(),
    onResume: () => reading?.resume(),
    onCancel: () async {
      if (!stopped.isCompleted) stopped.complete();
      await starting;
      await reading?.cancel();
    },
  );
  return controller.stream;
}

/// The handle of [stream]; not exported to users.
int asyncStreamHandle(OdbcAsyncStream stream) => stream._started.handle;
