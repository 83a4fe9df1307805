import 'bindings/call.dart';
import 'bindings/engine_functions.dart';
import 'bindings/native_handle.dart';
import 'engine.dart';

/// What stops the calls of a connection, a statement or a stream, or the inserts
/// over a pool, from any isolate: it may be sent to another one before its own
/// is blocked.
final class OdbcCancelHandle {
  const OdbcCancelHandle._(this._library, this._kind, this._handle);

  final String _library;
  final HandleKind _kind;
  final int _handle;

  /// Asks what runs to stop, without waiting.
  ///
  /// Such a call then fails with an error of kind `cancelled`, unless it ended
  /// before. Where nothing runs, or everything is closed, this does nothing,
  /// and nothing that follows is harmed. An error of kind `unsupported` says
  /// that the database has no way.
  void cancel() {
    final library = libraryOf(OdbcEngine.load(libraryPath: _library));
    check('cancel', (error) => _of(library.functions)(_handle, error));
  }

  HandleFunction _of(EngineFunctions functions) => switch (_kind) {
        HandleKind.statement => functions.statementCancel,
        HandleKind.stream => functions.streamCancel,
        HandleKind.pool => functions.poolCancel,
        HandleKind.connection => functions.connectionCancel,
      };
}

/// What cancels the calls of [handle].
OdbcCancelHandle cancelHandleOf(NativeHandle handle) =>
    OdbcCancelHandle._(handle.library.path, handle.kind, handle.value);
