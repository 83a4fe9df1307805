import 'dart:convert';

import 'bindings/call.dart';
import 'bindings/engine_functions.dart';
import 'bindings/engine_library.dart';
import 'engine.dart';

/// A connection string and its keys and values.
///
/// [toString] shows no secret; [text] and [pairs] do.
final class OdbcConnectionString {
  OdbcConnectionString._(this.text, this.pairs, this._redacted);

  factory OdbcConnectionString._of(
    EngineLibrary library,
    String text,
    List<(String, String)> pairs,
  ) =>
      OdbcConnectionString._(
        text,
        List.unmodifiable(pairs),
        _convert(text, library.functions.connectionStringRedact),
      );

  /// Puts a connection string together from keys and values, which may hold
  /// any character but NUL.
  ///
  /// [engine] is [OdbcEngine.load]ed when it is not given.
  factory OdbcConnectionString.fromPairs(
    Iterable<(String, String)> pairs, {
    OdbcEngine? engine,
  }) {
    final library = libraryOf(engine ?? OdbcEngine.load());
    final given = pairs.toList();
    for (final (key, value) in given) {
      // JSON would have its own, less clear words for these.
      encodeText(key, 'a key', operation: _operation);
      encodeText(value, 'the value of "$key"', operation: _operation);
    }
    final json = jsonEncode([
      for (final (key, value) in given) [key, value],
    ]);
    final text = _convert(json, library.functions.connectionStringBuild);
    return OdbcConnectionString._of(library, text, given);
  }

  /// Takes [text] apart; one that is not well-formed is an `OdbcException` of
  /// kind `invalidArgument`, which shows no value.
  ///
  /// [engine] is [OdbcEngine.load]ed when it is not given.
  factory OdbcConnectionString.parse(String text, {OdbcEngine? engine}) {
    final library = libraryOf(engine ?? OdbcEngine.load());
    final json = _convert(text, library.functions.connectionStringParse);
    final pairs = [
      for (final pair in jsonDecode(json) as List<Object?>)
        if (pair case [final String key, final String value]) (key, value),
    ];
    return OdbcConnectionString._of(library, text, pairs);
  }

  static const _operation = 'connect';

  /// The text that connects, secrets included.
  final String text;

  /// The keys and values in their order, secrets included.
  final List<(String, String)> pairs;

  final String _redacted;

  /// The first value of [key], in upper or lower case; null when there is none.
  String? operator [](String key) {
    final wanted = key.toLowerCase();
    for (final (name, value) in pairs) {
      if (name.toLowerCase() == wanted) return value;
    }
    return null;
  }

  /// The text for people, with `***` for each secret.
  @override
  String toString() => _redacted;

  static String _convert(String text, ConvertFunction call) => convertText(
      _operation,
      encodeText(text, 'the connection string', operation: _operation),
      call);
}
