/// Parameters as the binding takes them.
library;

import 'dart:typed_data';

import 'package:odbc_engine/odbc_engine.dart';

import 'request.dart';

/// A [parameter] of the protocol as the binding takes it.
OdbcParameter parameterOf(Map<String, Object?> parameter) {
  final format = parameter['type'];
  final cell = parameter['value'];
  final type = typeOf('$format');
  if (cell == null) return OdbcParameter(type, null);
  try {
    return OdbcParameter(type, _value(type, cell as String));
  } on FormatException catch (error) {
    throw Fault('a parameter of type $format is no $cell: ${error.message}');
  }
}

/// The type of a parameter or a column of [format].
OdbcType typeOf(String format) {
  final type = format == 'w:16' ? OdbcType.uuid : OdbcType.tryParse(format);
  return type ?? (throw Fault('no parameter has the type $format'));
}

Object _value(OdbcType type, String cell) => switch (type.family) {
      OdbcTypeFamily.nothing => throw Fault('a null cannot be "$cell"'),
      OdbcTypeFamily.boolean => bool.parse(cell),
      OdbcTypeFamily.integer => BigInt.parse(cell),
      OdbcTypeFamily.real => _double(cell),
      OdbcTypeFamily.decimal => OdbcDecimal.parse(cell),
      OdbcTypeFamily.text || OdbcTypeFamily.uuid => cell,
      OdbcTypeFamily.binary => _bytes(cell),
      OdbcTypeFamily.date => OdbcDate.parse(cell),
      OdbcTypeFamily.time => OdbcTime.parse(cell),
      OdbcTypeFamily.timestamp => _timestamp(cell),
    };

double _double(String cell) => switch (cell) {
      'nan' => double.nan,
      'inf' => double.infinity,
      '-inf' => double.negativeInfinity,
      _ when cell.startsWith('0x') =>
        _bytes(cell.substring(2)).buffer.asByteData().getFloat64(0),
      _ => double.parse(cell),
    };

Uint8List _bytes(String cell) => Uint8List.fromList([
      for (var i = 0; i < cell.length; i += 2)
        int.parse(cell.substring(i, i + 2), radix: 16),
    ]);

DateTime _timestamp(String cell) {
  final [date, clock] = cell.replaceFirst(RegExp(r'Z$'), '').split('T');
  return OdbcDate.parse(date)
      .toDateTime()
      .add(OdbcTime.parse(clock).toDuration());
}
