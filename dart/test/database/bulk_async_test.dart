import 'dart:async';
import 'dart:io';
import 'dart:isolate';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import '../exception_matcher.dart';
import 'engine.dart';

const _connectionString = 'Driver=SQLite3;Database=:memory:';

void main() {
  final engine = testEngine();
  late OdbcAsyncConnection connection;

  setUp(() async {
    connection =
        await OdbcAsyncConnection.open(_connectionString, engine: engine);
    await connection
        .execute('CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(40))');
  });
  tearDown(() => connection.close());

  Future<List<Object?>> names() async => [
        for (final row
            in (await connection.query('SELECT name FROM t ORDER BY id')).rows)
          row[0],
      ];

  test('a builder is lent, and keeps its rows', () async {
    final rows = OdbcRowsBuilder({'id': OdbcType.int64, 'name': OdbcType.text},
        batchRows: 2);
    for (var i = 0; i < 5; i++) {
      rows.addRow([i, i == 3 ? null : 'näme $i']);
    }
    final result = await connection.bulkInsert('t', rows);
    expect(result.rows, 5);
    expect(await names(), ['näme 0', 'näme 1', 'näme 2', null, 'näme 4']);
    await connection.execute('DELETE FROM t');
    expect((await connection.bulkInsert('t', rows)).rows, 5);
    rows.close();
  });

  test('iterables and streams are read here, functions there', () async {
    await connection.bulkInsert('t', [
      {'id': 1, 'name': 'a'},
    ]);
    await connection.bulkInsert(
        't',
        Stream.fromIterable([
          {'id': 2, 'name': 'b'}
        ]));
    await connection.bulkInsert('t', _madeThere, columns: ['id', 'name']);
    expect(await names(), ['a', 'b', 'isolate odbc connection']);
  });

  test('a stream goes from one connection into another', () async {
    await connection.bulkInsert('t', [
      for (var i = 0; i < 3000; i++) {'id': i, 'name': 'name $i'},
    ]);
    final other =
        await OdbcAsyncConnection.open(_connectionString, engine: engine);
    addTearDown(other.close);
    final stream = await connection.stream('SELECT id, name FROM t');
    final result =
        await other.bulkInsert('u', stream, mode: OdbcBulkMode.create);
    expect(result.rows, 3000);
    await stream.close();
    expect((await other.query('SELECT max(id) FROM u')).rows.single[0], 2999);
  });

  test('a stream of a synchronous connection goes into others', () async {
    final sync = OdbcConnection.open(_connectionString, engine: engine);
    addTearDown(sync.close);
    final folder = Directory.systemTemp.createTempSync('odbc_sync_stream');
    addTearDown(() => folder.deleteSync(recursive: true));
    final pool = await OdbcAsyncPool.open(
        'Driver=SQLite3;Database=${folder.path}/pool.db',
        engine: engine);
    addTearDown(pool.close);
    Future<int> insert(
        Future<OdbcBulkResult> Function(OdbcStream stream) into) async {
      final stream = sync.stream(
          'WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL '
          'SELECT id + 1 FROM n WHERE id < ?) SELECT id FROM n',
          [3000]);
      final result = await into(stream);
      stream.close();
      return result.rows;
    }

    expect(await insert((stream) => connection.bulkInsert('t', stream)), 3000);
    expect(
        await insert((stream) => pool.bulkInsertParallel('t', stream,
            mode: OdbcBulkMode.create, parallelism: 1)),
        3000);
    await expectLater(
        insert((stream) =>
            connection.bulkInsert('t', stream, types: {'id': OdbcType.int64})),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['types']));
  });

  test('the event loop goes on meanwhile', () async {
    var beats = 0;
    final heart =
        Timer.periodic(const Duration(milliseconds: 1), (_) => beats++);
    final result = await connection
        .bulkInsert('t', () => _numbers(500000), columns: ['id']);
    heart.cancel();
    expect(result.rows, 500000);
    expect(beats, greaterThan(5));
  });

  test('what fails there fails here', () async {
    await expectLater(
        connection.bulkInsert('t', [
          {'id': 1, 'name': 'a'},
          {'id': 2, 'name': 5},
        ]),
        throwsOdbc(OdbcErrorKind.invalidArgument, column: 'name', row: 1));
    await expectLater(connection.bulkInsert('t', _failing, columns: ['id']),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['no more rows']));
    final port = ReceivePort();
    await expectLater(
        connection.bulkInsert(
            't',
            () => [
                  {'id': port.hashCode}
                ]),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['isolate']));
    port.close();
    await expectLater(
        connection.bulkInsert('t', [
          for (final id in [1, 2, 1]) {'id': id},
        ]),
        throwsOdbc(OdbcErrorKind.constraint, row: 2));
    expect(await names(), isEmpty);
  });

  test('a worker that dies in an insert frees what it was lent', () async {
    final rows = OdbcRowsBuilder({'id': OdbcType.int64}, batchRows: 10);
    for (var i = 0; i < 200000; i++) {
      rows.addRow([i]);
    }
    final inserting = connection.bulkInsert('t', rows);
    connection.isolate.kill(priority: Isolate.immediate);
    await expectLater(inserting, throwsOdbc(OdbcErrorKind.invalidState));
    final other =
        await OdbcAsyncConnection.open(_connectionString, engine: engine);
    addTearDown(other.close);
    expect((await other.bulkInsert('t', rows, mode: OdbcBulkMode.create)).rows,
        200000);
    rows.close();
  });

  test('a worker may die while it builds rows', () async {
    final begun = ReceivePort();
    final inserting = connection
        .bulkInsert('t', _saying(begun.sendPort, 10000000), columns: ['id']);
    await begun.first;
    connection.isolate.kill(priority: Isolate.immediate);
    await expectLater(inserting, throwsOdbc(OdbcErrorKind.invalidState));
  });

  test('a repository inserts by both kinds of connections', () async {
    Future<int> insert(OdbcService service) async {
      final result = await service.bulkInsert(
          'r',
          [
            {'id': 1},
            {'id': 2},
          ],
          mode: OdbcBulkMode.create);
      return result.rows;
    }

    expect(await insert(connection), 2);
    final sync = OdbcConnection.open(_connectionString, engine: engine);
    expect(await insert(sync), 2);
    sync.close();
  });
}

List<List<Object?>> _madeThere() => [
      [3, 'isolate ${Isolate.current.debugName}'],
    ];

Iterable<List<Object?>> _numbers(int count) sync* {
  for (var i = 0; i < count; i++) {
    yield [i];
  }
}

Iterable<List<Object?>> _failing() sync* {
  yield [1];
  throw StateError('no more rows');
}

/// Numbers, of which the hundred thousandth tells that it is read.
Iterable<List<Object?>> Function() _saying(SendPort begun, int count) =>
    () => _numbers(count).map((row) {
          if (row.single == 100000) begun.send(null);
          return row;
        });
