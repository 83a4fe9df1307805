import 'dart:ffi';
import 'dart:typed_data';

import '../bindings/structs.dart';

/// The buffers of one column of a batch as typed lists, cut to its rows.
///
/// The lists are only valid while the batch's memory is.
final class ColumnBuffers {
  /// The buffers of a child of a struct array with [parentOffset] and [length].
  ColumnBuffers(this._array, {required this.length, required int parentOffset})
      : start = _array.offset + parentOffset;

  final ArrowArray _array;

  /// How many rows there are.
  final int length;

  /// The first row's place in the buffers.
  final int start;

  late final Uint8List? _validity = _readValidity();

  /// Whether any row may be null.
  bool get hasNulls => _validity != null;

  /// Whether row [index] is null.
  bool isNull(int index) {
    final validity = _validity;
    return validity != null && !_bit(validity, start + index);
  }

  /// How many rows are null.
  int get nullCount {
    if (_validity == null) return 0;
    var count = 0;
    for (var i = 0; i < length; i++) {
      if (isNull(i)) count++;
    }
    return count;
  }

  /// The bit of row [index] in the values.
  bool bit(int index) => _bit(_bits, start + index);

  late final Uint8List _bits = _bytes(1, (start + length + 7) >> 3);

  /// The values as signed bytes.
  Int8List get int8s =>
      length == 0 ? Int8List(0) : (_values<Int8>() + start).asTypedList(length);

  /// The values as signed integers of 16 bits.
  Int16List get int16s => length == 0
      ? Int16List(0)
      : (_values<Int16>() + start).asTypedList(length);

  /// The values as signed integers of 32 bits.
  Int32List get int32s => length == 0
      ? Int32List(0)
      : (_values<Int32>() + start).asTypedList(length);

  /// The values as signed integers of 64 bits.
  Int64List get int64s => length == 0
      ? Int64List(0)
      : (_values<Int64>() + start).asTypedList(length);

  /// The values as unsigned bytes.
  Uint8List get uint8s => fixed(1);

  /// The values as unsigned integers of 16 bits.
  Uint16List get uint16s => length == 0
      ? Uint16List(0)
      : (_values<Uint16>() + start).asTypedList(length);

  /// The values as unsigned integers of 32 bits.
  Uint32List get uint32s => length == 0
      ? Uint32List(0)
      : (_values<Uint32>() + start).asTypedList(length);

  /// The values as unsigned integers of 64 bits.
  Uint64List get uint64s => length == 0
      ? Uint64List(0)
      : (_values<Uint64>() + start).asTypedList(length);

  /// The values as floating-point numbers of 32 bits.
  Float32List get float32s => length == 0
      ? Float32List(0)
      : (_values<Float>() + start).asTypedList(length);

  /// The values as floating-point numbers of 64 bits.
  Float64List get float64s => length == 0
      ? Float64List(0)
      : (_values<Double>() + start).asTypedList(length);

  /// The values as rows of [width] bytes each.
  Uint8List fixed(int width) => length == 0 || width == 0
      ? Uint8List(0)
      : (_values<Uint8>() + start * width).asTypedList(length * width);

  /// Where each value begins in [data], and, last, where they end.
  List<int> offsets(int bits) {
    if (length == 0) return const [0];
    return bits == 64
        ? (_values<Int64>() + start).asTypedList(length + 1)
        : (_values<Int32>() + start).asTypedList(length + 1);
  }

  /// The bytes of texts or binaries up to [end].
  Uint8List data(int end) => _bytes(2, end);

  Pointer<T> _values<T extends NativeType>() => _array.buffers[1].cast();

  Uint8List _bytes(int buffer, int count) => count == 0
      ? Uint8List(0)
      : _array.buffers[buffer].cast<Uint8>().asTypedList(count);

  Uint8List? _readValidity() {
    if (_array.bufferCount == 0 || _array.buffers[0] == nullptr) return null;
    return _bytes(0, (start + length + 7) >> 3);
  }

  static bool _bit(Uint8List bits, int place) =>
      bits[place >> 3] >> (place & 7) & 1 == 1;
}
