import 'dart:async';

import 'package:odbc_engine/odbc_engine.dart';

import 'canceller.dart';
import 'cells.dart';
import 'replies.dart';
import 'request.dart';
import 'warm_up.dart';

/// The operations of the protocol. Objects stay under their names after they
/// are closed, so that using them again reaches the binding.
final class Operations {
  final _connections = <String, OdbcConnection>{};
  final _statements = <String, OdbcStatement>{};
  final _streams = <String, OdbcStream>{};
  final _pools = <String, OdbcPool>{};
  final _canceller = Canceller();
  bool _warm = false;

  late final _byName = <String, Map<String, Object?> Function(Request)>{
    ...processOperations,
    'hello': _hello,
    'open': _open,
    'close': (request) => _done(_connection(request).close),
    'info': (request) => _connection(request).info,
    'capabilities': (request) => _connection(request).capabilities,
    'autocommit': _autocommit,
    'commit': (request) => _done(_connection(request).commit),
    'rollback': (request) => _done(_connection(request).rollback),
    'begin': _begin,
    'savepoint': _savepoint((connection) => connection.savepoint),
    'rollback_to_savepoint':
        _savepoint((connection) => connection.rollbackToSavepoint),
    'release_savepoint':
        _savepoint((connection) => connection.releaseSavepoint),
    'clear': (request) => _done(_connection(request).clearStatements),
    'clear_all': (request) => _done(clearAllStatements),
    'execute': _execute,
    'query': _query,
    'query_parts': (request) => _drained(_parts(request)),
    'query_pages': (request) => _drained(_pages(request)),
    'parts_open': (request) => _opened(request, _parts(request)),
    'pages_open': (request) => _opened(request, _pages(request)),
    'bulk_insert': _bulkInsert,
    'pool_open': _poolOpen,
    'pool_acquire': _poolAcquire,
    'pool_state': (request) => _pool(request).state.toJson(),
    'pool_resize': (request) => _done(() => _pool(request)
        .resizeWith(OdbcPoolOptions.fromJson(request.object('options')))),
    'pool_close': (request) => _done(_pool(request).close),
    'bulk_insert_parallel': _bulkInsertParallel,
    'connection_cancel': (request) => _done(_connection(request).cancel),
    'statement_cancel': (request) => _done(_statement(request).cancel),
    'statement_set_query_timeout': (request) => _done(
        () => _statement(request).setQueryTimeout(queryTimeoutOf(request))),
    'catalog': _catalog,
    'call': _call,
    'statement_open': _statementOpen,
    'statement_execute': _statementExecute,
    'statement_query': _statementQuery,
    'statement_next': _statementNext,
    'statement_close': (request) => _done(_statement(request).close),
    'stream_open': _streamOpen,
    'stream_fetch': _streamFetch,
    'stream_warnings': (request) => warningsReply(_stream(request).warnings),
    'stream_progress': (request) => progressReply(_stream(request).progress),
    'stream_cancel': (request) => _done(_stream(request).cancel),
    'stream_close': (request) => _done(_stream(request).close),
    'stop': (request) => const {},
  };

  /// The reply to the request of [members], without its id.
  FutureOr<Map<String, Object?>> answer(Map<String, Object?> members) =>
      members['cancel'] == null
          ? _answer(members)
          : _answerCancelled(Request(members));

  // The request blocks this isolate, so that another one cancels it.
  Future<Map<String, Object?>> _answerCancelled(Request request) async {
    final cancel = Request(request.object('cancel'));
    final OdbcCancelHandle handle;
    try {
      handle = switch (cancel.members) {
        {'statement': _} => _statement(cancel).cancelHandle,
        {'stream': _} => _stream(cancel).cancelHandle,
        {'pool': _} => _pool(cancel).cancelHandle,
        _ => _connection(cancel).cancelHandle,
      };
    } on Fault catch (fault) {
      return {'fault': fault.message};
    }
    await _canceller.begin(handle,
        afterMs: cancel.number('after_ms'), times: timesOf(cancel));
    final reply = _answer(request.members);
    final error = await _canceller.end();
    return error == null ? reply : {'error': errorReply(error)};
  }

  Map<String, Object?> _answer(Map<String, Object?> members) {
    final name = members['op'];
    final operation = _byName[name];
    if (operation == null) return {'unsupported': name};
    try {
      return {'ok': operation(Request(members))};
    } on OdbcException catch (error) {
      return {'error': errorReply(error, of: '$name')};
    } on Fault catch (fault) {
      return {'fault': fault.message};
    }
  }

  Map<String, Object?> _hello(Request request) {
    final engine = OdbcEngine.load();
    return {
      'binding': 'dart',
      'version': engine.version,
      'abi': engine.abiVersion,
    };
  }

  Map<String, Object?> _open(Request request) {
    _connections[request.text('connection')] = OdbcConnection.open(
        request.text('connection_string'),
        options: OdbcConnectionOptions.fromJson(request.object('options')));
    if (!_warm) {
      _warm = true;
      warmUp(_answer, request.text('connection_string'));
    }
    return const {};
  }

  Map<String, Object?> _autocommit(Request request) {
    _connection(request).autocommit = request.flag('enabled');
    return const {};
  }

  Map<String, Object?> _begin(Request request) {
    _connection(request)
        .beginWith(OdbcTransactionOptions.fromJson(request.object('options')));
    return const {};
  }

  Map<String, Object?> Function(Request) _savepoint(
          void Function(String name) Function(OdbcConnection) operation) =>
      (request) =>
          _done(() => operation(_connection(request))(request.text('name')));

  Map<String, Object?> _execute(Request request) => executionReply(
      _connection(request).execute(request.text('sql'), parametersOf(request)));

  Map<String, Object?> _query(Request request) {
    final connection = _connection(request);
    final sql = request.text('sql');
    final parameters = parametersOf(request);
    if (request.object('options').isNotEmpty) {
      return _drained(
          connection.stream(sql, parameters, streamOptionsOf(request)));
    }
    return _whole(() => connection.query(sql, parameters),
        () => connection.stream(sql, parameters));
  }

  Map<String, Object?> _bulkInsert(Request request) {
    final rows = builtRowsOf(request);
    try {
      return bulkReply(_connection(request)
          .bulkInsertWith(request.text('table'), rows, bulkOptionsOf(request)));
    } finally {
      rows.close();
    }
  }

  Map<String, Object?> _bulkInsertParallel(Request request) {
    final rows = builtRowsOf(request);
    try {
      final result = _pool(request).bulkInsertParallelWith(
          request.text('table'), rows, bulkOptionsOf(request));
      return {...bulkReply(result), 'workers': result.workers};
    } finally {
      rows.close();
    }
  }

  Map<String, Object?> _poolOpen(Request request) {
    _pools[request.text('pool')] = OdbcPool.open(
        request.text('connection_string'),
        options: OdbcPoolOptions.fromJson(request.object('options')));
    return const {};
  }

  Map<String, Object?> _poolAcquire(Request request) {
    _connections[request.text('connection')] = _pool(request).acquire();
    return const {};
  }

  Map<String, Object?> _catalog(Request request) =>
      _drained(_connection(request)
          .catalog(OdbcCatalogQuery.fromJson(request.object('query'))));

  Map<String, Object?> _call(Request request) {
    final call = _connection(request)
        .call(request.text('procedure'), parametersOf(request));
    _statements[request.text('statement')] = call.statement;
    return {
      ...resultReply(call.execution),
      'outputs': outputsReply(call.outputs),
    };
  }

  Map<String, Object?> _statementOpen(Request request) {
    _statements[request.text('statement')] =
        _connection(request).prepare(request.text('sql'));
    return const {};
  }

  Map<String, Object?> _statementExecute(Request request) =>
      resultReply(_statement(request).execute(parametersOf(request)));

  Map<String, Object?> _statementQuery(Request request) {
    final statement = _statement(request);
    final parameters = parametersOf(request);
    return _whole(() => statement.query(parameters), () {
      statement.execute(parameters);
      return statement.stream();
    });
  }

  Map<String, Object?> _statementNext(Request request) =>
      switch (_statement(request).nextResult()) {
        null => const {'found': false},
        final execution => resultReply(execution),
      };

  OdbcStream _parts(Request request) => _connection(request).streamParts(
      request.text('sql'),
      OdbcPartition.fromJson(request.object('partition')),
      parametersOf(request),
      streamOptionsOf(request));

  OdbcStream _pages(Request request) => _connection(request).streamPages(
      request.text('sql'),
      OdbcPages.fromJson(request.object('page')),
      parametersOf(request),
      streamOptionsOf(request));

  Map<String, Object?> _streamOpen(Request request) => _opened(
      request, _statement(request).stream(options: streamOptionsOf(request)));

  Map<String, Object?> _opened(Request request, OdbcStream stream) {
    _streams[request.text('stream')] = stream;
    return {'schema': schemaReply(stream.columns)};
  }

  Map<String, Object?> _streamFetch(Request request) {
    final batch = _stream(request).fetch();
    if (batch == null) return {'end': true};
    try {
      return {'rows': rowsOf(batch)};
    } finally {
      batch.close();
    }
  }

  OdbcPool _pool(Request request) => named('pool', _pools, request);

  OdbcConnection _connection(Request request) =>
      named('connection', _connections, request);

  OdbcStatement _statement(Request request) =>
      named('statement', _statements, request);

  OdbcStream _stream(Request request) => named('stream', _streams, request);
}

// The whole result, or what its batches hold and its rows cannot.
Map<String, Object?> _whole(
    OdbcResult Function() query, OdbcStream Function() stream) {
  try {
    return wholeReply(query());
  } on OdbcException catch (error) {
    if (!isOfRow(error)) rethrow;
    return _drained(stream());
  }
}

Map<String, Object?> _drained(OdbcStream stream) {
  try {
    final rows = <List<String?>>[];
    var batches = 0;
    for (final batch in stream.batches) {
      rows.addAll(rowsOf(batch));
      batch.close();
      batches++;
    }
    return {
      'schema': schemaReply(stream.columns),
      'rows': rows,
      'batches': batches
    };
  } finally {
    stream.close();
  }
}

Map<String, Object?> _done(void Function() operation) {
  operation();
  return const {};
}
