/// The columns of rows that do not say their types.
library;

import 'dart:math';
import 'dart:typed_data';

import '../arrow/encode.dart';
import '../exception.dart';
import '../parameter.dart';
import '../row.dart';
import '../types/date.dart';
import '../types/decimal.dart';
import '../types/time.dart';
import '../types/type.dart';
import 'rows_builder.dart';

/// The types of the columns of [rows], which are lists with the columns
/// [names], or maps, or rows that were read.
///
/// A column whose values are not all of one class is refused.
Map<String, OdbcType> inferTypes(List<Object?> rows, List<String>? names) {
  final first = rows.first;
  if (first is OdbcRow) return _typesOfRow(first);
  final columns = switch (first) {
    Map<String, Object?>() => first.keys.toList(),
    List<Object?>() => names ??
        (throw refuseRows(
            'rows that are lists need `columns` or `types` to name theirs')),
    _ => throw refuseRows(
        'row 0 is a ${first.runtimeType}, not a Map by column or a List',
        row: 0),
  };
  return {
    for (final (place, name) in columns.indexed)
      name: _inferColumn(name, [
        // A row of another shape is refused where it is added.
        for (final row in rows)
          switch (row) {
            Map<String, Object?>() => row[name],
            List<Object?>() when place < row.length => row[place],
            _ => null,
          },
      ]),
  };
}

Map<String, OdbcType> _typesOfRow(OdbcRow row) {
  final types = {for (final column in row.columns) column.name: column.type};
  if (types.length == row.columns.length) return types;
  throw refuseSharedName();
}

OdbcType _inferColumn(String name, List<Object?> values) {
  final first = values.indexWhere((value) => value != null);
  if (first < 0) return OdbcType.nothing;
  final kind = _kindOf(values[first]!);
  for (var row = first; row < values.length; row++) {
    final value = values[row];
    if (value == null || _kindOf(value) == kind) continue;
    throw _mixed(name, row, value, values[first]!);
  }
  return switch (kind) {
    const (OdbcDecimal) => _decimal(name, values.cast<OdbcDecimal?>()),
    const (BigInt) => _wholeNumbers(values),
    const (OdbcTime) => _times(values.cast<OdbcTime?>()),
    _ => typeOfValue(values[first]) ??
        (throw refuseRows(
            'column "$name", row $first: a ${values[first].runtimeType} '
            'cannot be sent',
            column: name,
            row: first)),
  };
}

/// What all values of a column must have in common.
Object _kindOf(Object value) => switch (value) {
      OdbcParameter(:final type) => type,
      // Whole numbers of both classes go together.
      int() || BigInt() => BigInt,
      Uint8List() => Uint8List,
      DateTime() => DateTime,
      String() => String,
      OdbcDate() => OdbcDate,
      _ => value.runtimeType,
    };

OdbcException _mixed(String name, int row, Object value, Object before) =>
    refuseRows(
        'column "$name", row $row: a ${value.runtimeType} among values of '
        '${before.runtimeType}; `types` gives the column a type',
        column: name,
        row: row);

OdbcType _decimal(String name, List<OdbcDecimal?> values) {
  var whole = 0;
  var scale = 0;
  for (final value in values) {
    if (value == null) continue;
    if (!value.isFinite) return OdbcType.unboundedDecimal;
    whole = max(whole, value.precision - value.scale);
    scale = max(scale, value.scale);
  }
  // As many digits as there is room for, since later values may have more.
  return switch (whole + scale) {
    <= 38 => OdbcType.decimal(38, scale),
    <= 76 => OdbcType.decimal(76, scale),
    _ => OdbcType.unboundedDecimal,
  };
}

OdbcType _wholeNumbers(List<Object?> values) {
  final numbers = [
    for (final value in values)
      if (value is BigInt) value else if (value is int) BigInt.from(value),
  ];
  if (numbers.every((value) => value.bitLength <= 63)) return OdbcType.int64;
  final unsigned =
      numbers.every((value) => !value.isNegative && value.bitLength <= 64);
  return unsigned
      ? OdbcType.uint64
      : _decimal('', [for (final value in numbers) OdbcDecimal(value)]);
}

OdbcType _times(List<OdbcTime?> values) => OdbcType.time(
    values.every((value) => value == null || value.nanoseconds % 1000 == 0)
        ? OdbcTimeUnit.microsecond
        : OdbcTimeUnit.nanosecond);
