//! Decimals with bounds, parsed from text without loss.

use std::{borrow::Cow, sync::Arc};

use arrow_array::{
    ArrayRef, StringArray,
    types::{Decimal128Type, Decimal256Type},
};
use arrow_buffer::i256;
use arrow_schema::Field;

use super::{
    Binding, CellError, Cells, Column, Slab,
    cells::{not_a, trimmed},
    digits::digits,
    primitive::Primitive,
    values::Bytes,
};

pub(super) fn column(field: Field, binding: Binding, precision: u8, scale: i8) -> Box<dyn Column> {
    let name = format!("decimal({precision},{scale})");
    if precision <= 38 {
        Box::new(Primitive::<Decimal128Type>::new(field, binding, move |cells, values| {
            let read = |text: &[u8]| {
                let exact = || Digits::of(trimmed(text), precision, scale);
                short(text, precision, scale).or_else(|| exact().map(|digits| digits.to_i128()))
            };
            values.append_read(cells, read, |text| not_a(&name, text))
        }))
    } else {
        Box::new(Primitive::<Decimal256Type>::new(field, binding, move |cells, values| {
            let read =
                |text: &[u8]| Digits::of(trimmed(text), precision, scale).map(|d| d.to_i256());
            values.append_read(cells, read, |text| not_a(&name, text))
        }))
    }
}

/// Reads a plain number of up to 18 digits with just so many behind its point as the scale wants,
/// which is what databases write; None leaves it to [`Digits`].
fn short(text: &[u8], precision: u8, scale: i8) -> Option<i128> {
    const DIGITS_MAX: usize = 18;
    let (negative, number) = match text {
        [b'-', number @ ..] => (true, number),
        number => (false, number),
    };
    let scale = usize::try_from(scale).ok()?;
    let whole = number.len().checked_sub(scale + usize::from(scale > 0))?;
    if whole + scale > DIGITS_MAX.min(precision.into()) {
        return None;
    }
    let (before, behind) = number.split_at(whole);
    let value = match behind {
        [] => digits(before)?,
        [b'.', fraction @ ..] if before.is_empty() => digits(fraction)?,
        [b'.', fraction @ ..] => digits(before)? * 10u64.pow(scale as u32) + digits(fraction)?,
        _ => return None,
    };
    let value = i128::from(value);
    Some(if negative { -value } else { value })
}

struct DecimalText {
    field: Field,
    binding: Binding,
    values: Bytes,
}

/// A decimal without bounds, as text in plain notation.
pub(super) fn text_column(field: Field, binding: Binding) -> Box<dyn Column> {
    Box::new(DecimalText { field, binding, values: Bytes::new() })
}

impl Column for DecimalText {
    fn field(&self) -> &Field {
        &self.field
    }

    fn binding(&self) -> Binding {
        self.binding
    }

    fn append(&mut self, cells: &Cells<'_>) -> Result<(), CellError> {
        self.values.append(cells, |cell, values| {
            let text = std::str::from_utf8(cell).map_err(|_| not_a("decimal", cell))?;
            let number = plain(text);
            if !is_number(&number) {
                return Err(not_a("decimal", cell));
            }
            values.extend_from_slice(number.as_bytes());
            Ok(())
        })
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
        let (offsets, values, nulls) = self.values.finish(slab);
        Arc::new(StringArray::new(offsets, values, nulls))
    }

    fn widen(&mut self, binding: Binding) {
        self.binding = binding;
    }
}

/// Whether a text is a number in plain notation, or a word that databases have for what is none.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if matches!(unsigned, "NaN" | "Infinity" | "Inf") {
        return true;
    }
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    whole.len() + fraction.len() > 0 && are_digits(whole) && are_digits(fraction)
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
    fn of(text: &'a [u8], precision: u8, scale: i8) -> Option<Self> {
        let (negative, number) = match text {
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

    fn digits(&self) -> impl Iterator<Item = u8> {
        let digits = self.whole.iter().chain(self.fraction).map(|byte| byte - b'0');
        digits.chain(std::iter::repeat_n(0, self.padding))
    }

    fn to_i128(&self) -> i128 {
        /// Any number of so many digits fits 64 bits, whose arithmetic is much cheaper.
        const SHORT: usize = 18;
        let value = if self.whole.len() + self.fraction.len() + self.padding <= SHORT {
            i128::from(self.digits().fold(0u64, |sum, digit| sum * 10 + u64::from(digit)))
        } else {
            self.digits().fold(0, |sum, digit| sum * 10 + i128::from(digit))
        };
        if self.negative { -value } else { value }
    }

    fn to_i256(&self) -> i256 {
        let ten = i256::from_i128(10);
        let value = self.digits().fold(i256::ZERO, |sum, digit| {
            sum.wrapping_mul(ten).wrapping_add(i256::from_i128(i128::from(digit)))
        });
        if self.negative { value.wrapping_neg() } else { value }
    }
}

/// The digits of a plain decimal number, counted in units of its last place at this scale.
pub(crate) fn decimal_digits(text: &str, precision: u8, scale: i8) -> Option<i256> {
    Digits::of(text.as_bytes(), precision, scale).map(|digits| digits.to_i256())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, precision: u8, scale: i8) -> Option<i128> {
        let exact = Digits::of(text.as_bytes(), precision, scale).map(|digits| digits.to_i128());
        if let Some(value) = short(text.as_bytes(), precision, scale) {
            assert_eq!(Some(value), exact, "{text}");
        }
        exact
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
