/* The limit: what the bare driver gives to a C program that throws the rows away.
 *
 * Columns are bound column-wise for blocks of rows: numbers in their native C types, timestamps as
 * SQL_TIMESTAMP_STRUCT, decimals as text, and text at the widths that BENCH_COLUMNS knows.
 * As mode `script` it executes statements, each up to a line that is a single semicolon.
 */

#include "bare.h"

#define COLUMNS_MAX 16

typedef struct {
  SQLSMALLINT c_type;
  SQLLEN size;
  char *values;
  SQLLEN *lengths;
} column;

typedef struct {
  column columns[COLUMNS_MAX];
  int column_count;
  SQLULEN block_rows;
  SQLULEN fetched;
} block;

/* One word of BENCH_COLUMNS: i8, i32, i64, f64, bit, ts, or s and the longest text in bytes. */
static column column_of(const char *word) {
  column found = {0};
  if (word[0] == 's') {
    found.c_type = SQL_C_CHAR;
    found.size = strtol(word + 1, NULL, 10) + 1;
  } else if (strcmp(word, "i8") == 0) {
    found.c_type = SQL_C_STINYINT;
    found.size = 1;
  } else if (strcmp(word, "i32") == 0) {
    found.c_type = SQL_C_SLONG;
    found.size = sizeof(SQLINTEGER);
  } else if (strcmp(word, "i64") == 0) {
    found.c_type = SQL_C_SBIGINT;
    found.size = sizeof(SQLBIGINT);
  } else if (strcmp(word, "f64") == 0) {
    found.c_type = SQL_C_DOUBLE;
    found.size = sizeof(SQLDOUBLE);
  } else if (strcmp(word, "bit") == 0) {
    found.c_type = SQL_C_BIT;
    found.size = 1;
  } else if (strcmp(word, "ts") == 0) {
    found.c_type = SQL_C_TYPE_TIMESTAMP;
    found.size = sizeof(SQL_TIMESTAMP_STRUCT);
  } else {
    fprintf(stderr, "BENCH_COLUMNS: unknown %s\n", word);
    exit(2);
  }
  return found;
}

/* Binds every column of the statement's result; the first is a bigint, which is summed up. */
static void bind_block(SQLHSTMT statement, block *block, SQLULEN rows) {
  block->column_count = 0;
  block->block_rows = rows;
  SQLSetStmtAttr(statement, SQL_ATTR_ROW_BIND_TYPE, (SQLPOINTER)SQL_BIND_BY_COLUMN, 0);
  check_statement(SQLSetStmtAttr(statement, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)rows, 0),
                  "SQL_ATTR_ROW_ARRAY_SIZE", statement);
  SQLSetStmtAttr(statement, SQL_ATTR_ROWS_FETCHED_PTR, &block->fetched, 0);
  char *words = strdup(setting("BENCH_COLUMNS"));
  for (char *word = strtok(words, ","); word != NULL; word = strtok(NULL, ",")) {
    column *column = &block->columns[block->column_count++];
    *column = column_of(word);
    column->values = calloc(rows, (size_t)column->size);
    column->lengths = calloc(rows, sizeof(SQLLEN));
    check_statement(SQLBindCol(statement, (SQLUSMALLINT)block->column_count, column->c_type,
                               column->values, column->size, column->lengths),
                    "SQLBindCol", statement);
  }
  free(words);
}

/* The next rows; 0 at the end. MariaDB's driver leaves the count as it was at SQL_NO_DATA. */
static SQLULEN fetch_block(SQLHSTMT statement, block *block) {
  SQLRETURN returned = SQLFetch(statement);
  if (returned == SQL_NO_DATA) return 0;
  check_statement(returned, "SQLFetch", statement);
  return block->fetched;
}

static int64_t sum_block(const block *block) {
  const SQLBIGINT *ids = (const SQLBIGINT *)block->columns[0].values;
  int64_t sum = 0;
  for (SQLULEN row = 0; row < block->fetched; row++) sum += ids[row];
  return sum;
}

/* A text that was longer than its buffer would make the limit look better than it is. */
static void check_block(const block *block) {
  for (int index = 0; index < block->column_count; index++) {
    const column *column = &block->columns[index];
    if (column->c_type != SQL_C_CHAR) continue;
    for (SQLULEN row = 0; row < block->fetched; row++) {
      if (column->lengths[row] >= column->size) {
        fprintf(stderr, "column %d: a text of %ld bytes was cut\n", index + 1,
                (long)column->lengths[row]);
        exit(1);
      }
    }
  }
}

static void read_all(void) {
  SQLHSTMT statement = new_statement();
  block block;
  bind_block(statement, &block, (SQLULEN)setting_number("BENCH_BLOCK_ROWS"));
  const char *sql = setting("BENCH_SQL");
  int64_t rows = 0, sum = 0;
  double first = -1;
  double began = now();
  check_statement(SQLExecDirect(statement, (SQLCHAR *)sql, SQL_NTS), "SQLExecDirect", statement);
  while (fetch_block(statement, &block) > 0) {
    if (rows == 0) {
      first = now() - began;
      check_block(&block);
    }
    rows += (int64_t)block.fetched;
    sum += sum_block(&block);
  }
  double seconds = now() - began;
  answer(rows, sum, seconds, first);
}

static void look_up(void) {
  int64_t executions = setting_number("BENCH_EXECUTIONS");
  int64_t key_count = setting_number("BENCH_KEYS");
  SQLHSTMT statement = new_statement();
  check_statement(SQLPrepare(statement, (SQLCHAR *)setting("BENCH_SQL"), SQL_NTS), "SQLPrepare",
                  statement);
  SQLBIGINT key = 0;
  check_statement(SQLBindParameter(statement, 1, SQL_PARAM_INPUT, SQL_C_SBIGINT, SQL_BIGINT, 0, 0,
                                   &key, 0, NULL),
                  "SQLBindParameter", statement);
  block block;
  bind_block(statement, &block, 1);
  int64_t rows = 0, sum = 0;
  double began = 0;
  /* The first execution is before the clock: some drivers prepare only then. */
  for (int64_t execution = -1; execution < executions; execution++) {
    if (execution == 0) {
      began = now();
      rows = sum = 0;
    }
    key = key_of(execution < 0 ? 0 : execution, key_count);
    check_statement(SQLExecute(statement), "SQLExecute", statement);
    while (fetch_block(statement, &block) > 0) {
      rows += (int64_t)block.fetched;
      sum += sum_block(&block);
    }
    SQLFreeStmt(statement, SQL_CLOSE);
  }
  answer(rows, sum, now() - began, -1);
}

static void run_script(void) {
  char line[8192];
  static char text[1 << 16];
  text[0] = '\0';
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (strcmp(line, ";\n") != 0) {
      if (strlen(text) + strlen(line) >= sizeof text) exit(2);
      strcat(text, line);
      continue;
    }
    SQLHSTMT statement = new_statement();
    SQLRETURN returned = SQLExecDirect(statement, (SQLCHAR *)text, SQL_NTS);
    if (returned != SQL_NO_DATA) check_statement(returned, text, statement);
    SQLFreeHandle(SQL_HANDLE_STMT, statement);
    text[0] = '\0';
  }
}

int main(void) {
  connect_to(setting("BENCH_CONNECTION"));
  if (mode_is("script")) {
    run_script();
  } else if (mode_is("lookup")) {
    look_up();
  } else {
    read_all();
  }
  SQLDisconnect(connection);
  return 0;
}
