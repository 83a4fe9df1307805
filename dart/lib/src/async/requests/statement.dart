part of '../protocol.dart';

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

/// Inserts many rows.
final class BulkInsert extends Request {
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
    final rows = data;
    if (rows is! RowsMaker) {
      return insertLent(state.connection, table, rows, options);
    }
    try {
      return insertGathered(state.connection, table, rows(), options, types);
    } on OdbcException {
      rethrow;
    } on Object catch (error) {
      throw refuseRows('the rows could not be read: $error');
    }
  }
}

/// A function that gives rows.
typedef RowsMaker = Iterable<Object?> Function();

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
