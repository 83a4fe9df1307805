part of '../protocol.dart';

/// Starts a stream.
sealed class StreamStart extends StoppableRequest {
  const StreamStart();

  OdbcStream _open(WorkerState state);

  @override
  StreamStarted run(WorkerState state) => state._started(_open(state));
}

/// Streams a statement's present result.
final class StatementStream extends StreamStart {
  /// Of the statement [id].
  const StatementStream(this.id, this.options);

  /// The statement's number.
  final int id;

  /// How it is read.
  final OdbcStreamOptions? options;

  @override
  OdbcStream _open(WorkerState state) =>
      state._statement(id, 'stream').stream(options: options);
}

/// Executes a text and streams its result.
final class QueryStream extends StreamStart {
  /// Of [sql] with [parameters].
  const QueryStream(this.sql, this.parameters, this.options);

  /// The text.
  final String sql;

  /// A list or a map.
  final Object parameters;

  /// How it is read.
  final OdbcStreamOptions? options;

  @override
  OdbcStream _open(WorkerState state) => state._begun(
      sql, (statement) => streamOnce(statement, parameters, options));
}

/// Streams what the catalog answers.
final class CatalogStream extends StreamStart {
  /// The answer to [query].
  const CatalogStream(this.query);

  /// The question.
  final OdbcCatalogQuery query;

  @override
  OdbcStream _open(WorkerState state) {
    state.begin(null);
    return state.connection.catalog(query);
  }
}

/// Streams a query that is read in parts.
final class PartsStream extends StreamStart {
  /// Of [sql] with [parameters], divided by [partition].
  const PartsStream(this.sql, this.partition, this.parameters, this.options);

  /// The text.
  final String sql;

  /// How it is divided.
  final OdbcPartition partition;

  /// A list.
  final Object parameters;

  /// How it is read.
  final OdbcStreamOptions? options;

  @override
  OdbcStream _open(WorkerState state) {
    state.begin(null);
    return state.connection.streamParts(sql, partition, parameters, options);
  }
}

/// Streams a query that is read page by page.
final class PagesStream extends StreamStart {
  /// Of [sql] with [parameters], by [pages].
  const PagesStream(this.sql, this.pages, this.parameters, this.options);

  /// The text.
  final String sql;

  /// What a page is.
  final OdbcPages pages;

  /// A list.
  final Object parameters;

  /// How it is read.
  final OdbcStreamOptions? options;

  @override
  OdbcStream _open(WorkerState state) {
    state.begin(null);
    return state.connection.streamPages(sql, pages, parameters, options);
  }
}

/// Fetches a batch, and tells how far the stream has come with it.
final class StreamFetch extends Request {
  /// Fetches of the stream [id] into the `ArrowArray` at [address], which
  /// belongs to the one who asks, so that nothing is lost if the worker dies.
  const StreamFetch(this.id, this.address);

  /// The stream's number.
  final int id;

  /// The address of a zeroed struct.
  final int address;

  @override
  OdbcProgress run(WorkerState state) {
    final stream = state._stream(id, 'fetch');
    fetchInto(stream, Pointer<ArrowArray>.fromAddress(address));
    return stream.progress;
  }
}

/// Asks for a stream's warnings so far.
final class StreamWarnings extends Request {
  /// Of the stream [id].
  const StreamWarnings(this.id);

  /// The stream's number.
  final int id;

  @override
  List<OdbcDiagnostic> run(WorkerState state) =>
      state._stream(id, 'warnings').warnings;
}

/// Closes a stream, and tells its warnings.
final class StreamClose extends Request {
  /// Closes the stream [id].
  const StreamClose(this.id);

  /// The stream's number.
  final int id;

  @override
  List<OdbcDiagnostic> run(WorkerState state) {
    final stream = state._streams.remove(id);
    if (stream == null) return const [];
    try {
      return stream.warnings;
    } on OdbcException {
      return const [];
    } finally {
      stream.close();
    }
  }
}
