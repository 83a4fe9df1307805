import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import '../exception_matcher.dart';
import 'engine.dart';

/// What holds for transactions on the connection of [connectionString].
///
/// [tableOption] ends a CREATE TABLE.
void declareTransactions(String connectionString, {String tableOption = ''}) {
  late OdbcConnection connection;
  final engine = testEngine();

  setUp(() => connection = OdbcConnection.open(connectionString, engine: engine)
    ..execute('DROP TABLE IF EXISTS dart_ledger')
    ..execute('CREATE TABLE dart_ledger (id INTEGER NOT NULL PRIMARY KEY) '
        '$tableOption'));
  tearDown(() => connection.close());
  tearDownAll(() => OdbcConnection.open(connectionString, engine: engine)
    ..execute('DROP TABLE IF EXISTS dart_ledger')
    ..close());

  void insert(int id) =>
      connection.execute('INSERT INTO dart_ledger VALUES (?)', [id]);

  List<Object?> ids() => [
        for (final row
            in connection.query('SELECT id FROM dart_ledger ORDER BY id').rows)
          row[0],
      ];

  test('a transaction that is begun ends with autocommit on', () {
    connection.begin();
    expect(connection.autocommit, isFalse);
    insert(1);
    connection.rollback();
    expect(connection.autocommit, isTrue);
    connection.begin(isolation: OdbcIsolation.serializable);
    insert(2);
    connection.commit();
    expect(connection.autocommit, isTrue);
    expect(ids(), [2]);
  });

  test('one within another ends alone', () {
    connection.begin();
    insert(1);
    connection.begin();
    insert(2);
    connection
      ..rollback()
      ..begin();
    insert(3);
    connection
      ..commit()
      ..commit();
    expect(ids(), [1, 3]);
    connection.begin();
    expect(() => connection.begin(readOnly: true),
        throwsOdbc(OdbcErrorKind.invalidState));
    connection.rollback();
  });

  test('a savepoint is gone back to', () {
    expect(() => connection.savepoint('here'),
        throwsOdbc(OdbcErrorKind.invalidState));
    connection.begin();
    insert(1);
    connection.savepoint('here');
    insert(2);
    connection.rollbackToSavepoint('here');
    insert(3);
    connection
      ..rollbackToSavepoint('here')
      ..releaseSavepoint('here');
    insert(4);
    expect(() => connection.savepoint('not plain'),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['not plain']));
    connection.commit();
    expect(ids(), [1, 4]);
  });

  test('the server refuses writes in a read-only transaction', () {
    connection.begin(readOnly: true);
    expect(() => insert(1), throwsA(isA<OdbcException>()));
    connection.rollback();
    insert(2);
    expect(ids(), [2]);
  });

  test('options that are refused are named', () {
    for (final options in [
      {'isolation': 'snapshot'},
      {'colour': 'red'},
    ]) {
      expect(
          () => connection.beginWith(OdbcTransactionOptions.fromJson(options)),
          throwsOdbc(OdbcErrorKind.invalidArgument,
              says: [options.keys.single]));
    }
    expect(connection.autocommit, isTrue);
  });

  test('work is committed, and undone when it throws', () {
    expect(
        connection.runInTransaction(() {
          insert(1);
          return 'done';
        }, isolation: OdbcIsolation.serializable),
        'done');
    expect(
        () => connection.runInTransaction<void>(() {
              insert(2);
              throw const FormatException('not this');
            }),
        throwsFormatException);
    expect(() => connection.runInTransaction(() => insert(1)),
        throwsOdbc(OdbcErrorKind.constraint));
    expect(connection.autocommit, isTrue);
    expect(ids(), [1]);
  });

  test('what work has begun ends with it, and what it has ended is over', () {
    connection.runInTransaction(() {
      insert(1);
      connection.begin();
      insert(2);
    });
    expect(connection.autocommit, isTrue);
    expect(
        () => connection.runInTransaction(() {
              insert(3);
              connection.begin();
              throw const FormatException('not this');
            }),
        throwsFormatException);
    expect(connection.autocommit, isTrue);
    connection.begin();
    connection.runInTransaction(() {
      insert(4);
      connection.commit();
    });
    expect(connection.transactionDepth, 1);
    connection.rollback();
    expect(ids(), [1, 2]);
  });

  test('work within a transaction is not done again by itself', () {
    var calls = 0;
    connection.begin();
    expect(
        () => connection.runInTransaction(() {
              calls++;
              throw OdbcException(OdbcErrorKind.transaction, 'made up',
                  operation: 'test', retryable: true);
            }),
        throwsOdbc(OdbcErrorKind.transaction));
    expect(calls, 1);
    connection.rollback();
  });

  test('work is done again after a deadlock, and after nothing else', () {
    var calls = 0;
    void work(OdbcErrorKind kind, {int failures = 1}) {
      insert(++calls);
      if (calls > failures) return;
      throw OdbcException(kind, 'made up', operation: 'test', retryable: true);
    }

    connection.runInTransaction(() => work(OdbcErrorKind.transaction));
    expect(ids(), [2]);
    calls = 10;
    expect(
        () => connection.runInTransaction(
            () => work(OdbcErrorKind.transaction, failures: 99),
            attempts: 2),
        throwsOdbc(OdbcErrorKind.transaction));
    expect(calls, 12);
    expect(
        () => connection.runInTransaction(
            () => work(OdbcErrorKind.connection, failures: 99)),
        throwsOdbc(OdbcErrorKind.connection));
    expect(calls, 13);
    expect(ids(), [2]);
  });

  test('work that is not done when it returns is refused', () {
    expect(
        () => connection.runInTransaction(() async {
              insert(1);
              throw const FormatException('nobody hears this');
            }),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['Future']));
    expect(ids(), isEmpty);
  });
}
