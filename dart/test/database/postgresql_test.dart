import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import '../../example/every_type.dart' as every_type;
import '../exception_matcher.dart';
import 'cancel_suite.dart';
import 'engine.dart';
import 'suite.dart';

void main() {
  final string =
      connectionString('ODBC_ENGINE_POSTGRESQL', database: 'PostgreSQL');
  if (string == null) return;
  group('stopping:', () {
    declareCancel(string,
        slow: 'SELECT pg_sleep(30)',
        many: 'SELECT i FROM generate_series(1, 3000000) AS s(i)');
  });
  declareSuite(string, syntaxState: '42601');

  test('every type comes back exactly', () {
    final connection = OdbcConnection.open(string, engine: testEngine());
    addTearDown(connection.close);
    expect(every_type.roundTrip(connection), isEmpty);
  });

  test('a DateTime in UTC keeps its fields in a timestamp without a zone', () {
    final connection = OdbcConnection.open(string, engine: testEngine());
    addTearDown(connection.close);
    final moment = DateTime.utc(2024, 7, 1, 12, 30, 15, 1, 2);
    connection
      ..execute('CREATE TEMPORARY TABLE moments (a timestamp, b timestamptz)')
      ..execute('INSERT INTO moments VALUES (?, ?)', [moment, moment]);
    expect(connection.query('SELECT a, b FROM moments').rows.single.values,
        [moment, moment]);
  });

  test('each statement of a text gives its own result', () {
    final connection = OdbcConnection.open(string, engine: testEngine());
    addTearDown(connection.close);
    final statement = connection.prepare('CREATE TEMPORARY TABLE several '
        '(id integer); INSERT INTO several VALUES (1), (2); '
        'SELECT id FROM several ORDER BY id; SELECT 7 AS seven');
    expect(statement.execute().columnCount, 0);
    expect(statement.nextResult()?.affectedRows, 2);
    expect(statement.nextResult()?.columnCount, 1);
    final ids = statement.stream();
    expect(ids.rows.map((row) => row['id']), [1, 2]);
    expect(statement.nextResult()?.affectedRows, isNull);
    expect(ids.fetch, throwsOdbc(OdbcErrorKind.invalidState));
    expect(statement.stream().rows.single['seven'], 7);
    expect(statement.nextResult(), isNull);
    expect(statement.nextResult(), isNull);
  });

  test('what the server says of a query is told with its result', () async {
    const loud = 'CREATE FUNCTION pg_temp.loud() RETURNS integer LANGUAGE '
        r"plpgsql AS $$ BEGIN RAISE NOTICE 'heard'; RETURN 1; END $$";
    const sql = 'SELECT pg_temp.loud() AS one';
    final connection = OdbcConnection.open(string, engine: testEngine());
    addTearDown(connection.close);
    connection.execute(loud);
    final stream = connection.stream(sql);
    expect(stream.rows.single['one'], 1);
    expect(stream.warnings.single.message, contains('heard'));
    stream.close();
    expect(connection.query(sql).warnings.single.message, contains('heard'));

    final other = await OdbcAsyncConnection.open(string, engine: testEngine());
    addTearDown(other.close);
    await other.execute(loud);
    final started = await other.stream(sql);
    expect((await started.rows.single)['one'], 1);
    final result = await other.query(sql);
    expect(result.warnings.single.message, contains('heard'));
  });

  test('several connections insert at once', () {
    final pool = OdbcPool.open(string,
        options: OdbcPoolOptions(sizeMax: 2), engine: testEngine());
    addTearDown(() {
      pool.acquire()
        ..execute('DROP TABLE IF EXISTS dart_parallel')
        ..close();
      pool.close();
    });
    Iterable<Map<String, Object?>> rows() sync* {
      for (var i = 0; i < 60000; i++) {
        yield {'id': i % 59999, 'name': 'name $i'};
      }
    }

    final result = pool.bulkInsertParallel('dart_parallel', rows(),
        mode: OdbcBulkMode.replace, parallelism: 2, chunkRows: 5000);
    expect(result.rows, 60000);
    expect(result.workers, 2);
    final connection = pool.acquire();
    expect(
        connection
            .query('SELECT count(*), count(DISTINCT id) FROM dart_parallel')
            .rows
            .single
            .values,
        [60000, 59999]);
    connection
      ..execute('DELETE FROM dart_parallel')
      ..execute('ALTER TABLE dart_parallel ADD PRIMARY KEY (id)')
      ..close();
    try {
      pool.bulkInsertParallel('dart_parallel', rows(),
          parallelism: 2, chunkRows: 1000, stopOnError: false);
      fail('a key was inserted twice');
    } on OdbcConstraintException catch (error) {
      final report = error.bulk!;
      expect(report.committed + report.notCommitted, 60000);
      expect(report.notCommitted, 1000);
      expect(report.workers, hasLength(2));
      expect(
          report.workers
              .expand((worker) => worker.errors)
              .map((error) => error.kind),
          contains(OdbcErrorKind.constraint));
    }
  });

  test('a serialization failure is done again', () {
    final engine = testEngine();
    final mine = OdbcConnection.open(string, engine: engine);
    addTearDown(mine.close);
    final other = OdbcConnection.open(string, engine: engine);
    addTearDown(() => other
      ..execute('DROP TABLE IF EXISTS dart_account')
      ..close());
    other
      ..execute('DROP TABLE IF EXISTS dart_account')
      ..execute('CREATE TABLE dart_account (balance integer)')
      ..execute('INSERT INTO dart_account VALUES (100)');
    var calls = 0;
    mine.runInTransaction(() {
      final balance = mine.query('SELECT balance FROM dart_account').rows;
      if (++calls == 1) other.execute('UPDATE dart_account SET balance = 200');
      mine.execute('UPDATE dart_account SET balance = ?',
          [balance.single.get<int>(0) + 1]);
    }, isolation: OdbcIsolation.repeatableRead);
    expect(calls, 2);
    final balance = other.query('SELECT balance FROM dart_account').rows;
    expect(balance.single[0], 201);
  });
}
