/* How the C programs that test the ABI check, and tell what was not so. */

#ifndef ODBC_ENGINE_TEST_CHECK_H
#define ODBC_ENGINE_TEST_CHECK_H

#include <stdio.h>

#ifdef ASAN
/* The driver manager and the drivers keep what they load; that is not for this test to judge. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0"; }
#endif

static int failures = 0;
static int checks = 0;

#define CHECK(condition)                                                       \
  do {                                                                         \
    checks++;                                                                  \
    if (!(condition)) {                                                        \
      failures++;                                                              \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);          \
    }                                                                          \
  } while (0)

#endif
