import 'package:odbc_engine/odbc_engine.dart';

import 'cells.dart';
import 'parameters.dart';
import 'request.dart';

/// The operations of the protocol. Objects stay under their names after they
/// are closed, so that using them again reaches the binding.
final class Operations {
  final _connections = <String, OdbcConnection>{};
  final _statements = <String, OdbcStatement>{};
  final _streams = <String, OdbcStream>{};

  late final _byName = <String, Map<String, Object?> Function(Request)>{
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
    'metrics': (request) => metrics().toJson(),
    'metrics_reset': (request) => _done(resetMetrics),
    'connection_string_build': (request) =>
        {'text': OdbcConnectionString.fromPairs(_pairs(request)).text},
    'connection_string_parse': (request) => {
          'pairs': [
            for (final (key, value) in _connectionString(request).pairs)
              [key, value],
          ],
        },
    'connection_string_redact': (request) =>
        {'text': '${_connectionString(request)}'},
    'execute': _execute,
    'query': _query,
    'query_parts': (request) => _drained(_connection(request).streamParts(
        request.text('sql'),
        OdbcPartition.fromJson(request.object('partition')),
        _parameters(request),
        _streamOptions(request))),
    'query_pages': (request) => _drained(_connection(request).streamPages(
        request.text('sql'),
        OdbcPages.fromJson(request.object('page')),
        _parameters(request),
        _streamOptions(request))),
    'catalog': _catalog,
    'call': _call,
    'statement_open': _statementOpen,
    'statement_execute': _statementExecute,
    'statement_next': _statementNext,
    'statement_close': (request) => _done(_statement(request).close),
    'stream_open': _streamOpen,
    'stream_fetch': _streamFetch,
    'stream_warnings': (request) => _warnings(_stream(request).warnings),
    'stream_progress': (request) =>
        {'delivered': _stream(request).progress.rows},
    'stream_cancel': (request) => _done(_stream(request).cancel),
    'stream_close': (request) => _done(_stream(request).close),
    'stop': (request) => const {},
  };

  /// The reply to the request of [members], without its id.
  Map<String, Object?> answer(Map<String, Object?> members) {
    final name = members['op'];
    final operation = _byName[name];
    if (operation == null) return {'unsupported': name};
    try {
      return {'ok': operation(Request(members))};
    } on OdbcException catch (error) {
      return {'error': _report(error)};
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

  Map<String, Object?> _execute(Request request) => _execution(
      _connection(request).execute(request.text('sql'), _parameters(request)));

  Map<String, Object?> _query(Request request) {
    final stream = _connection(request).stream(
        request.text('sql'), _parameters(request), _streamOptions(request));
    return _drained(stream);
  }

  Map<String, Object?> _catalog(Request request) =>
      _drained(_connection(request)
          .catalog(OdbcCatalogQuery.fromJson(request.object('query'))));

  Map<String, Object?> _call(Request request) {
    final call = _connection(request)
        .call(request.text('procedure'), _parameters(request));
    _statements[request.text('statement')] = call.statement;
    return {
      ..._result(call.execution),
      'outputs': {
        for (final MapEntry(:key, :value) in call.outputs?.toMap().entries ??
            const <MapEntry<String, Object?>>[])
          key: value?.toString(),
      },
    };
  }

  Map<String, Object?> _statementOpen(Request request) {
    _statements[request.text('statement')] =
        _connection(request).prepare(request.text('sql'));
    return const {};
  }

  Map<String, Object?> _statementExecute(Request request) =>
      _result(_statement(request).execute(_parameters(request)));

  Map<String, Object?> _statementNext(Request request) =>
      switch (_statement(request).nextResult()) {
        null => const {'found': false},
        final execution => _result(execution),
      };

  Map<String, Object?> _streamOpen(Request request) {
    final stream = _statement(request).stream(options: _streamOptions(request));
    _streams[request.text('stream')] = stream;
    return {'schema': _schema(stream)};
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

  OdbcConnection _connection(Request request) =>
      _named('connection', _connections, request);

  OdbcStatement _statement(Request request) =>
      _named('statement', _statements, request);

  OdbcStream _stream(Request request) => _named('stream', _streams, request);
}

T _named<T>(String kind, Map<String, T> objects, Request request) {
  final name = request.text(kind);
  return objects[name] ?? (throw Fault('no $kind named $name'));
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
    return {'schema': _schema(stream), 'rows': rows, 'batches': batches};
  } finally {
    stream.close();
  }
}

Map<String, Object?> _done(void Function() operation) {
  operation();
  return const {};
}

Object _parameters(Request request) => switch (request.members['params']) {
      Map<String, Object?>() => {
          for (final MapEntry(:key, :value) in request.object('params').entries)
            key: parameterOf(value! as Map<String, Object?>),
        },
      _ => request.objects('params').map(parameterOf).toList(),
    };

OdbcConnectionString _connectionString(Request request) =>
    OdbcConnectionString.parse(request.text('text'));

List<(String, String)> _pairs(Request request) => [
      for (final pair in request.list('pairs'))
        if (pair case [final String key, final String value])
          (key, value)
        else
          throw Fault('$pair is no pair of texts'),
    ];

OdbcStreamOptions _streamOptions(Request request) =>
    OdbcStreamOptions.fromJson(request.object('options'));

Map<String, Object?> _execution(OdbcExecution execution) => {
      'affected_rows': execution.affectedRows,
      ..._warnings(execution.warnings),
    };

Map<String, Object?> _result(OdbcExecution execution) =>
    {..._execution(execution), 'columns': execution.columnCount};

Map<String, Object?> _warnings(List<OdbcDiagnostic> warnings) => {
      'warnings': [
        for (final warning in warnings)
          {'sqlstate': warning.sqlstate, 'native_code': warning.nativeCode},
      ],
    };

List<Map<String, Object?>> _schema(OdbcStream stream) => [
      for (final column in stream.columns)
        {
          'name': column.name,
          'format': column.format,
          'nullable': column.nullable,
          'metadata': column.metadata,
        },
    ];

Map<String, Object?> _report(OdbcException error) => {
      'kind': error.kind.number,
      'kind_name': error.kind.label,
      'sqlstate': error.sqlstate,
      'native_code': error.nativeCode,
      'operation': error.operation,
      'column': error.column,
      'row': error.row,
      'retryable': error.retryable,
      'record_count': error.records.length,
      'message': error.message,
    };
