part of '../protocol.dart';

/// Executes a text once.
final class Execute extends StoppableRequest {
  /// Executes [sql] with [parameters].
  const Execute(this.sql, this.parameters);

  /// The text.
  final String sql;

  /// A list or a map.
  final Object parameters;

  @override
  OdbcExecution run(WorkerState state) =>
      state._once(sql, (statement) => statement.execute(parameters));
}

/// Reads a whole result, so that nothing that is asked later comes in between.
sealed class WholeQuery extends StoppableRequest {
  const WholeQuery(this.parameters, this.options, this.address);

  /// A list or a map.
  final Object parameters;

  /// How the result is read.
  final OdbcStreamOptions? options;

  /// The address of an empty `ArrowArray` for each batch in turn, which belongs
  /// to the one who asks, so that nothing is lost if the worker dies.
  final int address;

  OdbcResult _read(OdbcStatement statement) => queryBy(
      statement, parameters, options, Pointer<ArrowArray>.fromAddress(address));
}

/// Executes a text once and reads its whole result.
final class Query extends WholeQuery {
  /// Of [sql] with [parameters].
  const Query(this.sql, super.parameters, super.options, super.address);

  /// The text.
  final String sql;

  @override
  OdbcResult run(WorkerState state) => state._once(sql, _read);
}

/// Inserts many rows.
final class BulkInsert extends StoppableRequest {
  /// Inserts [data] into [table].
  const BulkInsert(this.table, this.data, this.options, this.types);

  /// The table.
  final String table;

  /// Rows that were lent, the handle of a stream, or a function that gives an
  /// iterable of rows.
  final Object data;

  /// How they are inserted.
  final OdbcBulkOptions options;

  /// The types of rows that a function gives.
  final Map<String, OdbcType>? types;

  @override
  OdbcBulkResult run(WorkerState state) {
    state.begin(null);
    return insertSent(
        bulkTargetOf(state.connection), table, data, options, types);
  }
}

/// Prepares a statement.
final class Prepare extends Request {
  /// Prepares [sql].
  const Prepare(this.sql);

  /// The text.
  final String sql;

  @override
  StatementOpened run(WorkerState state) =>
      state._opened(state.connection.prepare(sql));
}

/// Calls a procedure.
final class Call extends StoppableRequest {
  /// Calls [procedure] with [parameters].
  const Call(this.procedure, this.parameters);

  /// The name.
  final String procedure;

  /// A list or a map.
  final Object parameters;

  @override
  Called run(WorkerState state) {
    state.begin(null);
    final call = state.connection.call(procedure, parameters);
    return Called(call.outputs, state._opened(call.statement), call.execution);
  }
}

/// Executes a prepared statement.
final class StatementExecute extends StoppableRequest {
  /// Executes the statement [id] with [parameters].
  const StatementExecute(this.id, this.parameters);

  /// The statement's number.
  final int id;

  /// A list or a map.
  final Object parameters;

  @override
  OdbcExecution run(WorkerState state) {
    final statement = state._statement(id, 'execute');
    state.begin(statementHandle(statement));
    return statement.execute(parameters);
  }
}

/// Executes a prepared statement and reads its whole result.
final class StatementQuery extends WholeQuery {
  /// Of the statement [id] with [parameters].
  const StatementQuery(this.id, super.parameters, super.options, super.address);

  /// The statement's number.
  final int id;

  @override
  OdbcResult run(WorkerState state) {
    final statement = state._statement(id, 'execute');
    state.begin(statementHandle(statement));
    return _read(statement);
  }
}

/// Goes on to a statement's next result.
final class StatementNext extends StoppableRequest {
  /// Of the statement [id].
  const StatementNext(this.id);

  /// The statement's number.
  final int id;

  @override
  OdbcExecution? run(WorkerState state) {
    final statement = state._statement(id, 'next_result');
    state.begin(statementHandle(statement));
    return statement.nextResult();
  }
}

/// Sets how long a statement may take.
final class StatementTimeout extends Request {
  /// Sets [timeout] for the statement [id].
  const StatementTimeout(this.id, this.timeout);

  /// The statement's number.
  final int id;

  /// How long.
  final Duration timeout;

  @override
  void run(WorkerState state) =>
      state._statement(id, 'query_timeout').setQueryTimeout(timeout);
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
