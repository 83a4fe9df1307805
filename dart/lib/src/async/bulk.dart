/// Inserting many rows from another isolate.
library;

import '../bulk/insert.dart';
import '../bulk/lent_rows.dart';
import '../bulk/options.dart';
import '../bulk/rows_builder.dart';
import '../exception.dart';
import '../stream.dart';
import '../types/type.dart';
import 'stream.dart';

/// A function that gives rows.
typedef RowsMaker = Iterable<Object?> Function();

/// Gives [insert] the rows of [data] as what can be sent to an isolate; [check]
/// throws where nobody wants them any more.
Future<OdbcBulkResult> sendRows(
    Object data,
    OdbcBulkOptions options,
    Map<String, OdbcType>? types,
    Future<OdbcBulkResult> Function(Object data) insert,
    {void Function()? check}) async {
  switch (data) {
    case OdbcAsyncStream():
      refuseTypesOfStream(types);
      return insert(asyncStreamHandle(data));
    case final OdbcStream stream:
      refuseTypesOfStream(types);
      // Awaited here, so that the stream is not collected while it is read.
      final result = await insert(streamHandle(stream));
      return result;
    case final RowsMaker _:
      return insert(data);
    case Stream<Object?>():
      return sendRows(await data.toList(), options, types, insert);
    default:
      return lendRows(rowsOf(data, types, columnsOf(options)), insert,
          check: check);
  }
}

/// Inserts by [target] what [sendRows] has sent.
OdbcBulkResult insertSent(BulkTarget target, String table, Object data,
    OdbcBulkOptions options, Map<String, OdbcType>? types) {
  if (data is! RowsMaker) return target.insertLent(table, data, options);
  try {
    return target.insertGathered(table, data(), options, types);
  } on OdbcException {
    rethrow;
  } on Object catch (error) {
    throw refuseRows('the rows could not be read: $error');
  }
}
