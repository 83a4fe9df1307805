//! Booleans, integers and floating-point numbers.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, Float32Array, Float64Array, Int64Array,
    PrimitiveArray, UInt64Array,
    types::{Int8Type, Int16Type, Int32Type, UInt8Type, UInt16Type, UInt32Type},
};
use arrow_schema::Field;
use odbc_api::sys::CDataType;

use super::{Binding, CellError, Cells, Column};

type Convert = fn(&Cells<'_>) -> Result<ArrayRef, CellError>;

/// A column whose conversion needs nothing but its cells.
struct Primitive {
    field: Field,
    binding: Binding,
    convert: Convert,
}

impl Column for Primitive {
    fn field(&self) -> Field {
        self.field.clone()
    }

    fn binding(&self) -> Binding {
        self.binding
    }

    fn convert(&self, cells: &Cells<'_>) -> Result<ArrayRef, CellError> {
        (self.convert)(cells)
    }
}

fn primitive(field: Field, binding: Binding, convert: Convert) -> Box<dyn Column> {
    Box::new(Primitive { field, binding, convert })
}

pub(super) fn boolean(field: Field, binding: Binding) -> Box<dyn Column> {
    primitive(field, binding, |cells| {
        let values = (0..cells.len()).map(|row| cells.bytes(row).map(|bit| bit != [0]));
        Ok(Arc::new(values.collect::<BooleanArray>()))
    })
}

pub(super) fn boolean_text(field: Field, binding: Binding) -> Box<dyn Column> {
    primitive(field, binding, |cells| {
        let values = cells.parse("boolean", |text| match text {
            "0" => Some(false),
            "1" => Some(true),
            _ if text.eq_ignore_ascii_case("false") => Some(false),
            _ if text.eq_ignore_ascii_case("true") => Some(true),
            _ => None,
        })?;
        Ok(Arc::new(BooleanArray::from(values)))
    })
}

/// Integers are read with 64 bits: drivers cut to narrower C types and report success.
pub(super) fn integer(field: Field, bits: u8, unsigned: bool) -> Box<dyn Column> {
    if unsigned {
        let convert: Convert = match bits {
            8 => narrow_unsigned::<UInt8Type>,
            16 => narrow_unsigned::<UInt16Type>,
            32 => narrow_unsigned::<UInt32Type>,
            _ => |cells| {
                Ok(Arc::new(UInt64Array::new(cells.fixed::<u64>().to_vec().into(), cells.nulls())))
            },
        };
        primitive(field, Binding::fixed(CDataType::UBigInt, 8), convert)
    } else {
        let convert: Convert = match bits {
            8 => narrow::<Int8Type>,
            16 => narrow::<Int16Type>,
            32 => narrow::<Int32Type>,
            _ => |cells| {
                Ok(Arc::new(Int64Array::new(cells.fixed::<i64>().to_vec().into(), cells.nulls())))
            },
        };
        primitive(field, Binding::fixed(CDataType::SBigInt, 8), convert)
    }
}

fn narrow<T: ArrowPrimitiveType>(cells: &Cells<'_>) -> Result<ArrayRef, CellError>
where
    T::Native: TryFrom<i64>,
{
    narrow_from::<i64, T>(cells)
}

fn narrow_unsigned<T: ArrowPrimitiveType>(cells: &Cells<'_>) -> Result<ArrayRef, CellError>
where
    T::Native: TryFrom<u64>,
{
    narrow_from::<u64, T>(cells)
}

fn narrow_from<W, T>(cells: &Cells<'_>) -> Result<ArrayRef, CellError>
where
    W: arrow_buffer::ArrowNativeType + std::fmt::Display,
    T: ArrowPrimitiveType,
    T::Native: TryFrom<W>,
{
    let nulls = cells.nulls();
    let values = cells.fixed::<W>().iter().enumerate().map(|(row, wide)| {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(T::default_value());
        }
        T::Native::try_from(*wide).map_err(|_| CellError {
            row,
            message: format!("{wide} is not a value of type {}", T::DATA_TYPE),
        })
    });
    let values: Vec<T::Native> = values.collect::<Result<_, _>>()?;
    Ok(Arc::new(PrimitiveArray::<T>::new(values.into(), nulls)))
}

pub(super) fn integer_text(field: Field, binding: Binding) -> Box<dyn Column> {
    primitive(field, binding, |cells| {
        Ok(Arc::new(Int64Array::from(cells.parse("bigint", |text| text.parse().ok())?)))
    })
}

/// A REAL is read as a double, which holds it exactly: MariaDB Connector/ODBC 3.1.15 writes
/// SQL_C_FLOAT blocks in steps of eight bytes.
pub(super) fn float32(field: Field) -> Box<dyn Column> {
    primitive(field, Binding::fixed(CDataType::Double, 8), |cells| {
        let values: Vec<f32> = cells.fixed::<f64>().iter().map(|wide| *wide as f32).collect();
        Ok(Arc::new(Float32Array::new(values.into(), cells.nulls())))
    })
}

pub(super) fn float64(field: Field) -> Box<dyn Column> {
    primitive(field, Binding::fixed(CDataType::Double, 8), |cells| {
        Ok(Arc::new(Float64Array::new(cells.fixed::<f64>().to_vec().into(), cells.nulls())))
    })
}

pub(super) fn float64_text(field: Field, binding: Binding) -> Box<dyn Column> {
    primitive(field, binding, |cells| {
        Ok(Arc::new(Float64Array::from(cells.parse("double", parse_double)?)))
    })
}

/// Reads a double; an integer that no double holds exactly is none.
fn parse_double(text: &str) -> Option<f64> {
    let double: f64 = text.parse().ok()?;
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
        assert_eq!(parse_double("Inf"), Some(f64::INFINITY));
        assert_eq!(parse_double("abc"), None);
    }
}
