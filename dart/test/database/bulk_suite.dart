import 'dart:typed_data';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import '../exception_matcher.dart';
import 'engine.dart';

/// What inserting many rows does on the database of [connectionString].
void declareBulk(String connectionString, {String tableOption = ''}) {
  final engine = testEngine();
  late OdbcConnection connection;

  setUp(() => connection = OdbcConnection.open(connectionString, engine: engine)
    ..execute('DROP TABLE IF EXISTS dart_bulk')
    ..execute('CREATE TABLE dart_bulk (id INTEGER NOT NULL PRIMARY KEY, '
        'name VARCHAR(40), amount DOUBLE PRECISION) $tableOption'));
  tearDown(() => connection
    ..execute('DROP TABLE IF EXISTS dart_bulk')
    ..close());

  List<List<Object?>> read() => [
        for (final row in connection
            .query('SELECT id, name, amount FROM dart_bulk ORDER BY id')
            .rows)
          row.values,
      ];

  test('a builder is inserted, and keeps its rows', () {
    final rows = OdbcRowsBuilder({
      'id': OdbcType.int64,
      'name': OdbcType.text,
      'amount': OdbcType.float64,
    }, batchRows: 2);
    addTearDown(rows.close);
    rows
      ..addRow([1, 'Zoë 😺', 0.5])
      ..addRow([2, '', null])
      ..addMap({'amount': 3, 'name': null, 'id': 3});
    final result = connection.bulkInsert('dart_bulk', rows);
    expect(result.rows, 3);
    expect(result.strategy, isNot(OdbcBulkStrategy.auto));
    expect(result.chunks, greaterThan(0));
    const expected = [
      [1, 'Zoë 😺', 0.5],
      [2, '', null],
      [3, null, 3.0],
    ];
    expect(read(), expected);
    connection.execute('DELETE FROM dart_bulk');
    expect(connection.bulkInsert('dart_bulk', rows).rows, 3);
    expect(read(), expected);
  });

  test('maps tell the types of their columns', () {
    final result = connection.bulkInsert('dart_bulk', [
      for (var i = 0; i < 1000; i++)
        {'name': i.isEven ? null : 'name $i', 'id': i, 'amount': i / 4},
    ]);
    expect(result.rows, 1000);
    expect(read()[999], [999, 'name 999', 999 / 4]);
    expect(read()[0], [0, null, 0.0]);
  });

  test('rows are made as they are needed', () {
    var made = 0;
    Iterable<List<Object?>> make(int count) sync* {
      for (var i = 0; i < count; i++) {
        made++;
        yield [i, 'name'];
      }
    }

    final result = connection
        .bulkInsert('dart_bulk', make(150000), columns: ['id', 'name']);
    expect(result.rows, 150000);
    made = 0;
    // The first row is there already: nothing behind its batch is asked for.
    expect(
        () => connection.bulkInsert('dart_bulk', make(10000000),
            columns: ['id', 'name'], findBadRow: false),
        throwsOdbc(OdbcErrorKind.constraint));
    expect(made, lessThan(1000000));
    expect(connection.query('SELECT count(*) FROM dart_bulk').rows.single[0],
        150000);
  });

  test('a mixed column is an error that names column and row', () {
    final rows = [
      {'id': 1, 'name': 'a'},
      {'id': 2, 'name': 5},
    ];
    expect(
        () => connection.bulkInsert('dart_bulk', rows),
        throwsOdbc(OdbcErrorKind.invalidArgument,
            says: ['"name"', 'row 1', 'int', 'String'],
            column: 'name',
            row: 1));
    // One that is found in the middle of the insert.
    Iterable<Map<String, Object?>> late() sync* {
      for (var i = 0; i < 30000; i++) {
        yield {'id': i, 'name': i == 25000 ? 0.5 : 'name'};
      }
    }

    expect(
        () => connection.bulkInsert('dart_bulk', late()),
        throwsOdbc(OdbcErrorKind.invalidArgument,
            says: ['"name"', 'row 25000', 'types'],
            column: 'name',
            row: 25000));
    expect(read(), isEmpty);
  });

  test('what the rows throw comes out, and nothing is inserted', () {
    Iterable<Map<String, Object?>> failing() sync* {
      for (var i = 0; i < 20000; i++) {
        yield {'id': i};
      }
      throw StateError('no more');
    }

    expect(
        () => connection.bulkInsert('dart_bulk', failing()), throwsStateError);
    expect(read(), isEmpty);
    expect(
        connection.bulkInsert('dart_bulk', [
          {'id': 1}
        ]).rows,
        1);
  });

  test('what cannot be rows is refused', () {
    for (final (data, says) in <(Object, String)>[
      ('text', 'String'),
      (<Object?>[], 'no rows'),
      (<Object?>[5], 'row 0'),
      (
        <Object?>[
          <Object?>[1]
        ],
        'columns'
      ),
      (
        <Object?>[
          {'id': 1},
          {'id': 2, 'nome': 'x'}
        ],
        '"nome"'
      ),
      (
        <Object?>[
          {'id': 1, 'name': 'x'},
          {'id': 2}
        ],
        '"name"'
      ),
      (
        <Object?>[
          {'id': 1},
          7
        ],
        'row 1'
      ),
      (
        <Object?>[
          {'id': Object()}
        ],
        '"id"'
      ),
      (
        <Object?>[
          {'i\u0000d': 1}
        ],
        'name'
      ),
    ]) {
      expect(() => connection.bulkInsert('dart_bulk', data),
          throwsOdbc(OdbcErrorKind.invalidArgument, says: [says]),
          reason: '$data');
    }
    expect(read(), isEmpty);
  });

  test('given types make values of them', () {
    final result = connection.bulkInsert('dart_bulk', [
      [1, 2, null],
      [BigInt.two, 3, 'x'],
    ], types: {
      'id': OdbcType.int32,
      'amount': OdbcType.float64,
      'name': OdbcType.text,
    });
    expect(result.rows, 2);
    expect(read(), [
      [1, null, 2.0],
      [2, 'x', 3.0],
    ]);
    expect(
        connection.bulkInsert('dart_bulk', const <Object?>[],
            types: {'id': OdbcType.int64}).rows,
        0);
  });

  test('a table is made for the rows', () {
    final rows = [
      {
        'id': 1,
        'flag': true,
        'price': OdbcDecimal.parse('12.50'),
        'photo': Uint8List.fromList([0, 1]),
        'born': OdbcDate(2024, 2, 29),
        'woken': OdbcTime(7, 30),
        'id two': BigInt.from(5),
      },
    ];
    expect(
        connection
            .bulkInsert('dart_bulk', rows, mode: OdbcBulkMode.replace)
            .rows,
        1);
    final row = connection.query('SELECT * FROM dart_bulk').rows.single;
    expect(row['id'], 1);
    expect(row['photo'], [0, 1]);
    expect(row['born'], OdbcDate(2024, 2, 29));
    expect(row['woken'], OdbcTime(7, 30));
    expect(row['id two'], 5);
    expect(OdbcDecimal.parse('${row['price']}'), OdbcDecimal.parse('12.50'));
  });

  test('a stream goes from one connection into another', () {
    connection.bulkInsert('dart_bulk', [
      for (var i = 0; i < 3000; i++)
        {'id': i, 'name': i % 3 == 0 ? null : 'näme $i', 'amount': i / 8},
    ]);
    final other = OdbcConnection.open(connectionString, engine: engine);
    addTearDown(() => other
      ..execute('DROP TABLE IF EXISTS dart_bulk_copy')
      ..close());
    other.execute('DROP TABLE IF EXISTS dart_bulk_copy');
    final stream = connection.stream(
        'SELECT id, name, amount FROM dart_bulk ORDER BY id',
        const <Object?>[],
        OdbcStreamOptions(batchRowsMax: 1000));
    expect(
        () => other
            .bulkInsert('dart_bulk_copy', stream, types: {'id': OdbcType.text}),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['types']));
    final result =
        other.bulkInsert('dart_bulk_copy', stream, mode: OdbcBulkMode.create);
    stream.close();
    expect(result.rows, 3000);
    final before = connection
        .query('SELECT id, name, amount FROM dart_bulk ORDER BY id')
        .rows
        .map((row) => row.values);
    final copied =
        other.query('SELECT id, name, amount FROM dart_bulk_copy ORDER BY id');
    expect(copied.rows.map((row) => row.values), before);
    // Rows that were read are rows to be inserted.
    connection.execute('DELETE FROM dart_bulk');
    expect(connection.bulkInsert('dart_bulk', copied.rows).rows, 3000);
    expect(read(), before);
  });

  test('rows that were read go by the names of their columns', () {
    final [here, there] = [
      for (final columns in ['1 AS id, 2 AS amount', '3 AS amount, 4 AS id'])
        connection.query('SELECT $columns').rows.single,
    ];
    const types = {'id': OdbcType.int64, 'amount': OdbcType.float64};
    connection.bulkInsert('dart_bulk', [here, there],
        types: types, columns: ['id', 'amount']);
    expect(read(), [
      [1, null, 2],
      [4, null, 3],
    ]);
    for (final (columns, says) in [
      ('7 AS id', 'no value for the column "amount"'),
      ('7 AS id, 8 AS name', '"name", which is no column'),
      ('7 AS id, 8 AS id', 'share a name'),
    ]) {
      final other = connection.query('SELECT $columns').rows.single;
      expect(
          () => connection.bulkInsert('dart_bulk', [here, other], types: types),
          throwsOdbc(OdbcErrorKind.invalidArgument, says: [says], row: 1));
    }
    expect(read(), hasLength(2));
  });

  test('the row that the database refuses is named', () {
    connection.execute('INSERT INTO dart_bulk (id) VALUES (777)');
    final rows = [
      for (var i = 0; i < 1000; i++) {'id': i},
    ];
    expect(() => connection.bulkInsert('dart_bulk', rows),
        throwsOdbc(OdbcErrorKind.constraint, row: 777));
    expect(read(), hasLength(1));
  });
}
