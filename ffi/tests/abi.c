/* The C ABI, used and misused by a C program that knows nothing but the header. */

#include "abi.h"

#include <stdlib.h>

/* A binding may include the header twice. */
#include "odbc_engine.h"

static int releases = 0;

static void release_schema(struct ArrowSchema *schema) {
  releases++;
  for (int64_t i = 0; i < schema->n_children; i++)
    if (schema->children[i]->release) schema->children[i]->release(schema->children[i]);
  schema->release = NULL;
}

static void release_array(struct ArrowArray *array) {
  releases++;
  for (int64_t i = 0; i < array->n_children; i++)
    if (array->children[i]->release) array->children[i]->release(array->children[i]);
  array->release = NULL;
}

/* One int64 parameter of the value 42. */
struct parameters {
  struct ArrowSchema schema, child_schema, *schema_children[1];
  struct ArrowArray array, child, *children[1];
  const void *buffers[1], *child_buffers[2];
  int64_t value;
};

static void make_parameters(struct parameters *p) {
  memset(p, 0, sizeof *p);
  p->value = 42;
  p->child_schema = (struct ArrowSchema){.format = "l", .name = "", .flags = 2, .release = release_schema};
  p->schema_children[0] = &p->child_schema;
  p->schema = (struct ArrowSchema){.format = "+s", .name = "", .n_children = 1,
                                   .children = p->schema_children, .release = release_schema};
  p->child_buffers[1] = &p->value;
  p->child = (struct ArrowArray){.length = 1, .n_buffers = 2, .buffers = p->child_buffers, .release = release_array};
  p->children[0] = &p->child;
  p->array = (struct ArrowArray){.length = 1, .n_buffers = 1, .n_children = 1, .buffers = p->buffers,
                                 .children = p->children, .release = release_array};
  releases = 0;
}

static void test_versions(void) {
  CHECK(odbc_abi_version() == ODBC_ENGINE_ABI_VERSION);
  CHECK(odbc_engine_version() != NULL && strchr(odbc_engine_version(), '.') != NULL);
}

static void test_query(void) {
  odbc_handle connection = open_connection(), statement, stream = 0;
  odbc_execution execution;
  struct parameters p;
  struct ArrowSchema schema;
  struct ArrowArray batch;
  odbc_text text;

  execute(connection, "CREATE TABLE t (i BIGINT, s VARCHAR(20))");
  statement = open_statement(connection, "INSERT INTO t VALUES (?, 'forty-two')");
  make_parameters(&p);
  CHECK(ok(odbc_statement_execute(statement, &p.schema, &p.array, &execution, &error)));
  CHECK(releases == 4 && p.schema.release == NULL && p.array.release == NULL);
  CHECK(execution.affected_rows == 1 && execution.column_count == 0);
  CHECK(ok(odbc_statement_close(statement, &error)));

  statement = open_statement(connection, "SELECT i, s FROM t");
  CHECK(ok(odbc_statement_execute(statement, NULL, NULL, &execution, &error)));
  CHECK(execution.affected_rows == -1 && execution.column_count == 2);
  CHECK(ok(odbc_stream_start(statement, NULL, 0, &stream, &error)));
  CHECK(ok(odbc_stream_schema(stream, &schema, &error)));
  CHECK(schema.n_children == 2 && strcmp(schema.format, "+s") == 0);
  CHECK(strcmp(schema.children[0]->format, "l") == 0);
  CHECK(strcmp(schema.children[1]->name, "s") == 0);
  schema.release(&schema);
  CHECK(ok(odbc_stream_fetch(stream, &batch, &error)));
  CHECK(batch.release != NULL && batch.length == 1);
  CHECK(((const int64_t *)batch.children[0]->buffers[1])[0] == 42);
  CHECK(memcmp(batch.children[1]->buffers[2], "forty-two", 9) == 0);
  /* A batch outlives all that it came from. */
  CHECK(ok(odbc_stream_close(stream, &error)));
  CHECK(ok(odbc_connection_close(connection, &error)));
  CHECK(((const int64_t *)batch.children[0]->buffers[1])[0] == 42);
  batch.release(&batch);

  connection = open_connection();
  CHECK(ok(odbc_connection_info(connection, &text, &error)));
  CHECK(strstr(text.data, "\"dbms\":\"sqlite\"") != NULL && strlen(text.data) == text.length);
  text.release(&text);
  CHECK(text.release == NULL);
  CHECK(ok(odbc_connection_capabilities(connection, &text, &error)));
  CHECK(strstr(text.data, "\"cancel\":") != NULL);
  text.release(&text);
  CHECK(ok(odbc_connection_close(connection, &error)));
}

static void test_end_comes_again(void) {
  odbc_handle connection = open_connection(), stream = 0;
  odbc_handle statement = open_statement(connection, "SELECT 1 WHERE 1 = 0");
  odbc_execution execution;
  struct ArrowArray batch;
  CHECK(ok(odbc_statement_execute(statement, NULL, NULL, &execution, &error)));
  CHECK(ok(odbc_stream_start(statement, "{}", 2, &stream, &error)));
  for (int i = 0; i < 3; i++) {
    memset(&batch, 0xff, sizeof batch);
    CHECK(ok(odbc_stream_fetch(stream, &batch, &error)) && batch.release == NULL);
  }
  CHECK(ok(odbc_connection_close(connection, &error)));
}

/* Executing again gives the same columns, and says so; other columns are another number. */
static void test_schema_numbers(void) {
  odbc_handle connection = open_connection(), stream = 0;
  odbc_execution execution;
  uint64_t numbers[4] = {0};
  const char *queries[] = {"SELECT ? AS a", "SELECT ? AS b"};
  for (int i = 0; i < 2; i++) {
    odbc_handle statement = open_statement(connection, queries[i]);
    for (int round = 0; round < 2; round++) {
      struct parameters p;
      struct ArrowArray batch;
      make_parameters(&p);
      CHECK(ok(odbc_statement_execute(statement, &p.schema, &p.array, &execution, &error)));
      CHECK(ok(odbc_stream_start(statement, NULL, 0, &stream, &error)));
      CHECK(ok(odbc_stream_schema_number(stream, &numbers[2 * i + round], &error)));
      CHECK(ok(odbc_stream_fetch(stream, &batch, &error)) && batch.length == 1);
      batch.release(&batch);
      CHECK(ok(odbc_stream_fetch(stream, &batch, &error)) && batch.release == NULL);
      CHECK(ok(odbc_stream_close(stream, &error)));
    }
  }
  CHECK(numbers[0] != 0 && numbers[0] == numbers[1] && numbers[2] == numbers[3]);
  CHECK(numbers[0] != numbers[2]);
  CHECK(ok(odbc_connection_close(connection, &error)));
}

static void test_closing(void) {
  odbc_handle connection = open_connection();
  odbc_handle statement = open_statement(connection, "SELECT 1"), stream = 0;
  odbc_execution execution;
  struct ArrowArray batch;
  CHECK(ok(odbc_statement_execute(statement, NULL, NULL, &execution, &error)));
  CHECK(ok(odbc_stream_start(statement, NULL, 0, &stream, &error)));
  CHECK(ok(odbc_connection_close(connection, &error)));
  CHECK(ok(odbc_connection_close(connection, &error)));
  CHECK(failed(odbc_stream_fetch(stream, &batch, &error), INVALID_STATE));
  CHECK(failed(odbc_statement_execute(statement, NULL, NULL, &execution, &error), INVALID_STATE));
  CHECK(failed(odbc_connection_commit(connection, &error), INVALID_STATE));
  for (int i = 0; i < 2; i++) {
    CHECK(ok(odbc_statement_close(statement, &error)));
    CHECK(ok(odbc_stream_close(stream, &error)));
  }
  odbc_connection_finalize((void *)(uintptr_t)connection);
}

/* Calls every export that takes a handle with one that is not its own. */
static void test_bad_handle(odbc_handle bad) {
  odbc_handle out = 77;
  odbc_execution execution = {.affected_rows = 77};
  odbc_text text = {.length = 77};
  struct ArrowSchema schema = {.flags = 77};
  struct ArrowArray batch = {.length = 77};
  struct parameters p;
  int32_t enabled = 77;
  CHECK(failed(odbc_connection_close(bad, &error), INVALID_STATE));
  CHECK(failed(odbc_connection_clear_statements(bad, &error), INVALID_STATE));
  CHECK(failed(odbc_connection_begin(bad, NULL, 0, &error), INVALID_STATE));
  CHECK(failed(odbc_connection_savepoint(bad, "a", 1, &error), INVALID_STATE));
  CHECK(failed(odbc_connection_rollback_to_savepoint(bad, "a", 1, &error), INVALID_STATE));
  CHECK(failed(odbc_connection_release_savepoint(bad, "a", 1, &error), INVALID_STATE));
  CHECK(failed(odbc_connection_commit(bad, &error), INVALID_STATE));
  CHECK(failed(odbc_connection_rollback(bad, &error), INVALID_STATE));
  CHECK(failed(odbc_connection_set_autocommit(bad, 1, &error), INVALID_STATE));
  CHECK(failed(odbc_connection_autocommit(bad, &enabled, &error), INVALID_STATE));
  CHECK(failed(odbc_connection_info(bad, &text, &error), INVALID_STATE));
  CHECK(failed(odbc_connection_capabilities(bad, &text, &error), INVALID_STATE));
  CHECK(failed(odbc_connection_cancel(bad, &error), INVALID_STATE));
  CHECK(failed(odbc_statement_open(bad, "SELECT 1", 8, &out, &error), INVALID_STATE));
  make_parameters(&p);
  CHECK(failed(odbc_statement_execute(bad, &p.schema, &p.array, &execution, &error), INVALID_STATE));
  CHECK(releases == 4);
  CHECK(failed(odbc_statement_next_result(bad, &enabled, &execution, &error), INVALID_STATE));
  CHECK(failed(odbc_statement_warnings(bad, &text, &error), INVALID_STATE));
  CHECK(failed(odbc_statement_cancel(bad, &error), INVALID_STATE));
  CHECK(failed(odbc_statement_set_query_timeout(bad, 1, &error), INVALID_STATE));
  CHECK(failed(odbc_statement_close(bad, &error), INVALID_STATE));
  CHECK(failed(odbc_stream_start(bad, NULL, 0, &out, &error), INVALID_STATE));
  CHECK(failed(odbc_stream_schema(bad, &schema, &error), INVALID_STATE));
  CHECK(failed(odbc_stream_schema_number(bad, &out, &error), INVALID_STATE));
  CHECK(failed(odbc_stream_fetch(bad, &batch, &error), INVALID_STATE));
  CHECK(failed(odbc_stream_warnings(bad, &text, &error), INVALID_STATE));
  CHECK(failed(odbc_stream_cancel(bad, &error), INVALID_STATE));
  CHECK(failed(odbc_stream_close(bad, &error), INVALID_STATE));
  CHECK(failed(odbc_pool_acquire(bad, &out, &error), INVALID_STATE));
  CHECK(failed(odbc_pool_state(bad, &text, &error), INVALID_STATE));
  CHECK(failed(odbc_pool_resize(bad, NULL, 0, &error), INVALID_STATE));
  CHECK(failed(odbc_pool_cancel(bad, &error), INVALID_STATE));
  CHECK(failed(odbc_pool_close(bad, &error), INVALID_STATE));
  CHECK(failed(odbc_bulk_insert(bad, "t", 1, NULL, NULL, 0, &text, &error), INVALID_STATE));
  CHECK(failed(odbc_bulk_insert_parallel(bad, "t", 1, NULL, NULL, 0, &text, &error), INVALID_STATE));
  odbc_pool_finalize((void *)(uintptr_t)bad);
  odbc_connection_finalize((void *)(uintptr_t)bad);
  odbc_statement_finalize((void *)(uintptr_t)bad);
  odbc_stream_finalize((void *)(uintptr_t)bad);
  /* On an error the outputs are untouched. */
  CHECK(out == 77 && execution.affected_rows == 77 && text.length == 77);
  CHECK(schema.flags == 77 && batch.length == 77 && enabled == 77);
}

static void test_bad_handles(void) {
  uint64_t state = 42;
  odbc_handle connection = open_connection();
  test_bad_handle(0);
  test_bad_handle(UINT64_MAX);
  test_bad_handle(connection + 1000000);
  for (int i = 0; i < 200; i++) {
    /* The multiplier and increment are Knuth's MMIX; the seed is fixed. */
    state = state * 6364136223846793005u + 1442695040888963407u;
    test_bad_handle(state);
  }
  /* A handle of another kind is as bad as none. */
  odbc_handle stream = 0;
  struct ArrowArray batch;
  CHECK(failed(odbc_stream_fetch(connection, &batch, &error), INVALID_STATE));
  CHECK(failed(odbc_stream_start(connection, NULL, 0, &stream, &error), INVALID_STATE));
  CHECK(ok(odbc_connection_close(connection, &error)));
}

static void test_null_outputs(void) {
  odbc_handle connection = open_connection(), stream = 0;
  odbc_handle statement = open_statement(connection, "SELECT 1");
  odbc_execution execution;
  CHECK(failed(odbc_connection_open(DATABASE, strlen(DATABASE), NULL, 0, NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_autocommit(connection, NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_info(connection, NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_capabilities(connection, NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_statement_open(connection, "SELECT 1", 8, NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_statement_execute(statement, NULL, NULL, NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_statement_next_result(statement, NULL, &execution, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_statement_warnings(statement, NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_stream_start(statement, NULL, 0, NULL, &error), INVALID_ARGUMENT));
  CHECK(ok(odbc_statement_execute(statement, NULL, NULL, &execution, &error)));
  CHECK(ok(odbc_stream_start(statement, NULL, 0, &stream, &error)));
  CHECK(failed(odbc_stream_schema(stream, NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_stream_schema_number(stream, NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_stream_fetch(stream, NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_stream_warnings(stream, NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_metrics_read(NULL, &error), INVALID_ARGUMENT));
  odbc_connection_finalize(NULL);
  odbc_statement_finalize(NULL);
  odbc_stream_finalize(NULL);
  CHECK(ok(odbc_connection_close(connection, &error)));
}

static void test_bad_text(void) {
  odbc_handle connection = open_connection(), out = 0;
  odbc_handle statement = open_statement(connection, "SELECT 1");
  const char *bad = "SELECT '\xff\xfe'", *unknown = "{\"batch_rows\": 1}";
  CHECK(failed(odbc_connection_open(bad, strlen(bad), NULL, 0, &out, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_open(DATABASE, strlen(DATABASE), bad, strlen(bad), &out, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_open(NULL, 5, NULL, 0, &out, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_open(NULL, 0, NULL, 0, &out, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_open(DATABASE, UINT64_MAX, NULL, 0, &out, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_statement_open(connection, bad, strlen(bad), &out, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_statement_open(connection, NULL, 8, &out, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_statement_open(connection, "", 0, &out, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_begin(connection, bad, strlen(bad), &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_savepoint(connection, bad, strlen(bad), &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_rollback_to_savepoint(connection, bad, strlen(bad), &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_release_savepoint(connection, NULL, 1, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_stream_start(statement, bad, strlen(bad), &out, &error), INVALID_ARGUMENT));
  CHECK(odbc_stream_start(statement, unknown, strlen(unknown), &out, &error) == INVALID_ARGUMENT);
  CHECK(strstr(error.message, "batch_rows") != NULL);
  CHECK(failed(INVALID_ARGUMENT, INVALID_ARGUMENT));
  CHECK(out == 0);
  CHECK(ok(odbc_connection_close(connection, &error)));
}

static void test_bad_parameters(void) {
  odbc_handle connection = open_connection();
  odbc_handle statement = open_statement(connection, "SELECT ?");
  odbc_execution execution;
  struct parameters p;
  /* Only one of the two; it is released all the same. */
  make_parameters(&p);
  CHECK(failed(odbc_statement_execute(statement, &p.schema, NULL, &execution, &error), INVALID_ARGUMENT));
  CHECK(releases == 2 && p.schema.release == NULL);
  make_parameters(&p);
  CHECK(failed(odbc_statement_execute(statement, NULL, &p.array, &execution, &error), INVALID_ARGUMENT));
  CHECK(releases == 2 && p.array.release == NULL);
  /* No struct, an unknown format, no row, missing parameters. */
  make_parameters(&p);
  p.schema.format = "l";
  CHECK(failed(odbc_statement_execute(statement, &p.schema, &p.array, &execution, &error), INVALID_ARGUMENT));
  make_parameters(&p);
  p.child_schema.format = "?!";
  CHECK(failed(odbc_statement_execute(statement, &p.schema, &p.array, &execution, &error), INVALID_ARGUMENT));
  make_parameters(&p);
  p.array.length = p.child.length = 0;
  CHECK(failed(odbc_statement_execute(statement, &p.schema, &p.array, &execution, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_statement_execute(statement, NULL, NULL, &execution, &error), INVALID_ARGUMENT));
  /* Structs that break the interface's own rules. */
  make_parameters(&p);
  p.array.n_children = 0;
  CHECK(failed(odbc_statement_execute(statement, &p.schema, &p.array, &execution, &error), INVALID_ARGUMENT));
  make_parameters(&p);
  p.child_schema.format = NULL;
  CHECK(failed(odbc_statement_execute(statement, &p.schema, &p.array, &execution, &error), INVALID_ARGUMENT));
  make_parameters(&p);
  p.child.n_buffers = 1;
  CHECK(failed(odbc_statement_execute(statement, &p.schema, &p.array, &execution, &error), INVALID_ARGUMENT));
  make_parameters(&p);
  p.child.length = -1;
  CHECK(failed(odbc_statement_execute(statement, &p.schema, &p.array, &execution, &error), INVALID_ARGUMENT));
  make_parameters(&p);
  p.child_buffers[1] = NULL;
  CHECK(failed(odbc_statement_execute(statement, &p.schema, &p.array, &execution, &error), INVALID_ARGUMENT));
  /* Released before. */
  memset(&p, 0, sizeof p);
  CHECK(odbc_statement_execute(statement, &p.schema, &p.array, &execution, &error) == INVALID_ARGUMENT);
  CHECK(failed(INVALID_ARGUMENT, INVALID_ARGUMENT));
  /* The statement still works. */
  make_parameters(&p);
  CHECK(ok(odbc_statement_execute(statement, &p.schema, &p.array, &execution, &error)));
  CHECK(ok(odbc_connection_close(connection, &error)));
}

/* Rows that stay the caller's: the library reads them, and calls back nothing of the caller. */
static void test_lent_rows(void) {
  odbc_handle connection = open_connection();
  struct parameters p[2];
  struct ArrowArray batches[2];
  struct ArrowArrayStream rows;
  odbc_text text;

  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 2; i++) {
      make_parameters(&p[i]);
      p[i].child_schema.name = "i";
      p[i].schema.release = p[i].child_schema.release = odbc_schema_forget;
      p[i].array.release = p[i].child.release = odbc_array_forget;
      batches[i] = p[i].array;
    }
    CHECK(ok(odbc_rows_lend(&p[0].schema, batches, 2, &rows, &error)));
    CHECK(p[0].schema.release == NULL && batches[1].release == NULL);
    CHECK(ok(odbc_bulk_insert(connection, "t", 1, &rows, "{\"mode\": \"create_append\"}", 25, &text, &error)));
    CHECK(rows.release == NULL && strstr(text.data, "\"rows\":2") != NULL);
    text.release(&text);
  }
  CHECK(releases == 0);

  /* A row that is NULL as a whole is refused. */
  uint8_t none = 0;
  make_parameters(&p[0]);
  p[0].child_schema.name = "i";
  p[0].buffers[0] = &none;
  p[0].array.null_count = 1;
  CHECK(ok(odbc_rows_lend(&p[0].schema, &p[0].array, 1, &rows, &error)));
  CHECK(failed(odbc_bulk_insert(connection, "t", 1, &rows, NULL, 0, &text, &error), INVALID_ARGUMENT));
  releases = 0;

  /* A stream that nobody reads gives its rows back. */
  make_parameters(&p[0]);
  CHECK(ok(odbc_rows_lend(&p[0].schema, &p[0].array, 1, &rows, &error)));
  rows.release(&rows);
  CHECK(rows.release == NULL && releases > 0);

  /* No batches are no rows; what is released, or not there, is refused. */
  make_parameters(&p[0]);
  CHECK(ok(odbc_rows_lend(&p[0].schema, NULL, 0, &rows, &error)));
  rows.release(&rows);
  CHECK(failed(odbc_rows_lend(NULL, &p[0].array, 1, &rows, &error), INVALID_ARGUMENT));
  CHECK(p[0].array.release == NULL);
  make_parameters(&p[0]);
  CHECK(failed(odbc_rows_lend(&p[0].schema, NULL, 1, &rows, &error), INVALID_ARGUMENT));
  CHECK(p[0].schema.release == NULL);
  make_parameters(&p[0]);
  p[0].array.release = NULL;
  CHECK(failed(odbc_rows_lend(&p[0].schema, &p[0].array, 1, &rows, &error), INVALID_ARGUMENT));
  CHECK(p[0].schema.release == NULL);
  make_parameters(&p[0]);
  CHECK(failed(odbc_rows_lend(&p[0].schema, &p[0].array, 1, NULL, &error), INVALID_ARGUMENT));
  CHECK(p[0].array.release == NULL);
  odbc_schema_forget(NULL);
  odbc_array_forget(NULL);
  CHECK(ok(odbc_connection_close(connection, &error)));
}

static void test_errors(void) {
  odbc_handle connection = open_connection();
  odbc_handle statement = open_statement(connection, "SELEKT 1");
  odbc_execution execution;
  CHECK(odbc_statement_execute(statement, NULL, NULL, &execution, &error) == SYNTAX);
  CHECK(strcmp(error.sqlstate, "HY000") == 0 && error.native_code == 1);
  CHECK(error.record_count >= 1 && error.row == -1 && error.column == NULL);
  CHECK(strcmp(error.records[0].message, error.message) == 0);
  /* An error struct that is still full is released and filled again. */
  CHECK(odbc_statement_execute(statement, NULL, NULL, &execution, &error) == SYNTAX);
  CHECK(failed(SYNTAX, SYNTAX));
  /* Nobody needs to listen. */
  CHECK(odbc_statement_execute(statement, NULL, NULL, &execution, NULL) == SYNTAX);
  CHECK(ok(odbc_connection_close(connection, &error)));
}

static void test_clearing(void) {
  odbc_handle connection = open_connection(), stream = 0;
  odbc_handle statement = open_statement(connection, "SELECT 1");
  odbc_execution execution;
  struct ArrowArray batch;
  odbc_text text;
  CHECK(ok(odbc_metrics_reset(&error)));
  CHECK(ok(odbc_statement_execute(statement, NULL, NULL, &execution, &error)));
  CHECK(ok(odbc_stream_start(statement, NULL, 0, &stream, &error)));
  CHECK(ok(odbc_metrics_read(&text, &error)));
  CHECK(strstr(text.data, "\"executions\":1,") && strstr(text.data, "\"open_streams\":1,"));
  text.release(&text);
  CHECK(odbc_clear_all_statements() == 0);
  CHECK(odbc_clear_all_statements() == 0);
  CHECK(ok(odbc_metrics_read(&text, &error)));
  CHECK(strstr(text.data, "\"open_statements\":0,") && strstr(text.data, "\"open_streams\":0,"));
  text.release(&text);
  CHECK(failed(odbc_stream_fetch(stream, &batch, &error), INVALID_STATE));
  CHECK(failed(odbc_statement_execute(statement, NULL, NULL, &execution, &error), INVALID_STATE));
  execute(connection, "SELECT 1");
  CHECK(ok(odbc_connection_clear_statements(connection, &error)));
  CHECK(ok(odbc_connection_close(connection, &error)));
}

static void test_connection_strings(void) {
  const char *pairs = "[[\"Driver\", \"SQLite3\"], [\"PWD\", \"a;b\"]]", *bad = "{\"a\": 1}";
  const char *built = "Driver=SQLite3;PWD={a;b}", *invalid = "\xff";
  odbc_text text = {0};
  CHECK(ok(odbc_connection_string_build(pairs, strlen(pairs), &text, &error)));
  CHECK(strcmp(text.data, built) == 0 && text.length == strlen(built));
  text.release(&text);
  CHECK(ok(odbc_connection_string_parse(built, strlen(built), &text, &error)));
  CHECK(strcmp(text.data, "[[\"Driver\",\"SQLite3\"],[\"PWD\",\"a;b\"]]") == 0);
  text.release(&text);
  CHECK(ok(odbc_connection_string_redact(built, strlen(built), &text, &error)));
  CHECK(strcmp(text.data, "Driver=SQLite3;PWD=***") == 0);
  text.release(&text);
  CHECK(failed(odbc_connection_string_build(bad, strlen(bad), &text, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_string_build("[]", 2, &text, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_string_build(pairs, strlen(pairs), NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_string_parse("PWD={x", 6, &text, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_string_parse(built, strlen(built), NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_string_redact(invalid, 1, &text, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_connection_string_redact(built, strlen(built), NULL, &error), INVALID_ARGUMENT));
}

int main(void) {
  test_versions();
  test_query();
  test_end_comes_again();
  test_schema_numbers();
  test_closing();
  test_bad_handles();
  test_null_outputs();
  test_bad_text();
  test_bad_parameters();
  test_lent_rows();
  test_errors();
  test_clearing();
  test_connection_strings();
  printf("%d checks, %d failures\n", checks, failures);
  return failures != 0;
}
