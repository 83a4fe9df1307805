import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

void main() {
  group('OdbcDate', () {
    test('counts days as DateTime does, over all its years', () {
      for (var days = -99999999; days < 99999999; days += 86413) {
        final date = OdbcDate.fromDaysSinceEpoch(days);
        final moment = DateTime.utc(1970).add(Duration(days: days));
        expect(date, OdbcDate.fromDateTime(moment));
        expect(date.daysSinceEpoch, days);
      }
    });

    test('counts every day around leap days and the turn of the era', () {
      for (final start in [-719800, -366, 0, 10950, 11010]) {
        for (var days = start; days < start + 800; days++) {
          expect(OdbcDate.fromDaysSinceEpoch(days).daysSinceEpoch, days);
        }
      }
    });

    test('goes as far as 32 bits of days do', () {
      for (final days in [-0x80000000, 0x7fffffff]) {
        expect(OdbcDate.fromDaysSinceEpoch(days).daysSinceEpoch, days);
      }
      expect('${OdbcDate.fromDaysSinceEpoch(0x7fffffff)}', '5881580-07-11');
    });

    test('prints and reads any year', () {
      for (final text in [
        '2024-02-29',
        '0001-01-01',
        '-0044-03-15',
        '12345-12-31'
      ]) {
        expect('${OdbcDate.parse(text)}', text);
      }
      expect(OdbcDate(2024, 2, 29).toDateTime(), DateTime.utc(2024, 2, 29));
    });

    test('refuses a day that does not exist', () {
      expect(() => OdbcDate(2023, 2, 29), throwsArgumentError);
      expect(() => OdbcDate(1900, 2, 29), throwsArgumentError);
      expect(() => OdbcDate(2024, 13, 1), throwsArgumentError);
      expect(() => OdbcDate.parse('2024-04-31'), throwsFormatException);
      expect(() => OdbcDate.parse('24-04-30'), throwsFormatException);
    });

    test('is ordered by the calendar', () {
      expect(OdbcDate(2024, 2, 29).compareTo(OdbcDate(2024, 3, 1)), isNegative);
      expect(OdbcDate(-1, 1, 1).compareTo(OdbcDate(1, 1, 1)), isNegative);
    });
  });

  group('OdbcTime', () {
    test('keeps nanoseconds and prints the digits that are needed', () {
      for (final text in [
        '00:00:00',
        '12:34:56.100',
        '23:59:59.999999',
        '01:02:03.000000001',
        '24:00:00',
      ]) {
        expect('${OdbcTime.parse(text)}', text);
      }
      expect(OdbcTime.parse('12:34'), OdbcTime(12, 34));
      expect(OdbcTime(1, 2, 3, 4).format(6), '01:02:03.000000');
      expect(OdbcTime.fromMicroseconds(1).nanosecond, 1000);
      expect(OdbcTime(0, 0, 1).toDuration(), const Duration(seconds: 1));
    });

    test('refuses what is no time of day', () {
      expect(() => OdbcTime(25), throwsArgumentError);
      expect(() => OdbcTime(24, 0, 1), throwsArgumentError);
      expect(() => OdbcTime(0, 60), throwsArgumentError);
      expect(() => OdbcTime.fromMicroseconds(-1), throwsArgumentError);
      expect(() => OdbcTime.parse('12:61:00'), throwsFormatException);
      expect(() => OdbcTime.parse('noon'), throwsFormatException);
    });

    test('is ordered by the clock', () {
      expect(OdbcTime(1).compareTo(OdbcTime(0, 59)), isPositive);
      expect(OdbcTime(1), OdbcTime(1));
      expect(OdbcTime(1).hashCode, OdbcTime(1).hashCode);
    });
  });
}
