/// Stopping what is asked.
library;

import 'dart:async';

/// What stops several calls at once, as long as they are not done.
final class Abort {
  /// One that stops also when [_above] does, until [end].
  Abort([this._above]) {
    _above?.add(stop);
  }

  /// The one that stops when [abort] completes.
  factory Abort.when(Future<void> abort) =>
      _all[abort] ??= Abort().._follow(abort);

  // A listener cannot be taken back from a future, so each has one only.
  static final _all = Expando<Abort>();

  final Abort? _above;
  final _stops = <void Function()>{};
  bool _stopped = false;

  /// Has [stop] called when this stops, which may be now, unless it is
  /// [remove]d before.
  void add(void Function() stop) => _stopped ? stop() : _stops.add(stop);

  /// Forgets [stop].
  void remove(void Function() stop) => _stops.remove(stop);

  /// Stops what was added, and what will be.
  void stop() {
    _stopped = true;
    final stops = [..._stops];
    _stops.clear();
    for (final stop in stops) {
      stop();
    }
  }

  void _follow(Future<void> abort) =>
      unawaited(abort.then((_) => stop(), onError: (_) => stop()));

  /// Stops no more with the one above.
  void end() => _above?.remove(stop);
}
