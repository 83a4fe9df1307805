import 'dart:async';
import 'dart:isolate';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import '../exception_matcher.dart';
import 'engine.dart';

/// What stopping does on the database of [connectionString].
///
/// [slow] is a query that takes half a minute if nobody stops it, and [many]
/// one of more rows than anybody waits for.
void declareCancel(String connectionString,
    {required String slow, required String many}) {
  final engine = testEngine();
  late OdbcAsyncConnection connection;

  setUp(() async => connection =
      await OdbcAsyncConnection.open(connectionString, engine: engine));
  tearDown(() => connection.close());

  /// Expects [call] to be cancelled, long before it would have ended.
  Future<void> expectCancelled(Future<Object?> call) async {
    final watch = Stopwatch()..start();
    await expectLater(call, throwsOdbc(OdbcErrorKind.cancelled));
    expect(watch.elapsed, lessThan(const Duration(seconds: 10)));
    expect((await connection.query('SELECT 7 AS a')).rows.single['a'], 7);
  }

  test('a call is cancelled by its connection', () async {
    final call = connection.execute(slow);
    connection.cancel();
    await expectCancelled(call);
  });

  test('a statement is cancelled, and can be executed again', () async {
    final statement = await connection.prepare(slow);
    for (var round = 0; round < 2; round++) {
      final call = statement.execute();
      connection.cancelStatement(statement);
      await expectCancelled(call);
    }
    statement.cancel();
    await statement.close();
    statement.cancel();
  });

  test('what waits for its turn does not begin', () async {
    final first = connection.execute(slow);
    final second = connection.execute(slow);
    connection.cancel();
    await Future.wait([expectCancelled(first), expectCancelled(second)]);
    connection.cancel();
    expect((await connection.query('SELECT 1 AS a')).rows.single['a'], 1);
  });

  test('an abort stops the calls that it is given for', () async {
    final abort = Completer<void>();
    final aborted = connection.abortedBy(abort.future);
    final calls = [aborted.query(slow), aborted.execute(slow)];
    final other = connection.query('SELECT 1 AS a');
    Timer.run(abort.complete);
    for (final call in calls) {
      await expectLater(call, throwsOdbc(OdbcErrorKind.cancelled));
    }
    // Nothing else is harmed, and nothing that comes later begins.
    expect((await other).rows.single['a'], 1);
    await expectCancelled(aborted.query('SELECT 1 AS a'));
  });

  test('who stops listening stops the query', () async {
    final watch = Stopwatch()..start();
    final subscription = connection.rows(slow).listen((_) {});
    // The query runs by then, or has not begun: both must end.
    await Future<void>.delayed(Duration.zero);
    await subscription.cancel();
    expect((await connection.query('SELECT 2 AS a')).rows.single['a'], 2);
    expect(watch.elapsed, lessThan(const Duration(seconds: 10)));

    final stream = await connection.stream(many);
    final first = Completer<void>();
    final reading = stream.batches.listen((batch) {
      batch.close();
      if (!first.isCompleted) first.complete();
    });
    await first.future;
    await reading.cancel();
    expect(stream.isClosed, isTrue);
    expect((await connection.query('SELECT 3 AS a')).rows.single['a'], 3);
  });

  test('a time limit is kept', () async {
    final statement = await connection.prepare(slow);
    await statement.setQueryTimeout(const Duration(milliseconds: 300));
    final watch = Stopwatch()..start();
    await expectLater(statement.execute(), throwsOdbc(OdbcErrorKind.timeout));
    expect(watch.elapsed, lessThan(const Duration(seconds: 10)));
    expect(watch.elapsed, greaterThan(const Duration(milliseconds: 290)));
    await expectLater(statement.setQueryTimeout(const Duration(days: 2)),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['query_timeout_ms']));
    await expectLater(
        statement.setQueryTimeout(const Duration(milliseconds: -1)),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['query_timeout_ms']));
    final limited = await OdbcAsyncConnection.open(connectionString,
        options: OdbcConnectionOptions(
            queryTimeout: const Duration(milliseconds: 200)),
        engine: engine);
    await expectLater(limited.query(slow), throwsOdbc(OdbcErrorKind.timeout));
    expect((await limited.query('SELECT 1 AS a')).rows.single['a'], 1);
    await limited.close();
  });

  test('another isolate stops one that is blocked', () async {
    final sync = OdbcConnection.open(connectionString, engine: engine);
    final statement = sync.prepare(slow);
    for (final handle in [statement.cancelHandle, sync.cancelHandle]) {
      final ended = ReceivePort();
      final other =
          await Isolate.spawn(_cancelAgain, handle, onExit: ended.sendPort);
      expect(statement.execute, throwsOdbc(OdbcErrorKind.cancelled));
      other.kill();
      await ended.first;
      expect(sync.query('SELECT 1 AS a').rows.single['a'], 1);
    }
    statement
      ..close()
      ..cancelHandle.cancel();
    sync.close();
  });
}

/// Cancels again and again, since the call may not have begun.
void _cancelAgain(OdbcCancelHandle handle) {
  Timer.periodic(const Duration(milliseconds: 10), (_) => handle.cancel());
}
