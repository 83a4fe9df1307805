import 'dart:async';
import 'dart:io';
import 'dart:isolate';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import '../exception_matcher.dart';
import 'engine.dart';

const _connectionString = 'Driver=SQLite3;Database=:memory:';

/// So many rows, computed one by one while they are fetched or before.
String _numbers(int count) => 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL '
    'SELECT i + 1 FROM n WHERE i < $count) SELECT i FROM n';

/// Begins to write, keeps a statement, and never closes anything.
Future<void> _leaveOpen((String, String, SendPort) start) async {
  final (database, library, begun) = start;
  final connection = await OdbcAsyncConnection.open(database,
      engine: OdbcEngine.load(libraryPath: library));
  await connection.begin();
  await connection.execute('INSERT INTO t VALUES (1)');
  final statement = await connection.prepare('SELECT i FROM t');
  final stream = await connection.stream('SELECT i FROM t');
  begun.send(null);
  await Completer<void>().future;
  // So that nothing of it is unreachable before.
  await (stream.close(), statement.close()).wait;
}

void main() {
  final engine = testEngine();
  late OdbcAsyncConnection connection;

  Future<OdbcAsyncConnection> open() =>
      OdbcAsyncConnection.open(_connectionString, engine: engine);

  setUp(() async => connection = await open());
  tearDown(() => connection.close());

  test('a stream is started, fetched and closed', () async {
    final stream = await connection.stream(_numbers(3));
    expect(stream.columns.single.name, 'i');
    final batch = await stream.fetch();
    expect(batch!.toRows().map((row) => row[0]), [1, 2, 3]);
    batch.close();
    expect(await stream.fetch(), isNull);
    expect(await stream.fetch(), isNull);
    expect(stream.progress.rows, 3);
    expect(stream.progress.bytes, greaterThan(0));
    await stream.close();
    await stream.close();
    await expectLater(stream.fetch(), throwsOdbc(OdbcErrorKind.invalidState));
    expect(stream.cancel, returnsNormally);
  });

  test('objects may be closed in any order, and twice', () async {
    final statement = await connection.prepare(_numbers(10));
    await statement.execute();
    final stream = await statement.stream();
    await connection.close();
    await statement.close();
    await stream.close();
    await stream.close();
    await statement.close();
    await connection.close();
    expect(connection.isClosed, isTrue);
    await expectLater(
        connection.execute('SELECT 1'), throwsOdbc(OdbcErrorKind.invalidState));
    await expectLater(
        statement.execute(), throwsOdbc(OdbcErrorKind.invalidState));
  });

  test('what is asked behind a close fails, and what is open closes', () async {
    final statement = await connection.prepare(_numbers(10));
    await statement.execute();
    final stream = await statement.stream();
    final gone = throwsOdbc(OdbcErrorKind.invalidState);
    final rows = connection.rows(_numbers(100000)).drain<void>();
    final closing = connection.close();
    await Future.wait([
      expectLater(connection.execute('SELECT 1'), gone),
      expectLater(connection.begin(), gone),
      expectLater(statement.execute(), gone),
      expectLater(stream.fetch(), gone),
      expectLater(rows, gone),
    ]);
    await stream.close();
    await statement.close();
    await closing;
  });

  test('what fails in the middle comes behind the rows before it', () async {
    await connection.execute('CREATE TABLE t (i INTEGER)');
    await connection.execute('INSERT INTO t ${_numbers(2000)}');
    await connection.execute("UPDATE t SET i = 'x' WHERE i = 1500");
    var rows = 0;
    Object? failure;
    try {
      await for (final _ in connection.rows('SELECT i FROM t')) {
        rows++;
      }
    } on OdbcDataException catch (error) {
      failure = error;
      expect(error.row, 1499);
      expect(error.column, 'i');
    }
    expect(failure, isNotNull);
    expect(rows, 1499);
    expect((await connection.query('SELECT 7 AS a')).rows.single['a'], 7);
  });

  test('eight streams of as many connections run at once', () async {
    final connections = await Future.wait(List.generate(8, (_) => open()));
    final sums = await Future.wait(connections.map((each) async {
      var sum = 0;
      await for (final row in each.rows(_numbers(5000))) {
        sum += row[0]! as int;
      }
      return sum;
    }));
    expect(sums, List.filled(8, 5000 * 5001 ~/ 2));
    await Future.wait(connections.map((each) => each.close()));
  });

  test('several streams of one connection are read in turns', () async {
    final streams = await Future.wait(
        List.generate(3, (_) => connection.stream(_numbers(600))));
    final counts = [0, 0, 0];
    for (var open = true; open;) {
      open = false;
      for (final (index, stream) in streams.indexed) {
        final batch = await stream.fetch();
        counts[index] += batch?.rowCount ?? 0;
        open |= batch != null;
        batch?.close();
      }
    }
    expect(counts, [600, 600, 600]);
  });

  test('a paused subscription fetches nothing', () async {
    final stream = await connection.stream(
        _numbers(1000), const <Object?>[], OdbcStreamOptions(batchRowsMax: 10));
    final reached = Completer<void>();
    final ended = Completer<void>();
    var batches = 0;
    late final StreamSubscription<OdbcBatch> subscription;
    subscription = stream.batches.listen((batch) {
      batch.close();
      if (++batches == 3) {
        subscription.pause();
        reached.complete();
      }
    }, onDone: ended.complete);
    await reached.future;
    final before = stream.progress.rows;
    // Whatever was on its way has arrived once another call is answered.
    await connection.query('SELECT 1');
    await connection.query('SELECT 1');
    expect(batches, 3);
    expect(stream.progress.rows, lessThanOrEqualTo(before + 10));
    subscription.resume();
    await ended.future;
    await subscription.cancel();
    expect(batches, 100);
  });

  test('progress is told with each batch', () async {
    final stream = await connection.stream(_numbers(1000), const <Object?>[],
        OdbcStreamOptions(batchRowsMax: 100));
    final told = stream.onProgress.map((progress) => progress.rows).toList();
    await for (final batch in stream.batches) {
      batch.close();
    }
    expect(await told, [for (var rows = 100; rows <= 1000; rows += 100) rows]);
    expect(stream.progress.bytes, greaterThanOrEqualTo(8000));
  });

  test('a cancelled subscription closes its stream', () async {
    final stream = await connection.stream(_numbers(100000), const <Object?>[],
        OdbcStreamOptions(batchRowsMax: 10));
    final first = Completer<void>();
    final subscription = stream.rows.listen((row) {
      if (!first.isCompleted) first.complete();
    });
    await first.future;
    await subscription.cancel();
    expect(stream.isClosed, isTrue);
    expect(stream.progress.rows, lessThan(1000));
    expect((await connection.query('SELECT 1 AS a')).rows.single['a'], 1);
  });

  test('the event loop goes on while the database works', () async {
    var beats = 0;
    final heart =
        Timer.periodic(const Duration(milliseconds: 1), (_) => beats++);
    await connection.query('SELECT count(*) FROM (${_numbers(2000000)})');
    heart.cancel();
    expect(beats, greaterThan(5));
  });

  test('a worker that dies fails its pending calls', () async {
    final stream = await connection.stream(
        _numbers(1000), const <Object?>[], OdbcStreamOptions(batchRowsMax: 1));
    (await stream.fetch())!.close();
    final pending = [
      connection.query('SELECT count(*) FROM (${_numbers(2000000)})'),
      stream.fetch(),
    ];
    connection.isolate.kill(priority: Isolate.immediate);
    for (final call in pending) {
      await expectLater(call, throwsOdbc(OdbcErrorKind.invalidState));
    }
    await expectLater(
        connection.execute('SELECT 1'), throwsOdbc(OdbcErrorKind.invalidState));
    expect(connection.isClosed, isTrue);
    await stream.close();
    await connection.close();
  });

  test('workers that die at any moment leave nothing open', () async {
    final before = metrics(engine: engine);
    for (var round = 0; round < 50; round++) {
      final dying = await open();
      Future<void> prepareForever() async {
        while (true) {
          await dying.prepare('SELECT 1');
        }
      }

      final pending = prepareForever();
      // Each round a little later: before, within or behind a call of the library.
      final watch = Stopwatch()..start();
      while (watch.elapsedMicroseconds < round * 100) {
        await Future<void>.delayed(Duration.zero);
      }
      dying.isolate.kill(priority: Isolate.immediate);
      await expectLater(pending, throwsOdbc(OdbcErrorKind.invalidState));
    }
    // Another isolate closes what the last ones left.
    final watch = Stopwatch()..start();
    var after = metrics(engine: engine);
    while (after.openConnections > before.openConnections &&
        watch.elapsed < const Duration(seconds: 20)) {
      await Future<void>.delayed(const Duration(milliseconds: 1));
      after = metrics(engine: engine);
    }
    expect(after.openConnections, before.openConnections);
    expect(after.openStatements, before.openStatements);
  });

  test('rows come in their order, over all batches and pauses', () async {
    final stream = await connection.stream(
        _numbers(10000), const [], OdbcStreamOptions(batchRowsMax: 3000));
    var expected = 1;
    await for (final row in stream.rows) {
      expect(row[0], expected++);
      if (expected % 1500 == 0) await Future<void>.delayed(Duration.zero);
    }
    expect(expected, 10001);
    expect(stream.isClosed, isTrue);
  });

  test('a thousand streams leave nothing open', () async {
    final before = metrics(engine: engine);
    for (var round = 0; round < 1000; round++) {
      final stream = await connection.stream(_numbers(3));
      final batch = await stream.fetch();
      batch!.close();
      await stream.close();
    }
    final after = metrics(engine: engine);
    expect(after.openStreams, before.openStreams);
    expect(after.openStatements, before.openStatements);
  });

  test('a transaction commits, and rolls back what throws', () async {
    await connection.execute('CREATE TABLE t (i INTEGER)');
    await connection
        .runInTransaction(() => connection.execute('INSERT INTO t VALUES (1)'));
    await expectLater(connection.runInTransaction<void>(() async {
      await connection.execute('INSERT INTO t VALUES (2)');
      throw StateError('no');
    }), throwsStateError);
    final rows = (await connection.query('SELECT i FROM t')).rows;
    expect(rows.map((row) => row['i']), [1]);
    expect(await connection.autocommit, isTrue);
  });

  test('what work has begun ends with it, and what it has ended is over',
      () async {
    await connection.execute('CREATE TABLE t (i INTEGER)');
    Future<void> insert(int i) =>
        connection.execute('INSERT INTO t VALUES (?)', [i]);
    await connection.runInTransaction(() async {
      await insert(1);
      await connection.begin();
      await insert(2);
    });
    expect(await connection.autocommit, isTrue);
    await connection.begin();
    await connection.runInTransaction(() async {
      await insert(3);
      await connection.rollback();
    });
    expect(await connection.transactionDepth, 1);
    await connection.rollback();
    final rows = (await connection.query('SELECT i FROM t')).rows;
    expect(rows.map((row) => row['i']), [1, 2]);
  });

  test('what a close waits for can be cancelled, and a second close waits too',
      () async {
    final other = await OdbcAsyncConnection.open(
        'Driver=SQLite3;Database=:memory:',
        engine: engine);
    final running = other.query('WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL '
        'SELECT n + 1 FROM s WHERE n < 2000000000) SELECT count(*) FROM s');
    final outcome = expectLater(running, throwsOdbc(OdbcErrorKind.cancelled));
    final ended = <String>[];
    final first = other.close().whenComplete(() => ended.add('first'));
    final second = other.close().whenComplete(() => ended.add('second'));
    var done = false;
    unawaited(second.whenComplete(() => done = true));
    // One that comes before the query has begun is for nothing.
    while (!done) {
      other.cancel();
      await Future<void>.delayed(const Duration(milliseconds: 10));
    }
    await Future.wait([first, second, outcome]);
    expect(ended, hasLength(2));
    expect(other.isClosed, isTrue);
  });

  test('the warnings of a stream are told behind its end', () async {
    await connection.execute('CREATE TABLE t (v INTEGER, b)');
    await connection.execute("INSERT INTO t VALUES (1, 'x'), (2, x'00')");
    final stream = await connection.stream('SELECT v, b FROM t');
    expect(await stream.rows.length, 2);
    final warnings = await stream.warnings;
    expect(warnings.single.message, contains("X'00'"));
    await stream.close();
    expect(await stream.warnings, hasLength(1));
  });

  test('what an isolate that is killed leaves open is closed', () async {
    final folder = Directory.systemTemp.createTempSync('odbc_owner');
    addTearDown(() => folder.deleteSync(recursive: true));
    final database =
        'Driver=SQLite3;Database=${folder.path}/owned.db;Timeout=100';
    final other = await OdbcAsyncConnection.open(database, engine: engine);
    await other.execute('CREATE TABLE t (i INTEGER)');
    final begun = ReceivePort();
    final owner = await Isolate.spawn(_leaveOpen,
        (database, testEnvironment().values.single, begun.sendPort));
    await begun.first;
    Future<void> insert() => other.execute('INSERT INTO t VALUES (2)');
    await expectLater(insert(), throwsOdbc(OdbcErrorKind.timeout));
    owner.kill(priority: Isolate.immediate);
    final until = DateTime.now().add(const Duration(seconds: 20));
    for (var done = false; !done;) {
      try {
        await insert();
        done = true;
      } on OdbcException catch (error) {
        if (DateTime.now().isAfter(until)) rethrow;
        expect(error.kind, OdbcErrorKind.timeout);
      }
    }
    final rows = (await other.query('SELECT i FROM t')).rows;
    expect(rows.map((row) => row['i']), [2]);
    await other.close();
  });

  test('clearing everything ends streams of every connection', () async {
    final stream = await connection.stream(_numbers(1000));
    await clearAllStatementsAsync(engine: engine);
    await expectLater(stream.fetch(), throwsOdbc(OdbcErrorKind.invalidState));
    expect((await connection.query('SELECT 1 AS a')).rows.single['a'], 1);
  });

  test('what cannot connect says why', () async {
    await expectLater(
        OdbcAsyncConnection.open('Driver=No Such Driver', engine: engine),
        throwsOdbc(OdbcErrorKind.driver));
  });

  test('a value that no isolate can be sent is refused', () async {
    final port = ReceivePort();
    await expectLater(connection.execute('SELECT ?', [port]),
        throwsOdbc(OdbcErrorKind.invalidArgument));
    port.close();
  });

  test('one repository works with both kinds of connections', () async {
    Future<List<int>> evens(OdbcService service) async {
      await service.execute('CREATE TABLE IF NOT EXISTS e (i INTEGER)');
      await service.execute('INSERT INTO e VALUES (2)');
      await service.execute('INSERT INTO e VALUES (4)');
      final asked = await service.query('SELECT i FROM e ORDER BY i');
      final streamed =
          await service.rows('SELECT i FROM e ORDER BY i').toList();
      expect(streamed.length, asked.rows.length);
      return [for (final row in asked.rows) row['i']! as int];
    }

    expect(await evens(connection), [2, 4]);
    final sync = OdbcConnection.open(_connectionString, engine: engine);
    expect(await evens(sync), [2, 4]);
    sync.close();
  });
}
