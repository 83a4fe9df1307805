/// The C structs of `odbc_engine.h` and of the Arrow C Data Interface.
library;

import 'dart:ffi';

/// `odbc_diagnostic`: one record of the driver.
final class DiagnosticStruct extends Struct {
  /// Five characters and a NUL.
  external Pointer<Uint8> sqlstate;

  /// The driver's own number.
  @Int32()
  external int nativeCode;

  /// NUL-terminated UTF-8.
  external Pointer<Uint8> message;
}

/// `odbc_error`: filled by a call that fails, released by its caller.
final class ErrorStruct extends Struct {
  /// 0 for none, else the number of the kind.
  @Int32()
  external int kind;

  /// Of the first record; 0 if there is none.
  @Int32()
  external int nativeCode;

  /// NUL-terminated, empty if there is none.
  @Array(8)
  external Array<Uint8> sqlstate;

  /// 0 or 1.
  @Int32()
  external int retryable;

  /// 0-based, -1 if there is none.
  @Int64()
  external int row;

  /// NUL-terminated UTF-8.
  external Pointer<Uint8> operation;

  /// NUL-terminated UTF-8.
  external Pointer<Uint8> message;

  /// NUL-terminated UTF-8, or NULL.
  external Pointer<Uint8> column;

  /// [recordCount] records.
  external Pointer<DiagnosticStruct> records;

  /// How many [records] there are.
  @Uint64()
  external int recordCount;

  /// To be called with this struct when it is not NULL.
  external Pointer<NativeFunction<Void Function(Pointer<ErrorStruct>)>> release;

  /// The library's own.
  external Pointer<Void> privateData;

  /// A JSON object, NUL-terminated UTF-8, or NULL.
  external Pointer<Uint8> details;
}

/// `odbc_text`: UTF-8 that the library owns until it is released.
final class TextStruct extends Struct {
  /// [length] bytes and a NUL.
  external Pointer<Uint8> data;

  /// Without the NUL.
  @Uint64()
  external int length;

  /// To be called with this struct when it is not NULL.
  external Pointer<NativeFunction<Void Function(Pointer<TextStruct>)>> release;

  /// The library's own.
  external Pointer<Void> privateData;
}

/// `odbc_progress`: how far a stream has come.
final class ProgressStruct extends Struct {
  /// `rows`: delivered.
  @Uint64()
  external int rows;

  /// `bytes`: of their Arrow buffers.
  @Uint64()
  external int bytes;

  /// `elapsed_us`: since the stream began.
  @Uint64()
  external int elapsedMicroseconds;
}

/// `odbc_execution`: what one execution did.
final class ExecutionStruct extends Struct {
  /// -1 when there is a result set or the driver does not say.
  @Int64()
  external int affectedRows;

  /// 0 when there is no result set.
  @Int32()
  external int columnCount;

  /// How many diagnostic records came with the success.
  @Int32()
  external int warningCount;
}

/// A callback that releases an [ArrowSchema].
typedef ReleaseSchema = NativeFunction<Void Function(Pointer<ArrowSchema>)>;

/// A callback that releases an [ArrowArray].
typedef ReleaseArray = NativeFunction<Void Function(Pointer<ArrowArray>)>;

/// `ARROW_FLAG_NULLABLE`: the field may hold nulls.
const arrowNullableFlag = 2;

/// `ArrowSchema` of the Arrow C Data Interface.
final class ArrowSchema extends Struct {
  /// The format string, NUL-terminated.
  external Pointer<Uint8> format;

  /// The field's name, NUL-terminated UTF-8, or NULL.
  external Pointer<Uint8> name;

  /// Length-prefixed keys and values, or NULL.
  external Pointer<Uint8> metadata;

  /// See [arrowNullableFlag].
  @Int64()
  external int flags;

  /// How many [children] there are.
  @Int64()
  external int childCount;

  /// Pointers to the schemas of the children.
  external Pointer<Pointer<ArrowSchema>> children;

  /// Not used by the engine.
  external Pointer<ArrowSchema> dictionary;

  /// NULL once released.
  external Pointer<ReleaseSchema> release;

  /// The producer's own.
  external Pointer<Void> privateData;
}

/// `ArrowArray` of the Arrow C Data Interface.
final class ArrowArray extends Struct {
  /// How many values there are, counted from [offset].
  @Int64()
  external int length;

  /// -1 when it was not counted.
  @Int64()
  external int nullCount;

  /// The first value's place in the buffers.
  @Int64()
  external int offset;

  /// How many [buffers] there are.
  @Int64()
  external int bufferCount;

  /// How many [children] there are.
  @Int64()
  external int childCount;

  /// Pointers to the buffers; the first is the validity bitmap or NULL.
  external Pointer<Pointer<Void>> buffers;

  /// Pointers to the arrays of the children.
  external Pointer<Pointer<ArrowArray>> children;

  /// Not used by the engine.
  external Pointer<ArrowArray> dictionary;

  /// NULL once released.
  external Pointer<ReleaseArray> release;

  /// The producer's own.
  external Pointer<Void> privateData;
}

/// A callback that gives a stream's schema.
typedef GetSchema = Int32 Function(
    Pointer<ArrowArrayStream>, Pointer<ArrowSchema>);

/// A callback that gives a stream's next rows.
typedef GetNext = Int32 Function(
    Pointer<ArrowArrayStream>, Pointer<ArrowArray>);

/// A callback that says why the last one failed.
typedef GetLastError = Pointer<Uint8> Function(Pointer<ArrowArrayStream>);

/// A callback that releases an [ArrowArrayStream].
typedef ReleaseStream = Void Function(Pointer<ArrowArrayStream>);

/// `ArrowArrayStream` of the Arrow C stream interface.
final class ArrowArrayStream extends Struct {
  /// 0, or an errno.
  external Pointer<NativeFunction<GetSchema>> getSchema;

  /// 0, or an errno; a released array is the end.
  external Pointer<NativeFunction<GetNext>> getNext;

  /// NUL-terminated UTF-8 that lives until the next call, or NULL.
  external Pointer<NativeFunction<GetLastError>> getLastError;

  /// NULL once released.
  external Pointer<NativeFunction<ReleaseStream>> release;

  /// The producer's own.
  external Pointer<Void> privateData;
}
