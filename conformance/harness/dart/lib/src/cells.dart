/// Values as cells: strings that are the same in every binding.
library;

import 'dart:typed_data';

import 'package:odbc_engine/odbc_engine.dart';

/// The rows of [batch] as cells.
List<List<String?>> rowsOf(OdbcBatch batch) {
  final columns = [
    for (var i = 0; i < batch.columns.length; i++) _cells(batch.column(i)),
  ];
  return [
    for (var row = 0; row < batch.rowCount; row++)
      [for (final cells in columns) cells[row]],
  ];
}

/// The rows of a whole [result] as cells.
List<List<String?>> rowsOfResult(OdbcResult result) => [
      for (final row in result.rows)
        [
          for (final (place, column) in result.columns.indexed)
            _cell(row[place], column.type),
        ],
    ];

List<String?> _cells(OdbcArray array) {
  final type = array.column.type;
  // DateTime ends at microseconds; the view has the other digits too.
  if (type.family == OdbcTypeFamily.timestamp &&
      type.unit == OdbcTimeUnit.nanosecond) {
    final counts = array.asInt64List();
    return [
      for (var i = 0; i < array.length; i++)
        array.isNull(i) ? null : _nanoseconds(counts[i], type),
    ];
  }
  return [for (final value in array.toList()) _cell(value, type)];
}

String? _cell(Object? value, OdbcType type) => switch (value) {
      null => null,
      double() => _bits(value, type.bits),
      Uint8List() => hex(value),
      OdbcTime() => value.format(type.unit!.digits),
      DateTime() => _timestamp(value, type),
      _ => '$value',
    };

String hex(Uint8List bytes) =>
    [for (final byte in bytes) byte.toRadixString(16).padLeft(2, '0')].join();

String _bits(double value, int bits) {
  if (value.isNaN) return 'nan';
  final data = ByteData(bits ~/ 8);
  bits == 32 ? data.setFloat32(0, value) : data.setFloat64(0, value);
  return '0x${hex(data.buffer.asUint8List())}';
}

String _timestamp(DateTime value, OdbcType type) {
  final microseconds = value.millisecond * 1000 + value.microsecond;
  final clock =
      OdbcTime(value.hour, value.minute, value.second, microseconds * 1000);
  return _join(OdbcDate.fromDateTime(value), clock, type);
}

String _nanoseconds(int count, OdbcType type) {
  const perDay = 86400000000000;
  final ofDay = count % perDay;
  return _join(OdbcDate.fromDaysSinceEpoch((count - ofDay) ~/ perDay),
      OdbcTime.fromNanoseconds(ofDay), type);
}

String _join(OdbcDate date, OdbcTime clock, OdbcType type) {
  final zone = type.timeZone == null ? '' : 'Z';
  return '${date}T${clock.format(type.unit!.digits)}$zone';
}
