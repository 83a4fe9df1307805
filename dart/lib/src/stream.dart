import 'dart:ffi';

import 'package:ffi/ffi.dart';

import 'arrow/batch_memory.dart';
import 'arrow/schema.dart';
import 'batch.dart';
import 'bindings/call.dart';
import 'bindings/native_handle.dart';
import 'bindings/structs.dart';
import 'cancel.dart';
import 'column.dart';
import 'exception.dart';
import 'options.dart';
import 'row.dart';

/// How far a stream has come.
final class OdbcProgress {
  /// The [rows] and [bytes] that came in the [elapsed] time.
  const OdbcProgress({
    required this.rows,
    required this.bytes,
    required this.elapsed,
  });

  /// Rows that were delivered.
  final int rows;

  /// The bytes of their Arrow buffers.
  final int bytes;

  /// The time since the stream began.
  final Duration elapsed;
}

/// A result, read batch by batch.
///
/// A stream belongs to one execution: executing its statement again, or
/// closing the statement or the connection, ends it.
final class OdbcStream implements Finalizable {
  OdbcStream._(this._handle, this._onClose, this._said);

  /// Reads the result of the last execution of [statement], which [said] this;
  /// [onClose] runs once, when the stream is closed.
  factory OdbcStream.start(
    NativeHandle statement, {
    OdbcStreamOptions? options,
    void Function()? onClose,
    List<OdbcDiagnostic> said = const [],
  }) {
    final value = using((arena) {
      final json = encodeText(options?.toString() ?? '', 'the options',
          operation: 'stream');
      final handle = arena<Uint64>();
      check(
          'stream',
          (error) => statement.functions.streamStart(
              statement.value, arena.copy(json), json.length, handle, error));
      return handle.value;
    });
    return OdbcStream._(NativeHandle.stream(statement, value), onClose, said);
  }

  /// The stream of [handle].
  OdbcStream.ofHandle(NativeHandle handle) : this._(handle, null, const []);

  final NativeHandle _handle;
  final void Function()? _onClose;
  final List<OdbcDiagnostic> _said;
  int _fetchedRows = 0;

  late final ColumnIndex _index = ColumnIndex(_readSchema());

  /// What is known about each column.
  List<OdbcColumn> get columns => _index.columns;

  /// The next rows, or null after the last ones.
  OdbcBatch? fetch() {
    final index = _index;
    final array = calloc<ArrowArray>();
    var handedOver = false;
    try {
      check(
          'fetch',
          (error) =>
              _handle.functions.streamFetch(_handle.value, array, error));
      if (array.ref.release == nullptr) return null;
      final batch = OdbcBatch(index, array, firstRow: _fetchedRows);
      handedOver = true;
      _fetchedRows += batch.rowCount;
      return batch;
    } finally {
      if (!handedOver) {
        releaseArray(array);
        calloc.free(array);
      }
    }
  }

  /// The batches that are still to come. Each one is the caller's to close.
  Iterable<OdbcBatch> get batches sync* {
    for (var batch = fetch(); batch != null; batch = fetch()) {
      yield batch;
    }
  }

  /// The rows that are still to come, a batch of them in memory at a time.
  Iterable<OdbcRow> get rows sync* {
    for (final batch in batches) {
      try {
        for (final rows in rowsInChunks(batch)) {
          yield* rows;
        }
      } finally {
        batch.close();
      }
    }
  }

  /// The records that came with the fetching, so far; before them those of an
  /// execution that nothing else tells of.
  List<OdbcDiagnostic> get warnings => [
        ..._said,
        ...readDiagnostics(
            'warnings',
            (text, error) =>
                _handle.functions.streamWarnings(_handle.value, text, error)),
      ];

  /// How far the stream has come.
  OdbcProgress get progress => using((arena) {
        final progress = arena<ProgressStruct>();
        check(
            'progress',
            (error) => _handle.functions
                .streamProgress(_handle.value, progress, error));
        return OdbcProgress(
          rows: progress.ref.rows,
          bytes: progress.ref.bytes,
          elapsed: Duration(microseconds: progress.ref.elapsedMicroseconds),
        );
      });

  /// Asks the stream to stop, without waiting.
  ///
  /// The fetch that runs or comes next fails with an error of kind
  /// [OdbcErrorKind.cancelled], and the stream is closed. A fetch blocks the
  /// isolate that makes it: [cancelHandle] stops it from another one.
  void cancel() => check('cancel',
      (error) => _handle.functions.streamCancel(_handle.value, error));

  /// What cancels this stream, also from another isolate.
  OdbcCancelHandle get cancelHandle => cancelHandleOf(_handle);

  /// Whether [close] was called.
  bool get isClosed => _handle.isClosed;

  /// Ends the reading; a second call does nothing.
  void close() {
    if (isClosed) return;
    try {
      _handle.close();
    } finally {
      _onClose?.call();
    }
  }

  List<OdbcColumn> _readSchema() {
    final schema = calloc<ArrowSchema>();
    try {
      check(
          'schema',
          (error) =>
              _handle.functions.streamSchema(_handle.value, schema, error));
      return readColumns(schema.ref);
    } finally {
      releaseSchema(schema);
      calloc.free(schema);
    }
  }
}

/// Fetches the next rows of [stream] into [array], which stays empty after the
/// last ones; not exported to users.
void fetchInto(OdbcStream stream, Pointer<ArrowArray> array) => check(
    'fetch',
    (error) => stream._handle.functions
        .streamFetch(stream._handle.value, array, error));

/// The handle of [stream]; not exported to users.
int streamHandle(OdbcStream stream) => stream._handle.value;
