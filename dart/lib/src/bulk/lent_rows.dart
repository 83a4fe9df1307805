import '../arrow/export.dart';
import '../types/type.dart';
import 'rows_batch.dart';

/// Rows in the memory of another isolate, by their addresses: what can be sent.
///
/// The isolate that built them keeps them until those who read them are done.
final class LentRows {
  /// The [batches] of [fields].
  LentRows(this.fields, List<RowsBatch> batches)
      : batches = [
          for (final batch in batches) (batch.length, batch.columns),
        ];

  /// The names and types of the columns.
  final List<(String, OdbcType)> fields;

  /// The numbers of rows, and where their columns are.
  final List<(int, List<ExportedColumn>)> batches;

  /// The rows, to be read once.
  RowsSource get source => _LentRows(this);
}

final class _LentRows implements RowsSource {
  _LentRows(LentRows rows)
      : fields = rows.fields,
        _batches = rows.batches.iterator;

  @override
  final List<(String, OdbcType)> fields;

  final Iterator<(int, List<ExportedColumn>)> _batches;

  @override
  bool get givesBatchesAway => false;

  @override
  RowsBatch? next() {
    if (!_batches.moveNext()) return null;
    final (length, columns) = _batches.current;
    return RowsBatch.lent(length, columns);
  }
}

/// Gives [use] the rows of [source], all of them in memory, and keeps them
/// until it is done; other work of this isolate goes on while they are built,
/// unless [check] throws.
Future<T> lendRows<T>(RowsSource source, Future<T> Function(LentRows rows) use,
    {void Function()? check}) async {
  final batches = <RowsBatch>[];
  try {
    for (var batch = source.next(); batch != null; batch = source.next()) {
      batches.add(batch);
      if (source.givesBatchesAway) await Future<void>.delayed(Duration.zero);
      check?.call();
    }
    for (final batch in batches) {
      batch.pin();
    }
    return await use(LentRows(source.fields, batches));
  } finally {
    for (final batch in batches) {
      batch.unpin();
      if (source.givesBatchesAway) batch.free();
    }
  }
}

/// All the rows of [source].
GatheredRows gather(RowsSource source) => GatheredRows._(source.fields, [
      for (var batch = source.next(); batch != null; batch = source.next())
        batch,
    ]);

/// Rows that are all there.
final class GatheredRows implements RowsSource {
  GatheredRows._(this.fields, this._batches);

  @override
  final List<(String, OdbcType)> fields;

  final List<RowsBatch> _batches;
  int _next = 0;

  @override
  bool get givesBatchesAway => false;

  @override
  RowsBatch? next() => _next < _batches.length ? _batches[_next++] : null;

  /// Gives the memory back.
  void free() {
    for (final batch in _batches) {
      batch.free();
    }
  }
}
