import 'dart:convert';
import 'dart:ffi';

import 'package:ffi/ffi.dart';

import '../bindings/call.dart';
import '../bindings/engine_functions.dart';
import '../engine.dart';
import '../exception.dart';

typedef _NativeText = Int32 Function(Pointer<Uint8>, Uint64);
typedef _Text = int Function(Pointer<Uint8>, int);
typedef _NativeFill = Int64 Function(Pointer<Uint8>, Uint64);
typedef _Fill = int Function(Pointer<Uint8>, int);
typedef _NativeSay = Int32 Function(
    Uint64, Pointer<Uint8>, Uint64, ErrorPointer);

/// The `otel_*` functions of the library, as they are: texts in, return codes
/// out.
///
/// A library without them is used all the same: each function answers with
/// [unsupported], and [lastError] says why.
final class OpenTelemetryFFI {
  /// The functions of the library of [engine], which is [OdbcEngine.load]ed
  /// when it is not given.
  factory OpenTelemetryFFI([OdbcEngine? engine]) =>
      OpenTelemetryFFI.of(libraryOf(engine ?? OdbcEngine.load()).path);

  OpenTelemetryFFI._(this.path) : _library = DynamicLibrary.open(path);

  /// The functions of the library at [path], which is loaded already.
  factory OpenTelemetryFFI.of(String path) =>
      _all[path] ??= OpenTelemetryFFI._(path);

  static final _all = <String, OpenTelemetryFFI>{};

  /// The code of a function that the library does not have.
  static final int unsupported = OdbcErrorKind.unsupported.number;

  static const _symbols = [
    'otel_init',
    'otel_export_trace',
    'otel_export_trace_to_string',
    'otel_get_last_error',
    'otel_is_sampled',
    'otel_cleanup_strings',
    'otel_shutdown',
  ];

  /// The library's file.
  final String path;

  final DynamicLibrary _library;

  /// The first function that the library does not have; null where it has all.
  late final String? missing =
      _symbols.where((symbol) => !_library.providesSymbol(symbol)).firstOrNull;

  /// Whether the library has telemetry.
  bool get isSupported => missing == null;

  late final _Text _init = _text('otel_init');
  late final _Text _exportTrace = _text('otel_export_trace');
  late final _Text _isSampled = _text('otel_is_sampled');
  late final _Fill _traceToString = _fill('otel_export_trace_to_string');
  late final _Fill _getLastError = _fill('otel_get_last_error');
  late final int Function() _cleanup = _library
      .lookupFunction<Int32 Function(), int Function()>('otel_cleanup_strings');
  late final int Function() _shutdown = _library
      .lookupFunction<Int32 Function(), int Function()>('otel_shutdown');
  late final SayFunction? _setTraceContext =
      _say('odbc_connection_set_trace_context');
  late final SayFunction? _setPoolTraceContext =
      _say('odbc_pool_set_trace_context');

  SayFunction? _say(String symbol) => _library.providesSymbol(symbol)
      ? _library.lookupFunction<_NativeSay, SayFunction>(symbol)
      : null;

  _Text _text(String symbol) =>
      _library.lookupFunction<_NativeText, _Text>(symbol);

  _Fill _fill(String symbol) =>
      _library.lookupFunction<_NativeFill, _Fill>(symbol);

  /// `otel_init` with [config], a JSON object.
  int init(String config) => isSupported ? _give(_init, config) : unsupported;

  /// `otel_export_trace` with [spans], a JSON object or an array of such.
  int exportTrace(String spans) =>
      isSupported ? _give(_exportTrace, spans) : unsupported;

  /// `otel_is_sampled`: 1 or 0, or a negative code.
  int isSampled(String traceId) => isSupported ? _give(_isSampled, traceId) : 0;

  /// `otel_export_trace_to_string`: a code and the text, which is empty unless
  /// the code is 0.
  ({int code, String text}) exportTraceToString() =>
      isSupported ? _read(_traceToString) : (code: unsupported, text: '');

  /// `otel_get_last_error`: what went wrong last, empty for nothing.
  String get lastError => isSupported
      ? _read(_getLastError).text
      : 'the library "$path" has no symbol $missing: telemetry is off';

  /// `otel_cleanup_strings`.
  int cleanupStrings() => isSupported ? _cleanup() : unsupported;

  /// `otel_shutdown`. It may take as long as its deadline.
  int shutdown() => isSupported ? _shutdown() : unsupported;

  /// `odbc_connection_set_trace_context` on the handle [connection], whose
  /// failure is none of the caller's: the call that follows tells of a
  /// connection that is closed.
  void setTraceContext(int connection, String traceparent) =>
      _tell(_setTraceContext, connection, traceparent);

  /// `odbc_pool_set_trace_context` on the handle [pool], like
  /// [setTraceContext].
  void setPoolTraceContext(int pool, String traceparent) =>
      _tell(_setPoolTraceContext, pool, traceparent);

  void _tell(SayFunction? say, int handle, String traceparent) {
    if (say == null) return;
    using((arena) {
      final bytes = utf8.encode(traceparent);
      say(handle, arena.copy(bytes), bytes.length, nullptr);
    });
  }

  int _give(_Text function, String text) => using((arena) {
        final bytes = utf8.encode(text);
        return function(arena.copy(bytes), bytes.length);
      });

  ({int code, String text}) _read(_Fill function) {
    var room = 1 << 12;
    while (true) {
      final buffer = malloc<Uint8>(room);
      try {
        final length = function(buffer, room);
        if (length < 0) return (code: -length, text: '');
        if (length <= room) {
          final bytes = buffer.asTypedList(length);
          return (code: 0, text: utf8.decode(bytes, allowMalformed: true));
        }
        // More may have come meanwhile.
        room = length + length ~/ 4;
      } finally {
        malloc.free(buffer);
      }
    }
  }
}
