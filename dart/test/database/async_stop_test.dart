import 'dart:async';
import 'dart:io';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:odbc_engine/src/async/abort.dart';
import 'package:test/test.dart';

import '../exception_matcher.dart';
import 'engine.dart';
import 'refusing_library.dart';

/// A row, and behind it nothing for longer than anybody waits.
const _oneThenLong = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 '
    'FROM n WHERE i < 1000000000) SELECT i FROM n WHERE i < 2';

void main() {
  final engine = testEngine();
  final options = OdbcStreamOptions(batchRowsMax: 1);
  late OdbcAsyncConnection connection;

  setUp(() async => connection = await OdbcAsyncConnection.open(
      'Driver=SQLite3;Database=:memory:',
      options: OdbcConnectionOptions(streaming: true),
      engine: engine));
  tearDown(() => connection.close());

  /// Cancels what listens to [rows] once the fetch behind the first row runs.
  Future<void> expectStopped(Stream<Object?> rows, {bool pause = false}) async {
    final watch = Stopwatch()..start();
    final first = Completer<void>();
    final subscription = rows.listen((_) => first.complete());
    await first.future;
    await Future<void>.delayed(const Duration(milliseconds: 50));
    if (pause) subscription.pause();
    await subscription.cancel();
    expect((await connection.query('SELECT 1 AS a')).rows, hasLength(1));
    expect(watch.elapsed, lessThan(const Duration(seconds: 5)));
  }

  test('who stops listening stops the fetch that runs', () async {
    for (final pause in [false, true]) {
      final rows = await connection.stream(_oneThenLong, const [], options);
      await expectStopped(rows.rows, pause: pause);
      expect(rows.isClosed, isTrue);
      final batches = await connection.stream(_oneThenLong, const [], options);
      await expectStopped(batches.batches, pause: pause);
      expect(batches.isClosed, isTrue);
    }
  });

  test('who stops listening to a query hears of no error', () async {
    for (final pause in [false, true]) {
      await expectStopped(connection.rows(_oneThenLong, const [], options),
          pause: pause);
    }
  });

  test('a paused listener is given no rows', () async {
    final given = <Object?>[];
    final subscription = connection
        .rows('SELECT 1 AS a UNION ALL SELECT 2', const [], options)
        .listen((row) => given.add('${row[0]}'))
      ..pause();
    await connection.query('SELECT 1');
    expect(given, isEmpty);
    subscription.resume();
    await subscription.asFuture<void>();
    await subscription.cancel();
    expect(given, ['1', '2']);
  });

  test('what is left of a stream that fails is told once', () async {
    final errors = <Object>[];
    final stream = await connection.stream(_oneThenLong, const [], options);
    final ended = Completer<void>();
    stream.rows.listen((_) {
      Timer(const Duration(milliseconds: 50), stream.cancel);
    }, onError: errors.add, onDone: ended.complete);
    await ended.future;
    expect(errors.single, isA<OdbcCancelledException>());
    expect(stream.isClosed, isTrue);
  });

  test('an abort keeps nothing of a call that is done', () async {
    final abort = Completer<void>();
    final aborted = connection.abortedBy(abort.future);

    Future<WeakReference<Object>> ask() async {
      final parameters = ['x' * 100];
      await aborted.query('SELECT ? AS a', parameters);
      await aborted.rows('SELECT ? AS a', parameters).drain<void>();
      return WeakReference(parameters);
    }

    final asked = await ask();
    for (var round = 0; round < 500 && asked.target != null; round++) {
      List.generate(100000, (i) => [i]);
      await Future<void>.delayed(Duration.zero);
    }
    expect(asked.target, isNull);
    abort.complete();
    await abort.future;
    await expectLater(
        aborted.query('SELECT 1'), throwsOdbc(OdbcErrorKind.cancelled));
  });

  test('what was started though it was to stop is closed', () async {
    final folder = Directory.systemTemp.createTempSync('odbc_engine_');
    addTearDown(() => folder.deleteSync(recursive: true));
    final other = await OdbcAsyncConnection.open(
        'Driver=SQLite3;Database=:memory:',
        engine: refusingEngine(engine, folder));
    final before = metrics(engine: engine);
    final abort = Completer<void>();
    final refused = expectLater(
        other.abortedBy(abort.future).stream(
            'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL '
            'SELECT i + 1 FROM n WHERE i < 2000000) SELECT count(*) FROM n'),
        throwsOdbc(OdbcErrorKind.unsupported));
    Timer(const Duration(milliseconds: 50), abort.complete);
    await refused;
    await other.query('SELECT 1');
    final after = metrics(engine: engine);
    expect(after.openStreams, before.openStreams);
    expect(after.openStatements, before.openStatements);
    await other.close();
  });

  test('an abort above stops those below, until they end', () {
    final above = Abort();
    final stopped = <String>[];
    Abort(above).add(() => stopped.add('below'));
    Abort(above)
      ..add(() => stopped.add('ended'))
      ..end();
    void forgotten() => stopped.add('forgotten');
    above
      ..add(forgotten)
      ..remove(forgotten)
      ..stop()
      ..stop()
      ..add(() => stopped.add('late'));
    expect(stopped, ['below', 'late']);
  });
}
