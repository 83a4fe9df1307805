import 'dart:ffi';
import 'dart:typed_data';

import 'package:ffi/ffi.dart';

import '../bindings/engine_functions.dart';
import '../bindings/structs.dart';
import '../parameter.dart';
import '../types/type.dart';
import 'builder_of.dart';
import 'column_builder.dart';
import 'encode.dart';
import 'export.dart';
import 'parameters.dart';

/// The parameters of a statement that is executed again and again with values of
/// the same types: their structs are made once, and filled each time.
final class ParameterBlock {
  /// A block for values of the types of [values].
  ParameterBlock(EngineFunctions functions, List<Object?> values) {
    for (final (i, value) in values.indexed) {
      final subject = 'parameter ${i + 1}';
      final type = typeOfValue(value) ??
          (throw refuseParameter(
              '$subject: a ${value.runtimeType} cannot be sent'));
      _types.add(type);
      _columns.add(builderOf(
          '', type, (reason, row) => refuseParameter('$subject: $reason')));
    }
    _write(values);
    exportSchema(functions, _memory, _madeSchema, [
      for (final type in _types) (name: Uint8List(0), type: type),
    ]);
    exportArray(functions, _memory, _madeArray, 1,
        [for (final column in _columns) ColumnMemory(column).exported]);
    _freeing.attach(this, _memory, detach: this);
  }

  static final _freeing = Finalizer<Arena>((memory) => memory.releaseAll());

  final _memory = Arena();
  final _types = <OdbcType>[];
  final _columns = <OdbcColumnBuilder<Object>>[];
  late final _madeSchema = _memory<ArrowSchema>();
  late final _madeArray = _memory<ArrowArray>();

  /// The schema, to be taken over by one call.
  late final Pointer<ArrowSchema> schema = _memory();

  /// The values, to be taken over by one call.
  late final Pointer<ArrowArray> array = _memory();

  /// Makes [schema] and [array] say [values], or is false where these have
  /// other types.
  bool fill(List<Object?> values) {
    if (values.length != _types.length) return false;
    for (var i = 0; i < values.length; i++) {
      if (typeOfValue(values[i]) != _types[i]) return false;
    }
    _write(values);
    for (var i = 0; i < _columns.length; i++) {
      _place(_madeArray.ref.children[i], _columns[i]);
    }
    // The call before has taken both over, and left nothing there.
    schema.ref = _madeSchema.ref;
    array.ref = _madeArray.ref;
    return true;
  }

  /// Gives the memory back.
  void free() {
    _freeing.detach(this);
    _memory.releaseAll();
    for (final column in _columns) {
      for (final buffer in column.buffers) {
        buffer.free();
      }
    }
  }

  void _write(List<Object?> values) {
    for (var i = 0; i < values.length; i++) {
      final value = values[i];
      _columns[i]
        ..clear()
        ..addValue(value is OdbcParameter ? value.value : value);
    }
  }

  static void _place(
      Pointer<ArrowArray> array, OdbcColumnBuilder<Object> column) {
    if (column.type == OdbcType.nothing) return;
    final buffers = column.buffers;
    final places = array.ref.buffers;
    array.ref.nullCount = column.nullCount;
    places[0] = column.nullCount == 0 ? nullptr : buffers[0].pointer.cast();
    for (var i = 1; i < buffers.length; i++) {
      places[i] = buffers[i].pointer.cast();
    }
  }
}
