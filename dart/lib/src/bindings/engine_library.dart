import 'dart:ffi';
import 'dart:io';

import 'package:ffi/ffi.dart';

import '../exception.dart';
import 'engine_functions.dart';

/// A loaded library of the engine whose ABI is the one that this package was
/// written for.
final class EngineLibrary {
  EngineLibrary._(this.path, this.functions)
      : connectionFinalizer = NativeFinalizer(functions.connectionFinalizer),
        statementFinalizer = NativeFinalizer(functions.statementFinalizer),
        streamFinalizer = NativeFinalizer(functions.streamFinalizer);

  /// The `ODBC_ENGINE_ABI_VERSION` of the header that the bindings follow.
  static const expectedAbiVersion = 2;

  /// The environment variable that names the library's file.
  static const environmentVariable = 'ODBC_ENGINE_LIBRARY';

  static final _loaded = <String, EngineLibrary>{};

  /// What was opened.
  final String path;

  /// Its exports.
  final EngineFunctions functions;

  /// Frees connections that were not closed.
  final NativeFinalizer connectionFinalizer;

  /// Frees statements that were not closed.
  final NativeFinalizer statementFinalizer;

  /// Frees streams that were not closed.
  final NativeFinalizer streamFinalizer;

  /// Frees pools that were not closed.
  late final poolFinalizer = NativeFinalizer(functions.poolFinalizer);

  /// What the library is called on this platform.
  static String get defaultName {
    if (Platform.isWindows) return 'odbc_engine.dll';
    if (Platform.isMacOS || Platform.isIOS) return 'libodbc_engine.dylib';
    return 'libodbc_engine.so';
  }

  /// Loads [path], else what the environment names, else [defaultName] from
  /// where the platform looks for libraries. The same path is loaded once.
  static EngineLibrary load([String? path]) {
    final fromEnvironment = Platform.environment[environmentVariable];
    final chosen = path ??
        (fromEnvironment == null || fromEnvironment.isEmpty
            ? defaultName
            : fromEnvironment);
    return _loaded[chosen] ??= _open(chosen);
  }

  static EngineLibrary _open(String path) {
    final DynamicLibrary library;
    try {
      library = DynamicLibrary.open(path);
      // dart:ffi reports a library that cannot be opened in no other way.
      // ignore: avoid_catching_errors
    } on ArgumentError catch (error) {
      throw OdbcException(
        OdbcErrorKind.unsupported,
        'cannot load the library "$path": ${error.message}; name its file in '
        'the call or in the environment variable $environmentVariable',
        operation: 'load',
      );
    }
    final functions = EngineFunctions(library, path);
    final version = functions.abiVersion();
    if (version != expectedAbiVersion) {
      throw OdbcException(
        OdbcErrorKind.unsupported,
        'the library "$path" has ABI version $version, this package needs '
        '$expectedAbiVersion: use a package and a library of one release',
        operation: 'load',
      );
    }
    return EngineLibrary._(path, functions);
  }

  /// The library's release, for example `0.1.0`.
  String get version => functions.engineVersion().cast<Utf8>().toDartString();
}
