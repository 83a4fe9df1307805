import 'dart:async';

import 'bulk/options.dart';
import 'bulk/rows_builder.dart';
import 'exception.dart';
import 'execution.dart';
import 'isolation.dart';
import 'options.dart';
import 'pool/state.dart';
import 'result.dart';
import 'row.dart';
import 'types/type.dart';

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

  /// Inserts the rows of [data] into [table], all of them or, unless
  /// [commitEveryRows] is set, none.
  ///
  /// [data] is an [OdbcRowsBuilder], an [Iterable] of maps by column, or of
  /// lists in the order of [columns] or [types].
  FutureOr<OdbcBulkResult> bulkInsert(
    String table,
    Object data, {
    Map<String, OdbcType>? types,
    String? schema,
    String? catalog,
    List<String>? columns,
    OdbcBulkMode? mode,
    OdbcBulkStrategy? strategy,
    int? chunkRows,
    int? commitEveryRows,
    bool? findBadRow,
  });

  /// Begins a transaction. Autocommit is off until it ends.
  FutureOr<void> begin({OdbcIsolation? isolation, bool readOnly = false});

  /// Makes what the innermost transaction did last, and ends it.
  FutureOr<void> commit();

  /// Undoes what the innermost transaction did, and ends it.
  FutureOr<void> rollback();

  /// How many transactions that were begun are open within each other.
  FutureOr<int> get transactionDepth;

  /// Sets the savepoint [name] in the open transaction.
  FutureOr<void> savepoint(String name);

  /// Undoes what was done since the savepoint [name], which stays.
  FutureOr<void> rollbackToSavepoint(String name);

  /// Forgets the savepoint [name]; what was done since stays in the
  /// transaction.
  FutureOr<void> releaseSavepoint(String name);

  /// Asks everything that runs on this connection to stop, its open streams
  /// included, without waiting.
  ///
  /// Such calls then fail with an error of kind [OdbcErrorKind.cancelled],
  /// unless they ended before. An error of kind [OdbcErrorKind.unsupported]
  /// says that the database has no way.
  void cancel();

  /// Whether [close] was called.
  bool get isClosed;

  /// Rolls back an open transaction, ends every statement and stream, and
  /// disconnects. A second call does nothing.
  FutureOr<void> close();
}

/// What a repository needs of a pool, whether its calls block the isolate
/// (`OdbcPool`) or give futures (`OdbcAsyncPool`).
abstract interface class OdbcPoolService {
  /// Borrows a connection that works, which is given back by closing it.
  ///
  /// Who comes first is served first. An error of kind [OdbcErrorKind.timeout]
  /// says that none became free in time.
  FutureOr<OdbcService> acquire();

  /// How the pool is doing.
  OdbcPoolState get state;

  /// Inserts the rows of [data] into [table] over [parallelism] connections at
  /// once, each in transactions of its own.
  ///
  /// [data] is what [OdbcService.bulkInsert] takes. Where some rows were not
  /// written that is an error whose `bulk` tells which are in the table and which are not:
  /// none, unless other connections had come to their end, [commitEveryRows] is
  /// set, or [stopOnError] is false.
  FutureOr<OdbcBulkResult> bulkInsertParallel(
    String table,
    Object data, {
    Map<String, OdbcType>? types,
    String? schema,
    String? catalog,
    List<String>? columns,
    OdbcBulkMode? mode,
    OdbcBulkStrategy? strategy,
    int? chunkRows,
    int? commitEveryRows,
    bool? findBadRow,
    int? parallelism,
    bool? stopOnError,
  });

  /// Asks the inserts that run over the pool to stop, without waiting.
  ///
  /// They fail with an error of kind [OdbcErrorKind.cancelled], unless they have
  /// ended before, and undo what they have not committed. Any other call on a
  /// connection of the pool is stopped by that connection.
  void cancel();

  /// Changes how many connections are kept open at least and at most; a size
  /// that is null stays.
  FutureOr<void> resize({int? sizeMin, int? sizeMax});

  /// Whether [close] was called.
  bool get isClosed;

  /// Lends nothing any more, closes the connections that nobody uses, and waits
  /// for the others to come back. A second call does nothing.
  ///
  /// Where some do not come back in time, an error of kind
  /// [OdbcErrorKind.timeout] tells how many; the pool is closed all the same.
  FutureOr<void> close();
}
