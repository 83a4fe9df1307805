/* The C ABI of odbc_engine. Generated from ffi/src by `make header`; do not edit.
 *
 * Conventions
 * - A fallible function returns 0, or the kind of its error (1 to 15), and fills the odbc_error
 *   that its caller owns; `error` may be NULL. On an error the other outputs are untouched.
 * - Text goes in as UTF-8 by pointer and length; the pointer may be NULL where the length is 0.
 * - Options are a JSON object; an unknown key or a bad value is an error that names it.
 * - Any function may be called from any thread. One connection runs one call at a time; a second
 *   caller waits.
 * - Kinds: 1 InvalidArgument, 2 InvalidState, 3 Unsupported, 4 Connection, 5 Authentication,
 *   6 Syntax, 7 Constraint, 8 Data, 9 Transaction, 10 Timeout, 11 Cancelled, 12 Truncated,
 *   13 Limit, 14 Driver, 15 Internal.
 */

#ifndef ODBC_ENGINE_H
#define ODBC_ENGINE_H

#include <stdint.h>
/* The Arrow C Data Interface, https://arrow.apache.org/docs/format/CDataInterface.html */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

struct ArrowSchema {
  const char *format;
  const char *name;
  const char *metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema **children;
  struct ArrowSchema *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void **buffers;
  struct ArrowArray **children;
  struct ArrowArray *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

#endif


// The number of this ABI: it grows with every change that an older binding cannot work with.
#define ODBC_ENGINE_ABI_VERSION 2

// A connection, a statement, a stream or a pool. 0 is none. A closed, foreign or made-up handle is an
// error of kind InvalidState, never undefined behaviour; a handle may be used from any thread.
typedef uint64_t odbc_handle;

// One diagnostic record of the driver. It belongs to its `odbc_error`.
typedef struct odbc_diagnostic {
  // SQLSTATE, NUL-terminated.
  const char *sqlstate;
  // The database's own number.
  int32_t native_code;
  // The driver's text, NUL-terminated UTF-8.
  const char *message;
} odbc_diagnostic;

// An error, owned by the caller, who zero-initialises it before its first use.
//
// A call that fails fills it; one that succeeds leaves it alone. What it held is released before
// it is filled again. When done with it, call `release` unless that is NULL.
typedef struct odbc_error {
  // The kind of the error, 1 to 15; the same number that the call returned.
  int32_t kind;
  // The database's own number of the first record, or 0.
  int32_t native_code;
  // SQLSTATE of the first record, NUL-terminated; empty if there is none.
  char sqlstate[8];
  // 1 if the same work may succeed when tried again on a working connection, else 0.
  int32_t retryable;
  // The row of the result at fault, counted from 0, or -1.
  int64_t row;
  // The operation that failed, NUL-terminated UTF-8.
  const char *operation;
  // For people, NUL-terminated UTF-8.
  const char *message;
  // The column at fault, NUL-terminated UTF-8, or NULL.
  const char *column;
  // Every record that the driver gave.
  const struct odbc_diagnostic *records;
  // How many there are.
  uint64_t record_count;
  // Frees what the error holds and sets this to NULL; NULL where it holds nothing.
  void (*release)(struct odbc_error *error);
  // The library's own.
  void *private_data;
  // More about some errors, as a JSON object in NUL-terminated UTF-8, or NULL: `bulk`, where a
  // bulk insert failed while rows were sent, tells what became of them; doc/bulk.md names its
  // members.
  const char *details;
} odbc_error;

// UTF-8 text that the library owns until `release` is called.
typedef struct odbc_text {
  // The text, also NUL-terminated.
  const char *data;
  // Its length in bytes, without the terminator.
  uint64_t length;
  // Frees the text and sets this to NULL; NULL where it holds nothing.
  void (*release)(struct odbc_text *text);
  // The library's own.
  void *private_data;
} odbc_text;

// What an execution did.
typedef struct odbc_execution {
  // How many rows were inserted, updated or deleted; -1 where there is a result set, or the
  // driver does not say.
  int64_t affected_rows;
  // How many columns the result set has; 0 where there is none.
  int32_t column_count;
  // How many warnings odbc_statement_warnings gives.
  int32_t warning_count;
} odbc_execution;

// How far a stream has come.
typedef struct odbc_progress {
  // Rows that were delivered.
  uint64_t rows;
  // The bytes of their Arrow buffers.
  uint64_t bytes;
  // Microseconds since the stream began.
  uint64_t elapsed_us;
} odbc_progress;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Asks what the database holds, by a catalog function of ODBC. The statement has the answer as
// its result, to be streamed; it is not executed again. The columns are those of the ODBC 3
// standard on every database: text as utf8, SMALLINT as int16, INTEGER as int64.
//
// `query` is a JSON object: `function`, one of `tables`, `columns`, `primary_keys`,
// `foreign_keys`, `statistics`, `procedures`, `procedure_columns` and `type_info`; and by what to
// choose, all optional: `catalog`, `schema`, `name` (of the table or procedure), `column`, and
// `types` for tables, such as `TABLE,VIEW`. For tables, columns and procedures they are patterns
// with `%` and `_`; for keys and statistics they are names, and `name` is required.
int32_t odbc_catalog_open(odbc_handle connection,
                          const char *query,
                          uint64_t query_length,
                          odbc_handle *statement,
                          struct odbc_error *error);

// Connects by an ODBC connection string, such as `Driver=SQLite3;Database=my.db`.
//
// `options` is a JSON object, empty for the defaults: `login_timeout_ms` (1 to 600,000, default
// 15,000), `read_only` (default false), `autocommit` (default true), `statement_cache_size` (0 to
// 1,000, default 16), `streaming` (ask the driver to fetch results bit by bit instead of holding
// them in memory, default false), `query_timeout_ms` (how long an execution, or the fetching of a
// batch, may take: 0, the default, for no limit, to 86,400,000), `cancel_connection` (whether a
// second connection may be opened to stop a running call, default true), `trace_context`
// (the W3C traceparent of the span that the engine's spans are children of, as by
// odbc_connection_set_trace_context).
int32_t odbc_connection_open(const char *connection_string,
                             uint64_t connection_string_length,
                             const char *options,
                             uint64_t options_length,
                             odbc_handle *connection,
                             struct odbc_error *error);

// Waits for the running call, rolls back an open transaction, closes every statement and stream
// of the connection, and disconnects. Closing again does nothing.
int32_t odbc_connection_close(odbc_handle connection, struct odbc_error *error);

// For finalizers: forgets the connection whose handle is this pointer's value, without waiting.
// It is closed once its last statement and stream are forgotten as well.
void odbc_connection_finalize(void *connection);

// Makes the span that a W3C `traceparent` names the parent of the engine's spans of what follows
// on this connection; empty for none. It may be called while the connection is busy.
int32_t odbc_connection_set_trace_context(odbc_handle connection,
                                          const char *traceparent,
                                          uint64_t traceparent_length,
                                          struct odbc_error *error);

// Begins a transaction. Autocommit is off until it ends. Where one is open already, this begins
// one within it, by a savepoint; the next commit or rollback ends that one.
//
// `options` is a JSON object, empty for the defaults: `isolation` ("read_uncommitted",
// "read_committed", "repeatable_read" or "serializable") and `read_only` (default false).
int32_t odbc_connection_begin(odbc_handle connection,
                              const char *options,
                              uint64_t options_length,
                              struct odbc_error *error);

// Sets a savepoint in the open transaction.
int32_t odbc_connection_savepoint(odbc_handle connection,
                                  const char *name,
                                  uint64_t name_length,
                                  struct odbc_error *error);

// Undoes what was done since a savepoint, which stays.
int32_t odbc_connection_rollback_to_savepoint(odbc_handle connection,
                                              const char *name,
                                              uint64_t name_length,
                                              struct odbc_error *error);

// Forgets a savepoint; what was done since stays in the transaction.
int32_t odbc_connection_release_savepoint(odbc_handle connection,
                                          const char *name,
                                          uint64_t name_length,
                                          struct odbc_error *error);

// Makes what the innermost transaction did last, and ends it.
int32_t odbc_connection_commit(odbc_handle connection, struct odbc_error *error);

// Undoes what the innermost transaction did, and ends it.
int32_t odbc_connection_rollback(odbc_handle connection, struct odbc_error *error);

// Writes to `depth` how many transactions that were begun are open within each other.
int32_t odbc_connection_transaction_depth(odbc_handle connection,
                                          uint64_t *depth,
                                          struct odbc_error *error);

// Turns autocommit on (1), which commits an open transaction, or off (0).
int32_t odbc_connection_set_autocommit(odbc_handle connection,
                                       int32_t enabled,
                                       struct odbc_error *error);

// Writes 1 to `enabled` if each statement commits by itself, else 0.
int32_t odbc_connection_autocommit(odbc_handle connection,
                                   int32_t *enabled,
                                   struct odbc_error *error);

// Asks everything that runs on the connection to stop, its open streams included, from any thread
// and without waiting. Such calls then fail with an error of kind Cancelled, unless they ended
// before. Where nothing runs, and on a closed connection, this does nothing. Unsupported where the
// database has no way.
int32_t odbc_connection_cancel(odbc_handle connection, struct odbc_error *error);

// Closes every statement and stream of this connection, cached ones included, once the running
// call ends.
int32_t odbc_connection_clear_statements(odbc_handle connection, struct odbc_error *error);

// The names and versions of the database and its driver, as a JSON object: `dbms`, `dbms_name`,
// `dbms_version`, `driver_name`, `driver_version`, `driver_odbc_version`, `engine_version`.
int32_t odbc_connection_info(odbc_handle connection,
                             struct odbc_text *info,
                             struct odbc_error *error);

// What the connection can do, as a JSON object; doc/capabilities.md names its members.
int32_t odbc_connection_capabilities(odbc_handle connection,
                                     struct odbc_text *capabilities,
                                     struct odbc_error *error);

// Puts a connection string together from a JSON array of pairs, such as
// `[["Driver", "SQLite3"], ["Database", "my.db"]]`. Values are escaped by the rules of ODBC.
int32_t odbc_connection_string_build(const char *pairs,
                                     uint64_t pairs_length,
                                     struct odbc_text *connection_string,
                                     struct odbc_error *error);

// Takes a connection string apart into a JSON array of pairs, secrets included. One that is not
// well-formed is InvalidArgument.
int32_t odbc_connection_string_parse(const char *connection_string,
                                     uint64_t connection_string_length,
                                     struct odbc_text *pairs,
                                     struct odbc_error *error);

// A connection string for people, with `***` for each secret.
int32_t odbc_connection_string_redact(const char *connection_string,
                                      uint64_t connection_string_length,
                                      struct odbc_text *redacted,
                                      struct odbc_error *error);

// Inserts the rows of an Arrow C stream into a table, as fast as the driver takes them. The
// stream's columns go to those of the same names, which are exact. All rows are written, or none
// unless `commit_every_rows` is set; within an open transaction the call is a part of that.
//
// `table` is an identifier as SQL writes it, with its schema before a dot if need be. The call
// takes the stream over and releases it, also when it fails; it calls the stream, and releases
// what the stream gives, on the caller's thread only.
//
// `options` is a JSON object, empty for the defaults: `mode` ("append", the default, "create",
// "replace", "create_append"), `strategy` ("auto", the default, "array", "multi_row", "unnest",
// "row"), `commit_every_rows` (at least 1), `chunk_rows` (the most rows that are sent at once, 1
// to 1,000,000), `find_bad_row` (whether to look for the row at fault after a failure, default
// true), `columns` (the table's columns in the order of the stream's), `schema` and `catalog` (of
// the table).
//
// `result` becomes a JSON object: `rows` that were written, `strategy`, `chunks` (the executions
// that took), `workers` (1) and `warnings`, each with `sqlstate`, `native_code` and `message`.
int32_t odbc_bulk_insert(odbc_handle connection,
                         const char *table,
                         uint64_t table_length,
                         struct ArrowArrayStream *rows,
                         const char *options,
                         uint64_t options_length,
                         struct odbc_text *result,
                         struct odbc_error *error);

// Inserts the rows of an Arrow C stream into a table, over several connections of a pool at once,
// each in transactions of its own.
//
// What is given, and on which thread the stream is called and released, is as with
// `odbc_bulk_insert`; `options` has two members more: `parallelism` (how many connections insert
// at once, to 1,000 and at most the pool's `size_max`; one, or 0, is an insert on a single
// connection; default 4, or as many as the pool may have) and `stop_on_error` (whether the first
// failure stops all workers and undoes what they have not committed, default true; otherwise only
// the pieces of at most `chunk_rows` rows that fail are left out).
//
// `result` becomes a JSON object as with `odbc_bulk_insert`, `workers` being the connections that
// inserted. Where some rows were not written that is an error, of the kind of the first failure,
// and its `details` tell which rows are committed and which are not; `row` is counted over all.
int32_t odbc_bulk_insert_parallel(odbc_handle pool,
                                  const char *table,
                                  uint64_t table_length,
                                  struct ArrowArrayStream *rows,
                                  const char *options,
                                  uint64_t options_length,
                                  struct odbc_text *result,
                                  struct odbc_error *error);

// A release callback for schemas whose memory stays with their maker: marks the schema released,
// and frees nothing.
void odbc_schema_forget(struct ArrowSchema *schema);

// A release callback for arrays whose memory stays with their maker: marks the array released,
// and frees nothing.
void odbc_array_forget(struct ArrowArray *array);

// Makes an Arrow C stream of `batch_count` struct arrays that stand one behind the other at
// `batches`. The call takes the schema and the arrays over, also when it fails; the caller
// releases the stream.
int32_t odbc_rows_lend(struct ArrowSchema *schema,
                       struct ArrowArray *batches,
                       uint64_t batch_count,
                       struct ArrowArrayStream *rows,
                       struct odbc_error *error);

// Closes every statement and stream of every connection of this process, cached ones included.
// The handles of those statements and streams then answer InvalidState; the connections stay
// usable.
//
// This never waits. It returns 0 where all are closed, and 2 (InvalidState) where connections are
// in a call at this moment: those close their statements when the call ends. Calling it again
// does no harm.
int32_t odbc_clear_all_statements(void);

// What the engine did in this process, as a JSON object; doc/metrics.md names its members.
int32_t odbc_metrics_read(struct odbc_text *metrics, struct odbc_error *error);

// Sets every count back to zero, but what is open.
int32_t odbc_metrics_reset(struct odbc_error *error);

// Sets telemetry up and turns it on: the engine's spans and metrics are exported from now on, by
// threads of their own.
//
// `config` is a JSON object, empty for what the `OTEL_*` environment variables say:
// `endpoint` (of a collector that speaks OTLP over HTTP, default "http://localhost:4318"),
// `protocol` ("http/protobuf"), `headers` (an object), `timeout_ms` (of one request, 1 to 600,000,
// default 10,000), `exporter` ("otlp", "stdout", "memory" or "none", default "otlp"), `metrics`
// (default true with "otlp"), `service_name`, `resource_attributes` (an object), `sampler`
// ("always_on", "always_off", "traceidratio", or one of these behind "parentbased_", default
// "parentbased_always_on"), `sampler_ratio` (0 to 1), `query_text` ("sanitised" or "off", default
// "sanitised"), `queue_spans_max` (1 to 1,000,000, default 2,048), `memory_spans_max` (1 to
// 1,000,000, default 10,000), `schedule_delay_ms`, `metrics_interval_ms` and
// `shutdown_timeout_ms` (1 to 600,000; default 5,000, 60,000 and 5,000).
//
// Returns 0; 1 where the configuration is bad; 2 where telemetry is on with another one (with the
// same one, nothing is done); 3 where it asks for what is not supported.
int32_t otel_init(const char *config, uint64_t config_length);

// Exports spans that were made outside of the engine, and are finished: a JSON object, or an array
// of such, with `trace_id` (32 hex digits), `span_id` (16), `name`, `start_time_unix_nano` and
// `end_time_unix_nano`, and, where need be, `parent_span_id`, `kind` ("internal", "server",
// "client", "producer" or "consumer"), `attributes`, `events` (`name`, `time_unix_nano`,
// `attributes`), `links` (`trace_id`, `span_id`), `status` (`code`: "unset", "ok" or "error", and
// `message`) and `scope`.
//
// Returns 0; 1 where a span is bad, and none is exported; 2 where telemetry is not on; 13 where
// the queue had no room for all of them.
int32_t otel_export_trace(const char *spans, uint64_t spans_length);

// Gives the spans that are finished in memory, by the exporter "memory", as a JSON array in the
// form of otel_export_trace. They outlive otel_shutdown.
//
// Returns the length of the text in bytes. Where `length` is less, nothing is written and nothing
// is forgotten: call again with a buffer of that length. Otherwise the text is written, with a NUL
// behind it where there is room, and its spans are forgotten. Returns -1 where `buffer` is NULL
// and `length` is not 0; -2 where no spans are kept in memory.
int64_t otel_export_trace_to_string(char *buffer, uint64_t length);

// Gives what went wrong last in this process, in a call of an otel function (its name, a colon and
// the reason) or while exporting, then a line for each sort of loss so far; empty for nothing. A call that succeeds leaves it, but
// for otel_init and otel_cleanup_strings.
//
// Returns the length of the text in bytes. Where `length` is less, nothing is written; otherwise
// the text is, with a NUL behind it where there is room. Returns -1 where `buffer` is NULL and
// `length` is not 0.
int64_t otel_get_last_error(char *buffer,
                            uint64_t length);

// Tells whether a trace that begins with this id (32 hex digits) is to be sampled: 1 or 0, which
// it is as well where telemetry is not on; or -1 where that is no trace id.
int32_t otel_is_sampled(const char *trace_id, uint64_t trace_id_length);

// Forgets the last error, and the spans that are finished in memory. Returns 0.
int32_t otel_cleanup_strings(void);

// Turns telemetry off, and exports what is left within `shutdown_timeout_ms`. Where it is off,
// does nothing.
//
// Returns 0; 4 where the last export failed; 10 where the deadline passed, and what was left is
// lost.
int32_t otel_shutdown(void);

// Makes a pool of connections to one database, and opens its first `size_min`.
//
// `options` is a JSON object, empty for the defaults: `size_min` (connections that are kept open,
// 0 to `size_max`, default 1), `size_max` (1 to 1,000, default 10), `acquire_timeout_ms` (1 to
// 3,600,000, default 30,000), `idle_timeout_ms` (how long one beyond `size_min` may go unused, to
// 86,400,000 or 0 for ever, default 600,000), `lifetime_ms` (how long one is used, to 86,400,000
// or 0 for ever, default 1,800,000), `validation_query` (a query that must succeed before a
// connection is lent; unless set, by the database; empty for none) and `connection` (an object of
// the options of `odbc_connection_open`).
int32_t odbc_pool_open(const char *connection_string,
                       uint64_t connection_string_length,
                       const char *options,
                       uint64_t options_length,
                       odbc_handle *pool,
                       struct odbc_error *error);

// Makes the span that a W3C `traceparent` names the parent of the engine's spans of what is asked of
// this pool next, but not of what is done on its connections; empty for none.
int32_t odbc_pool_set_trace_context(odbc_handle pool,
                                    const char *traceparent,
                                    uint64_t traceparent_length,
                                    struct odbc_error *error);

// Borrows a connection that works. It is like any other, and `odbc_connection_close` gives it
// back. Who comes first is served first; where none becomes free within `acquire_timeout_ms`, the
// error is a Timeout.
int32_t odbc_pool_acquire(odbc_handle pool, odbc_handle *connection, struct odbc_error *error);

// How the pool is doing, as a JSON object; doc/pool.md names its members.
int32_t odbc_pool_state(odbc_handle pool, struct odbc_text *state, struct odbc_error *error);

// Changes the sizes of the pool by a JSON object of `size_min` and `size_max`; what it does not
// name stays, as do all other options. Connections that are too many are closed when they are
// given back.
int32_t odbc_pool_resize(odbc_handle pool,
                         const char *options,
                         uint64_t options_length,
                         struct odbc_error *error);

// Asks that the inserts over several connections of the pool stop (`odbc_bulk_insert_parallel`),
// without waiting. What they have not committed is undone; each fails with an error of kind
// Cancelled, unless it ended before. Any other call on a connection of the pool is stopped by
// `odbc_connection_cancel`. Where the pool is closed, this does nothing.
int32_t odbc_pool_cancel(odbc_handle pool, struct odbc_error *error);

// Lends no more connections, closes those that are not lent, and waits up to
// `acquire_timeout_ms` for the others to come back. Where some do not, the error is a Timeout, the
// pool is closed all the same, and they are closed when they are given back. Closing again does
// nothing.
int32_t odbc_pool_close(odbc_handle pool, struct odbc_error *error);

// For finalizers: forgets the pool whose handle is this pointer's value, without waiting. Its
// connections are closed, those that are lent when they are given back.
void odbc_pool_finalize(void *pool);

// Calls a procedure or function by its name, which is an identifier as SQL writes it, with its
// schema before a dot if need be.
//
// Parameters are given as for odbc_statement_execute, one for each parameter of the procedure by
// position or by name; an output parameter wants a value too, such as NULL. The call releases
// both structs, also when it fails.
//
// `outputs_schema` and `outputs` become a struct array, which the caller releases: one row with
// a child for each output and in/out parameter, or no children where there is none. `statement`
// has the results of the procedure, the first of which `execution` describes. Where there are
// outputs, the results were read into memory. A function's value is its result.
int32_t odbc_procedure_call(odbc_handle connection,
                            const char *name,
                            uint64_t name_length,
                            struct ArrowSchema *parameters_schema,
                            struct ArrowArray *parameters,
                            struct ArrowSchema *outputs_schema,
                            struct ArrowArray *outputs,
                            odbc_handle *statement,
                            struct odbc_execution *execution,
                            struct odbc_error *error);

// Writes a number of the stream's schema: of two streams with the same number, the columns are the
// same. A number is never used for another schema; the same columns may have several.
int32_t odbc_stream_schema_number(odbc_handle stream, uint64_t *number, struct odbc_error *error);

// Executes a query in parts, which connections of their own read at once, opened like this one,
// and streams the rows in any order. The connections see what is committed: on PostgreSQL all of
// them the same snapshot, elsewhere each what it finds when it begins.
//
// `partition` is a JSON object: `column`, one of numbers, dates or timestamps
// whose range is divided; or `predicates`, an array of conditions that together meet every row
// once; and `connections` (1 to 64; default one for each processor). Parameters are given as for
// odbc_statement_execute, by position; options as for odbc_stream_start.
int32_t odbc_parts_query(odbc_handle connection,
                         const char *sql,
                         uint64_t sql_length,
                         struct ArrowSchema *parameters_schema,
                         struct ArrowArray *parameters,
                         const char *partition,
                         uint64_t partition_length,
                         const char *options,
                         uint64_t options_length,
                         odbc_handle *stream,
                         struct odbc_error *error);

// Executes a query page by page, in the order of a key, so that no driver has to hold more than a
// page of its rows in memory. Each page is a query of its own; a key that is NULL or not unique
// is an error of kind Data, never a lost row.
//
// `page` is a JSON object: `key`, the column that orders the rows, and `rows` of a page (2 to
// 10,000,000, default 100,000). Parameters and options are given as for odbc_parts_query.
int32_t odbc_pages_query(odbc_handle connection,
                         const char *sql,
                         uint64_t sql_length,
                         struct ArrowSchema *parameters_schema,
                         struct ArrowArray *parameters,
                         const char *page,
                         uint64_t page_length,
                         const char *options,
                         uint64_t options_length,
                         odbc_handle *stream,
                         struct odbc_error *error);

// Makes a statement of a connection. The database sees it when it is executed.
int32_t odbc_statement_open(odbc_handle connection,
                            const char *sql,
                            uint64_t sql_length,
                            odbc_handle *statement,
                            struct odbc_error *error);

// Executes a statement; closes the result of its last execution.
//
// Parameters are one struct array of length 1 with a child for each `?`, by the Arrow C Data
// Interface, or NULL and NULL for none. Where the children have names, each is the value of every
// `:name` and `@name` of the statement. The call releases both structs, also when it fails.
int32_t odbc_statement_execute(odbc_handle statement,
                               struct ArrowSchema *parameters_schema,
                               struct ArrowArray *parameters,
                               struct odbc_execution *execution,
                               struct odbc_error *error);

// Asks the statement's execution or stream to stop, from any thread and without waiting. The call
// then fails with an error of kind Cancelled, unless it ended before. Where nothing of it runs,
// and on a closed statement, this does nothing, and nothing that follows is harmed. Unsupported
// where the database has no way.
int32_t odbc_statement_cancel(odbc_handle statement, struct odbc_error *error);

// Sets how long an execution of the statement, or the fetching of a batch, may take: 0, for no
// limit, to 86,400,000 ms; what the connection's `query_timeout_ms` says, unless set here. A call
// that takes longer is stopped and fails with an error of kind Timeout.
int32_t odbc_statement_set_query_timeout(odbc_handle statement,
                                         uint32_t query_timeout_ms,
                                         struct odbc_error *error);

// Goes on to the next result of the last execution, such as of a procedure or of several
// statements in one text: a result set to be streamed, or a count of rows. Writes 1 to `found`
// and what it is to `execution`, or 0 where there is no other. The stream of the result before is
// closed.
int32_t odbc_statement_next_result(odbc_handle statement,
                                   int32_t *found,
                                   struct odbc_execution *execution,
                                   struct odbc_error *error);

// What the driver had to say beside success, when the statement was executed last: a JSON array
// of objects with `sqlstate`, `native_code` and `message`.
int32_t odbc_statement_warnings(odbc_handle statement,
                                struct odbc_text *warnings,
                                struct odbc_error *error);

// Closes a statement and its stream. Closing again does nothing.
int32_t odbc_statement_close(odbc_handle statement, struct odbc_error *error);

// For finalizers: forgets the statement whose handle is this pointer's value, without waiting.
// What is busy is freed by the next call on its connection.
void odbc_statement_finalize(void *statement);

// Streams the result set of a statement's last execution.
//
// `options` is a JSON object, empty for the defaults: `batch_rows_max` (1 to 1,048,576, default
// 131,072), `batch_bytes_max` (4,096 to 1,073,741,824, default 4,194,304), `column_bytes_max` (1
// to 2,147,483,647, default 1,073,741,824), `prefetch` (whether a thread fetches one batch ahead
// once a result has shown to be long, default where the consumer takes its time).
int32_t odbc_stream_start(odbc_handle statement,
                          const char *options,
                          uint64_t options_length,
                          odbc_handle *stream,
                          struct odbc_error *error);

// Exports the result's columns as a struct type. The caller releases the schema.
int32_t odbc_stream_schema(odbc_handle stream,
                           struct ArrowSchema *schema,
                           struct odbc_error *error);

// Exports the next rows as a struct array. At the end the array's `release` is NULL, however
// often it is asked. After an error the stream is closed. The caller releases the array.
int32_t odbc_stream_fetch(odbc_handle stream, struct ArrowArray *batch, struct odbc_error *error);

// Hands the stream over as an Arrow C stream, whose batches are those that odbc_stream_fetch would
// give; the caller releases it. Each batch goes to the one who asks first. Closing the stream's
// handle ends the Arrow stream with an error, whose text has the kind and the message.
int32_t odbc_stream_export(odbc_handle stream,
                           struct ArrowArrayStream *arrow_stream,
                           struct odbc_error *error);

// Tells how far a stream has come, without waiting for a fetch that runs.
int32_t odbc_stream_progress(odbc_handle stream,
                             struct odbc_progress *progress,
                             struct odbc_error *error);

// Asks a stream to stop, from any thread and without waiting: the fetch that runs or comes next
// fails with an error of kind Cancelled, at once where the database can stop what runs, else once
// the driver has given its batch, and the stream is closed. On a closed stream this does nothing.
int32_t odbc_stream_cancel(odbc_handle stream, struct odbc_error *error);

// What the driver had to say while rows were fetched, so far: a JSON array of objects with
// `sqlstate`, `native_code` and `message`.
int32_t odbc_stream_warnings(odbc_handle stream,
                             struct odbc_text *warnings,
                             struct odbc_error *error);

// Closes a stream; its statement can be executed again. Closing again does nothing.
int32_t odbc_stream_close(odbc_handle stream, struct odbc_error *error);

// For finalizers: forgets the stream whose handle is this pointer's value, without waiting.
void odbc_stream_finalize(void *stream);

// The ABI number of the library; a binding compares it with the header's and refuses another.
uint32_t odbc_abi_version(void);

// The version of the engine as NUL-terminated text that is never freed.
const char *odbc_engine_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ODBC_ENGINE_H */
