import 'trace_context.dart';

/// What a span is to the trace it is in.
enum TelemetrySpanKind {
  /// Work of this process.
  internal,

  /// A request that is answered.
  server,

  /// A request that is made.
  client,

  /// A message that is sent.
  producer,

  /// A message that is received.
  consumer,
}

/// A span of the application, while it lasts.
final class TelemetrySpan {
  /// A span [name] that begins now.
  TelemetrySpan({
    required this.name,
    required this.traceId,
    required this.spanId,
    required this.parentSpanId,
    required this.isSampled,
    this.kind = TelemetrySpanKind.internal,
    Map<String, Object> attributes = const {},
  })  : _attributes = {...attributes},
        _begin = _now();

  static int _now() => DateTime.now().microsecondsSinceEpoch * 1000;

  /// What it is called.
  final String name;

  /// 32 hex digits.
  final String traceId;

  /// 16 hex digits.
  final String spanId;

  /// 16 hex digits, or null where the trace begins here.
  final String? parentSpanId;

  /// Whether it is exported.
  final bool isSampled;

  /// What it is to its trace.
  final TelemetrySpanKind kind;

  final Map<String, Object> _attributes;
  final _events = <Map<String, Object>>[];
  final int _begin;
  Map<String, Object>? _status;

  /// How other processes are told of it, by W3C Trace Context.
  String get traceparent => '00-$traceId-$spanId-${isSampled ? '01' : '00'}';

  /// Sets the attribute [key] to a text, a number, a flag, or a list of one of
  /// these.
  void setAttribute(String key, Object value) => _attributes[key] = value;

  /// Notes that something happened now.
  void addEvent(String name, [Map<String, Object> attributes = const {}]) =>
      _events.add({
        'name': name,
        'time_unix_nano': _now(),
        'attributes': _exportable(attributes),
      });

  /// Notes that what it stands for failed; [message] goes out as it is.
  void fail(String errorType, [String message = '']) {
    _attributes['error.type'] = errorType;
    _status = {'code': 'error', 'message': message};
  }

  /// The finished span, in the form that `TelemetryRepository.export` takes.
  Map<String, Object?> finish() {
    final end = _now();
    return {
      'trace_id': traceId,
      'span_id': spanId,
      if (parentSpanId != null) 'parent_span_id': parentSpanId,
      'name': name,
      'kind': kind.name,
      'start_time_unix_nano': _begin,
      // The clock may have been set back meanwhile.
      'end_time_unix_nano': end < _begin ? _begin : end,
      'attributes': _exportable(_attributes),
      'events': _events,
      if (_status case final status?) 'status': status,
    };
  }

  /// Runs [body] in this span: calls of connections belong to it.
  T run<T>(T Function() body) => withTraceparent(traceparent, body);
}

/// A copy of [attributes], in which a list with a number that JSON cannot hold
/// is one of texts: a list has values of one kind.
Map<String, Object> _exportable(Map<String, Object> attributes) => {
      for (final MapEntry(:key, :value) in attributes.entries)
        key: value is List<Object?> &&
                value.any((each) => each is double && !each.isFinite)
            ? [for (final each in value) '$each']
            : value,
    };
