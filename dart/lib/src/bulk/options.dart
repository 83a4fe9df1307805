import 'dart:convert';

import '../exception.dart';

/// What becomes of the table that rows are inserted into.
enum OdbcBulkMode {
  /// The table is there.
  append('append'),

  /// It is made with the columns of the rows; one of its name is an error.
  create('create'),

  /// One of its name is dropped, and it is made anew.
  replace('replace'),

  /// It is made where there is none of its name.
  createAppend('create_append');

  const OdbcBulkMode(this.label);

  /// The engine's name for it.
  final String label;
}

/// How many rows are sent.
enum OdbcBulkStrategy {
  /// What is fastest on the database for the columns.
  auto('auto'),

  /// Arrays of parameters.
  array('array'),

  /// INSERT with many rows of VALUES.
  multiRow('multi_row'),

  /// Arrays as text, which PostgreSQL unnests.
  unnest('unnest'),

  /// INSERT of each row.
  row('row');

  const OdbcBulkStrategy(this.label);

  /// The engine's name for it.
  final String label;

  /// The strategy that the engine calls [label].
  static OdbcBulkStrategy of(Object? label) => values.firstWhere(
        (strategy) => strategy.label == label,
        orElse: () => throw OdbcException(
          OdbcErrorKind.internal,
          'the library names the strategy "$label", which is not known',
          operation: 'bulk_insert',
        ),
      );
}

/// How many rows are inserted; what is null is left to the engine's default.
final class OdbcBulkOptions {
  /// Options by name: the table's [schema] and [catalog]; [columns] of the
  /// table, one for each of the rows', in their order; the most rows that are
  /// sent at once ([chunkRows]); a commit whenever so many rows were written
  /// ([commitEveryRows]), where otherwise all are or none; and whether a failure
  /// is to be traced to its row ([findBadRow]). Where a pool inserts, also how
  /// many connections do ([parallelism]), and whether the first failure stops
  /// all of them ([stopOnError]).
  OdbcBulkOptions({
    String? schema,
    String? catalog,
    List<String>? columns,
    OdbcBulkMode? mode,
    OdbcBulkStrategy? strategy,
    int? chunkRows,
    int? commitEveryRows,
    bool? findBadRow,
    int? parallelism,
    bool? stopOnError,
  }) : _values = {
          if (schema != null) 'schema': schema,
          if (catalog != null) 'catalog': catalog,
          if (columns != null) 'columns': List.of(columns),
          if (mode != null) 'mode': mode.label,
          if (strategy != null) 'strategy': strategy.label,
          if (chunkRows != null) 'chunk_rows': chunkRows,
          if (commitEveryRows != null) 'commit_every_rows': commitEveryRows,
          if (findBadRow != null) 'find_bad_row': findBadRow,
          if (parallelism != null) 'parallelism': parallelism,
          if (stopOnError != null) 'stop_on_error': stopOnError,
        };

  /// Options as the engine names them; the engine refuses unknown names and
  /// bad values.
  OdbcBulkOptions.fromJson(Map<String, Object?> values)
      : _values = Map.of(values);

  final Map<String, Object?> _values;

  /// The options as the engine names them.
  Map<String, Object?> toJson() => Map.of(_values);

  @override
  String toString() => jsonEncode(_values, toEncodable: (value) => '$value');
}

/// What an insert of many rows did.
final class OdbcBulkResult {
  /// An insert of [rows] rows.
  OdbcBulkResult({
    required this.rows,
    required this.strategy,
    required this.chunks,
    required this.workers,
    required List<OdbcDiagnostic> warnings,
  }) : warnings = List.unmodifiable(warnings);

  /// Rows that were written: all that were given.
  final int rows;

  /// How they were sent.
  final OdbcBulkStrategy strategy;

  /// How many executions that took.
  final int chunks;

  /// How many connections inserted.
  final int workers;

  /// The records that came with them.
  final List<OdbcDiagnostic> warnings;

  @override
  String toString() => 'OdbcBulkResult(rows: $rows, '
      'strategy: ${strategy.label}, chunks: $chunks, '
      'workers: $workers, warnings: $warnings)';
}
