import 'dart:convert';
import 'dart:io';

import 'package:odbc_engine/odbc_engine.dart';

/// Does what is counted, and what clears, in a process of its own; tells what
/// came of it as JSON.
void main() {
  final atFirst = metrics();
  final connection = OdbcConnection.open('Driver=SQLite3;Database=:memory:',
      options: OdbcConnectionOptions(statementCacheSize: 2));
  connection
    ..execute('CREATE TABLE pet (id INTEGER)')
    ..execute('INSERT INTO pet VALUES (?)', [1])
    ..execute('INSERT INTO pet VALUES (?)', [2]);
  _kindOf(() => connection.query('SELECT * FROM nowhere'));
  final statement = connection.prepare('SELECT id FROM pet')..execute();
  final stream = statement.stream()..fetch();
  final afterwards = metrics();

  clearAllStatements();
  clearAllStatements();
  final cleared = metrics();
  final used = [
    _kindOf(stream.fetch),
    _kindOf(statement.execute),
    _kindOf(() => connection.query('SELECT id FROM pet')),
  ];
  resetMetrics();
  final reset = metrics();
  connection.close();

  stdout.writeln(jsonEncode({
    'at_first': atFirst,
    'afterwards': afterwards,
    'errors': {
      for (final MapEntry(:key, :value) in afterwards.errors.entries)
        key.name: value,
    },
    'typed': {
      'executions': afterwards.executions,
      'prepares': afterwards.prepares,
      'cache_hits': afterwards.cacheHits,
      'cache_misses': afterwards.cacheMisses,
      'rows': afterwards.rows,
      'bytes': afterwards.bytes,
      'open_connections': afterwards.openConnections,
      'open_statements': afterwards.openStatements,
      'open_streams': afterwards.openStreams,
      'cached_statements': afterwards.cachedStatements,
    },
    'latency': [
      for (final duration in [
        afterwards.latency.p50,
        afterwards.latency.p95,
        afterwards.latency.p99,
        afterwards.latency.max,
      ])
        duration.inMicroseconds,
    ],
    'cleared': cleared,
    'used': used,
    'reset': reset,
  }));
}

String? _kindOf(Object? Function() call) {
  try {
    call();
  } on OdbcException catch (error) {
    return error.kind.name;
  }
  return null;
}
