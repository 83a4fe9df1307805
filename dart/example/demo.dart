import 'dart:io';
import 'dart:math';

import 'package:odbc_engine/odbc_engine.dart';

/// Writes three rows to a database in memory, reads them back and prints them.
void main() {
  final connection = OdbcConnection.open(
      Platform.environment['ODBC_ENGINE_DEMO'] ??
          'Driver=SQLite3;Database=:memory:');
  try {
    connection.execute('CREATE TABLE pet (id INTEGER PRIMARY KEY, '
        'name VARCHAR(40), price DOUBLE, born DATE, active BOOLEAN)');

    final insert =
        connection.prepare('INSERT INTO pet (id, name, price, born, active) '
            'VALUES (?, ?, ?, ?, ?)');
    insert
      ..execute([1, 'Zoë', 12.5, OdbcDate(2023, 4, 1), true])
      ..execute([2, 'Łatka', 99.95, OdbcDate(2024, 2, 29), false])
      ..execute([3, 'Mochi 😺', null, OdbcDate(2021, 12, 31), true])
      ..close();

    final pets = connection
        .query('SELECT id, name, price, born, active FROM pet ORDER BY id');
    stdout.writeln(pets.columns.map((column) => column.name).join(' | '));
    for (final pet in pets.rows) {
      stdout.writeln(pet.values.map(show).join(' | '));
    }
    if (stdioType(stderr) == StdioType.terminal) readWithBar(connection);
  } finally {
    connection.close();
  }
}

/// Reads every twelve pets side by side, and shows on a terminal how far that is.
void readWithBar(OdbcConnection connection) {
  const width = 40;
  final total = pow(3, 12).toInt();
  final twelve = [for (var i = 1; i <= 12; i++) 'pet p$i'].join(', ');
  final stream = connection.stream('SELECT p1.id FROM $twelve');
  for (final batch in stream.batches) {
    batch.close();
    final progress = stream.progress;
    final done = progress.rows * width ~/ total;
    stderr.write('\r[${'#' * done}${'.' * (width - done)}] '
        '${progress.rows} rows, ${progress.elapsed.inMilliseconds} ms');
  }
  stream.close();
  stderr.writeln();
}

/// [value] as a cell of the table.
String show(Object? value) => switch (value) {
      null => 'NULL',
      double() => value.toStringAsFixed(2),
      _ => '$value',
    };
