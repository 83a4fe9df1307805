/* A driver that is the one at REAL, but for the name of its database. */
#include <dlfcn.h>
#include <sql.h>
#include <sqlext.h>
#include <string.h>

static const char name[] = "Nobody's Database";

SQLRETURN SQL_API SQLGetInfo(SQLHDBC dbc, SQLUSMALLINT info, SQLPOINTER value, SQLSMALLINT size,
                             SQLSMALLINT *length) {
    if (info == SQL_DBMS_NAME && size > (SQLSMALLINT)sizeof name) {
        memcpy(value, name, sizeof name);
        if (length) *length = sizeof name - 1;
        return SQL_SUCCESS;
    }
    SQLRETURN (*real)(SQLHDBC, SQLUSMALLINT, SQLPOINTER, SQLSMALLINT, SQLSMALLINT *) =
        dlsym(dlopen(REAL, RTLD_NOW), "SQLGetInfo");
    return real(dbc, info, value, size, length);
}
SQLRETURN SQL_API SQLGetInfoW(SQLHDBC dbc, SQLUSMALLINT info, SQLPOINTER value, SQLSMALLINT size,
                              SQLSMALLINT *length) {
    if (info == SQL_DBMS_NAME && size > 2 * (SQLSMALLINT)sizeof name) {
        for (size_t i = 0; i < sizeof name; i++) ((SQLWCHAR *)value)[i] = name[i];
        if (length) *length = 2 * (sizeof name - 1);
        return SQL_SUCCESS;
    }
    SQLRETURN (*real)(SQLHDBC, SQLUSMALLINT, SQLPOINTER, SQLSMALLINT, SQLSMALLINT *) =
        dlsym(dlopen(REAL, RTLD_NOW), "SQLGetInfoW");
    return real ? real(dbc, info, value, size, length) : SQL_ERROR;
}
