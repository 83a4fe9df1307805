import 'dart:ffi';

import 'call.dart';
import 'engine_functions.dart';
import 'engine_library.dart';

/// What a handle stands for.
enum HandleKind {
  /// A connection.
  connection,

  /// A pool.
  pool,

  /// A statement.
  statement,

  /// A stream.
  stream,
}

/// Told of each handle before a call on it, once somebody wants to know: such as
/// to hand on the caller's span.
void Function(NativeHandle handle)? beforeCalls;

/// A handle of the library, freed exactly once: when it is closed, or by the
/// garbage collector.
final class NativeHandle implements Finalizable {
  NativeHandle._(
      this.kind, this.library, this.value, this._finalizer, this._close,
      [this.parent])
      : _handedOver = parent?._handedOver ?? false {
    // The Dart VM 3.13.4 may crash over a finalizer whose isolate is killed while
    // it is attached; what such an isolate leaves goes with its connection.
    if (!_handedOver) {
      _finalizer.attach(this, Pointer.fromAddress(value), detach: this);
    }
  }

  /// The connection [value], of the pool [parent] if it is lent.
  NativeHandle.connection(EngineLibrary library, int value,
      [NativeHandle? parent])
      : this._(
            HandleKind.connection,
            library,
            value,
            library.connectionFinalizer,
            library.functions.connectionClose,
            parent);

  /// The pool [value].
  NativeHandle.pool(EngineLibrary library, int value)
      : this._(HandleKind.pool, library, value, library.poolFinalizer,
            library.functions.poolClose);

  /// The statement [value] of the connection [parent].
  NativeHandle.statement(NativeHandle parent, int value)
      : this._(
            HandleKind.statement,
            parent.library,
            value,
            parent.library.statementFinalizer,
            parent.library.functions.statementClose,
            parent);

  /// The stream [value] of the statement [parent].
  NativeHandle.stream(NativeHandle parent, int value)
      : this._(
            HandleKind.stream,
            parent.library,
            value,
            parent.library.streamFinalizer,
            parent.library.functions.streamClose,
            parent);

  /// What it stands for.
  final HandleKind kind;

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
  bool _handedOver;

  /// The exports of [library], for a call on this handle.
  EngineFunctions get functions {
    beforeCalls?.call(this);
    return library.functions;
  }

  /// Whether [close] was called.
  bool get isClosed => _closed;

  /// Closes it; a second call does nothing.
  void close() {
    if (leave()) check('close', (error) => _close(value, error));
  }

  /// Leaves it to another isolate to free what nobody has closed.
  void handOver() {
    _handedOver = true;
    _finalizer.detach(this);
  }

  /// Leaves the closing to the caller, unless it was done: then this is false.
  bool leave() {
    if (_closed) return false;
    _closed = true;
    _finalizer.detach(this);
    return true;
  }
}
