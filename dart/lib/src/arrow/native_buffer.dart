import 'dart:ffi';
import 'dart:math';
import 'dart:typed_data';

import 'package:ffi/ffi.dart';

/// Native memory that grows, freed by [free], or by the garbage collector.
final class NativeBuffer implements Finalizable {
  static final _finalizer = NativeFinalizer(malloc.nativeFree);

  Pointer<Uint8> _pointer = nullptr;
  int _capacity = 0;
  bool _pinned = false;

  /// Where it begins; it is another place once it has grown.
  Pointer<Uint8> get pointer => _pointer;

  /// How many bytes it holds.
  int get capacity => _capacity;

  /// The whole of it, until it grows.
  Uint8List get bytes =>
      _capacity == 0 ? Uint8List(0) : _pointer.asTypedList(_capacity);

  /// Makes room for [needed] bytes, of which the first [used] are kept; what is
  /// new holds zeros.
  void reserve(int needed, {required int used}) {
    if (needed <= _capacity) return;
    // A multiple of 64, as Arrow asks for.
    final capacity = (max(needed, _capacity * 2) + 63) & ~63;
    final grown = calloc<Uint8>(capacity);
    if (used > 0) {
      grown.asTypedList(used).setAll(0, _pointer.asTypedList(used));
    }
    free();
    _pointer = grown;
    _capacity = capacity;
    _attach();
  }

  /// Leaves the memory to its user while another isolate reads it, so that no
  /// end of this isolate frees it; [unpin] undoes that.
  void pin() {
    if (_pinned) return;
    _pinned = true;
    if (_capacity > 0) _finalizer.detach(this);
  }

  /// The memory is this isolate's alone again.
  void unpin() {
    if (!_pinned) return;
    _pinned = false;
    if (_capacity > 0) _attach();
  }

  /// Gives the memory back; it may grow again.
  void free() {
    if (_capacity == 0) return;
    if (!_pinned) _finalizer.detach(this);
    malloc.free(_pointer);
    _pointer = nullptr;
    _capacity = 0;
  }

  void _attach() {
    if (_pinned) return;
    _finalizer.attach(this, _pointer.cast(),
        detach: this, externalSize: _capacity);
  }
}
