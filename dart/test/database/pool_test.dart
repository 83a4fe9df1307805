import 'dart:async';
import 'dart:io';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import '../exception_matcher.dart';
import 'engine.dart';

void main() {
  final engine = testEngine();
  final folder = Directory.systemTemp.createTempSync('odbc_engine_');
  tearDownAll(() => folder.deleteSync(recursive: true));
  final connectionString = 'Driver=SQLite3;Database=${folder.path}/pool.db';

  OdbcPool open({int sizeMax = 2}) => OdbcPool.open(connectionString,
      options: OdbcPoolOptions(
          sizeMin: 0,
          sizeMax: sizeMax,
          acquireTimeout: const Duration(milliseconds: 20)),
      engine: engine);

  test('connections are lent one after another', () {
    final pool = open();
    addTearDown(pool.close);
    final first = pool.acquire();
    expect(first.query('SELECT 1 AS a').rows.single['a'], 1);
    first.close();
    expect(
        () => first.query('SELECT 1'), throwsOdbc(OdbcErrorKind.invalidState));
    final again = pool.acquire();
    final other = pool.acquire();
    expect(pool.state.inUse, 2);
    expect(pool.acquire, throwsOdbc(OdbcErrorKind.timeout));
    again.close();
    other.close();
    final state = pool.state;
    expect(state.acquired, 3);
    expect(state.timedOut, 1);
    expect(state.created, 2);
    expect((state.size, state.idle, state.inUse, state.waiting), (2, 2, 0, 0));
    expect(state.closed.values, everyElement(0));
    expect(state.toJson(), contains('wait_ms'));
  });

  test('a pool takes other sizes, and keeps the rest', () {
    final pool = open(sizeMax: 1);
    addTearDown(pool.close);
    final first = pool.acquire();
    expect(pool.acquire, throwsOdbc(OdbcErrorKind.timeout));
    pool.resize(sizeMax: 2);
    expect((pool.state.sizeMin, pool.state.sizeMax), (0, 2));
    pool.acquire().close();
    first.close();
    expect(() => pool.resize(sizeMax: 0),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['size_max']));
    expect(() => pool.resizeWith(OdbcPoolOptions.fromJson({'size': 5})),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['size']));
  });

  test('a closed pool lends nothing, and what is lent works on', () {
    final pool = open();
    final lent = pool.acquire();
    expect(pool.close, throwsOdbc(OdbcErrorKind.timeout));
    expect(pool.isClosed, isTrue);
    pool.close();
    expect(pool.acquire, throwsOdbc(OdbcErrorKind.invalidState));
    expect(() => pool.state, throwsOdbc(OdbcErrorKind.invalidState));
    expect(lent.query('SELECT 1 AS a').rows.single['a'], 1);
    lent.close();
  });

  test('options are refused by name', () {
    expect(
        () => OdbcPool.open(connectionString,
            options: OdbcPoolOptions(
                connection: OdbcConnectionOptions.fromJson({'autocomit': 1})),
            engine: engine),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['autocomit']));
  });

  test('asynchronously, borrowers wait for those before them', () async {
    final pool = await OdbcAsyncPool.open(connectionString,
        options: OdbcPoolOptions(sizeMin: 0, sizeMax: 2), engine: engine);
    Future<Object?> borrow() async {
      final connection = await pool.acquire();
      try {
        return (await connection.query('SELECT 7 AS a')).rows.single['a'];
      } finally {
        await connection.close();
      }
    }

    expect(await Future.wait([for (var i = 0; i < 8; i++) borrow()]),
        List.filled(8, 7));
    final state = pool.state;
    expect(state.acquired, 8);
    expect(state.created, lessThanOrEqualTo(2));
    expect(state.inUse, 0);
    await pool.resize(sizeMax: 1);
    expect(pool.state.sizeMax, 1);
    await pool.close();
    await pool.close();
    expect(pool.isClosed, isTrue);
    await expectLater(pool.acquire(), throwsOdbc(OdbcErrorKind.invalidState));
  });

  test('a borrower that dies gives its connection back', () async {
    final pool = await OdbcAsyncPool.open(connectionString,
        options: OdbcPoolOptions(sizeMin: 0, sizeMax: 1), engine: engine);
    final first = await pool.acquire();
    first.isolate.kill();
    // There is only one, so that this waits for it.
    final second = await pool.acquire();
    expect((await second.query('SELECT 1 AS a')).rows.single['a'], 1);
    await second.close();
    await pool.close();
  });

  test('rows are inserted over a pool', () async {
    final pool = open();
    addTearDown(pool.close);
    pool.acquire()
      ..execute('CREATE TABLE p (id INTEGER PRIMARY KEY)')
      ..close();
    final rows = [
      for (var i = 0; i < 5000; i++) {'id': i},
    ];
    final result = pool.bulkInsertParallel('p', rows, parallelism: 2);
    expect(result.rows, 5000);
    // SQLite has one writer at a time, and says so.
    expect(result.workers, 1);
    expect(result.warnings.map((warning) => warning.sqlstate), ['01S02']);
    try {
      pool.bulkInsertParallel('p', [
        {'id': 6000},
        {'id': 7},
      ]);
      fail('a key was inserted twice');
    } on OdbcConstraintException catch (error) {
      final report = error.bulk!;
      expect(error.row, 1);
      expect((report.committed, report.notCommitted), (0, 2));
      expect(report.allRead, isTrue);
      expect(report.rangesNotCommitted, [(begin: 0, end: 2)]);
    }
    expect(() => pool.bulkInsertParallel('p', rows, parallelism: 1001),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['parallelism']));

    final asyncPool =
        await OdbcAsyncPool.open(connectionString, engine: engine);
    addTearDown(asyncPool.close);
    final made = await asyncPool.bulkInsertParallel('p', _thousand);
    expect(made.rows, 1000);
    await expectLater(
        asyncPool.bulkInsertParallel('p', _thousand),
        throwsA(isA<OdbcConstraintException>()
            .having((error) => error.bulk?.committed, 'committed', 0)));
  });

  test('a repository borrows from both kinds of pools', () async {
    Future<Object?> answer(OdbcPoolService pool) async {
      final connection = await pool.acquire();
      final result = await connection.query('SELECT 42 AS a');
      await connection.close();
      await pool.close();
      return result.rows.single['a'];
    }

    expect(await answer(open()), 42);
    expect(
        await answer(
            await OdbcAsyncPool.open(connectionString, engine: engine)),
        42);
  });
}

List<Map<String, Object?>> _thousand() => [
      for (var i = 10000; i < 11000; i++) {'id': i},
    ];
