import 'dart:async';
import 'dart:io';

import 'package:stack_trace/stack_trace.dart';
import 'package:test_api/backend.dart';
// The backend library does not export these two.
// ignore_for_file: implementation_imports
import 'package:test_api/src/backend/operating_system.dart';
import 'package:test_api/src/backend/state.dart' show Result;

import 'tally.dart';

/// Runs the tests that [declare] declares, one after another, and prints one line for each.
///
/// With [names], only tests whose full name matches every pattern run.
Future<Tally> runSuite(
  String path,
  Function declare,
  List<Pattern> names,
) async {
  final declarer = Declarer();
  try {
    await declarer.declare(() async => await declare());
  } catch (error, stack) {
    _printFailure('$path: loading', error, stack);
    return Tally(failed: 1);
  }
  final platform = SuitePlatform(
    Runtime.vm,
    os: OperatingSystem.findByIoName(Platform.operatingSystem),
  );
  final suite = Suite(
    declarer.build(),
    platform,
    path: path,
  ).filter((test) => names.every(test.name.contains));
  final run = _SuiteRun(suite);
  await Invoker.guard(() => run.group(suite.group, []));
  return run.tally;
}

final class _SuiteRun {
  final Suite suite;
  final tally = Tally();

  _SuiteRun(this.suite);

  Future<void> group(Group group, List<Group> parents) async {
    final groups = [...parents, group];
    if (group.entries.isEmpty) return;
    if (group.metadata.skip) {
      _skip(group.name, group.metadata.skipReason, group.testCount);
      return;
    }
    if (group.setUpAll case final setUp? when !await _scaffold(setUp, groups)) {
      await _tearDownAll(group, groups);
      return;
    }
    for (final entry in group.entries) {
      switch (entry) {
        case Group():
          await this.group(entry, groups);
        case Test():
          await _test(entry, groups);
      }
    }
    await _tearDownAll(group, groups);
  }

  Future<void> _tearDownAll(Group group, List<Group> groups) async {
    if (group.tearDownAll case final tearDown?)
      await _scaffold(tearDown, groups);
  }

  /// Runs a setUpAll or tearDownAll, which counts only when it fails.
  Future<bool> _scaffold(Test test, List<Group> groups) async {
    final result = await _run(test, groups);
    if (result.isFailing) tally.failed++;
    return result.isPassing;
  }

  Future<void> _test(Test test, List<Group> groups) async {
    if (test.metadata.skip) {
      _skip(test.name, test.metadata.skipReason, 1);
      return;
    }
    switch (await _run(test, groups)) {
      case Result.success:
        tally.passed++;
        _printLine('ok', test.name);
      case Result.skipped:
        _skip(test.name, null, 1);
      case Result.failure || Result.error:
        tally.failed++;
    }
  }

  Future<Result> _run(Test test, List<Group> groups) async {
    final live = test.load(suite, groups: groups);
    live.onMessage.listen((message) => stdout.writeln(message.text));
    await live.run();
    // Errors that the test left for the next turn of the event loop still belong to it.
    await Future<void>.delayed(Duration.zero);
    final result = live.state.result;
    for (final error in live.errors) {
      _printFailure(
        '${suite.path}: ${test.name}',
        error.error,
        error.stackTrace,
      );
    }
    return result;
  }

  void _skip(String name, String? reason, int count) {
    tally.skipped += count;
    _printLine('skip', reason == null ? name : '$name ($reason)');
  }

  void _printLine(String outcome, String name) =>
      stdout.writeln('  ${outcome.padRight(4)}  ${suite.path}: $name');
}

void _printFailure(String what, Object error, StackTrace stack) {
  stdout
    ..writeln('  FAIL  $what')
    ..writeln(_indent('$error'.trimRight()))
    ..writeln(_indent('${_shortened(stack)}'.trimRight()));
}

/// The trace without the frames of the test packages themselves.
Trace _shortened(StackTrace stack) => Trace.from(stack).foldFrames(
      (frame) => const {'matcher', 'test_api', 'test'}.contains(frame.package),
      terse: true,
    );

String _indent(String text) =>
    text.split('\n').map((line) => '        $line').join('\n');
