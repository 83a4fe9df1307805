import 'dart:convert';
import 'dart:ffi';

import 'package:ffi/ffi.dart';

import '../bindings/call.dart';
import '../bindings/engine_functions.dart';
import '../bindings/native_handle.dart';
import '../bindings/structs.dart';
import '../stream.dart';
import '../types/type.dart';
import 'export.dart';
import 'infer.dart';
import 'lent_rows.dart';
import 'options.dart';
import 'rows_batch.dart';
import 'rows_builder.dart';

// So many rows tell the types of all, where rows come one by one.
const _firstRows = 10000;

/// The rows of [data]: an [OdbcRowsBuilder], or an iterable of maps, lists or
/// read rows, with the columns of [types] or of those that the values have.
RowsSource rowsOf(Object data, Map<String, OdbcType>? types,
    [List<String>? names]) {
  if (data is OdbcRowsBuilder) {
    if (types == null) return sourceOfBuilder(data);
    throw refuseRows('a builder has the types of its columns; `types` are for '
        'maps and lists');
  }
  if (data is! Iterable<Object?>) {
    throw refuseRows('rows are an OdbcRowsBuilder, an OdbcStream, or an '
        'Iterable of maps or lists, not a ${data.runtimeType}');
  }
  final rows = data.iterator;
  if (types != null) return sourceOfRows(types, rows, inferred: false);
  final first = data is List<Object?> ? data : <Object?>[];
  if (data is! List<Object?>) {
    while (first.length < _firstRows && rows.moveNext()) {
      first.add(rows.current);
    }
  }
  if (first.isEmpty) {
    throw refuseRows('no rows say no columns; `types` names them');
  }
  final inferred = inferTypes(first, names);
  return sourceOfRows(
      inferred, data is List<Object?> ? rows : _Continued(first, rows),
      inferred: true);
}

/// What rows are inserted by: a connection, or the connections of a pool.
final class BulkTarget {
  /// The one connection of [handle].
  BulkTarget.connection(NativeHandle handle)
      : _handle = handle.value,
        _functions = handle.functions,
        _call = handle.functions.bulkInsert;

  /// Several connections of the pool [_handle].
  BulkTarget.pool(this._functions, this._handle)
      : _call = _functions.bulkInsertParallel;

  final EngineFunctions _functions;
  final BulkInsertFunction _call;
  final int _handle;

  /// Inserts [data] into [table].
  OdbcBulkResult insert(String table, Object data, OdbcBulkOptions options,
      Map<String, OdbcType>? types) {
    if (data is! OdbcStream) {
      return insertRows(
          table, rowsOf(data, types, columnsOf(options)), options);
    }
    refuseTypesOfStream(types);
    return insertStream(table, streamHandle(data), options);
  }

  /// Inserts the rows of [data], which are those of [LentRows] or of the native
  /// stream of that number.
  OdbcBulkResult insertLent(
          String table, Object data, OdbcBulkOptions options) =>
      switch (data) {
        LentRows(:final source) => insertRows(table, source, options),
        int() => insertStream(table, data, options),
        _ => throw ArgumentError.value(data, 'data'),
      };

  /// Inserts the rows of [data], all of which are built before: an isolate that
  /// may be killed cannot make them while the library reads them.
  OdbcBulkResult insertGathered(String table, Object data,
      OdbcBulkOptions options, Map<String, OdbcType>? types) {
    final rows = gather(rowsOf(data, types, columnsOf(options)));
    try {
      return insertRows(table, rows, options);
    } finally {
      rows.free();
    }
  }

  /// Inserts the rows of [source].
  OdbcBulkResult insertRows(
          String table, RowsSource source, OdbcBulkOptions options) =>
      withRowsStream(
          _functions, source, (rows) => _insert(table, rows, options));

  /// Inserts the rows of the stream [handle], which never come to Dart.
  OdbcBulkResult insertStream(
          String table, int handle, OdbcBulkOptions options) =>
      using((arena) {
        final rows = arena<ArrowArrayStream>();
        check(bulkInsertOperation,
            (error) => _functions.streamExport(handle, rows, error));
        return _insert(table, rows, options);
      });

  OdbcBulkResult _insert(String table, Pointer<ArrowArrayStream> rows,
          OdbcBulkOptions options) =>
      using((arena) {
        try {
          final name = encodeText(table, "the table's name",
              operation: bulkInsertOperation);
          final json = encodeText('$options', 'the options',
              operation: bulkInsertOperation);
          final copy = arena.copy(name);
          final said = arena.copy(json);
          return _resultOf(readText(
              bulkInsertOperation,
              (result, error) => _call(_handle, copy, name.length, rows, said,
                  json.length, result, error)));
        } finally {
          // The library has taken it over, unless it was never called.
          if (rows.ref.release != nullptr) {
            rows.ref.release
                .asFunction<void Function(Pointer<ArrowArrayStream>)>()(rows);
          }
        }
      });
}

/// Refuses [types] for rows that have theirs.
void refuseTypesOfStream(Map<String, OdbcType>? types) {
  if (types == null) return;
  throw refuseRows('a stream has the types of its columns; `types` are for '
      'maps and lists');
}

/// The names that [options] give the columns.
List<String>? columnsOf(OdbcBulkOptions options) =>
    switch (options.toJson()['columns']) {
      final List<Object?> names => names.map((name) => '$name').toList(),
      _ => null,
    };

/// The result that the library tells as JSON.
OdbcBulkResult _resultOf(String json) {
  final values = jsonDecode(json) as Map<String, Object?>;
  return OdbcBulkResult(
    rows: values['rows']! as int,
    strategy: OdbcBulkStrategy.of(values['strategy']),
    chunks: values['chunks']! as int,
    workers: values['workers'] as int? ?? 1,
    warnings: diagnosticsOf(values['warnings']),
  );
}

/// Some elements, and those that come behind them.
final class _Continued implements Iterator<Object?> {
  _Continued(List<Object?> first, this._rest) : _first = first.iterator;

  final Iterator<Object?> _first;
  final Iterator<Object?> _rest;
  bool _beyond = false;

  @override
  Object? get current => _beyond ? _rest.current : _first.current;

  @override
  bool moveNext() {
    if (!_beyond && _first.moveNext()) return true;
    _beyond = true;
    return _rest.moveNext();
  }
}
