/// A request that is not answered yet.
library;

import 'dart:async';
import 'dart:ffi';

import 'package:ffi/ffi.dart';

import '../bindings/call.dart';
import '../bindings/engine_functions.dart';
import '../exception.dart';
import 'line.dart';
import 'protocol.dart';

/// A request that waits for its answer, and may be stopped until then.
final class PendingRequest {
  /// The [request] of the connection [_connection].
  PendingRequest(this.request, this._functions, this._connection)
      : _mark = request is StoppableRequest ? calloc<Uint8>() : nullptr;

  // A cancel that comes just before the call of the driver is lost, so that it
  // is sent again; but what has its own clean-up to do must not be kept from it.
  static const _statementAgain = Duration(milliseconds: 20);
  static const _connectionAgain = Duration(seconds: 2);

  /// What is asked.
  final Request request;

  final EngineFunctions _functions;
  final int _connection;
  final Pointer<Uint8> _mark;
  final _answer = Completer<Object?>();
  bool _hasBegun = false;
  bool _ended = false;
  bool _stopped = false;
  int? _statement;
  Timer? _timer;
  OdbcException? _refusal;

  /// The answer to come.
  Future<Object?> get answer => _answer.future;

  /// Where the [RequestMark] is, or 0.
  int get mark => _mark.address;

  /// Keeps the request from beginning, or cancels what it does until it is
  /// answered.
  void stop() {
    if (_mark == nullptr || _ended || _stopped) return;
    _stopped = true;
    if (_mark.value == RequestMark.open) _mark.value = RequestMark.stopped;
    if (_hasBegun) _cancelUntilAnswered();
  }

  /// It has begun what may take long, by [statement] or the whole connection.
  void begun(int? statement) {
    _hasBegun = true;
    _statement = statement;
    if (_stopped) _cancelUntilAnswered();
  }

  /// Answers with [value], or with why it could not be stopped: then this is
  /// false, and [value] is nobody's.
  bool complete(Object? value) {
    end();
    final refusal = _refusal;
    if (refusal == null) {
      _answer.complete(value);
    } else {
      _answer.completeError(refusal);
    }
    return refusal == null;
  }

  /// Answers with [error].
  void completeError(OdbcException error) {
    end();
    _answer.completeError(error);
  }

  /// Forgets what it takes to stop the request.
  void end() {
    if (_ended) return;
    _ended = true;
    _timer?.cancel();
    if (_mark != nullptr) calloc.free(_mark);
  }

  void _cancelUntilAnswered() {
    _cancel();
    _timer ??= Timer.periodic(
        _statement == null ? _connectionAgain : _statementAgain,
        (_) => _cancel());
  }

  void _cancel() {
    if (_ended || _mark.value == RequestMark.done) return;
    try {
      check(
          'cancel',
          (error) => switch (_statement) {
                final statement? =>
                  _functions.statementCancel(statement, error),
                null => _functions.connectionCancel(_connection, error),
              });
    } on OdbcException catch (error) {
      // It will not get better; the call ends by itself, and says so.
      _refusal = error;
      _timer?.cancel();
    }
  }
}

/// Runs [request] unless its mark, at the address [mark], says that it is
/// stopped, and marks it as done.
Object? runMarked(Request request, WorkerState state, int mark) {
  if (mark == 0) return request.run(state);
  final place = Pointer<Uint8>.fromAddress(mark);
  if (place.value == RequestMark.stopped) throw cancelledBefore();
  try {
    return request.run(state);
  } finally {
    place.value = RequestMark.done;
  }
}
