/// The isolate that calls the library for one connection.
library;

import 'dart:async';
import 'dart:isolate';

import '../bindings/engine_library.dart';
import '../connection.dart';
import '../engine.dart';
import '../exception.dart';
import '../options.dart';
import 'protocol.dart';

/// What a worker begins with.
final class _Start {
  const _Start(this.answers, this.library, this.connectionString, this.options);

  final SendPort answers;
  final String library;
  final String connectionString;
  final OdbcConnectionOptions? options;
}

/// What a worker says once it is connected.
final class _Ready {
  const _Ready(this.requests, this.handle);

  final SendPort requests;
  final int handle;
}

/// A worker, as its connection sees it.
final class Worker {
  Worker._(this._isolate, this._answers, this._library);

  /// Starts an isolate that connects; what fails there fails here.
  static Future<Worker> start(
    String connectionString,
    OdbcConnectionOptions? options,
    OdbcEngine engine,
  ) async {
    final library = libraryOf(engine);
    final answers = ReceivePort('odbc connection');
    final first = Completer<_Ready>();
    final Isolate isolate;
    try {
      isolate = await Isolate.spawn(
        _work,
        _Start(answers.sendPort, library.path, connectionString, options),
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
        .._handle = ready.handle;
      return worker;
    } on Object {
      answers.close();
      rethrow;
    }
  }

  final Isolate _isolate;
  final ReceivePort _answers;
  final EngineLibrary _library;
  final _waiting = <int, Completer<Object?>>{};
  late final SendPort _requests;
  late final int _handle;
  int _last = 0;
  bool _ended = false;

  /// The library that the worker calls.
  EngineLibrary get library => _library;

  /// The isolate, for those who must end it.
  Isolate get isolate => _isolate;

  /// Whether the worker has ended.
  bool get hasEnded => _ended;

  /// Asks [request]; [operation] is named if the worker is not there any more.
  Future<T> ask<T>(Request request, String operation) async {
    if (_ended) throw _gone(operation);
    final id = ++_last;
    final answer = Completer<Object?>();
    _waiting[id] = answer;
    try {
      _requests.send(Envelope(id, request));
    } on Object catch (error) {
      _waiting.remove(id);
      throw OdbcException(
        OdbcErrorKind.invalidArgument,
        'a value cannot be sent to the isolate of the connection: '
        '$error',
        operation: operation,
      );
    }
    return await answer.future as T;
  }

  /// Forgets the worker, once it has closed its connection.
  void end() {
    _ended = true;
    _answers.close();
  }

  void _hear(Object? message, Completer<_Ready> first) {
    switch (message) {
      case _Ready():
        first.complete(message);
      case Failure(id: 0, :final error):
        first.completeError(error);
      case Success(:final id, :final value):
        _waiting.remove(id)?.complete(value);
      case Failure(:final id, :final error):
        _waiting.remove(id)?.completeError(error);
      case _ when first.isCompleted:
        _fail();
      default:
        first.completeError(_gone('connect'));
    }
  }

  // The isolate was killed, or failed in a way that it does not survive.
  void _fail() {
    if (_ended) return;
    end();
    final waiting = [..._waiting.values];
    _waiting.clear();
    for (final answer in waiting) {
      answer.completeError(_gone('connection'));
    }
    // Closing may wait for the server, so it is not for this isolate; whom the
    // worker has closed already the library does not know any more.
    final (path, handle) = (_library.path, _handle);
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
  final WorkerState state;
  try {
    final connection = OdbcConnection.open(start.connectionString,
        options: start.options,
        engine: OdbcEngine.load(libraryPath: start.library));
    state = WorkerState(connection);
  } on OdbcException catch (error) {
    start.answers.send(Failure(0, error));
    requests.close();
    return;
  }
  requests.listen((message) {
    final Envelope(:id, :request) = message as Envelope;
    Response response;
    try {
      response = Success(id, request.run(state));
    } on OdbcException catch (error) {
      response = Failure(id, error);
    }
    start.answers.send(response);
    if (request is CloseConnection) requests.close();
  });
  start.answers
      .send(_Ready(requests.sendPort, connectionHandle(state.connection)));
}
