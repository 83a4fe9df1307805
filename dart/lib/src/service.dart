import 'dart:async';

import 'bulk/options.dart';
import 'bulk/rows_builder.dart';
import 'execution.dart';
import 'isolation.dart';
import 'options.dart';
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
