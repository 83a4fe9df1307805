import 'dart:async';

import 'package:odbc_engine/odbc_engine.dart';

import 'cells.dart';
import 'replies.dart';
import 'request.dart';

/// A reply to come.
typedef Reply = Future<Map<String, Object?>>;

/// The operations of the protocol, by the asynchronous API. Objects stay under
/// their names after they are closed, so that using them again reaches the
/// binding.
final class AsyncOperations {
  final _connections = <String, OdbcAsyncConnection>{};
  final _statements = <String, OdbcAsyncStatement>{};
  final _streams = <String, OdbcAsyncStream>{};
  final _pools = <String, OdbcAsyncPool>{};

  late final _byName = <String, Reply Function(Request)>{
    for (final MapEntry(:key, :value) in processOperations.entries)
      key: (request) async => value(request),
    'hello': _hello,
    'open': _open,
    'close': (request) => _done(_connection(request).close()),
    'info': (request) => _connection(request).info,
    'capabilities': (request) => _connection(request).capabilities,
    'autocommit': (request) => _done(
        _connection(request).setAutocommit(enabled: request.flag('enabled'))),
    'commit': (request) => _done(_connection(request).commit()),
    'rollback': (request) => _done(_connection(request).rollback()),
    'begin': (request) => _done(_connection(request)
        .beginWith(OdbcTransactionOptions.fromJson(request.object('options')))),
    'savepoint': (request) =>
        _done(_connection(request).savepoint(request.text('name'))),
    'rollback_to_savepoint': (request) =>
        _done(_connection(request).rollbackToSavepoint(request.text('name'))),
    'release_savepoint': (request) =>
        _done(_connection(request).releaseSavepoint(request.text('name'))),
    'clear': (request) => _done(_connection(request).clearStatements()),
    'clear_all': (request) => _done(clearAllStatementsAsync()),
    'execute': (request) async => executionReply(await _connection(request)
        .execute(request.text('sql'), parametersOf(request))),
    'query': _query,
    'query_parts': (request) async => _drained(await _parts(request)),
    'query_pages': (request) async => _drained(await _pages(request)),
    'parts_open': (request) async => _opened(request, await _parts(request)),
    'pages_open': (request) async => _opened(request, await _pages(request)),
    'bulk_insert': _bulkInsert,
    'pool_open': _poolOpen,
    'pool_acquire': _poolAcquire,
    'pool_state': (request) async => _pool(request).state.toJson(),
    'pool_resize': (request) => _done(_pool(request)
        .resizeWith(OdbcPoolOptions.fromJson(request.object('options')))),
    'pool_close': (request) => _done(_pool(request).close()),
    'bulk_insert_parallel': _bulkInsertParallel,
    'connection_cancel': (request) async {
      _connection(request).cancel();
      return const {};
    },
    'statement_cancel': (request) async {
      _statement(request).cancel();
      return const {};
    },
    'statement_set_query_timeout': (request) =>
        _done(_statement(request).setQueryTimeout(queryTimeoutOf(request))),
    'catalog': (request) async => _drained(await _connection(request)
        .catalog(OdbcCatalogQuery.fromJson(request.object('query')))),
    'call': _call,
    'statement_open': _statementOpen,
    'statement_execute': (request) async =>
        resultReply(await _statement(request).execute(parametersOf(request))),
    'statement_query': _statementQuery,
    'statement_next': (request) async =>
        switch (await _statement(request).nextResult()) {
          null => const {'found': false},
          final execution => resultReply(execution),
        },
    'statement_close': (request) => _done(_statement(request).close()),
    'stream_open': _streamOpen,
    'stream_fetch': _streamFetch,
    'stream_warnings': (request) async =>
        warningsReply(await _stream(request).warnings),
    'stream_progress': (request) async =>
        progressReply(_stream(request).progress),
    'stream_cancel': (request) async {
      _stream(request).cancel();
      return const {};
    },
    'stream_close': (request) => _done(_stream(request).close()),
    'stop': (request) async => const {},
  };

  /// The reply to the request of [members], without its id.
  Reply answer(Map<String, Object?> members) async {
    final name = members['op'];
    final operation = _byName[name];
    if (operation == null) return {'unsupported': name};
    try {
      return {'ok': await _cancelled(Request(members), operation)};
    } on OdbcException catch (error) {
      return {'error': errorReply(error, of: '$name')};
    } on Fault catch (fault) {
      return {'fault': fault.message};
    }
  }

  // Cancels while the operation runs, if the request says so.
  Reply _cancelled(Request request, Reply Function(Request) operation) async {
    if (request.members['cancel'] == null) return operation(request);
    final cancel = Request(request.object('cancel'));
    final call = switch (cancel.members) {
      {'statement': _} => _statement(cancel).cancel,
      {'stream': _} => _stream(cancel).cancel,
      {'pool': _} => _pool(cancel).cancel,
      _ => _connection(cancel).cancel,
    };
    OdbcException? failure;
    final timer = Timer(Duration(milliseconds: cancel.number('after_ms')), () {
      try {
        for (var i = 0; i < timesOf(cancel); i++) {
          call();
        }
      } on OdbcException catch (error) {
        failure = error;
      }
    });
    try {
      return await operation(request);
    } finally {
      timer.cancel();
      if (failure case final error?) {
        // The error of cancelling is the one that is told.
        // ignore: throw_in_finally
        throw error;
      }
    }
  }

  Reply _hello(Request request) async {
    final engine = OdbcEngine.load();
    return {
      'binding': 'dart-async',
      'version': engine.version,
      'abi': engine.abiVersion,
    };
  }

  Reply _open(Request request) async {
    _connections[request.text('connection')] = await OdbcAsyncConnection.open(
        request.text('connection_string'),
        options: OdbcConnectionOptions.fromJson(request.object('options')));
    return const {};
  }

  Reply _query(Request request) async {
    final connection = _connection(request);
    final sql = request.text('sql');
    final parameters = parametersOf(request);
    if (request.object('options').isNotEmpty) {
      return _drained(
          await connection.stream(sql, parameters, streamOptionsOf(request)));
    }
    return _whole(() => connection.query(sql, parameters),
        () => connection.stream(sql, parameters));
  }

  Reply _statementQuery(Request request) async {
    final statement = _statement(request);
    final parameters = parametersOf(request);
    return _whole(() => statement.query(parameters), () async {
      await statement.execute(parameters);
      return statement.stream();
    });
  }

  Reply _bulkInsert(Request request) async {
    final rows = builtRowsOf(request);
    try {
      return bulkReply(await _connection(request)
          .bulkInsertWith(request.text('table'), rows, bulkOptionsOf(request)));
    } finally {
      rows.close();
    }
  }

  Reply _bulkInsertParallel(Request request) async {
    final rows = builtRowsOf(request);
    try {
      final result = await _pool(request).bulkInsertParallelWith(
          request.text('table'), rows, bulkOptionsOf(request));
      return {...bulkReply(result), 'workers': result.workers};
    } finally {
      rows.close();
    }
  }

  Reply _poolOpen(Request request) async {
    _pools[request.text('pool')] = await OdbcAsyncPool.open(
        request.text('connection_string'),
        options: OdbcPoolOptions.fromJson(request.object('options')));
    return const {};
  }

  Reply _poolAcquire(Request request) async {
    _connections[request.text('connection')] = await _pool(request).acquire();
    return const {};
  }

  Reply _call(Request request) async {
    final call = await _connection(request)
        .call(request.text('procedure'), parametersOf(request));
    _statements[request.text('statement')] = call.statement;
    return {
      ...resultReply(call.execution),
      'outputs': outputsReply(call.outputs),
    };
  }

  Reply _statementOpen(Request request) async {
    _statements[request.text('statement')] =
        await _connection(request).prepare(request.text('sql'));
    return const {};
  }

  Future<OdbcAsyncStream> _parts(Request request) =>
      _connection(request).streamParts(
          request.text('sql'),
          OdbcPartition.fromJson(request.object('partition')),
          parametersOf(request),
          streamOptionsOf(request));

  Future<OdbcAsyncStream> _pages(Request request) =>
      _connection(request).streamPages(
          request.text('sql'),
          OdbcPages.fromJson(request.object('page')),
          parametersOf(request),
          streamOptionsOf(request));

  Reply _streamOpen(Request request) async => _opened(request,
      await _statement(request).stream(options: streamOptionsOf(request)));

  Map<String, Object?> _opened(Request request, OdbcAsyncStream stream) {
    _streams[request.text('stream')] = stream;
    return {'schema': schemaReply(stream.columns)};
  }

  Reply _streamFetch(Request request) async {
    final batch = await _stream(request).fetch();
    if (batch == null) return {'end': true};
    try {
      return {'rows': rowsOf(batch)};
    } finally {
      batch.close();
    }
  }

  OdbcAsyncPool _pool(Request request) => named('pool', _pools, request);

  OdbcAsyncConnection _connection(Request request) =>
      named('connection', _connections, request);

  OdbcAsyncStatement _statement(Request request) =>
      named('statement', _statements, request);

  OdbcAsyncStream _stream(Request request) =>
      named('stream', _streams, request);
}

// The whole result, or what its batches hold and its rows cannot.
Reply _whole(Future<OdbcResult> Function() query,
    Future<OdbcAsyncStream> Function() stream) async {
  try {
    return wholeReply(await query());
  } on OdbcException catch (error) {
    if (!isOfRow(error)) rethrow;
    return _drained(await stream());
  }
}

Reply _drained(OdbcAsyncStream stream) async {
  final rows = <List<String?>>[];
  var batches = 0;
  await for (final batch in stream.batches) {
    rows.addAll(rowsOf(batch));
    batch.close();
    batches++;
  }
  return {
    'schema': schemaReply(stream.columns),
    'rows': rows,
    'batches': batches,
  };
}

Reply _done(Future<void> operation) async {
  await operation;
  return const {};
}
