import 'dart:convert';

import 'bindings/call.dart';
import 'engine.dart';
import 'exception.dart';

/// What the engine did in this process, in all isolates together, since its
/// start or the last [resetMetrics].
///
/// [engine] is [OdbcEngine.load]ed when it is not given.
OdbcMetrics metrics({OdbcEngine? engine}) {
  final functions = libraryOf(engine ?? OdbcEngine.load()).functions;
  return OdbcMetrics._(
      jsonDecode(readText('metrics', functions.metricsRead)) as _Json);
}

/// Sets every count back to zero, but what is open.
///
/// [engine] is [OdbcEngine.load]ed when it is not given.
void resetMetrics({OdbcEngine? engine}) => check(
    'metrics', libraryOf(engine ?? OdbcEngine.load()).functions.metricsReset);

typedef _Json = Map<String, Object?>;

/// What the engine did in this process.
final class OdbcMetrics {
  OdbcMetrics._(this._values);

  final _Json _values;

  /// Executions of statements, failed ones included.
  int get executions => _count('executions');

  /// How often a statement was prepared.
  int get prepares => _count('prepares');

  /// Executions that found their statement prepared in a connection's cache.
  int get cacheHits => _count('cache_hits');

  /// Executions that looked for it there and did not find it.
  int get cacheMisses => _count('cache_misses');

  /// Errors of executions and fetches; a kind without any is not there.
  late final Map<OdbcErrorKind, int> errors = () {
    final counts = _values['errors']! as _Json;
    return Map<OdbcErrorKind, int>.unmodifiable({
      for (final kind in OdbcErrorKind.values)
        if (counts[kind.label] case final int count) kind: count,
    });
  }();

  /// Rows that were fetched.
  int get rows => _count('rows');

  /// Bytes of the Arrow buffers they came in.
  int get bytes => _count('bytes');

  /// How long executions took.
  late final OdbcLatency latency =
      OdbcLatency._(_values['latency_ms']! as _Json);

  /// Connections that are open.
  int get openConnections => _count('open_connections');

  /// Statements that are open.
  int get openStatements => _count('open_statements');

  /// Results that are being read.
  int get openStreams => _count('open_streams');

  /// Prepared statements that are kept in the connections' caches.
  int get cachedStatements => _count('cached_statements');

  /// The metrics as the engine names them, for example for a log.
  Map<String, Object?> toJson() => Map.of(_values);

  @override
  String toString() => jsonEncode(_values);

  int _count(String name) => _values[name]! as int;
}

/// A distribution of durations, exact to three digits.
final class OdbcLatency {
  OdbcLatency._(_Json milliseconds)
      : p50 = _duration(milliseconds['p50']),
        p95 = _duration(milliseconds['p95']),
        p99 = _duration(milliseconds['p99']),
        max = _duration(milliseconds['max']);

  /// Half are at most this long.
  final Duration p50;

  /// 95 of 100 are at most this long.
  final Duration p95;

  /// 99 of 100 are at most this long.
  final Duration p99;

  /// The longest.
  final Duration max;

  static Duration _duration(Object? milliseconds) =>
      Duration(microseconds: ((milliseconds! as num) * 1000).round());

  @override
  String toString() =>
      'OdbcLatency(p50: $p50, p95: $p95, p99: $p99, max: $max)';
}
