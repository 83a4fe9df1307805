import 'dart:ffi';
import 'dart:isolate';

import '../bindings/native_handle.dart';
import '../bulk/insert.dart';
import '../bulk/options.dart';
import '../cancel.dart';
import '../engine.dart';
import '../exception.dart';
import '../pool/options.dart';
import '../pool/pool.dart';
import '../pool/state.dart';
import '../service.dart';
import '../types/type.dart';
import 'bulk.dart';
import 'connection.dart';
import 'worker.dart';

/// Connections to one database that stay open, and are lent to one borrower
/// after another, without blocking this isolate.
///
/// Each borrowed connection has an isolate of its own that waits for it, and
/// must be closed. A pool that is not closed is freed when it is unreachable, but
/// then at any later time.
final class OdbcAsyncPool implements Finalizable, OdbcPoolService {
  OdbcAsyncPool._(this._handle);

  /// Makes a pool of connections that connect as [connectionString] says.
  ///
  /// [engine] is [OdbcEngine.load]ed when it is not given.
  static Future<OdbcAsyncPool> open(
    String connectionString, {
    OdbcPoolOptions? options,
    OdbcEngine? engine,
  }) async {
    final library = libraryOf(engine ?? OdbcEngine.load());
    final value = await _elsewhere(library.path,
        (engine) => openPool(libraryOf(engine), connectionString, options));
    return OdbcAsyncPool._(NativeHandle.pool(library, value));
  }

  final NativeHandle _handle;

  @override
  Future<OdbcAsyncConnection> acquire() async => connectionOfWorker(
      await Worker.start(_handle.library, _borrowing(_handle.value),
          pool: _handle));

  @override
  Future<OdbcBulkResult> bulkInsertParallel(
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
  Future<OdbcBulkResult> bulkInsertParallelWith(
          String table, Object data, OdbcBulkOptions options,
          {Map<String, OdbcType>? types}) =>
      sendRows(
          data,
          options,
          types,
          (rows) => _elsewhere(_handle.library.path,
              _inserting(_handle.value, table, rows, options, types)));

  @override
  void cancel() => cancelHandle.cancel();

  /// What stops the inserts that run over this pool, also from another isolate.
  OdbcCancelHandle get cancelHandle => cancelHandleOf(_handle);

  @override
  OdbcPoolState get state => readPoolState(_handle);

  @override
  Future<void> resize({int? sizeMin, int? sizeMax}) =>
      resizeWith(OdbcPoolOptions(sizeMin: sizeMin, sizeMax: sizeMax));

  /// Changes the sizes that [options] name, like [resize].
  Future<void> resizeWith(OdbcPoolOptions options) => _onHandle(
      (engine, value) => resizePool(libraryOf(engine), value, options));

  @override
  bool get isClosed => _handle.isClosed;

  @override
  Future<void> close() {
    final first = _closing;
    if (first == null) return _closing = _close();
    // What went wrong is told by the first alone.
    return first.onError((_, __) {});
  }

  Future<void>? _closing;

  Future<void> _close() async {
    if (!_handle.leave()) return;
    await _onHandle((engine, value) => closePool(libraryOf(engine), value));
  }

  Future<void> _onHandle(void Function(OdbcEngine engine, int value) body) {
    final value = _handle.value;
    return _elsewhere(_handle.library.path, (engine) => body(engine, value));
  }

  // Closures of their own take nothing to another isolate but what they need.

  static OpenConnection _borrowing(int pool) =>
      (engine) => borrow(libraryOf(engine), pool);

  static OdbcBulkResult Function(OdbcEngine) _inserting(int pool, String table,
          Object rows, OdbcBulkOptions options, Map<String, OdbcType>? types) =>
      (engine) => insertSent(BulkTarget.pool(libraryOf(engine).functions, pool),
          table, rows, options, types);

  static Future<T> _elsewhere<T>(
      String library, T Function(OdbcEngine engine) body) async {
    try {
      return await Isolate.run(
          () => body(OdbcEngine.load(libraryPath: library)));
    } on OdbcException {
      rethrow;
    } on Object catch (error) {
      throw OdbcException(
        OdbcErrorKind.invalidArgument,
        'a value cannot be sent to another isolate: $error',
        operation: 'pool',
      );
    }
  }
}
