import 'engine.dart';
import 'exception.dart';

/// Ends every statement and stream of every connection of this process, in all
/// isolates, also those that are kept prepared. The connections stay usable.
///
/// This never waits. Connections that another isolate uses at this moment end
/// theirs when that call ends; an [OdbcException] of kind
/// [OdbcErrorKind.invalidState] then says that there are some. Calling it again
/// does no harm.
///
/// [engine] is [OdbcEngine.load]ed when it is not given.
void clearAllStatements({OdbcEngine? engine}) {
  final functions = libraryOf(engine ?? OdbcEngine.load()).functions;
  final status = functions.clearAllStatements();
  if (status == 0) return;
  // This call fills no error: it can be used where nothing may be allocated.
  throw OdbcException(
    OdbcErrorKind.of(status),
    'some connections are in a call and close their statements when it ends',
    operation: 'clear',
  );
}
