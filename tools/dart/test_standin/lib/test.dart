/// What test files import: declarations from test_api, expectations from matcher.
library;

export 'package:matcher/expect.dart';
export 'package:test_api/scaffolding.dart';
