import 'dart:convert';
import 'dart:io';
import 'dart:math';
import 'dart:typed_data';

import 'package:odbc_engine/odbc_engine.dart';

/// Reads by the Dart package: `views` of the columns' native memory, or `rows`
/// as objects.
void main(List<String> arguments) {
  final connection = OdbcConnection.open(setting('BENCH_CONNECTION'),
      options:
          OdbcConnectionOptions.fromJson(settings('BENCH_CONNECT_OPTIONS')));
  final run = Run(connection, setting('BENCH_SQL'),
      OdbcStreamOptions.fromJson(settings('BENCH_STREAM_OPTIONS')));
  switch ((setting('BENCH_MODE'), arguments.single)) {
    case ('lookup', _):
      run.lookUp();
    case ('insert', _):
      run.insert();
    case (final mode, 'views'):
      run.readViews(kept: mode == 'table');
    case (final mode, 'rows'):
      run.readRows(kept: mode == 'table');
    case _:
      throw ArgumentError.value(arguments, 'arguments', 'views or rows');
  }
  connection.close();
  stdout.writeln(jsonEncode(run.answer()));
}

final class Run {
  Run(this.connection, this.sql, this.options);

  final OdbcConnection connection;
  final String sql;
  final OdbcStreamOptions options;

  final _clock = Stopwatch();
  int _rows = 0;
  int _checksum = 0;
  int? _firstRowMicroseconds;

  /// Every number as a view; text and decimals stay where they are. Where the
  /// batches are [kept], all of them together.
  void readViews({required bool kept}) {
    final batches = <OdbcBatch>[];
    _clock.start();
    final stream = connection.stream(sql, const [], options);
    for (final batch in stream.batches) {
      _firstRowMicroseconds ??= _clock.elapsedMicroseconds;
      for (var i = 1; i < batch.columns.length; i++) {
        final column = batch.column(i);
        final view = switch (batch.columns[i].type.storage) {
          OdbcType.int8 => column.asInt8List(),
          OdbcType.int32 => column.asInt32List(),
          OdbcType.int64 => column.asInt64List(),
          OdbcType.float64 => column.asFloat64List(),
          _ => null,
        };
        if (view != null && view.lengthInBytes == 0) {
          throw StateError('column $i is empty');
        }
      }
      for (final id in batch.column(0).asInt64List()) {
        _checksum += id;
      }
      _rows += batch.rowCount;
      kept ? batches.add(batch) : batch.close();
    }
    stream.close();
    _clock.stop();
    for (final batch in batches) {
      batch.close();
    }
  }

  /// Every row as an object; where they are [kept] all of them together.
  void readRows({required bool kept}) {
    _clock.start();
    if (kept) {
      final result = connection.query(sql, const [], options);
      _clock.stop();
      result.rows.forEach(_check);
      return;
    }
    final stream = connection.stream(sql, const [], options);
    for (final row in stream.rows) {
      _firstRowMicroseconds ??= _clock.elapsedMicroseconds;
      _check(row);
    }
    stream.close();
    _clock.stop();
  }

  void lookUp() {
    final executions = int.parse(setting('BENCH_EXECUTIONS'));
    final keyCount = int.parse(setting('BENCH_KEYS'));
    final statement = connection.prepare(sql);
    // Not counted: some drivers prepare only then.
    statement.query([1]);
    _clock.start();
    for (var execution = 0; execution < executions; execution++) {
      // The same scattered keys in every contestant.
      statement.query([execution * 7919 % keyCount + 1]).rows.forEach(_check);
    }
    _clock.stop();
    statement.close();
  }

  /// Columns that are built before the clock begins.
  void insert() {
    final count = int.parse(setting('BENCH_ROWS'));
    final rows = OdbcRowsBuilder({
      'id': OdbcType.int64,
      'ratio': OdbcType.float64,
      'name': OdbcType.text,
      'created': OdbcType.timestamp(),
    });
    final begin = DateTime.utc(2020);
    const batchRows = 65536;
    for (var first = 1; first <= count; first += batchRows) {
      final length = min(batchRows, count - first + 1);
      Iterable<T> each<T>(T Function(int id) make) =>
          Iterable.generate(length, (row) => make(first + row));
      rows.column<int>('id').addAll(Int64List.fromList([...each((id) => id)]));
      rows
          .column<double>('ratio')
          .addAll(Float64List.fromList([...each((id) => id / 7.0)]));
      rows.column<String>('name').addAll(
          each((id) => 'customer ${(id * 7919).toString().padLeft(11, '0')}'));
      rows.column<DateTime>('created').addAll(
          each((id) => begin.add(Duration(microseconds: id * 37000001))));
      rows.endBatch();
    }
    _clock.start();
    _rows = connection.bulkInsert(setting('BENCH_TABLE'), rows).rows;
    _clock.stop();
    _checksum = count * (count + 1) ~/ 2;
    rows.close();
  }

  void _check(OdbcRow row) {
    _rows++;
    _checksum += row.get<int>(0);
  }

  Map<String, Object?> answer() => {
        'rows': _rows,
        'checksum': _checksum,
        'seconds': _clock.elapsedMicroseconds / 1e6,
        if (_firstRowMicroseconds case final first?)
          'first_row_seconds': first / 1e6,
        'peak_rss_kib': peakRssKib(),
      };
}

String setting(String name) =>
    Platform.environment[name] ?? (throw StateError('$name is not set'));

Map<String, Object?> settings(String name) {
  final text = setting(name);
  return text.isEmpty ? {} : jsonDecode(text) as Map<String, Object?>;
}

/// The most memory that this process had resident since it began.
int? peakRssKib() {
  for (final line in File('/proc/self/status').readAsLinesSync()) {
    if (line.startsWith('VmHWM:')) {
      return int.parse(RegExp(r'\d+').firstMatch(line)![0]!);
    }
  }
  return null;
}
