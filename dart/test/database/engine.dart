import 'dart:io';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:odbc_engine/src/bindings/engine_library.dart';

/// The library that the environment names, else the one that this repository
/// has built.
OdbcEngine testEngine() {
  final built = '../target/debug/${EngineLibrary.defaultName}';
  final named = Platform.environment[EngineLibrary.environmentVariable] ?? '';
  return OdbcEngine.load(
      libraryPath: named.isEmpty ? File(built).absolute.path : named);
}

/// The connection string in the environment variable [name]; a database
/// without one is said not to be tested.
String? connectionString(String name, {required String database}) {
  final value = Platform.environment[name] ?? '';
  if (value.isNotEmpty) return value;
  stdout.writeln('not run: $database ($name is not set)');
  return null;
}
