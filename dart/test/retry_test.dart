import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import 'exception_matcher.dart';

void main() {
  OdbcException failure(OdbcErrorKind kind, {bool retryable = true}) =>
      OdbcException(kind, 'no luck', operation: 'test', retryable: retryable);

  test('work is tried again until it succeeds', () {
    var calls = 0;
    final result = retry(() {
      if (++calls < 3) throw failure(OdbcErrorKind.connection);
      return 'done';
    });
    expect(result, 'done');
    expect(calls, 3);
  });

  test('the last error is told after the last attempt', () {
    var calls = 0;
    expect(
        () => retry<void>(() {
              calls++;
              throw failure(OdbcErrorKind.transaction);
            }, attempts: 2),
        throwsOdbc(OdbcErrorKind.transaction));
    expect(calls, 2);
  });

  test('what cannot succeed is not tried again', () {
    for (final (error, OdbcErrorKind? wanted) in <(Exception, OdbcErrorKind?)>[
      (failure(OdbcErrorKind.syntax, retryable: false), null),
      (failure(OdbcErrorKind.connection), OdbcErrorKind.transaction),
      (const FormatException(), null),
    ]) {
      var calls = 0;
      expect(
          () => retry<void>(() {
                calls++;
                throw error;
              }, when: (error) => wanted == null || error.kind == wanted),
          throwsA(same(error)));
      expect(calls, 1);
    }
  });

  test('no attempt at all is refused', () {
    expect(() => retry(() => fail('was called'), attempts: 0),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['attempts', '0']));
  });
}
