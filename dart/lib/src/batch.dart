import 'dart:ffi';
import 'dart:math';
import 'dart:typed_data';

import 'package:ffi/ffi.dart';

import 'arrow/batch_memory.dart';
import 'arrow/column_buffers.dart';
import 'arrow/decode.dart';
import 'arrow/read_columns.dart';
import 'bindings/structs.dart';
import 'column.dart';
import 'exception.dart';
import 'row.dart';
import 'types/type.dart';

/// Some rows of a result, kept as Arrow columns in native memory.
///
/// The memory is released by [close], or by the garbage collector when the
/// batch, its columns and the views of them are no longer reachable.
final class OdbcBatch implements Finalizable {
  /// Takes over [array], allocated with [calloc] and filled by the engine: the
  /// rows of the result from [firstRow] on.
  OdbcBatch(
    ColumnIndex index,
    Pointer<ArrowArray> array, {
    this.firstRow = 0,
  })  : _index = index,
        rowCount = array.ref.length,
        byteSize = _byteSize(index.columns, array.ref) {
    _memory = BatchMemory(array, byteSize: byteSize);
  }

  final ColumnIndex _index;
  late final BatchMemory _memory;

  /// How many bytes the columns take.
  final int byteSize;

  /// How many rows there are.
  final int rowCount;

  /// The place of the first row in the whole result, counted from 0.
  final int firstRow;

  /// What is known about each column.
  List<OdbcColumn> get columns => _index.columns;

  /// The values of the column at [index].
  OdbcArray column(int index) {
    if (index < 0 || index >= columns.length) {
      throw OdbcException(
        OdbcErrorKind.invalidArgument,
        'there is no column $index, the batch has ${columns.length}',
        operation: 'column',
      );
    }
    return OdbcArray._(this, index);
  }

  /// Every row, as Dart values that do not need the batch any more.
  List<OdbcRow> toRows() => _rows(0, rowCount);

  List<OdbcRow> _rows(int first, int count) {
    final values = readValues(columns, _memory.array('rows'), firstRow,
        from: first, count: count);
    return List.generate(count, (row) => OdbcRow(_index, values, row),
        growable: false);
  }

  /// The [count] rows from [first] on, or those before the first one with a
  /// value that no Dart type holds; such a value in row [first] is an error.
  List<OdbcRow> _readableRows(int first, int count) {
    try {
      return _rows(first, count);
    } on OdbcException catch (failure) {
      final row = failure.row;
      if (row == null || row == firstRow + first) rethrow;
      return _readableRows(first, row - firstRow - first);
    }
  }

  /// Whether [close] was called.
  bool get isClosed => _memory.isClosed;

  /// Ends the use of the batch and of its [OdbcArray]s; a second call does
  /// nothing.
  ///
  /// Typed views that were taken before stay valid: they keep the memory until
  /// they are unreachable themselves.
  void close() => _memory.close();

  static int _byteSize(List<OdbcColumn> columns, ArrowArray array) {
    var total = 0;
    for (var i = 0; i < columns.length; i++) {
      final type = columns[i].type;
      final buffers = _buffers(array, i);
      total += switch (type.format) {
        'u' || 'z' || 'U' || 'Z' => buffers.offsets(type.bits).last,
        _ => array.length * ((type.width ?? 0) + type.bits ~/ 8),
      };
    }
    return total;
  }

  static ColumnBuffers _buffers(ArrowArray array, int index) =>
      ColumnBuffers(array.children[index].ref,
          length: array.length, parentOffset: array.offset);
}

// Few enough that the values die young: whole batches of them fill the old
// generation before it is collected.
const _rowsInChunk = 1024;

/// The rows of [batch], some of them at a time and all before a value that no
/// Dart type holds, which is an error; not exported to users.
Iterable<List<OdbcRow>> rowsInChunks(OdbcBatch batch) sync* {
  for (var first = 0; first < batch.rowCount;) {
    final rows =
        batch._readableRows(first, min(_rowsInChunk, batch.rowCount - first));
    yield rows;
    first += rows.length;
  }
}

/// The values of one column in one batch.
final class OdbcArray implements Finalizable {
  OdbcArray._(this._batch, this._position)
      : _buffers =
            OdbcBatch._buffers(_batch._memory.array('column'), _position);

  final OdbcBatch _batch;
  final int _position;
  final ColumnBuffers _buffers;

  late final Decoder _decode = decoderOf(column.type, _buffers);

  /// What is known about the column.
  OdbcColumn get column => _batch.columns[_position];

  /// How many rows there are.
  int get length => _batch.rowCount;

  /// How many of them are null.
  int get nullCount {
    _checkOpen();
    return column.type == OdbcType.nothing ? length : _buffers.nullCount;
  }

  /// Whether row [index] is null.
  bool isNull(int index) {
    _checkOpen();
    _checkRow(index);
    return _isNull(index);
  }

  /// The Dart value of row [index].
  Object? operator [](int index) {
    _checkOpen();
    _checkRow(index);
    return _isNull(index) ? null : _value(index);
  }

  /// Every value, copied out of the native memory.
  List<Object?> toList() {
    _checkOpen();
    return readColumn(column, _buffers, _batch.firstRow);
  }

  /// The values of a column of signed bytes, without a copy.
  ///
  /// This and the other views show the native memory itself and keep it: it is
  /// released when the view is unreachable. A null row holds an arbitrary
  /// number; [isNull] tells. The memory must not be written to.
  Int8List asInt8List() => _view(OdbcType.int8, () => _buffers.int8s);

  /// The values of a column of signed 16-bit integers, without a copy.
  Int16List asInt16List() => _view(OdbcType.int16, () => _buffers.int16s);

  /// The values of a column of signed 32-bit integers, without a copy; also
  /// the days since 1970 of dates and the count of times in 32 bits.
  Int32List asInt32List() => _view(OdbcType.int32, () => _buffers.int32s);

  /// The values of a column of signed 64-bit integers, without a copy; also
  /// the count since 1970 of timestamps and of times in 64 bits.
  Int64List asInt64List() => _view(OdbcType.int64, () => _buffers.int64s);

  /// The values of a column of unsigned bytes, without a copy.
  Uint8List asUint8List() => _view(OdbcType.uint8, () => _buffers.uint8s);

  /// The values of a column of unsigned 16-bit integers, without a copy.
  Uint16List asUint16List() => _view(OdbcType.uint16, () => _buffers.uint16s);

  /// The values of a column of unsigned 32-bit integers, without a copy.
  Uint32List asUint32List() => _view(OdbcType.uint32, () => _buffers.uint32s);

  /// The values of a column of unsigned 64-bit integers, without a copy.
  Uint64List asUint64List() => _view(OdbcType.uint64, () => _buffers.uint64s);

  /// The values of a column of 32-bit floating-point numbers, without a copy.
  Float32List asFloat32List() =>
      _view(OdbcType.float32, () => _buffers.float32s);

  /// The values of a column of 64-bit floating-point numbers, without a copy.
  Float64List asFloat64List() =>
      _view(OdbcType.float64, () => _buffers.float64s);

  T _view<T extends Object>(OdbcType storage, T Function() view) {
    _checkOpen();
    if (column.type.storage != storage) {
      throw OdbcException(
        OdbcErrorKind.invalidArgument,
        'column "${column.name}" is ${column.type}, not ${storage.bits}-bit '
        '${storage.family.name}s (${storage.format}) in memory',
        operation: 'column',
        column: column.name,
      );
    }
    return _batch._memory.keepFor(view());
  }

  bool _isNull(int index) =>
      column.type == OdbcType.nothing || _buffers.isNull(index);

  Object _value(int index) {
    try {
      return _decode(index);
    } on DecodeFailure catch (failure) {
      throw decodeException(failure, column, _batch.firstRow + index);
    }
  }

  void _checkOpen() => _batch._memory.array('column');

  void _checkRow(int index) {
    if (index < 0 || index >= length) {
      throw OdbcException(
        OdbcErrorKind.invalidArgument,
        'there is no row $index, the batch has $length',
        operation: 'column',
        column: column.name,
      );
    }
  }
}
