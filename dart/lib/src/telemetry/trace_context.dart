/// How the span of the application gets to the engine: by the zone.
library;

import 'dart:async';
import 'dart:convert';

import '../bindings/native_handle.dart';
import 'open_telemetry_ffi.dart';

const _key = #odbcEngineTraceparent;

/// The W3C traceparent of the span that this code runs in; null for none.
String? get currentTraceparent => Zone.current[_key] as String?;

/// Runs [body] in the span that [traceparent] names.
T withTraceparent<T>(String? traceparent, T Function() body) =>
    traceparent == currentTraceparent
        ? body()
        : runZoned(body, zoneValues: {_key: traceparent});

/// The connection options [json] with the span that this code runs in.
String withTraceContext(String json) {
  final traceparent = currentTraceparent;
  if (traceparent == null) return json;
  final options = json.isEmpty
      ? <String, Object?>{}
      : jsonDecode(json) as Map<String, Object?>;
  return jsonEncode({...options, 'trace_context': traceparent});
}

/// What the connection of each handle was told last.
final _told = Expando<String>();

/// Notes that [connection] was opened with [withTraceContext].
NativeHandle openedWithTraceContext(NativeHandle connection) {
  _told[connection] = currentTraceparent;
  return connection;
}

/// Tells the connection of [handle] the span that this code runs in, where
/// that is another one than before.
void passTraceContext(NativeHandle handle) {
  final wanted = currentTraceparent;
  var connection = handle;
  for (var up = handle.parent; up != null; up = up.parent) {
    connection = up;
  }
  if (wanted == _told[connection]) return;
  _told[connection] = wanted;
  OpenTelemetryFFI.of(connection.library.path)
      .setTraceContext(connection.value, wanted ?? '');
}
