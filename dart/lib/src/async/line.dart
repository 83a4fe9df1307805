/// The order in which a connection is asked.
library;

import 'dart:collection';

import '../exception.dart';

/// What waits for its turn behind places that are kept.
final class Line {
  final _places = Queue<Place>();

  /// Whether nothing waits, nor keeps a place.
  bool get isEmpty => _places.isEmpty;

  /// Keeps the next place for what is to be sent later; [leave] gives it up.
  Place keep() {
    final place = Place._();
    _places.add(place);
    return place;
  }

  /// Calls [send] in its turn, which is that of [place] if one was kept.
  void send(void Function() send, [Place? place]) {
    if (place == null && _places.isEmpty) return send();
    (place ?? keep())._send = send;
    _advance();
  }

  /// Lets those behind [place] go on, unless it is about to be their turn.
  void leave(Place place) {
    place._send ??= () {};
    _advance();
  }

  /// Gives every place up: what is to be sent there is refused with [reason].
  void end(OdbcException reason) {
    for (final place in _places) {
      place._refusal = reason;
    }
    _places.clear();
  }

  /// Stops what places are kept for.
  void stop() {
    for (final place in _places) {
      place.stop();
    }
  }

  void _advance() {
    while (_places.isNotEmpty && _places.first._send != null) {
      _places.removeFirst()._send!();
    }
  }
}

/// A place in a [Line].
final class Place {
  Place._();

  void Function()? _send;
  OdbcException? _refusal;

  /// Keeps what is to be sent here from being so.
  void stop() => _refusal ??= cancelledBefore();

  /// Throws what keeps this from being sent, if something does.
  void check() {
    if (_refusal case final refusal?) throw refusal;
  }
}

/// What says that a call was stopped in time.
OdbcException cancelledBefore() => OdbcException(
      OdbcErrorKind.cancelled,
      'the call was cancelled before it began',
      operation: 'cancel',
      sqlstate: 'HY008',
    );
