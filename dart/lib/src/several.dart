import 'dart:convert';
import 'dart:ffi';

import 'package:ffi/ffi.dart';

import 'arrow/parameters.dart';
import 'bindings/call.dart';
import 'bindings/engine_functions.dart';
import 'bindings/native_handle.dart';
import 'options.dart';
import 'stream.dart';

/// How a query is divided into parts, which several connections read at once.
final class OdbcPartition {
  /// Divides the range of [column], of numbers, dates or timestamps; or by
  /// [predicates], conditions that together meet every row once.
  ///
  /// So many [connections] read at once: 1 to 64; one for each processor unless
  /// set.
  OdbcPartition({String? column, List<String>? predicates, int? connections})
      : _values = {
          if (column != null) 'column': column,
          if (predicates != null) 'predicates': predicates,
          if (connections != null) 'connections': connections,
        };

  /// The division as the engine names it; the engine refuses unknown names and
  /// bad values.
  OdbcPartition.fromJson(Map<String, Object?> values)
      : _values = Map.of(values);

  final Map<String, Object?> _values;

  @override
  String toString() => jsonEncode(_values, toEncodable: (value) => '$value');
}

/// How a query is read page by page.
final class OdbcPages {
  /// By [key], the column that orders the rows and in which each row has its
  /// own value; [rows] of a page are 2 to 10,000,000, 100,000 unless set.
  OdbcPages({required String key, int? rows})
      : _values = {'key': key, if (rows != null) 'rows': rows};

  /// The pages as the engine names them; the engine refuses unknown names and
  /// bad values.
  OdbcPages.fromJson(Map<String, Object?> values) : _values = Map.of(values);

  final Map<String, Object?> _values;

  @override
  String toString() => jsonEncode(_values, toEncodable: (value) => '$value');
}

/// Streams [sql] over [connection] by [call], which reads it in several queries
/// as [how] says.
OdbcStream streamSeveral(NativeHandle connection, SeveralFunction call,
        String operation, String sql, Object parameters, Object how,
        [OdbcStreamOptions? options]) =>
    using((arena) {
      final text = encodeText(sql, 'the SQL text', operation: operation);
      final json = encodeText('$how', 'the options', operation: operation);
      final limits =
          encodeText('${options ?? ''}', 'the options', operation: operation);
      final handle = arena<Uint64>();
      withParameters(
          connection.functions,
          parameters,
          (schema, array) => check(
              operation,
              (error) => call(
                  connection.value,
                  arena.copy(text),
                  text.length,
                  schema,
                  array,
                  arena.copy(json),
                  json.length,
                  arena.copy(limits),
                  limits.length,
                  handle,
                  error)));
      return OdbcStream.ofHandle(NativeHandle.stream(connection, handle.value));
    });
