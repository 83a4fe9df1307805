import 'dart:typed_data';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:odbc_engine/src/bulk/rows_builder.dart';
import 'package:test/test.dart';

import '../exception_matcher.dart';
import 'built_batches.dart';

void main() {
  /// What [values] are in a column of [type], when they are built and read.
  List<Object?> built(OdbcType type, Iterable<Object?> values) {
    final rows = OdbcRowsBuilder({'a': type});
    values.forEach(rows.column<Object>('a').addValue);
    return batchesOf(rows).expand((batch) => batch.column(0).toList()).toList();
  }

  test('every type takes its values and nulls', () {
    final unsigned = (BigInt.one << 64) - BigInt.one;
    for (final (type, values) in <(OdbcType, List<Object?>)>[
      (OdbcType.nothing, [null, null]),
      (OdbcType.boolean, [true, null, false, true]),
      (OdbcType.int8, [-128, 127, null]),
      (OdbcType.int16, [-32768, null, 32767]),
      (OdbcType.int32, [null, -0x80000000, 0x7FFFFFFF]),
      (OdbcType.int64, [-0x8000000000000000, null, 0x7FFFFFFFFFFFFFFF]),
      (OdbcType.uint8, [0, 255, null]),
      (OdbcType.uint16, [0, null, 65535]),
      (OdbcType.uint32, [null, 0xFFFFFFFF, 0]),
      (OdbcType.uint64, [unsigned, null, BigInt.zero]),
      (OdbcType.float32, [0.5, null, double.infinity]),
      (OdbcType.float64, [0.1, null, double.negativeInfinity]),
      (
        OdbcType.decimal(38, 4),
        [OdbcDecimal.parse('-0.0001'), null, OdbcDecimal.parse('12.5')]
      ),
      (
        OdbcType.decimal(76, 0),
        [OdbcDecimal.parse('-${'9' * 76}'), OdbcDecimal.parse('9' * 76)]
      ),
      (OdbcType.unboundedDecimal, [OdbcDecimal.nan, OdbcDecimal.parse('1e9')]),
      (OdbcType.text, ['', null, 'Zoë 😺 €', 'a' * 1000]),
      (OdbcType.largeText, ['', 'ü', null]),
      (
        OdbcType.binary,
        [
          Uint8List(0),
          null,
          Uint8List.fromList([0, 255])
        ]
      ),
      (OdbcType.largeBinary, [Uint8List(3), null]),
      (OdbcType.fixedBinary(2), [Uint8List(2), null]),
      (OdbcType.fixedBinary(0), [Uint8List(0), null]),
      (OdbcType.date, [OdbcDate(-44, 3, 15), null, OdbcDate(9999, 12, 31)]),
      (OdbcType.time(OdbcTimeUnit.second), [OdbcTime(24), null]),
      (OdbcType.time(), [OdbcTime(23, 59, 59, 999999000), null]),
      (OdbcType.time(OdbcTimeUnit.nanosecond), [OdbcTime(0, 0, 0, 1), null]),
      (
        OdbcType.timestamp(),
        [DateTime.utc(1), null, DateTime.utc(9999, 12, 31, 23, 59, 59, 999, 9)]
      ),
      (
        OdbcType.timestamp(unit: OdbcTimeUnit.nanosecond, timeZone: 'UTC'),
        [DateTime.utc(2024, 2, 29, 1, 2, 3, 4, 5), null]
      ),
      (OdbcType.uuid, ['00112233-4455-6677-8899-aabbccddeeff', null]),
    ]) {
      // So often that every buffer grows, and nulls come late.
      final many = [for (var i = 0; i < 300; i++) ...values];
      expect(built(type, many), many, reason: '$type');
      final late = [...many.whereType<Object>(), ...many];
      expect(built(type, late), late, reason: '$type');
    }
  });

  test('typed lists are copied as blocks', () {
    final rows = OdbcRowsBuilder({
      'i': OdbcType.int64,
      'n': OdbcType.int16,
      'd': OdbcType.float64,
      'b': OdbcType.uint8,
    });
    const count = 100000;
    final integers = Int64List.fromList(List.generate(count, (i) => i - 5));
    rows.column<int>('i')
      ..add(7)
      ..addNull()
      ..addAll(integers)
      ..addAll(const []);
    rows.column<int>('n')
      ..addAll([null, 1])
      ..addAll(Int16List(count));
    rows.column<double>('d')
      ..addAll([0.5, null])
      ..addAll(Float64List.fromList([for (final i in integers) i / 2]));
    rows.column<int>('b')
      ..addAll(Uint8List.fromList([1, 2]))
      ..addAll(Uint8List(count));
    expect(rows.rowCount, count + 2);
    final batch = batchesOf(rows).single;
    expect(batch.column(0).toList(), [7, null, ...integers]);
    expect(batch.column(1)[1], 1);
    expect(batch.column(1).nullCount, 1);
    expect(batch.column(2)[1], isNull);
    expect(batch.column(2)[count + 1], integers.last / 2);
    expect(batch.column(3).asUint8List().sublist(0, 3), [1, 2, 0]);
  });

  test('rows are cut into batches of bounded size', () {
    final byRows = OdbcRowsBuilder({'a': OdbcType.int64}, batchRows: 10);
    for (var i = 0; i < 25; i++) {
      byRows.addRow([i]);
    }
    expect(batchesOf(byRows).map((batch) => batch.rowCount), [10, 10, 5]);
    expect(byRows.rowCount, 25);

    final byBytes = OdbcRowsBuilder({'a': OdbcType.text}, batchBytes: 1000);
    for (var i = 0; i < 10; i++) {
      byBytes.addMap({'a': 'x' * 400});
    }
    expect(batchesOf(byBytes).map((batch) => batch.rowCount), [3, 3, 3, 1]);
  });

  test('columns that differ in length are no rows', () {
    final rows = OdbcRowsBuilder({'a': OdbcType.int64, 'b': OdbcType.text});
    rows.column<int>('a').addAll([1, 2]);
    expect(rows.endBatch,
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['"b"', '0', '2']));
    expect(() => rows.addRow([3, 'x']),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['"b"']));
    rows.column<String>('b').addAll(['x', null]);
    expect(rows.rowCount, 2);
    rows.close();
  });

  test('what is refused names column and row, and leaves nothing behind', () {
    final rows = OdbcRowsBuilder({
      'a': OdbcType.int8,
      'b': OdbcType.text,
      'c': OdbcType.decimal(4, 2),
      'd': OdbcType.date,
    }, batchRows: 3);
    final good = [1, 'x', OdbcDecimal.parse('1.5'), OdbcDate(2024, 1, 1)];
    for (var i = 0; i < 4; i++) {
      rows.addRow(good);
    }
    for (final (column, row) in <(String, List<Object?>)>[
      ('a', [128, null, null, null]),
      ('a', ['1', null, null, null]),
      ('b', [1, 'a\ud800', null, null]),
      ('b', [1, 5, null, null]),
      ('c', [1, 'x', OdbcDecimal.parse('1.505'), null]),
      ('c', [1, 'x', OdbcDecimal.parse('100'), null]),
      ('c', [1, null, 1.5, null]),
      ('d', [null, null, null, DateTime(2024)]),
      ('d', [null, null, null, OdbcDate(9000000, 1, 1)]),
    ]) {
      expect(
          () => rows.addRow(row),
          throwsOdbc(OdbcErrorKind.invalidArgument,
              says: ['"$column"', 'row 4'], column: column, row: 4),
          reason: '$row');
    }
    for (final values in [
      <Object?>[1, 'x', null],
      <Object?>[1, 'x', null, null, null],
    ]) {
      expect(() => rows.addRow(values),
          throwsOdbc(OdbcErrorKind.invalidArgument, row: 4));
    }
    expect(
        () => rows.addMap({'a': 1, 'b': 'x', 'c': null, 'e': null}),
        throwsOdbc(OdbcErrorKind.invalidArgument,
            says: ['"e"'], column: 'e', row: 4));
    expect(
        () => rows.addMap({'a': 1, 'b': 'x', 'c': null}),
        throwsOdbc(OdbcErrorKind.invalidArgument,
            says: ['"d"'], column: 'd', row: 4));
    rows.addRow(good);
    expect([
      for (final batch in batchesOf(rows))
        for (final row in batch.toRows()) row.values,
    ], List.filled(5, good));
  });

  test('a block of values is added whole, or not at all', () {
    final rows = OdbcRowsBuilder({'a': OdbcType.int8});
    final column = rows.column<int>('a')..addAll([1, null]);
    expect(() => column.addAll([2, null, 300]),
        throwsOdbc(OdbcErrorKind.invalidArgument, column: 'a', row: 4));
    expect(column.length, 2);
    expect(column.nullCount, 1);
    rows.addRow([3]);
    expect(batchesOf(rows).single.column(0).toList(), [1, null, 3]);
  });

  test('columns are asked for by name and class', () {
    final rows = OdbcRowsBuilder({'a': OdbcType.int64});
    expect(() => rows.column<String>('a'),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['"a"', 'String']));
    expect(() => rows.column<int>('b'),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['"b"', '"a"']));
    expect(
        () => OdbcRowsBuilder({}), throwsOdbc(OdbcErrorKind.invalidArgument));
    expect(() => OdbcRowsBuilder({'a': OdbcType.text}, batchRows: 0),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['batchRows']));
  });

  test('what is closed takes nothing more', () {
    final rows = OdbcRowsBuilder({'a': OdbcType.int64})..addRow([1]);
    final column = rows.column<int>('a');
    rows
      ..close()
      ..close();
    expect(rows.isClosed, isTrue);
    expect(() => rows.addRow([1]), throwsOdbc(OdbcErrorKind.invalidState));
    expect(() => rows.column<int>('a'), throwsOdbc(OdbcErrorKind.invalidState));
    expect(() => sourceOfBuilder(rows), throwsOdbc(OdbcErrorKind.invalidState));
    // Its memory is its own, whoever still adds to it.
    column.addAll(Int64List(1000));
    expect(column.length, 1000);
  });
}
