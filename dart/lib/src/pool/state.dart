import 'dart:convert';

/// How a pool is doing at one moment.
final class OdbcPoolState {
  /// The state that the engine tells as [values].
  OdbcPoolState(Map<String, Object?> values)
      : _values = Map.unmodifiable(values);

  final Map<String, Object?> _values;

  /// Connections that are kept open at least.
  int get sizeMin => _count('size_min');

  /// Connections that may be open at most.
  int get sizeMax => _count('size_max');

  /// Connections that are open: [idle] and [inUse].
  int get size => _count('size');

  /// Connections that nobody uses.
  int get idle => _count('idle');

  /// Connections that are lent, or being checked or set back.
  int get inUse => _count('in_use');

  /// Connections that are being opened, beside [size].
  int get opening => _count('opening');

  /// Callers that wait for a connection.
  int get waiting => _count('waiting');

  /// How often a connection was lent.
  int get acquired => _count('acquired');

  /// How often a caller waited in vain.
  int get timedOut => _count('timed_out');

  /// How many connections were opened.
  int get created => _count('created');

  /// How often opening one failed.
  int get failed => _count('failed');

  /// How many were closed, by reason: `broken`, `changed`, `idle`, `lifetime`,
  /// `surplus`.
  Map<String, int> get closed =>
      (_values['closed']! as Map<String, Object?>).cast<String, int>();

  /// The state as the engine names it, for example for a log; its `wait_ms`
  /// tells how long callers waited.
  Map<String, Object?> toJson() => Map.of(_values);

  @override
  String toString() => jsonEncode(_values);

  int _count(String name) => _values[name]! as int;
}
