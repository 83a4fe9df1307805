import 'column.dart';
import 'exception.dart';
import 'row.dart';

/// All the rows of a query.
final class OdbcResult {
  /// The [rows] of [columns].
  OdbcResult({
    required this.columns,
    required List<OdbcRow> rows,
    required List<OdbcDiagnostic> warnings,
  })  : rows = List.unmodifiable(rows),
        warnings = List.unmodifiable(warnings);

  /// What is known about each column.
  final List<OdbcColumn> columns;

  /// In the order of the database.
  final List<OdbcRow> rows;

  /// The records that came with the execution and the fetching.
  final List<OdbcDiagnostic> warnings;
}
