//! Booleans, integers and floating-point numbers.

use std::{fmt::Display, sync::Arc};

use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray,
    types::{
        Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
        UInt32Type, UInt64Type,
    },
};
use arrow_buffer::ArrowNativeType;
use arrow_schema::Field;
use odbc_api::sys::CDataType;

use super::{
    Binding, CellError, Cells, Column, Slab,
    cells::{not_a, trimmed},
    digits,
    values::Values,
};

/// How the cells of a column become values.
pub(super) type Append<T> = Box<dyn Fn(&Cells<'_>, &mut Values<T>) -> Result<(), CellError> + Send>;

/// A column of values of one size.
pub(super) struct Primitive<T: ArrowPrimitiveType> {
    field: Field,
    binding: Binding,
    append: Append<T::Native>,
    values: Values<T::Native>,
    /// How it is read from where a NULL may stand for something else.
    exact: Option<(Binding, Append<T::Native>)>,
    verification: Option<Verification>,
}

/// How values are verified that may stand for something else.
pub(super) struct Verification {
    pub suspects: fn(&Cells<'_>) -> Vec<usize>,
    pub verifies: fn(&[u8]) -> bool,
}

impl<T: ArrowPrimitiveType> Primitive<T> {
    pub fn new(
        field: Field,
        binding: Binding,
        append: impl Fn(&Cells<'_>, &mut Values<T::Native>) -> Result<(), CellError> + Send + 'static,
    ) -> Self {
        Self {
            field,
            binding,
            append: Box::new(append),
            values: Values::new(),
            exact: None,
            verification: None,
        }
    }

    /// The same column, some values of which are verified.
    pub fn verified(mut self, verification: Verification) -> Self {
        self.verification = Some(verification);
        self
    }

    /// The same column, which is read in another way once there is a NULL.
    pub fn or_exact(mut self, exact: Self) -> Self {
        self.exact = Some((exact.binding, exact.append));
        self
    }
}

impl<T: ArrowPrimitiveType> Column for Primitive<T> {
    fn field(&self) -> &Field {
        &self.field
    }

    fn binding(&self) -> Binding {
        self.binding
    }

    fn append(&mut self, cells: &Cells<'_>) -> Result<(), CellError> {
        (self.append)(cells, &mut self.values)
    }

    fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
    }

    fn bytes(&self) -> usize {
        self.values.bytes()
    }

    fn slab_bytes(&self) -> usize {
        self.values.slab_bytes()
    }

    fn finish(&mut self, slab: &mut Slab) -> ArrayRef {
        // Decimals and instants have more to their type than how they are stored.
        let array = self.values.finish::<T>(slab).with_data_type(self.field.data_type().clone());
        Arc::new(array)
    }

    fn widen(&mut self, binding: Binding) {
        self.binding = binding;
    }

    fn doubts_nulls(&self) -> bool {
        self.exact.is_some()
    }

    fn read_exactly(&mut self) {
        if let Some((binding, append)) = self.exact.take() {
            (self.binding, self.append) = (binding, append);
        }
    }

    fn suspects(&self, cells: &Cells<'_>) -> Vec<usize> {
        self.verification.as_ref().map_or_else(Vec::new, |how| (how.suspects)(cells))
    }

    fn verifies(&self, text: &[u8]) -> bool {
        self.verification.as_ref().is_none_or(|how| (how.verifies)(text))
    }
}

/// A column of booleans.
struct Boolean {
    field: Field,
    binding: Binding,
    append: Append<u8>,
    /// A byte for each; 0 is false.
    values: Values<u8>,
}

pub(super) fn boolean(field: Field, binding: Binding) -> Box<dyn Column> {
    let append: Append<u8> = Box::new(|cells, values| {
        values.append_fixed(cells);
        Ok(())
    });
    Box::new(Boolean { field, binding, append, values: Values::new() })
}

pub(super) fn boolean_text(field: Field, binding: Binding) -> Box<dyn Column> {
    let read = |text: &[u8]| match trimmed(text) {
        b"0" => Some(0),
        b"1" => Some(1),
        text if text.eq_ignore_ascii_case(b"false") => Some(0),
        text if text.eq_ignore_ascii_case(b"true") => Some(1),
        _ => None,
    };
    let append: Append<u8> = Box::new(move |cells, values| {
        values.append_read(cells, read, |text| not_a("boolean", text))
    });
    Box::new(Boolean { field, binding, append, values: Values::new() })
}

impl Column for Boolean {
    fn field(&self) -> &Field {
        &self.field
    }

    fn binding(&self) -> Binding {
        self.binding
    }

    fn append(&mut self, cells: &Cells<'_>) -> Result<(), CellError> {
        (self.append)(cells, &mut self.values)
    }

    fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
    }

    fn bytes(&self) -> usize {
        self.values.bytes()
    }

    fn slab_bytes(&self) -> usize {
        0
    }

    fn finish(&mut self, _slab: &mut Slab) -> ArrayRef {
        let (bits, nulls) = self.values.finish_bits();
        Arc::new(BooleanArray::new(bits, nulls))
    }

    fn widen(&mut self, binding: Binding) {
        self.binding = binding;
    }
}

/// Integers are read with 64 bits: drivers cut to narrower C types and report success.
pub(super) fn integer(field: Field, bits: u8, unsigned: bool) -> Box<dyn Column> {
    match (bits, unsigned) {
        (8, false) => narrow::<i64, Int8Type>(field, CDataType::SBigInt),
        (16, false) => narrow::<i64, Int16Type>(field, CDataType::SBigInt),
        (32, false) => narrow::<i64, Int32Type>(field, CDataType::SBigInt),
        (_, false) => as_it_is::<Int64Type>(field, CDataType::SBigInt),
        (8, true) => narrow::<u64, UInt8Type>(field, CDataType::UBigInt),
        (16, true) => narrow::<u64, UInt16Type>(field, CDataType::UBigInt),
        (32, true) => narrow::<u64, UInt32Type>(field, CDataType::UBigInt),
        (_, true) => as_it_is::<UInt64Type>(field, CDataType::UBigInt),
    }
}

/// A column whose cells are Arrow's own values.
fn as_it_is<T: ArrowPrimitiveType>(field: Field, c_type: CDataType) -> Box<dyn Column> {
    let binding = Binding::fixed(c_type, size_of::<T::Native>());
    Box::new(Primitive::<T>::new(field, binding, |cells, values| {
        values.append_fixed(cells);
        Ok(())
    }))
}

fn narrow<W, T>(field: Field, c_type: CDataType) -> Box<dyn Column>
where
    W: ArrowNativeType + Display,
    T: ArrowPrimitiveType,
    T::Native: TryFrom<W>,
{
    let binding = Binding::fixed(c_type, size_of::<W>());
    Box::new(Primitive::<T>::new(field, binding, |cells, values| {
        values.append_converted(
            cells,
            |wide: W| T::Native::try_from(wide).ok(),
            |wide| format!("{wide} is not a value of type {}", T::DATA_TYPE),
        )
    }))
}

pub(super) fn integer_text(field: Field, binding: Binding) -> Box<dyn Column> {
    Box::new(Primitive::<Int64Type>::new(field, binding, |cells, values| {
        let parse = |text: &[u8]| std::str::from_utf8(trimmed(text)).ok()?.parse().ok();
        let read = |text: &[u8]| digits::integer(text).or_else(|| parse(text));
        values.append_read(cells, read, |text| not_a("bigint", text))
    }))
}

/// A REAL is read as a double, which holds it exactly: MariaDB Connector/ODBC 3.1.15 writes
/// SQL_C_FLOAT blocks in steps of eight bytes.
pub(super) fn float32(field: Field) -> Box<dyn Column> {
    let binding = Binding::fixed(CDataType::Double, 8);
    Box::new(Primitive::<Float32Type>::new(field, binding, |cells, values| {
        values.append_converted(cells, |wide: f64| Some(wide as f32), |_| String::new())
    }))
}

pub(super) fn float64(field: Field) -> Box<dyn Column> {
    as_it_is::<Float64Type>(field, CDataType::Double)
}

pub(super) fn float64_text(field: Field, binding: Binding) -> Box<dyn Column> {
    Box::new(Primitive::<Float64Type>::new(field, binding, |cells, values| {
        let parse = |text: &[u8]| parse_double(std::str::from_utf8(trimmed(text)).ok()?);
        values.append_read(cells, parse, |text| not_a("double", text))
    }))
}

/// The 15 digits that sqliteodbc 0.9998 gives of the largest doubles, which are above any.
const LARGEST: &str = "1.79769313486232e+308";

/// Reads a double; an integer that no double holds exactly is none.
fn parse_double(text: &str) -> Option<f64> {
    // What is no number but a word is that of PostgreSQL or SQLite for it, not any text in a column.
    let is_word = text.bytes().any(|byte| byte.is_ascii_alphabetic() && !b"eE".contains(&byte));
    if is_word && !["NaN", "Infinity", "-Infinity", "Inf", "-Inf"].contains(&text) {
        return None;
    }
    let double: f64 = text.parse().ok()?;
    if double.is_infinite() && !is_word {
        return (text.trim_start_matches('-') == LARGEST).then(|| f64::MAX.copysign(double));
    }
    // SQLite writes a REAL with a point or an exponent, so digits alone are an INTEGER.
    match text.parse::<i64>() {
        Ok(integer) => (double as i128 == i128::from(integer)).then_some(double),
        Err(_) => Some(double),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_double;

    #[test]
    fn integers_that_no_double_holds_are_refused() {
        assert_eq!(parse_double("9007199254740992"), Some(9_007_199_254_740_992.0));
        assert_eq!(parse_double("9007199254740993"), None);
        assert_eq!(parse_double("9223372036854775807"), None);
        assert_eq!(parse_double("-9223372036854775808"), Some(-9_223_372_036_854_775_808.0));
        assert_eq!(parse_double("9.00719925474099e+15"), Some(9.007_199_254_740_99e15));
        assert_eq!(parse_double("-1.79769313486232e+308"), Some(f64::MIN));
        assert_eq!(parse_double("1e309"), None);
        assert_eq!(parse_double("Inf"), Some(f64::INFINITY));
        for text in ["abc", "nan", "inf", "+Inf", "infinity", "e", ""] {
            assert_eq!(parse_double(text), None, "{text}");
        }
    }
}
