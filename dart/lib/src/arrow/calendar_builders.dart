/// Columns of dates, times, timestamps and UUIDs.
library;

import 'dart:ffi';
import 'dart:typed_data';

import '../types/date.dart';
import '../types/time.dart';
import '../types/type.dart';
import '../types/uuid.dart';
import 'column_builder.dart';
import 'native_buffer.dart';
import 'number_builders.dart';

/// A column of what is counted in integers of 32 or 64 bits.
abstract base class CountBuilder<T extends Object> extends FixedBuilder<T> {
  /// An empty column.
  CountBuilder(String name, OdbcType type, Refuse refuse)
      : super(name, type, refuse, type.bits ~/ 8);

  List<int> _view = Int64List(0);

  @override
  void viewValues(NativeBuffer values) {
    final count = values.capacity ~/ width;
    _view = switch (width) {
      _ when count == 0 => Int64List(0),
      4 => values.pointer.cast<Int32>().asTypedList(count),
      _ => values.pointer.cast<Int64>().asTypedList(count),
    };
  }

  /// The number that stands for [value].
  int countOf(T value);

  @override
  void write(int place, T value) => _view[place] = countOf(value);
}

/// A column of days.
final class DateBuilder extends CountBuilder<OdbcDate> {
  /// An empty column.
  DateBuilder(super.name, super.type, super.refuse);

  @override
  int countOf(OdbcDate value) {
    final days = value.daysSinceEpoch;
    if (days != days.toSigned(32)) {
      throw refuse('$value is beyond the years of $type');
    }
    return days;
  }
}

/// A column of times of day.
final class TimeBuilder extends CountBuilder<OdbcTime> {
  /// An empty column.
  TimeBuilder(super.name, super.type, super.refuse)
      : _unit = _power(9 - type.unit!.digits);

  final int _unit;

  @override
  int countOf(OdbcTime value) {
    if (value.nanoseconds % _unit != 0) {
      throw refuse('$value has digits below a ${type.unit!.name}');
    }
    return value.nanoseconds ~/ _unit;
  }
}

/// A column of instants, or of what a clock on the wall shows.
final class TimestampBuilder extends CountBuilder<DateTime> {
  /// An empty column.
  TimestampBuilder(super.name, super.type, super.refuse)
      : _unit = _power(6 - (type.unit!.digits > 6 ? 6 : type.unit!.digits));

  static const _farthestForNanoseconds = 0x7FFFFFFFFFFFFFFF ~/ 1000;

  // How many microseconds one has.
  final int _unit;

  @override
  int countOf(DateTime value) {
    final microseconds = type.timeZone == null && !value.isUtc
        ? _wallClock(value).microsecondsSinceEpoch
        : value.microsecondsSinceEpoch;
    if (type.unit == OdbcTimeUnit.nanosecond) {
      if (microseconds.abs() > _farthestForNanoseconds) {
        throw refuse('$value is beyond the years of $type');
      }
      return microseconds * 1000;
    }
    if (microseconds % _unit != 0) {
      throw refuse('$value has digits below a ${type.unit!.name}');
    }
    return microseconds ~/ _unit;
  }

  static DateTime _wallClock(DateTime value) => DateTime.utc(
      value.year,
      value.month,
      value.day,
      value.hour,
      value.minute,
      value.second,
      value.millisecond,
      value.microsecond);
}

/// A column of UUIDs, given as texts.
final class UuidBuilder extends FixedBuilder<String> {
  /// An empty column.
  UuidBuilder(String name, OdbcType type, Refuse refuse)
      : super(name, type, refuse, 16);

  Uint8List _bytes = Uint8List(0);

  @override
  void viewValues(NativeBuffer values) => _bytes = values.bytes;

  @override
  void write(int place, String value) {
    final bytes =
        tryParseUuid(value) ?? (throw refuse('"$value" is not a UUID'));
    _bytes.setRange(place * 16, place * 16 + 16, bytes);
  }
}

int _power(int exponent) {
  var value = 1;
  for (var i = 0; i < exponent; i++) {
    value *= 10;
  }
  return value;
}
