import 'dart:io';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:odbc_engine/src/bindings/engine_library.dart';

/// A library of this package's release, but without telemetry, which the C
/// compiler makes in [folder].
OdbcEngine stubEngine(Directory folder) {
  final source = File('${folder.path}/stub.c')..writeAsStringSync('''
#include <stdint.h>
uint32_t odbc_abi_version(void) { return ${EngineLibrary.expectedAbiVersion}; }
const char *odbc_engine_version(void) { return "0.0.0"; }
void odbc_connection_finalize(void *connection) { (void)connection; }
void odbc_pool_finalize(void *pool) { (void)pool; }
void odbc_statement_finalize(void *statement) { (void)statement; }
void odbc_stream_finalize(void *stream) { (void)stream; }
''');
  final library = '${folder.path}/${EngineLibrary.defaultName}';
  final compiled = Process.runSync(Platform.environment['CC'] ?? 'cc',
      ['-shared', '-fPIC', '-o', library, source.path]);
  if (compiled.exitCode != 0) throw StateError('${compiled.stderr}');
  return OdbcEngine.load(libraryPath: library);
}
