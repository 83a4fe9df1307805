import 'dart:io' show sleep;

import 'exception.dart';

const _firstPause = Duration(milliseconds: 10);
const _longestPause = Duration(seconds: 1);

/// Runs [work] until it succeeds, [attempts] times at most, and again only
/// after an [OdbcException] that is [OdbcException.retryable] and that [when],
/// if given, agrees to.
///
/// All of [work] is done again, so it must begin anew what the error has ended:
/// after a lost connection, the connection.
///
/// Before each further attempt the isolate sleeps: 10 milliseconds, then twice
/// as long each time, up to a second.
T retry<T>(
  T Function() work, {
  int attempts = 3,
  bool Function(OdbcException error)? when,
}) {
  _checkAttempts(attempts);
  var pause = _firstPause;
  for (var attempt = 1;; attempt++) {
    try {
      return work();
    } on OdbcException catch (error) {
      final again = error.retryable && (when == null || when(error));
      if (!again || attempt >= attempts) rethrow;
    }
    sleep(pause);
    pause = _nextPause(pause);
  }
}

/// Like [retry], for [work] that gives a future; other work of the isolate goes
/// on while this waits.
Future<T> retryAsync<T>(
  Future<T> Function() work, {
  int attempts = 3,
  bool Function(OdbcException error)? when,
}) async {
  _checkAttempts(attempts);
  var pause = _firstPause;
  for (var attempt = 1;; attempt++) {
    try {
      return await work();
    } on OdbcException catch (error) {
      final again = error.retryable && (when == null || when(error));
      if (!again || attempt >= attempts) rethrow;
    }
    await Future<void>.delayed(pause);
    pause = _nextPause(pause);
  }
}

void _checkAttempts(int attempts) {
  if (attempts >= 1) return;
  throw OdbcException(
    OdbcErrorKind.invalidArgument,
    'attempts must be 1 or more, not $attempts',
    operation: 'retry',
  );
}

Duration _nextPause(Duration pause) =>
    pause * 2 > _longestPause ? _longestPause : pause * 2;
