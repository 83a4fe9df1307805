import 'dart:ffi';

import '../bindings/structs.dart';
import '../column.dart';
import '../exception.dart';
import '../types/type.dart';
import 'column_buffers.dart';
import 'decode.dart';

/// The values of [columns] in the struct [array], whose first row is the
/// [firstRow]th of the result, copied out of the native memory: of all rows, or
/// of [count] of them from row [from] on.
List<List<Object?>> readValues(
        List<OdbcColumn> columns, ArrowArray array, int firstRow,
        {int from = 0, int? count}) =>
    List.generate(columns.length, (i) {
      final column = columns[i];
      final buffers = ColumnBuffers(array.children[i].ref,
          length: count ?? array.length, parentOffset: array.offset + from);
      return readColumn(column, buffers, firstRow + from);
    }, growable: false);

/// Every value of [column] in [buffers], like [readValues].
List<Object?> readColumn(
    OdbcColumn column, ColumnBuffers buffers, int firstRow) {
  final values = List<Object?>.filled(buffers.length, null);
  if (column.type == OdbcType.nothing) return values;
  final decode = decoderOf(column.type, buffers);
  final hasNulls = buffers.hasNulls;
  var row = 0;
  try {
    for (; row < values.length; row++) {
      if (hasNulls && buffers.isNull(row)) continue;
      values[row] = decode(row);
    }
  } on DecodeFailure catch (failure) {
    throw decodeException(failure, column, firstRow + row);
  }
  return values;
}

/// What says that the value of [column] in [row] cannot be held.
OdbcException decodeException(
        DecodeFailure failure, OdbcColumn column, int row) =>
    OdbcException(
      OdbcErrorKind.data,
      failure.message,
      operation: 'fetch',
      column: column.name,
      row: row,
    );
