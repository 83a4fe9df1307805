import 'dart:async';

import 'execution.dart';
import 'isolation.dart';
import 'options.dart';
import 'result.dart';
import 'row.dart';

/// What a repository needs of a database, whether its calls block the isolate
/// (`OdbcConnection`) or give futures (`OdbcAsyncConnection`).
///
/// A class that takes an [OdbcService] and awaits what it gives works with
/// both.
abstract interface class OdbcService {
  /// Runs [sql] with [parameters] and reads its whole result.
  ///
  /// Parameters are a [List] with a value for each `?`, or a [Map] with a value
  /// for the name of every `:name` and `@name`.
  FutureOr<OdbcResult> query(
    String sql, [
    Object parameters = const <Object?>[],
    OdbcStreamOptions? options,
  ]);

  /// Runs [sql] with [parameters] and leaves a result unread.
  FutureOr<OdbcExecution> execute(String sql,
      [Object parameters = const <Object?>[]]);

  /// Runs [sql] with [parameters] and gives its rows one by one, a batch of
  /// them in memory at a time.
  Stream<OdbcRow> rows(
    String sql, [
    Object parameters = const <Object?>[],
    OdbcStreamOptions? options,
  ]);

  /// Begins a transaction. Autocommit is off until it ends.
  FutureOr<void> begin({OdbcIsolation? isolation, bool readOnly = false});

  /// Makes what the innermost transaction did last, and ends it.
  FutureOr<void> commit();

  /// Undoes what the innermost transaction did, and ends it.
  FutureOr<void> rollback();

  /// Sets the savepoint [name] in the open transaction.
  FutureOr<void> savepoint(String name);

  /// Undoes what was done since the savepoint [name], which stays.
  FutureOr<void> rollbackToSavepoint(String name);

  /// Forgets the savepoint [name]; what was done since stays in the
  /// transaction.
  FutureOr<void> releaseSavepoint(String name);

  /// Whether [close] was called.
  bool get isClosed;

  /// Rolls back an open transaction, ends every statement and stream, and
  /// disconnects. A second call does nothing.
  FutureOr<void> close();
}
