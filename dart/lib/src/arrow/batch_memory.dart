import 'dart:ffi';

import 'package:ffi/ffi.dart';

import '../bindings/structs.dart';
import '../exception.dart';

/// The native memory of one batch, released exactly once: when it is closed,
/// or by the garbage collector.
///
/// A typed view that was handed out keeps the memory reachable and makes
/// [close] leave the release to the garbage collector, so that no view ever
/// reads freed memory.
final class BatchMemory implements Finalizable {
  /// Takes over [array], which was filled by the engine and was allocated with
  /// [calloc]; [byteSize] tells the garbage collector what is at stake.
  BatchMemory(this._array, {required int byteSize}) {
    _releaser(_array.ref.release)
        .attach(this, _array.cast(), detach: this, externalSize: byteSize);
    _structs.attach(this, _array, detach: this);
  }

  static final _releasers = <int, NativeFinalizer>{};

  // Frees the struct after its content; where the content is not released yet
  // the few bytes of the struct stay, because the native finalizer needs them.
  static final _structs = Finalizer<Pointer<ArrowArray>>((array) {
    if (array.ref.release == nullptr) calloc.free(array);
  });

  static final _ownerOfView = Expando<BatchMemory>('memory of a typed view');

  final Pointer<ArrowArray> _array;
  bool _closed = false;
  bool _viewed = false;

  static NativeFinalizer _releaser(Pointer<ReleaseArray> release) =>
      _releasers[release.address] ??= NativeFinalizer(release.cast());

  /// Whether [close] was called.
  bool get isClosed => _closed;

  /// The struct array; [operation] is named when it is closed.
  ArrowArray array(String operation) {
    if (_closed) {
      throw OdbcException(
        OdbcErrorKind.invalidState,
        'the batch is closed',
        operation: operation,
      );
    }
    return _array.ref;
  }

  /// Keeps this memory for as long as [view] is reachable.
  T keepFor<T extends Object>(T view) {
    _viewed = true;
    _ownerOfView[view] = this;
    return view;
  }

  /// Ends the use of this memory; a second call does nothing.
  void close() {
    if (_closed) return;
    _closed = true;
    if (_viewed) return;
    _releaser(_array.ref.release).detach(this);
    _structs.detach(this);
    releaseArray(_array);
    calloc.free(_array);
  }
}

/// Releases what [array] holds, if it holds anything.
void releaseArray(Pointer<ArrowArray> array) {
  final release = array.ref.release;
  if (release == nullptr) return;
  release.asFunction<void Function(Pointer<ArrowArray>)>()(array);
}

/// Releases what [schema] holds, if it holds anything.
void releaseSchema(Pointer<ArrowSchema> schema) {
  final release = schema.ref.release;
  if (release == nullptr) return;
  release.asFunction<void Function(Pointer<ArrowSchema>)>()(schema);
}
