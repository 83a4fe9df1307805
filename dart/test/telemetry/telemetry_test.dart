import 'dart:async';
import 'dart:io';

import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

import '../database/engine.dart';
import '../exception_matcher.dart';
import 'stub_library.dart';

const _database = 'Driver=SQLite3;Database=:memory:';
const _memory = TelemetryOptions(exporter: TelemetryExporter.memory);

void main() {
  final engine = testEngine();
  final repository = TelemetryRepository(engine);
  final service = TelemetryService(repository);

  tearDown(() {
    repository
      ..shutdownSync()
      ..cleanup();
  });

  Map<String, Object?> named(List<Map<String, Object?>> spans, Pattern name) =>
      spans.singleWhere((span) => (span['name']! as String).startsWith(name));

  test('spans of the engine are children of the application, blocking', () {
    repository.init(_memory);
    final connection = OdbcConnection.open(_database, engine: engine);
    final statement = connection.prepare('SELECT 47110815');
    service.traceSync('outer', (outer) {
      outer.setAttribute('n', 1);
      service.traceSync('inner', (_) => statement.query());
      connection.execute('SELECT 2');
    }, kind: TelemetrySpanKind.server);
    connection
      ..execute('SELECT 3')
      ..close();
    final spans = repository.finished();
    final outer = named(spans, 'outer');
    final inner = named(spans, 'inner');
    expect(outer['parent_span_id'], isNull);
    expect(outer['kind'], 'server');
    expect(outer['attributes'], {'n': 1});
    expect(inner['parent_span_id'], outer['span_id']);
    expect(named(spans, 'fetch')['parent_span_id'], inner['span_id']);
    final selects = [
      for (final span in spans)
        if (span['name'] == 'SELECT') span['parent_span_id'],
    ];
    expect(selects, [inner['span_id'], outer['span_id'], null]);
    expect('$spans', isNot(contains('47110815')));
  });

  test('spans that run at once keep to their own, without blocking', () async {
    repository.init(_memory);
    late final OdbcAsyncConnection connection;
    await service.trace('opening', (_) async {
      connection = await OdbcAsyncConnection.open(_database, engine: engine);
    });
    await Future.wait([
      for (var i = 0; i < 5; i++)
        service.trace('work $i', (_) async {
          for (var j = 0; j < 3; j++) {
            await connection.execute('SELECT $i');
          }
        }),
    ]);
    await connection.close();
    final spans = repository.finished();
    expect(named(spans, 'connect')['parent_span_id'],
        named(spans, 'opening')['span_id']);
    for (var i = 0; i < 5; i++) {
      final work = named(spans, 'work $i');
      final children =
          spans.where((span) => span['parent_span_id'] == work['span_id']);
      expect(children.length, 3);
      expect({for (final child in children) child['trace_id']},
          {work['trace_id']});
    }
  });

  test('a connection of a pool belongs to who borrowed it', () {
    repository.init(_memory);
    final folder = Directory.systemTemp.createTempSync();
    final pool = OdbcPool.open('Driver=SQLite3;Database=${folder.path}/a.db',
        options: OdbcPoolOptions(sizeMin: 0), engine: engine);
    service.traceSync('borrow', (_) {
      pool.acquire()
        ..execute('SELECT 1')
        ..close();
    });
    pool.acquire()
      ..execute('SELECT 2')
      ..close();
    pool.close();
    folder.deleteSync(recursive: true);
    final spans = repository.finished();
    final id = named(spans, 'borrow')['span_id'];
    expect(named(spans, 'connect')['parent_span_id'], id);
    final acquired = [
      for (final span in spans)
        if ((span['name']! as String).startsWith('acquire'))
          span['parent_span_id'],
    ];
    expect(acquired, [id, null]);
    final selects = [
      for (final span in spans)
        if (span['name'] == 'SELECT') span['parent_span_id'],
    ];
    expect(selects, [id, null]);
  });

  test('a failure is told by its kind, never by its message', () async {
    repository.init(_memory);
    final connection = OdbcConnection.open(_database, engine: engine);
    expect(
        () => service.traceSync('fails', (_) => connection.execute('SELEKT 1')),
        throwsOdbc(OdbcErrorKind.syntax));
    await expectLater(
        service.trace('breaks', (_) => throw StateError('secret')),
        throwsStateError);
    connection.close();
    final spans = repository.finished();
    expect(named(spans, 'fails')['status'],
        {'code': 'error', 'message': 'Syntax'});
    expect((named(spans, 'breaks')['attributes']! as Map)['error.type'],
        'StateError');
    expect('$spans', isNot(contains('secret')));
  });

  test('a trace of another process goes on, sampled or not', () async {
    repository.init(_memory);
    const trace = '0af7651916cd43dd8448eb211c80319c';
    await service.trace('heard', (span) {
      expect(span.traceparent, startsWith('00-$trace-'));
    }, parent: '00-$trace-b7ad6b7169203331-01');
    await service.trace('unheard', (span) {
      expect(span.isSampled, isFalse);
    }, parent: '00-$trace-b7ad6b7169203331-00');
    await service.trace('begun', (_) {}, parent: 'nonsense');
    final spans = repository.finished();
    expect([for (final span in spans) span['name']], ['heard', 'begun']);
    expect(spans.first['parent_span_id'], 'b7ad6b7169203331');
    expect(spans.last['trace_id'], isNot(trace));
  });

  test('what a span cannot hold fails no work', () {
    repository.init(_memory);
    final cyclic = <Object>[];
    cyclic.add(cyclic);
    expect(
        service.traceSync('odd', (span) {
          span
            ..setAttribute('ratio', 0 / 0)
            ..setAttribute('ratios', [0.5, double.infinity])
            ..setAttribute('when', DateTime.utc(2024))
            ..addEvent('event', {'lowest': double.negativeInfinity});
          return 5;
        }),
        5);
    expect(service.traceSync('lost', (_) => 6, attributes: {'c': cyclic}), 6);
    final span = repository.finished().single;
    expect(span['attributes'], {
      'ratio': 'NaN',
      'ratios': ['0.5', 'Infinity'],
      'when': '2024-01-01 00:00:00.000Z',
    });
    expect('${span['events']}', contains('-Infinity'));
  });

  test('a malformed trace of another process is ignored', () async {
    repository.init(_memory);
    const trace = '0af7651916cd43dd8448eb211c80319c';
    for (final traceparent in [
      'garbage',
      '',
      '00-$trace-b7ad6b7169203331-01-more',
      '00-$trace-0000000000000000-01',
    ]) {
      service.within(
          traceparent,
          () => OdbcConnection.open(_database, engine: engine)
            ..execute('SELECT 1')
            ..close());
      final connection = await service.within(traceparent,
          () => OdbcAsyncConnection.open(_database, engine: engine));
      await connection.close();
    }
    service.traceSync('begun', (_) {},
        parent: '00-$trace-b7ad6b7169203331-01-more');
    expect('${repository.finished()}', isNot(contains(trace)));
  });

  test('what is never sampled is never exported', () {
    repository.init(const TelemetryOptions(
        exporter: TelemetryExporter.memory, sampler: 'always_off'));
    service.traceSync('quiet', (_) {
      OdbcConnection.open(_database, engine: engine).close();
    });
    expect(repository.finished(), isEmpty);
  });

  test('a last error is kept until it is forgotten, and never another', () {
    expect(() => repository.export([]),
        throwsOdbc(OdbcErrorKind.invalidState, says: ['otel_init first']));
    expect(repository.lastError,
        'otel_export_trace: telemetry is not on; call otel_init first');
    expect(
        () => repository.initWith('{"endpont": 1}'),
        throwsOdbc(OdbcErrorKind.invalidArgument,
            says: ['there is no option "endpont"']));
    expect(repository.lastError, startsWith('otel_init: '));
    expect(repository.cleanup(), 0);
    expect(repository.lastError, isEmpty);
    expect(() => repository.initWith('{"protocol": "grpc"}'),
        throwsOdbc(OdbcErrorKind.unsupported, says: ['"protocol"']));
    expect(repository.init(_memory), 0);
    expect(repository.lastError, isEmpty);
    expect(repository.init,
        throwsOdbc(OdbcErrorKind.invalidState, says: ['otel_shutdown first']));
    expect(() => repository.isSampled('x'),
        throwsOdbc(OdbcErrorKind.invalidArgument));
  });

  test('long texts come whole', () {
    repository.init(_memory);
    for (var i = 0; i < 200; i++) {
      service.traceSync('größe $i', (_) {});
    }
    expect(repository.finished().length, 200);
    expect(repository.finished(), isEmpty);
  });

  test('a shutdown does not block, and says what was lost', () async {
    // A socket that listens, and never answers.
    final listener = await ServerSocket.bind('127.0.0.1', 0);
    repository.init(TelemetryOptions(
      endpoint: 'http://127.0.0.1:${listener.port}',
      shutdownTimeout: const Duration(milliseconds: 300),
    ));
    service.traceSync('lost', (_) {});
    var ticks = 0;
    final timer =
        Timer.periodic(const Duration(milliseconds: 5), (_) => ticks++);
    await expectLater(repository.shutdown(),
        throwsOdbc(OdbcErrorKind.timeout, says: ['within 300 ms']));
    timer.cancel();
    await listener.close();
    expect(ticks, greaterThan(1));
  });

  test('a library without telemetry does nothing, and says so', () async {
    final folder = Directory.systemTemp.createTempSync();
    addTearDown(() => folder.deleteSync(recursive: true));
    final stub = TelemetryRepository(stubEngine(folder));
    final unsupported = OdbcErrorKind.unsupported.number;
    expect(stub.isSupported, isFalse);
    expect(stub.lastError, contains('has no symbol otel_init'));
    expect(stub.init(), unsupported);
    expect(stub.export([]), unsupported);
    expect(stub.cleanup(), unsupported);
    expect(stub.finished(), isEmpty);
    expect(stub.isSampled('0af7651916cd43dd8448eb211c80319c'), isFalse);
    expect(await stub.shutdown(), unsupported);
    expect(stub.shutdownSync(), unsupported);
    final quiet = TelemetryService(stub);
    expect(await quiet.trace('work', (_) => 5), 5);
    expect(quiet.traceSync('work', (_) => 6), 6);
    expect(quiet.within('00-x', () => 7), 7);
  });
}
