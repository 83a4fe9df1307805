import 'dart:io';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import '../database/engine.dart';
import '../exception_matcher.dart';

void main() {
  test('a library that is not there is named', () {
    expect(
        () => OdbcEngine.load(libraryPath: '/no/such/library.so'),
        throwsOdbc(OdbcErrorKind.unsupported,
            says: ['/no/such/library.so', 'ODBC_ENGINE_LIBRARY']));
  });

  test('a library of something else is refused', () {
    // The system's own library stands for any other one.
    final other = Platform.isLinux ? 'libc.so.6' : 'libSystem.dylib';
    expect(() => OdbcEngine.load(libraryPath: other),
        throwsOdbc(OdbcErrorKind.unsupported, says: ['odbc_abi_version']));
  });

  test('the library and the package are of one release', () {
    final engine = testEngine();
    expect(engine.abiVersion, 2);
    expect(engine.version, matches(RegExp(r'^\d+\.\d+\.\d+')));
    expect(File('pubspec.yaml').readAsStringSync(),
        contains('version: ${engine.version}'));
  });

  test('every symbol that is bound is in the header, as it is there', () {
    final header = _words(File('../ffi/include/odbc_engine.h')
        .readAsStringSync()
        .replaceAll(RegExp(r'^\s*//.*$', multiLine: true), ''));
    final bindings = File('lib/src/bindings/engine_functions.dart')
        .readAsStringSync()
        .replaceAll(RegExp(r'^\s*/// ', multiLine: true), '');
    final prototypes = RegExp(r'`([^`]*\bodbc_\w+\([^`]*\))`')
        .allMatches(bindings)
        .map((match) => _words(match[1]!))
        .toList();
    final symbols = RegExp(r"'(odbc_\w+)'").allMatches(bindings);
    expect(prototypes.length, symbols.length);
    for (final prototype in prototypes) {
      expect(header.contains('$prototype;'), isTrue, reason: prototype);
    }
    expect(header,
        contains('ODBC_ENGINE_ABI_VERSION ${testEngine().abiVersion} '));
  });
}

/// [text] with one space where any white space is, none around signs, and
/// without the word that C needs before a struct's name.
String _words(String text) => text
    .replaceAll('struct odbc_', 'odbc_')
    .replaceAll(RegExp(r'\s+'), ' ')
    .replaceAllMapped(RegExp(' ?([()*,]) ?'), (match) => match[1]!);
