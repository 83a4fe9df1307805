import 'dart:ffi';

import '../exception.dart';
import 'function_types.dart';
import 'structs.dart';

export 'function_types.dart';

/// The exports of the C ABI, each looked up when it is first used: a library
/// without one of them stays usable for the rest.
final class EngineFunctions {
  /// The exports of the library that was opened from the given path.
  EngineFunctions(this._library, this._path);

  final DynamicLibrary _library;
  final String _path;

  /// `uint32_t odbc_abi_version(void)`
  late final int Function() abiVersion = _find(
      'odbc_abi_version',
      (name) =>
          _library.lookupFunction<Uint32 Function(), int Function()>(name));

  /// `const char *odbc_engine_version(void)`
  late final Pointer<Uint8> Function() engineVersion = _find(
      'odbc_engine_version',
      (name) => _library.lookupFunction<Pointer<Uint8> Function(),
          Pointer<Uint8> Function()>(name));

  /// `int32_t odbc_connection_open(const char *connection_string, uint64_t
  /// connection_string_length, const char *options, uint64_t options_length,
  /// odbc_handle *connection, odbc_error *error)`
  late final ConnectFunction connectionOpen = _connect('odbc_connection_open');

  /// `int32_t odbc_connection_close(odbc_handle connection, odbc_error *error)`
  late final HandleFunction connectionClose = _handle('odbc_connection_close');

  /// `int32_t odbc_connection_begin(odbc_handle connection, const char *options,
  /// uint64_t options_length, odbc_error *error)`
  late final SayFunction connectionBegin = _say('odbc_connection_begin');

  /// `int32_t odbc_connection_savepoint(odbc_handle connection, const char
  /// *name, uint64_t name_length, odbc_error *error)`
  late final SayFunction connectionSavepoint =
      _say('odbc_connection_savepoint');

  /// `int32_t odbc_connection_rollback_to_savepoint(odbc_handle connection,
  /// const char *name, uint64_t name_length, odbc_error *error)`
  late final SayFunction connectionRollbackToSavepoint =
      _say('odbc_connection_rollback_to_savepoint');

  /// `int32_t odbc_connection_release_savepoint(odbc_handle connection, const
  /// char *name, uint64_t name_length, odbc_error *error)`
  late final SayFunction connectionReleaseSavepoint =
      _say('odbc_connection_release_savepoint');

  /// `int32_t odbc_connection_commit(odbc_handle connection, odbc_error
  /// *error)`
  late final HandleFunction connectionCommit =
      _handle('odbc_connection_commit');

  /// `int32_t odbc_connection_rollback(odbc_handle connection, odbc_error
  /// *error)`
  late final HandleFunction connectionRollback =
      _handle('odbc_connection_rollback');

  /// `int32_t odbc_connection_transaction_depth(odbc_handle connection, uint64_t
  /// *depth, odbc_error *error)`
  late final int Function(int, Pointer<Uint64>, ErrorPointer)
      connectionTransactionDepth = _find(
          'odbc_connection_transaction_depth',
          (name) => _library.lookupFunction<
              Int32 Function(Uint64, Pointer<Uint64>, ErrorPointer),
              int Function(int, Pointer<Uint64>, ErrorPointer)>(name));

  /// `int32_t odbc_connection_set_autocommit(odbc_handle connection, int32_t
  /// enabled, odbc_error *error)`
  late final int Function(int, int, ErrorPointer) connectionSetAutocommit =
      _find(
          'odbc_connection_set_autocommit',
          (name) => _library.lookupFunction<
              Int32 Function(Uint64, Int32, ErrorPointer),
              int Function(int, int, ErrorPointer)>(name));

  /// `int32_t odbc_connection_autocommit(odbc_handle connection, int32_t
  /// *enabled, odbc_error *error)`
  late final int Function(int, Pointer<Int32>, ErrorPointer)
      connectionAutocommit = _find(
          'odbc_connection_autocommit',
          (name) => _library.lookupFunction<
              Int32 Function(Uint64, Pointer<Int32>, ErrorPointer),
              int Function(int, Pointer<Int32>, ErrorPointer)>(name));

  /// `int32_t odbc_connection_cancel(odbc_handle connection, odbc_error *error)`
  late final HandleFunction connectionCancel =
      _handle('odbc_connection_cancel');

  /// `int32_t odbc_pool_open(const char *connection_string, uint64_t
  /// connection_string_length, const char *options, uint64_t options_length,
  /// odbc_handle *pool, odbc_error *error)`
  late final ConnectFunction poolOpen = _connect('odbc_pool_open');

  /// `int32_t odbc_pool_acquire(odbc_handle pool, odbc_handle *connection,
  /// odbc_error *error)`
  late final int Function(int, Pointer<Uint64>, ErrorPointer) poolAcquire =
      _find(
          'odbc_pool_acquire',
          (name) => _library.lookupFunction<
              Int32 Function(Uint64, Pointer<Uint64>, ErrorPointer),
              int Function(int, Pointer<Uint64>, ErrorPointer)>(name));

  /// `int32_t odbc_pool_state(odbc_handle pool, odbc_text *state, odbc_error
  /// *error)`
  late final TextFunction poolState = _text('odbc_pool_state');

  /// `int32_t odbc_pool_resize(odbc_handle pool, const char *options, uint64_t
  /// options_length, odbc_error *error)`
  late final SayFunction poolResize = _say('odbc_pool_resize');

  /// `int32_t odbc_pool_cancel(odbc_handle pool, odbc_error *error)`
  late final HandleFunction poolCancel = _handle('odbc_pool_cancel');

  /// `int32_t odbc_pool_close(odbc_handle pool, odbc_error *error)`
  late final HandleFunction poolClose = _handle('odbc_pool_close');

  /// `void odbc_pool_finalize(void *pool)`
  late final Pointer<NativeFinalizerFunction> poolFinalizer =
      _finalizer('odbc_pool_finalize');

  /// `int32_t odbc_connection_clear_statements(odbc_handle connection,
  /// odbc_error *error)`
  late final HandleFunction connectionClearStatements =
      _handle('odbc_connection_clear_statements');

  /// `int32_t odbc_connection_info(odbc_handle connection, odbc_text *info,
  /// odbc_error *error)`
  late final TextFunction connectionInfo = _text('odbc_connection_info');

  /// `int32_t odbc_connection_capabilities(odbc_handle connection, odbc_text
  /// *capabilities, odbc_error *error)`
  late final TextFunction connectionCapabilities =
      _text('odbc_connection_capabilities');

  /// `int32_t odbc_connection_string_build(const char *pairs, uint64_t
  /// pairs_length, odbc_text *connection_string, odbc_error *error)`
  late final ConvertFunction connectionStringBuild =
      _convert('odbc_connection_string_build');

  /// `int32_t odbc_connection_string_parse(const char *connection_string,
  /// uint64_t connection_string_length, odbc_text *pairs, odbc_error *error)`
  late final ConvertFunction connectionStringParse =
      _convert('odbc_connection_string_parse');

  /// `int32_t odbc_connection_string_redact(const char *connection_string,
  /// uint64_t connection_string_length, odbc_text *redacted, odbc_error
  /// *error)`
  late final ConvertFunction connectionStringRedact =
      _convert('odbc_connection_string_redact');

  /// `int32_t odbc_clear_all_statements(void)`
  late final int Function() clearAllStatements = _find(
      'odbc_clear_all_statements',
      (name) =>
          _library.lookupFunction<Int32 Function(), int Function()>(name));

  /// `int32_t odbc_metrics_read(odbc_text *metrics, odbc_error *error)`
  late final TextCall metricsRead = _find(
      'odbc_metrics_read',
      (name) => _library.lookupFunction<
          Int32 Function(Pointer<TextStruct>, ErrorPointer), TextCall>(name));

  /// `int32_t odbc_metrics_reset(odbc_error *error)`
  late final int Function(ErrorPointer) metricsReset = _find(
      'odbc_metrics_reset',
      (name) => _library.lookupFunction<Int32 Function(ErrorPointer),
          int Function(ErrorPointer)>(name));

  /// `int32_t odbc_statement_open(odbc_handle connection, const char *sql,
  /// uint64_t sql_length, odbc_handle *statement, odbc_error *error)`
  late final OpenFunction statementOpen = _open('odbc_statement_open');

  /// `int32_t odbc_catalog_open(odbc_handle connection, const char *query,
  /// uint64_t query_length, odbc_handle *statement, odbc_error *error)`
  late final OpenFunction catalogOpen = _open('odbc_catalog_open');

  /// `int32_t odbc_procedure_call(odbc_handle connection, const char *name,
  /// uint64_t name_length, struct ArrowSchema *parameters_schema, struct
  /// ArrowArray *parameters, struct ArrowSchema *outputs_schema, struct
  /// ArrowArray *outputs, odbc_handle *statement, odbc_execution *execution,
  /// odbc_error *error)`
  late final int Function(
          int,
          Pointer<Uint8>,
          int,
          Pointer<ArrowSchema>,
          Pointer<ArrowArray>,
          Pointer<ArrowSchema>,
          Pointer<ArrowArray>,
          Pointer<Uint64>,
          Pointer<ExecutionStruct>,
          ErrorPointer) procedureCall =
      _find(
          'odbc_procedure_call',
          (name) => _library.lookupFunction<
              Int32 Function(
                  Uint64,
                  Pointer<Uint8>,
                  Uint64,
                  Pointer<ArrowSchema>,
                  Pointer<ArrowArray>,
                  Pointer<ArrowSchema>,
                  Pointer<ArrowArray>,
                  Pointer<Uint64>,
                  Pointer<ExecutionStruct>,
                  ErrorPointer),
              int Function(
                  int,
                  Pointer<Uint8>,
                  int,
                  Pointer<ArrowSchema>,
                  Pointer<ArrowArray>,
                  Pointer<ArrowSchema>,
                  Pointer<ArrowArray>,
                  Pointer<Uint64>,
                  Pointer<ExecutionStruct>,
                  ErrorPointer)>(name));

  /// `int32_t odbc_statement_execute(odbc_handle statement, struct ArrowSchema
  /// *parameters_schema, struct ArrowArray *parameters, odbc_execution
  /// *execution, odbc_error *error)`
  late final int Function(int, Pointer<ArrowSchema>, Pointer<ArrowArray>,
          Pointer<ExecutionStruct>, ErrorPointer) statementExecute =
      _find(
          'odbc_statement_execute',
          (name) => _library.lookupFunction<
              Int32 Function(Uint64, Pointer<ArrowSchema>, Pointer<ArrowArray>,
                  Pointer<ExecutionStruct>, ErrorPointer),
              int Function(int, Pointer<ArrowSchema>, Pointer<ArrowArray>,
                  Pointer<ExecutionStruct>, ErrorPointer)>(name));

  /// `int32_t odbc_statement_next_result(odbc_handle statement, int32_t *found,
  /// odbc_execution *execution, odbc_error *error)`
  late final int Function(
          int, Pointer<Int32>, Pointer<ExecutionStruct>, ErrorPointer)
      statementNextResult = _find(
          'odbc_statement_next_result',
          (name) => _library.lookupFunction<
              Int32 Function(Uint64, Pointer<Int32>, Pointer<ExecutionStruct>,
                  ErrorPointer),
              int Function(int, Pointer<Int32>, Pointer<ExecutionStruct>,
                  ErrorPointer)>(name));

  /// `int32_t odbc_statement_warnings(odbc_handle statement, odbc_text
  /// *warnings, odbc_error *error)`
  late final TextFunction statementWarnings = _text('odbc_statement_warnings');

  /// `int32_t odbc_statement_cancel(odbc_handle statement, odbc_error *error)`
  late final HandleFunction statementCancel = _handle('odbc_statement_cancel');

  /// `int32_t odbc_statement_set_query_timeout(odbc_handle statement, uint32_t
  /// query_timeout_ms, odbc_error *error)`
  late final int Function(int, int, ErrorPointer) statementSetQueryTimeout =
      _find(
          'odbc_statement_set_query_timeout',
          (name) => _library.lookupFunction<
              Int32 Function(Uint64, Uint32, ErrorPointer),
              int Function(int, int, ErrorPointer)>(name));

  /// `int32_t odbc_statement_close(odbc_handle statement, odbc_error *error)`
  late final HandleFunction statementClose = _handle('odbc_statement_close');

  /// `int32_t odbc_stream_start(odbc_handle statement, const char *options,
  /// uint64_t options_length, odbc_handle *stream, odbc_error *error)`
  late final OpenFunction streamStart = _open('odbc_stream_start');

  /// `int32_t odbc_stream_schema(odbc_handle stream, struct ArrowSchema
  /// *schema, odbc_error *error)`
  late final int Function(int, Pointer<ArrowSchema>, ErrorPointer)
      streamSchema = _find(
          'odbc_stream_schema',
          (name) => _library.lookupFunction<
              Int32 Function(Uint64, Pointer<ArrowSchema>, ErrorPointer),
              int Function(int, Pointer<ArrowSchema>, ErrorPointer)>(name));

  /// `int32_t odbc_stream_schema_number(odbc_handle stream, uint64_t *number,
  /// odbc_error *error)`; null where the library does not have it.
  late final int Function(int, Pointer<Uint64>, ErrorPointer)?
      streamSchemaNumber = _findOptional(
          'odbc_stream_schema_number',
          (name) => _library.lookupFunction<
              Int32 Function(Uint64, Pointer<Uint64>, ErrorPointer),
              int Function(int, Pointer<Uint64>, ErrorPointer)>(name));

  /// `int32_t odbc_stream_fetch(odbc_handle stream, struct ArrowArray *batch,
  /// odbc_error *error)`
  late final int Function(int, Pointer<ArrowArray>, ErrorPointer) streamFetch =
      _find(
          'odbc_stream_fetch',
          (name) => _library.lookupFunction<
              Int32 Function(Uint64, Pointer<ArrowArray>, ErrorPointer),
              int Function(int, Pointer<ArrowArray>, ErrorPointer)>(name));

  /// `int32_t odbc_stream_warnings(odbc_handle stream, odbc_text *warnings,
  /// odbc_error *error)`
  late final TextFunction streamWarnings = _text('odbc_stream_warnings');

  /// `int32_t odbc_parts_query(odbc_handle connection, const char *sql, uint64_t
  /// sql_length, struct ArrowSchema *parameters_schema, struct ArrowArray
  /// *parameters, const char *partition, uint64_t partition_length, const char
  /// *options, uint64_t options_length, odbc_handle *stream, odbc_error *error)`
  late final SeveralFunction partsQuery = _several('odbc_parts_query');

  /// `int32_t odbc_pages_query(odbc_handle connection, const char *sql, uint64_t
  /// sql_length, struct ArrowSchema *parameters_schema, struct ArrowArray
  /// *parameters, const char *page, uint64_t page_length, const char *options,
  /// uint64_t options_length, odbc_handle *stream, odbc_error *error)`
  late final SeveralFunction pagesQuery = _several('odbc_pages_query');

  /// `int32_t odbc_stream_export(odbc_handle stream, struct ArrowArrayStream
  /// *arrow_stream, odbc_error *error)`
  late final int Function(int, Pointer<ArrowArrayStream>, ErrorPointer)
      streamExport = _find(
          'odbc_stream_export',
          (name) => _library.lookupFunction<
              Int32 Function(Uint64, Pointer<ArrowArrayStream>, ErrorPointer),
              int Function(
                  int, Pointer<ArrowArrayStream>, ErrorPointer)>(name));

  /// `int32_t odbc_rows_lend(struct ArrowSchema *schema, struct ArrowArray
  /// *batches, uint64_t batch_count, struct ArrowArrayStream *rows, odbc_error
  /// *error)`
  late final int Function(Pointer<ArrowSchema>, Pointer<ArrowArray>, int,
          Pointer<ArrowArrayStream>, ErrorPointer) rowsLend =
      _find(
          'odbc_rows_lend',
          (name) => _library.lookupFunction<
              Int32 Function(Pointer<ArrowSchema>, Pointer<ArrowArray>, Uint64,
                  Pointer<ArrowArrayStream>, ErrorPointer),
              int Function(Pointer<ArrowSchema>, Pointer<ArrowArray>, int,
                  Pointer<ArrowArrayStream>, ErrorPointer)>(name));

  /// `void odbc_schema_forget(struct ArrowSchema *schema)`
  late final Pointer<ReleaseSchema> schemaForget =
      _find('odbc_schema_forget', _library.lookup<ReleaseSchema>);

  /// `void odbc_array_forget(struct ArrowArray *array)`
  late final Pointer<ReleaseArray> arrayForget =
      _find('odbc_array_forget', _library.lookup<ReleaseArray>);

  /// `int32_t odbc_bulk_insert(odbc_handle connection, const char *table,
  /// uint64_t table_length, struct ArrowArrayStream *rows, const char *options,
  /// uint64_t options_length, odbc_text *result, odbc_error *error)`
  late final BulkInsertFunction bulkInsert = _bulkInsert('odbc_bulk_insert');

  /// `int32_t odbc_bulk_insert_parallel(odbc_handle pool, const char *table,
  /// uint64_t table_length, struct ArrowArrayStream *rows, const char *options,
  /// uint64_t options_length, odbc_text *result, odbc_error *error)`
  late final BulkInsertFunction bulkInsertParallel =
      _bulkInsert('odbc_bulk_insert_parallel');

  BulkInsertFunction _bulkInsert(String symbol) => _find(
      symbol,
      (name) => _library.lookupFunction<
          Int32 Function(
              Uint64,
              Pointer<Uint8>,
              Uint64,
              Pointer<ArrowArrayStream>,
              Pointer<Uint8>,
              Uint64,
              Pointer<TextStruct>,
              ErrorPointer),
          BulkInsertFunction>(name));

  /// `int32_t odbc_stream_cancel(odbc_handle stream, odbc_error *error)`
  late final HandleFunction streamCancel = _handle('odbc_stream_cancel');

  /// `int32_t odbc_stream_progress(odbc_handle stream, odbc_progress *progress,
  /// odbc_error *error)`
  late final int Function(int, Pointer<ProgressStruct>, ErrorPointer)
      streamProgress = _find(
          'odbc_stream_progress',
          (name) => _library.lookupFunction<
              Int32 Function(Uint64, Pointer<ProgressStruct>, ErrorPointer),
              int Function(int, Pointer<ProgressStruct>, ErrorPointer)>(name));

  /// `int32_t odbc_stream_close(odbc_handle stream, odbc_error *error)`
  late final HandleFunction streamClose = _handle('odbc_stream_close');

  /// `void odbc_connection_finalize(void *connection)`
  late final Pointer<NativeFinalizerFunction> connectionFinalizer =
      _finalizer('odbc_connection_finalize');

  /// `void odbc_statement_finalize(void *statement)`
  late final Pointer<NativeFinalizerFunction> statementFinalizer =
      _finalizer('odbc_statement_finalize');

  /// `void odbc_stream_finalize(void *stream)`
  late final Pointer<NativeFinalizerFunction> streamFinalizer =
      _finalizer('odbc_stream_finalize');

  HandleFunction _handle(String name) => _find(
      name,
      (name) =>
          _library.lookupFunction<NativeHandleFunction, HandleFunction>(name));

  TextFunction _text(String name) => _find(
      name,
      (name) =>
          _library.lookupFunction<NativeTextFunction, TextFunction>(name));

  SeveralFunction _several(String symbol) => _find(
      symbol,
      (name) => _library.lookupFunction<
          Int32 Function(
              Uint64,
              Pointer<Uint8>,
              Uint64,
              Pointer<ArrowSchema>,
              Pointer<ArrowArray>,
              Pointer<Uint8>,
              Uint64,
              Pointer<Uint8>,
              Uint64,
              Pointer<Uint64>,
              ErrorPointer),
          SeveralFunction>(name));

  ConnectFunction _connect(String name) => _find(
      name,
      (name) => _library.lookupFunction<
          Int32 Function(Pointer<Uint8>, Uint64, Pointer<Uint8>, Uint64,
              Pointer<Uint64>, ErrorPointer),
          ConnectFunction>(name));

  OpenFunction _open(String name) => _find(
      name,
      (name) =>
          _library.lookupFunction<NativeOpenFunction, OpenFunction>(name));

  SayFunction _say(String name) => _find(name,
      (name) => _library.lookupFunction<NativeSayFunction, SayFunction>(name));

  ConvertFunction _convert(String name) => _find(
      name,
      (name) => _library
          .lookupFunction<NativeConvertFunction, ConvertFunction>(name));

  Pointer<NativeFinalizerFunction> _finalizer(String name) =>
      _find(name, _library.lookup<NativeFinalizerFunction>);

  T? _findOptional<T>(String name, T Function(String name) lookup) =>
      _library.providesSymbol(name) ? lookup(name) : null;

  T _find<T>(String name, T Function(String name) lookup) {
    if (!_library.providesSymbol(name)) {
      throw OdbcException(
        OdbcErrorKind.unsupported,
        'the library "$_path" has no symbol $name',
        operation: 'load',
      );
    }
    return lookup(name);
  }
}
