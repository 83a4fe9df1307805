import 'dart:io';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:odbc_engine/src/bindings/engine_library.dart';

/// The library that the environment names, else the one that this repository
/// has built.
OdbcEngine testEngine() => OdbcEngine.load(libraryPath: _libraryPath());

/// What another process needs to load the same library.
Map<String, String> testEnvironment() =>
    {EngineLibrary.environmentVariable: _libraryPath()};

String _libraryPath() {
  final named = Platform.environment[EngineLibrary.environmentVariable] ?? '';
  if (named.isNotEmpty) return named;
  return File('../target/debug/${EngineLibrary.defaultName}').absolute.path;
}

/// The connection string in the environment variable [name]; a database
/// without one is said not to be tested.
String? connectionString(String name, {required String database}) {
  final value = Platform.environment[name] ?? '';
  if (value.isNotEmpty) return value;
  stdout.writeln('not run: $database ($name is not set)');
  return null;
}
