/* What the C programs that test the ABI share beside their checks. */

#ifndef ODBC_ENGINE_TEST_ABI_H
#define ODBC_ENGINE_TEST_ABI_H

#include "check.h"
#include "odbc_engine.h"

#include <string.h>

enum { INVALID_ARGUMENT = 1, INVALID_STATE = 2, SYNTAX = 6, TIMEOUT = 10, CANCELLED = 11 };

static const char DATABASE[] = "Driver=SQLite3;Database=:memory:";

static odbc_error error;

/* Whether a call failed with this kind, and the error says so too. */
static int failed(int32_t status, int32_t kind) {
  int agrees = status == kind && error.kind == kind && error.message != NULL &&
               error.message[0] != '\0' && error.operation != NULL &&
               error.release != NULL;
  if (!agrees)
    fprintf(stderr, "status %d, kind %d, message %s\n", status, error.kind,
            error.message ? error.message : "(none)");
  if (error.release) error.release(&error);
  CHECK(error.release == NULL);
  memset(&error, 0, sizeof error);
  return agrees;
}

static int ok(int32_t status) {
  if (status != 0)
    fprintf(stderr, "status %d: %s\n", status, error.message ? error.message : "(none)");
  return status == 0;
}

static odbc_handle open_connection(void) {
  odbc_handle connection = 0;
  CHECK(ok(odbc_connection_open(DATABASE, strlen(DATABASE), NULL, 0, &connection, &error)));
  CHECK(connection != 0);
  return connection;
}

static odbc_handle open_statement(odbc_handle connection, const char *sql) {
  odbc_handle statement = 0;
  CHECK(ok(odbc_statement_open(connection, sql, strlen(sql), &statement, &error)));
  return statement;
}

static void execute(odbc_handle connection, const char *sql) {
  odbc_execution execution;
  odbc_handle statement = open_statement(connection, sql);
  CHECK(ok(odbc_statement_execute(statement, NULL, NULL, &execution, &error)));
  CHECK(ok(odbc_statement_close(statement, &error)));
}

#endif
