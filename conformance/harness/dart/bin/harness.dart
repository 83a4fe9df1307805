import 'package:odbc_engine_harness/src/operations.dart';
import 'package:odbc_engine_harness/src/serve.dart';

/// Answers by the synchronous API.
Future<void> main() => serve(Operations().answer);
