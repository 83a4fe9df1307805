/// What a connection's worker is asked, and what it answers.
library;

import 'dart:ffi';

import '../bindings/structs.dart';
import '../bulk/options.dart';
import '../catalog.dart';
import '../column.dart';
import '../connection.dart';
import '../exception.dart';
import '../execution.dart';
import '../options.dart';
import '../result.dart';
import '../row.dart';
import '../several.dart';
import '../statement.dart';
import '../stream.dart';
import '../types/type.dart';
import 'bulk.dart';

part 'requests/connection.dart';
part 'requests/statement.dart';
part 'requests/stream.dart';

/// The objects of one connection, in the isolate that calls the library.
final class WorkerState {
  /// The state of [connection].
  WorkerState(this.connection);

  /// The connection, which blocks this isolate only.
  final OdbcConnection connection;

  /// Tells the asker that the present request is about to do what may take
  /// long, by the statement that does it, or by the whole connection.
  void Function(int? statement) begin = (_) {};

  final _statements = <int, OdbcStatement>{};
  final _streams = <int, OdbcStream>{};
  int _last = 0;

  /// Closes everything, where nobody is there any more to ask for it.
  void abandon() {
    for (final close in [
      for (final stream in _streams.values) stream.close,
      for (final statement in _statements.values) statement.close,
      connection.close,
    ]) {
      try {
        close();
      } on OdbcException {
        // Nobody would hear of it, and the others are to be closed as well.
        continue;
      }
    }
  }

  int _keep<T>(Map<int, T> objects, T object) {
    objects[++_last] = object;
    return _last;
  }

  OdbcStatement _statement(int id, String operation) =>
      _statements[id] ?? (throw _closed('statement', operation));

  OdbcStream _stream(int id, String operation) =>
      _streams[id] ?? (throw _closed('stream', operation));

  StatementOpened _opened(OdbcStatement statement) => StatementOpened(
      _keep(_statements, statement), statementHandle(statement));

  /// Prepares [sql] for [body], which may take long.
  T _begun<T>(String sql, T Function(OdbcStatement statement) body) {
    final statement = connection.prepare(sql);
    begin(statementHandle(statement));
    return body(statement);
  }

  /// Does [body], which may take long, with a statement for [sql] alone.
  T _once<T>(String sql, T Function(OdbcStatement statement) body) =>
      _begun(sql, (statement) {
        try {
          return body(statement);
        } finally {
          statement.close();
        }
      });

  StreamStarted _started(OdbcStream stream) => StreamStarted(
      _keep(_streams, stream), streamHandle(stream), stream.columns);
}

OdbcException _closed(String what, String operation) =>
    OdbcException(OdbcErrorKind.invalidState, 'the $what is closed',
        operation: operation);

/// A request with its number.
final class Envelope {
  /// The [request] numbered [id], with the address of its [mark], made in the
  /// span [traceparent].
  const Envelope(this.id, this.request, this.mark, this.traceparent);

  /// Counted up by the connection.
  final int id;

  /// What is asked.
  final Request request;

  /// The address of the [RequestMark] of a request that may be stopped, else 0.
  final int mark;

  /// The span of the caller, by W3C Trace Context.
  final String? traceparent;
}

/// A request that is to wait for its [Turn].
final class Waiting {
  /// The request of [envelope].
  const Waiting(this.envelope);

  /// The request.
  final Envelope envelope;
}

/// Says that it is the turn of a request that is [Waiting].
final class Turn {
  /// The turn of the request numbered [id].
  const Turn(this.id);

  /// The request's number.
  final int id;
}

/// What a byte in native memory, which both isolates see, says of a request.
abstract final class RequestMark {
  /// It may begin.
  static const open = 0;

  /// It must not begin, or is being stopped.
  static const stopped = 1;

  /// It is done, so that nothing of it can be stopped any more.
  static const done = 2;
}

/// The answer to a request.
sealed class Response {
  const Response(this.id);

  /// The request's number.
  final int id;
}

/// The request was done.
final class Success extends Response {
  /// With [value] as its result.
  const Success(super.id, this.value);

  /// What the request gave.
  final Object? value;
}

/// The request failed.
final class Failure extends Response {
  /// With [error].
  const Failure(super.id, this.error);

  /// Why.
  final OdbcException error;
}

/// A request has begun what may take long.
final class Begun extends Response {
  /// By [statement], else by the whole connection.
  const Begun(super.id, this.statement);

  /// The native statement.
  final int? statement;
}

/// A stream that was started.
final class StreamStarted {
  /// The stream [id] with its native [handle] and its [columns].
  const StreamStarted(this.id, this.handle, this.columns);

  /// Its number in the worker.
  final int id;

  /// Its number in the library, by which any isolate can cancel it.
  final int handle;

  /// What is known about each column.
  final List<OdbcColumn> columns;
}

/// A statement that was opened.
final class StatementOpened {
  /// The statement [id] with its native [handle].
  const StatementOpened(this.id, this.handle);

  /// Its number in the worker.
  final int id;

  /// Its number in the library, by which any isolate can cancel it.
  final int handle;
}

/// A procedure that was called.
final class Called {
  /// The [outputs], with the [statement] that has the results.
  const Called(this.outputs, this.statement, this.execution);

  /// The values that came back in parameters.
  final OdbcRow? outputs;

  /// The statement.
  final StatementOpened statement;

  /// What the first result is.
  final OdbcExecution execution;
}

/// What a worker can be asked to do.
sealed class Request {
  const Request();

  /// Does it; what it returns is sent back.
  Object? run(WorkerState state);
}

/// What may take long, and can be stopped.
sealed class StoppableRequest extends Request {
  const StoppableRequest();
}
