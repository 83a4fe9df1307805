import 'package:odbc_engine/odbc_engine.dart';

import 'cells.dart';
import 'parameters.dart';
import 'request.dart';
import 'telemetry.dart';

/// The operations that need no connection.
final processOperations = <String, Map<String, Object?> Function(Request)>{
  ...telemetryOperations,
  'metrics': (request) => metrics().toJson(),
  'metrics_reset': (request) => _reset(),
  'connection_string_build': (request) =>
      {'text': OdbcConnectionString.fromPairs(pairsOf(request)).text},
  'connection_string_parse': (request) => {
        'pairs': [
          for (final (key, value) in connectionStringOf(request).pairs)
            [key, value],
        ],
      },
  'connection_string_redact': (request) =>
      {'text': '${connectionStringOf(request)}'},
};

Map<String, Object?> _reset() {
  resetMetrics();
  return const {};
}

/// The object that a request names.
T named<T>(String kind, Map<String, T> objects, Request request) {
  final name = request.text(kind);
  return objects[name] ?? (throw Fault('no $kind named $name'));
}

/// The parameters of a request.
Object parametersOf(Request request) => switch (request.members['params']) {
      Map<String, Object?>() => {
          for (final MapEntry(:key, :value) in request.object('params').entries)
            key: parameterOf(value! as Map<String, Object?>),
        },
      _ => request.objects('params').map(parameterOf).toList(),
    };

/// The connection string of a request.
OdbcConnectionString connectionStringOf(Request request) =>
    OdbcConnectionString.parse(request.text('text'));

/// The keys and values of a request.
List<(String, String)> pairsOf(Request request) => [
      for (final pair in request.list('pairs'))
        if (pair case [final String key, final String value])
          (key, value)
        else
          throw Fault('$pair is no pair of texts'),
    ];

/// How a request wants its result read.
OdbcStreamOptions streamOptionsOf(Request request) =>
    OdbcStreamOptions.fromJson(request.object('options'));

/// What an execution did.
Map<String, Object?> executionReply(OdbcExecution execution) => {
      'affected_rows': execution.affectedRows,
      ...warningsReply(execution.warnings),
    };

/// What an execution did, and what its result is.
Map<String, Object?> resultReply(OdbcExecution execution) =>
    {...executionReply(execution), 'columns': execution.columnCount};

/// The rows of a request, built column by column, in batches as it says.
OdbcRowsBuilder builtRowsOf(Request request) {
  final fields = request.objects('fields');
  final rows = OdbcRowsBuilder({
    for (final field in fields) '${field['name']}': typeOf('${field['type']}'),
  }, batchRows: request.number('batch_rows'));
  for (final row in request.list('rows').cast<List<Object?>>()) {
    rows.addRow([
      for (final (place, field) in fields.indexed)
        parameterOf({'type': field['type'], 'value': row[place]}),
    ]);
  }
  return rows;
}

/// How a request wants its rows inserted.
OdbcBulkOptions bulkOptionsOf(Request request) =>
    OdbcBulkOptions.fromJson(request.object('options'));

/// What an insert of many rows did.
Map<String, Object?> bulkReply(OdbcBulkResult result) => {
      'written': result.rows,
      'strategy': result.strategy.label,
      'executions': result.chunks,
      ...warningsReply(result.warnings),
    };

/// The codes of warnings.
Map<String, Object?> warningsReply(List<OdbcDiagnostic> warnings) => {
      'warnings': [
        for (final warning in warnings)
          {'sqlstate': warning.sqlstate, 'native_code': warning.nativeCode},
      ],
    };

/// How far a stream has come.
Map<String, Object?> progressReply(OdbcProgress progress) =>
    {'delivered': progress.rows, 'bytes': progress.bytes};

/// The schema of a result.
List<Map<String, Object?>> schemaReply(List<OdbcColumn> columns) => [
      for (final column in columns)
        {
          'name': column.name,
          'format': column.format,
          'nullable': column.nullable,
          'metadata': column.metadata,
        },
    ];

/// The columns and rows of a whole [result].
Map<String, Object?> wholeReply(OdbcResult result) =>
    {'schema': schemaReply(result.columns), 'rows': rowsOfResult(result)};

/// Whether [error] is that of a value that a row cannot hold, which a batch may
/// hold all the same; what the driver says is no such error.
bool isOfRow(OdbcException error) =>
    error.kind == OdbcErrorKind.data && error.sqlstate == null;

/// How long a statement may take, as a request says.
Duration queryTimeoutOf(Request request) =>
    Duration(milliseconds: request.number('query_timeout_ms'));

/// How often a request cancels.
int timesOf(Request cancel) =>
    cancel.members['times'] == null ? 1 : cancel.number('times');

/// An error of the operation [of], with all that it tells.
Map<String, Object?> errorReply(OdbcException error, {String? of}) => {
      'kind': error.kind.number,
      'kind_name': error.kind.label,
      'sqlstate': error.sqlstate,
      'native_code': error.nativeCode,
      'operation': error.operation,
      'column': error.column,
      'row': error.row,
      'retryable': error.retryable,
      'record_count': error.records.length,
      'message': error.message,
      if (of == 'bulk_insert_parallel')
        'bulk': switch (error.bulk) {
          null => null,
          final report => {'committed': report.committed},
        },
    };

/// What came back in a procedure's parameters.
Map<String, Object?> outputsReply(OdbcRow? outputs) => {
      for (final MapEntry(:key, :value)
          in outputs?.toMap().entries ?? const <MapEntry<String, Object?>>[])
        key: value?.toString(),
    };
