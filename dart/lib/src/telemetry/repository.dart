import 'dart:convert';
import 'dart:isolate';

import '../engine.dart';
import '../exception.dart';
import 'open_telemetry_ffi.dart';
import 'options.dart';

/// Telemetry of the whole process: set up, fed with finished spans, shut down.
///
/// Calls return 0, or throw an [OdbcException] of the kind that the library's
/// return code names. Where the library has no telemetry ([isSupported]),
/// nothing happens: calls return the number of [OdbcErrorKind.unsupported], and
/// [lastError] says why.
final class TelemetryRepository {
  /// The telemetry of the library of [engine], which is [OdbcEngine.load]ed
  /// when it is not given.
  TelemetryRepository([OdbcEngine? engine]) : _ffi = OpenTelemetryFFI(engine);

  /// The telemetry behind [ffi].
  const TelemetryRepository.over(OpenTelemetryFFI ffi) : _ffi = ffi;

  final OpenTelemetryFFI _ffi;

  /// Whether the library has telemetry.
  bool get isSupported => _ffi.isSupported;

  /// What went wrong last in this process, in a call or while exporting, and
  /// what was lost so far; empty for nothing.
  String get lastError => _ffi.lastError;

  /// Turns telemetry on as [options] say. The same options again do nothing;
  /// others are an error of kind [OdbcErrorKind.invalidState].
  int init([TelemetryOptions options = const TelemetryOptions()]) =>
      initWith(options.toString());

  /// Turns telemetry on as the JSON object [config] says.
  int initWith(String config) => _done('otel_init', _ffi.init(config));

  /// Exports finished spans, in the form of [finished]. An attribute that JSON
  /// cannot hold, such as [double.nan], goes out as its text.
  int export(List<Map<String, Object?>> spans) =>
      exportText(jsonEncode(spans, toEncodable: (value) => '$value'));

  /// Exports finished spans that are JSON already.
  int exportText(String spans) =>
      _done('otel_export_trace', _ffi.exportTrace(spans));

  /// The spans that are finished in memory, by [TelemetryExporter.memory]; they
  /// are forgotten.
  List<Map<String, Object?>> finished() {
    if (!isSupported) return const [];
    final (:code, :text) = _ffi.exportTraceToString();
    _done('otel_export_trace_to_string', code);
    return (jsonDecode(text) as List<Object?>).cast<Map<String, Object?>>();
  }

  /// Whether a trace that begins with [traceId] is to be sampled.
  bool isSampled(String traceId) {
    final answer = _ffi.isSampled(traceId);
    if (answer < 0) _done('otel_is_sampled', -answer);
    return answer == 1;
  }

  /// Forgets the last error, and the spans that are finished in memory.
  int cleanup() => _done('otel_cleanup_strings', _ffi.cleanupStrings());

  /// Turns telemetry off and exports what is left, in another isolate: it may
  /// take as long as its deadline.
  Future<int> shutdown() async {
    if (!isSupported) return OpenTelemetryFFI.unsupported;
    final path = _ffi.path;
    return _done('otel_shutdown',
        await Isolate.run(() => OpenTelemetryFFI.of(path).shutdown()));
  }

  /// The same, while this isolate waits.
  int shutdownSync() => _done('otel_shutdown', _ffi.shutdown());

  int _done(String operation, int code) {
    if (code == 0 || !isSupported) return code;
    // The first line is the failure; the others tell what was lost.
    final said = lastError.split('\n').first;
    final kind = OdbcErrorKind.of(code);
    throw OdbcException(
      kind,
      said.startsWith('$operation: ')
          ? said.substring(operation.length + 2)
          : 'the library answered $code',
      operation: operation,
      // As the engine marks what it refuses itself, and what may be tried again.
      sqlstate: kind == OdbcErrorKind.unsupported ? 'HYC00' : null,
      retryable: kind == OdbcErrorKind.connection,
    );
  }
}
