import 'dart:io';

import 'package:test/test.dart';

import 'database/engine.dart';

final _example = RegExp(r'```dart\n(.*?)```', dotAll: true);
final _promisedLine = RegExp(r'print\(.*\); // (.*)');

void main() {
  // Fails here, and clearly, when there is no library.
  testEngine();

  for (final path in ['README.md', '../README.md']) {
    final examples = _example.allMatches(File(path).readAsStringSync());
    for (final (i, example) in examples.indexed) {
      test('example ${i + 1} of $path runs and prints what it says', () async {
        final folder = Directory.systemTemp.createTempSync('odbc_engine_');
        addTearDown(() => folder.deleteSync(recursive: true));
        final program = File('${folder.path}/example.dart')
          ..writeAsStringSync(example[1]!);
        final result = await Process.run(
          Platform.resolvedExecutable,
          ['--packages=.dart_tool/package_config.json', program.path],
          environment: testEnvironment(),
        );
        expect(result.stderr, isEmpty);
        expect(result.exitCode, 0);
        for (final line in _promisedLine.allMatches(example[1]!)) {
          expect(result.stdout, contains(line[1]));
        }
        // Each one is compiled, which takes its time on a busy machine.
      }, timeout: const Timeout(Duration(minutes: 5)));
    }
  }
}
