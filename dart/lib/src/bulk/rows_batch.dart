import 'dart:ffi';

import '../arrow/column_builder.dart';
import '../arrow/export.dart';
import '../types/type.dart';

/// Rows that were built, as columns in native memory.
final class RowsBatch {
  /// The [length] rows of columns in [memory].
  RowsBatch(this.length, this.memory)
      : columns = [for (final column in memory) column.exported];

  /// The [length] rows of [columns], whose memory is another isolate's.
  RowsBatch.lent(this.length, this.columns) : memory = const [];

  /// How many rows there are.
  final int length;

  /// Where the columns are.
  final List<ExportedColumn> columns;

  /// What holds them.
  final List<ColumnMemory> memory;

  /// Gives the memory back.
  void free() {
    for (final column in memory) {
      column.free();
    }
  }

  /// Leaves the memory where it is while another isolate reads it, whatever
  /// becomes of this one.
  void pin() {
    for (final column in memory) {
      for (final buffer in column.buffers) {
        buffer.pin();
      }
    }
  }

  /// The memory is this isolate's alone again.
  void unpin() {
    for (final column in memory) {
      for (final buffer in column.buffers) {
        buffer.unpin();
      }
    }
  }
}

/// Rows to be inserted, batch by batch.
abstract interface class RowsSource implements Finalizable {
  /// The names and types of the columns, in their order.
  List<(String, OdbcType)> get fields;

  /// The next rows, or null after the last ones.
  RowsBatch? next();

  /// Whether the memory of a batch is to be given back once it is read.
  bool get givesBatchesAway;
}
