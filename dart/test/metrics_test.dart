import 'dart:convert';
import 'dart:io';

import 'package:test/test.dart';

import 'database/engine.dart';

/// Counts belong to the process, and clearing ends what other tests use: both
/// are seen in a process of their own.
Future<Map<String, Object?>> _counts() async {
  // Fails here, and clearly, when there is no library.
  testEngine();
  final result = await Process.run(
    Platform.resolvedExecutable,
    [
      '--packages=.dart_tool/package_config.json',
      'test/process/counts.dart',
    ],
    environment: testEnvironment(),
  );
  expect(result.stderr, isEmpty);
  expect(result.exitCode, 0);
  return jsonDecode(result.stdout as String) as Map<String, Object?>;
}

void main() {
  late final Map<String, Object?> counts;

  setUpAll(() async => counts = await _counts());

  test('metrics count what was done', () {
    expect(counts['at_first'],
        allOf(containsPair('executions', 0), containsPair('errors', isEmpty)));
    expect(
        counts['typed'],
        allOf([
          containsPair('executions', 5),
          containsPair('prepares', greaterThan(0)),
          containsPair('cache_hits', 1),
          containsPair('rows', 2),
          containsPair('bytes', greaterThan(0)),
          containsPair('open_connections', 1),
          containsPair('open_statements', 1),
          containsPair('open_streams', 1),
        ]));
    expect(counts['errors'], {'syntax': 1});
  });

  test('typed metrics are those of the engine', () {
    final afterwards = counts['afterwards']! as Map<String, Object?>;
    final typed = counts['typed']! as Map<String, Object?>;
    expect({
      for (final name in typed.keys) name: afterwards[name],
    }, typed);
    expect({...typed.keys, 'errors', 'latency_ms'}, afterwards.keys.toSet());
    final latency = afterwards['latency_ms']! as Map<String, Object?>;
    expect(counts['latency'], [
      for (final name in ['p50', 'p95', 'p99', 'max'])
        ((latency[name]! as num) * 1000).round(),
    ]);
  });

  test('clearing ends every statement and stream, and no connection', () {
    expect(
        counts['cleared'],
        allOf([
          containsPair('open_connections', 1),
          containsPair('open_statements', 0),
          containsPair('open_streams', 0),
          containsPair('cached_statements', 0),
        ]));
    expect(counts['used'], ['invalidState', 'invalidState', null]);
  });

  test('a reset leaves what is open', () {
    expect(
        counts['reset'],
        allOf([
          containsPair('executions', 0),
          containsPair('rows', 0),
          containsPair('errors', isEmpty),
          containsPair('open_connections', 1),
        ]));
  });
}
