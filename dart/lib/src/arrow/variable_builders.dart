/// Columns of values that have a length each: text and bytes; and those of no
/// values at all.
library;

import 'dart:ffi';
import 'dart:typed_data';

import '../types/decimal.dart';
import '../types/type.dart';
import 'column_builder.dart';
import 'native_buffer.dart';
import 'number_builders.dart';

/// A column of bytes with offsets of 32 or 64 bits.
abstract base class VariableBuilder<T extends Object>
    extends OdbcColumnBuilder<T> {
  /// An empty column.
  VariableBuilder(String name, OdbcType type, Refuse refuse)
      : super(name, type, refuse, 2);

  static const _farthest = 0x7FFFFFFF;

  List<int> _ends = Int64List(0);
  Uint8List _bytes = Uint8List(0);

  @override
  int get byteSize => _end + (length + 1) * _width;

  int get _width => type.bits ~/ 8;

  int get _end => _ends.isEmpty ? 0 : _ends[length];

  @override
  void makeRoom(int place) {
    if (place + 1 >= _ends.length) {
      buffers[1].reserve((place + 2) * _width, used: _ends.length * _width);
      view();
      room(0);
    }
    _ends[place + 1] = _ends[place];
  }

  /// The memory of all values, with room for [count] bytes behind the last one.
  Uint8List room(int count) {
    final end = _end;
    // Also for none, so that the buffer is there.
    if (end + count + 1 > _bytes.length) {
      buffers[2].reserve(end + count + 1, used: end);
      _bytes = buffers[2].bytes;
    }
    return _bytes;
  }

  /// Where the next value begins.
  int get start => _end;

  /// Says that the value at [place] ends at [end].
  void endAt(int place, int end) {
    if (type.bits == 32 && end > _farthest) {
      throw refuse('the column has more than $_farthest bytes: finish a batch '
          'before');
    }
    _ends[place + 1] = end;
  }

  @override
  void view() {
    final capacity = buffers[1].capacity ~/ _width;
    _ends = switch (type.bits) {
      _ when capacity == 0 => Int64List(0),
      64 => buffers[1].pointer.cast<Int64>().asTypedList(capacity),
      _ => buffers[1].pointer.cast<Int32>().asTypedList(capacity),
    };
    _bytes = buffers[2].bytes;
  }

  /// Writes [text] in UTF-8 as the value at [place].
  void writeText(int place, String text) {
    // No code unit takes more than three bytes.
    final bytes = room(text.length * 3);
    var end = start;
    for (var i = 0; i < text.length; i++) {
      final unit = text.codeUnitAt(i);
      if (unit < 0x80) {
        bytes[end++] = unit;
      } else if (unit < 0x800) {
        bytes[end++] = 0xC0 | unit >> 6;
        bytes[end++] = 0x80 | unit & 0x3F;
      } else if (unit & 0xF800 != 0xD800) {
        bytes[end++] = 0xE0 | unit >> 12;
        bytes[end++] = 0x80 | unit >> 6 & 0x3F;
        bytes[end++] = 0x80 | unit & 0x3F;
      } else {
        final rune = _pair(text, i++);
        bytes[end++] = 0xF0 | rune >> 18;
        bytes[end++] = 0x80 | rune >> 12 & 0x3F;
        bytes[end++] = 0x80 | rune >> 6 & 0x3F;
        bytes[end++] = 0x80 | rune & 0x3F;
      }
    }
    endAt(place, end);
  }

  int _pair(String text, int place) {
    final high = text.codeUnitAt(place);
    final low = place + 1 < text.length ? text.codeUnitAt(place + 1) : 0;
    if (high >= 0xDC00 || low & 0xFC00 != 0xDC00) {
      throw refuse('the text has an unpaired surrogate at code unit $place');
    }
    return 0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF);
  }
}

/// A column of texts.
final class TextBuilder extends VariableBuilder<String> {
  /// An empty column.
  TextBuilder(super.name, super.type, super.refuse);

  @override
  void write(int place, String value) => writeText(place, value);
}

/// A column of decimals without bounds, as their texts.
final class DecimalTextBuilder extends VariableBuilder<OdbcDecimal> {
  /// An empty column.
  DecimalTextBuilder(super.name, super.type, super.refuse);

  @override
  void write(int place, OdbcDecimal value) => writeText(place, '$value');

  @override
  OdbcDecimal? convert(Object value) => asDecimal(value);
}

/// A column of bytes.
final class BinaryBuilder extends VariableBuilder<Uint8List> {
  /// An empty column.
  BinaryBuilder(super.name, super.type, super.refuse);

  @override
  void write(int place, Uint8List value) {
    final bytes = room(value.length);
    final end = start + value.length;
    bytes.setRange(start, end, value);
    endAt(place, end);
  }
}

/// A column of bytes, always the same number of them.
final class FixedBinaryBuilder extends FixedBuilder<Uint8List> {
  /// An empty column.
  FixedBinaryBuilder(super.name, super.type, super.refuse, super.width);

  Uint8List _bytes = Uint8List(0);

  @override
  void viewValues(NativeBuffer values) => _bytes = values.bytes;

  @override
  void makeRoom(int place) {
    if (width > 0) super.makeRoom(place);
  }

  @override
  void view() {
    if (width > 0) super.view();
  }

  @override
  void write(int place, Uint8List value) {
    if (value.length != width) {
      throw refuse('${value.length} bytes do not fit $type');
    }
    _bytes.setRange(place * width, (place + 1) * width, value);
  }
}

/// A column of nulls.
final class NullBuilder extends OdbcColumnBuilder<Never> {
  /// An empty column.
  NullBuilder(String name, OdbcType type, Refuse refuse)
      : super(name, type, refuse, 0);

  @override
  int get byteSize => 0;

  @override
  void makeRoom(int place) {}

  @override
  void write(int place, Never value) {}

  @override
  void view() {}
}
