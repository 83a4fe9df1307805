import 'types/date.dart';
import 'types/decimal.dart';
import 'types/time.dart';
import 'types/type.dart';

/// A parameter with a chosen type, for where the plain Dart value does not say
/// enough: a typed null, a UUID, a wall clock, a narrow integer.
///
/// Plain values are sent like this:
///
/// | value | type |
/// |---|---|
/// | `null` | null |
/// | [bool] | boolean |
/// | [int] | 64-bit integer |
/// | [BigInt] | 64-bit integer, signed or else unsigned, else decimal |
/// | [double] | 64-bit floating point |
/// | [String] | text |
/// | `Uint8List` | binary |
/// | [DateTime] | the instant, in UTC |
/// | [OdbcDecimal], [OdbcDate], [OdbcTime] | decimal (beyond 76 digits as text), date, time |
final class OdbcParameter {
  /// The [value] as a [type], where null is a null of that type.
  const OdbcParameter(this.type, this.value);

  /// A UUID; case, hyphens and braces are free.
  const OdbcParameter.uuid(String? this.value) : type = OdbcType.uuid;

  /// A timestamp without a zone: the fields that [value] shows, whatever its
  /// zone is.
  OdbcParameter.wallClock(DateTime? this.value) : type = OdbcType.timestamp();

  /// How the value is sent.
  final OdbcType type;

  /// What is sent.
  final Object? value;

  @override
  String toString() => 'OdbcParameter($type)';
}
