/// Arrow values as Dart values.
library;

import 'dart:typed_data';

import '../bindings/utf8.dart';
import '../types/date.dart';
import '../types/decimal.dart';
import '../types/time.dart';
import '../types/type.dart';
import '../types/uuid.dart';
import 'column_buffers.dart';

/// The Dart value of a row that is not null.
typedef Decoder = Object Function(int row);

/// A value that its Dart type cannot hold.
final class DecodeFailure implements Exception {
  /// A failure for the reason that [message] gives.
  const DecodeFailure(this.message);

  /// Names the value.
  final String message;

  @override
  String toString() => message;
}

/// How the values of [type] in [buffers] are read.
Decoder decoderOf(OdbcType type, ColumnBuffers buffers) =>
    switch (type.family) {
      OdbcTypeFamily.nothing => (row) => throw StateError('every row is null'),
      OdbcTypeFamily.boolean => buffers.bit,
      OdbcTypeFamily.integer => _integers(type, buffers),
      OdbcTypeFamily.real => _reals(type, buffers),
      OdbcTypeFamily.decimal => _decimals(type, buffers),
      OdbcTypeFamily.text => _texts(type, buffers),
      OdbcTypeFamily.binary => _binaries(type, buffers),
      OdbcTypeFamily.date => _dates(buffers),
      OdbcTypeFamily.time => _times(type, buffers),
      OdbcTypeFamily.timestamp => _timestamps(type, buffers),
      OdbcTypeFamily.uuid => _uuids(buffers),
    };

Decoder _integers(OdbcType type, ColumnBuffers buffers) {
  if (!type.signed && type.bits == 64) {
    final values = buffers.int64s;
    return (row) => BigInt.from(values[row]).toUnsigned(64);
  }
  final values = integerView(type, buffers);
  return (row) => values[row];
}

/// The integers, or what dates, times and timestamps count, without a copy.
List<int> integerView(OdbcType type, ColumnBuffers buffers) =>
    switch ((type.bits, type.signed)) {
      (8, true) => buffers.int8s,
      (16, true) => buffers.int16s,
      (32, true) => buffers.int32s,
      (64, true) => buffers.int64s,
      (8, false) => buffers.uint8s,
      (16, false) => buffers.uint16s,
      (32, false) => buffers.uint32s,
      _ => buffers.uint64s,
    };

Decoder _reals(OdbcType type, ColumnBuffers buffers) {
  final values = type.bits == 32 ? buffers.float32s : buffers.float64s;
  return (row) => values[row];
}

Decoder _decimals(OdbcType type, ColumnBuffers buffers) {
  if (type == OdbcType.unboundedDecimal) {
    final texts = _texts(type, buffers);
    return (row) {
      final text = texts(row);
      return OdbcDecimal.tryParse(text) ??
          (throw DecodeFailure('"$text" is not a decimal number'));
    };
  }
  final limbs = type.bits ~/ 64;
  final words = Int64List.sublistView(buffers.fixed(limbs * 8));
  final scale = type.scale!;
  return (row) => OdbcDecimal(_wideInteger(words, row * limbs, limbs), scale);
}

BigInt _wideInteger(Int64List words, int start, int limbs) {
  var value = BigInt.from(words[start + limbs - 1]);
  for (var limb = limbs - 2; limb >= 0; limb--) {
    final word = words[start + limb];
    // Most decimals fit one word; the words above then only repeat its sign.
    value = value == (word < 0 ? -BigInt.one : BigInt.zero)
        ? BigInt.from(word)
        : (value << 64) | BigInt.from(word).toUnsigned(64);
  }
  return value;
}

String Function(int row) _texts(OdbcType type, ColumnBuffers buffers) {
  final offsets = buffers.offsets(type.bits);
  final bytes = buffers.data(offsets.last);
  return (row) {
    try {
      return exactText(bytes, offsets[row], offsets[row + 1]);
    } on FormatException catch (error) {
      throw DecodeFailure('the text is not UTF-8: ${error.message}');
    }
  };
}

Decoder _binaries(OdbcType type, ColumnBuffers buffers) {
  if (type.width case final width?) {
    final bytes = buffers.fixed(width);
    return (row) => bytes.sublist(row * width, (row + 1) * width);
  }
  final offsets = buffers.offsets(type.bits);
  final bytes = buffers.data(offsets.last);
  return (row) => bytes.sublist(offsets[row], offsets[row + 1]);
}

Decoder _dates(ColumnBuffers buffers) {
  final days = buffers.int32s;
  return (row) => OdbcDate.fromDaysSinceEpoch(days[row]);
}

Decoder _times(OdbcType type, ColumnBuffers buffers) {
  final counts = integerView(type, buffers);
  final unit = type.unit!;
  final nanoseconds = _power(9 - unit.digits);
  final highest = 86400 * _power(unit.digits);
  return (row) {
    final count = counts[row];
    if (count < 0 || count > highest) {
      throw DecodeFailure('$count ${unit.name}s are no time of day');
    }
    return OdbcTime.fromNanoseconds(count * nanoseconds);
  };
}

Decoder _timestamps(OdbcType type, ColumnBuffers buffers) {
  final counts = buffers.int64s;
  final unit = type.unit!;
  if (unit == OdbcTimeUnit.nanosecond) {
    return (row) {
      final count = counts[row];
      if (count % 1000 != 0) {
        throw DecodeFailure(
            'the timestamp $count ns has digits below a microsecond, which '
            'DateTime does not hold; asInt64List() gives them');
      }
      return DateTime.fromMicrosecondsSinceEpoch(count ~/ 1000, isUtc: true);
    };
  }
  final microseconds = _power(6 - unit.digits);
  final farthest = _farthestMicroseconds ~/ microseconds;
  return (row) {
    final count = counts[row];
    if (count < -farthest || count > farthest) {
      throw DecodeFailure('the timestamp $count ${unit.name}s is beyond the '
          'years that DateTime holds; asInt64List() gives it');
    }
    return DateTime.fromMicrosecondsSinceEpoch(count * microseconds,
        isUtc: true);
  };
}

Decoder _uuids(ColumnBuffers buffers) {
  final bytes = buffers.fixed(16);
  return (row) =>
      formatUuid(Uint8List.sublistView(bytes, row * 16, row * 16 + 16));
}

// DateTime holds 100,000,000 days either side of 1970.
const _farthestMicroseconds = 100000000 * 86400 * 1000000;

int _power(int exponent) {
  var value = 1;
  for (var i = 0; i < exponent; i++) {
    value *= 10;
  }
  return value;
}
