import 'dart:convert';

import 'bindings/call.dart';
import 'exception.dart';

/// What became of the rows of an insert of many that failed: which of them are
/// in the table for good, which are not, and why.
final class OdbcBulkFailure {
  OdbcBulkFailure._(this._values);

  /// The report in [json], the details that the engine gives of an error; null
  /// where there is none.
  static OdbcBulkFailure? fromDetails(String json) =>
      switch (jsonDecode(json)) {
        {'bulk': final Map<String, Object?> values} =>
          OdbcBulkFailure._(values),
        _ => null,
      };

  final Map<String, Object?> _values;

  /// Rows that are in the table for good.
  int get committed => _values['committed']! as int;

  /// Rows that were read and are not.
  int get notCommitted => _values['not_committed']! as int;

  /// Whether all rows were read; if not, none behind [committed] and
  /// [notCommitted] is in the table.
  bool get allRead => _values['all_read']! as bool;

  /// The rows that were read and are not in the table, the first thousand
  /// ranges of them.
  late final List<({int begin, int end})> rangesNotCommitted =
      List.unmodifiable([
    for (final range in _values['ranges_not_committed']! as List<Object?>)
      if (range case [final int begin, final int end]) (begin: begin, end: end),
  ]);

  /// What each of several workers did.
  late final List<OdbcBulkWorker> workers = List.unmodifiable([
    for (final worker in _values['workers']! as List<Object?>)
      OdbcBulkWorker._(worker! as Map<String, Object?>),
  ]);

  /// The report as the engine names it, for example for a log.
  Map<String, Object?> toJson() => Map.of(_values);

  @override
  String toString() => jsonEncode(_values);
}

/// What one of the workers of an insert of many rows did.
final class OdbcBulkWorker {
  OdbcBulkWorker._(Map<String, Object?> values)
      : committed = values['committed']! as int,
        notCommitted = values['not_committed']! as int,
        errors = List.unmodifiable([
          for (final error in values['errors']! as List<Object?>)
            _exception(error! as Map<String, Object?>),
        ]);

  /// Rows that it committed.
  final int committed;

  /// Rows that it was given and did not commit.
  final int notCommitted;

  /// What it met, in its order: the first hundred.
  final List<OdbcException> errors;
}

OdbcException _exception(Map<String, Object?> values) => OdbcException(
      OdbcErrorKind.values.firstWhere((kind) => kind.label == values['kind'],
          orElse: () => OdbcErrorKind.internal),
      '${values['message']}',
      operation: '${values['operation']}',
      sqlstate: values['sqlstate'] as String?,
      nativeCode: values['native_code'] as int?,
      column: values['column'] as String?,
      row: values['row'] as int?,
      records: diagnosticsOf(values['records']),
      retryable: values['retryable'] == true,
    );
