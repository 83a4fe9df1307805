import 'dart:convert';

/// How many tests ended how. Plain data, so that isolates and processes can hand it on.
final class Tally {
  int passed;
  int failed;
  int skipped;

  Tally({this.passed = 0, this.failed = 0, this.skipped = 0});

  factory Tally.decode(String text) {
    final counts = jsonDecode(text) as Map<String, Object?>;
    return Tally(
      passed: counts['passed']! as int,
      failed: counts['failed']! as int,
      skipped: counts['skipped']! as int,
    );
  }

  String encode() =>
      jsonEncode({'passed': passed, 'failed': failed, 'skipped': skipped});

  void add(Tally other) {
    passed += other.passed;
    failed += other.failed;
    skipped += other.skipped;
  }

  bool get ranNothing => passed + failed == 0;

  @override
  String toString() =>
      '$passed passed, $failed failed${skipped == 0 ? '' : ', $skipped skipped'}';
}
