/// A time of day without a day or a zone, exact to the nanosecond.
final class OdbcTime implements Comparable<OdbcTime> {
  /// The time [hour]:[minute]:[second] plus [nanosecond].
  ///
  /// What is no time of day is an [ArgumentError]; `24:00:00`, the end of the
  /// day, is one.
  factory OdbcTime(int hour,
      [int minute = 0, int second = 0, int nanosecond = 0]) {
    _check(hour, 24, 'hour');
    _check(minute, 59, 'minute');
    _check(second, 59, 'second');
    _check(nanosecond, _perSecond - 1, 'nanosecond');
    return OdbcTime.fromNanoseconds(
        ((hour * 60 + minute) * 60 + second) * _perSecond + nanosecond);
  }

  /// The time that is [nanoseconds] after midnight.
  OdbcTime.fromNanoseconds(this.nanoseconds) {
    _check(nanoseconds, _perDay, 'nanoseconds');
  }

  /// The time that is [microseconds] after midnight.
  OdbcTime.fromMicroseconds(int microseconds)
      : this.fromNanoseconds(
            _check(microseconds, _perDay ~/ 1000, 'microseconds') * 1000);

  /// Reads `12:34`, `12:34:56` or `12:34:56.123456789`; anything else is a
  /// [FormatException].
  factory OdbcTime.parse(String text) {
    final match = _pattern.firstMatch(text);
    if (match == null) throw FormatException('not a time of day', text);
    final fraction = (match[4] ?? '').padRight(9, '0');
    try {
      return OdbcTime(int.parse(match[1]!), int.parse(match[2]!),
          int.parse(match[3] ?? '0'), int.parse(fraction));
      // The only place where a wrong time is text, and so a matter of format.
      // ignore: avoid_catching_errors
    } on ArgumentError catch (error) {
      throw FormatException('not a time of day: ${error.message}', text);
    }
  }

  static final _pattern =
      RegExp(r'^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$');
  static const _perSecond = 1000000000;
  static const _perDay = 86400 * _perSecond;

  /// Since midnight.
  final int nanoseconds;

  static int _check(int value, int highest, String name) {
    if (value < 0 || value > highest) {
      throw ArgumentError.value(value, name, 'must be 0 to $highest');
    }
    return value;
  }

  /// 0 to 23, and 24 for the end of the day.
  int get hour => nanoseconds ~/ (3600 * _perSecond);

  /// 0 to 59.
  int get minute => nanoseconds ~/ (60 * _perSecond) % 60;

  /// 0 to 59.
  int get second => nanoseconds ~/ _perSecond % 60;

  /// The part of the second, 0 to 999,999,999.
  int get nanosecond => nanoseconds % _perSecond;

  /// Since midnight; nanoseconds below a microsecond are cut off.
  int get microseconds => nanoseconds ~/ 1000;

  /// Since midnight; nanoseconds below a microsecond are cut off.
  Duration toDuration() => Duration(microseconds: microseconds);

  @override
  int compareTo(OdbcTime other) => nanoseconds.compareTo(other.nanoseconds);

  @override
  bool operator ==(Object other) =>
      other is OdbcTime && other.nanoseconds == nanoseconds;

  @override
  int get hashCode => nanoseconds.hashCode;

  /// `12:34:56` and as many of 3, 6 or 9 digits of the second as are needed.
  @override
  String toString() {
    final digits = nanosecond == 0
        ? 0
        : nanosecond % 1000000 == 0
            ? 3
            : nanosecond % 1000 == 0
                ? 6
                : 9;
    return format(digits);
  }

  /// `12:34:56.123` with exactly [digits] (0 to 9) of the second; further
  /// digits are cut off.
  String format(int digits) {
    RangeError.checkValueInInterval(digits, 0, 9, 'digits');
    final clock = [hour, minute, second]
        .map((part) => part.toString().padLeft(2, '0'))
        .join(':');
    if (digits == 0) return clock;
    final fraction = nanosecond.toString().padLeft(9, '0');
    return '$clock.${fraction.substring(0, digits)}';
  }
}
