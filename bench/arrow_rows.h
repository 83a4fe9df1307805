/* The rows to insert as an Arrow C stream of one batch, whose memory stays with this program. */

#ifndef BENCH_ARROW_ROWS_H
#define BENCH_ARROW_ROWS_H

#include "odbc_engine.h"

#include "measure.h"

#define ROW_COLUMNS 4

static void keep_array(struct ArrowArray *array) { array->release = NULL; }
static void keep_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void keep_stream(struct ArrowArrayStream *stream) { stream->release = NULL; }

static const void *column_buffers[ROW_COLUMNS][3];
static struct ArrowArray column_arrays[ROW_COLUMNS];
static struct ArrowArray *column_pointers[ROW_COLUMNS];
static struct ArrowArray whole_batch;

static int give_schema(struct ArrowArrayStream *stream, struct ArrowSchema *schema) {
  static const char *formats[ROW_COLUMNS] = {"l", "g", "u", "tsu:"};
  static const char *names[ROW_COLUMNS] = {"id", "ratio", "name", "created"};
  static struct ArrowSchema fields[ROW_COLUMNS];
  static struct ArrowSchema *pointers[ROW_COLUMNS];
  (void)stream;
  for (int column = 0; column < ROW_COLUMNS; column++) {
    fields[column] = (struct ArrowSchema){
        .format = formats[column], .name = names[column], .release = keep_schema};
    pointers[column] = &fields[column];
  }
  *schema = (struct ArrowSchema){.format = "+s",
                                 .name = "",
                                 .n_children = ROW_COLUMNS,
                                 .children = pointers,
                                 .release = keep_schema};
  return 0;
}

static int give_batch(struct ArrowArrayStream *stream, struct ArrowArray *batch) {
  int *given = stream->private_data;
  *batch = (struct ArrowArray){0};
  if (!*given) *batch = whole_batch;
  *given = 1;
  return 0;
}

static const char *no_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return NULL;
}

/* The same rows in every contestant. */
static struct ArrowArrayStream stream_of_rows(int64_t count) {
  static const void *no_validity[] = {NULL};
  static int given;
  size_t length = (size_t)count;
  int64_t *ids = calloc(length, sizeof *ids), *moments = calloc(length, sizeof *moments);
  double *ratios = calloc(length, sizeof *ratios);
  int32_t *offsets = calloc(length + 1, sizeof *offsets);
  char *names = malloc(length * 32 + 1);
  for (int64_t row = 0; row < count; row++) {
    int64_t id = row + 1;
    ids[row] = id;
    ratios[row] = (double)id / 7.0;
    offsets[row + 1] =
        offsets[row] + sprintf(names + offsets[row], "customer %011" PRId64, id * 7919);
    moments[row] = 1577836800000000 + id * 37000001;
  }
  const void *buffers[ROW_COLUMNS][3] = {
      {NULL, ids}, {NULL, ratios}, {NULL, offsets, names}, {NULL, moments}};
  memcpy(column_buffers, buffers, sizeof buffers);
  for (int column = 0; column < ROW_COLUMNS; column++) {
    column_arrays[column] = (struct ArrowArray){.length = count,
                                                .n_buffers = column == 2 ? 3 : 2,
                                                .buffers = column_buffers[column],
                                                .release = keep_array};
    column_pointers[column] = &column_arrays[column];
  }
  whole_batch = (struct ArrowArray){.length = count,
                                    .n_buffers = 1,
                                    .n_children = ROW_COLUMNS,
                                    .buffers = no_validity,
                                    .children = column_pointers,
                                    .release = keep_array};
  return (struct ArrowArrayStream){.get_schema = give_schema,
                                   .get_next = give_batch,
                                   .get_last_error = no_error,
                                   .release = keep_stream,
                                   .private_data = &given};
}

#endif
