import 'dart:ffi';
import 'dart:typed_data';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:odbc_engine/src/arrow/batch_memory.dart';
import 'package:odbc_engine/src/arrow/parameters.dart';
import 'package:odbc_engine/src/arrow/schema.dart';
import 'package:odbc_engine/src/engine.dart';
import 'package:test/test.dart';

import '../database/engine.dart';
import '../exception_matcher.dart';

void main() {
  final functions = libraryOf(testEngine()).functions;
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
    for (final none in [const <Object?>[], const <String, Object?>{}]) {
      withParameters(functions, none, (schema, array) {
        expect(schema, nullptr);
        expect(array, nullptr);
      });
    }
  });

  test('have names when they are a map', () {
    final named = {
      'id': 1,
      'größe': 0.5,
      'key': const OdbcParameter.uuid(uuid)
    };
    withParameters(functions, named, (schema, array) {
      final columns = readColumns(schema.ref);
      expect([for (final column in columns) (column.name, column.format)],
          [('id', 'l'), ('größe', 'g'), ('key', 'w:16')]);
      expect(columns[2].type, OdbcType.uuid);
      expect(array.ref.childCount, 3);
    });
    withParameters(functions, [1, 2], (schema, array) {
      expect(readColumns(schema.ref).map((column) => column.name), ['', '']);
    });
  });

  test('that cannot be sent are refused by their name', () {
    for (final (given, says) in [
      ({'id': Object()}, 'parameter "id"'),
      ({'id': '\ud800'}, 'parameter "id"'),
      ({'': 1}, '""'),
      ({'a\u0000b': 1}, r'"a\u0000b"'),
      ({'\ud800': 1}, "a parameter's name"),
      ({7: 1}, 'int'),
      ({1, 2}, 'List, or a Map'),
      ('text', 'String'),
    ]) {
      expect(
          () => withParameters(functions, given, (_, __) => fail('was sent')),
          throwsOdbc(OdbcErrorKind.invalidArgument, says: [says]));
    }
  });

  test('are a struct of length one with a child for each', () {
    withParameters(functions, values, (schema, array) {
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
    withParameters(functions, values, (schema, array) {
      releaseSchema(schema);
      releaseArray(array);
      expect(schema.ref.release, nullptr);
      expect(array.ref.release, nullptr);
    });
    withParameters(functions, values, (schema, array) {
      final child = array.ref.children[2];
      releaseArray(child);
      expect(child.ref.release, nullptr);
    });
    expect(
        () => withParameters(
            functions, values, (_, __) => throw StateError('call')),
        throwsStateError);
  });
}
