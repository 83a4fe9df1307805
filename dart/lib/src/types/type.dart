/// The families of [OdbcType].
enum OdbcTypeFamily {
  /// Only nulls.
  nothing,

  /// `bool`.
  boolean,

  /// `int`; `BigInt` for the unsigned one of 64 bits.
  integer,

  /// `double`.
  real,

  /// `OdbcDecimal`.
  decimal,

  /// `String`.
  text,

  /// `Uint8List`.
  binary,

  /// `OdbcDate`.
  date,

  /// `OdbcTime`.
  time,

  /// `DateTime`, always flagged UTC: an instant when the type has a zone, the
  /// fields of the wall clock when it has none.
  timestamp,

  /// `String` of the form `8-4-4-4-12`, lower case.
  uuid,
}

/// The unit in which times and timestamps are counted.
enum OdbcTimeUnit {
  /// Whole seconds.
  second('s', 0),

  /// Three digits of the second.
  millisecond('m', 3),

  /// Six digits of the second.
  microsecond('u', 6),

  /// Nine digits of the second.
  nanosecond('n', 9);

  const OdbcTimeUnit(this.code, this.digits);

  /// The letter of the Arrow format.
  final String code;

  /// How many digits of the second it has.
  final int digits;

  /// The unit that the Arrow format calls [code].
  static OdbcTimeUnit? ofCode(String code) {
    for (final unit in values) {
      if (unit.code == code) return unit;
    }
    return null;
  }
}

/// The type of a column or of a parameter, as an Arrow format.
final class OdbcType {
  const OdbcType._(
    this.family,
    this.format, {
    this.bits = 0,
    this.signed = true,
    this.precision,
    this.scale,
    this.unit,
    this.timeZone,
    this.width,
  });

  /// A decimal of [precision] (1 to 76) digits, [scale] of them after the
  /// point.
  factory OdbcType.decimal(int precision, int scale) {
    RangeError.checkValueInInterval(precision, 1, 76, 'precision');
    RangeError.checkValueInInterval(scale, 0, precision, 'scale');
    return OdbcType._decimal(precision, scale, precision <= 38 ? 128 : 256);
  }

  factory OdbcType._decimal(int precision, int scale, int bits) => OdbcType._(
        OdbcTypeFamily.decimal,
        'd:$precision,$scale${bits == 128 ? '' : ',$bits'}',
        bits: bits,
        precision: precision,
        scale: scale,
      );

  /// A time of day, counted in [unit].
  factory OdbcType.time([OdbcTimeUnit unit = OdbcTimeUnit.microsecond]) =>
      OdbcType._(
        OdbcTypeFamily.time,
        'tt${unit.code}',
        bits: unit.digits <= 3 ? 32 : 64,
        unit: unit,
      );

  /// A wall clock, or an instant when there is a [timeZone].
  factory OdbcType.timestamp({
    OdbcTimeUnit unit = OdbcTimeUnit.microsecond,
    String? timeZone,
  }) =>
      OdbcType._(
        OdbcTypeFamily.timestamp,
        'ts${unit.code}:${timeZone ?? ''}',
        bits: 64,
        unit: unit,
        timeZone: timeZone,
      );

  /// Bytes, always [width] of them.
  factory OdbcType.fixedBinary(int width) => OdbcType._(
        OdbcTypeFamily.binary,
        'w:${RangeError.checkNotNegative(width, 'width')}',
        width: width,
      );

  /// Only nulls.
  static const nothing = OdbcType._(OdbcTypeFamily.nothing, 'n');

  /// True or false.
  static const boolean = OdbcType._(OdbcTypeFamily.boolean, 'b', bits: 1);

  /// A signed integer of 8 bits.
  static const int8 = OdbcType._(OdbcTypeFamily.integer, 'c', bits: 8);

  /// A signed integer of 16 bits.
  static const int16 = OdbcType._(OdbcTypeFamily.integer, 's', bits: 16);

  /// A signed integer of 32 bits.
  static const int32 = OdbcType._(OdbcTypeFamily.integer, 'i', bits: 32);

  /// A signed integer of 64 bits.
  static const int64 = OdbcType._(OdbcTypeFamily.integer, 'l', bits: 64);

  /// An unsigned integer of 8 bits.
  static const uint8 =
      OdbcType._(OdbcTypeFamily.integer, 'C', bits: 8, signed: false);

  /// An unsigned integer of 16 bits.
  static const uint16 =
      OdbcType._(OdbcTypeFamily.integer, 'S', bits: 16, signed: false);

  /// An unsigned integer of 32 bits.
  static const uint32 =
      OdbcType._(OdbcTypeFamily.integer, 'I', bits: 32, signed: false);

  /// An unsigned integer of 64 bits.
  static const uint64 =
      OdbcType._(OdbcTypeFamily.integer, 'L', bits: 64, signed: false);

  /// A floating-point number of 32 bits.
  static const float32 = OdbcType._(OdbcTypeFamily.real, 'f', bits: 32);

  /// A floating-point number of 64 bits.
  static const float64 = OdbcType._(OdbcTypeFamily.real, 'g', bits: 64);

  /// A decimal without bounds, which travels as text.
  static const unboundedDecimal =
      OdbcType._(OdbcTypeFamily.decimal, 'u', bits: 32);

  /// Text of any length.
  static const text = OdbcType._(OdbcTypeFamily.text, 'u', bits: 32);

  /// Text, with offsets of 64 bits.
  static const largeText = OdbcType._(OdbcTypeFamily.text, 'U', bits: 64);

  /// Bytes, any number of them.
  static const binary = OdbcType._(OdbcTypeFamily.binary, 'z', bits: 32);

  /// Bytes, with offsets of 64 bits.
  static const largeBinary = OdbcType._(OdbcTypeFamily.binary, 'Z', bits: 64);

  /// A day.
  static const date = OdbcType._(OdbcTypeFamily.date, 'tdD', bits: 32);

  /// A universally unique identifier.
  static const uuid = OdbcType._(OdbcTypeFamily.uuid, 'w:16', width: 16);

  static const _plain = [
    nothing, boolean, int8, int16, int32, int64, uint8, uint16, uint32, //
    uint64, float32, float64, text, largeText, binary, largeBinary, date,
  ];

  static final _decimalPattern = RegExp(r'^d:(\d+),(\d+)(?:,(128|256))?$');
  static final _timePattern = RegExp(r'^tt([smun])$');
  static final _timestampPattern = RegExp(r'^ts([smun]):(.*)$');
  static final _fixedPattern = RegExp(r'^w:(\d+)$');

  /// What sort of values it has.
  final OdbcTypeFamily family;

  /// The Arrow C format string.
  final String format;

  /// How many bits a value has, or, for text and bytes, an offset.
  final int bits;

  /// Whether an integer may be negative.
  final bool signed;

  /// How many digits a decimal has at most.
  final int? precision;

  /// How many digits of a decimal stand after the point.
  final int? scale;

  /// What a time or a timestamp counts.
  final OdbcTimeUnit? unit;

  /// The zone of a timestamp that is an instant.
  final String? timeZone;

  /// How many bytes each value has, when all have the same number.
  final int? width;

  /// The type that [format] and a field's [metadata] describe, or null for a
  /// format that this package does not read.
  static OdbcType? tryParse(String format,
      {Map<String, String> metadata = const {}}) {
    if (format == 'u' && metadata['odbc.logical'] == 'decimal') {
      return unboundedDecimal;
    }
    if (format == 'w:16' && metadata['ARROW:extension:name'] == 'arrow.uuid') {
      return uuid;
    }
    for (final type in _plain) {
      if (type.format == format) return type;
    }
    return _tryParseParametric(format);
  }

  static OdbcType? _tryParseParametric(String format) {
    if (_decimalPattern.firstMatch(format) case final match?) {
      return OdbcType._decimal(int.parse(match[1]!), int.parse(match[2]!),
          int.parse(match[3] ?? '128'));
    }
    if (_timePattern.firstMatch(format) case final match?) {
      return OdbcType.time(OdbcTimeUnit.ofCode(match[1]!)!);
    }
    if (_timestampPattern.firstMatch(format) case final match?) {
      return OdbcType.timestamp(
        unit: OdbcTimeUnit.ofCode(match[1]!)!,
        timeZone: match[2]!.isEmpty ? null : match[2],
      );
    }
    if (_fixedPattern.firstMatch(format) case final match?) {
      return OdbcType.fixedBinary(int.parse(match[1]!));
    }
    return null;
  }

  /// The type of the numbers in memory: dates, times and timestamps are
  /// counted in integers, every other type is its own.
  OdbcType get storage => switch (family) {
        OdbcTypeFamily.date ||
        OdbcTypeFamily.time ||
        OdbcTypeFamily.timestamp =>
          bits == 32 ? int32 : int64,
        _ => this,
      };

  @override
  bool operator ==(Object other) =>
      other is OdbcType && other.family == family && other.format == format;

  @override
  int get hashCode => Object.hash(family, format);

  @override
  String toString() => '${family.name} ($format)';
}
