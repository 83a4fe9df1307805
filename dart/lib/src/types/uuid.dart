import 'dart:typed_data';

final _pattern =
    RegExp(r'^\{?([0-9a-fA-F]{8})-?([0-9a-fA-F]{4})-?([0-9a-fA-F]{4})-?'
        r'([0-9a-fA-F]{4})-?([0-9a-fA-F]{12})\}?$');

/// `8-4-4-4-12` in lower case.
String formatUuid(Uint8List bytes) {
  final digits = [
    for (final byte in bytes) byte.toRadixString(16).padLeft(2, '0'),
  ].join();
  return [
    digits.substring(0, 8),
    digits.substring(8, 12),
    digits.substring(12, 16),
    digits.substring(16, 20),
    digits.substring(20),
  ].join('-');
}

/// The 16 bytes of [text], or null when it is not a UUID; case, hyphens and
/// braces are free.
Uint8List? tryParseUuid(String text) {
  final match = _pattern.firstMatch(text);
  if (match == null) return null;
  final digits = [for (var i = 1; i <= 5; i++) match[i]!].join();
  return Uint8List.fromList([
    for (var i = 0; i < 32; i += 2)
      int.parse(digits.substring(i, i + 2), radix: 16),
  ]);
}
