/* What both C programs over bare ODBC share: the connection, and calls that end the program. */

#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <sql.h>
#include <sqlext.h>

#include "measure.h"

static SQLHENV environment;
static SQLHDBC connection;

static void fail(const char *what, SQLSMALLINT kind, SQLHANDLE handle) {
  SQLCHAR state[6] = "", text[1024] = "";
  SQLINTEGER native;
  SQLSMALLINT length;
  SQLGetDiagRec(kind, handle, 1, state, &native, text, sizeof text, &length);
  fprintf(stderr, "%s: %s %s\n", what, state, text);
  exit(1);
}

static void check_statement(SQLRETURN returned, const char *what, SQLHSTMT statement) {
  if (!SQL_SUCCEEDED(returned)) fail(what, SQL_HANDLE_STMT, statement);
}

static void connect_to(const char *connection_string) {
  SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment);
  SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
  SQLAllocHandle(SQL_HANDLE_DBC, environment, &connection);
  if (!SQL_SUCCEEDED(SQLDriverConnect(connection, NULL, (SQLCHAR *)connection_string, SQL_NTS, NULL,
                                      0, NULL, SQL_DRIVER_NOPROMPT))) {
    fail("connect", SQL_HANDLE_DBC, connection);
  }
}

static SQLHSTMT new_statement(void) {
  SQLHSTMT statement;
  if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement))) {
    fail("statement", SQL_HANDLE_DBC, connection);
  }
  return statement;
}

#endif
