/* Telemetry through the C ABI: every return code, in any order, before the beginning and after the end. */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "odbc_engine.h"

#define DATABASE "Driver=SQLite3;Database=:memory:;PWD=hunter2"
#define SPAN "{\"trace_id\": \"0af7651916cd43dd8448eb211c80319c\", \"span_id\": \"b7ad6b7169203331\", " \
             "\"name\": \"work\", \"start_time_unix_nano\": 1, \"end_time_unix_nano\": 2}"
#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define MEMORY "{\"exporter\": \"memory\"}"

enum { INVALID_ARGUMENT = 1, INVALID_STATE = 2, UNSUPPORTED = 3, CONNECTION = 4, TIMEOUT = 10, LIMIT = 13 };

static char text[1 << 16];

static int32_t init(const char *config) { return otel_init(config, strlen(config)); }

static int32_t export_span(const char *span) { return otel_export_trace(span, strlen(span)); }

static const char *last_error(void) {
  int64_t length = otel_get_last_error(text, sizeof text);
  CHECK(length >= 0 && (size_t)length < sizeof text && strlen(text) == (size_t)length);
  return text;
}

static const char *finished(void) {
  int64_t length = otel_export_trace_to_string(text, sizeof text);
  CHECK(length >= 2 && (size_t)length < sizeof text && strlen(text) == (size_t)length);
  return text;
}

static void query(const char *traceparent) {
  odbc_handle connection = 0, statement = 0;
  odbc_execution execution;
  CHECK(odbc_connection_open(DATABASE, strlen(DATABASE), NULL, 0, &connection, NULL) == 0);
  CHECK(odbc_connection_set_trace_context(connection, traceparent, strlen(traceparent), NULL) == 0);
  CHECK(odbc_statement_open(connection, "SELECT 47110815", 15, &statement, NULL) == 0);
  CHECK(odbc_statement_execute(statement, NULL, NULL, &execution, NULL) == 0);
  CHECK(odbc_connection_close(connection, NULL) == 0);
}

static void test_pool(void) {
  odbc_handle pool = 0, connection = 0;
  CHECK(init(MEMORY) == 0);
  CHECK(odbc_pool_open(DATABASE, strlen(DATABASE), NULL, 0, &pool, NULL) == 0);
  CHECK(odbc_pool_set_trace_context(pool, PARENT, strlen(PARENT), NULL) == 0);
  CHECK(strstr(finished(), "\"connect :memory:\"") && !strstr(text, "b7ad6b7169203331"));
  CHECK(odbc_pool_acquire(pool, &connection, NULL) == 0);
  CHECK(strstr(finished(), "\"acquire :memory:\"") && strstr(text, "\"parent_span_id\":\"b7ad6b7169203331\""));
  CHECK(odbc_connection_close(connection, NULL) == 0);
  CHECK(odbc_pool_set_trace_context(pool, "x", 1, NULL) == INVALID_ARGUMENT);
  CHECK(odbc_pool_set_trace_context(pool, NULL, 1, NULL) == INVALID_ARGUMENT);
  CHECK(odbc_pool_set_trace_context(connection, "", 0, NULL) == INVALID_STATE);
  CHECK(odbc_pool_close(pool, NULL) == 0);
  CHECK(odbc_pool_set_trace_context(pool, "", 0, NULL) == INVALID_STATE);
  CHECK(otel_shutdown() == 0 && otel_cleanup_strings() == 0);
}

static void test_off(void) {
  CHECK(otel_get_last_error(NULL, 0) == 0);
  CHECK(otel_shutdown() == 0 && otel_shutdown() == 0);
  CHECK(otel_cleanup_strings() == 0);
  CHECK(export_span(SPAN) == INVALID_STATE);
  CHECK(strcmp(last_error(), "otel_export_trace: telemetry is not on; call otel_init first") == 0);
  CHECK(otel_export_trace_to_string(text, sizeof text) == -INVALID_STATE);
  CHECK(otel_is_sampled("0af7651916cd43dd8448eb211c80319c", 32) == 0);
  query(PARENT);
}

static void test_bad_arguments(void) {
  char one[1] = {7};
  CHECK(otel_init(NULL, 5) == INVALID_ARGUMENT);
  CHECK(strcmp(last_error(), "otel_init: config is NULL, but its length is 5") == 0);
  CHECK(otel_init("\xff", 1) == INVALID_ARGUMENT);
  CHECK(init("{\"endpont\": 1}") == INVALID_ARGUMENT && strstr(last_error(), "endpont"));
  CHECK(init("{\"protocol\": \"grpc\"}") == UNSUPPORTED && strstr(last_error(), "protocol"));
  CHECK(otel_export_trace(NULL, 1) == INVALID_ARGUMENT);
  CHECK(otel_export_trace("\xff", 1) == INVALID_ARGUMENT);
  CHECK(export_span("{}") == INVALID_ARGUMENT && strstr(last_error(), "trace_id"));
  CHECK(otel_is_sampled("x", 1) == -INVALID_ARGUMENT && otel_is_sampled(NULL, 1) == -INVALID_ARGUMENT);
  CHECK(otel_get_last_error(NULL, 1) == -INVALID_ARGUMENT);
  CHECK(otel_export_trace_to_string(NULL, 1) == -INVALID_ARGUMENT);
  CHECK(strcmp(last_error(), "otel_export_trace_to_string: buffer is NULL, but its length is 1") == 0);
  /* What does not fit is not written. */
  CHECK(otel_get_last_error(one, 1) == (int64_t)strlen(last_error()) && one[0] == 7);
  CHECK(otel_cleanup_strings() == 0 && strcmp(last_error(), "") == 0);
}

static void test_memory(void) {
  odbc_handle connection = 0;
  odbc_error error = {0};
  int64_t length;
  char *exact;
  CHECK(init(MEMORY) == 0 && init(MEMORY) == 0);
  CHECK(init("{}") == INVALID_STATE && strstr(last_error(), "otel_shutdown first"));
  CHECK(otel_is_sampled("0af7651916cd43dd8448eb211c80319c", 32) == 1);
  query(PARENT);
  CHECK(export_span(SPAN) == 0 && export_span("[" SPAN "," SPAN "]") == 0);
  /* Asking for the length forgets nothing; a buffer of just that length has room for no NUL. */
  length = otel_export_trace_to_string(NULL, 0);
  CHECK(length > 2 && otel_export_trace_to_string(text, 2) == length);
  exact = malloc((size_t)length);
  CHECK(otel_export_trace_to_string(exact, (uint64_t)length) == length);
  CHECK(exact[0] == '[' && exact[length - 1] == ']');
  free(exact);
  CHECK(strcmp(finished(), "[]") == 0);
  query(PARENT);
  CHECK(strstr(finished(), "\"parent_span_id\":\"b7ad6b7169203331\""));
  CHECK(!strstr(text, "47110815") && !strstr(text, "hunter2") && strstr(text, "SELECT ?"));
  query("");
  CHECK(!strstr(finished(), "b7ad6b7169203331"));
  CHECK(odbc_connection_open(DATABASE, strlen(DATABASE), NULL, 0, &connection, NULL) == 0);
  CHECK(odbc_connection_set_trace_context(connection, "x", 1, &error) == INVALID_ARGUMENT);
  CHECK(error.kind == INVALID_ARGUMENT && strstr(error.message, "traceparent"));
  error.release(&error);
  CHECK(odbc_connection_set_trace_context(connection, NULL, 1, NULL) == INVALID_ARGUMENT);
  CHECK(odbc_connection_set_trace_context(connection, "\xff", 1, NULL) == INVALID_ARGUMENT);
  CHECK(odbc_connection_set_trace_context(connection + 1000000, "", 0, NULL) == INVALID_STATE);
  CHECK(odbc_connection_set_trace_context(0, "", 0, NULL) == INVALID_STATE);
  CHECK(odbc_connection_close(connection, NULL) == 0);
  CHECK(odbc_connection_set_trace_context(connection, "", 0, NULL) == INVALID_STATE);
  CHECK(otel_shutdown() == 0 && otel_shutdown() == 0);
  CHECK(export_span(SPAN) == INVALID_STATE);
  CHECK(strstr(finished(), "connect"));
  CHECK(otel_cleanup_strings() == 0 && strcmp(finished(), "[]") == 0);
}

/* A port on which somebody listens but never answers; or nobody, once it is closed. */
static int listen_somewhere(char *config, size_t size, const char *more) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 8) == 0);
  CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
  snprintf(config, size, "{\"endpoint\": \"http://127.0.0.1:%d\", \"metrics\": false%s}",
           ntohs(address.sin_port), more);
  return listener;
}

static void test_collectors(void) {
  char config[300];
  int listener = listen_somewhere(config, sizeof config, ", \"timeout_ms\": 300");
  close(listener);
  CHECK(init(config) == 0 && export_span(SPAN) == 0);
  CHECK(otel_shutdown() == CONNECTION && strstr(last_error(), "refused") && strstr(text, "1 spans were lost"));

  listener = listen_somewhere(config, sizeof config,
                              ", \"queue_spans_max\": 1, \"schedule_delay_ms\": 600000, \"shutdown_timeout_ms\": 300");
  CHECK(init(config) == 0 && strcmp(last_error(), "") == 0);
  CHECK(export_span("[" SPAN "," SPAN "," SPAN "," SPAN "]") == LIMIT);
  CHECK(strstr(last_error(), "no room in the queue"));
  CHECK(otel_shutdown() == TIMEOUT && strstr(last_error(), "within 300 ms"));
  close(listener);
}

static void *use_all(void *unused) {
  char own[1 << 12];
  for (int i = 0; i < 50; i++) {
    otel_init(MEMORY, strlen(MEMORY));
    otel_export_trace(SPAN, strlen(SPAN));
    otel_get_last_error(own, sizeof own);
    otel_export_trace_to_string(own, sizeof own);
    otel_cleanup_strings();
    otel_shutdown();
  }
  return unused;
}

static void test_threads(void) {
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, use_all, NULL) == 0);
  for (int i = 0; i < 20; i++) query(PARENT);
  for (int i = 0; i < 4; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(void) {
  test_off();
  test_bad_arguments();
  test_memory();
  test_pool();
  test_collectors();
  test_threads();
  printf("%d checks, %d failures\n", checks, failures);
  return failures != 0;
}
