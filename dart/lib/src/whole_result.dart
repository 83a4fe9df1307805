import 'dart:ffi';

import 'package:ffi/ffi.dart';

import 'arrow/batch_memory.dart';
import 'arrow/read_columns.dart';
import 'arrow/schema.dart';
import 'bindings/call.dart';
import 'bindings/engine_functions.dart';
import 'bindings/native_handle.dart';
import 'bindings/scratch.dart';
import 'bindings/structs.dart';
import 'exception.dart';
import 'execution.dart';
import 'options.dart';
import 'result.dart';
import 'row.dart';

/// Reads whole results of one statement, without what streams need: nothing of
/// it outlives the call, so nothing has to be freed later.
final class WholeResult {
  /// Of [_statement].
  WholeResult(this._statement);

  final NativeHandle _statement;

  // The columns of the last result, and the number of their schema.
  ColumnIndex? _index;
  int _schema = 0;

  EngineFunctions get _functions => _statement.functions;

  /// The result of [execution], which was the last one, each batch of it by the
  /// empty [array].
  OdbcResult read(OdbcExecution execution, OdbcStreamOptions? options,
      Pointer<ArrowArray> array) {
    final stream = _start(options);
    try {
      final index = _indexOf(stream);
      final rows = _readRows(stream, index, array);
      final warnings = _warnings(stream);
      return OdbcResult(
        columns: index.columns,
        rows: rows,
        warnings: warnings.isEmpty
            ? execution.warnings
            : [...execution.warnings, ...warnings],
      );
    } finally {
      _functions.streamClose(stream, nullptr);
    }
  }

  int _start(OdbcStreamOptions? options) {
    final place = Scratch.number;
    if (options == null) {
      check(
          'stream',
          (error) => _functions.streamStart(
              _statement.value, nullptr, 0, place, error));
    } else {
      final json = encodeText('$options', 'the options', operation: 'stream');
      using((arena) {
        final copy = arena.copy(json);
        check(
            'stream',
            (error) => _functions.streamStart(
                _statement.value, copy, json.length, place, error));
      });
    }
    return place.value;
  }

  List<OdbcRow> _readRows(
      int stream, ColumnIndex index, Pointer<ArrowArray> array) {
    final rows = <OdbcRow>[];
    for (;;) {
      check('fetch', (error) => _functions.streamFetch(stream, array, error));
      final batch = array.ref;
      if (batch.release == nullptr) return rows;
      try {
        final values = readValues(index.columns, batch, rows.length);
        final count = batch.length;
        for (var row = 0; row < count; row++) {
          rows.add(OdbcRow(index, values, row));
        }
      } finally {
        releaseArray(array);
      }
    }
  }

  ColumnIndex _indexOf(int stream) {
    final number = _numberOf(stream);
    final known = _index;
    if (known != null && number != 0 && number == _schema) return known;
    final index = ColumnIndex(using((arena) {
      final schema = arena<ArrowSchema>();
      try {
        check('schema',
            (error) => _functions.streamSchema(stream, schema, error));
        return readColumns(schema.ref);
      } finally {
        releaseSchema(schema);
      }
    }));
    _schema = number;
    return _index = index;
  }

  // 0 where the library does not number schemas.
  int _numberOf(int stream) {
    final call = _functions.streamSchemaNumber;
    if (call == null) return 0;
    check('schema', (error) => call(stream, Scratch.number, error));
    return Scratch.number.value;
  }

  List<OdbcDiagnostic> _warnings(int stream) => readDiagnostics('warnings',
      (text, error) => _functions.streamWarnings(stream, text, error),
      place: Scratch.text);
}
