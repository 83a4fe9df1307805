/// Reading of UTF-8 as it is.
library;

import 'dart:convert';
import 'dart:typed_data';

/// The text of [bytes] from [start] to [end], every character of it.
String exactText(Uint8List bytes, [int start = 0, int? end]) {
  final last = end ?? bytes.length;
  final text = const Utf8Decoder().convert(bytes, start, last);
  // The decoder drops a byte order mark, but one only.
  return last - start > 2 &&
          bytes[start] == 0xEF &&
          bytes[start + 1] == 0xBB &&
          bytes[start + 2] == 0xBF
      ? '\uFEFF$text'
      : text;
}
