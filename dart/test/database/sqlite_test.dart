import 'dart:io';

import 'package:test/test.dart';

import 'suite.dart';

void main() {
  final folder = Directory.systemTemp.createTempSync('odbc_engine_');
  tearDownAll(() => folder.deleteSync(recursive: true));
  declareSuite('Driver=SQLite3;Database=${folder.path}/test.db',
      syntaxState: 'HY000');
}
