import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

void main() {
  test('a type reads back from its format', () {
    for (final type in [
      OdbcType.nothing,
      OdbcType.boolean,
      OdbcType.int8,
      OdbcType.uint64,
      OdbcType.float32,
      OdbcType.text,
      OdbcType.largeBinary,
      OdbcType.date,
      OdbcType.decimal(10, 2),
      OdbcType.decimal(76, 30),
      OdbcType.time(OdbcTimeUnit.nanosecond),
      OdbcType.timestamp(unit: OdbcTimeUnit.second),
      OdbcType.timestamp(timeZone: 'UTC'),
      OdbcType.fixedBinary(8),
    ]) {
      expect(OdbcType.tryParse(type.format), type);
    }
  });

  test('metadata tells a decimal from text and a UUID from bytes', () {
    expect(OdbcType.tryParse('u', metadata: {'odbc.logical': 'decimal'}),
        OdbcType.unboundedDecimal);
    expect(
        OdbcType.tryParse('w:16',
            metadata: {'ARROW:extension:name': 'arrow.uuid'}),
        OdbcType.uuid);
    expect(OdbcType.tryParse('w:16'), OdbcType.fixedBinary(16));
  });

  test('a format that is not read is null', () {
    for (final format in ['', '+s', 'vu', 'tdm', 'd:1', 'tsx:', 'w:']) {
      expect(OdbcType.tryParse(format), isNull, reason: format);
    }
  });

  test('bounds of a decimal are checked', () {
    expect(() => OdbcType.decimal(77, 0), throwsRangeError);
    expect(() => OdbcType.decimal(0, 0), throwsRangeError);
    expect(() => OdbcType.decimal(5, 6), throwsRangeError);
  });
}
