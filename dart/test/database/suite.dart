import 'dart:typed_data';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import '../exception_matcher.dart';
import 'bulk_suite.dart';
import 'engine.dart';
import 'transaction_suite.dart';

/// What holds for the connection of [connectionString], whatever the database.
///
/// [tableOption] ends a CREATE TABLE and [syntaxState] is the SQLSTATE of text
/// that is no SQL.
void declareSuite(String connectionString,
    {String tableOption = '', required String syntaxState}) {
  group('transactions:', () {
    declareTransactions(connectionString, tableOption: tableOption);
  });

  group('bulk inserts:', () {
    declareBulk(connectionString, tableOption: tableOption);
  });

  late OdbcConnection connection;
  final engine = testEngine();

  setUp(
      () => connection = OdbcConnection.open(connectionString, engine: engine));
  tearDown(() => connection.close());
  tearDownAll(() => OdbcConnection.open(connectionString, engine: engine)
    ..execute('DROP TABLE IF EXISTS dart_sample')
    ..close());

  void createTable() {
    connection
      ..execute('DROP TABLE IF EXISTS dart_sample')
      ..execute('CREATE TABLE dart_sample (id INTEGER NOT NULL PRIMARY KEY, '
          'name VARCHAR(40), amount BIGINT) $tableOption');
  }

  void insertRows(int count) {
    connection.autocommit = false;
    final insert =
        connection.prepare('INSERT INTO dart_sample VALUES (?, ?, ?)');
    for (var i = 0; i < count; i++) {
      insert.execute([i, i.isEven ? 'name $i' : null, i * 1000000000]);
    }
    insert.close();
    connection
      ..commit()
      ..autocommit = true;
  }

  test('a connection tells about the database and itself', () {
    expect(connection.info, containsPair('dbms_name', isA<String>()));
    expect(connection.capabilities, isNotEmpty);
    expect(connection.autocommit, isTrue);
  });

  test('rows come back as they were put in', () {
    createTable();
    insertRows(3);
    final result = connection
        .query('SELECT id, name, amount FROM dart_sample ORDER BY id');
    expect([for (final column in result.columns) column.name.toLowerCase()],
        ['id', 'name', 'amount']);
    expect([
      for (final row in result.rows) row.values
    ], [
      [0, 'name 0', 0],
      [1, null, 1000000000],
      [2, 'name 2', 2000000000],
    ]);
    final row = result.rows[1];
    expect(row.get<int>('amount'), 1000000000);
    expect(row.get<String?>(1), isNull);
    expect(row.toMap(), {'id': 1, 'name': null, 'amount': 1000000000});
    expect(() => row.get<String>('name'),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['null', 'String']));
    expect(() => row['nome'],
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['nome', 'name']));
  });

  test('columns that share a name are reached by place', () {
    final row = connection.query('SELECT 1 AS a, 2 AS a').rows.single;
    expect(row.values, [1, 2]);
    expect(row[1], 2);
    expect(() => row['a'], throwsOdbc(OdbcErrorKind.invalidArgument));
    expect(row.toMap, throwsOdbc(OdbcErrorKind.invalidArgument));
  });

  test('an execution tells how many rows it changed', () {
    createTable();
    insertRows(5);
    expect(
        connection.execute('UPDATE dart_sample SET name = ? WHERE id > ?',
            ['x', 2]).affectedRows,
        2);
    final select = connection.execute('SELECT id FROM dart_sample');
    expect(select.affectedRows, isNull);
    expect(select.columnCount, 1);
  });

  test('a stream gives batches, whose views stay valid', () {
    createTable();
    insertRows(1000);
    final stream = connection.stream(
        'SELECT id, amount FROM dart_sample ORDER BY id',
        const [],
        OdbcStreamOptions(batchRowsMax: 300));
    final batches = stream.batches.toList();
    expect(
        batches.map((batch) => batch.rowCount).reduce((a, b) => a + b), 1000);
    expect(batches.length, greaterThanOrEqualTo(4));
    final view = batches.last.column(1).asInt64List();
    for (final batch in batches) {
      batch.close();
    }
    expect(stream.fetch(), isNull);
    stream.close();
    // Enough garbage for a collection, which must spare the view's memory.
    for (var i = 0; i < 200; i++) {
      Uint8List(1 << 20);
    }
    expect(view.last, 999 * 1000000000);
    expect(batches.last.firstRow + view.length, 1000);
  });

  test('rows of a stream are read while they come', () {
    createTable();
    insertRows(10);
    final stream = connection.stream('SELECT id FROM dart_sample ORDER BY id');
    expect(stream.rows.take(3).map((row) => row[0]), [0, 1, 2]);
    expect(stream.warnings, isEmpty);
    stream.close();
    expect(stream.fetch, throwsOdbc(OdbcErrorKind.invalidState));
  });

  test('a transaction is committed or undone', () {
    createTable();
    connection.autocommit = false;
    expect(connection.autocommit, isFalse);
    connection
      ..execute('INSERT INTO dart_sample VALUES (1, NULL, NULL)')
      ..rollback()
      ..execute('INSERT INTO dart_sample VALUES (2, NULL, NULL)')
      ..commit();
    final ids = connection.query('SELECT id FROM dart_sample').rows;
    expect(ids.map((row) => row[0]), [2]);
    connection.commit();
  });

  test('errors carry kind, SQLSTATE, operation and records', () {
    createTable();
    expect(
        () => connection.query('this is no SQL'),
        throwsA(isA<OdbcSyntaxException>()
            .having((error) => error.sqlstate, 'sqlstate', syntaxState)
            .having((error) => error.operation, 'operation', 'execute')
            .having((error) => error.records, 'records', isNotEmpty)));
    insertRows(1);
    expect(
        () => connection
            .execute('INSERT INTO dart_sample VALUES (0, NULL, NULL)'),
        throwsA(isA<OdbcConstraintException>()));
    expect(connection.query('SELECT 1 AS one').rows.single['one'], 1);
  });

  test('the catalog tells what there is', () {
    createTable();
    final stream = connection.catalog(
        OdbcCatalogQuery(OdbcCatalogFunction.columns, name: 'dart_sample'));
    expect(stream.columns.first.name, 'TABLE_CAT');
    final row = stream.rows.last;
    stream.close();
    expect([row['COLUMN_NAME'], row['ORDINAL_POSITION']], ['amount', 3]);
    expect(
        () => connection
            .catalog(OdbcCatalogQuery(OdbcCatalogFunction.primaryKeys)),
        throwsA(isA<OdbcInvalidArgumentException>()));
  });

  test('parameters go to their names', () {
    createTable();
    expect(
        connection.execute(
            'INSERT INTO dart_sample VALUES (:id, @name, :amount), '
            "(:id + 1, ':no', :amount)",
            {
              'amount': OdbcDecimal.parse('7'),
              'name': 'Zoë',
              'id': 1,
            }).affectedRows,
        2);
    final select = connection.prepare(
        'SELECT name FROM dart_sample WHERE id = :id AND amount > @id');
    expect(select.query({'id': 1}).rows.single[0], 'Zoë');
    expect(select.query({'id': 2}).rows.single[0], ':no');
    expect(select.query({'id': null}).rows, isEmpty);
    expect(() => select.execute({'id': 1, 'other': 2}),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['other']));
    expect(() => select.execute({'ID': 1}),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['ID']));
    final stream = connection
        .stream('SELECT id FROM dart_sample WHERE id > :least', {'least': 1});
    expect(stream.rows.single[0], 2);
    stream.close();
    select.close();
  });

  test('after the only result there is no other', () {
    final statement = connection.prepare('SELECT 1 AS one');
    expect(statement.nextResult(), isNull);
    expect(statement.execute().columnCount, 1);
    final stream = statement.stream();
    expect(statement.nextResult(), isNull);
    expect(stream.fetch, throwsOdbc(OdbcErrorKind.invalidState));
    expect(statement.query().rows.single['one'], 1);
    statement.close();
    expect(statement.nextResult, throwsOdbc(OdbcErrorKind.invalidState));
  });

  test('statements that are cleared are closed, the connection is not', () {
    final other = OdbcConnection.open(connectionString, engine: engine);
    final [mine, others] = [
      for (final each in [connection, other])
        each.prepare('SELECT 1 AS one')..execute(),
    ];
    final stream = mine.stream();
    connection.clearStatements();
    expect(mine.execute, throwsOdbc(OdbcErrorKind.invalidState));
    expect(stream.fetch, throwsOdbc(OdbcErrorKind.invalidState));
    stream.close();
    mine.close();
    expect(others.query().rows.single['one'], 1);
    expect(connection.query('SELECT 1 AS one').rows.single['one'], 1);
    other.close();
  });

  test('options that are refused are named', () {
    expect(
        () => OdbcConnection.open(connectionString,
            engine: engine,
            options: OdbcConnectionOptions.fromJson({'colour': 'red'})),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['colour']));
    expect(
        () => OdbcConnection.open(connectionString,
            engine: engine,
            options: OdbcConnectionOptions(loginTimeout: Duration.zero)),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['login_timeout_ms']));
    expect(
        () => OdbcConnection.open(connectionString,
            engine: engine,
            options: OdbcConnectionOptions(statementCacheSize: 1001)),
        throwsOdbc(OdbcErrorKind.invalidArgument,
            says: ['statement_cache_size']));
    expect(
        () => connection.query(
            'SELECT 1 AS one', const [], OdbcStreamOptions(batchRowsMax: 0)),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['batch_rows_max']));
    expect(() => connection.query('SELECT ? AS one', [Object()]),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['parameter 1']));
    expect(() => connection.query('SELECT \ud800'),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['SQL text']));
  });

  test('closing twice does nothing, using later is InvalidState', () {
    final statement = connection.prepare('SELECT 1 AS one')..execute();
    final stream = statement.stream();
    expect(statement.query().rows.single.values, [1]);
    expect(stream.fetch, throwsOdbc(OdbcErrorKind.invalidState),
        reason: 'another execution ends the stream');
    stream
      ..close()
      ..close();
    connection
      ..close()
      ..close();
    for (final use in [
      statement.execute,
      statement.stream,
      stream.fetch,
      connection.commit,
      () => connection.query('SELECT 1 AS one'),
      () => connection.autocommit,
      () => connection.info,
    ]) {
      expect(use, throwsOdbc(OdbcErrorKind.invalidState));
    }
    statement
      ..close()
      ..close();
    expect(statement.isClosed && stream.isClosed, isTrue);
  });

  test('what is forgotten is freed without harm', () {
    for (var i = 0; i < 300; i++) {
      connection.stream('SELECT 1 AS one').fetch();
      Uint8List(1 << 18);
    }
    // Only the stream is kept: it must keep its connection open.
    final stream = OdbcConnection.open(connectionString, engine: engine)
        .stream('SELECT 7 AS seven');
    for (var i = 0; i < 200; i++) {
      Uint8List(1 << 20);
    }
    expect(stream.rows.single['seven'], 7);
    stream.close();
    expect(connection.query('SELECT 1 AS one').rows.single['one'], 1);
  });
}
