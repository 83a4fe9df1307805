import 'dart:convert';

/// What the catalog of a database is asked for: the ODBC function of that name.
enum OdbcCatalogFunction {
  /// The tables and views.
  tables('tables'),

  /// The columns of tables.
  columns('columns'),

  /// The primary key of a table.
  primaryKeys('primary_keys'),

  /// The foreign keys of a table, which refer to others.
  foreignKeys('foreign_keys'),

  /// The indexes of a table.
  statistics('statistics'),

  /// The procedures.
  procedures('procedures'),

  /// The parameters and results of procedures.
  procedureColumns('procedure_columns'),

  /// The types that columns may have.
  typeInfo('type_info');

  const OdbcCatalogFunction(this.label);

  /// The engine's name for it.
  final String label;
}

/// A question to the catalog of a database.
///
/// For tables, columns and procedures the texts are patterns, with `%` for any
/// characters and `_` for one; for keys and statistics they are names.
final class OdbcCatalogQuery {
  /// Asks [function] for what has these names; [name] is of the table or
  /// procedure, and required for keys and statistics. [types] are those of
  /// tables, such as `TABLE,VIEW`.
  OdbcCatalogQuery(
    OdbcCatalogFunction function, {
    String? catalog,
    String? schema,
    String? name,
    String? column,
    String? types,
  }) : _values = {
          'function': function.label,
          if (catalog != null) 'catalog': catalog,
          if (schema != null) 'schema': schema,
          if (name != null) 'name': name,
          if (column != null) 'column': column,
          if (types != null) 'types': types,
        };

  /// A question as the engine spells it; the engine refuses what it does not
  /// know.
  OdbcCatalogQuery.fromJson(Map<String, Object?> values)
      : _values = Map.of(values);

  final Map<String, Object?> _values;

  /// The question as the engine spells it.
  Map<String, Object?> toJson() => Map.of(_values);

  @override
  String toString() => jsonEncode(_values, toEncodable: (value) => '$value');
}
