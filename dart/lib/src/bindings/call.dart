/// The ways of a call through the C ABI: text in, text out, errors out.
library;

import 'dart:convert';
import 'dart:ffi';
import 'dart:typed_data';

import 'package:ffi/ffi.dart';

import '../exception.dart';
import 'engine_functions.dart';
import 'structs.dart';
import 'utf8.dart';

/// Runs [body] with an error struct and throws what it reports.
///
/// [operation] is only said when the library does not say it itself.
void check(String operation, int Function(ErrorPointer error) body) {
  // Kept for the next call, unless this one calls back into Dart, which makes
  // others meanwhile.
  final error = _spareError ?? calloc<ErrorStruct>();
  _spareError = null;
  final int status;
  try {
    status = body(error);
    if (status != 0) throw _exception(error.ref, status, operation);
  } finally {
    final release = error.ref.release;
    if (release != nullptr) {
      release.asFunction<void Function(ErrorPointer)>()(error);
    }
    _spareError == null ? _spareError = error : calloc.free(error);
  }
}

ErrorPointer? _spareError;

/// The text that [body] makes the library hand out.
///
/// [place] is where it is handed out, if that is not to be allocated.
String readText(String operation, TextCall body, {Pointer<TextStruct>? place}) {
  final text = place ?? calloc<TextStruct>();
  try {
    check(operation, (error) => body(text, error));
    return exactText(text.ref.data.asTypedList(text.ref.length));
  } finally {
    final release = text.ref.release;
    if (release != nullptr) {
      release.asFunction<void Function(Pointer<TextStruct>)>()(text);
    }
    if (place == null) calloc.free(text);
  }
}

/// The text that [call] makes of [text], whose bytes come from [encodeText].
String convertText(String operation, Uint8List text, ConvertFunction call) =>
    using((arena) {
      final copy = arena.copy(text);
      return readText(
          operation, (result, error) => call(copy, text.length, result, error));
    });

/// The diagnostic records that [body] makes the library hand out as JSON.
List<OdbcDiagnostic> readDiagnostics(String operation, TextCall body,
    {Pointer<TextStruct>? place}) {
  final text = readText(operation, body, place: place);
  return text == '[]' ? const [] : diagnosticsOf(jsonDecode(text));
}

/// The diagnostic records that [json], a list of objects, holds.
List<OdbcDiagnostic> diagnosticsOf(Object? json) => [
      for (final record in json! as List<Object?>)
        if (record
            case {
              'sqlstate': final String sqlstate,
              'native_code': final int nativeCode,
              'message': final String message,
            })
          OdbcDiagnostic(
              sqlstate: sqlstate, nativeCode: nativeCode, message: message),
    ];

/// [text] in UTF-8.
///
/// Half of a surrogate pair is refused, because an encoder would write another
/// character in its place; [what] names the text in the error.
Uint8List encodeText(String text, String what, {required String operation}) {
  for (var i = 0; i < text.length; i++) {
    final unit = text.codeUnitAt(i);
    if (unit & 0xF800 != 0xD800) continue;
    final paired = unit < 0xDC00 &&
        i + 1 < text.length &&
        text.codeUnitAt(i + 1) & 0xFC00 == 0xDC00;
    if (!paired) {
      throw OdbcException(
        OdbcErrorKind.invalidArgument,
        '$what has an unpaired surrogate at code unit $i',
        operation: operation,
      );
    }
    i++;
  }
  return utf8.encode(text);
}

/// Text or bytes copied to native memory.
extension NativeBytes on Allocator {
  /// The address of a copy of [bytes]; never NULL, also for none.
  Pointer<Uint8> copy(Uint8List bytes) {
    final pointer = this<Uint8>(bytes.isEmpty ? 1 : bytes.length);
    pointer.asTypedList(bytes.length).setAll(0, bytes);
    return pointer;
  }

  /// The address of a copy of [bytes] with a NUL behind it.
  Pointer<Uint8> copyTerminated(Uint8List bytes) {
    final pointer = this<Uint8>(bytes.length + 1);
    pointer.asTypedList(bytes.length + 1)
      ..setAll(0, bytes)
      ..[bytes.length] = 0;
    return pointer;
  }
}

/// The NUL-terminated text at [pointer], empty for NULL.
String readTerminated(Pointer<Uint8> pointer) => pointer == nullptr
    ? ''
    : exactText(pointer.asTypedList(pointer.cast<Utf8>().length));

OdbcException _exception(ErrorStruct error, int status, String operation) {
  final records = [
    for (var i = 0; i < error.recordCount; i++) _diagnostic(error.records[i]),
  ];
  final sqlstate = [
    for (var i = 0; i < 8 && error.sqlstate[i] != 0; i++) error.sqlstate[i],
  ];
  final said = readTerminated(error.operation);
  final message = readTerminated(error.message);
  return OdbcException(
    OdbcErrorKind.of(error.kind == 0 ? status : error.kind),
    message.isEmpty ? 'the library answered $status' : message,
    operation: said.isEmpty ? operation : said,
    sqlstate: sqlstate.isEmpty ? null : String.fromCharCodes(sqlstate),
    nativeCode: records.isEmpty ? null : error.nativeCode,
    column: error.column == nullptr ? null : readTerminated(error.column),
    row: error.row < 0 ? null : error.row,
    records: records,
    retryable: error.retryable != 0,
    details: error.details == nullptr ? null : readTerminated(error.details),
  );
}

OdbcDiagnostic _diagnostic(DiagnosticStruct record) => OdbcDiagnostic(
      sqlstate: readTerminated(record.sqlstate),
      nativeCode: record.nativeCode,
      message: readTerminated(record.message),
    );
