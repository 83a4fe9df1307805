//! Random values of every type go in and come out by the Arrow C Data Interface, through SQLite.

mod support;

use std::{
    collections::HashMap,
    ptr::{null, null_mut},
    sync::Arc,
};

use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray,
    Float64Array, Int64Array, RecordBatch, RecordBatchReader, StringArray, StructArray,
    Time64MicrosecondArray, TimestampMicrosecondArray,
    cast::AsArray,
    ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi},
    ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader},
};
use arrow_schema::{Field, Schema};
use libloading::{Library, Symbol};
use proptest::{option, prelude::*, test_runner::TestRunner};

type Status = i32;
type Open = unsafe extern "C" fn(*const u8, u64, *const u8, u64, *mut u64, *mut u8) -> Status;
type OpenStatement = unsafe extern "C" fn(u64, *const u8, u64, *mut u64, *mut u8) -> Status;
type Execute = unsafe extern "C" fn(
    u64,
    *mut FFI_ArrowSchema,
    *mut FFI_ArrowArray,
    *mut [i64; 2],
    *mut u8,
) -> Status;
type GetSchema = unsafe extern "C" fn(u64, *mut FFI_ArrowSchema, *mut u8) -> Status;
type Fetch = unsafe extern "C" fn(u64, *mut FFI_ArrowArray, *mut u8) -> Status;
type Close = unsafe extern "C" fn(u64, *mut u8) -> Status;

const CREATE: &str = "CREATE TABLE t (i BIGINT, d DOUBLE, b BOOLEAN, t TEXT, bin BLOB, de DECIMAL, \
                      da DATE, tm TIME, ts TIMESTAMP, u UUID)";

/// The library, and one connection of it. Errors are not listened to: every call must succeed.
struct Abi {
    library: Library,
    connection: u64,
}

impl Abi {
    fn new() -> Self {
        let path = support::library_folder().join("libodbc_engine.so");
        // SAFETY: The library runs no code of its own when it is loaded.
        let library = unsafe { Library::new(path) }.unwrap();
        let mut abi = Self { library, connection: 0 };
        let text = "Driver=SQLite3;Database=:memory:";
        let mut connection = 0;
        let open: Symbol<'_, Open> = abi.symbol("odbc_connection_open");
        let (data, length) = (text.as_ptr(), text.len() as u64);
        // SAFETY: As the header asks: text by pointer and length, a place for the handle, no error.
        let status = unsafe { open(data, length, null(), 0, &mut connection, NOBODY) };
        assert_eq!(status, 0);
        abi.connection = connection;
        abi
    }

    fn symbol<T>(&self, name: &str) -> Symbol<'_, T> {
        // SAFETY: The types above are those of the header.
        unsafe { self.library.get(name.as_bytes()) }.unwrap()
    }

    /// Executes a statement with the columns of a batch of one row; gives the statement's handle.
    fn execute(&self, sql: &str, parameters: Option<&RecordBatch>) -> u64 {
        let open: Symbol<'_, OpenStatement> = self.symbol("odbc_statement_open");
        let execute: Symbol<'_, Execute> = self.symbol("odbc_statement_execute");
        let (mut statement, mut execution) = (0, [0; 2]);
        let (data, length) = (sql.as_ptr(), sql.len() as u64);
        let mut structs = parameters.map(|batch| {
            let array = FFI_ArrowArray::new(&StructArray::from(batch.clone()).into_data());
            (FFI_ArrowSchema::try_from(&*batch.schema()).unwrap(), array)
        });
        let (schema, array) = match &mut structs {
            Some((schema, array)) => (&raw mut *schema, &raw mut *array),
            None => (null_mut(), null_mut()),
        };
        // SAFETY: As the header asks; an odbc_execution is 16 bytes, and the call takes the structs
        // over.
        unsafe {
            assert_eq!(open(self.connection, data, length, &mut statement, NOBODY), 0);
            assert_eq!(execute(statement, schema, array, &mut execution, NOBODY), 0, "{sql}");
        }
        assert!(structs.is_none_or(|(_, array)| array.is_released()));
        statement
    }

    /// All rows of a statement's result, as one batch.
    fn read(&self, statement: u64) -> RecordBatch {
        let start: Symbol<'_, OpenStatement> = self.symbol("odbc_stream_start");
        let get_schema: Symbol<'_, GetSchema> = self.symbol("odbc_stream_schema");
        let fetch: Symbol<'_, Fetch> = self.symbol("odbc_stream_fetch");
        let mut stream = 0;
        let mut schema = FFI_ArrowSchema::empty();
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: As the header asks; the batch is owned here from then on.
        let data = unsafe {
            assert_eq!(start(statement, null(), 0, &mut stream, NOBODY), 0);
            assert_eq!(get_schema(stream, &mut schema, NOBODY), 0);
            assert_eq!(fetch(stream, &mut array, NOBODY), 0);
            from_ffi(array, &schema).unwrap()
        };
        self.close("odbc_statement_close", statement);
        self.close("odbc_stream_close", stream);
        data.validate_full().unwrap();
        RecordBatch::from(StructArray::from(data))
    }

    fn close(&self, name: &str, handle: u64) {
        let close: Symbol<'_, Close> = self.symbol(name);
        // SAFETY: As the header asks.
        assert_eq!(unsafe { close(handle, NOBODY) }, 0);
    }
}

/// Errors may go to nobody.
const NOBODY: *mut u8 = null_mut();

/// One value of each type, as arrays of length 1.
fn values() -> impl Strategy<Value = Vec<ArrayRef>> {
    let decimal = option::of(-99_999_999_999_999i128..99_999_999_999_999);
    (
        option::of(any::<i64>()),
        // Doubles of the 15 digits that sqliteodbc passes on.
        option::of(
            (any::<i32>(), -200i32..200).prop_map(|(d, e)| format!("{d}e{e}").parse().unwrap()),
        ),
        option::of(any::<bool>()),
        option::of("[^\\x00]{0,300}"),
        option::of(prop::collection::vec(any::<u8>(), 0..300)),
        decimal,
        option::of(-719_162i32..2_932_897),
        option::of(0i64..86_400_000_000),
        option::of(-62_135_596_800_000_000i64..253_402_300_799_999_999),
        option::of(any::<[u8; 16]>()),
    )
        .prop_map(|(i, d, b, t, bin, de, da, tm, ts, u)| {
            let decimal = Decimal128Array::from(vec![de]).with_precision_and_scale(15, 4).unwrap();
            let uuid = FixedSizeBinaryArray::try_from_sparse_iter_with_size([u].into_iter(), 16);
            let arrays: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from(vec![i])),
                Arc::new(Float64Array::from(vec![d])),
                Arc::new(BooleanArray::from(vec![b])),
                Arc::new(StringArray::from(vec![t])),
                Arc::new(BinaryArray::from_opt_vec(vec![bin.as_deref()])),
                Arc::new(decimal),
                Arc::new(Date32Array::from(vec![da])),
                Arc::new(Time64MicrosecondArray::from(vec![tm])),
                Arc::new(TimestampMicrosecondArray::from(vec![ts])),
                Arc::new(uuid.unwrap()),
            ];
            arrays
        })
}

/// The values as parameters without names; the last one is a UUID.
fn parameters(values: &[ArrayRef]) -> RecordBatch {
    let fields: Vec<_> = values
        .iter()
        .map(|array| {
            let field = Field::new("", array.data_type().clone(), true);
            let extension = ("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
            match array.data_type() {
                arrow_schema::DataType::FixedSizeBinary(_) => {
                    field.with_metadata(HashMap::from([extension]))
                }
                _ => field,
            }
        })
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), values.to_vec()).unwrap()
}

#[test]
fn values_of_every_type_come_back() {
    let abi = Abi::new();
    let created = abi.execute(CREATE, None);
    abi.close("odbc_statement_close", created);
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() };
    TestRunner::new(config)
        .run(&values(), |values| {
            for (sql, parameters) in [
                ("DELETE FROM t", None),
                ("INSERT INTO t VALUES (?,?,?,?,?,?,?,?,?,?)", Some(&parameters(&values))),
            ] {
                abi.close("odbc_statement_close", abi.execute(sql, parameters));
            }
            let read = abi.read(abi.execute("SELECT * FROM t", None));
            for (index, value) in values.iter().enumerate() {
                let column = read.column(index);
                match value.as_primitive_opt::<arrow_array::types::Decimal128Type>() {
                    // SQLite's decimals come as text.
                    Some(decimal) if decimal.is_valid(0) => {
                        let number = |text: &str| text.parse::<f64>().unwrap();
                        let text = column.as_string::<i32>().value(0);
                        prop_assert_eq!(number(text), number(&decimal.value_as_string(0)));
                    }
                    Some(_) => prop_assert!(column.is_null(0)),
                    None => match value.as_primitive_opt::<arrow_array::types::Float64Type>() {
                        // SQLite stores -0.0 as the integer 0, which compares equal.
                        Some(double) if double.is_valid(0) => {
                            let read = column.as_primitive::<arrow_array::types::Float64Type>();
                            prop_assert!(read.is_valid(0) && read.value(0) == double.value(0));
                        }
                        _ => prop_assert_eq!(column, value),
                    },
                }
            }
            Ok(())
        })
        .unwrap();
    abi.close("odbc_connection_close", abi.connection);
}

#[test]
fn a_stream_is_handed_over_as_an_arrow_stream() {
    type Export = unsafe extern "C" fn(u64, *mut FFI_ArrowArrayStream, *mut u8) -> Status;
    let abi = Abi::new();
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
                   SELECT i FROM n";
    let statement = abi.execute(numbers, None);
    let start: Symbol<'_, OpenStatement> = abi.symbol("odbc_stream_start");
    let export: Symbol<'_, Export> = abi.symbol("odbc_stream_export");
    let mut stream = 0;
    let mut exported = FFI_ArrowArrayStream::empty();
    // SAFETY: As the header asks.
    unsafe {
        assert_eq!(start(statement, null(), 0, &mut stream, NOBODY), 0);
        assert_eq!(export(stream, &mut exported, NOBODY), 0);
    }
    let mut reader = RecordBatchStreamReader::try_new(exported).unwrap();
    assert_eq!(reader.schema().field(0).name(), "i");
    let mut next = 1;
    while next <= 3000 {
        let batch = reader.next().unwrap().unwrap();
        for value in batch.column(0).as_primitive::<arrow_array::types::Int64Type>().values() {
            assert_eq!(*value, next);
            next += 1;
        }
    }
    // Whoever holds the handle still can end it, which the consumer hears of.
    abi.close("odbc_stream_close", stream);
    let error = reader.next().unwrap().unwrap_err();
    assert!(error.to_string().contains("the stream is closed"), "{error}");
    abi.close("odbc_statement_close", statement);
    abi.close("odbc_connection_close", abi.connection);
}
