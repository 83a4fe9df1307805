import 'dart:io';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:odbc_engine/src/bindings/engine_library.dart';
import 'package:odbc_engine/src/engine.dart';

/// The library of [engine], but for statements that cannot be cancelled, which
/// the C compiler makes in [folder].
OdbcEngine refusingEngine(OdbcEngine engine, Directory folder) {
  final source = File('${folder.path}/refusing.c')..writeAsStringSync('''
#include <stdint.h>
int32_t odbc_statement_cancel(uint64_t statement, void *error) {
  (void)statement, (void)error;
  return ${OdbcErrorKind.unsupported.number};
}
''');
  final library = '${folder.path}/${EngineLibrary.defaultName}';
  final compiled = Process.runSync(Platform.environment['CC'] ?? 'cc', [
    '-shared',
    '-fPIC',
    '-o',
    library,
    source.path,
    if (Platform.isLinux) '-Wl,--no-as-needed',
    libraryOf(engine).path,
  ]);
  if (compiled.exitCode != 0) throw StateError('${compiled.stderr}');
  return OdbcEngine.load(libraryPath: library);
}
