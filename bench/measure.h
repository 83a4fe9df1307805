/* What both C contestants share: the environment that says what to do, the clock, and the answer. */

#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline const char *setting(const char *name) {
  const char *value = getenv(name);
  if (value == NULL) {
    fprintf(stderr, "%s is not set\n", name);
    exit(2);
  }
  return value;
}

static inline int64_t setting_number(const char *name) { return strtoll(setting(name), NULL, 10); }

static inline int mode_is(const char *mode) { return strcmp(setting("BENCH_MODE"), mode) == 0; }

static inline double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* The same scattered keys in every contestant. */
static inline int64_t key_of(int64_t execution, int64_t key_count) {
  return execution * 7919 % key_count + 1;
}

/* The most memory that this process had resident since it began. */
static inline int64_t peak_rss_kib(void) {
  char line[256];
  long long kib = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status != NULL && fgets(line, sizeof line, status) != NULL) {
    if (sscanf(line, "VmHWM: %lld", &kib) == 1) break;
  }
  if (status != NULL) fclose(status);
  return kib;
}

/* first_row_seconds is negative where nobody measures it. */
static inline void answer(int64_t rows, int64_t checksum, double seconds, double first_row_seconds) {
  printf("{\"rows\": %" PRId64 ", \"checksum\": %" PRId64 ", \"seconds\": %.6f, ", rows, checksum,
         seconds);
  if (first_row_seconds >= 0) {
    printf("\"first_row_seconds\": %.6f, ", first_row_seconds);
  }
  printf("\"peak_rss_kib\": %" PRId64 "}\n", peak_rss_kib());
}

#endif
