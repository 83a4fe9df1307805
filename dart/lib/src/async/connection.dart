import 'dart:async';
import 'dart:isolate';

import '../bindings/call.dart';
import '../bulk/options.dart';
import '../bulk/rows_builder.dart';
import '../catalog.dart';
import '../clear.dart';
import '../connection.dart';
import '../engine.dart';
import '../exception.dart';
import '../execution.dart';
import '../isolation.dart';
import '../options.dart';
import '../result.dart';
import '../retry.dart';
import '../row.dart';
import '../service.dart';
import '../several.dart';
import '../types/type.dart';
import 'abort.dart';
import 'bulk.dart';
import 'protocol.dart';
import 'statement.dart';
import 'stream.dart';
import 'worker.dart';

/// A connection to a database, with an isolate of its own that waits for it.
///
/// It has the operations of `OdbcConnection`, each of which gives a future. They
/// run in the order in which they are asked for; those of several connections
/// run at once. When the isolate ends before the connection is closed, its
/// calls fail with an error of kind [OdbcErrorKind.invalidState].
///
/// It must be closed: a connection that is forgotten keeps its isolate, and
/// with it the statements and streams that were not closed.
final class OdbcAsyncConnection implements OdbcService {
  OdbcAsyncConnection._(this._worker, [this._abort]);

  /// Connects as [connectionString] says, for example
  /// `Driver=SQLite3;Database=:memory:`.
  ///
  /// [engine] is [OdbcEngine.load]ed when it is not given.
  static Future<OdbcAsyncConnection> open(
    String connectionString, {
    OdbcConnectionOptions? options,
    OdbcEngine? engine,
  }) async =>
      OdbcAsyncConnection._(await Worker.start(
          libraryOf(engine ?? OdbcEngine.load()),
          _connecting(connectionString, options)));

  // A closure of its own, so that it takes nothing else to the worker.
  static OpenConnection _connecting(
          String connectionString, OdbcConnectionOptions? options) =>
      (engine) => OdbcConnection.open(connectionString,
          options: options, engine: engine);

  final Worker _worker;
  final Abort? _abort;

  /// This connection, whose calls are stopped when [abort] completes: each one
  /// that is made by the object that this gives, and streams that it starts.
  ///
  /// While [bulkInsert], [call], [catalog], [streamParts] or [streamPages] is
  /// running it can be stopped together with the connection only, as by
  /// [cancel]: other streams of the connection that are open are cancelled too.
  ///
  /// A call that is stopped fails with an error of kind
  /// [OdbcErrorKind.cancelled], and the connection can be used on. One that
  /// cannot be stopped ends by itself, with an error of kind
  /// [OdbcErrorKind.unsupported].
  OdbcAsyncConnection abortedBy(Future<void> abort) =>
      OdbcAsyncConnection._(_worker, Abort.when(abort));

  Future<T> _ask<T>(Request request, String operation) =>
      _worker.ask(request, operation, abort: _abort);

  /// The isolate that waits for the database.
  Isolate get isolate => _worker.isolate;

  @override
  Future<OdbcResult> query(
    String sql, [
    Object parameters = const <Object?>[],
    OdbcStreamOptions? options,
  ]) =>
      readWhole(_worker, (address) => Query(sql, parameters, options, address),
          abort: _abort);

  @override
  Future<OdbcExecution> execute(String sql,
          [Object parameters = const <Object?>[]]) =>
      _ask(Execute(sql, parameters), 'statement');

  /// Runs [sql] with [parameters]; its result is read batch by batch, until
  /// the stream is closed.
  Future<OdbcAsyncStream> stream(
    String sql, [
    Object parameters = const <Object?>[],
    OdbcStreamOptions? options,
  ]) =>
      OdbcAsyncStream.start(_worker, QueryStream(sql, parameters, options),
          operation: 'statement', abort: _abort);

  @override
  Stream<OdbcRow> rows(
    String sql, [
    Object parameters = const <Object?>[],
    OdbcStreamOptions? options,
  ]) =>
      rowsOfStarted(_worker, QueryStream(sql, parameters, options),
          abort: _abort);

  /// Reads [sql] in parts over connections of their own at once, opened like
  /// this one; rows come in any order.
  Future<OdbcAsyncStream> streamParts(String sql, OdbcPartition partition,
          [Object parameters = const <Object?>[],
          OdbcStreamOptions? options]) =>
      OdbcAsyncStream.start(
          _worker, PartsStream(sql, partition, parameters, options),
          abort: _abort);

  /// Reads [sql] page by page in the order of a key, in bounded memory on any
  /// driver.
  Future<OdbcAsyncStream> streamPages(String sql, OdbcPages pages,
          [Object parameters = const <Object?>[],
          OdbcStreamOptions? options]) =>
      OdbcAsyncStream.start(
          _worker, PagesStream(sql, pages, parameters, options),
          abort: _abort);

  /// What the database holds, by a catalog function of ODBC, with the columns
  /// of its standard on every database.
  Future<OdbcAsyncStream> catalog(OdbcCatalogQuery query) =>
      OdbcAsyncStream.start(_worker, CatalogStream(query), abort: _abort);

  /// Calls [procedure] with a value for each of its [parameters], like
  /// `OdbcConnection.call`.
  Future<OdbcAsyncCall> call(String procedure,
      [Object parameters = const <Object?>[]]) async {
    final called = await _ask<Called>(Call(procedure, parameters), 'call');
    return OdbcAsyncCall(
      outputs: called.outputs,
      statement: OdbcAsyncStatement(_worker, called.statement, '', _abort),
      execution: called.execution,
    );
  }

  /// A statement for [sql], to be executed any number of times.
  Future<OdbcAsyncStatement> prepare(String sql) async => OdbcAsyncStatement(
      _worker,
      await _ask<StatementOpened>(Prepare(sql), 'statement'),
      sql,
      _abort);

  /// Inserts the rows of [data] into [table], like `OdbcConnection.bulkInsert`.
  ///
  /// [data] is an [OdbcRowsBuilder], which must not be changed meanwhile; or an
  /// [Iterable] or [Stream] of maps, lists or read rows, which is read into
  /// native memory first; or a function that gives an [Iterable], for which the
  /// isolate of the connection does that; or an [OdbcAsyncStream] or
  /// `OdbcStream`, whose rows never come to Dart.
  ///
  /// What is asked while an [Iterable] is read waits for the insert. A [Stream]
  /// may be of this connection, so the insert takes its place behind it.
  @override
  Future<OdbcBulkResult> bulkInsert(
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
  Future<OdbcBulkResult> bulkInsertWith(
          String table, Object data, OdbcBulkOptions options,
          {Map<String, OdbcType>? types}) async =>
      // A stream may be of this very connection, which must not wait for it.
      data is Stream<Object?>
          ? _bulkInsert(table, await data.toList(), options, types)
          : _bulkInsert(table, data, options, types);

  Future<OdbcBulkResult> _bulkInsert(String table, Object data,
          OdbcBulkOptions options, Map<String, OdbcType>? types) =>
      _worker.inTurn(
          bulkInsertOperation,
          (place) => sendRows(
              data,
              options,
              types,
              (rows) => _worker.ask(
                  BulkInsert(table, rows, options, types), bulkInsertOperation,
                  abort: _abort, place: place),
              check: place.check),
          abort: _abort);

  @override
  Future<void> begin({OdbcIsolation? isolation, bool readOnly = false}) =>
      beginWith(OdbcTransactionOptions(
          isolation: isolation, readOnly: readOnly ? true : null));

  /// Begins a transaction as [options] say, like [begin].
  Future<void> beginWith(OdbcTransactionOptions options) =>
      _ask(Begin(options), 'begin');

  @override
  Future<void> savepoint(String name) =>
      _ask(Savepoint(SavepointAction.set, name), 'savepoint');

  @override
  Future<void> rollbackToSavepoint(String name) =>
      _ask(Savepoint(SavepointAction.rollback, name), 'rollback');

  @override
  Future<void> releaseSavepoint(String name) =>
      _ask(Savepoint(SavepointAction.release, name), 'release');

  /// Runs [work] in a transaction: commits where it succeeds, rolls back where
  /// it throws, with what [work] has begun within it and left open.
  ///
  /// After a deadlock or a serialization failure (an error of kind
  /// [OdbcErrorKind.transaction] that is retryable) all of it is done again,
  /// [attempts] times at most, unless this is within another transaction, which
  /// has to be done again as a whole. Whatever else is asked of this connection
  /// meanwhile happens in the transaction.
  Future<T> runInTransaction<T>(
    Future<T> Function() work, {
    OdbcIsolation? isolation,
    bool readOnly = false,
    int attempts = 3,
  }) async {
    final around = await transactionDepth;
    Future<void> end(Future<void> Function() end) async {
      while (await transactionDepth > around) {
        await end();
      }
    }

    return retryAsync(
      () async {
        await begin(isolation: isolation, readOnly: readOnly);
        try {
          final result = await work();
          await end(commit);
          return result;
        } on Object {
          // What went wrong first is what the caller must hear of.
          try {
            await end(rollback);
          } on OdbcException catch (_) {}
          rethrow;
        }
      },
      attempts: attempts,
      when: (error) => around == 0 && error.kind == OdbcErrorKind.transaction,
    );
  }

  @override
  Future<int> get transactionDepth => _ask(const TransactionDepth(), 'begin');

  @override
  Future<void> commit() => _ask(const Commit(), 'commit');

  @override
  Future<void> rollback() => _ask(const Rollback(), 'rollback');

  /// Whether each statement commits by itself.
  Future<bool> get autocommit => _ask(const Autocommit(), 'autocommit');

  /// Turns autocommit on, which commits an open transaction, or off.
  Future<void> setAutocommit({required bool enabled}) =>
      _ask<bool>(Autocommit(enabled: enabled), 'autocommit');

  /// Ends every statement and stream of this connection, also those that are
  /// kept prepared.
  Future<void> clearStatements() => _ask(const ClearStatements(), 'clear');

  /// The database and the driver, by their own names and versions.
  Future<Map<String, Object?>> get info =>
      _ask(const Describe(capabilities: false), 'info');

  /// What this connection can do.
  Future<Map<String, Object?>> get capabilities =>
      _ask(const Describe(capabilities: true), 'capabilities');

  @override
  void cancel() {
    // A close still waits for what runs.
    if (_worker.hasEnded) return;
    // What waits for its turn must not begin; what runs, or is open, stops.
    _worker.stopAll();
    check(
        'cancel',
        (error) =>
            _worker.library.functions.connectionCancel(_worker.handle, error));
  }

  /// Asks what [statement] does to stop, like its own `cancel`.
  void cancelStatement(OdbcAsyncStatement statement) => statement.cancel();

  @override
  bool get isClosed => _worker.isClosed;

  @override
  Future<void> close() => _worker.close();
}

/// What a call of a procedure gave.
final class OdbcAsyncCall {
  /// The [outputs] of a call, and the [statement] that has its results.
  const OdbcAsyncCall({
    required this.outputs,
    required this.statement,
    required this.execution,
  });

  /// One row with the values of the output and in/out parameters, by their
  /// names; null where the procedure has none.
  final OdbcRow? outputs;

  /// The results of the procedure; the caller closes it.
  final OdbcAsyncStatement statement;

  /// What the first result is.
  final OdbcExecution execution;
}

/// Ends every statement and stream of every connection of this process, like
/// [clearAllStatements], in an isolate of its own.
Future<void> clearAllStatementsAsync({OdbcEngine? engine}) {
  final path = libraryOf(engine ?? OdbcEngine.load()).path;
  return Isolate.run(
      () => clearAllStatements(engine: OdbcEngine.load(libraryPath: path)));
}

/// The connection of [worker]; not exported to users.
OdbcAsyncConnection connectionOfWorker(Worker worker) =>
    OdbcAsyncConnection._(worker);
