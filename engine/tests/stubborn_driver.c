/* A driver that connects to nothing, runs any statement without a result, and fails to free the
   first statement that it is asked to. */
#include <sql.h>
#include <sqlext.h>
#include <string.h>

static int freed = 0;
static int place;

SQLRETURN SQL_API SQLAllocHandle(SQLSMALLINT type, SQLHANDLE parent, SQLHANDLE *handle) {
    *handle = (SQLHANDLE)&place;
    return SQL_SUCCESS;
}
SQLRETURN SQL_API SQLFreeHandle(SQLSMALLINT type, SQLHANDLE handle) {
    return type == SQL_HANDLE_STMT && freed++ == 0 ? SQL_ERROR : SQL_SUCCESS;
}
SQLRETURN SQL_API SQLSetEnvAttr(SQLHENV env, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER n) {
    return SQL_SUCCESS;
}
SQLRETURN SQL_API SQLSetConnectAttr(SQLHDBC dbc, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER n) {
    return SQL_SUCCESS;
}
SQLRETURN SQL_API SQLDriverConnect(SQLHDBC dbc, SQLHWND window, SQLCHAR *in, SQLSMALLINT in_length,
                                   SQLCHAR *out, SQLSMALLINT out_size, SQLSMALLINT *out_length,
                                   SQLUSMALLINT completion) {
    return SQL_SUCCESS;
}
SQLRETURN SQL_API SQLDisconnect(SQLHDBC dbc) { return SQL_SUCCESS; }
SQLRETURN SQL_API SQLEndTran(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT completion) {
    return SQL_SUCCESS;
}
SQLRETURN SQL_API SQLGetInfo(SQLHDBC dbc, SQLUSMALLINT info, SQLPOINTER value, SQLSMALLINT size,
                             SQLSMALLINT *length) {
    if (size > 0) memset(value, 0, (size_t)size);
    if (length) *length = 0;
    return SQL_SUCCESS;
}
SQLRETURN SQL_API SQLExecDirect(SQLHSTMT statement, SQLCHAR *sql, SQLINTEGER length) {
    return SQL_SUCCESS;
}
SQLRETURN SQL_API SQLNumResultCols(SQLHSTMT statement, SQLSMALLINT *columns) {
    *columns = 0;
    return SQL_SUCCESS;
}
SQLRETURN SQL_API SQLRowCount(SQLHSTMT statement, SQLLEN *rows) {
    *rows = 0;
    return SQL_SUCCESS;
}
SQLRETURN SQL_API SQLFreeStmt(SQLHSTMT statement, SQLUSMALLINT option) { return SQL_SUCCESS; }
