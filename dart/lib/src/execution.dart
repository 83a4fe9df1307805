import 'exception.dart';

/// What one execution of a statement did.
final class OdbcExecution {
  /// An execution that changed [affectedRows] rows.
  OdbcExecution({
    required this.affectedRows,
    required this.columnCount,
    required List<OdbcDiagnostic> warnings,
  }) : warnings = List.unmodifiable(warnings);

  /// How many rows it inserted, changed or deleted; null when it has a result
  /// or the driver does not say.
  final int? affectedRows;

  /// How many columns its result has; 0 when it has none.
  final int columnCount;

  /// The records that came with the success.
  final List<OdbcDiagnostic> warnings;

  @override
  String toString() => 'OdbcExecution(affectedRows: $affectedRows, '
      'columnCount: $columnCount, warnings: $warnings)';
}
