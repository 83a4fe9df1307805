import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import 'cancel_suite.dart';
import 'engine.dart';
import 'suite.dart';

void main() {
  final string = connectionString('ODBC_ENGINE_MARIADB', database: 'MariaDB');
  if (string == null) return;
  group('stopping:', () {
    declareCancel(string,
        slow: 'SELECT sleep(30)', many: 'SELECT seq FROM seq_1_to_3000000');
  });
  declareSuite(string, tableOption: 'ENGINE=InnoDB', syntaxState: '42000');

  test('unsigned integers of 64 bits are BigInt', () {
    final connection = OdbcConnection.open(string, engine: testEngine());
    addTearDown(connection.close);
    final largest = (BigInt.one << 64) - BigInt.one;
    connection
      ..execute('CREATE TEMPORARY TABLE large (v BIGINT UNSIGNED)')
      ..execute('INSERT INTO large VALUES (?), (?)', [largest, 1]);
    final rows = connection.query('SELECT v FROM large ORDER BY v').rows;
    expect(rows.map((row) => row['v']), [BigInt.one, largest]);
  });

  test('a procedure gives its results one after another', () {
    final connection = OdbcConnection.open(string, engine: testEngine());
    addTearDown(() => connection
      ..execute('DROP PROCEDURE IF EXISTS dart_two_results')
      ..close());
    connection
      ..execute('DROP PROCEDURE IF EXISTS dart_two_results')
      ..execute('CREATE PROCEDURE dart_two_results() '
          'BEGIN SELECT 1 AS one; SELECT 2 AS two; END');
    final call = connection.prepare('CALL dart_two_results()');
    expect(call.query().rows.single['one'], 1);
    expect(call.nextResult()?.columnCount, 1);
    expect(call.stream().rows.single['two'], 2);
    expect(call.nextResult()?.columnCount, 0);
    expect(call.nextResult(), isNull);
  });
}
