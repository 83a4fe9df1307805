/* The C ABI: results as Arrow arrays, kept in mode `table` and let go of in mode `stream`;
 * and rows into a table in mode `insert`. */

#include "arrow_rows.h"

static odbc_error error;
static odbc_execution execution;

static void check(int32_t status) {
  if (status == 0) return;
  fprintf(stderr, "%s: %s\n", error.operation, error.message);
  exit(1);
}

static int64_t sum_batch(const struct ArrowArray *batch) {
  const struct ArrowArray *ids = batch->children[0];
  const int64_t *values = (const int64_t *)ids->buffers[1] + ids->offset + batch->offset;
  int64_t sum = 0;
  for (int64_t row = 0; row < batch->length; row++) sum += values[row];
  return sum;
}

static odbc_handle open_statement(odbc_handle connection) {
  const char *sql = setting("BENCH_SQL");
  odbc_handle statement;
  check(odbc_statement_open(connection, sql, strlen(sql), &statement, &error));
  return statement;
}

static odbc_handle start_stream(odbc_handle statement) {
  const char *options = setting("BENCH_STREAM_OPTIONS");
  odbc_handle stream;
  check(odbc_stream_start(statement, options, strlen(options), &stream, &error));
  return stream;
}

static void read_all(odbc_handle connection) {
  int kept = mode_is("table");
  struct ArrowArray *batches = NULL;
  int64_t batch_count = 0, rows = 0, sum = 0;
  double first = -1;
  double began = now();
  odbc_handle statement = open_statement(connection);
  check(odbc_statement_execute(statement, NULL, NULL, &execution, &error));
  odbc_handle stream = start_stream(statement);
  for (;;) {
    struct ArrowArray batch;
    check(odbc_stream_fetch(stream, &batch, &error));
    if (batch.release == NULL) break;
    if (rows == 0) first = now() - began;
    rows += batch.length;
    sum += sum_batch(&batch);
    if (kept) {
      batches = realloc(batches, (size_t)(batch_count + 1) * sizeof batch);
      batches[batch_count++] = batch;
    } else {
      batch.release(&batch);
    }
  }
  double seconds = now() - began;
  for (int64_t index = 0; index < batch_count; index++) batches[index].release(&batches[index]);
  answer(rows, sum, seconds, first);
}

/* One bigint, as a struct array of length 1 whose memory is the caller's. */
static void look_up_key(odbc_handle statement, int64_t *key) {
  struct ArrowSchema field = {.format = "l", .name = "", .release = keep_schema};
  struct ArrowSchema *fields[] = {&field};
  struct ArrowSchema schema = {
      .format = "+s", .name = "", .n_children = 1, .children = fields, .release = keep_schema};
  const void *value_buffers[] = {NULL, key};
  const void *row_buffers[] = {NULL};
  struct ArrowArray value = {
      .length = 1, .n_buffers = 2, .buffers = value_buffers, .release = keep_array};
  struct ArrowArray *values[] = {&value};
  struct ArrowArray row = {.length = 1,
                           .n_buffers = 1,
                           .n_children = 1,
                           .buffers = row_buffers,
                           .children = values,
                           .release = keep_array};
  check(odbc_statement_execute(statement, &schema, &row, &execution, &error));
}

static void look_up(odbc_handle connection) {
  int64_t executions = setting_number("BENCH_EXECUTIONS");
  int64_t key_count = setting_number("BENCH_KEYS");
  odbc_handle statement = open_statement(connection);
  int64_t rows = 0, sum = 0;
  double began = 0;
  for (int64_t number = -1; number < executions; number++) {
    if (number == 0) {
      began = now();
      rows = sum = 0;
    }
    int64_t key = key_of(number < 0 ? 0 : number, key_count);
    look_up_key(statement, &key);
    odbc_handle stream = start_stream(statement);
    for (;;) {
      struct ArrowArray batch;
      check(odbc_stream_fetch(stream, &batch, &error));
      if (batch.release == NULL) break;
      rows += batch.length;
      sum += sum_batch(&batch);
      batch.release(&batch);
    }
    check(odbc_stream_close(stream, &error));
  }
  answer(rows, sum, now() - began, -1);
}

static void insert(odbc_handle connection) {
  int64_t count = setting_number("BENCH_ROWS");
  const char *table = setting("BENCH_TABLE");
  struct ArrowArrayStream rows = stream_of_rows(count);
  odbc_text result = {0};
  double began = now();
  check(odbc_bulk_insert(connection, table, strlen(table), &rows, NULL, 0, &result, &error));
  double seconds = now() - began;
  result.release(&result);
  answer(count, count * (count + 1) / 2, seconds, -1);
}

int main(void) {
  const char *connection_string = setting("BENCH_CONNECTION");
  const char *options = setting("BENCH_CONNECT_OPTIONS");
  odbc_handle connection;
  check(odbc_connection_open(connection_string, strlen(connection_string), options, strlen(options),
                             &connection, &error));
  if (mode_is("lookup")) {
    look_up(connection);
  } else if (mode_is("insert")) {
    insert(connection);
  } else {
    read_all(connection);
  }
  check(odbc_connection_close(connection, &error));
  return 0;
}
