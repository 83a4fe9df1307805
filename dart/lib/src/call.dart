import 'dart:ffi';

import 'package:ffi/ffi.dart';

import 'arrow/batch_memory.dart';
import 'arrow/parameters.dart';
import 'arrow/schema.dart';
import 'batch.dart';
import 'bindings/call.dart';
import 'bindings/native_handle.dart';
import 'bindings/structs.dart';
import 'execution.dart';
import 'row.dart';
import 'statement.dart';

/// What a call of a procedure gave.
final class OdbcCall {
  /// The [outputs] of a call, and the [statement] that has its results.
  const OdbcCall({
    required this.outputs,
    required this.statement,
    required this.execution,
  });

  /// One row with the values of the output and in/out parameters, by their
  /// names; null where the procedure has none.
  final OdbcRow? outputs;

  /// The results of the procedure; the caller closes it.
  final OdbcStatement statement;

  /// What the first result is.
  final OdbcExecution execution;
}

/// Calls [procedure] on [connection].
OdbcCall callProcedure(
        NativeHandle connection, String procedure, Object parameters) =>
    using((arena) {
      final name =
          encodeText(procedure, "the procedure's name", operation: 'call');
      final schema = arena<ArrowSchema>();
      final array = calloc<ArrowArray>();
      final handle = arena<Uint64>();
      final execution = arena<ExecutionStruct>();
      OdbcBatch? batch;
      try {
        withParameters(
            connection.functions,
            parameters,
            (parametersSchema, values) => check(
                'call',
                (error) => connection.functions.procedureCall(
                    connection.value,
                    arena.copy(name),
                    name.length,
                    parametersSchema,
                    values,
                    schema,
                    array,
                    handle,
                    execution,
                    error)));
        final statement = OdbcStatement.ofHandle(
            NativeHandle.statement(connection, handle.value));
        batch = OdbcBatch(ColumnIndex(readColumns(schema.ref)), array);
        try {
          return OdbcCall(
            outputs: batch.toRows().firstOrNull,
            statement: statement,
            execution: statement.read(execution.ref),
          );
        } on Object {
          statement.close();
          rethrow;
        }
      } finally {
        releaseSchema(schema);
        batch == null ? calloc.free(array) : batch.close();
      }
    });
