import 'package:odbc_engine/odbc_engine.dart';
import 'package:odbc_engine/src/bulk/rows_builder.dart';

import '../arrow/native_batch.dart';

/// The batches that [rows] has built, as they would be read.
List<OdbcBatch> batchesOf(OdbcRowsBuilder rows) {
  final source = sourceOfBuilder(rows);
  return [
    for (var batch = source.next(); batch != null; batch = source.next())
      batchOf([
        for (final (place, built) in batch.memory.indexed)
          column(source.fields[place].$2, [
            for (final (i, buffer) in built.buffers.indexed)
              i == 0 && batch.columns[place].nullCount == 0
                  ? null
                  : buffer.bytes,
          ]),
      ], length: batch.length),
  ];
}
