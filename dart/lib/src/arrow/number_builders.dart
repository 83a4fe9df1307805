/// Columns of values that have the same width each: booleans and numbers.
library;

import 'dart:ffi';
import 'dart:typed_data';

import '../types/decimal.dart';
import '../types/type.dart';
import 'column_builder.dart';
import 'native_buffer.dart';

/// A column whose values have [width] bytes each.
abstract base class FixedBuilder<T extends Object>
    extends OdbcColumnBuilder<T> {
  /// An empty column.
  FixedBuilder(String name, OdbcType type, Refuse refuse, this.width)
      : super(name, type, refuse, 1);

  /// How many bytes a value has.
  final int width;

  int _room = 0;

  @override
  int get byteSize => length * width;

  /// Takes a view of [values].
  void viewValues(NativeBuffer values);

  @override
  void makeRoom(int place) {
    if (place < _room) return;
    buffers[1].reserve((place + 1) * width, used: length * width);
    view();
  }

  @override
  void view() {
    _room = buffers[1].capacity ~/ width;
    viewValues(buffers[1]);
  }
}

/// A column of bits.
final class BoolBuilder extends OdbcColumnBuilder<bool> {
  /// An empty column.
  BoolBuilder(String name, OdbcType type, Refuse refuse)
      : super(name, type, refuse, 1);

  Uint8List _bits = Uint8List(0);

  @override
  int get byteSize => (length + 7) >> 3;

  @override
  void makeRoom(int place) {
    if (place >> 3 < _bits.length) return;
    buffers[1].reserve((place >> 3) + 1, used: byteSize);
    view();
  }

  @override
  void write(int place, bool value) {
    if (value) {
      _bits[place >> 3] |= 1 << (place & 7);
    } else {
      _bits[place >> 3] &= ~(1 << (place & 7));
    }
  }

  @override
  void view() => _bits = buffers[1].bytes;
}

/// A column of integers of 8 to 64 bits.
final class IntBuilder extends FixedBuilder<int> {
  /// An empty column.
  IntBuilder(String name, OdbcType type, Refuse refuse)
      : _lowest = type.signed ? -1 << (type.bits - 1) : 0,
        _highest = switch ((type.bits, type.signed)) {
          (64, _) => 0x7FFFFFFFFFFFFFFF,
          (final bits, true) => (1 << (bits - 1)) - 1,
          (final bits, false) => (1 << bits) - 1,
        },
        super(name, type, refuse, type.bits ~/ 8);

  final int _lowest;
  final int _highest;
  List<int> _view = Int64List(0);

  @override
  void viewValues(NativeBuffer values) {
    final address = values.pointer;
    final count = values.capacity ~/ width;
    _view = switch ((type.bits, type.signed)) {
      _ when count == 0 => Int64List(0),
      (8, true) => address.cast<Int8>().asTypedList(count),
      (16, true) => address.cast<Int16>().asTypedList(count),
      (32, true) => address.cast<Int32>().asTypedList(count),
      (8, false) => address.asTypedList(count),
      (16, false) => address.cast<Uint16>().asTypedList(count),
      (32, false) => address.cast<Uint32>().asTypedList(count),
      _ => address.cast<Int64>().asTypedList(count),
    };
  }

  @override
  void write(int place, int value) {
    if (value < _lowest || value > _highest) throw _misfit(value);
    _view[place] = value;
  }

  @override
  void addValue(Object? value) {
    if (value is! BigInt) return super.addValue(value);
    final fits = type.signed
        ? value.bitLength < type.bits
        : !value.isNegative && value.bitLength <= type.bits;
    if (!fits) throw _misfit(value);
    makeRoom(length);
    _view[length] = value.toSigned(64).toInt();
    grown(1);
  }

  @override
  void addAll(Iterable<int?> values) {
    if (values is! List<int> || !_sameWidth(values)) {
      return super.addAll(values);
    }
    if (values.isEmpty) return;
    makeRoom(length + values.length - 1);
    _view.setRange(length, length + values.length, values);
    grown(values.length);
  }

  bool _sameWidth(List<int> values) => switch ((type.bits, type.signed)) {
        (8, true) => values is Int8List,
        (16, true) => values is Int16List,
        (32, true) => values is Int32List,
        (64, true) => values is Int64List,
        (8, false) => values is Uint8List,
        (16, false) => values is Uint16List,
        (32, false) => values is Uint32List,
        _ => values is Uint64List,
      };

  Exception _misfit(Object value) => refuse('$value does not fit $type');
}

/// A column of floating-point numbers.
final class RealBuilder extends FixedBuilder<double> {
  /// An empty column.
  RealBuilder(String name, OdbcType type, Refuse refuse)
      : super(name, type, refuse, type.bits ~/ 8);

  // Every whole number up to here is a double.
  static const _exact = 1 << 53;

  List<double> _view = Float64List(0);

  @override
  void viewValues(NativeBuffer values) {
    final count = values.capacity ~/ width;
    _view = switch (type.bits) {
      _ when count == 0 => Float64List(0),
      32 => values.pointer.cast<Float>().asTypedList(count),
      _ => values.pointer.cast<Double>().asTypedList(count),
    };
  }

  @override
  void write(int place, double value) {
    _view[place] = value;
    // A double that a float does not hold has become another one.
    if (type.bits == 32 && !value.isNaN && _view[place] != value) {
      throw _misfit(value);
    }
  }

  @override
  double? convert(Object value) {
    if (value is! int) return null;
    if (value > _exact || value < -_exact) throw _misfit(value);
    return value.toDouble();
  }

  @override
  void addAll(Iterable<double?> values) {
    final same = type.bits == 32
        ? values is Float32List
        : values is Float64List || values is Float32List;
    if (!same) return super.addAll(values);
    final numbers = values as List<double>;
    if (numbers.isEmpty) return;
    makeRoom(length + numbers.length - 1);
    _view.setRange(length, length + numbers.length, numbers);
    grown(numbers.length);
  }

  Exception _misfit(Object value) =>
      refuse('$value does not fit $type exactly');
}

/// A column of decimals of a precision and a scale.
final class DecimalBuilder extends FixedBuilder<OdbcDecimal> {
  /// An empty column.
  DecimalBuilder(String name, OdbcType type, Refuse refuse)
      : super(name, type, refuse, type.bits ~/ 8);

  Int64List _words = Int64List(0);

  @override
  void viewValues(NativeBuffer values) => _words = values.capacity == 0
      ? Int64List(0)
      : values.pointer.cast<Int64>().asTypedList(values.capacity ~/ 8);

  @override
  void write(int place, OdbcDecimal value) {
    final rescaled = value.isFinite ? value.rescale(type.scale!) : null;
    if (rescaled == null || rescaled.precision > type.precision!) {
      throw refuse('$value does not fit $type');
    }
    final words = width ~/ 8;
    var rest = rescaled.unscaled;
    for (var i = place * words; i < (place + 1) * words; i++) {
      _words[i] = rest.toSigned(64).toInt();
      rest = rest >> 64;
    }
  }

  @override
  OdbcDecimal? convert(Object value) => asDecimal(value);
}

/// The decimal that a whole number is, null for what is none.
OdbcDecimal? asDecimal(Object value) => switch (value) {
      int() => OdbcDecimal.fromInt(value),
      BigInt() => OdbcDecimal(value),
      _ => null,
    };
