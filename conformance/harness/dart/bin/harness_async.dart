import 'package:odbc_engine_harness/src/async_operations.dart';
import 'package:odbc_engine_harness/src/serve.dart';

/// Answers by the asynchronous API.
Future<void> main() => serve(AsyncOperations().answer);
