/* The C ABI where others wait, stop what runs, or lend what they have: pools, cancelling, timeouts. */

#include "abi.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

static void test_pools(void) {
  const char *options = "{\"size_max\": 1, \"acquire_timeout_ms\": 1500}";
  const char *bad = "\xff", *unknown = "{\"size\": 1}", *larger = "{\"size_max\": 2}";
  odbc_handle pool = 0, connection = 0, other = 0, statement, stream = 0;
  odbc_execution execution;
  struct ArrowArray batch;
  odbc_text text;
  CHECK(failed(odbc_pool_open(DATABASE, strlen(DATABASE), NULL, 0, NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_pool_open(bad, 1, NULL, 0, &pool, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_pool_open(NULL, 3, NULL, 0, &pool, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_pool_open(DATABASE, strlen(DATABASE), bad, 1, &pool, &error), INVALID_ARGUMENT));
  CHECK(odbc_pool_open(DATABASE, strlen(DATABASE), unknown, strlen(unknown), &pool, &error) == INVALID_ARGUMENT);
  CHECK(strstr(error.message, "size") != NULL && pool == 0);
  CHECK(failed(INVALID_ARGUMENT, INVALID_ARGUMENT));

  CHECK(ok(odbc_pool_open(DATABASE, strlen(DATABASE), options, strlen(options), &pool, &error)));
  CHECK(failed(odbc_pool_acquire(pool, NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_pool_state(pool, NULL, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_pool_resize(pool, bad, 1, &error), INVALID_ARGUMENT));
  CHECK(ok(odbc_pool_acquire(pool, &connection, &error)));
  CHECK(failed(odbc_pool_acquire(pool, &other, &error), TIMEOUT) && other == 0);
  CHECK(ok(odbc_pool_resize(pool, larger, strlen(larger), &error)));
  CHECK(ok(odbc_pool_acquire(pool, &other, &error)));
  CHECK(ok(odbc_connection_close(other, &error)));
  CHECK(failed(odbc_bulk_insert_parallel(pool, "t", 1, NULL, NULL, 0, &text, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_bulk_insert_parallel(pool, bad, 1, NULL, NULL, 0, &text, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_bulk_insert_parallel(pool, "t", 1, NULL, bad, 1, &text, &error), INVALID_ARGUMENT));
  CHECK(failed(odbc_bulk_insert_parallel(pool, "t", 1, NULL, NULL, 0, NULL, &error), INVALID_ARGUMENT));
  statement = open_statement(connection, "SELECT 1");
  CHECK(ok(odbc_statement_execute(statement, NULL, NULL, &execution, &error)));
  CHECK(ok(odbc_stream_start(statement, NULL, 0, &stream, &error)));
  CHECK(ok(odbc_connection_close(connection, &error)));
  CHECK(ok(odbc_connection_close(connection, &error)));
  CHECK(failed(odbc_stream_fetch(stream, &batch, &error), INVALID_STATE));
  /* Nothing to stop. */
  CHECK(ok(odbc_pool_cancel(pool, &error)));
  CHECK(ok(odbc_pool_state(pool, &text, &error)));
  CHECK(strstr(text.data, "\"idle\":2,\"in_use\":0,") != NULL);
  text.release(&text);
  /* A connection that is lent outlives its pool. */
  CHECK(ok(odbc_pool_acquire(pool, &connection, &error)));
  CHECK(failed(odbc_pool_close(pool, &error), TIMEOUT));
  CHECK(ok(odbc_pool_close(pool, &error)));
  CHECK(failed(odbc_pool_state(pool, &text, &error), INVALID_STATE));
  execute(connection, "SELECT 1");
  CHECK(ok(odbc_connection_close(connection, &error)));

  CHECK(ok(odbc_pool_open(DATABASE, strlen(DATABASE), NULL, 0, &pool, &error)));
  CHECK(ok(odbc_pool_acquire(pool, &connection, &error)));
  odbc_pool_finalize((void *)(uintptr_t)pool);
  odbc_pool_finalize(NULL);
  odbc_connection_finalize((void *)(uintptr_t)connection);
}

/* What one thread executes and another cancels. */
struct race {
  odbc_handle connection, statement;
  atomic_int rounds, over, bad_cancels;
};

static void *cancel_all_the_time(void *argument) {
  struct race *race = argument;
  uint64_t state = 7;
  while (!atomic_load(&race->over)) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    odbc_handle target = state >> 63 ? race->connection : race->statement;
    int32_t status = state >> 63 ? odbc_connection_cancel(target, NULL) : odbc_statement_cancel(target, NULL);
    if (status != 0) atomic_fetch_add(&race->bad_cancels, 1);
    for (volatile int pause = 0; pause < (int)(state >> 40 & 0xffff); pause++) continue;
  }
  return NULL;
}

static void *execute_and_be_cancelled(void *argument) {
  struct race *race = argument;
  for (int round = 0; round < 100; round++) {
    odbc_execution execution;
    odbc_handle stream = 0;
    int32_t status = odbc_statement_execute(race->statement, NULL, NULL, &execution, NULL);
    if (status == 0) status = odbc_stream_start(race->statement, NULL, 0, &stream, NULL);
    if (status == 0) {
      struct ArrowArray batch;
      status = odbc_stream_fetch(stream, &batch, NULL);
      if (status == 0 && batch.release) batch.release(&batch);
      if (odbc_stream_close(stream, NULL) != 0) status = -1;
    }
    if (status == 0 || status == CANCELLED) atomic_fetch_add(&race->rounds, 1);
  }
  return NULL;
}

static void test_cancel_races(void) {
  static const char LONG[] =
      "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 5000) SELECT count(*) FROM s";
  struct race races[4];
  pthread_t threads[8];
  memset(races, 0, sizeof races);
  for (int i = 0; i < 4; i++) {
    races[i].connection = open_connection();
    races[i].statement = open_statement(races[i].connection, LONG);
    CHECK(pthread_create(&threads[2 * i], NULL, execute_and_be_cancelled, &races[i]) == 0);
    CHECK(pthread_create(&threads[2 * i + 1], NULL, cancel_all_the_time, &races[i]) == 0);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[2 * i], NULL);
    /* What is closed can be cancelled for nothing. */
    CHECK(ok(odbc_statement_close(races[i].statement, &error)));
    CHECK(ok(odbc_connection_close(races[i].connection, &error)));
    atomic_store(&races[i].over, 1);
    pthread_join(threads[2 * i + 1], NULL);
    CHECK(atomic_load(&races[i].rounds) == 100 && atomic_load(&races[i].bad_cancels) == 0);
  }
}

static void test_query_timeout(void) {
  static const char LONG[] =
      "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 300000000) SELECT count(*) FROM s";
  odbc_handle connection = open_connection();
  odbc_handle statement = open_statement(connection, LONG);
  odbc_execution execution;
  CHECK(failed(odbc_statement_set_query_timeout(statement, UINT32_MAX, &error), INVALID_ARGUMENT));
  CHECK(ok(odbc_statement_set_query_timeout(statement, 50, &error)));
  CHECK(failed(odbc_statement_execute(statement, NULL, NULL, &execution, &error), TIMEOUT));
  CHECK(ok(odbc_connection_close(connection, &error)));
}

static void *execute_long(void *argument) {
  struct race *race = argument;
  odbc_execution execution;
  atomic_store(&race->rounds, 1);
  atomic_store(&race->over, odbc_statement_execute(race->statement, NULL, NULL, &execution, NULL));
  return NULL;
}

static void *close_meanwhile(void *argument) {
  struct race *race = argument;
  atomic_fetch_add(&race->rounds, 1);
  CHECK(odbc_connection_close(race->connection, NULL) == 0);
  atomic_fetch_add(&race->rounds, 1);
  return NULL;
}

/* What a close waits for can be stopped. */
static void test_cancel_while_closing(void) {
  static const char LONG[] =
      "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 2000000000) SELECT count(*) FROM s";
  struct race race;
  pthread_t executing, closing;
  memset(&race, 0, sizeof race);
  race.connection = open_connection();
  race.statement = open_statement(race.connection, LONG);
  CHECK(pthread_create(&executing, NULL, execute_long, &race) == 0);
  while (atomic_load(&race.rounds) < 1) continue;
  CHECK(pthread_create(&closing, NULL, close_meanwhile, &race) == 0);
  while (atomic_load(&race.rounds) < 2) continue;
  /* The execution may have not begun, or be refused because the close came first. */
  while (atomic_load(&race.rounds) < 3) CHECK(odbc_connection_cancel(race.connection, NULL) == 0);
  pthread_join(executing, NULL);
  pthread_join(closing, NULL);
  int32_t status = atomic_load(&race.over);
  CHECK(status == CANCELLED || status == INVALID_STATE);
}

int main(void) {
  test_pools();
  test_cancel_while_closing();
  test_cancel_races();
  test_query_timeout();
  printf("%d checks, %d failures\n", checks, failures);
  return failures != 0;
}
