import 'dart:async';
import 'dart:io';
import 'dart:isolate';

import 'suite.dart';
import 'tally.dart';

/// Runs [suites] (test file to its main function), each in an isolate of its own so that none sees
/// another's statics, and leaves the tally in the file [result].
Future<void> runSuites(
  Map<String, Function> suites, {
  required List<Pattern> names,
  required String result,
}) async {
  final total = Tally();
  for (final MapEntry(key: path, value: declare) in suites.entries) {
    total.add(await _inIsolate(path, declare, names));
  }
  File(result).writeAsStringSync(total.encode());
  await stdout.flush();
  // A test may have left something open that would keep the process alive.
  exit(0);
}

Future<Tally> _inIsolate(
  String path,
  Function declare,
  List<Pattern> names,
) async {
  final port = ReceivePort();
  await Isolate.spawn(
    _suiteMain,
    (path, declare, names, port.sendPort),
    onError: port.sendPort,
    onExit: port.sendPort,
  );
  try {
    await for (final message in port) {
      switch (message) {
        case Tally():
          return message;
        case [final Object error, final Object? stack]:
          stdout.writeln(
            '  FAIL  $path: error outside of any test\n$error\n${stack ?? ''}',
          );
          return Tally(failed: 1);
        default:
          stdout.writeln(
            '  FAIL  $path: the isolate ended before its tests did',
          );
          return Tally(failed: 1);
      }
    }
    throw StateError('unreachable: the port is closed only here');
  } finally {
    port.close();
  }
}

Future<void> _suiteMain(
  (String, Function, List<Pattern>, SendPort) request,
) async {
  final (path, declare, names, reply) = request;
  Isolate.exit(reply, await runSuite(path, declare, names));
}
