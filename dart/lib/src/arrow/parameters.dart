/// Parameters as Arrow structs in native memory.
library;

import 'dart:convert';
import 'dart:ffi';
import 'dart:typed_data';

import 'package:ffi/ffi.dart';

import '../bindings/call.dart';
import '../bindings/structs.dart';
import '../exception.dart';
import '../types/type.dart';
import 'batch_memory.dart';
import 'encode.dart';

/// Calls [body] with [values] as a struct array of length one and its schema,
/// or with NULL for none, and releases what [body] leaves unreleased.
///
/// A [List] has no names; those of a [Map] are the names of the children.
T withParameters<T>(
  Object values,
  T Function(Pointer<ArrowSchema> schema, Pointer<ArrowArray> array) body,
) {
  // Everything that can be refused is, before any native memory is taken.
  final parameters = switch (values) {
    List<Object?>() => [
        for (final (i, value) in values.indexed)
          (
            name: Uint8List(0),
            content: encodeParameter(value, 'parameter ${i + 1}'),
          ),
      ],
    Map<Object?, Object?>() => [
        for (final MapEntry(key: name, :value) in values.entries)
          (
            name: _encodeName(name),
            content: encodeParameter(value, 'parameter "$name"'),
          ),
      ],
    _ => throw _refusal('parameters are a List, or a Map by name, not a '
        '${values.runtimeType}'),
  };
  if (parameters.isEmpty) return body(nullptr, nullptr);
  final schema = malloc<ArrowSchema>();
  final array = malloc<ArrowArray>();
  try {
    _fillSchema(schema, '+s', childCount: parameters.length);
    _fillArray(array, [nullptr], childCount: parameters.length);
    for (final (i, (:name, :content)) in parameters.indexed) {
      _fillSchema(schema.ref.children[i], content.type.format,
          name: name,
          metadata: content.type == OdbcType.uuid ? _uuidMetadata : null);
      _fillArray(array.ref.children[i], _copyBuffers(content),
          nullCount: content.isNull ? 1 : 0);
    }
    return body(schema, array);
  } finally {
    releaseSchema(schema);
    releaseArray(array);
    malloc
      ..free(schema)
      ..free(array);
  }
}

Uint8List _encodeName(Object? name) {
  if (name is! String) {
    throw _refusal('a parameter is named by a String, not by a '
        '${name.runtimeType}');
  }
  // Either would be another name, or none, behind a NUL-terminated text.
  if (name.isEmpty || name.contains('\u0000')) {
    throw _refusal('a parameter cannot have the name ${jsonEncode(name)}');
  }
  return encodeText(name, 'a parameter\'s name', operation: 'execute');
}

OdbcException _refusal(String message) => OdbcException(
      OdbcErrorKind.invalidArgument,
      message,
      operation: 'execute',
    );

// The callee releases during the call, on the thread of this isolate, so the
// callbacks may be Dart code; they live as long as the isolate does.
final _schemaRelease =
    NativeCallable<Void Function(Pointer<ArrowSchema>)>.isolateLocal(_release)
      ..keepIsolateAlive = false;

final _arrayRelease =
    NativeCallable<Void Function(Pointer<ArrowArray>)>.isolateLocal(
        _releaseBuffers)
      ..keepIsolateAlive = false;

final _uuidMetadata = _metadata('ARROW:extension:name', 'arrow.uuid');

void _fillSchema(
  Pointer<ArrowSchema> schema,
  String format, {
  Uint8List? name,
  Uint8List? metadata,
  int childCount = 0,
}) {
  schema.ref
    ..format = malloc.copyTerminated(ascii.encode(format))
    ..name = malloc.copyTerminated(name ?? Uint8List(0))
    ..metadata = metadata == null ? nullptr : malloc.copy(metadata)
    ..flags = arrowNullableFlag
    ..childCount = childCount
    ..children = malloc(childCount == 0 ? 1 : childCount)
    ..dictionary = nullptr
    ..release = _schemaRelease.nativeFunction
    ..privateData = nullptr;
  for (var i = 0; i < childCount; i++) {
    // A child without content is a released one, until it is filled.
    schema.ref.children[i] = malloc()..ref.release = nullptr;
  }
}

void _fillArray(
  Pointer<ArrowArray> array,
  List<Pointer<Void>> buffers, {
  int nullCount = 0,
  int childCount = 0,
}) {
  array.ref
    ..length = 1
    ..nullCount = nullCount
    ..offset = 0
    ..bufferCount = buffers.length
    ..childCount = childCount
    ..buffers = malloc(buffers.isEmpty ? 1 : buffers.length)
    ..children = malloc(childCount == 0 ? 1 : childCount)
    ..dictionary = nullptr
    ..release = _arrayRelease.nativeFunction
    ..privateData = nullptr;
  for (final (i, buffer) in buffers.indexed) {
    array.ref.buffers[i] = buffer;
  }
  for (var i = 0; i < childCount; i++) {
    array.ref.children[i] = malloc()..ref.release = nullptr;
  }
}

List<Pointer<Void>> _copyBuffers(EncodedParameter parameter) => [
      if (parameter.type != OdbcType.nothing)
        parameter.isNull ? malloc.copy(Uint8List(1)).cast() : nullptr,
      for (final buffer in parameter.buffers) malloc.copy(buffer).cast(),
    ];

void _release(Pointer<ArrowSchema> schema) {
  for (var i = 0; i < schema.ref.childCount; i++) {
    releaseSchema(schema.ref.children[i]);
    malloc.free(schema.ref.children[i]);
  }
  malloc
    ..free(schema.ref.children)
    ..free(schema.ref.metadata)
    ..free(schema.ref.name)
    ..free(schema.ref.format);
  schema.ref.release = nullptr;
}

void _releaseBuffers(Pointer<ArrowArray> array) {
  for (var i = 0; i < array.ref.childCount; i++) {
    releaseArray(array.ref.children[i]);
    malloc.free(array.ref.children[i]);
  }
  for (var i = 0; i < array.ref.bufferCount; i++) {
    malloc.free(array.ref.buffers[i]);
  }
  malloc
    ..free(array.ref.children)
    ..free(array.ref.buffers);
  array.ref.release = nullptr;
}

Uint8List _metadata(String key, String value) {
  final bytes = BytesBuilder()
    ..add(_length(1))
    ..add(_length(key.length))
    ..add(ascii.encode(key))
    ..add(_length(value.length))
    ..add(ascii.encode(value));
  return bytes.takeBytes();
}

Uint8List _length(int value) =>
    Uint8List.sublistView(ByteData(4)..setInt32(0, value, Endian.host));
