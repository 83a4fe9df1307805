import 'dart:async';
import 'dart:convert';
import 'dart:io';

import 'telemetry.dart';

/// Answers requests, a JSON object a line, until the input ends or says `stop`.
Future<void> serve(
    FutureOr<Map<String, Object?>> Function(Map<String, Object?>)
        answer) async {
  final lines = stdin.transform(utf8.decoder).transform(const LineSplitter());
  await for (final line in lines) {
    final request = jsonDecode(line) as Map<String, Object?>;
    final reply = await inCallersSpan(() => answer(request));
    stdout.writeln(jsonEncode({'id': request['id'], ...reply}));
    await stdout.flush();
    if (request['op'] == 'stop') break;
  }
  exit(0);
}
