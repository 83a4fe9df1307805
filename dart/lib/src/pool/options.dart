import 'dart:convert';

import '../options.dart';

/// How a pool works; what is null is left to the engine's default.
final class OdbcPoolOptions {
  /// Options by name: how many connections are kept open ([sizeMin]) and may be
  /// at most ([sizeMax]); how long a caller waits for one ([acquireTimeout]);
  /// how long one beyond [sizeMin] may go unused ([idleTimeout]) and how long
  /// one is used at all ([lifetime]), zero for ever; a query that must succeed
  /// before one is lent ([validationQuery], empty for none); and how they are
  /// opened ([connection]). Durations count in whole milliseconds.
  OdbcPoolOptions({
    int? sizeMin,
    int? sizeMax,
    Duration? acquireTimeout,
    Duration? idleTimeout,
    Duration? lifetime,
    String? validationQuery,
    OdbcConnectionOptions? connection,
  }) : _values = {
          if (sizeMin != null) 'size_min': sizeMin,
          if (sizeMax != null) 'size_max': sizeMax,
          if (acquireTimeout != null)
            'acquire_timeout_ms': acquireTimeout.inMilliseconds,
          if (idleTimeout != null)
            'idle_timeout_ms': idleTimeout.inMilliseconds,
          if (lifetime != null) 'lifetime_ms': lifetime.inMilliseconds,
          if (validationQuery != null) 'validation_query': validationQuery,
          if (connection != null) 'connection': connection.toJson(),
        };

  /// Options as the engine names them; the engine refuses unknown names and
  /// bad values.
  OdbcPoolOptions.fromJson(Map<String, Object?> values)
      : _values = Map.of(values);

  final Map<String, Object?> _values;

  /// The options as the engine names them.
  Map<String, Object?> toJson() => Map.of(_values);

  @override
  String toString() => jsonEncode(_values, toEncodable: (value) => '$value');
}
