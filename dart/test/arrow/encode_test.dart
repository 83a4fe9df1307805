import 'dart:typed_data';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:odbc_engine/src/arrow/parameters.dart';
import 'package:test/test.dart';

import '../exception_matcher.dart';
import 'native_batch.dart';

void main() {
  /// What [value] is when it is sent and read again.
  Object? roundTrip(Object? value) {
    final encoded = encodeParameter(value, 'parameter 1');
    final [validity, ...buffers] = encoded.buffers;
    final batch = batchOf([
      column(encoded.type, [
        encoded.nullCount == 0 ? null : validity.bytes,
        for (final buffer in buffers) buffer.bytes,
      ]),
    ], length: 1);
    final read = batch.column(0)[0];
    batch.close();
    return read;
  }

  String formatOf(Object? value) =>
      encodeParameter(value, 'parameter 1').type.format;

  test('plain values keep their value and have the type of their class', () {
    final bigint = BigInt.one << 62;
    final unsigned = (BigInt.one << 64) - BigInt.one;
    for (final (value, format) in <(Object, String)>[
      (true, 'b'),
      (-5, 'l'),
      (0.1, 'g'),
      (double.negativeInfinity, 'g'),
      ('Zoë 😺', 'u'),
      ('', 'u'),
      (Uint8List.fromList([0, 255]), 'z'),
      (Uint8List(0), 'z'),
      (OdbcDate(2024, 2, 29), 'tdD'),
      (OdbcTime(12, 34, 56, 1000), 'ttu'),
      (OdbcTime(12, 34, 56, 1), 'ttn'),
      (DateTime.utc(2024, 2, 29, 1, 2, 3, 4, 5), 'tsu:UTC'),
      (DateTime.utc(-44, 3, 15), 'tsu:UTC'),
      (OdbcDecimal.parse('-0.01'), 'd:2,2'),
      (OdbcDecimal.parse('9' * 38), 'd:38,0'),
      (OdbcDecimal.parse('-${'9' * 76}'), 'd:76,0,256'),
      (OdbcDecimal.parse('9' * 77), 'u'),
      (OdbcDecimal.nan, 'u'),
      (unsigned, 'L'),
    ]) {
      expect(roundTrip(value), value, reason: '$value');
      expect(formatOf(value), format, reason: '$value');
    }
    expect(roundTrip(bigint), bigint.toInt());
    expect(formatOf(null), 'n');
    expect(roundTrip(null), isNull);
    expect(roundTrip(-unsigned), OdbcDecimal(-unsigned));
  });

  test('a local DateTime is sent as its instant, or as its wall clock', () {
    final local = DateTime(2024, 7, 1, 12, 30);
    expect(roundTrip(local), local.toUtc());
    expect(formatOf(OdbcParameter.wallClock(local)), 'tsu:');
    expect(roundTrip(OdbcParameter.wallClock(local)),
        DateTime.utc(2024, 7, 1, 12, 30));
  });

  test('a chosen type decides', () {
    for (final (type, value, read) in <(OdbcType, Object, Object)>[
      (OdbcType.int8, -128, -128),
      (OdbcType.uint16, 65535, 65535),
      (OdbcType.uint64, 7, BigInt.from(7)),
      (OdbcType.float32, 0.5, 0.5),
      (OdbcType.float64, 3, 3.0),
      (OdbcType.largeText, 'ä', 'ä'),
      (OdbcType.decimal(10, 2), OdbcDecimal.parse('1.5'), '1.50'),
      (OdbcType.decimal(10, 2), 7, '7.00'),
      (OdbcType.decimal(40, 1), BigInt.from(-7), '-7.0'),
      (OdbcType.time(OdbcTimeUnit.second), OdbcTime(1), OdbcTime(1)),
    ]) {
      final result = roundTrip(OdbcParameter(type, value));
      expect(result is OdbcDecimal ? '$result' : result, read);
    }
    for (final unit in OdbcTimeUnit.values) {
      final moment = DateTime.utc(2024, 2, 29, 12);
      expect(roundTrip(OdbcParameter(OdbcType.timestamp(unit: unit), moment)),
          moment);
    }
    const uuid = '{00112233-4455-6677-8899-AABBCCDDEEFF}';
    expect(roundTrip(const OdbcParameter.uuid(uuid)),
        '00112233-4455-6677-8899-aabbccddeeff');
  });

  test('a null may have any type', () {
    for (final type in [
      OdbcType.boolean,
      OdbcType.int64,
      OdbcType.decimal(10, 2),
      OdbcType.text,
      OdbcType.largeBinary,
      OdbcType.uuid,
      OdbcType.timestamp(),
    ]) {
      final parameter = OdbcParameter(type, null);
      expect(roundTrip(parameter), isNull);
      expect(formatOf(parameter), type.format);
    }
  });

  test('what does not fit is refused by the place of its parameter', () {
    final decimal = OdbcType.decimal(3, 1);
    for (final value in <Object>[
      const Duration(seconds: 1),
      [1, 2],
      const OdbcParameter(OdbcType.int8, 128),
      const OdbcParameter(OdbcType.int64, 'one'),
      const OdbcParameter(OdbcType.uint32, -1),
      OdbcParameter(OdbcType.uint64, BigInt.one << 64),
      const OdbcParameter(OdbcType.float32, 0.1),
      const OdbcParameter(OdbcType.float64, 9007199254740993),
      const OdbcParameter(OdbcType.nothing, 1),
      OdbcParameter(decimal, OdbcDecimal.parse('0.05')),
      OdbcParameter(decimal, OdbcDecimal.fromInt(100)),
      OdbcParameter(decimal, OdbcDecimal.nan),
      const OdbcParameter.uuid('0011'),
      OdbcParameter(OdbcType.fixedBinary(4), Uint8List(3)),
      OdbcParameter(OdbcType.time(OdbcTimeUnit.second), OdbcTime(0, 0, 0, 1)),
      OdbcParameter(OdbcType.timestamp(unit: OdbcTimeUnit.millisecond),
          DateTime.utc(2024, 1, 1, 0, 0, 0, 0, 1)),
      OdbcParameter(OdbcType.timestamp(unit: OdbcTimeUnit.nanosecond),
          DateTime.utc(2300)),
      'a\ud800',
      '\udc00\ud800b',
    ]) {
      expect(() => encodeParameter(value, 'parameter 3'),
          throwsOdbc(OdbcErrorKind.invalidArgument, says: ['parameter 3']),
          reason: '$value');
    }
  });
}
