/// Parameters as Arrow structs in native memory.
library;

import 'dart:convert';
import 'dart:ffi';
import 'dart:typed_data';

import 'package:ffi/ffi.dart';

import '../bindings/call.dart';
import '../bindings/engine_functions.dart';
import '../bindings/structs.dart';
import '../exception.dart';
import '../parameter.dart';
import 'builder_of.dart';
import 'column_builder.dart';
import 'encode.dart';
import 'export.dart';

/// Calls [body] with [values] as a struct array of length one and its schema,
/// or with NULL for none. Their memory lives until [body] returns.
///
/// A [List] has no names; those of a [Map] are the names of the children.
T withParameters<T>(
  EngineFunctions functions,
  Object values,
  T Function(Pointer<ArrowSchema> schema, Pointer<ArrowArray> array) body,
) {
  final fields = <ExportedField>[];
  final columns = <ColumnMemory>[];
  void add(Uint8List name, Object? value, String subject) {
    final column = encodeParameter(value, subject);
    fields.add((name: name, type: column.type));
    columns.add(ColumnMemory(column));
  }

  switch (values) {
    case List<Object?>():
      for (final (i, value) in values.indexed) {
        add(_noName, value, 'parameter ${i + 1}');
      }
    case Map<Object?, Object?>():
      for (final MapEntry(key: name, :value) in values.entries) {
        add(_encodeName(name), value, 'parameter "$name"');
      }
    default:
      throw refuseParameter('parameters are a List, or a Map by name, not a '
          '${values.runtimeType}');
  }
  if (columns.isEmpty) return body(nullptr, nullptr);
  try {
    return using((arena) {
      final schema = arena<ArrowSchema>();
      final array = arena<ArrowArray>();
      exportSchema(functions, arena, schema, fields);
      exportArray(functions, arena, array, 1,
          [for (final column in columns) column.exported]);
      return body(schema, array);
    });
  } finally {
    for (final column in columns) {
      column.free();
    }
  }
}

/// A column of one row for the parameter that errors call [subject], such as
/// `parameter 1`.
OdbcColumnBuilder<Object> encodeParameter(Object? value, String subject) {
  OdbcException refuse(String reason, int row) =>
      refuseParameter('$subject: $reason');
  final type = typeOfValue(value) ??
      (throw refuse('a ${value.runtimeType} cannot be sent', 0));
  return builderOf('', type, refuse)
    ..addValue(value is OdbcParameter ? value.value : value);
}

final _noName = Uint8List(0);

Uint8List _encodeName(Object? name) {
  if (name is! String) {
    throw refuseParameter('a parameter is named by a String, not by a '
        '${name.runtimeType}');
  }
  // Either would be another name, or none, behind a NUL-terminated text.
  if (name.isEmpty || name.contains('\u0000')) {
    throw refuseParameter(
        'a parameter cannot have the name ${jsonEncode(name)}');
  }
  return encodeText(name, 'a parameter\'s name', operation: 'execute');
}

/// What says that parameters cannot be sent.
OdbcException refuseParameter(String message) => OdbcException(
      OdbcErrorKind.invalidArgument,
      message,
      operation: 'execute',
    );
