/// An exact decimal number: [unscaled] × 10^-[scale].
///
/// The scale is kept (`12.50` prints as `12.50`), but two decimals are equal
/// when they are the same number: `12.5 == 12.50`.
///
/// A decimal column without bounds may also hold [nan], [infinity] and
/// [negativeInfinity]. They are ordered as PostgreSQL does: [nan] equals
/// itself and is greater than everything else.
final class OdbcDecimal implements Comparable<OdbcDecimal> {
  /// The number [unscaled] × 10^-[scale]; [scale] is 0 or more.
  OdbcDecimal(BigInt unscaled, [this.scale = 0])
      : _unscaled = unscaled,
        _special = 0 {
    RangeError.checkNotNegative(scale, 'scale');
  }

  const OdbcDecimal._special(this._special)
      : _unscaled = null,
        scale = 0;

  /// The whole number [value].
  OdbcDecimal.fromInt(int value) : this(BigInt.from(value));

  /// Reads `-12.50`, `.5`, `7.`, `1.5e3`, `NaN` or `-Infinity`; anything else
  /// is a [FormatException].
  factory OdbcDecimal.parse(String text) =>
      tryParse(text) ?? (throw FormatException('not a decimal number', text));

  /// What is not a number.
  static const nan = OdbcDecimal._special(double.nan);

  /// Greater than every finite number.
  static const infinity = OdbcDecimal._special(double.infinity);

  /// Less than every finite number.
  static const negativeInfinity = OdbcDecimal._special(double.negativeInfinity);

  static final _pattern =
      RegExp(r'^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d{1,4}))?$');

  static final _ten = BigInt.from(10);

  final BigInt? _unscaled;

  // The double of the same meaning; 0 for a finite number.
  final double _special;

  /// How many of the digits stand after the decimal point.
  final int scale;

  /// Like [OdbcDecimal.parse], but null for what is not a decimal number.
  static OdbcDecimal? tryParse(String text) {
    final match = _pattern.firstMatch(text);
    if (match == null) return _tryParseSpecial(text);
    final fraction = match[3] ?? match[4] ?? '';
    final digits = BigInt.parse('${match[2] ?? ''}$fraction');
    final scale = fraction.length - int.parse(match[5] ?? '0');
    final signed = match[1] == '-' ? -digits : digits;
    return scale >= 0
        ? OdbcDecimal(signed, scale)
        : OdbcDecimal(signed * _ten.pow(-scale));
  }

  static OdbcDecimal? _tryParseSpecial(String text) =>
      switch (text.toLowerCase()) {
        'nan' => nan,
        'infinity' || '+infinity' || 'inf' || '+inf' => infinity,
        '-infinity' || '-inf' => negativeInfinity,
        _ => null,
      };

  /// Whether this is a number, and not [nan] or infinite.
  bool get isFinite => _unscaled != null;

  /// The digits without the decimal point; a [StateError] when this is not
  /// finite.
  BigInt get unscaled => _unscaled ?? (throw StateError('$this has no digits'));

  /// How many significant digits [unscaled] has; 1 for zero.
  int get precision => unscaled.abs().toString().length;

  /// This number with [newScale] digits after the point, or null when that
  /// would lose digits.
  OdbcDecimal? rescale(int newScale) {
    if (newScale >= scale) return OdbcDecimal(_unscaledAt(newScale), newScale);
    final divisor = _ten.pow(scale - newScale);
    if (unscaled.remainder(divisor) != BigInt.zero) return null;
    return OdbcDecimal(unscaled ~/ divisor, newScale);
  }

  BigInt _unscaledAt(int scale) => unscaled * _ten.pow(scale - this.scale);

  /// The nearest double; digits beyond its precision are lost.
  double toDouble() => isFinite ? double.parse(toString()) : _special;

  @override
  int compareTo(OdbcDecimal other) {
    if (!isFinite || !other.isFinite) return _special.compareTo(other._special);
    final common = scale > other.scale ? scale : other.scale;
    return _unscaledAt(common).compareTo(other._unscaledAt(common));
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
    if (!isFinite) return _special.hashCode;
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
    if (!isFinite) return _special.toString();
    if (scale == 0) return unscaled.toString();
    final digits = unscaled.abs().toString().padLeft(scale + 1, '0');
    final point = digits.length - scale;
    final sign = unscaled.isNegative ? '-' : '';
    return '$sign${digits.substring(0, point)}.${digits.substring(point)}';
  }
}
