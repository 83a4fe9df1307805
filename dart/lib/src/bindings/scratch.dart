import 'dart:ffi';

import 'package:ffi/ffi.dart';

import 'structs.dart';

/// Structs that calls write their results to, allocated once for each isolate.
///
/// They are only for calls that never call back into Dart, since what is called
/// back may make the same call, and for results that are read at once.
abstract final class Scratch {
  /// For what an execution did.
  static final execution = calloc<ExecutionStruct>();

  /// For a handle or a number.
  static final number = calloc<Uint64>();

  /// For a batch.
  static final array = calloc<ArrowArray>();

  /// For a text.
  static final text = calloc<TextStruct>();
}
