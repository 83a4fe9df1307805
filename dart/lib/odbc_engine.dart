/// Typed, exact access to any ODBC database.
///
/// Begin with [OdbcConnection.open].
library;

import 'src/connection.dart';

export 'src/arrow/column_builder.dart' show OdbcColumnBuilder;
export 'src/async/connection.dart'
    show OdbcAsyncCall, OdbcAsyncConnection, clearAllStatementsAsync;
export 'src/async/pool.dart' show OdbcAsyncPool;
export 'src/async/statement.dart' show OdbcAsyncStatement;
export 'src/async/stream.dart' show OdbcAsyncStream;
export 'src/batch.dart' show OdbcArray, OdbcBatch;
export 'src/bulk/options.dart'
    show OdbcBulkMode, OdbcBulkOptions, OdbcBulkResult, OdbcBulkStrategy;
export 'src/bulk/rows_builder.dart' show OdbcRowsBuilder;
export 'src/bulk_failure.dart' show OdbcBulkFailure, OdbcBulkWorker;
export 'src/call.dart' show OdbcCall;
export 'src/cancel.dart' show OdbcCancelHandle;
export 'src/catalog.dart' show OdbcCatalogFunction, OdbcCatalogQuery;
export 'src/clear.dart' show clearAllStatements;
export 'src/column.dart' show OdbcColumn;
export 'src/connection.dart' show OdbcConnection;
export 'src/connection_string.dart' show OdbcConnectionString;
export 'src/engine.dart' show OdbcEngine;
export 'src/exception.dart' hide OdbcErrorDetails;
export 'src/execution.dart' show OdbcExecution;
export 'src/isolation.dart' show OdbcIsolation;
export 'src/metrics.dart' show OdbcLatency, OdbcMetrics, metrics, resetMetrics;
export 'src/options.dart'
    show OdbcConnectionOptions, OdbcStreamOptions, OdbcTransactionOptions;
export 'src/parameter.dart' show OdbcParameter;
export 'src/pool/options.dart' show OdbcPoolOptions;
export 'src/pool/pool.dart' show OdbcPool;
export 'src/pool/state.dart' show OdbcPoolState;
export 'src/result.dart' show OdbcResult;
export 'src/retry.dart' show retry, retryAsync;
export 'src/row.dart' show OdbcRow;
export 'src/service.dart' show OdbcPoolService, OdbcService;
export 'src/several.dart' show OdbcPages, OdbcPartition;
export 'src/statement.dart' show OdbcStatement;
export 'src/stream.dart' show OdbcProgress, OdbcStream;
export 'src/telemetry/open_telemetry_ffi.dart' show OpenTelemetryFFI;
export 'src/telemetry/options.dart' show TelemetryExporter, TelemetryOptions;
export 'src/telemetry/repository.dart' show TelemetryRepository;
export 'src/telemetry/service.dart' show TelemetryService;
export 'src/telemetry/span.dart' show TelemetrySpan, TelemetrySpanKind;
export 'src/types/date.dart' show OdbcDate;
export 'src/types/decimal.dart' show OdbcDecimal;
export 'src/types/time.dart' show OdbcTime;
export 'src/types/type.dart' show OdbcTimeUnit, OdbcType, OdbcTypeFamily;
