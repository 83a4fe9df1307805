import 'column.dart';
import 'exception.dart';

/// The columns of a result and their places by name.
final class ColumnIndex {
  /// The index of [columns].
  ColumnIndex(this.columns) {
    for (var i = 0; i < columns.length; i++) {
      _places.update(columns[i].name, (_) => _ambiguous, ifAbsent: () => i);
    }
  }

  static const _ambiguous = -1;

  /// In the order of the result.
  final List<OdbcColumn> columns;

  final _places = <String, int>{};

  /// The place of [column], which is a name or a place.
  int placeOf(Object column) {
    if (column is int && column >= 0 && column < columns.length) return column;
    final place = column is String ? _places[column] : null;
    if (place != null && place != _ambiguous) return place;
    throw OdbcException(
      OdbcErrorKind.invalidArgument,
      switch ((column, place)) {
        (String(), _ambiguous) =>
          'more than one column is named "$column": use its place',
        (String(), _) => 'there is no column "$column", the result has '
            '${columns.map((column) => '"${column.name}"').join(', ')}',
        (int(), _) =>
          'there is no column $column, the result has ${columns.length}',
        _ => 'a column is named by a String or an int, not by '
            '${column.runtimeType}',
      },
      operation: 'row',
      column: column is String ? column : null,
    );
  }
}

/// One row of a result, as Dart values.
///
/// | column | value |
/// |---|---|
/// | boolean | [bool] |
/// | integers | [int]; unsigned of 64 bits always [BigInt] |
/// | real, double | [double] |
/// | decimal, numeric | `OdbcDecimal` |
/// | text | [String] |
/// | binary | `Uint8List` |
/// | date | `OdbcDate` |
/// | time | `OdbcTime` |
/// | timestamp | [DateTime], flagged UTC, with the fields of the wall clock |
/// | timestamp with time zone | [DateTime] in UTC |
/// | uuid | [String], lower case |
///
/// A timestamp without a zone is flagged UTC so that its fields are the same
/// on every machine; it is not an instant.
final class OdbcRow {
  /// The row at the given place of the values, a list for each column.
  OdbcRow(this._index, this._values, this._row);

  final ColumnIndex _index;
  final List<List<Object?>> _values;
  final int _row;

  /// What is known about each column.
  List<OdbcColumn> get columns => _index.columns;

  /// Every value, in the order of the columns.
  List<Object?> get values => List.unmodifiable(_values.map((c) => c[_row]));

  /// The value of [column], a name or a place.
  ///
  /// A name that no column or more than one column has is an [OdbcException]
  /// of kind [OdbcErrorKind.invalidArgument].
  Object? operator [](Object column) => _values[_index.placeOf(column)][_row];

  /// The value of [column], a name or a place, as a [T]: `get<int>('id')`, or
  /// `get<int?>('id')` where it may be null.
  ///
  /// A value that is not a [T] is an [OdbcException] of kind
  /// [OdbcErrorKind.invalidArgument].
  T get<T>(Object column) {
    final place = _index.placeOf(column);
    final value = _values[place][_row];
    if (value is T) return value;
    throw OdbcException(
      OdbcErrorKind.invalidArgument,
      'column "${columns[place].name}" (${columns[place].type}) holds '
      '${value == null ? 'null' : 'a ${value.runtimeType}'}, not a $T',
      operation: 'row',
      column: columns[place].name,
    );
  }

  /// The values by name.
  ///
  /// Columns that share a name are an [OdbcException] of kind
  /// [OdbcErrorKind.invalidArgument], because all but one would be lost.
  Map<String, Object?> toMap() => {
        for (final column in columns) column.name: this[column.name],
      };

  @override
  String toString() => values.toString();
}
