import 'dart:async';
import 'dart:math';

import '../exception.dart';
import 'repository.dart';
import 'span.dart';
import 'trace_context.dart';

/// Wraps operations of the application in spans, whose children the engine's
/// spans are.
///
/// Nothing of it fails the work: where spans cannot be exported, or the library
/// has no telemetry, the work runs all the same.
final class TelemetryService {
  /// Spans that go to [repository].
  TelemetryService(this.repository, {Random? random})
      : _random = random ?? Random.secure();

  /// Where spans go.
  final TelemetryRepository repository;

  final Random _random;

  /// Runs [work] in a span [name], which ends when its future does.
  ///
  /// It is a child of the span that this is called in, or of [parent], the W3C
  /// `traceparent` of another process; otherwise a trace begins with it.
  Future<T> trace<T>(
    String name,
    FutureOr<T> Function(TelemetrySpan span) work, {
    TelemetrySpanKind kind = TelemetrySpanKind.internal,
    Map<String, Object> attributes = const {},
    String? parent,
  }) async {
    final span =
        begin(name, kind: kind, attributes: attributes, parent: parent);
    try {
      return await _run(span, () async => work(span));
    } on Object catch (error) {
      _fail(span, error);
      rethrow;
    } finally {
      end(span);
    }
  }

  /// Runs [work], which does not wait, in a span [name], like [trace].
  T traceSync<T>(
    String name,
    T Function(TelemetrySpan span) work, {
    TelemetrySpanKind kind = TelemetrySpanKind.internal,
    Map<String, Object> attributes = const {},
    String? parent,
  }) {
    final span =
        begin(name, kind: kind, attributes: attributes, parent: parent);
    try {
      return _run(span, () => work(span));
    } on Object catch (error) {
      _fail(span, error);
      rethrow;
    } finally {
      end(span);
    }
  }

  /// Runs [work] in a span that something else made, such as another tracer:
  /// [traceparent] names it by W3C Trace Context. One that is malformed is
  /// ignored.
  T within<T>(String traceparent, T Function() work) =>
      repository.isSupported && _parse(traceparent) != null
          ? withTraceparent(traceparent, work)
          : work();

  /// Begins a span, for work that no closure holds; [end] ends it.
  ///
  /// A [parent] that is malformed is ignored: a trace begins with the span.
  TelemetrySpan begin(
    String name, {
    TelemetrySpanKind kind = TelemetrySpanKind.internal,
    Map<String, Object> attributes = const {},
    String? parent,
  }) {
    final above = _parse(parent ?? currentTraceparent);
    final traceId = above?.traceId ?? _id(4);
    return TelemetrySpan(
      name: name,
      traceId: traceId,
      spanId: _id(2),
      parentSpanId: above?.spanId,
      isSampled: above?.isSampled ?? repository.isSampled(traceId),
      kind: kind,
      attributes: attributes,
    );
  }

  /// Ends [span] and hands it to the exporter. What that says is kept by the
  /// repository's `lastError`.
  void end(TelemetrySpan span) {
    if (!span.isSampled || !repository.isSupported) return;
    try {
      repository.export([span.finish()]);
    } on Object {
      // Telemetry is off by now, its queue is full, or an attribute is no value.
    }
  }

  // A library without telemetry would not know what it is told.
  T _run<T>(TelemetrySpan span, T Function() body) =>
      repository.isSupported ? span.run(body) : body();

  // Messages may hold values, so kinds and types alone go out.
  void _fail(TelemetrySpan span, Object error) => switch (error) {
        OdbcException(:final kind, :final sqlstate) =>
          span.fail(sqlstate ?? kind.label, kind.label),
        _ => span.fail('${error.runtimeType}'),
      };

  String _id(int words) {
    while (true) {
      final id = [
        for (var i = 0; i < words; i++)
          _random.nextInt(1 << 32).toRadixString(16).padLeft(8, '0'),
      ].join();
      if (id.contains(RegExp('[^0]'))) return id;
    }
  }
}

({String traceId, String spanId, bool isSampled})? _parse(String? traceparent) {
  if (traceparent == null) return null;
  final match = RegExp(r'^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-'
          r'([0-9a-f]{2})($|-)')
      .firstMatch(traceparent);
  // Only versions to come may have more parts.
  if (match == null || match[4] == '-' && traceparent.startsWith('00')) {
    return null;
  }
  final [traceId!, spanId!, flags!] = match.groups([1, 2, 3]);
  if (!traceId.contains(RegExp('[^0]')) || !spanId.contains(RegExp('[^0]'))) {
    return null;
  }
  return (
    traceId: traceId,
    spanId: spanId,
    isSampled: int.parse(flags, radix: 16).isOdd,
  );
}
