/// A day of the proleptic Gregorian calendar, without a time or a zone.
final class OdbcDate implements Comparable<OdbcDate> {
  /// The day [year]-[month]-[day]; a day that does not exist is an
  /// [ArgumentError].
  factory OdbcDate(int year, int month, int day) {
    if (month < 1 || month > 12) {
      throw ArgumentError.value(month, 'month', 'must be 1 to 12');
    }
    final days = _daysInMonth(year, month);
    if (day < 1 || day > days) {
      throw ArgumentError.value(day, 'day', 'must be 1 to $days');
    }
    return OdbcDate._(year, month, day);
  }

  const OdbcDate._(this.year, this.month, this.day);

  /// The day that is [days] after 1970-01-01.
  factory OdbcDate.fromDaysSinceEpoch(int days) {
    // Years that begin in March put the leap day last, and an era of 400 of
    // them always has the same number of days.
    final shifted = days + _epochFromEraStart;
    final era = _floor(shifted, _daysPerEra);
    final dayOfEra = shifted - era * _daysPerEra;
    final yearOfEra = (dayOfEra -
            dayOfEra ~/ 1460 +
            dayOfEra ~/ 36524 -
            dayOfEra ~/ 146096) ~/
        365;
    final dayOfYear =
        dayOfEra - (365 * yearOfEra + yearOfEra ~/ 4 - yearOfEra ~/ 100);
    final shiftedMonth = (5 * dayOfYear + 2) ~/ 153;
    final day = dayOfYear - (153 * shiftedMonth + 2) ~/ 5 + 1;
    final month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
    final year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
    return OdbcDate._(year, month, day);
  }

  /// The day that [moment] shows, in the zone that [moment] has.
  OdbcDate.fromDateTime(DateTime moment)
      : this._(moment.year, moment.month, moment.day);

  /// Reads `2024-02-29`, also with more than four digits or a minus in the
  /// year; anything else is a [FormatException].
  factory OdbcDate.parse(String text) {
    final match = _pattern.firstMatch(text);
    if (match == null) throw FormatException('not a date', text);
    final [year, month, day] = [for (var i = 1; i <= 3; i++) match[i]!];
    try {
      return OdbcDate(int.parse(year), int.parse(month), int.parse(day));
      // The only place where a wrong day is text, and so a matter of format.
      // ignore: avoid_catching_errors
    } on ArgumentError catch (error) {
      throw FormatException('not a date: ${error.message}', text);
    }
  }

  static final _pattern = RegExp(r'^(-?\d{4,7})-(\d{2})-(\d{2})$');
  static const _daysPerEra = 146097;
  static const _epochFromEraStart = 719468;

  /// The year; 0 is 1 BC, -1 is 2 BC.
  final int year;

  /// 1 to 12.
  final int month;

  /// 1 to 31.
  final int day;

  static int _floor(int value, int divisor) =>
      (value - value % divisor) ~/ divisor;

  static int _daysInMonth(int year, int month) => switch (month) {
        2 => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28,
        4 || 6 || 9 || 11 => 30,
        _ => 31,
      };

  /// How many days this is after 1970-01-01.
  int get daysSinceEpoch {
    final shiftedYear = month <= 2 ? year - 1 : year;
    final era = _floor(shiftedYear, 400);
    final yearOfEra = shiftedYear - era * 400;
    final shiftedMonth = month > 2 ? month - 3 : month + 9;
    final dayOfYear = (153 * shiftedMonth + 2) ~/ 5 + day - 1;
    final dayOfEra =
        yearOfEra * 365 + yearOfEra ~/ 4 - yearOfEra ~/ 100 + dayOfYear;
    return era * _daysPerEra + dayOfEra - _epochFromEraStart;
  }

  /// Midnight of this day in UTC.
  DateTime toDateTime() => DateTime.utc(year, month, day);

  @override
  int compareTo(OdbcDate other) =>
      daysSinceEpoch.compareTo(other.daysSinceEpoch);

  @override
  bool operator ==(Object other) =>
      other is OdbcDate &&
      other.year == year &&
      other.month == month &&
      other.day == day;

  @override
  int get hashCode => Object.hash(year, month, day);

  /// `2024-02-29`: a year of four digits or more, negative with a minus.
  @override
  String toString() {
    final sign = year < 0 ? '-' : '';
    return '$sign${_pad(year.abs(), 4)}-${_pad(month, 2)}-${_pad(day, 2)}';
  }

  static String _pad(int number, int width) =>
      number.toString().padLeft(width, '0');
}
