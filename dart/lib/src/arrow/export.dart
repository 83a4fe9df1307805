/// Columns that Dart built, as structs of the Arrow C Data Interface.
///
/// Their memory stays Dart's, so releasing them frees nothing. No Dart code runs
/// for it: an isolate that is killed while the library calls back would take
/// the whole process with it.
library;

import 'dart:convert';
import 'dart:ffi';
import 'dart:typed_data';

import '../bindings/call.dart';
import '../bindings/engine_functions.dart';
import '../bindings/structs.dart';
import '../types/type.dart';

/// A column's name in UTF-8, and its type.
typedef ExportedField = ({Uint8List name, OdbcType type});

/// The values of a column, by the addresses of their buffers.
typedef ExportedColumn = ({int nullCount, List<int> buffers});

/// Fills [schema] with a struct of a child for each of [fields], in [memory].
void exportSchema(EngineFunctions functions, Allocator memory,
    Pointer<ArrowSchema> schema, List<ExportedField> fields) {
  final release = functions.schemaForget;
  _fillSchema(memory, schema, '+s', release, childCount: fields.length);
  for (final (i, (:name, :type)) in fields.indexed) {
    final child = schema.ref.children[i] = memory<ArrowSchema>();
    _fillSchema(memory, child, type.format, release,
        name: name, metadata: type == OdbcType.uuid ? _uuidMetadata : null);
  }
}

/// Fills [array] with a struct of [length] rows of [columns], in [memory].
void exportArray(EngineFunctions functions, Allocator memory,
    Pointer<ArrowArray> array, int length, List<ExportedColumn> columns) {
  final release = functions.arrayForget;
  _fillArray(memory, array, const [0], release,
      length: length, childCount: columns.length);
  for (final (i, (:nullCount, :buffers)) in columns.indexed) {
    final child = array.ref.children[i] = memory<ArrowArray>();
    _fillArray(memory, child, buffers, release,
        length: length, nullCount: nullCount);
  }
}

void _fillSchema(
  Allocator memory,
  Pointer<ArrowSchema> schema,
  String format,
  Pointer<ReleaseSchema> release, {
  Uint8List? name,
  Uint8List? metadata,
  int childCount = 0,
}) =>
    schema.ref
      ..format = memory.copyTerminated(ascii.encode(format))
      ..name = memory.copyTerminated(name ?? Uint8List(0))
      ..metadata = metadata == null ? nullptr : memory.copy(metadata)
      ..flags = arrowNullableFlag
      ..childCount = childCount
      ..children = memory(childCount == 0 ? 1 : childCount)
      ..dictionary = nullptr
      ..release = release
      ..privateData = nullptr;

void _fillArray(
  Allocator memory,
  Pointer<ArrowArray> array,
  List<int> buffers,
  Pointer<ReleaseArray> release, {
  required int length,
  int nullCount = 0,
  int childCount = 0,
}) {
  array.ref
    ..length = length
    ..nullCount = nullCount
    ..offset = 0
    ..bufferCount = buffers.length
    ..childCount = childCount
    ..buffers = memory(buffers.isEmpty ? 1 : buffers.length)
    ..children = memory(childCount == 0 ? 1 : childCount)
    ..dictionary = nullptr
    ..release = release
    ..privateData = nullptr;
  for (final (i, buffer) in buffers.indexed) {
    array.ref.buffers[i] = Pointer.fromAddress(buffer);
  }
}

final _uuidMetadata = _metadata('ARROW:extension:name', 'arrow.uuid');

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
