/// Reading of `ArrowSchema`.
library;

import 'dart:ffi';
import 'dart:typed_data';

import '../bindings/call.dart';
import '../bindings/structs.dart';
import '../bindings/utf8.dart';
import '../column.dart';
import '../exception.dart';
import '../types/type.dart';

/// The columns that the struct schema [schema] describes.
List<OdbcColumn> readColumns(ArrowSchema schema) => List.unmodifiable([
      for (var i = 0; i < schema.childCount; i++)
        _readColumn(schema.children[i].ref),
    ]);

OdbcColumn _readColumn(ArrowSchema field) {
  final name = readTerminated(field.name);
  final format = readTerminated(field.format);
  final metadata = readMetadata(field.metadata);
  final type = OdbcType.tryParse(format, metadata: metadata);
  if (type == null || field.dictionary != nullptr) {
    throw OdbcException(
      OdbcErrorKind.unsupported,
      'column "$name" has the Arrow format "$format", which this package does '
      'not read',
      operation: 'schema',
      column: name,
    );
  }
  return OdbcColumn(
    name: name,
    type: type,
    nullable: field.flags & arrowNullableFlag != 0,
    metadata: metadata,
  );
}

/// The keys and values at [pointer], each with its length before it.
Map<String, String> readMetadata(Pointer<Uint8> pointer) {
  if (pointer == nullptr) return const {};
  var position = 0;
  int readInt32() {
    final bytes = (pointer + position).asTypedList(4);
    position += 4;
    return ByteData.sublistView(bytes).getInt32(0, Endian.host);
  }

  String readString() {
    final length = readInt32();
    final bytes = (pointer + position).asTypedList(length);
    position += length;
    return exactText(bytes);
  }

  final metadata = <String, String>{};
  for (var remaining = readInt32(); remaining > 0; remaining--) {
    final key = readString();
    metadata[key] = readString();
  }
  return metadata;
}
