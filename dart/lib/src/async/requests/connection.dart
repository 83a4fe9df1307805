part of '../protocol.dart';

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

/// Asks how many transactions are open within each other.
final class TransactionDepth extends Request {
  /// Asks for it.
  const TransactionDepth();

  @override
  int run(WorkerState state) => state.connection.transactionDepth;
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
