/// Dart values as the buffers of Arrow arrays of length one.
library;

import 'dart:math';
import 'dart:typed_data';

import '../bindings/call.dart';
import '../exception.dart';
import '../parameter.dart';
import '../types/date.dart';
import '../types/decimal.dart';
import '../types/time.dart';
import '../types/type.dart';
import '../types/uuid.dart';

/// One parameter, ready for native memory.
///
/// Its buffers are those behind the validity bitmap; they hold zeros for a null.
typedef EncodedParameter = ({
  OdbcType type,
  bool isNull,
  List<Uint8List> buffers,
});

/// The parameter that errors call [subject], such as `parameter 1`.
EncodedParameter encodeParameter(Object? value, String subject) {
  final encoder = _Encoder(subject);
  final parameter = encoder.typed(value);
  final type = parameter.type;
  final content = parameter.value;
  if (content == null) {
    return (type: type, isNull: true, buffers: _emptyBuffers(type));
  }
  return (type: type, isNull: false, buffers: encoder.buffers(type, content));
}

List<Uint8List> _emptyBuffers(OdbcType type) => switch (type.format) {
      'n' => const [],
      'u' || 'z' || 'U' || 'Z' => [Uint8List(type.bits ~/ 4), Uint8List(0)],
      _ => [Uint8List((type.width ?? 0) + (type.bits + 7) ~/ 8)],
    };

final class _Encoder {
  const _Encoder(this.subject);

  final String subject;

  OdbcParameter typed(Object? value) => switch (value) {
        OdbcParameter() => value,
        null => const OdbcParameter(OdbcType.nothing, null),
        bool() => OdbcParameter(OdbcType.boolean, value),
        int() => OdbcParameter(OdbcType.int64, value),
        double() => OdbcParameter(OdbcType.float64, value),
        BigInt() => _bigInt(value),
        String() => OdbcParameter(OdbcType.text, value),
        Uint8List() => OdbcParameter(OdbcType.binary, value),
        DateTime() => OdbcParameter(OdbcType.timestamp(timeZone: 'UTC'), value),
        OdbcDecimal() => _decimal(value),
        OdbcDate() => OdbcParameter(OdbcType.date, value),
        OdbcTime(nanoseconds: final count) when count % 1000 != 0 =>
          OdbcParameter(OdbcType.time(OdbcTimeUnit.nanosecond), value),
        OdbcTime() => OdbcParameter(OdbcType.time(), value),
        _ => throw refusal('a ${value.runtimeType} cannot be sent'),
      };

  OdbcParameter _bigInt(BigInt value) {
    if (value.bitLength <= 63) {
      return OdbcParameter(OdbcType.int64, value.toInt());
    }
    if (!value.isNegative && value.bitLength == 64) {
      return OdbcParameter(OdbcType.uint64, value);
    }
    return _decimal(OdbcDecimal(value));
  }

  OdbcParameter _decimal(OdbcDecimal value) {
    if (!value.isFinite) return OdbcParameter(OdbcType.unboundedDecimal, value);
    final digits = max(value.precision, value.scale);
    // What no Arrow decimal holds still has its exact text.
    final type = digits > 76
        ? OdbcType.unboundedDecimal
        : OdbcType.decimal(digits, value.scale);
    return OdbcParameter(type, value);
  }

  List<Uint8List> buffers(OdbcType type, Object value) =>
      switch ((type.family, value)) {
        (OdbcTypeFamily.boolean, final bool value) => [
            Uint8List.fromList([if (value) 1 else 0]),
          ],
        (OdbcTypeFamily.integer, int() || BigInt()) => [_integer(type, value)],
        (OdbcTypeFamily.real, final num value) => [_real(type, value)],
        (OdbcTypeFamily.decimal, final OdbcDecimal value) =>
          _decimalBuffers(type, value),
        (OdbcTypeFamily.decimal, final int value) =>
          _decimalBuffers(type, OdbcDecimal.fromInt(value)),
        (OdbcTypeFamily.decimal, final BigInt value) =>
          _decimalBuffers(type, OdbcDecimal(value)),
        (OdbcTypeFamily.text, final String value) =>
          _variable(type, _text(value)),
        (OdbcTypeFamily.binary, final Uint8List value) => _binary(type, value),
        (OdbcTypeFamily.date, final OdbcDate value) => [
            _little(value.daysSinceEpoch, 32),
          ],
        (OdbcTypeFamily.time, final OdbcTime value) => [_time(type, value)],
        (OdbcTypeFamily.timestamp, final DateTime value) => [
            _timestamp(type, value),
          ],
        (OdbcTypeFamily.uuid, final String value) => [
            tryParseUuid(value) ?? (throw refusal('"$value" is not a UUID')),
          ],
        _ => throw refusal('a ${value.runtimeType} is no value of $type'),
      };

  Uint8List _integer(OdbcType type, Object value) {
    final number = value is int ? BigInt.from(value) : value as BigInt;
    final fits = type.signed
        ? number.bitLength < type.bits
        : !number.isNegative && number.bitLength <= type.bits;
    if (!fits) throw refusal('$number does not fit $type');
    return _little(number.toSigned(64).toInt(), type.bits);
  }

  Uint8List _real(OdbcType type, num value) {
    if (type.bits == 64) {
      if (value is int && (value > _exactDouble || value < -_exactDouble)) {
        throw refusal('$value does not fit $type exactly');
      }
      return Float64List.fromList([value.toDouble()]).buffer.asUint8List();
    }
    final narrow = Float32List.fromList([value.toDouble()]);
    if (!value.isNaN && narrow[0] != value) {
      throw refusal('$value does not fit $type exactly');
    }
    return narrow.buffer.asUint8List();
  }

  List<Uint8List> _decimalBuffers(OdbcType type, OdbcDecimal value) {
    if (type == OdbcType.unboundedDecimal) {
      return _variable(type, _text(value.toString()));
    }
    final rescaled = value.isFinite ? value.rescale(type.scale!) : null;
    if (rescaled == null || rescaled.precision > type.precision!) {
      throw refusal('$value does not fit $type');
    }
    final bytes = Uint8List(type.bits ~/ 8);
    var rest = rescaled.unscaled.toUnsigned(type.bits);
    for (var i = 0; i < bytes.length; i++) {
      bytes[i] = rest.toUnsigned(8).toInt();
      rest = rest >> 8;
    }
    return [bytes];
  }

  List<Uint8List> _binary(OdbcType type, Uint8List value) {
    final width = type.width;
    if (width == null) return _variable(type, value);
    if (value.length == width) return [value];
    throw refusal('${value.length} bytes do not fit $type');
  }

  List<Uint8List> _variable(OdbcType type, Uint8List bytes) {
    if (type.bits == 32 && bytes.length > 0x7FFFFFFF) {
      throw refusal('${bytes.length} bytes do not fit $type');
    }
    final offsets = type.bits == 32
        ? Int32List.fromList([0, bytes.length]).buffer
        : Int64List.fromList([0, bytes.length]).buffer;
    return [offsets.asUint8List(), bytes];
  }

  Uint8List _time(OdbcType type, OdbcTime value) {
    final unit = _power(9 - type.unit!.digits);
    if (value.nanoseconds % unit != 0) {
      throw refusal('$value has digits below a ${type.unit!.name}');
    }
    return _little(value.nanoseconds ~/ unit, type.bits);
  }

  Uint8List _timestamp(OdbcType type, DateTime value) {
    final microseconds = type.timeZone == null
        ? _wallClock(value).microsecondsSinceEpoch
        : value.microsecondsSinceEpoch;
    final digits = type.unit!.digits;
    if (digits > 6) {
      if (microseconds.abs() > _farthestForNanoseconds) {
        throw refusal('$value is beyond the years of $type');
      }
      return _little(microseconds * 1000, 64);
    }
    final unit = _power(6 - digits);
    if (microseconds % unit != 0) {
      throw refusal('$value has digits below a ${type.unit!.name}');
    }
    return _little(microseconds ~/ unit, 64);
  }

  Uint8List _text(String value) =>
      encodeText(value, subject, operation: 'execute');

  OdbcException refusal(String reason) => OdbcException(
        OdbcErrorKind.invalidArgument,
        '$subject: $reason',
        operation: 'execute',
      );
}

// Every whole number up to here is a double.
const _exactDouble = 1 << 53;

const _farthestForNanoseconds = 0x7FFFFFFFFFFFFFFF ~/ 1000;

DateTime _wallClock(DateTime value) => DateTime.utc(
    value.year,
    value.month,
    value.day,
    value.hour,
    value.minute,
    value.second,
    value.millisecond,
    value.microsecond);

Uint8List _little(int value, int bits) => Uint8List.sublistView(
    ByteData(8)..setInt64(0, value, Endian.little), 0, bits ~/ 8);

int _power(int exponent) {
  var value = 1;
  for (var i = 0; i < exponent; i++) {
    value *= 10;
  }
  return value;
}
