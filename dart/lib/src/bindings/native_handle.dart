import 'dart:ffi';

import 'call.dart';
import 'engine_functions.dart';
import 'engine_library.dart';

/// A handle of the library, freed exactly once: when it is closed, or by the
/// garbage collector.
final class NativeHandle implements Finalizable {
  NativeHandle._(this.library, this.value, this._finalizer, this._close,
      [this.parent]) {
    _finalizer.attach(this, Pointer.fromAddress(value), detach: this);
  }

  /// The connection [value].
  NativeHandle.connection(EngineLibrary library, int value)
      : this._(library, value, library.connectionFinalizer,
            library.functions.connectionClose);

  /// The statement [value] of the connection [parent].
  NativeHandle.statement(NativeHandle parent, int value)
      : this._(parent.library, value, parent.library.statementFinalizer,
            parent.library.functions.statementClose, parent);

  /// The stream [value] of the statement [parent].
  NativeHandle.stream(NativeHandle parent, int value)
      : this._(parent.library, value, parent.library.streamFinalizer,
            parent.library.functions.streamClose, parent);

  /// The library that gave it.
  final EngineLibrary library;

  /// The number; once closed the library refuses it.
  final int value;

  /// Kept so that the garbage collector does not close a connection whose
  /// statements or streams are still in use.
  final NativeHandle? parent;

  final NativeFinalizer _finalizer;
  final HandleFunction _close;
  bool _closed = false;

  /// The exports of [library].
  EngineFunctions get functions => library.functions;

  /// Whether [close] was called.
  bool get isClosed => _closed;

  /// Closes it; a second call does nothing.
  void close() {
    if (_closed) return;
    _closed = true;
    _finalizer.detach(this);
    check('close', (error) => _close(value, error));
  }
}
