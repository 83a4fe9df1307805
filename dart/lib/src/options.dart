import 'dart:convert';

import 'isolation.dart';

/// How a connection is opened; what is null is left to the engine's default.
final class OdbcConnectionOptions {
  /// Options by name. [loginTimeout] counts in whole milliseconds;
  /// [statementCacheSize] is how many prepared statements are kept for later
  /// ones of the same text; [streaming] asks the driver to fetch results bit by
  /// bit instead of holding them in memory. An execution, or the fetching of a
  /// batch, that takes longer than [queryTimeout] (whole milliseconds) is
  /// stopped; [cancelConnection] tells whether a second connection may be opened
  /// to stop what runs, where the database needs one.
  OdbcConnectionOptions({
    Duration? loginTimeout,
    bool? readOnly,
    bool? autocommit,
    int? statementCacheSize,
    bool? streaming,
    Duration? queryTimeout,
    bool? cancelConnection,
  }) : _values = {
          if (loginTimeout != null)
            'login_timeout_ms': loginTimeout.inMilliseconds,
          if (readOnly != null) 'read_only': readOnly,
          if (autocommit != null) 'autocommit': autocommit,
          if (streaming != null) 'streaming': streaming,
          if (queryTimeout != null)
            'query_timeout_ms': queryTimeout.inMilliseconds,
          if (cancelConnection != null) 'cancel_connection': cancelConnection,
          if (statementCacheSize != null)
            'statement_cache_size': statementCacheSize,
        };

  /// Options as the engine names them, for example from a configuration file;
  /// the engine refuses unknown names and bad values.
  OdbcConnectionOptions.fromJson(Map<String, Object?> values)
      : _values = Map.of(values);

  final Map<String, Object?> _values;

  /// The options as the engine names them.
  Map<String, Object?> toJson() => Map.of(_values);

  @override
  String toString() => _encode(_values);
}

/// How a transaction runs; what is null is left to the engine's default.
final class OdbcTransactionOptions {
  /// Options by name. The server itself refuses writes in a [readOnly]
  /// transaction.
  OdbcTransactionOptions({OdbcIsolation? isolation, bool? readOnly})
      : _values = {
          if (isolation != null) 'isolation': isolation.label,
          if (readOnly != null) 'read_only': readOnly,
        };

  /// Options as the engine names them; the engine refuses unknown names and
  /// bad values.
  OdbcTransactionOptions.fromJson(Map<String, Object?> values)
      : _values = Map.of(values);

  final Map<String, Object?> _values;

  /// The options as the engine names them.
  Map<String, Object?> toJson() => Map.of(_values);

  @override
  String toString() => _encode(_values);
}

/// How a result is read; what is null is left to the engine's default.
final class OdbcStreamOptions {
  /// Limits of a batch and of a single value, and whether a thread fetches one
  /// batch ahead; unless told, it does where the consumer takes its time.
  OdbcStreamOptions({
    int? batchRowsMax,
    int? batchBytesMax,
    int? columnBytesMax,
    bool? prefetch,
  }) : _values = {
          if (prefetch != null) 'prefetch': prefetch,
          if (batchRowsMax != null) 'batch_rows_max': batchRowsMax,
          if (batchBytesMax != null) 'batch_bytes_max': batchBytesMax,
          if (columnBytesMax != null) 'column_bytes_max': columnBytesMax,
        };

  /// Options as the engine names them; the engine refuses unknown names and
  /// bad values.
  OdbcStreamOptions.fromJson(Map<String, Object?> values)
      : _values = Map.of(values);

  final Map<String, Object?> _values;

  /// The options as the engine names them.
  Map<String, Object?> toJson() => Map.of(_values);

  @override
  String toString() => _encode(_values);
}

// What is not JSON becomes text, which the engine then refuses by name.
String _encode(Map<String, Object?> values) =>
    jsonEncode(values, toEncodable: (value) => '$value');
