import 'dart:io';
import 'dart:typed_data';

import 'package:odbc_engine/odbc_engine.dart';

/// Writes a value of every type to PostgreSQL by parameters and checks that
/// exactly the same values come back:
///
/// ```sh
/// dart run example/every_type.dart 'Driver=PostgreSQL Unicode;Server=...'
/// ```
void main(List<String> arguments) {
  if (arguments.length != 1) {
    stderr.writeln('usage: every_type.dart CONNECTION_STRING');
    exit(64);
  }
  final connection = OdbcConnection.open(arguments.single);
  try {
    final differences = roundTrip(connection, onValue: stdout.writeln);
    differences.forEach(stderr.writeln);
    exitCode = differences.isEmpty ? 0 : 1;
  } finally {
    connection.close();
  }
}

/// A column's SQL type, the parameter that is written and the value that must
/// be read.
typedef Sample = ({String sqlType, Object? written, Object read});

/// A value of every type.
List<Sample> samples() {
  final decimal = OdbcDecimal.parse('-1234567890123456.7890');
  final long = OdbcDecimal.parse('${'1234567890' * 5}.${'0987654321' * 3}');
  final wallClock = DateTime.utc(2024, 2, 29, 23, 59, 59, 999, 999);
  final instant = DateTime.utc(2024, 7, 1, 12, 30, 0, 0, 1);
  final bytes = Uint8List.fromList([for (var i = 0; i < 256; i++) i]);
  const uuid = '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9';
  return [
    _plain('boolean', true),
    _plain('smallint', -32768),
    _plain('integer', 2147483647),
    _plain('bigint', -9223372036854775808),
    _plain('real', 0.15625),
    _plain('double precision', 0.1 + 0.2),
    _plain('numeric(20, 4)', decimal),
    _plain('numeric', long),
    _plain('char(5)', 'fünf!'),
    _plain('varchar(20)', 'Zoë 😺'),
    _plain('text', 'line\nline ' * 1000),
    _plain('bytea', bytes),
    _plain('date', OdbcDate(2024, 2, 29)),
    _plain('time', OdbcTime(23, 59, 59, 999999000)),
    (
      sqlType: 'timestamp',
      written: OdbcParameter.wallClock(wallClock),
      read: wallClock,
    ),
    _plain('timestamptz', instant),
    (sqlType: 'uuid', written: const OdbcParameter.uuid(uuid), read: uuid),
    _plain('json', '{"a": [1, null]}'),
  ];
}

/// Writes and reads the [samples] and a row of nulls; what differs is told in
/// the list.
List<String> roundTrip(OdbcConnection connection,
    {void Function(String line)? onValue}) {
  final expected = samples();
  final columns = [
    for (final (i, sample) in expected.indexed) 'c$i ${sample.sqlType}',
  ];
  connection.execute(
      'CREATE TEMPORARY TABLE every_type (id integer, ${columns.join(', ')})');
  final markers = List.filled(expected.length + 1, '?').join(', ');
  final insert = connection.prepare('INSERT INTO every_type VALUES ($markers)');
  insert
    ..execute([1, for (final sample in expected) sample.written])
    ..execute([2, for (final _ in expected) null])
    ..close();

  final result = connection.query('SELECT * FROM every_type ORDER BY id');
  final [values, nulls] = result.rows;
  final differences = <String>[];
  for (final (i, sample) in expected.indexed) {
    final value = values['c$i'];
    final type = result.columns[i + 1].type;
    onValue?.call('${sample.sqlType} | $type | ${_show(value)}');
    if (!_same(value, sample.read)) {
      differences.add('${sample.sqlType}: wrote ${_show(sample.read)}, '
          'read ${_show(value)}');
    }
    if (nulls['c$i'] case final value?) {
      differences.add('${sample.sqlType}: wrote null, read ${_show(value)}');
    }
  }
  return differences;
}

Sample _plain(String sqlType, Object value) =>
    (sqlType: sqlType, written: value, read: value);

bool _same(Object? a, Object? b) {
  if (a is! Uint8List || b is! Uint8List) {
    return a == b && a.runtimeType == b.runtimeType;
  }
  return a.length == b.length &&
      a.indexed.every((entry) => entry.$2 == b[entry.$1]);
}

String _show(Object? value) {
  final text = '$value'.replaceAll('\n', r'\n');
  return text.length > 60 ? '${text.substring(0, 60)}...' : text;
}
