/// What can go wrong, as one sealed family.
library;

import 'bulk_failure.dart';

/// The kinds of [OdbcException]; their numbers never change meaning.
enum OdbcErrorKind {
  /// An argument that cannot be used; the message names it.
  invalidArgument(1, 'InvalidArgument'),

  /// Something closed, or used out of order.
  invalidState(2, 'InvalidState'),

  /// What this driver, database or library cannot do.
  unsupported(3, 'Unsupported'),

  /// The connection could not be made, or is lost (SQLSTATE class 08).
  connection(4, 'Connection'),

  /// The database refused the credentials (28).
  authentication(5, 'Authentication'),

  /// The SQL text is wrong, or names what is not there (42).
  syntax(6, 'Syntax'),

  /// A key, a check or another constraint was violated (23).
  constraint(7, 'Constraint'),

  /// A value cannot be held or converted (22).
  data(8, 'Data'),

  /// The transaction cannot go on (25, 40).
  transaction(9, 'Transaction'),

  /// A time limit has passed (HYT).
  timeout(10, 'Timeout'),

  /// The operation was cancelled on request (HY008).
  cancelled(11, 'Cancelled'),

  /// A value would have been cut (01004).
  truncated(12, 'Truncated'),

  /// A limit of the options was reached.
  limit(13, 'Limit'),

  /// The driver or the driver manager failed in another way (IM, HY).
  driver(14, 'Driver'),

  /// A bug in the engine.
  internal(15, 'Internal');

  const OdbcErrorKind(this.number, this.label);

  /// The number that the C ABI uses.
  final int number;

  /// The name that every language uses.
  final String label;

  /// The kind of [number]; a number that is unknown is [internal].
  static OdbcErrorKind of(int number) =>
      number >= 1 && number <= values.length ? values[number - 1] : internal;
}

/// One diagnostic record of the driver: a warning, or a part of an error.
final class OdbcDiagnostic {
  /// A record as the driver gave it.
  const OdbcDiagnostic({
    required this.sqlstate,
    required this.nativeCode,
    required this.message,
  });

  /// The five characters of SQLSTATE.
  final String sqlstate;

  /// The driver's own number.
  final int nativeCode;

  /// The driver's own words.
  final String message;

  @override
  String toString() => '[$sqlstate] ($nativeCode) $message';
}

/// All that an [OdbcException] carries besides its kind.
typedef OdbcErrorDetails = ({
  String operation,
  String message,
  String? sqlstate,
  int? nativeCode,
  String? column,
  int? row,
  List<OdbcDiagnostic> records,
  bool retryable,
  String? details,
});

/// The only exception that this package throws.
///
/// The family is sealed: catch one subclass (`on OdbcConstraintException`), or
/// switch over [kind].
sealed class OdbcException implements Exception {
  /// An exception of [kind].
  factory OdbcException(
    OdbcErrorKind kind,
    String message, {
    required String operation,
    String? sqlstate,
    int? nativeCode,
    String? column,
    int? row,
    List<OdbcDiagnostic> records = const [],
    bool retryable = false,
    String? details,
  }) {
    final all = (
      operation: operation,
      message: message,
      sqlstate: sqlstate,
      nativeCode: nativeCode,
      column: column,
      row: row,
      records: List<OdbcDiagnostic>.unmodifiable(records),
      retryable: retryable,
      details: details,
    );
    return switch (kind) {
      OdbcErrorKind.invalidArgument => OdbcInvalidArgumentException._(all),
      OdbcErrorKind.invalidState => OdbcInvalidStateException._(all),
      OdbcErrorKind.unsupported => OdbcUnsupportedException._(all),
      OdbcErrorKind.connection => OdbcConnectionException._(all),
      OdbcErrorKind.authentication => OdbcAuthenticationException._(all),
      OdbcErrorKind.syntax => OdbcSyntaxException._(all),
      OdbcErrorKind.constraint => OdbcConstraintException._(all),
      OdbcErrorKind.data => OdbcDataException._(all),
      OdbcErrorKind.transaction => OdbcTransactionException._(all),
      OdbcErrorKind.timeout => OdbcTimeoutException._(all),
      OdbcErrorKind.cancelled => OdbcCancelledException._(all),
      OdbcErrorKind.truncated => OdbcTruncatedException._(all),
      OdbcErrorKind.limit => OdbcLimitException._(all),
      OdbcErrorKind.driver => OdbcDriverException._(all),
      OdbcErrorKind.internal => OdbcInternalException._(all),
    };
  }

  OdbcException._(this._details);

  final OdbcErrorDetails _details;

  /// What sort of error this is.
  OdbcErrorKind get kind;

  /// What was being done: `connect`, `execute`, `fetch` ...
  String get operation => _details.operation;

  /// What went wrong, with the input that caused it.
  String get message => _details.message;

  /// The SQLSTATE of the first record.
  String? get sqlstate => _details.sqlstate;

  /// The driver's own number of the first record.
  int? get nativeCode => _details.nativeCode;

  /// The name of the column that the error is about.
  String? get column => _details.column;

  /// The row that the error is about, counted from 0 in the whole result.
  int? get row => _details.row;

  /// Every diagnostic record, in the driver's order.
  List<OdbcDiagnostic> get records => _details.records;

  /// What became of the rows, where an insert of many failed while they were
  /// sent.
  OdbcBulkFailure? get bulk => switch (_details.details) {
        null => null,
        final json => OdbcBulkFailure.fromDetails(json),
      };

  /// Whether the same work may succeed when it is begun anew: a lost
  /// connection, a deadlock, a serialization failure.
  bool get retryable => _details.retryable;

  @override
  String toString() {
    final place = [
      if (sqlstate case final state?) 'SQLSTATE $state',
      if (nativeCode case final code?) 'native code $code',
      if (column case final name?) 'column "$name"',
      if (row case final index?) 'row $index',
    ];
    final suffix = place.isEmpty ? '' : ' (${place.join(', ')})';
    return 'OdbcException ${kind.label} in $operation: $message$suffix';
  }
}

/// An [OdbcException] of [OdbcErrorKind.invalidArgument].
final class OdbcInvalidArgumentException extends OdbcException {
  OdbcInvalidArgumentException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.invalidArgument;
}

/// An [OdbcException] of [OdbcErrorKind.invalidState].
final class OdbcInvalidStateException extends OdbcException {
  OdbcInvalidStateException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.invalidState;
}

/// An [OdbcException] of [OdbcErrorKind.unsupported].
final class OdbcUnsupportedException extends OdbcException {
  OdbcUnsupportedException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.unsupported;
}

/// An [OdbcException] of [OdbcErrorKind.connection].
final class OdbcConnectionException extends OdbcException {
  OdbcConnectionException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.connection;
}

/// An [OdbcException] of [OdbcErrorKind.authentication].
final class OdbcAuthenticationException extends OdbcException {
  OdbcAuthenticationException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.authentication;
}

/// An [OdbcException] of [OdbcErrorKind.syntax].
final class OdbcSyntaxException extends OdbcException {
  OdbcSyntaxException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.syntax;
}

/// An [OdbcException] of [OdbcErrorKind.constraint].
final class OdbcConstraintException extends OdbcException {
  OdbcConstraintException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.constraint;
}

/// An [OdbcException] of [OdbcErrorKind.data].
final class OdbcDataException extends OdbcException {
  OdbcDataException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.data;
}

/// An [OdbcException] of [OdbcErrorKind.transaction].
final class OdbcTransactionException extends OdbcException {
  OdbcTransactionException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.transaction;
}

/// An [OdbcException] of [OdbcErrorKind.timeout].
final class OdbcTimeoutException extends OdbcException {
  OdbcTimeoutException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.timeout;
}

/// An [OdbcException] of [OdbcErrorKind.cancelled].
final class OdbcCancelledException extends OdbcException {
  OdbcCancelledException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.cancelled;
}

/// An [OdbcException] of [OdbcErrorKind.truncated].
final class OdbcTruncatedException extends OdbcException {
  OdbcTruncatedException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.truncated;
}

/// An [OdbcException] of [OdbcErrorKind.limit].
final class OdbcLimitException extends OdbcException {
  OdbcLimitException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.limit;
}

/// An [OdbcException] of [OdbcErrorKind.driver].
final class OdbcDriverException extends OdbcException {
  OdbcDriverException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.driver;
}

/// An [OdbcException] of [OdbcErrorKind.internal].
final class OdbcInternalException extends OdbcException {
  OdbcInternalException._(super.details) : super._();

  @override
  OdbcErrorKind get kind => OdbcErrorKind.internal;
}
