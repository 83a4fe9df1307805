//! Decimals with bounds, parsed from text without loss.

use std::{borrow::Cow, sync::Arc};

use arrow_array::{ArrayRef, Decimal128Array, Decimal256Array, builder::StringBuilder};
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

struct DecimalText {
    field: Field,
    binding: Binding,
}

/// A decimal without bounds, as text in plain notation.
pub(super) fn text_column(field: Field, binding: Binding) -> Box<dyn Column> {
    Box::new(DecimalText { field, binding })
}

impl Column for DecimalText {
    fn field(&self) -> Field {
        self.field.clone()
    }

    fn binding(&self) -> Binding {
        self.binding
    }

    fn convert(&self, cells: &Cells<'_>) -> Result<ArrayRef, CellError> {
        let mut values = StringBuilder::with_capacity(cells.len(), cells.len() * 8);
        for row in 0..cells.len() {
            values.append_option(cells.text(row)?.map(plain));
        }
        Ok(Arc::new(values.finish()))
    }
}

/// A number without an exponent; sqliteodbc gives one. What is no such number stays as it is.
fn plain(text: &str) -> Cow<'_, str> {
    /// More zeros than any number has that is not an attack.
    const EXPONENT_MAX: usize = 1000;
    let expand = || {
        let (mantissa, exponent) = text.split_once(['e', 'E'])?;
        let exponent: i32 = exponent.parse().ok()?;
        let digits = mantissa.trim_start_matches('-');
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let zeros = exponent.unsigned_abs() as usize;
        if zeros > EXPONENT_MAX
            || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let number = if exponent >= 0 {
            let moved = zeros.min(fraction.len());
            let (before, after) = fraction.split_at(moved);
            let number = format!("{whole}{before}{}", "0".repeat(zeros - moved));
            if after.is_empty() { number } else { format!("{number}.{after}") }
        } else {
            let padded = format!("{}{whole}", "0".repeat((zeros + 1).saturating_sub(whole.len())));
            let (before, after) = padded.split_at(padded.len() - zeros);
            format!("{before}.{after}{fraction}")
        };
        let sign = if mantissa.starts_with('-') { "-" } else { "" };
        Some(format!("{sign}{number}"))
    };
    expand().map_or(Cow::Borrowed(text), Cow::Owned)
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
    fn exponents_are_written_out() {
        for (text, expected) in [
            ("1.23456789012346e+27", "1234567890123460000000000000"),
            ("1.0e+38", "100000000000000000000000000000000000000"),
            ("-1.5e+1", "-15"),
            ("1.25e+1", "12.5"),
            ("1.0e-10", "0.0000000001"),
            ("12345e-2", "123.45"),
            ("-1.2e-2", "-0.012"),
            ("12e-1", "1.2"),
            ("123e-2", "1.23"),
            ("12e0", "12"),
            ("12.50", "12.50"),
            ("NaN", "NaN"),
            ("Infinity", "Infinity"),
            ("one", "one"),
            ("1e99999", "1e99999"),
            ("", ""),
        ] {
            assert_eq!(plain(text), expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for text in ["NaN", "", "-", ".", "1e3", "1.23", "1000", "1,5", "1.2.3", "Infinity", "١"] {
            assert_eq!(parse(text, 4, 1), None, "{text}");
        }
    }
}
