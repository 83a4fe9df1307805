/// What a connection's worker is asked, and what it answers.
library;

import 'dart:ffi';

import '../bindings/structs.dart';
import '../catalog.dart';
import '../column.dart';
import '../connection.dart';
import '../exception.dart';
import '../execution.dart';
import '../options.dart';
import '../row.dart';
import '../several.dart';
import '../statement.dart';
import '../stream.dart';

/// The objects of one connection, in the isolate that calls the library.
final class WorkerState {
  /// The state of [connection].
  WorkerState(this.connection);

  /// The connection, which blocks this isolate only.
  final OdbcConnection connection;

  final _statements = <int, OdbcStatement>{};
  final _streams = <int, OdbcStream>{};
  int _last = 0;

  int _keep<T>(Map<int, T> objects, T object) {
    objects[++_last] = object;
    return _last;
  }

  OdbcStatement _statement(int id, String operation) =>
      _statements[id] ?? (throw _closed('statement', operation));

  OdbcStream _stream(int id, String operation) =>
      _streams[id] ?? (throw _closed('stream', operation));

  StreamStarted _started(OdbcStream stream) => StreamStarted(
      _keep(_streams, stream), streamHandle(stream), stream.columns);
}

OdbcException _closed(String what, String operation) =>
    OdbcException(OdbcErrorKind.invalidState, 'the $what is closed',
        operation: operation);

/// A request with its number.
final class Envelope {
  /// The [request] numbered [id].
  const Envelope(this.id, this.request);

  /// Counted up by the connection.
  final int id;

  /// What is asked.
  final Request request;
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

/// A procedure that was called.
final class Called {
  /// The [outputs], with the [statement] that has the results.
  const Called(this.outputs, this.statement, this.execution);

  /// The values that came back in parameters.
  final OdbcRow? outputs;

  /// The statement's number in the worker.
  final int statement;

  /// What the first result is.
  final OdbcExecution execution;
}

/// What a worker can be asked to do.
sealed class Request {
  const Request();

  /// Does it; what it returns is sent back.
  Object? run(WorkerState state);
}

/// Executes a text once.
final class Execute extends Request {
  /// Executes [sql] with [parameters].
  const Execute(this.sql, this.parameters);

  /// The text.
  final String sql;

  /// A list or a map.
  final Object parameters;

  @override
  OdbcExecution run(WorkerState state) =>
      state.connection.execute(sql, parameters);
}

/// Prepares a statement.
final class Prepare extends Request {
  /// Prepares [sql].
  const Prepare(this.sql);

  /// The text.
  final String sql;

  @override
  int run(WorkerState state) =>
      state._keep(state._statements, state.connection.prepare(sql));
}

/// Calls a procedure.
final class Call extends Request {
  /// Calls [procedure] with [parameters].
  const Call(this.procedure, this.parameters);

  /// The name.
  final String procedure;

  /// A list or a map.
  final Object parameters;

  @override
  Called run(WorkerState state) {
    final call = state.connection.call(procedure, parameters);
    final id = state._keep(state._statements, call.statement);
    return Called(call.outputs, id, call.execution);
  }
}

/// Executes a prepared statement.
final class StatementExecute extends Request {
  /// Executes the statement [id] with [parameters].
  const StatementExecute(this.id, this.parameters);

  /// The statement's number.
  final int id;

  /// A list or a map.
  final Object parameters;

  @override
  OdbcExecution run(WorkerState state) =>
      state._statement(id, 'execute').execute(parameters);
}

/// Goes on to a statement's next result.
final class StatementNext extends Request {
  /// Of the statement [id].
  const StatementNext(this.id);

  /// The statement's number.
  final int id;

  @override
  OdbcExecution? run(WorkerState state) =>
      state._statement(id, 'next_result').nextResult();
}

/// Closes a statement.
final class StatementClose extends Request {
  /// Closes the statement [id].
  const StatementClose(this.id);

  /// The statement's number.
  final int id;

  @override
  void run(WorkerState state) => state._statements.remove(id)?.close();
}

/// Starts a stream.
sealed class StreamStart extends Request {
  const StreamStart();

  OdbcStream _open(WorkerState state);

  @override
  StreamStarted run(WorkerState state) => state._started(_open(state));
}

/// Streams a statement's present result.
final class StatementStream extends StreamStart {
  /// Of the statement [id].
  const StatementStream(this.id, this.options);

  /// The statement's number.
  final int id;

  /// How it is read.
  final OdbcStreamOptions? options;

  @override
  OdbcStream _open(WorkerState state) =>
      state._statement(id, 'stream').stream(options: options);
}

/// Executes a text and streams its result.
final class QueryStream extends StreamStart {
  /// Of [sql] with [parameters].
  const QueryStream(this.sql, this.parameters, this.options);

  /// The text.
  final String sql;

  /// A list or a map.
  final Object parameters;

  /// How it is read.
  final OdbcStreamOptions? options;

  @override
  OdbcStream _open(WorkerState state) =>
      state.connection.stream(sql, parameters, options);
}

/// Streams what the catalog answers.
final class CatalogStream extends StreamStart {
  /// The answer to [query].
  const CatalogStream(this.query);

  /// The question.
  final OdbcCatalogQuery query;

  @override
  OdbcStream _open(WorkerState state) => state.connection.catalog(query);
}

/// Streams a query that is read in parts.
final class PartsStream extends StreamStart {
  /// Of [sql] with [parameters], divided by [partition].
  const PartsStream(this.sql, this.partition, this.parameters, this.options);

  /// The text.
  final String sql;

  /// How it is divided.
  final OdbcPartition partition;

  /// A list.
  final Object parameters;

  /// How it is read.
  final OdbcStreamOptions? options;

  @override
  OdbcStream _open(WorkerState state) =>
      state.connection.streamParts(sql, partition, parameters, options);
}

/// Streams a query that is read page by page.
final class PagesStream extends StreamStart {
  /// Of [sql] with [parameters], by [pages].
  const PagesStream(this.sql, this.pages, this.parameters, this.options);

  /// The text.
  final String sql;

  /// What a page is.
  final OdbcPages pages;

  /// A list.
  final Object parameters;

  /// How it is read.
  final OdbcStreamOptions? options;

  @override
  OdbcStream _open(WorkerState state) =>
      state.connection.streamPages(sql, pages, parameters, options);
}

/// Fetches a batch.
final class StreamFetch extends Request {
  /// Fetches of the stream [id] into the `ArrowArray` at [address], which
  /// belongs to the one who asks, so that nothing is lost if the worker dies.
  const StreamFetch(this.id, this.address);

  /// The stream's number.
  final int id;

  /// The address of a zeroed struct.
  final int address;

  @override
  void run(WorkerState state) => fetchInto(
      state._stream(id, 'fetch'), Pointer<ArrowArray>.fromAddress(address));
}

/// Asks for a stream's warnings so far.
final class StreamWarnings extends Request {
  /// Of the stream [id].
  const StreamWarnings(this.id);

  /// The stream's number.
  final int id;

  @override
  List<OdbcDiagnostic> run(WorkerState state) =>
      state._stream(id, 'warnings').warnings;
}

/// Closes a stream.
final class StreamClose extends Request {
  /// Closes the stream [id].
  const StreamClose(this.id);

  /// The stream's number.
  final int id;

  @override
  void run(WorkerState state) => state._streams.remove(id)?.close();
}

/// Begins a transaction.
final class Begin extends Request {
  /// As [options] say.
  const Begin(this.options);

  /// Isolation and access mode.
  final OdbcTransactionOptions options;

  @override
  void run(WorkerState state) => state.connection.beginWith(options);
}

/// What is done with a savepoint.
enum SavepointAction {
  /// It is set.
  set,

  /// What was done since is undone.
  rollback,

  /// It is forgotten.
  release,
}

/// Does something with a savepoint.
final class Savepoint extends Request {
  /// Does [action] with the savepoint [name].
  const Savepoint(this.action, this.name);

  /// What is done.
  final SavepointAction action;

  /// The savepoint.
  final String name;

  @override
  void run(WorkerState state) => switch (action) {
        SavepointAction.set => state.connection.savepoint(name),
        SavepointAction.rollback => state.connection.rollbackToSavepoint(name),
        SavepointAction.release => state.connection.releaseSavepoint(name),
      };
}

/// Commits.
final class Commit extends Request {
  /// Commits.
  const Commit();

  @override
  void run(WorkerState state) => state.connection.commit();
}

/// Rolls back.
final class Rollback extends Request {
  /// Rolls back.
  const Rollback();

  @override
  void run(WorkerState state) => state.connection.rollback();
}

/// Reads or sets autocommit.
final class Autocommit extends Request {
  /// Sets it to [enabled], unless that is null.
  const Autocommit({this.enabled});

  /// What to set.
  final bool? enabled;

  @override
  bool run(WorkerState state) {
    if (enabled case final enabled?) state.connection.autocommit = enabled;
    return enabled ?? state.connection.autocommit;
  }
}

/// Asks what the connection is and can do.
final class Describe extends Request {
  /// Asks for the capabilities, else for the names and versions.
  const Describe({required this.capabilities});

  /// Which of both.
  final bool capabilities;

  @override
  Map<String, Object?> run(WorkerState state) =>
      capabilities ? state.connection.capabilities : state.connection.info;
}

/// Closes every statement and stream.
final class ClearStatements extends Request {
  /// Closes them.
  const ClearStatements();

  @override
  void run(WorkerState state) => state.connection.clearStatements();
}

/// Closes the connection, after which the worker ends.
final class CloseConnection extends Request {
  /// Closes it.
  const CloseConnection();

  @override
  void run(WorkerState state) => state.connection.close();
}
