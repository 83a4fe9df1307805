/// An exact decimal number: [unscaled] × 10^-[scale].
///
/// The scale is kept (`12.50` prints as `12.50`), but two decimals are equal
/// when they are the same number: `12.5 == 12.50`.
final class OdbcDecimal implements Comparable<OdbcDecimal> {
  /// The number [unscaled] × 10^-[scale]; [scale] is 0 or more.
  OdbcDecimal(this.unscaled, [this.scale = 0]) {
    RangeError.checkNotNegative(scale, 'scale');
  }

  /// The whole number [value].
  OdbcDecimal.fromInt(int value) : this(BigInt.from(value));

  /// Reads `-12.50`, `.5`, `7.` or `1.5e3`; anything else is a
  /// [FormatException].
  factory OdbcDecimal.parse(String text) =>
      tryParse(text) ?? (throw FormatException('not a decimal number', text));

  static final _pattern =
      RegExp(r'^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d{1,4}))?$');

  static final _ten = BigInt.from(10);

  /// The digits without the decimal point.
  final BigInt unscaled;

  /// How many of the digits stand after the decimal point.
  final int scale;

  /// Like [OdbcDecimal.parse], but null for what is not a decimal number.
  static OdbcDecimal? tryParse(String text) {
    final match = _pattern.firstMatch(text);
    if (match == null) return null;
    final fraction = match[3] ?? match[4] ?? '';
    final digits = BigInt.parse('${match[2] ?? ''}$fraction');
    final scale = fraction.length - int.parse(match[5] ?? '0');
    final signed = match[1] == '-' ? -digits : digits;
    return scale >= 0
        ? OdbcDecimal(signed, scale)
        : OdbcDecimal(signed * _ten.pow(-scale));
  }

  /// How many significant digits [unscaled] has; 1 for zero.
  int get precision => unscaled.abs().toString().length;

  /// This number with [newScale] digits after the point, or null when that
  /// would lose digits.
  OdbcDecimal? rescale(int newScale) {
    if (newScale >= scale) {
      return OdbcDecimal(unscaled * _ten.pow(newScale - scale), newScale);
    }
    final divisor = _ten.pow(scale - newScale);
    if (unscaled.remainder(divisor) != BigInt.zero) return null;
    return OdbcDecimal(unscaled ~/ divisor, newScale);
  }

  /// The nearest double; digits beyond its precision are lost.
  double toDouble() => double.parse(toString());

  @override
  int compareTo(OdbcDecimal other) {
    final common = scale > other.scale ? scale : other.scale;
    return (unscaled * _ten.pow(common - scale))
        .compareTo(other.unscaled * _ten.pow(common - other.scale));
  }

  /// Whether this is less than [other].
  bool operator <(OdbcDecimal other) => compareTo(other) < 0;

  /// Whether this is less than or equal to [other].
  bool operator <=(OdbcDecimal other) => compareTo(other) <= 0;

  /// Whether this is greater than [other].
  bool operator >(OdbcDecimal other) => compareTo(other) > 0;

  /// Whether this is greater than or equal to [other].
  bool operator >=(OdbcDecimal other) => compareTo(other) >= 0;

  @override
  bool operator ==(Object other) =>
      other is OdbcDecimal && compareTo(other) == 0;

  @override
  int get hashCode {
    var digits = unscaled;
    var places = scale;
    while (places > 0 && digits.remainder(_ten) == BigInt.zero) {
      digits = digits ~/ _ten;
      places--;
    }
    return Object.hash(digits, places);
  }

  /// Plain digits, with exactly [scale] of them after the point.
  @override
  String toString() {
    if (scale == 0) return unscaled.toString();
    final digits = unscaled.abs().toString().padLeft(scale + 1, '0');
    final point = digits.length - scale;
    final sign = unscaled.isNegative ? '-' : '';
    return '$sign${digits.substring(0, point)}.${digits.substring(point)}';
  }
}
