import 'bindings/engine_library.dart';

/// The native library that does the work.
final class OdbcEngine {
  const OdbcEngine._(this._library);

  /// Loads the library: the file [libraryPath], else the one that the
  /// environment variable `ODBC_ENGINE_LIBRARY` names, else
  /// `libodbc_engine.so` (`.dylib`, `odbc_engine.dll`) from where the platform
  /// looks for libraries.
  ///
  /// A library that cannot be loaded, or is not of this package's release, is
  /// an `OdbcException` of kind `unsupported`.
  factory OdbcEngine.load({String? libraryPath}) =>
      OdbcEngine._(EngineLibrary.load(libraryPath));

  final EngineLibrary _library;

  /// The library's release, for example `0.1.0`.
  String get version => _library.version;

  /// The version of the C ABI that this package and the library share.
  int get abiVersion => EngineLibrary.expectedAbiVersion;
}

/// The library behind [engine]; not exported to users.
EngineLibrary libraryOf(OdbcEngine engine) => engine._library;
