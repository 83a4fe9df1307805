import 'package:odbc_engine/odbc_engine.dart';
import 'package:test/test.dart';

/// Matches a call that throws an [OdbcException] of [kind] whose message has
/// every text of [says].
Matcher throwsOdbc(OdbcErrorKind kind,
        {List<String> says = const [], String? column, int? row}) =>
    throwsA(isA<OdbcException>()
        .having((error) => error.kind, 'kind', kind)
        .having((error) => error.message, 'message',
            allOf([for (final text in says) contains(text)]))
        .having((error) => error.column, 'column', column ?? anything)
        .having((error) => error.row, 'row', row ?? anything));
