/// The types by which plain Dart values are sent.
library;

import 'dart:math';
import 'dart:typed_data';

import '../parameter.dart';
import '../types/date.dart';
import '../types/decimal.dart';
import '../types/time.dart';
import '../types/type.dart';

/// The type that says the plain [value], or null for one that has none.
OdbcType? typeOfValue(Object? value) => switch (value) {
      OdbcParameter(:final type) => type,
      null => OdbcType.nothing,
      bool() => OdbcType.boolean,
      int() => OdbcType.int64,
      double() => OdbcType.float64,
      BigInt() => _ofBigInt(value),
      String() => OdbcType.text,
      Uint8List() => OdbcType.binary,
      DateTime() => _instant,
      OdbcDecimal() => _ofDecimal(value),
      OdbcDate() => OdbcType.date,
      OdbcTime(nanoseconds: final count) when count % 1000 != 0 => _preciseTime,
      OdbcTime() => _time,
      _ => null,
    };

/// The type of whole numbers of any size, as precise as [value] needs.
OdbcType _ofBigInt(BigInt value) {
  if (value.bitLength <= 63) return OdbcType.int64;
  if (!value.isNegative && value.bitLength == 64) return OdbcType.uint64;
  return _ofDecimal(OdbcDecimal(value));
}

OdbcType _ofDecimal(OdbcDecimal value) {
  if (!value.isFinite) return OdbcType.unboundedDecimal;
  final digits = max(value.precision, value.scale);
  // What no Arrow decimal holds still has its exact text.
  return digits > 76
      ? OdbcType.unboundedDecimal
      : OdbcType.decimal(digits, value.scale);
}

final _instant = OdbcType.timestamp(timeZone: 'UTC');
final _time = OdbcType.time();
final _preciseTime = OdbcType.time(OdbcTimeUnit.nanosecond);
