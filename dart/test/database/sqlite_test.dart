import 'dart:io';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import 'cancel_suite.dart';
import 'engine.dart';
import 'suite.dart';

void main() {
  final folder = Directory.systemTemp.createTempSync('odbc_engine_');
  tearDownAll(() => folder.deleteSync(recursive: true));
  group('stopping:', () {
    const numbers = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL '
        'SELECT i + 1 FROM n WHERE i < ';
    declareCancel('Driver=SQLite3;Database=:memory:',
        slow: '${numbers}1000000000) SELECT count(*) FROM n',
        many: '${numbers}3000000) SELECT i FROM n');
  });
  test('a byte order mark at the beginning is a character', () {
    final connection = OdbcConnection.open('Driver=SQLite3;Database=:memory:',
        engine: testEngine());
    final row =
        connection.query('SELECT ? AS "\uFEFFb"', ['\uFEFFa']).rows.single;
    expect(row.columns.single.name, '\uFEFFb');
    expect(row.values, ['\uFEFFa']);
    connection.close();
  });
  declareSuite('Driver=SQLite3;Database=${folder.path}/test.db',
      syntaxState: 'HY000');
}
