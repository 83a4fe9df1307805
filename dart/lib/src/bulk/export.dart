import 'dart:convert';
import 'dart:ffi';
import 'dart:typed_data';

import 'package:ffi/ffi.dart';

import '../arrow/export.dart';
import '../bindings/call.dart';
import '../bindings/engine_functions.dart';
import '../bindings/structs.dart';
import 'rows_batch.dart';
import 'rows_builder.dart';

/// Calls [body] with the rows of [source] as an Arrow C stream, which the
/// library reads and releases during the call, on the thread of this isolate.
///
/// Rows that are there already are read without a call back into Dart. What
/// reading the others throws comes out of this, whatever [body] makes of it.
T withRowsStream<T>(EngineFunctions functions, RowsSource source,
        T Function(Pointer<ArrowArrayStream> rows) body) =>
    source.givesBatchesAway
        ? _withReadRows(functions, source, body)
        : _withLentRows(functions, source, body);

T _withLentRows<T>(EngineFunctions functions, RowsSource source,
        T Function(Pointer<ArrowArrayStream> rows) body) =>
    using((arena) {
      final batches = [
        for (var batch = source.next(); batch != null; batch = source.next())
          batch,
      ];
      final schema = arena<ArrowSchema>();
      final arrays = arena<ArrowArray>(batches.isEmpty ? 1 : batches.length);
      final rows = arena<ArrowArrayStream>();
      exportSchema(functions, arena, schema, _exportedFields(source));
      for (final (i, batch) in batches.indexed) {
        exportArray(functions, arena, arrays + i, batch.length, batch.columns);
      }
      check(
          bulkInsertOperation,
          (error) =>
              functions.rowsLend(schema, arrays, batches.length, rows, error));
      return body(rows);
    });

T _withReadRows<T>(EngineFunctions functions, RowsSource source,
    T Function(Pointer<ArrowArrayStream> rows) body) {
  final export = _Export(functions, source);
  final stream = calloc<ArrowArrayStream>();
  final number = ++_last;
  _exports[number] = export;
  stream.ref
    ..getSchema = _getSchema.nativeFunction
    ..getNext = _getNext.nativeFunction
    ..getLastError = _getLastError.nativeFunction
    ..release = _release.nativeFunction
    ..privateData = Pointer.fromAddress(number);
  try {
    return body(stream);
  } on Object {
    if (export.failure case (final error, final stack)?) {
      Error.throwWithStackTrace(error, stack);
    }
    rethrow;
  } finally {
    _exports.remove(number);
    calloc.free(stream);
    export.end();
  }
}

List<ExportedField> _exportedFields(RowsSource source) => [
      for (final (name, type) in source.fields)
        (name: _encodeName(name), type: type),
    ];

/// Rows that are made while the library reads them.
final class _Export {
  _Export(this._functions, this._source);

  // EIO; the text is what tells the reason.
  static const _failed = 5;

  final EngineFunctions _functions;
  final RowsSource _source;
  final _memory = Arena();
  final _given = <int, (Arena, RowsBatch)>{};
  (Object, StackTrace)? failure;
  Pointer<Uint8> message = nullptr;

  int schema(Pointer<ArrowSchema> place) => _guarded(
      () => exportSchema(_functions, _memory, place, _exportedFields(_source)));

  int next(Pointer<ArrowArray> place) => _guarded(() {
        final batch = _source.next();
        if (batch == null) {
          place.ref.release = nullptr;
          return;
        }
        final memory = Arena();
        final number = ++_last;
        _given[number] = (memory, batch);
        _batches[number] = this;
        exportArray(_functions, memory, place, batch.length, batch.columns);
        place.ref
          ..release = _releaseBatch.nativeFunction
          ..privateData = Pointer.fromAddress(number);
      });

  int _guarded(void Function() body) {
    try {
      body();
      return 0;
      // Nothing may be thrown into the library; the caller gets it afterwards.
    } on Object catch (error, stack) {
      failure = (error, stack);
      message = _memory.copyTerminated(utf8.encode('$error'));
      return _failed;
    }
  }

  void free(int number) {
    _batches.remove(number);
    final (memory, batch) = _given.remove(number)!;
    memory.releaseAll();
    batch.free();
  }

  void end() {
    [..._given.keys].forEach(free);
    _memory.releaseAll();
  }
}

Uint8List _encodeName(String name) {
  // It would be another name behind a NUL-terminated text.
  if (name.contains('\u0000')) {
    throw refuseRows('a column cannot have the name ${jsonEncode(name)}',
        column: name);
  }
  return encodeText(name, "a column's name", operation: bulkInsertOperation);
}

final _batches = <int, _Export>{};
final _exports = <int, _Export>{};
int _last = 0;

_Export? _of(Pointer<ArrowArrayStream> stream) =>
    _exports[stream.ref.privateData.address];

final _getSchema = NativeCallable<GetSchema>.isolateLocal(
    (Pointer<ArrowArrayStream> stream, Pointer<ArrowSchema> place) =>
        _of(stream)?.schema(place) ?? _Export._failed,
    exceptionalReturn: _Export._failed)
  ..keepIsolateAlive = false;

final _getNext = NativeCallable<GetNext>.isolateLocal(
    (Pointer<ArrowArrayStream> stream, Pointer<ArrowArray> place) =>
        _of(stream)?.next(place) ?? _Export._failed,
    exceptionalReturn: _Export._failed)
  ..keepIsolateAlive = false;

final _getLastError = NativeCallable<GetLastError>.isolateLocal(
    (Pointer<ArrowArrayStream> stream) => _of(stream)?.message ?? nullptr)
  ..keepIsolateAlive = false;

final _release = NativeCallable<ReleaseStream>.isolateLocal(
    (Pointer<ArrowArrayStream> stream) => stream.ref.release = nullptr)
  ..keepIsolateAlive = false;

final _releaseBatch =
    NativeCallable<Void Function(Pointer<ArrowArray>)>.isolateLocal(
        (Pointer<ArrowArray> array) {
  final number = array.ref.privateData.address;
  _batches[number]?.free(number);
  array.ref.release = nullptr;
})
      ..keepIsolateAlive = false;
