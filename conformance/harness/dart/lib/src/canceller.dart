import 'dart:async';
import 'dart:isolate';

import 'package:odbc_engine/odbc_engine.dart';

/// An isolate that cancels while this one is blocked.
final class Canceller {
  ReceivePort? _answers;
  late final StreamIterator<Object?> _heard = StreamIterator(_answers!);
  late final SendPort _orders;

  /// Cancels by [handle] once this time has passed, so many [times] at once,
  /// unless [end] is called before.
  Future<void> begin(OdbcCancelHandle handle,
      {required int afterMs, required int times}) async {
    if (_answers == null) {
      final answers = _answers = ReceivePort();
      await Isolate.spawn(_work, answers.sendPort);
      await _heard.moveNext();
      _orders = _heard.current! as SendPort;
    }
    _orders.send((handle, afterMs, times));
  }

  /// What went wrong when it was cancelled, if it was.
  Future<OdbcException?> end() async {
    _orders.send(null);
    await _heard.moveNext();
    return _heard.current as OdbcException?;
  }
}

void _work(SendPort answers) {
  final orders = ReceivePort();
  answers.send(orders.sendPort);
  Timer? timer;
  OdbcException? failure;
  orders.listen((order) {
    if (order case (final OdbcCancelHandle handle, final int ms, final int n)) {
      failure = null;
      timer = Timer(Duration(milliseconds: ms), () {
        try {
          for (var i = 0; i < n; i++) {
            handle.cancel();
          }
        } on OdbcException catch (error) {
          failure = error;
        }
      });
    } else {
      timer?.cancel();
      answers.send(failure);
    }
  });
}
