/// The isolate that calls the library for one connection.
library;

import 'dart:async';
import 'dart:isolate';

import '../bindings/engine_library.dart';
import '../bindings/native_handle.dart';
import '../connection.dart';
import '../engine.dart';
import '../exception.dart';
import '../telemetry/trace_context.dart';
import 'abort.dart';
import 'line.dart';
import 'pending.dart';
import 'protocol.dart';

/// What a worker begins with.
final class _Start {
  const _Start(
      this.owner, this.answers, this.library, this.open, this.traceparent);

  final Isolate owner;
  final SendPort answers;
  final String library;
  final OpenConnection open;
  final String? traceparent;
}

/// How a worker comes to its connection; it is sent to the worker.
typedef OpenConnection = OdbcConnection Function(OdbcEngine engine);

/// What a worker says once it is connected.
final class _Ready {
  const _Ready(this.requests, this.handle);

  final SendPort requests;
  final int handle;
}

/// A worker, as its connection sees it.
final class Worker {
  Worker._(this._isolate, this._answers, this._library);

  /// Starts an isolate that connects by [open]; what fails there fails here.
  /// The [pool] of the connection is not freed before it.
  static Future<Worker> start(EngineLibrary library, OpenConnection open,
      {NativeHandle? pool}) async {
    final answers = ReceivePort('odbc connection');
    final first = Completer<_Ready>();
    final Isolate isolate;
    try {
      isolate = await Isolate.spawn(
        _work,
        _Start(Isolate.current, answers.sendPort, library.path, open,
            currentTraceparent),
        onExit: answers.sendPort,
        debugName: 'odbc connection',
      );
    } on Object {
      answers.close();
      rethrow;
    }
    final worker = Worker._(isolate, answers, library);
    answers.listen((message) => worker._hear(message, first));
    try {
      final ready = await first.future;
      worker
        .._requests = ready.requests
        .._connection = NativeHandle.connection(library, ready.handle, pool);
      return worker;
    } on Object {
      answers.close();
      rethrow;
    }
  }

  final Isolate _isolate;
  final ReceivePort _answers;
  final EngineLibrary _library;
  final _waiting = <int, PendingRequest>{};
  final _line = Line();
  late final SendPort _requests;
  // It is freed by this isolate, since a worker that is killed may leave a
  // statement that nobody knows of, which would keep the connection open.
  late final NativeHandle _connection;
  int _last = 0;
  bool _closing = false;
  bool _ended = false;

  /// The library that the worker calls.
  EngineLibrary get library => _library;

  /// The native connection, by which any isolate can cancel what it does.
  int get handle => _connection.value;

  /// The isolate, for those who must end it.
  Isolate get isolate => _isolate;

  /// Whether the worker has ended.
  bool get hasEnded => _ended;

  /// Asks [request]; [operation] is named if the worker is not there any more.
  ///
  /// When [abort] stops before the answer is there, what is asked is stopped, if
  /// it can be. What has a [place] is sent there, otherwise behind all others.
  Future<T> ask<T>(Request request, String operation,
      {Abort? abort, Place? place}) async {
    place?.check();
    // The worker hears of nothing behind that it is to close.
    if (isClosed && place == null && request is! CloseConnection) {
      throw _gone(operation);
    }
    final id = ++_last;
    final pending = PendingRequest(request, _library.functions, handle);
    _waiting[id] = pending;
    abort?.add(pending.stop);
    final envelope = Envelope(id, request, pending.mark, currentTraceparent);
    try {
      _sendInTurn(envelope, place);
    } on Object catch (error) {
      _waiting.remove(id)?.completeError(OdbcException(
            OdbcErrorKind.invalidArgument,
            'a value cannot be sent to the isolate of the connection: '
            '$error',
            operation: operation,
          ));
    }
    try {
      return await pending.answer as T;
    } finally {
      abort?.remove(pending.stop);
    }
  }

  void _sendInTurn(Envelope envelope, Place? place) {
    if (_line.isEmpty) return _requests.send(envelope);
    // What waits is sent now, since the caller may change its values meanwhile.
    _requests.send(Waiting(envelope));
    _line.send(() => _requests.send(Turn(envelope.id)), place);
  }

  /// Runs [body], which may take a while until it asks by the place that it is
  /// given; what is asked meanwhile comes behind.
  Future<T> inTurn<T>(String operation, Future<T> Function(Place place) body,
      {Abort? abort}) async {
    if (isClosed) throw _gone(operation);
    final place = _line.keep();
    abort?.add(place.stop);
    try {
      return await body(place);
    } finally {
      abort?.remove(place.stop);
      _line.leave(place);
    }
  }

  /// Stops everything that was asked so far.
  void stopAll() {
    _line.stop();
    stop((request) => true);
  }

  /// Stops what was asked so far, of those requests that [which] names.
  void stop(bool Function(Request request) which) {
    for (final pending in [..._waiting.values]) {
      if (which(pending.request)) pending.stop();
    }
  }

  /// Whether [close] was called, or the worker has ended without.
  bool get isClosed => _closing || _ended;

  /// Closes the connection, after what was asked before; a second call waits
  /// for the first.
  Future<void> close() => _closed ??= _close();

  Future<void>? _closed;

  Future<void> _close() async {
    if (_ended) return;
    _closing = true;
    try {
      await ask<void>(const CloseConnection(), 'close');
    } finally {
      _end();
    }
  }

  /// Forgets the worker, and leaves the closing of its connection to others.
  void _end() {
    _ended = true;
    _answers.close();
    _connection.leave();
    Isolate.current.removeOnExitListener(_requests);
  }

  void _hear(Object? message, Completer<_Ready> first) {
    switch (message) {
      case _Ready():
        first.complete(message);
      case Failure(id: 0, :final error):
        first.completeError(error);
      case Begun(:final id, :final statement):
        _waiting[id]?.begun(statement);
      case Success(:final id, :final value):
        final given = _waiting.remove(id)?.complete(value);
        if (given == false) _closeUnused(value);
      case Failure(:final id, :final error):
        _waiting.remove(id)?.completeError(error);
      case _ when first.isCompleted:
        _fail();
      default:
        first.completeError(_gone('connect'));
    }
  }

  void _closeUnused(Object? value) {
    final request = switch (value) {
      StreamStarted(:final id) => StreamClose(id),
      Called(statement: StatementOpened(:final id)) => StatementClose(id),
      _ => null,
    };
    if (request != null && !isClosed) ask<void>(request, 'close').ignore();
  }

  // The isolate was killed, or failed in a way that it does not survive.
  void _fail() {
    if (_ended) return;
    _end();
    final waiting = [..._waiting.values];
    _waiting.clear();
    _line.end(_gone('connection'));
    for (final pending in waiting) {
      pending.completeError(_gone('connection'));
    }
    // Closing may wait for the server, so it is not for this isolate; whom the
    // worker has closed already the library does not know any more.
    final (path, handle) = (_library.path, this.handle);
    unawaited(Isolate.run(() => closeConnectionHandle(path, handle)));
  }

  OdbcException _gone(String operation) => OdbcException(
        OdbcErrorKind.invalidState,
        'the connection is closed, or its isolate has ended',
        operation: operation,
      );
}

void _work(_Start start) {
  final requests = ReceivePort();
  // Where the owner ends without closing, it is closed here.
  start.owner.addOnExitListener(requests.sendPort);
  final WorkerState state;
  try {
    state = WorkerState(withTraceparent(start.traceparent,
        () => start.open(OdbcEngine.load(libraryPath: start.library))));
  } on OdbcException catch (error) {
    start.answers.send(Failure(0, error));
    start.owner.removeOnExitListener(requests.sendPort);
    requests.close();
    return;
  }
  final waiting = <int, Envelope>{};
  void answer(Envelope envelope) {
    final Envelope(:id, :request, :mark, :traceparent) = envelope;
    state.begin = (statement) => start.answers.send(Begun(id, statement));
    Response response;
    try {
      response = Success(id,
          withTraceparent(traceparent, () => runMarked(request, state, mark)));
    } on OdbcException catch (error) {
      response = Failure(id, error);
    }
    start.answers.send(response);
    if (request is CloseConnection) requests.close();
  }

  requests.listen((message) {
    switch (message) {
      case Envelope():
        answer(message);
      case Waiting(:final envelope):
        waiting[envelope.id] = envelope;
      case Turn(:final id):
        answer(waiting.remove(id)!);
      default:
        requests.close();
        state.abandon();
    }
  });
  start.answers
      .send(_Ready(requests.sendPort, handOverConnection(state.connection)));
}
