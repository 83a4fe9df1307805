import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import '../../example/every_type.dart' as every_type;
import 'engine.dart';
import 'suite.dart';

void main() {
  final string =
      connectionString('ODBC_ENGINE_POSTGRESQL', database: 'PostgreSQL');
  if (string == null) return;
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
}
