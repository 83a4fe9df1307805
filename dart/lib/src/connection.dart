import 'dart:convert';
import 'dart:ffi';

import 'package:ffi/ffi.dart';

import 'bindings/call.dart';
import 'bindings/native_handle.dart';
import 'engine.dart';
import 'execution.dart';
import 'options.dart';
import 'result.dart';
import 'statement.dart';
import 'stream.dart';

/// A connection to a database.
///
/// It runs one operation at a time and blocks the isolate meanwhile. What is
/// not closed is freed when it is unreachable, but then at any later time.
final class OdbcConnection implements Finalizable {
  OdbcConnection._(this._handle);

  /// Connects as [connectionString] says, for example
  /// `Driver=SQLite3;Database=:memory:`.
  ///
  /// [engine] is [OdbcEngine.load]ed when it is not given.
  factory OdbcConnection.open(
    String connectionString, {
    OdbcConnectionOptions? options,
    OdbcEngine? engine,
  }) {
    final library = libraryOf(engine ?? OdbcEngine.load());
    final value = using((arena) {
      final text = encodeText(connectionString, 'the connection string',
          operation: 'connect');
      final json = encodeText(options?.toString() ?? '', 'the options',
          operation: 'connect');
      final handle = arena<Uint64>();
      check(
          'connect',
          (error) => library.functions.connectionOpen(arena.copy(text),
              text.length, arena.copy(json), json.length, handle, error));
      return handle.value;
    });
    return OdbcConnection._(NativeHandle.connection(library, value));
  }

  final NativeHandle _handle;

  /// Runs [sql] with [parameters], one for each `?`, and reads its whole
  /// result; `OdbcParameter` says how values are sent.
  OdbcResult query(
    String sql, [
    List<Object?> parameters = const [],
    OdbcStreamOptions? options,
  ]) =>
      _once(sql, (statement) => statement.query(parameters, options));

  /// Runs [sql] with [parameters] and leaves a result unread.
  OdbcExecution execute(String sql, [List<Object?> parameters = const []]) =>
      _once(sql, (statement) => statement.execute(parameters));

  /// Runs [sql] with [parameters]; its result is read batch by batch, until
  /// the stream is closed.
  OdbcStream stream(
    String sql, [
    List<Object?> parameters = const [],
    OdbcStreamOptions? options,
  ]) {
    final statement = prepare(sql);
    try {
      statement.execute(parameters);
      return statement.stream(options: options, closeStatement: true);
    } on Object {
      statement.close();
      rethrow;
    }
  }

  /// A statement for [sql], to be executed any number of times.
  OdbcStatement prepare(String sql) => OdbcStatement.open(_handle, sql);

  /// Makes the changes of the transaction permanent.
  void commit() => check('commit',
      (error) => _handle.functions.connectionCommit(_handle.value, error));

  /// Undoes the changes of the transaction.
  void rollback() => check('rollback',
      (error) => _handle.functions.connectionRollback(_handle.value, error));

  /// Whether every statement is its own transaction.
  bool get autocommit => using((arena) {
        final enabled = arena<Int32>();
        check(
            'autocommit',
            (error) => _handle.functions
                .connectionAutocommit(_handle.value, enabled, error));
        return enabled.value != 0;
      });

  set autocommit(bool enabled) => check(
      'autocommit',
      (error) => _handle.functions
          .connectionSetAutocommit(_handle.value, enabled ? 1 : 0, error));

  /// What the driver and the database say of themselves: `dbms_name`,
  /// `dbms_version`, `driver_name` ...
  Map<String, Object?> get info => _json(
      'info',
      (text, error) =>
          _handle.functions.connectionInfo(_handle.value, text, error));

  /// What this connection can do.
  Map<String, Object?> get capabilities => _json(
      'capabilities',
      (text, error) =>
          _handle.functions.connectionCapabilities(_handle.value, text, error));

  /// Whether [close] was called.
  bool get isClosed => _handle.isClosed;

  /// Undoes an open transaction and disconnects; a second call does nothing.
  ///
  /// Statements and streams of the connection end too.
  void close() => _handle.close();

  T _once<T>(String sql, T Function(OdbcStatement statement) body) {
    final statement = prepare(sql);
    try {
      return body(statement);
    } finally {
      statement.close();
    }
  }

  Map<String, Object?> _json(String operation, TextCall call) =>
      Map.unmodifiable(
          jsonDecode(readText(operation, call)) as Map<String, Object?>);
}
