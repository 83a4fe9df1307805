import 'dart:async';
import 'dart:convert';

import 'package:odbc_engine/odbc_engine.dart';

import 'request.dart';

final _repository = TelemetryRepository();
final _service = TelemetryService(_repository);

/// The span of the caller, by W3C Trace Context; empty for none.
String _caller = '';

/// Runs [body] in the span of the caller.
FutureOr<T> inCallersSpan<T>(FutureOr<T> Function() body) =>
    _caller.isEmpty ? body() : _service.within(_caller, body);

/// The operations on the telemetry of the process.
final telemetryOperations = <String, Map<String, Object?> Function(Request)>{
  'telemetry_init': (request) =>
      _done(_repository.initWith(jsonEncode(request.object('options')))),
  'telemetry_export': (request) =>
      _done(_repository.exportText(jsonEncode(request.members['spans']))),
  'telemetry_spans': (request) => {'spans': _repository.finished()},
  'telemetry_last_error': (request) => {'text': _repository.lastError},
  'telemetry_cleanup': (request) => _done(_repository.cleanup()),
  'telemetry_shutdown': (request) => _done(_repository.shutdownSync()),
  'trace_context': (request) {
    _caller = request.text('traceparent');
    return const {};
  },
};

// What is not 0 was thrown, unless the library has no telemetry.
Map<String, Object?> _done(int code) =>
    code == 0 ? const {} : throw Fault('the library answered $code');
