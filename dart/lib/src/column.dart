import 'types/type.dart';

/// What is known about a column of a result.
final class OdbcColumn {
  /// A column whose field has [metadata].
  OdbcColumn({
    required this.name,
    required this.type,
    required this.nullable,
    Map<String, String> metadata = const {},
  }) : metadata = Map.unmodifiable(metadata);

  /// As the driver gives it; names may repeat or be empty.
  final String name;

  /// The type of its values.
  final OdbcType type;

  /// Whether it may hold nulls.
  final bool nullable;

  /// Everything that the Arrow field says besides.
  final Map<String, String> metadata;

  /// The Arrow C format string.
  String get format => type.format;

  /// The driver's number of its SQL type.
  int? get sqlType => _number('odbc.sql_type');

  /// The database's name of its SQL type, if the driver gives it.
  String? get typeName => metadata['odbc.type_name'];

  /// The column size that the driver describes.
  int? get size => _number('odbc.column_size');

  /// The decimal digits that the driver describes.
  int? get digits => _number('odbc.decimal_digits');

  int? _number(String key) => int.tryParse(metadata[key] ?? '');

  @override
  String toString() => '$name: $type${nullable ? '' : ' not null'}';
}
