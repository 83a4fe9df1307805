import 'dart:convert';
import 'dart:ffi';

import 'package:ffi/ffi.dart';

import 'bindings/call.dart';
import 'bindings/engine_functions.dart';
import 'bindings/native_handle.dart';
import 'bulk/insert.dart';
import 'bulk/options.dart';
import 'bulk/rows_builder.dart';
import 'call.dart';
import 'cancel.dart';
import 'catalog.dart';
import 'engine.dart';
import 'exception.dart';
import 'execution.dart';
import 'isolation.dart';
import 'options.dart';
import 'result.dart';
import 'retry.dart';
import 'row.dart';
import 'service.dart';
import 'several.dart';
import 'statement.dart';
import 'stream.dart';
import 'telemetry/trace_context.dart';
import 'types/type.dart';

/// A connection to a database.
///
/// It runs one operation at a time and blocks the isolate meanwhile. What is
/// not closed is freed when it is unreachable, but then at any later time.
final class OdbcConnection implements Finalizable, OdbcService {
  OdbcConnection._(this._handle);

  /// Connects as [connectionString] says, for example
  /// `Driver=SQLite3;Database=:memory:`.
  ///
  /// [engine] is [OdbcEngine.load]ed when it is not given.
  factory OdbcConnection.open(
    String connectionString, {
    OdbcConnectionOptions? options,
    OdbcEngine? engine,
  }) {
    final library = libraryOf(engine ?? OdbcEngine.load());
    final value = using((arena) {
      final text = encodeText(connectionString, 'the connection string',
          operation: 'connect');
      final json = encodeText(
          withTraceContext(options?.toString() ?? ''), 'the options',
          operation: 'connect');
      final handle = arena<Uint64>();
      check(
          'connect',
          (error) => library.functions.connectionOpen(arena.copy(text),
              text.length, arena.copy(json), json.length, handle, error));
      return handle.value;
    });
    return OdbcConnection._(
        openedWithTraceContext(NativeHandle.connection(library, value)));
  }

  final NativeHandle _handle;

  /// Runs [sql] with [parameters] and reads its whole result.
  ///
  /// Parameters are a [List] with a value for each `?`, or a [Map] with a value
  /// for the name of every `:name` and `@name`; `OdbcParameter` says how values
  /// are sent.
  @override
  OdbcResult query(
    String sql, [
    Object parameters = const <Object?>[],
    OdbcStreamOptions? options,
  ]) =>
      _once(sql, (statement) => statement.query(parameters, options));

  /// Runs [sql] with [parameters] and leaves a result unread.
  @override
  OdbcExecution execute(String sql, [Object parameters = const <Object?>[]]) =>
      _once(sql, (statement) => statement.execute(parameters));

  /// Runs [sql] with [parameters]; its result is read batch by batch, until
  /// the stream is closed.
  OdbcStream stream(
    String sql, [
    Object parameters = const <Object?>[],
    OdbcStreamOptions? options,
  ]) =>
      streamOnce(prepare(sql), parameters, options);

  @override
  Stream<OdbcRow> rows(
    String sql, [
    Object parameters = const <Object?>[],
    OdbcStreamOptions? options,
  ]) async* {
    final stream = this.stream(sql, parameters, options);
    try {
      yield* Stream.fromIterable(stream.rows);
    } finally {
      stream.close();
    }
  }

  /// Reads [sql] in parts over connections of their own at once, opened like
  /// this one; rows come in any order.
  ///
  /// The connections see what is committed: on PostgreSQL all of them the same
  /// snapshot.
  OdbcStream streamParts(String sql, OdbcPartition partition,
          [Object parameters = const <Object?>[],
          OdbcStreamOptions? options]) =>
      streamSeveral(_handle, _handle.functions.partsQuery, 'partition', sql,
          parameters, partition, options);

  /// Reads [sql] page by page in the order of a key, in bounded memory on any
  /// driver.
  ///
  /// A key that is null or not unique is an error, never a lost row. Each page
  /// is a query of its own, so read in a transaction that sees no changes where
  /// others write.
  OdbcStream streamPages(String sql, OdbcPages pages,
          [Object parameters = const <Object?>[],
          OdbcStreamOptions? options]) =>
      streamSeveral(_handle, _handle.functions.pagesQuery, 'page', sql,
          parameters, pages, options);

  /// What the database holds, by a catalog function of ODBC, with the columns
  /// of its standard on every database.
  OdbcStream catalog(OdbcCatalogQuery query) =>
      OdbcStatement.ofCatalog(_handle, query).stream(closeStatement: true);

  /// Calls [procedure] with a value for each of its [parameters], in a [List]
  /// by position or in a [Map] by name; an output parameter wants one too, such
  /// as null.
  ///
  /// The name is an identifier as SQL writes it. Where the procedure gives
  /// values back in its parameters, its results were read into memory; a
  /// function's value is its result.
  OdbcCall call(String procedure, [Object parameters = const <Object?>[]]) =>
      callProcedure(_handle, procedure, parameters);

  /// A statement for [sql], to be executed any number of times.
  OdbcStatement prepare(String sql) => OdbcStatement.open(_handle, sql);

  /// Inserts the rows of [data] into [table], as fast as the driver takes them:
  /// all of them or, unless [commitEveryRows] is set, none.
  ///
  /// [data] is an [OdbcRowsBuilder]; or an [Iterable] of maps by column, of
  /// lists in the order of [columns] or [types], or of rows that were read, by
  /// the names of their columns, which is read a batch at a time; or an [OdbcStream], whose rows never come
  /// to Dart. [types] are by column; unless set, the first rows tell them.
  /// [OdbcBulkOptions] says what the others are.
  @override
  OdbcBulkResult bulkInsert(
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
  }) =>
      bulkInsertWith(
          table,
          data,
          OdbcBulkOptions(
              schema: schema,
              catalog: catalog,
              columns: columns,
              mode: mode,
              strategy: strategy,
              chunkRows: chunkRows,
              commitEveryRows: commitEveryRows,
              findBadRow: findBadRow),
          types: types);

  /// Inserts the rows of [data] as [options] say, like [bulkInsert].
  OdbcBulkResult bulkInsertWith(
          String table, Object data, OdbcBulkOptions options,
          {Map<String, OdbcType>? types}) =>
      BulkTarget.connection(_handle).insert(table, data, options, types);

  /// Begins a transaction. Autocommit is off until it ends.
  ///
  /// Within an open transaction this begins one that ends alone, by the next
  /// [commit] or [rollback]; it has no [isolation] or [readOnly] of its own.
  @override
  void begin({OdbcIsolation? isolation, bool readOnly = false}) =>
      beginWith(OdbcTransactionOptions(
          isolation: isolation, readOnly: readOnly ? true : null));

  /// Begins a transaction as [options] say, like [begin].
  void beginWith(OdbcTransactionOptions options) => _say('begin',
      _handle.functions.connectionBegin, options.toString(), 'the options');

  /// Sets the savepoint [name] in the open transaction.
  @override
  void savepoint(String name) => _say('savepoint',
      _handle.functions.connectionSavepoint, name, 'the savepoint');

  /// Undoes what was done since the savepoint [name], which stays.
  @override
  void rollbackToSavepoint(String name) => _say('rollback',
      _handle.functions.connectionRollbackToSavepoint, name, 'the savepoint');

  /// Forgets the savepoint [name]; what was done since stays in the
  /// transaction.
  @override
  void releaseSavepoint(String name) => _say('release',
      _handle.functions.connectionReleaseSavepoint, name, 'the savepoint');

  /// Runs [work] in a transaction: commits where it succeeds, rolls back where
  /// it throws, with what [work] has begun within it and left open.
  ///
  /// After a deadlock or a serialization failure (an error of kind
  /// [OdbcErrorKind.transaction] that is retryable) all of it is done again,
  /// [attempts] times at most, unless this is within another transaction, which
  /// has to be done again as a whole; [retry] tells how long the isolate sleeps
  /// meanwhile. A [work] that returns a [Future] is refused, because it would
  /// go on after its transaction.
  T runInTransaction<T>(
    T Function() work, {
    OdbcIsolation? isolation,
    bool readOnly = false,
    int attempts = 3,
  }) {
    final around = transactionDepth;
    void end(void Function() end) {
      while (transactionDepth > around) {
        end();
      }
    }

    return retry(
      () {
        begin(isolation: isolation, readOnly: readOnly);
        try {
          final result = work();
          _refuseFuture(result);
          end(commit);
          return result;
        } on Object {
          // What went wrong first is what the caller must hear of.
          try {
            end(rollback);
          } on OdbcException catch (_) {}
          rethrow;
        }
      },
      attempts: attempts,
      when: (error) => around == 0 && error.kind == OdbcErrorKind.transaction,
    );
  }

  @override
  int get transactionDepth => using((arena) {
        final depth = arena<Uint64>();
        check(
            'begin',
            (error) => _handle.functions
                .connectionTransactionDepth(_handle.value, depth, error));
        return depth.value;
      });

  /// Makes the changes of the innermost transaction permanent, and ends it.
  @override
  void commit() => check('commit',
      (error) => _handle.functions.connectionCommit(_handle.value, error));

  /// Undoes the changes of the innermost transaction, and ends it.
  @override
  void rollback() => check('rollback',
      (error) => _handle.functions.connectionRollback(_handle.value, error));

  /// Whether every statement is its own transaction.
  bool get autocommit => using((arena) {
        final enabled = arena<Int32>();
        check(
            'autocommit',
            (error) => _handle.functions
                .connectionAutocommit(_handle.value, enabled, error));
        return enabled.value != 0;
      });

  set autocommit(bool enabled) => check(
      'autocommit',
      (error) => _handle.functions
          .connectionSetAutocommit(_handle.value, enabled ? 1 : 0, error));

  @override
  void cancel() => check('cancel',
      (error) => _handle.functions.connectionCancel(_handle.value, error));

  /// Asks what [statement] does to stop, like its own `cancel`.
  void cancelStatement(OdbcStatement statement) => statement.cancel();

  /// What cancels everything on this connection, also from another isolate.
  OdbcCancelHandle get cancelHandle => cancelHandleOf(_handle);

  /// Ends every statement and stream of this connection, also those that are
  /// kept prepared.
  void clearStatements() => check(
      'clear',
      (error) =>
          _handle.functions.connectionClearStatements(_handle.value, error));

  /// What the driver and the database say of themselves: `dbms_name`,
  /// `dbms_version`, `driver_name` ...
  Map<String, Object?> get info => _json(
      'info',
      (text, error) =>
          _handle.functions.connectionInfo(_handle.value, text, error));

  /// What this connection can do.
  Map<String, Object?> get capabilities => _json(
      'capabilities',
      (text, error) =>
          _handle.functions.connectionCapabilities(_handle.value, text, error));

  /// Whether [close] was called.
  @override
  bool get isClosed => _handle.isClosed;

  /// Undoes an open transaction and disconnects; a second call does nothing.
  ///
  /// Statements and streams of the connection end too.
  @override
  void close() => _handle.close();

  void _refuseFuture(Object? result) {
    if (result is! Future) return;
    // Its own error would have nobody to hear of it.
    result.ignore();
    throw OdbcException(
      OdbcErrorKind.invalidArgument,
      'the work of a transaction must be done when it returns, not a Future',
      operation: 'transaction',
    );
  }

  void _say(String operation, SayFunction call, String text, String what) =>
      using((arena) {
        final bytes = encodeText(text, what, operation: operation);
        final copy = arena.copy(bytes);
        check(operation,
            (error) => call(_handle.value, copy, bytes.length, error));
      });

  T _once<T>(String sql, T Function(OdbcStatement statement) body) {
    final statement = prepare(sql);
    try {
      return body(statement);
    } finally {
      statement.close();
    }
  }

  Map<String, Object?> _json(String operation, TextCall call) =>
      Map.unmodifiable(
          jsonDecode(readText(operation, call)) as Map<String, Object?>);
}

/// The connection of [handle]; not exported to users.
OdbcConnection connectionOfHandle(NativeHandle handle) =>
    OdbcConnection._(handle);

/// The handle of [connection], which another isolate frees unless it is closed;
/// not exported to users.
int handOverConnection(OdbcConnection connection) {
  connection._handle.handOver();
  return connection._handle.value;
}

/// What inserts rows by [connection]; not exported to users.
BulkTarget bulkTargetOf(OdbcConnection connection) =>
    BulkTarget.connection(connection._handle);

/// Closes the connection [handle] of the library at [path], if it is open.
void closeConnectionHandle(String path, int handle) => check(
    'close',
    (error) => libraryOf(OdbcEngine.load(libraryPath: path))
        .functions
        .connectionClose(handle, error));
