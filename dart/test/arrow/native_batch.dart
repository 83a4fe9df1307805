import 'dart:ffi';
import 'dart:typed_data';

import 'package:ffi/ffi.dart';
import 'package:odbc_engine/odbc_engine.dart';
import 'package:odbc_engine/src/bindings/structs.dart';
import 'package:odbc_engine/src/row.dart';

/// A column as an Arrow array; its first buffer is the validity bitmap.
typedef NativeColumn = ({OdbcType type, List<Uint8List?> buffers, int offset});

/// A column of [type] that begins at [offset] of its buffers.
NativeColumn column(OdbcType type, List<Uint8List?> buffers,
        {int offset = 0}) =>
    (type: type, buffers: buffers, offset: offset);

/// A batch of [columns], named a, b, c ..., built in native memory.
OdbcBatch batchOf(List<NativeColumn> columns,
    {required int length,
    int offset = 0,
    int firstRow = 0,
    Pointer<ReleaseArray>? release}) {
  final index = ColumnIndex([
    for (final (i, column) in columns.indexed)
      OdbcColumn(
        name: String.fromCharCode(0x61 + i),
        type: column.type,
        nullable: true,
      ),
  ]);
  final root = calloc<ArrowArray>();
  _fill(root, [null], length: length, offset: offset, release: release);
  root.ref
    ..childCount = columns.length
    ..children = calloc(columns.length + 1);
  for (final (i, column) in columns.indexed) {
    final child = root.ref.children[i] = calloc<ArrowArray>();
    _fill(child, column.buffers,
        length: length + offset, offset: column.offset, release: release);
  }
  return OdbcBatch(index, root, firstRow: firstRow);
}

/// [values] as little-endian bytes.
Uint8List bytesOf(TypedData values) => values.buffer.asUint8List();

void _fill(
  Pointer<ArrowArray> array,
  List<Uint8List?> buffers, {
  required int length,
  required int offset,
  Pointer<ReleaseArray>? release,
}) {
  array.ref
    ..length = length
    ..nullCount = -1
    ..offset = offset
    ..bufferCount = buffers.length
    ..buffers = calloc(buffers.length + 1)
    // The garbage collector may call it at any time, so it must be native; any
    // function that does nothing will do.
    ..release = release ?? DynamicLibrary.process().lookup('getpid');
  for (final (i, buffer) in buffers.indexed) {
    if (buffer == null) continue;
    final copy = malloc<Uint8>(buffer.length + 1);
    copy.asTypedList(buffer.length).setAll(0, buffer);
    array.ref.buffers[i] = copy.cast();
  }
}
