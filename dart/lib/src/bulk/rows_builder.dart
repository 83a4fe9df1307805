import 'dart:ffi';
import 'dart:math';

import '../arrow/builder_of.dart';
import '../arrow/column_builder.dart';
import '../arrow/variable_builders.dart';
import '../column.dart';
import '../exception.dart';
import '../parameter.dart';
import '../row.dart';
import '../types/type.dart';
import 'rows_batch.dart';

/// Builds rows for a bulk insert, as typed columns in native memory.
///
/// Rows are added one by one, as lists or maps, or column by column:
///
/// ```dart
/// final pets = OdbcRowsBuilder({'id': OdbcType.int64, 'name': OdbcType.text});
/// pets.addRow([1, 'Zoë']);
/// pets.column<int>('id').addAll(Int64List.fromList([2, 3]));
/// pets.column<String>('name').addAll(['Mochi', null]);
/// connection.bulkInsert('pet', pets);
/// pets.close();
/// ```
///
/// An insert leaves the rows as they are, so that it can be done again. They
/// are freed by [close], or when the builder is unreachable.
final class OdbcRowsBuilder implements Finalizable {
  /// A builder of rows with [columns], types by their names.
  ///
  /// Rows that are added one by one are cut into batches of at most [batchRows]
  /// rows and about [batchBytes] bytes; [endBatch] cuts where columns are added
  /// to.
  OdbcRowsBuilder(
    Map<String, OdbcType> columns, {
    int batchRows = 65536,
    int batchBytes = 8 << 20,
  })  : _batchRows = _atLeastOne(batchRows, 'batchRows'),
        _batchBytes = _atLeastOne(batchBytes, 'batchBytes') {
    _columns = [
      for (final MapEntry(key: name, value: type) in columns.entries)
        builderOf(name, type, (reason, row) => _refuse(name, reason, row)),
    ];
    _places = {for (final (i, column) in _columns.indexed) column.name: i};
    _variable = _columns.whereType<VariableBuilder<Object>>().toList();
    _fixedBytes = _columns
        .where((column) => column is! VariableBuilder<Object>)
        .fold(
            1,
            (sum, column) =>
                sum + (column.type.width ?? 0) + (column.type.bits + 7) ~/ 8);
    if (_columns.isEmpty) {
      throw refuseRows('rows without columns cannot be inserted');
    }
  }

  final int _batchRows;
  final int _batchBytes;
  late final List<OdbcColumnBuilder<Object>> _columns;
  late final Map<String, int> _places;
  late final List<VariableBuilder<Object>> _variable;
  late final int _fixedBytes;
  final _batches = <RowsBatch>[];
  int _batchedRows = 0;
  bool _closed = false;

  /// The names and types of the columns.
  Map<String, OdbcType> get types =>
      {for (final column in _columns) column.name: column.type};

  /// How many rows there are; columns of different lengths are an error.
  int get rowCount => _batchedRows + _presentRows();

  /// Whether [close] was called.
  bool get isClosed => _closed;

  /// The values of the column [name], to be added to: `column<int>('id')`.
  OdbcColumnBuilder<T> column<T extends Object>(String name) {
    _checkOpen();
    final place = _places[name];
    if (place == null) throw _noColumn(name);
    final column = _columns[place];
    if (column is OdbcColumnBuilder<T>) return column;
    throw refuseRows('column "$name" is ${column.type}, which takes no $T',
        column: name);
  }

  /// Adds a row that has a value for each column, in their order. Where one is
  /// refused, none is added.
  void addRow(List<Object?> values) {
    _checkOpen();
    if (values.length != _columns.length) {
      throw refuseRows(
          'row $rowCount has ${values.length} values, there are '
          '${_columns.length} columns',
          row: rowCount);
    }
    final present = _columns.first.length;
    try {
      for (var i = 0; i < _columns.length; i++) {
        final column = _columns[i];
        if (column.length != present) _presentRows();
        final value = values[i];
        column.addValue(value is OdbcParameter ? value.value : value);
      }
    } on Object {
      for (final column in _columns) {
        column.truncate(present);
      }
      rethrow;
    }
    _cutWhereFull(present + 1);
  }

  /// Adds a row that has a value for the name of each column, and for no other.
  void addMap(Map<String, Object?> values) {
    _checkOpen();
    for (final name in values.keys) {
      if (!_places.containsKey(name)) throw _notAColumn(name, rowCount);
    }
    addRow([
      for (final column in _columns)
        if (values[column.name] case final value
            when value != null || values.containsKey(column.name))
          value
        else
          throw _noValue(column.name, rowCount),
    ]);
  }

  /// Ends the present batch; what is added next begins another one.
  void endBatch() {
    _checkOpen();
    final rows = _presentRows();
    if (rows == 0) return;
    _batches
        .add(RowsBatch(rows, [for (final column in _columns) column.take()]));
    _batchedRows += rows;
  }

  /// Frees the rows; a second call does nothing.
  void close() {
    if (_closed) return;
    _closed = true;
    // Also where the columns have different lengths.
    _batches.add(RowsBatch(0, [for (final column in _columns) column.take()]));
    for (final batch in _batches) {
      batch.free();
    }
    _batches.clear();
  }

  void _cutWhereFull(int present) {
    if (present >= _batchRows) return endBatch();
    var bytes = present * _fixedBytes;
    for (final column in _variable) {
      bytes += column.byteSize;
    }
    if (bytes >= _batchBytes) endBatch();
  }

  int _presentRows() {
    final rows = _columns.first.length;
    for (final column in _columns) {
      if (column.length == rows) continue;
      throw refuseRows(
          'column "${column.name}" has ${column.length} values, column '
          '"${_columns.first.name}" has $rows',
          column: column.name);
    }
    return rows;
  }

  OdbcException _refuse(String name, String reason, int row) {
    final place = _batchedRows + row;
    return refuseRows('column "$name", row $place: $reason',
        column: name, row: place);
  }

  OdbcException _notAColumn(String name, int row) => refuseRows(
      'row $row has a value for "$name", which is no column; there are '
      '${_names(_places.keys)}',
      column: name,
      row: row);

  OdbcException _noValue(String name, int row) =>
      refuseRows('row $row has no value for the column "$name"; null is one',
          column: name, row: row);

  OdbcException _noColumn(String name) => refuseRows(
      'there is no column "$name", there are ${_names(_places.keys)}',
      column: name);

  void _checkOpen() {
    if (!_closed) return;
    throw OdbcException(OdbcErrorKind.invalidState, 'the builder is closed',
        operation: bulkInsertOperation);
  }

  static String _names(Iterable<String> names) =>
      names.map((name) => '"$name"').join(', ');

  static int _atLeastOne(int value, String name) => max(value, 1) == value
      ? value
      : throw refuseRows('$name must be 1 or more, not $value');
}

/// What errors of inserting many rows name as their operation.
const bulkInsertOperation = 'bulk_insert';

/// The exception for rows that cannot be inserted.
OdbcException refuseRows(String message, {String? column, int? row}) =>
    OdbcException(OdbcErrorKind.invalidArgument, message,
        operation: bulkInsertOperation, column: column, row: row);

/// The exception for read rows whose columns cannot be told apart.
OdbcException refuseSharedName({int? row}) =>
    refuseRows('the rows have columns that share a name', row: row);

/// The batches of [builder], which keeps them.
RowsSource sourceOfBuilder(OdbcRowsBuilder builder) {
  builder.endBatch();
  return _BuiltRows(builder);
}

final class _BuiltRows implements RowsSource {
  _BuiltRows(this._builder);

  final OdbcRowsBuilder _builder;
  int _next = 0;

  @override
  List<(String, OdbcType)> get fields =>
      [for (final column in _builder._columns) (column.name, column.type)];

  @override
  bool get givesBatchesAway => false;

  @override
  RowsBatch? next() =>
      _next < _builder._batches.length ? _builder._batches[_next++] : null;
}

/// Reads rows from [rows] with the columns of [types], a batch at a time.
RowsSource sourceOfRows(Map<String, OdbcType> types, Iterator<Object?> rows,
        {required bool inferred}) =>
    _ReadRows(OdbcRowsBuilder(types), rows, inferred: inferred);

final class _ReadRows implements RowsSource {
  _ReadRows(this._builder, this._rows, {required this.inferred});

  final OdbcRowsBuilder _builder;
  final Iterator<Object?> _rows;
  final bool inferred;

  // The columns of the last read row, and which of them each column is.
  List<OdbcColumn>? _readColumns;
  List<int> _places = const [];

  @override
  List<(String, OdbcType)> get fields =>
      [for (final column in _builder._columns) (column.name, column.type)];

  @override
  bool get givesBatchesAway => true;

  @override
  RowsBatch? next() {
    while (_builder._batches.isEmpty) {
      if (!_rows.moveNext()) {
        _builder.endBatch();
        break;
      }
      _add(_rows.current);
    }
    return _builder._batches.isEmpty ? null : _builder._batches.removeAt(0);
  }

  void _add(Object? row) {
    try {
      switch (row) {
        case Map<String, Object?>():
          _builder.addMap(row);
        case List<Object?>():
          _builder.addRow(row);
        case OdbcRow():
          _builder.addRow(_inOrder(row));
        default:
          throw refuseRows(
              'row ${_builder.rowCount} is a ${row.runtimeType}, not a Map by '
              'column or a List',
              row: _builder.rowCount);
      }
    } on OdbcInvalidArgumentException catch (error) {
      if (!inferred || error.column == null) rethrow;
      throw refuseRows(
          '${error.message}; the types are those of the first rows, `types` '
          'gives others',
          column: error.column,
          row: error.row);
    }
  }

  /// The values of [row] in the order of the columns, by their names.
  List<Object?> _inOrder(OdbcRow row) {
    // All rows of one result have one list of columns.
    if (!identical(row.columns, _readColumns)) {
      _places = _placesOf(row.columns);
      _readColumns = row.columns;
    }
    return [for (final place in _places) row[place]];
  }

  List<int> _placesOf(List<OdbcColumn> read) {
    final row = _builder.rowCount;
    final places = <String, int>{};
    for (final (place, OdbcColumn(:name)) in read.indexed) {
      if (places.containsKey(name)) throw refuseSharedName(row: row);
      if (!_builder._places.containsKey(name)) {
        throw _builder._notAColumn(name, row);
      }
      places[name] = place;
    }
    return [
      for (final OdbcColumnBuilder(:name) in _builder._columns)
        places[name] ?? (throw _builder._noValue(name, row)),
    ];
  }
}
