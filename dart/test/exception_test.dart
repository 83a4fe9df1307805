import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

void main() {
  test('the numbers of the kinds never change', () {
    expect({
      for (final kind in OdbcErrorKind.values) kind.number: kind.label
    }, {
      1: 'InvalidArgument',
      2: 'InvalidState',
      3: 'Unsupported',
      4: 'Connection',
      5: 'Authentication',
      6: 'Syntax',
      7: 'Constraint',
      8: 'Data',
      9: 'Transaction',
      10: 'Timeout',
      11: 'Cancelled',
      12: 'Truncated',
      13: 'Limit',
      14: 'Driver',
      15: 'Internal',
    });
    for (final kind in OdbcErrorKind.values) {
      expect(OdbcErrorKind.of(kind.number), kind);
      expect(OdbcException(kind, 'm', operation: 'o').kind, kind);
    }
    expect(OdbcErrorKind.of(99), OdbcErrorKind.internal);
  });

  test('an exception says all it knows', () {
    final error = OdbcException(
      OdbcErrorKind.data,
      'out of range',
      operation: 'fetch',
      sqlstate: '22003',
      nativeCode: 7,
      column: 'price',
      row: 3,
    );
    expect(error, isA<OdbcDataException>());
    expect(
        '$error',
        'OdbcException Data in fetch: out of range '
            '(SQLSTATE 22003, native code 7, column "price", row 3)');
  });
}
