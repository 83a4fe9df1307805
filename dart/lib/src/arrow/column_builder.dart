import 'dart:ffi';
import 'dart:typed_data';

import '../exception.dart';
import '../types/type.dart';
import 'export.dart';
import 'native_buffer.dart';

/// Makes the exception that refuses a value, for the reason and the row given.
typedef Refuse = OdbcException Function(String reason, int row);

/// The values of one column, written into native memory as they are added.
///
/// Each type takes the Dart values that its columns give: `int`, `double`,
/// `bool`, `String`, `Uint8List`, `OdbcDecimal`, `OdbcDate`, `OdbcTime`,
/// `DateTime`. A value that the type cannot hold unchanged is an
/// [OdbcException] of kind [OdbcErrorKind.invalidArgument] that names column
/// and row, and is not added.
abstract base class OdbcColumnBuilder<T extends Object> implements Finalizable {
  /// An empty column [name] of [type], whose errors [refuse] makes, with
  /// [bufferCount] buffers behind the validity bitmap.
  OdbcColumnBuilder(this.name, this.type, this._refuse, int bufferCount)
      : _buffers = List.generate(1 + bufferCount, (_) => NativeBuffer());

  /// The column's name.
  final String name;

  /// The type of its values.
  final OdbcType type;

  final Refuse _refuse;
  final List<NativeBuffer> _buffers;
  Uint8List? _valid;
  int _nullCount = 0;
  int _length = 0;

  /// How many values there are, nulls included.
  int get length => _length;

  /// How many of them are null.
  int get nullCount => _nullCount;

  /// About how many bytes they take.
  int get byteSize;

  /// The validity bitmap, which is empty where no value was ever null, and the
  /// buffers behind it.
  List<NativeBuffer> get buffers => _buffers;

  /// The buffers have moved, or are others: takes new views of them.
  void view();

  /// Makes room for the value at [place], and leaves zeros there.
  void makeRoom(int place);

  /// Writes [value] at [place], for which there is room.
  void write(int place, T value);

  /// The value that is meant by [value], which is of another class than the
  /// column's; null for none.
  T? convert(Object value) => null;

  /// Adds [value], or a null.
  void add(T? value) {
    if (value == null) return addNull();
    final place = _length;
    makeRoom(place);
    write(place, value);
    if (_valid != null) _setValid(place, valid: true);
    _length = place + 1;
  }

  /// Adds a null.
  void addNull() {
    final place = _length;
    makeRoom(place);
    _setValid(place, valid: false);
    _nullCount++;
    _length = place + 1;
  }

  /// Adds [values], all of them or none. A typed list of the width of the
  /// column, such as an `Int64List` for 64-bit integers, is copied as a block.
  void addAll(Iterable<T?> values) {
    final before = _length;
    try {
      values.forEach(add);
    } on Object {
      truncate(before);
      rethrow;
    }
  }

  /// Adds [value] if the type takes it, whatever its class is.
  void addValue(Object? value) {
    if (value == null) return addNull();
    if (value is T) return add(value);
    add(convert(value) ??
        (throw refuse('a ${value.runtimeType} is no value of $type')));
  }

  /// Forgets the values from [length] on.
  void truncate(int length) {
    if (length >= _length) return;
    if (_nullCount > 0) {
      for (var place = length; place < _length; place++) {
        if (_valid![place >> 3] >> (place & 7) & 1 == 0) _nullCount--;
      }
    }
    _length = length;
  }

  /// Forgets every value, and keeps the memory for the next ones.
  void clear() => truncate(0);

  /// Hands the values over, with their memory; the column is empty then.
  ColumnMemory take() {
    final memory = ColumnMemory(this);
    for (var i = 0; i < _buffers.length; i++) {
      _buffers[i] = NativeBuffer();
    }
    _valid = null;
    _nullCount = 0;
    _length = 0;
    view();
    return memory;
  }

  /// The exception for a value that cannot be added.
  OdbcException refuse(String reason) => _refuse(reason, _length);

  /// Counts [count] values that were written behind the last one.
  void grown(int count) {
    if (_valid != null) {
      for (var place = _length; place < _length + count; place++) {
        _setValid(place, valid: true);
      }
    }
    _length += count;
  }

  void _setValid(int place, {required bool valid}) {
    final byte = place >> 3;
    if (byte >= _buffers[0].capacity) _growValidity(byte + 1);
    final bits = _valid!;
    if (valid) {
      bits[byte] |= 1 << (place & 7);
    } else {
      bits[byte] &= ~(1 << (place & 7));
    }
  }

  void _growValidity(int needed) {
    final first = _valid == null;
    _buffers[0].reserve(needed, used: first ? 0 : _buffers[0].capacity);
    final bits = _valid = _buffers[0].bytes;
    // Nobody has written down until now that the values before are there.
    if (first) bits.fillRange(0, needed, 0xFF);
  }
}

/// The memory of a column that was built.
final class ColumnMemory {
  /// What [column] holds now.
  ColumnMemory(OdbcColumnBuilder<Object> column)
      : _isNothing = column.type == OdbcType.nothing,
        _nullCount = column.nullCount,
        buffers = List.of(column.buffers);

  final bool _isNothing;
  final int _nullCount;

  /// The validity bitmap, and what stands behind it.
  final List<NativeBuffer> buffers;

  /// The column as Arrow orders its buffers.
  ExportedColumn get exported => (
        nullCount: _nullCount,
        buffers: [
          if (!_isNothing)
            for (final (i, buffer) in buffers.indexed)
              i == 0 && _nullCount == 0 ? 0 : buffer.pointer.address,
        ],
      );

  /// Gives the memory back.
  void free() {
    for (final buffer in buffers) {
      buffer.free();
    }
  }
}
