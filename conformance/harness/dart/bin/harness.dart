import 'dart:convert';
import 'dart:io';

import 'package:odbc_engine_harness/src/operations.dart';

/// Answers requests, a JSON object a line, until the input ends or says `stop`.
Future<void> main() async {
  final operations = Operations();
  final lines = stdin.transform(utf8.decoder).transform(const LineSplitter());
  await for (final line in lines) {
    final request = jsonDecode(line) as Map<String, Object?>;
    final reply = operations.answer(request);
    stdout.writeln(jsonEncode({'id': request['id'], ...reply}));
    await stdout.flush();
    if (request['op'] == 'stop') break;
  }
  exit(0);
}
