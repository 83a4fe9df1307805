import '../types/type.dart';
import 'calendar_builders.dart';
import 'column_builder.dart';
import 'number_builders.dart';
import 'variable_builders.dart';

/// An empty column [name] of [type], whose errors [refuse] makes.
OdbcColumnBuilder<Object> builderOf(
        String name, OdbcType type, Refuse refuse) =>
    switch (type.family) {
      OdbcTypeFamily.nothing => NullBuilder(name, type, refuse),
      OdbcTypeFamily.boolean => BoolBuilder(name, type, refuse),
      OdbcTypeFamily.integer => IntBuilder(name, type, refuse),
      OdbcTypeFamily.real => RealBuilder(name, type, refuse),
      OdbcTypeFamily.decimal when type == OdbcType.unboundedDecimal =>
        DecimalTextBuilder(name, type, refuse),
      OdbcTypeFamily.decimal => DecimalBuilder(name, type, refuse),
      OdbcTypeFamily.text => TextBuilder(name, type, refuse),
      OdbcTypeFamily.binary => switch (type.width) {
          null => BinaryBuilder(name, type, refuse),
          final width => FixedBinaryBuilder(name, type, refuse, width),
        },
      OdbcTypeFamily.date => DateBuilder(name, type, refuse),
      OdbcTypeFamily.time => TimeBuilder(name, type, refuse),
      OdbcTypeFamily.timestamp => TimestampBuilder(name, type, refuse),
      OdbcTypeFamily.uuid => UuidBuilder(name, type, refuse),
    };
