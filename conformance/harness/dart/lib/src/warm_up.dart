/// Runs once whatever a case may cancel.
///
/// A call whose code is compiled first begins late: a cancel that comes before
/// it finds nothing to stop, and is not sent again.
void warmUp(Map<String, Object?> Function(Map<String, Object?>) answer,
    String connectionString) {
  for (final request in _requests) {
    answer({
      for (final kind in ['connection', 'statement', 'stream', 'pool'])
        kind: 'warm-up',
      'connection_string': connectionString,
      ...request,
    });
  }
}

const _select = {'sql': 'select 1'};

// There is no such table: what comes before the driver's call is what counts.
const _rows = {
  'table': 'cf_no_such_table',
  'fields': [
    {'name': 'id', 'type': 'l'},
  ],
  'rows': [
    ['1'],
  ],
  'batch_rows': 1,
};

const _requests = <Map<String, Object?>>[
  {'op': 'open'},
  {'op': 'execute', ..._select},
  {'op': 'query', ..._select},
  {
    'op': 'query',
    ..._select,
    'options': {'batch_rows_max': 1},
  },
  {'op': 'statement_open', ..._select},
  {'op': 'statement_query'},
  {'op': 'statement_execute'},
  {'op': 'stream_open'},
  {'op': 'stream_fetch'},
  {'op': 'stream_close'},
  {'op': 'statement_close'},
  {'op': 'bulk_insert', ..._rows},
  {'op': 'commit'},
  {'op': 'close'},
  {
    'op': 'pool_open',
    'options': {'size_min': 0},
  },
  {'op': 'bulk_insert_parallel', ..._rows},
  {'op': 'pool_close'},
];
