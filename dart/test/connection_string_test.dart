import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import 'database/engine.dart';
import 'exception_matcher.dart';

void main() {
  final engine = testEngine();
  const pairs = [
    ('Driver', 'PostgreSQL Unicode'),
    ('UID', 'zoë'),
    ('PWD', r'a;b}c= "\'),
    ('Options', ''),
  ];

  test('what is put together is taken apart again', () {
    final built = OdbcConnectionString.fromPairs(pairs, engine: engine);
    expect(built.text, startsWith('Driver=PostgreSQL Unicode;UID=zoë;PWD={a;'));
    final parsed = OdbcConnectionString.parse(built.text, engine: engine);
    expect(parsed.pairs, pairs);
    expect(parsed['pwd'], pairs[2].$2);
    expect(parsed['Server'], isNull);
  });

  test('a string that is printed shows no secret', () {
    final built = OdbcConnectionString.fromPairs(pairs, engine: engine);
    final parsed =
        OdbcConnectionString.parse('uid=me;Pwd={se;cret};', engine: engine);
    expect('$built', 'Driver=PostgreSQL Unicode;UID=zoë;PWD=***;Options=');
    expect('$parsed', 'uid=me;Pwd=***');
    expect(parsed.text, 'uid=me;Pwd={se;cret};');
  });

  test('it connects', () {
    final string = OdbcConnectionString.fromPairs(
        [('Driver', 'SQLite3'), ('Database', ':memory:')],
        engine: engine);
    OdbcConnection.open(string.text, engine: engine).close();
  });

  test('a refusal names the key and shows no value', () {
    for (final (given, says) in [
      ('PWD={secret', 'PWD'),
      ('PWD={secret}secret', 'PWD'),
      ('Driver=x;secret', 'part 2'),
      ('PWD=secret\ud800', 'surrogate'),
      ('', 'empty'),
    ]) {
      expect(
          () => OdbcConnectionString.parse(given, engine: engine),
          throwsA(isA<OdbcInvalidArgumentException>().having(
              (error) => '$error',
              'text',
              allOf(contains(says), isNot(contains('secret'))))));
    }
    for (final (pair, says) in [
      (('a=b', 'v'), 'a=b'),
      (('PWD', 'secret\u0000'), 'PWD'),
      (('PWD', 'secret\udc00'), 'PWD'),
      (('\udc00', 'secret'), 'key'),
    ]) {
      expect(
          () => OdbcConnectionString.fromPairs([pair], engine: engine),
          throwsA(isA<OdbcInvalidArgumentException>().having(
              (error) => '$error',
              'text',
              allOf(contains(says), isNot(contains('secret'))))));
    }
    expect(() => OdbcConnectionString.fromPairs([], engine: engine),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['empty']));
  });
}
