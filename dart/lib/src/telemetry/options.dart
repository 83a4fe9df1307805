import 'dart:convert';

/// Where spans go.
enum TelemetryExporter {
  /// To a collector, by OTLP over HTTP.
  otlp,

  /// To the standard output, a line of JSON each.
  stdout,

  /// Into memory, until they are taken.
  memory,

  /// Nowhere.
  none,
}

/// How telemetry is set up; the `OTEL_*` environment variables say the rest.
final class TelemetryOptions {
  /// Options; what is not given is what the environment says.
  const TelemetryOptions({
    this.endpoint,
    this.headers,
    this.timeout,
    this.exporter,
    this.metrics,
    this.serviceName,
    this.resourceAttributes,
    this.sampler,
    this.samplerRatio,
    this.queryText,
    this.queueSpansMax,
    this.memorySpansMax,
    this.scheduleDelay,
    this.metricsInterval,
    this.shutdownTimeout,
  });

  /// Of a collector, such as `http://localhost:4318`.
  final String? endpoint;

  /// Sent with each request, such as to authenticate.
  final Map<String, String>? headers;

  /// How long one request may take: 10 seconds unless set.
  final Duration? timeout;

  /// Where spans go: to a collector unless set.
  final TelemetryExporter? exporter;

  /// Whether metrics go to the collector: they do unless set.
  final bool? metrics;

  /// The name of this service.
  final String? serviceName;

  /// What is known about this process: texts, numbers, flags, or lists of one
  /// of these.
  final Map<String, Object>? resourceAttributes;

  /// Which traces are sampled: `parentbased_always_on` unless set.
  final String? sampler;

  /// The part of traces, for a sampler with `traceidratio`.
  final double? samplerRatio;

  /// Whether a span has the SQL text, with `?` for each literal: it has unless
  /// set.
  final bool? queryText;

  /// How many spans wait for their export at most: 2,048 unless set.
  final int? queueSpansMax;

  /// How many spans are kept in memory at most: 10,000 unless set.
  final int? memorySpansMax;

  /// How often spans are exported: every 5 seconds unless set.
  final Duration? scheduleDelay;

  /// How often metrics are exported: every minute unless set.
  final Duration? metricsInterval;

  /// How long a shutdown may take: 5 seconds unless set.
  final Duration? shutdownTimeout;

  /// The JSON object that `otel_init` takes.
  @override
  String toString() => jsonEncode(toEncodable: (value) => '$value', {
        for (final MapEntry(:key, :value) in {
          'endpoint': endpoint,
          'headers': headers,
          'timeout_ms': timeout?.inMilliseconds,
          'exporter': exporter?.name,
          'metrics': metrics,
          'service_name': serviceName,
          'resource_attributes': resourceAttributes,
          'sampler': sampler,
          'sampler_ratio': samplerRatio,
          'query_text': switch (queryText) {
            null => null,
            true => 'sanitised',
            false => 'off',
          },
          'queue_spans_max': queueSpansMax,
          'memory_spans_max': memorySpansMax,
          'schedule_delay_ms': scheduleDelay?.inMilliseconds,
          'metrics_interval_ms': metricsInterval?.inMilliseconds,
          'shutdown_timeout_ms': shutdownTimeout?.inMilliseconds,
        }.entries)
          if (value != null) key: value,
      });
}
