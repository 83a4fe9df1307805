import 'dart:convert';
import 'dart:ffi';

import 'package:ffi/ffi.dart';

import '../bindings/call.dart';
import '../bindings/engine_library.dart';
import '../bindings/native_handle.dart';
import '../bulk/insert.dart';
import '../bulk/options.dart';
import '../cancel.dart';
import '../connection.dart';
import '../engine.dart';
import '../service.dart';
import '../telemetry/trace_context.dart';
import '../types/type.dart';
import 'options.dart';
import 'state.dart';

/// Connections to one database that stay open, and are lent to one borrower
/// after another.
///
/// Calls block the isolate. What is not closed is freed when it is unreachable,
/// but then at any later time.
final class OdbcPool implements Finalizable, OdbcPoolService {
  OdbcPool._(this._handle);

  /// Makes a pool of connections that connect as [connectionString] says.
  ///
  /// [engine] is [OdbcEngine.load]ed when it is not given.
  factory OdbcPool.open(
    String connectionString, {
    OdbcPoolOptions? options,
    OdbcEngine? engine,
  }) {
    final library = libraryOf(engine ?? OdbcEngine.load());
    return OdbcPool._(NativeHandle.pool(
        library, openPool(library, connectionString, options)));
  }

  final NativeHandle _handle;

  @override
  OdbcConnection acquire() => borrow(_handle.library, _handle.value, _handle);

  @override
  OdbcBulkResult bulkInsertParallel(
    String table,
    Object data, {
    Map<String, OdbcType>? types,
    String? schema,
    String? catalog,
    List<String>? columns,
    OdbcBulkMode? mode,
    OdbcBulkStrategy? strategy,
    int? chunkRows,
    int? commitEveryRows,
    bool? findBadRow,
    int? parallelism,
    bool? stopOnError,
  }) =>
      bulkInsertParallelWith(
          table,
          data,
          OdbcBulkOptions(
              schema: schema,
              catalog: catalog,
              columns: columns,
              mode: mode,
              strategy: strategy,
              chunkRows: chunkRows,
              commitEveryRows: commitEveryRows,
              findBadRow: findBadRow,
              parallelism: parallelism,
              stopOnError: stopOnError),
          types: types);

  /// Inserts the rows of [data] as [options] say, like [bulkInsertParallel].
  OdbcBulkResult bulkInsertParallelWith(
          String table, Object data, OdbcBulkOptions options,
          {Map<String, OdbcType>? types}) =>
      BulkTarget.pool(_handle.functions, _handle.value)
          .insert(table, data, options, types);

  @override
  void cancel() => cancelHandle.cancel();

  /// What stops the inserts that run over this pool, also from another isolate.
  OdbcCancelHandle get cancelHandle => cancelHandleOf(_handle);

  @override
  OdbcPoolState get state => readPoolState(_handle);

  @override
  void resize({int? sizeMin, int? sizeMax}) =>
      resizeWith(OdbcPoolOptions(sizeMin: sizeMin, sizeMax: sizeMax));

  /// Changes the sizes that [options] name, like [resize].
  void resizeWith(OdbcPoolOptions options) =>
      resizePool(_handle.library, _handle.value, options);

  @override
  bool get isClosed => _handle.isClosed;

  @override
  void close() => _handle.close();
}

/// Opens a pool, and gives its handle.
int openPool(EngineLibrary library, String connectionString,
        OdbcPoolOptions? options) =>
    using((arena) {
      final text = encodeText(connectionString, 'the connection string',
          operation: 'pool');
      final json =
          encodeText('${options ?? ''}', 'the options', operation: 'pool');
      final handle = arena<Uint64>();
      check(
          'pool',
          (error) => library.functions.poolOpen(arena.copy(text), text.length,
              arena.copy(json), json.length, handle, error));
      return handle.value;
    });

/// Borrows a connection of the pool of the handle [value].
OdbcConnection borrow(EngineLibrary library, int value,
        [NativeHandle? parent]) =>
    using((arena) {
      final handle = arena<Uint64>();
      withPoolTraceContext(
          library,
          value,
          () => check('acquire',
              (error) => library.functions.poolAcquire(value, handle, error)));
      return connectionOfHandle(
          NativeHandle.connection(library, handle.value, parent));
    });

/// How the pool [handle] is doing.
OdbcPoolState readPoolState(NativeHandle handle) =>
    OdbcPoolState(jsonDecode(readText(
            'state',
            (text, error) =>
                handle.functions.poolState(handle.value, text, error)))
        as Map<String, Object?>);

/// Changes the sizes of the pool of the handle [value].
void resizePool(EngineLibrary library, int value, OdbcPoolOptions options) =>
    using((arena) {
      final json = encodeText('$options', 'the options', operation: 'resize');
      check(
          'resize',
          (error) => library.functions
              .poolResize(value, arena.copy(json), json.length, error));
    });

/// Closes the pool of the handle [value].
void closePool(EngineLibrary library, int value) =>
    check('close', (error) => library.functions.poolClose(value, error));
