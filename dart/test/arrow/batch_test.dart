import 'dart:convert';
import 'dart:ffi';
import 'dart:typed_data';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:odbc_engine/src/batch.dart' show rowsInChunks;
import 'package:odbc_engine/src/bindings/structs.dart';
import 'package:test/test.dart';

import '../exception_matcher.dart';
import 'native_batch.dart';

void main() {
  List<Object?> read(OdbcType type, List<Uint8List?> buffers, int length,
      {int offset = 0, int parentOffset = 0}) {
    final batch = batchOf([column(type, buffers, offset: offset)],
        length: length, offset: parentOffset);
    try {
      return batch.column(0).toList();
    } finally {
      batch.close();
    }
  }

  Uint8List bits(List<int> bytes) => Uint8List.fromList(bytes);

  group('values', () {
    test('of integers of every width', () {
      final values = {
        OdbcType.int8: bytesOf(Int8List.fromList([-128, 127])),
        OdbcType.int16: bytesOf(Int16List.fromList([-32768, 32767])),
        OdbcType.int32: bytesOf(Int32List.fromList([-2147483648, 2147483647])),
        OdbcType.uint8: bytesOf(Uint8List.fromList([0, 255])),
        OdbcType.uint16: bytesOf(Uint16List.fromList([0, 65535])),
        OdbcType.uint32: bytesOf(Uint32List.fromList([0, 4294967295])),
      };
      final expected = [
        [-128, 127],
        [-32768, 32767],
        [-2147483648, 2147483647],
        [0, 255],
        [0, 65535],
        [0, 4294967295],
      ];
      for (final (i, MapEntry(key: type, value: data))
          in values.entries.indexed) {
        expect(read(type, [null, data], 2), expected[i]);
      }
    });

    test('of unsigned 64 bits are BigInt, whatever their size', () {
      final data = bytesOf(Int64List.fromList([0, -1]));
      expect(read(OdbcType.uint64, [null, data], 2),
          [BigInt.zero, (BigInt.one << 64) - BigInt.one]);
    });

    test('of booleans with nulls, offsets of the column and of the batch', () {
      // Rows 3 to 6 of 0b1011_0100, of which row 4 is null.
      final data = bits([0xB4]);
      final validity = bits([0xEF]);
      const expected = [false, null, true, false];
      expect(read(OdbcType.boolean, [validity, data], 4, offset: 3), expected);
      expect(
          read(OdbcType.boolean, [validity, data], 4,
              offset: 1, parentOffset: 2),
          expected);
    });

    test('of floating-point numbers', () {
      expect(
          read(
              OdbcType.float64,
              [
                null,
                bytesOf(Float64List.fromList([0.1, -0.0]))
              ],
              2),
          [0.1, -0.0]);
      expect(
          read(
              OdbcType.float32,
              [
                null,
                bytesOf(Float32List.fromList([0.5]))
              ],
              1),
          [0.5]);
    });

    test('of decimals of 128 and 256 bits, at both ends', () {
      for (final digits in [38, 76]) {
        final type = OdbcType.decimal(digits, 2);
        final largest = BigInt.parse('9' * digits);
        final numbers = [
          largest,
          -largest,
          BigInt.zero,
          -BigInt.one,
          BigInt.one << 63,
          -(BigInt.one << 63),
          (BigInt.one << 64) - BigInt.one,
          -(BigInt.one << 64),
        ];
        final data = bits([
          for (final number in numbers)
            for (var i = 0; i < type.bits ~/ 8; i++)
              (number >> (8 * i)).toUnsigned(8).toInt(),
        ]);
        expect(read(type, [null, data], numbers.length),
            [for (final number in numbers) OdbcDecimal(number, 2)]);
      }
    });

    test('of text that begins with a byte order mark', () {
      const texts = ['\uFEFFa', '\uFEFF', '\uFEFF\uFEFF', 'a\uFEFF', '', 'é'];
      final offsets = [0];
      for (final text in texts) {
        offsets.add(offsets.last + utf8.encode(text).length);
      }
      expect(
          batchOf([
            column(OdbcType.text, [
              null,
              bytesOf(Int32List.fromList(offsets)),
              utf8.encode(texts.join()),
            ])
          ], length: texts.length)
              .column(0)
              .toList(),
          texts);
    });

    test('of text and bytes, between other rows', () {
      final data = utf8.encode('xxZoë😺');
      final offsets = [0, 2, 6, 6, 10];
      for (final (type, offsetBytes) in [
        (OdbcType.text, bytesOf(Int32List.fromList(offsets))),
        (OdbcType.largeText, bytesOf(Int64List.fromList(offsets))),
      ]) {
        expect(
            read(
                type,
                [
                  bits([0x0D]),
                  offsetBytes,
                  data
                ],
                3,
                offset: 1),
            [null, '', '😺']);
        expect(read(type, [null, offsetBytes, data], 3, offset: 1),
            ['Zoë', '', '😺']);
      }
      expect(
          read(
              OdbcType.binary,
              [
                null,
                bytesOf(Int32List.fromList([0, 0, 2])),
                bits([1, 255])
              ],
              2),
          [
            Uint8List(0),
            bits([1, 255])
          ]);
      expect(
          read(
              OdbcType.fixedBinary(2),
              [
                null,
                bits([1, 2, 3, 4])
              ],
              1,
              offset: 1),
          [
            bits([3, 4])
          ]);
    });

    test('of decimals without bounds', () {
      final data = utf8.encode('1.50NaN');
      final offsets = bytesOf(Int32List.fromList([0, 4, 7]));
      expect(read(OdbcType.unboundedDecimal, [null, offsets, data], 2),
          [OdbcDecimal.parse('1.5'), OdbcDecimal.nan]);
    });

    test('of days, times and timestamps in every unit', () {
      expect(
          read(
              OdbcType.date,
              [
                null,
                bytesOf(Int32List.fromList([19782, -1]))
              ],
              2),
          [OdbcDate(2024, 2, 29), OdbcDate(1969, 12, 31)]);
      final clocks = {
        OdbcTimeUnit.second: Int32List.fromList([45296]),
        OdbcTimeUnit.millisecond: Int32List.fromList([45296000]),
        OdbcTimeUnit.microsecond: Int64List.fromList([45296000000]),
        OdbcTimeUnit.nanosecond: Int64List.fromList([45296000000000]),
      };
      clocks.forEach((unit, data) {
        expect(read(OdbcType.time(unit), [null, bytesOf(data)], 1),
            [OdbcTime(12, 34, 56)]);
      });
      for (final unit in OdbcTimeUnit.values) {
        var count = -1;
        for (var i = 0; i < unit.digits; i++) {
          count *= 10;
        }
        final data = bytesOf(Int64List.fromList([count]));
        for (final zone in [null, 'UTC']) {
          expect(
              read(OdbcType.timestamp(unit: unit, timeZone: zone), [null, data],
                  1),
              [DateTime.utc(1969, 12, 31, 23, 59, 59)]);
        }
      }
    });

    test('of UUIDs', () {
      expect(
          read(
              OdbcType.uuid, [null, bits(List.generate(16, (i) => i * 17))], 1),
          ['00112233-4455-6677-8899-aabbccddeeff']);
    });

    test('of a column of nothing', () {
      expect(read(OdbcType.nothing, [], 2), [null, null]);
    });

    test('of no rows need no buffers', () {
      for (final type in [OdbcType.int64, OdbcType.text, OdbcType.boolean]) {
        expect(read(type, [null, null, null], 0), isEmpty);
      }
    });
  });

  group('a value that Dart does not hold names column and row:', () {
    Matcher refusal(String text) =>
        throwsOdbc(OdbcErrorKind.data, says: [text], column: 'a', row: 101);

    void refuse(
        String title, OdbcType type, List<Uint8List?> buffers, String text) {
      test(title, () {
        final batch =
            batchOf([column(type, buffers)], length: 2, firstRow: 100);
        expect(batch.toRows, refusal(text));
        expect(batch.column(0)[0], isNotNull);
        batch.close();
      });
    }

    test('a stream of rows has brought all before it', () {
      Uint8List times({required int until}) => bytesOf(Int64List.fromList(
          [for (var row = 0; row < 3000; row++) row < until ? row : -1]));
      // The first column's bad row is behind that of the second one.
      final batch = batchOf([
        column(OdbcType.time(), [null, times(until: 2900)]),
        column(OdbcType.time(), [null, times(until: 2500)]),
      ], length: 3000, firstRow: 100);
      final rows = <OdbcRow>[];
      expect(() => rowsInChunks(batch).forEach(rows.addAll),
          throwsOdbc(OdbcErrorKind.data, column: 'b', row: 2600));
      expect(rows.map((row) => row[0]), [
        for (var row = 0; row < 2500; row++)
          OdbcTime.fromNanoseconds(row * 1000)
      ]);
      batch.close();
    });

    refuse(
        'digits below a microsecond',
        OdbcType.timestamp(unit: OdbcTimeUnit.nanosecond),
        [
          null,
          bytesOf(Int64List.fromList([1000, 1234567]))
        ],
        '1234567 ns');
    refuse(
        'years beyond DateTime',
        OdbcType.timestamp(unit: OdbcTimeUnit.second),
        [
          null,
          bytesOf(Int64List.fromList([0, 8640000000001]))
        ],
        '8640000000001 seconds');
    refuse(
        'a time beyond the day',
        OdbcType.time(),
        [
          null,
          bytesOf(Int64List.fromList([0, -1]))
        ],
        '-1 microseconds');
    refuse(
        'text that is not UTF-8',
        OdbcType.text,
        [
          null,
          bytesOf(Int32List.fromList([0, 1, 2])),
          bits([0x61, 0xFF])
        ],
        'not UTF-8');
    refuse(
        'a decimal that is none',
        OdbcType.unboundedDecimal,
        [
          null,
          bytesOf(Int32List.fromList([0, 1, 2])),
          utf8.encode('1x')
        ],
        '"x"');
  });

  group('views', () {
    final numbers = column(
        OdbcType.int64,
        [
          null,
          bytesOf(Int64List.fromList([1, 2, 3]))
        ],
        offset: 1);

    test('show the native memory, cut to the rows', () {
      final batch = batchOf([numbers], length: 2);
      expect(batch.column(0).asInt64List(), [2, 3]);
    });

    test('stay valid after the batch is closed', () {
      final batch = batchOf([numbers], length: 2);
      final view = batch.column(0).asInt64List();
      batch.close();
      expect(view, [2, 3]);
    });

    test('of dates and timestamps show their counts', () {
      final batch = batchOf([
        column(OdbcType.date, [
          null,
          bytesOf(Int32List.fromList([7]))
        ]),
        column(OdbcType.timestamp(unit: OdbcTimeUnit.nanosecond), [
          null,
          bytesOf(Int64List.fromList([1]))
        ]),
      ], length: 1);
      expect(batch.column(0).asInt32List(), [7]);
      expect(batch.column(1).asInt64List(), [1]);
    });

    test('of another type are refused', () {
      final batch = batchOf([numbers], length: 2);
      final array = batch.column(0);
      for (final view in [
        array.asInt32List,
        array.asUint64List,
        array.asFloat64List,
      ]) {
        expect(view,
            throwsOdbc(OdbcErrorKind.invalidArgument, says: ['"a"', '(l)']));
      }
    });
  });

  group('a batch', () {
    test('is released once, however often it is closed', () {
      var released = 0;
      final release =
          NativeCallable<Void Function(Pointer<ArrowArray>)>.isolateLocal(
              (Pointer<ArrowArray> array) {
        released++;
        array.ref.release = nullptr;
      });
      batchOf([], length: 0, release: release.nativeFunction)
        ..close()
        ..close();
      expect(released, 1);
      release.close();
    });

    test('that is closed answers with InvalidState', () {
      final batch = batchOf([
        column(OdbcType.boolean, [
          null,
          bits([1])
        ]),
      ], length: 1);
      final array = batch.column(0);
      batch.close();
      expect(batch.isClosed, isTrue);
      for (final use in [
        () => batch.column(0),
        batch.toRows,
        () => array[0],
        array.toList,
        () => array.isNull(0),
        () => array.nullCount,
      ]) {
        expect(use, throwsOdbc(OdbcErrorKind.invalidState));
      }
    });

    test('refuses rows and columns that it does not have', () {
      final batch = batchOf([
        column(OdbcType.boolean, [
          bits([0]),
          bits([1])
        ]),
      ], length: 1);
      expect(() => batch.column(1),
          throwsOdbc(OdbcErrorKind.invalidArgument, says: ['column 1']));
      for (final row in [-1, 1]) {
        expect(() => batch.column(0)[row],
            throwsOdbc(OdbcErrorKind.invalidArgument, says: ['row $row']));
      }
      expect(batch.column(0).isNull(0), isTrue);
      expect(batch.column(0).nullCount, 1);
    });
  });
}
