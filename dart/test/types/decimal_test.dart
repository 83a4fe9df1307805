import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

void main() {
  group('OdbcDecimal', () {
    test('prints exactly the digits of its scale', () {
      expect('${OdbcDecimal(BigInt.from(1250), 2)}', '12.50');
      expect('${OdbcDecimal(BigInt.from(-1), 2)}', '-0.01');
      expect('${OdbcDecimal(BigInt.zero, 3)}', '0.000');
      expect('${OdbcDecimal(BigInt.from(12))}', '12');
      expect('${OdbcDecimal.fromInt(-7)}', '-7');
    });

    test('reads what it prints, and other ways of writing', () {
      for (final text in ['0', '-0.01', '12.5000', '9' * 76, '0.${'9' * 60}']) {
        expect('${OdbcDecimal.parse(text)}', text);
      }
      expect('${OdbcDecimal.parse('+1.5e3')}', '1500');
      expect('${OdbcDecimal.parse('1.5E-3')}', '0.0015');
      expect('${OdbcDecimal.parse('.5')}', '0.5');
      expect('${OdbcDecimal.parse('7.')}', '7');
    });

    test('refuses what is not a number', () {
      for (final text in ['', '.', 'abc', '1,5', '1e', '--1', '0x10', ' 1']) {
        expect(OdbcDecimal.tryParse(text), isNull, reason: text);
        expect(() => OdbcDecimal.parse(text), throwsFormatException);
      }
      expect(() => OdbcDecimal(BigInt.one, -1), throwsRangeError);
    });

    test('is equal when it is the same number', () {
      final short = OdbcDecimal.parse('12.5');
      final long = OdbcDecimal.parse('12.5000');
      expect(short, long);
      expect(short.hashCode, long.hashCode);
      expect(OdbcDecimal.parse('0.00'), OdbcDecimal.fromInt(0));
      expect(
          OdbcDecimal.parse('0.00').hashCode, OdbcDecimal.parse('0').hashCode);
      expect(OdbcDecimal.parse('1'), isNot(OdbcDecimal.parse('10')));
    });

    test('is ordered by its number', () {
      final sorted = ['0.30', '-1', '0.299', '1e2', '-1.01']
          .map(OdbcDecimal.parse)
          .toList()
        ..sort();
      expect(sorted.join(' '), '-1.01 -1 0.299 0.30 100');
      expect(OdbcDecimal.parse('1') < OdbcDecimal.parse('1.1'), isTrue);
      expect(OdbcDecimal.parse('1.0') >= OdbcDecimal.parse('1'), isTrue);
      expect(OdbcDecimal.parse('2') > OdbcDecimal.parse('10'), isFalse);
      expect(OdbcDecimal.parse('2') <= OdbcDecimal.parse('2.0'), isTrue);
    });

    test('takes another scale only without loss', () {
      expect('${OdbcDecimal.parse('1.5').rescale(3)}', '1.500');
      expect('${OdbcDecimal.parse('1.500').rescale(1)}', '1.5');
      expect(OdbcDecimal.parse('1.55').rescale(1), isNull);
    });

    test('holds what is no number, in the order of PostgreSQL', () {
      expect(OdbcDecimal.parse('NaN'), OdbcDecimal.nan);
      expect(OdbcDecimal.parse('-Infinity'), OdbcDecimal.negativeInfinity);
      expect(OdbcDecimal.nan.toDouble(), isNaN);
      expect(() => OdbcDecimal.nan.unscaled, throwsStateError);
      final sorted = [
        OdbcDecimal.nan,
        OdbcDecimal.infinity,
        OdbcDecimal.fromInt(1),
        OdbcDecimal.negativeInfinity,
        OdbcDecimal.fromInt(-1),
      ]..sort();
      expect(sorted.join(' '), '-Infinity -1 1 Infinity NaN');
    });

    test('converts to the nearest double', () {
      expect(OdbcDecimal.parse('0.1').toDouble(), 0.1);
      expect(OdbcDecimal.parse('-12.50').toDouble(), -12.5);
    });
  });
}
