import 'dart:async';
import 'dart:isolate';
import 'dart:typed_data';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import '../exception_matcher.dart';
import 'engine.dart';

/// More rows than are read at once.
const _count = 150000;

Iterable<List<Object?>> _rows([int count = _count]) sync* {
  for (var i = 0; i < count; i++) {
    yield [i];
  }
}

void main() {
  final engine = testEngine();
  const columns = ['i'];
  late OdbcAsyncConnection connection;

  setUp(() async {
    connection = await OdbcAsyncConnection.open(
        'Driver=SQLite3;Database=:memory:',
        engine: engine);
    await connection.execute('CREATE TABLE t (i INTEGER)');
  });
  tearDown(() => connection.close());

  Future<Object?> count() async =>
      (await connection.query('SELECT count(*) FROM t')).rows.single[0];

  test('each execution of a statement has its own rows', () async {
    final statement = await connection.prepare('SELECT ? AS a');
    final results = await Future.wait([
      for (var i = 0; i < 5; i++) statement.query([i]),
      statement.execute([5]),
      statement.query([6]),
    ]);
    expect([
      for (final result in results.whereType<OdbcResult>())
        result.rows.single['a'],
    ], [
      0,
      1,
      2,
      3,
      4,
      6
    ]);
  });

  test('a query is read before what is asked behind it', () async {
    await connection.execute('INSERT INTO t VALUES (1)');
    final statement = await connection.prepare('SELECT i FROM t');
    final asked = [
      connection.query('SELECT i FROM t'),
      statement.query(),
    ];
    final closed = [statement.close(), connection.close()];
    for (final result in await Future.wait(asked)) {
      expect(result.rows.single['i'], 1);
    }
    await Future.wait(closed);
  });

  test('an insert of an iterable keeps its place', () async {
    final done = [
      connection.begin(),
      connection.bulkInsert('t', _rows(), columns: columns),
      connection.execute('INSERT INTO t VALUES (7)'),
      connection.bulkInsert('t', _rows(), columns: columns),
    ];
    final counted = count();
    final undone = connection.rollback();
    await Future.wait(done);
    expect(await counted, 2 * _count + 1);
    await undone;
    expect(await count(), 0);
  });

  test('what waits behind an insert has the values of when it was asked',
      () async {
    final inserted = connection.bulkInsert('t', _rows(), columns: columns);
    final bytes = Uint8List.fromList([1]);
    final list = <Object?>[1, bytes];
    final map = <String, Object?>{'i': 1, 'b': bytes};
    final waiting = [
      connection.query('SELECT ? AS i, ? AS b', list),
      connection.query('SELECT :i AS i, :b AS b', map),
    ];
    list[0] = map['i'] = 2;
    bytes[0] = 2;
    for (final result in await Future.wait(waiting)) {
      expect(result.rows.single['i'], 1);
      expect(result.rows.single['b'], [1]);
    }
    expect((await inserted).rows, _count);
  });

  test('a value that cannot be sent holds nothing up behind an insert',
      () async {
    final inserted = connection.bulkInsert('t', _rows(), columns: columns);
    final port = ReceivePort();
    addTearDown(port.close);
    final refused = expectLater(connection.query('SELECT ?', [port]),
        throwsOdbc(OdbcErrorKind.invalidArgument, says: ['cannot be sent']));
    final counted = count();
    await refused;
    expect(await counted, _count);
    expect((await inserted).rows, _count);
  });

  test('rows that cannot be read hold nothing up', () async {
    final refused = expectLater(
        connection.bulkInsert('t',
            _rows().map((row) => row[0] == 99999 ? const <Object?>[] : row),
            columns: columns),
        throwsOdbc(OdbcErrorKind.invalidArgument, row: 99999));
    expect(await count(), 0);
    await refused;
  });

  test('a close waits for rows that are being read', () async {
    final inserted = connection.bulkInsert('t', _rows(), columns: columns);
    final closed = connection.close();
    await expectLater(count(), throwsOdbc(OdbcErrorKind.invalidState));
    expect((await inserted).rows, _count);
    await closed;
  });

  test('a second close waits for the first', () async {
    final statement = await connection.prepare('SELECT 1');
    final stream = await connection.stream('SELECT 1');
    final pool = await OdbcAsyncPool.open('Driver=SQLite3;Database=:memory:',
        engine: engine);
    for (final close in [statement.close, stream.close, pool.close]) {
      var closed = false;
      final first = close().whenComplete(() => closed = true);
      await close();
      expect(closed, isTrue);
      await first;
    }
  });

  test('a cancel ends the reading of rows', () async {
    const endless = 1 << 60;
    final stopped = expectLater(
        connection.bulkInsert('t', _rows(endless), columns: columns),
        throwsOdbc(OdbcErrorKind.cancelled));
    final abort = Completer<void>();
    final aborted = expectLater(
        connection
            .abortedBy(abort.future)
            .bulkInsert('t', _rows(endless), columns: columns),
        throwsOdbc(OdbcErrorKind.cancelled));
    final behind = count();
    abort.complete();
    await aborted;
    connection.cancel();
    await stopped;
    await expectLater(behind, throwsOdbc(OdbcErrorKind.cancelled));
    expect(await count(), 0);
  });

  test('a worker may die while rows are read', () async {
    final gone = throwsOdbc(OdbcErrorKind.invalidState);
    final lost = [
      expectLater(connection.bulkInsert('t', _rows(), columns: columns), gone),
      expectLater(count(), gone),
    ];
    connection.isolate.kill(priority: Isolate.immediate);
    await Future.wait(lost);
  });

  test('a stream of the same connection is read first', () async {
    await connection.bulkInsert('t', _rows(10), columns: columns);
    final result =
        await connection.bulkInsert('t', connection.rows('SELECT i FROM t'));
    expect(result.rows, 10);
    expect(await count(), 20);
  });
}
