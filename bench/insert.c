/* Writing by the bare driver: the limit of inserts.
 *
 * As mode `arrays` it binds parameters column-wise for blocks of rows, as mode `values` for a
 * prepared INSERT with so many rows in its VALUES. All rows are there before the clock begins, and
 * make one transaction.
 */

#include "bare.h"

#define NAME_BYTES 33
#define COLUMNS 4

typedef struct {
  SQLBIGINT *ids;
  SQLDOUBLE *ratios;
  char (*names)[NAME_BYTES];
  SQLLEN *name_lengths;
  SQL_TIMESTAMP_STRUCT *moments;
} rows;

static rows new_rows(int64_t count) {
  rows made = {
      .ids = calloc((size_t)count, sizeof *made.ids),
      .ratios = calloc((size_t)count, sizeof *made.ratios),
      .names = calloc((size_t)count, sizeof *made.names),
      .name_lengths = calloc((size_t)count, sizeof *made.name_lengths),
      .moments = calloc((size_t)count, sizeof *made.moments),
  };
  return made;
}

/* The same rows in every contestant. */
static rows all_rows(int64_t count) {
  rows all = new_rows(count);
  for (int64_t row = 0; row < count; row++) {
    int64_t id = row + 1;
    all.ids[row] = id;
    all.ratios[row] = (double)id / 7.0;
    all.name_lengths[row] =
        snprintf(all.names[row], NAME_BYTES, "customer %011" PRId64, id * 7919);
    int64_t microseconds = id * 37000001;
    time_t seconds = 1577836800 + (time_t)(microseconds / 1000000);
    struct tm day;
    gmtime_r(&seconds, &day);
    all.moments[row] = (SQL_TIMESTAMP_STRUCT){
        .year = (SQLSMALLINT)(day.tm_year + 1900),
        .month = (SQLUSMALLINT)(day.tm_mon + 1),
        .day = (SQLUSMALLINT)day.tm_mday,
        .hour = (SQLUSMALLINT)day.tm_hour,
        .minute = (SQLUSMALLINT)day.tm_min,
        .second = (SQLUSMALLINT)day.tm_sec,
        .fraction = (SQLUINTEGER)(microseconds % 1000000 * 1000),
    };
  }
  return all;
}

/* What is bound stays where it is; the next rows are copied there. */
static void copy_rows(rows to, rows from, int64_t first, int64_t count) {
  size_t length = (size_t)count;
  memcpy(to.ids, from.ids + first, length * sizeof *to.ids);
  memcpy(to.ratios, from.ratios + first, length * sizeof *to.ratios);
  memcpy(to.names, from.names + first, length * sizeof *to.names);
  memcpy(to.name_lengths, from.name_lengths + first, length * sizeof *to.name_lengths);
  memcpy(to.moments, from.moments + first, length * sizeof *to.moments);
}

static void bind(SQLHSTMT statement, int parameter, SQLSMALLINT c_type, SQLSMALLINT sql_type,
                 SQLULEN size, SQLSMALLINT digits, void *values, SQLLEN bytes, SQLLEN *lengths) {
  check_statement(SQLBindParameter(statement, (SQLUSMALLINT)parameter, SQL_PARAM_INPUT, c_type,
                                   sql_type, size, digits, values, bytes, lengths),
                  "SQLBindParameter", statement);
}

static void bind_row(SQLHSTMT statement, rows block, int64_t row) {
  int first = (int)row * COLUMNS;
  bind(statement, first + 1, SQL_C_SBIGINT, SQL_BIGINT, 19, 0, block.ids + row, 0, NULL);
  bind(statement, first + 2, SQL_C_DOUBLE, SQL_DOUBLE, 15, 0, block.ratios + row, 0, NULL);
  bind(statement, first + 3, SQL_C_CHAR, SQL_VARCHAR, 32, 0, block.names + row, NAME_BYTES,
       block.name_lengths + row);
  bind(statement, first + 4, SQL_C_TYPE_TIMESTAMP, SQL_TYPE_TIMESTAMP, 26, 6, block.moments + row,
       sizeof *block.moments, NULL);
}

static SQLHSTMT prepare(int64_t rows_in_values) {
  static const char ROW[] = "(?, ?, ?, ?)";
  const char *insert = setting("BENCH_SQL");
  size_t room = strlen(insert) + (size_t)rows_in_values * (sizeof ROW + 1) + 1;
  char *text = malloc(room);
  char *end = text + sprintf(text, "%s", insert);
  for (int64_t row = 0; row < rows_in_values; row++) {
    end += sprintf(end, "%s%s", row == 0 ? "" : ", ", ROW);
  }
  SQLHSTMT statement = new_statement();
  check_statement(SQLPrepare(statement, (SQLCHAR *)text, SQL_NTS), "SQLPrepare", statement);
  free(text);
  return statement;
}

static void execute(SQLHSTMT statement) {
  check_statement(SQLExecute(statement), "SQLExecute", statement);
  /* psqlodbc gives a result for each row of a block. */
  SQLFreeStmt(statement, SQL_CLOSE);
}

static void insert_arrays(rows all, int64_t count, int64_t block_rows) {
  rows block = new_rows(block_rows);
  SQLHSTMT statement = prepare(1);
  bind_row(statement, block, 0);
  for (int64_t first = 0; first < count; first += block_rows) {
    int64_t length = count - first < block_rows ? count - first : block_rows;
    copy_rows(block, all, first, length);
    check_statement(
        SQLSetStmtAttr(statement, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)(SQLULEN)length, 0),
        "SQL_ATTR_PARAMSET_SIZE", statement);
    execute(statement);
  }
}

static void insert_values(rows all, int64_t count, int64_t block_rows) {
  rows block = new_rows(block_rows);
  SQLHSTMT statement = NULL;
  int64_t prepared = 0;
  for (int64_t first = 0; first < count; first += block_rows) {
    int64_t length = count - first < block_rows ? count - first : block_rows;
    if (length != prepared) {
      statement = prepare(length);
      for (int64_t row = 0; row < length; row++) bind_row(statement, block, row);
      prepared = length;
    }
    copy_rows(block, all, first, length);
    execute(statement);
  }
}

int main(int argument_count, char **arguments) {
  connect_to(setting("BENCH_CONNECTION"));
  int64_t count = setting_number("BENCH_ROWS");
  int as_values = argument_count > 1 && strcmp(arguments[1], "values") == 0;
  int64_t block_rows = setting_number(as_values ? "BENCH_VALUES_ROWS" : "BENCH_ARRAY_ROWS");
  rows all = all_rows(count);
  double began = now();
  SQLSetConnectAttr(connection, SQL_ATTR_AUTOCOMMIT, (SQLPOINTER)SQL_AUTOCOMMIT_OFF, 0);
  if (as_values) {
    insert_values(all, count, block_rows);
  } else {
    insert_arrays(all, count, block_rows);
  }
  if (!SQL_SUCCEEDED(SQLEndTran(SQL_HANDLE_DBC, connection, SQL_COMMIT))) {
    fail("commit", SQL_HANDLE_DBC, connection);
  }
  double seconds = now() - began;
  answer(count, count * (count + 1) / 2, seconds, -1);
  SQLDisconnect(connection);
  return 0;
}
