//! Decimals with bounds, parsed from text without loss.

use std::sync::Arc;

use arrow_array::{ArrayRef, Decimal128Array, Decimal256Array};
use arrow_buffer::i256;
use arrow_schema::Field;

use super::{Binding, CellError, Cells, Column};

struct Decimal {
    field: Field,
    binding: Binding,
    precision: u8,
    scale: i8,
}

pub(super) fn column(field: Field, binding: Binding, precision: u8, scale: i8) -> Box<dyn Column> {
    Box::new(Decimal { field, binding, precision, scale })
}

impl Column for Decimal {
    fn field(&self) -> Field {
        self.field.clone()
    }

    fn binding(&self) -> Binding {
        self.binding
    }

    fn convert(&self, cells: &Cells<'_>) -> Result<ArrayRef, CellError> {
        let Self { precision, scale, .. } = *self;
        let name = format!("decimal({precision},{scale})");
        let in_bounds = "the driver's description bounds precision and scale";
        if precision <= 38 {
            let values = cells.parse(&name, |text| {
                let digits = Digits::of(text, precision, scale)?;
                digits.fold(0i128, |sum, digit| sum * 10 + i128::from(digit))
            })?;
            let array = Decimal128Array::from(values).with_precision_and_scale(precision, scale);
            Ok(Arc::new(array.expect(in_bounds)))
        } else {
            let ten = i256::from_i128(10);
            let values = cells.parse(&name, |text| {
                let digits = Digits::of(text, precision, scale)?;
                digits.fold(i256::ZERO, |sum, digit| {
                    sum.wrapping_mul(ten).wrapping_add(i256::from_i128(i128::from(digit)))
                })
            })?;
            let array = Decimal256Array::from(values).with_precision_and_scale(precision, scale);
            Ok(Arc::new(array.expect(in_bounds)))
        }
    }
}

/// The digits of a decimal number that fits a precision and a scale.
struct Digits<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    /// Zeros that the scale wants behind the fraction's digits.
    padding: usize,
}

impl<'a> Digits<'a> {
    fn of(text: &'a str, precision: u8, scale: i8) -> Option<Self> {
        let (negative, number) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let point = number.iter().position(|byte| *byte == b'.').unwrap_or(number.len());
        let whole = &number[..point];
        let fraction = number.get(point + 1..).unwrap_or_default();
        let all_digits = whole.iter().chain(fraction).all(u8::is_ascii_digit);
        if !all_digits || whole.len() + fraction.len() == 0 {
            return None;
        }
        let whole = &whole[whole.iter().take_while(|byte| **byte == b'0').count()..];
        let zeros = fraction.iter().rev().take_while(|byte| **byte == b'0').count();
        let fraction = &fraction[..fraction.len() - zeros];
        let padding = (scale as usize).checked_sub(fraction.len())?;
        (whole.len() + scale as usize <= precision as usize).then_some(Self {
            negative,
            whole,
            fraction,
            padding,
        })
    }

    fn fold<T: std::ops::Neg<Output = T>>(&self, zero: T, add: impl Fn(T, u8) -> T) -> Option<T> {
        let digits = self.whole.iter().chain(self.fraction).map(|byte| byte - b'0');
        let value = digits.chain(std::iter::repeat_n(0, self.padding)).fold(zero, add);
        Some(if self.negative { -value } else { value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, precision: u8, scale: i8) -> Option<i128> {
        Digits::of(text, precision, scale)?.fold(0, |sum, digit| sum * 10 + i128::from(digit))
    }

    #[test]
    fn decimals_keep_every_digit() {
        assert_eq!(parse("12.5", 6, 4), Some(125_000));
        assert_eq!(parse("-0.01", 3, 2), Some(-1));
        assert_eq!(parse(".5", 2, 1), Some(5));
        assert_eq!(parse("0012", 2, 0), Some(12));
        assert_eq!(parse("1.500", 2, 1), Some(15));
        assert_eq!(
            parse("99999999999999999999999999999999999999", 38, 0),
            Some(10i128.pow(38) - 1)
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for text in ["NaN", "", "-", ".", "1e3", "1.23", "1000", "1,5", "1.2.3", "Infinity", "١"] {
            assert_eq!(parse(text, 4, 1), None, "{text}");
        }
    }
}
