/// Typed, exact access to any ODBC database.
///
/// Begin with [OdbcConnection.open].
library;

import 'src/connection.dart';

export 'src/batch.dart' show OdbcArray, OdbcBatch;
export 'src/column.dart' show OdbcColumn;
export 'src/connection.dart' show OdbcConnection;
export 'src/engine.dart' show OdbcEngine;
export 'src/exception.dart' hide OdbcErrorDetails;
export 'src/execution.dart' show OdbcExecution;
export 'src/options.dart' show OdbcConnectionOptions, OdbcStreamOptions;
export 'src/parameter.dart' show OdbcParameter;
export 'src/result.dart' show OdbcResult;
export 'src/row.dart' show OdbcRow;
export 'src/statement.dart' show OdbcStatement;
export 'src/stream.dart' show OdbcStream;
export 'src/types/date.dart' show OdbcDate;
export 'src/types/decimal.dart' show OdbcDecimal;
export 'src/types/time.dart' show OdbcTime;
export 'src/types/type.dart' show OdbcTimeUnit, OdbcType, OdbcTypeFamily;
