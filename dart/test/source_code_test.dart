import 'dart:io';

import 'package:test/test.dart';

/// What each folder of `lib/src` may import from the others.
const _allowed = {
  'types': <String>{},
  'bindings': {'exception'},
  'arrow': {'bindings', 'types', 'column', 'exception', 'parameter'},
};

final _import = RegExp(r"^(?:import|export) '([^']+)'", multiLine: true);

void main() {
  final sources = Directory('lib')
      .listSync(recursive: true)
      .whereType<File>()
      .where((file) => file.path.endsWith('.dart'))
      .toList();

  Iterable<String> importsOf(File file) =>
      _import.allMatches(file.readAsStringSync()).map((match) => match[1]!);

  test('only ffi is needed besides the SDK', () {
    for (final file in sources) {
      for (final import in importsOf(file)) {
        if (!import.startsWith('package:')) continue;
        expect(import, 'package:ffi/ffi.dart', reason: file.path);
      }
    }
  });

  test('layers use only what is below them', () {
    for (final file in sources) {
      final layer = _layerOf(file.uri.path);
      final allowed = _allowed[layer];
      if (allowed == null) continue;
      for (final import in importsOf(file).where((i) => i.endsWith('.dart'))) {
        if (import.startsWith('package:')) continue;
        final target = file.uri.resolve(import).path;
        final name = _layerOf(target) == ''
            ? target.split('/').last.replaceFirst('.dart', '')
            : _layerOf(target);
        expect([...allowed, layer], contains(name),
            reason: '${file.path} imports $import');
      }
    }
  });

  test('the platform is only asked where the library is loaded', () {
    for (final file in sources) {
      // Sleeping asks the platform nothing.
      final asked = file
          .readAsLinesSync()
          .where((line) => line.startsWith("import 'dart:io'"))
          .where((line) => line != "import 'dart:io' show sleep;");
      if (asked.isNotEmpty) {
        expect(file.path, endsWith('bindings/engine_library.dart'));
      }
    }
  });

  test('no file outgrows a reader', () {
    for (final file in sources) {
      expect(file.readAsLinesSync().length, lessThanOrEqualTo(500),
          reason: file.path);
    }
  });
}

String _layerOf(String path) {
  final inside = path.split('lib/src/').last.split('/');
  return inside.length > 1 ? inside.first : '';
}
