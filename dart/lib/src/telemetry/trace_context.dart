/// How the span of the application gets to the engine: by the zone.
library;

import 'dart:async';
import 'dart:convert';

import '../bindings/engine_library.dart';
import '../bindings/native_handle.dart';
import 'open_telemetry_ffi.dart';

const _key = #odbcEngineTraceparent;

/// The W3C traceparent of the span that this code runs in; null for none.
String? get currentTraceparent => Zone.current[_key] as String?;

/// Runs [body] in the span that [traceparent] names.
T withTraceparent<T>(String? traceparent, T Function() body) {
  if (traceparent == currentTraceparent) return body();
  // Who never has a span of its own pays nothing for it.
  beforeCalls = _passTraceContext;
  return runZoned(body, zoneValues: {_key: traceparent});
}

/// The connection options [json] with the span that this code runs in.
String withTraceContext(String json) {
  final traceparent = currentTraceparent;
  if (traceparent == null) return json;
  final options = json.isEmpty
      ? <String, Object?>{}
      : jsonDecode(json) as Map<String, Object?>;
  return jsonEncode({...options, 'trace_context': traceparent});
}

/// What the connection, or the pool, of each handle was told last.
final _told = Expando<String>();

/// Notes that [connection] was opened with [withTraceContext].
NativeHandle openedWithTraceContext(NativeHandle connection) {
  _told[connection] = currentTraceparent;
  return connection;
}

/// Tells the connection of [handle], or the pool that it is, the span that this
/// code runs in, where that is another one than before.
void _passTraceContext(NativeHandle handle) {
  final wanted = currentTraceparent;
  var owner = handle;
  while (
      owner.kind == HandleKind.statement || owner.kind == HandleKind.stream) {
    owner = owner.parent!;
  }
  if (wanted == _told[owner]) return;
  _told[owner] = wanted;
  final ffi = OpenTelemetryFFI.of(owner.library.path);
  owner.kind == HandleKind.pool
      ? ffi.setPoolTraceContext(owner.value, wanted ?? '')
      : ffi.setTraceContext(owner.value, wanted ?? '');
}

/// Runs [body], which asks something of the pool [value], whose handle another
/// isolate may hold.
T withPoolTraceContext<T>(EngineLibrary library, int value, T Function() body) {
  final traceparent = currentTraceparent;
  if (traceparent == null) return body();
  final ffi = OpenTelemetryFFI.of(library.path)
    ..setPoolTraceContext(value, traceparent);
  try {
    return body();
  } finally {
    ffi.setPoolTraceContext(value, '');
  }
}
