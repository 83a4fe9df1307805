/// The signatures of the exports of the C ABI.
library;

import 'dart:ffi';

import 'structs.dart';

/// An `odbc_error *`.
typedef ErrorPointer = Pointer<ErrorStruct>;

/// Its C signature.
typedef NativeHandleFunction = Int32 Function(Uint64, ErrorPointer);

/// A call that takes a handle and nothing else.
typedef HandleFunction = int Function(int, ErrorPointer);

/// A call that fills a text.
typedef TextCall = int Function(Pointer<TextStruct> text, ErrorPointer error);

/// Its C signature.
typedef NativeTextFunction = Int32 Function(
    Uint64, Pointer<TextStruct>, ErrorPointer);

/// A call that hands out a text.
typedef TextFunction = int Function(int, Pointer<TextStruct>, ErrorPointer);

/// Its C signature.
typedef NativeOpenFunction = Int32 Function(
    Uint64, Pointer<Uint8>, Uint64, Pointer<Uint64>, ErrorPointer);

/// A function that reads a query in several.
typedef SeveralFunction = int Function(
    int,
    Pointer<Uint8>,
    int,
    Pointer<ArrowSchema>,
    Pointer<ArrowArray>,
    Pointer<Uint8>,
    int,
    Pointer<Uint8>,
    int,
    Pointer<Uint64>,
    ErrorPointer);

/// A call that opens a child of a handle, as a text says.
typedef OpenFunction = int Function(
    int, Pointer<Uint8>, int, Pointer<Uint64>, ErrorPointer);

/// A function that opens a connection or a pool, as two texts say.
typedef ConnectFunction = int Function(
    Pointer<Uint8>, int, Pointer<Uint8>, int, Pointer<Uint64>, ErrorPointer);

/// A function that inserts the rows of a stream.
typedef BulkInsertFunction = int Function(
    int,
    Pointer<Uint8>,
    int,
    Pointer<ArrowArrayStream>,
    Pointer<Uint8>,
    int,
    Pointer<TextStruct>,
    ErrorPointer);

/// Its C signature.
typedef NativeSayFunction = Int32 Function(
    Uint64, Pointer<Uint8>, Uint64, ErrorPointer);

/// A call that takes a handle and a text.
typedef SayFunction = int Function(int, Pointer<Uint8>, int, ErrorPointer);

/// Its C signature.
typedef NativeConvertFunction = Int32 Function(
    Pointer<Uint8>, Uint64, Pointer<TextStruct>, ErrorPointer);

/// A call that makes a text of a text.
typedef ConvertFunction = int Function(
    Pointer<Uint8>, int, Pointer<TextStruct>, ErrorPointer);
