import 'dart:ffi';
import 'dart:typed_data';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:odbc_engine/src/arrow/batch_memory.dart';
import 'package:odbc_engine/src/arrow/parameters.dart';
import 'package:odbc_engine/src/arrow/schema.dart';
import 'package:test/test.dart';

void main() {
  const uuid = '00112233-4455-6677-8899-aabbccddeeff';
  final values = [
    1,
    null,
    'Zoë',
    Uint8List.fromList([1]),
    const OdbcParameter.uuid(uuid),
    const OdbcParameter(OdbcType.float64, null),
  ];

  test('none are NULL and NULL', () {
    withParameters(const [], (schema, array) {
      expect(schema, nullptr);
      expect(array, nullptr);
    });
  });

  test('are a struct of length one with a child for each', () {
    withParameters(values, (schema, array) {
      final columns = readColumns(schema.ref);
      expect([for (final column in columns) column.format],
          ['l', 'n', 'u', 'z', 'w:16', 'g']);
      expect(columns[4].type, OdbcType.uuid);
      expect(array.ref.length, 1);
      expect(array.ref.childCount, 6);
      expect([
        for (var i = 0; i < 6; i++) array.ref.children[i].ref.nullCount,
      ], [
        0,
        1,
        0,
        0,
        0,
        1,
      ]);
    });
  });

  test('are released by the callee, by the caller, or child by child', () {
    withParameters(values, (schema, array) {
      releaseSchema(schema);
      releaseArray(array);
      expect(schema.ref.release, nullptr);
      expect(array.ref.release, nullptr);
    });
    withParameters(values, (schema, array) {
      final child = array.ref.children[2];
      releaseArray(child);
      expect(child.ref.release, nullptr);
    });
    expect(() => withParameters(values, (_, __) => throw StateError('call')),
        throwsStateError);
  });
}
