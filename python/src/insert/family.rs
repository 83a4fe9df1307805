//! What the values of a column have in common, and the Arrow type that holds them all.

use arrow_schema::{DECIMAL128_MAX_PRECISION, DataType, TimeUnit};

use crate::{decimal, value::Value};

/// What is known of a column's values.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Family {
    /// Nothing but None so far.
    Unknown,
    Boolean,
    Integer(Integers),
    Float,
    /// The most digits before and behind the point.
    Decimal {
        whole: usize,
        scale: usize,
    },
    Text,
    Bytes,
    Date,
    Time,
    /// `datetime` objects, with or without a time zone.
    Moment {
        instant: Option<bool>,
        nanos: bool,
    },
    Uuid,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Integers {
    has_negative: bool,
    /// Of those beyond 64 bits with sign; 0 for none.
    large_digits: usize,
    /// Whether one is beyond 64 bits without sign, too.
    beyond_unsigned: bool,
}

/// The most digits of a 64-bit integer.
const DIGITS_OF_64_BITS: usize = 20;

impl Family {
    fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Null => Self::Unknown,
            Value::Boolean(_) => Self::Boolean,
            Value::Integer(number) => {
                Self::Integer(Integers { has_negative: *number < 0, ..Integers::default() })
            }
            Value::Large(digits) => Self::Integer(Integers {
                has_negative: digits.starts_with('-'),
                large_digits: decimal::digits(digits).0,
                beyond_unsigned: digits.parse::<u64>().is_err(),
            }),
            Value::Float(_) => Self::Float,
            Value::Decimal(text) => {
                let (whole, scale) = decimal::digits(text);
                Self::Decimal { whole, scale }
            }
            Value::Text(_) => Self::Text,
            Value::Bytes(_) => Self::Bytes,
            Value::Date(_) => Self::Date,
            Value::Time(_) => Self::Time,
            Value::Moment(moment) => {
                Self::Moment { instant: Some(moment.instant), nanos: moment.nanos != 0 }
            }
            Value::Uuid(_) => Self::Uuid,
        }
    }

    /// Takes one more value in; false where it does not go with those before.
    pub(super) fn admit(&mut self, value: &Value<'_>) -> bool {
        let merged = match (&*self, Self::of(value)) {
            (_, Self::Unknown) => return true,
            (Self::Unknown, new) => new,
            (Self::Integer(old), Self::Integer(new)) => Self::Integer(Integers {
                has_negative: old.has_negative || new.has_negative,
                large_digits: old.large_digits.max(new.large_digits),
                beyond_unsigned: old.beyond_unsigned || new.beyond_unsigned,
            }),
            // Those that are no such floats are refused later, each by itself.
            (Self::Float, Self::Integer(_)) | (Self::Integer(_), Self::Float) => Self::Float,
            (Self::Decimal { whole, scale }, Self::Decimal { whole: w, scale: s }) => {
                Self::Decimal { whole: (*whole).max(w), scale: (*scale).max(s) }
            }
            (Self::Decimal { whole, scale }, Self::Integer(integers)) => {
                Self::Decimal { whole: (*whole).max(integers.digits()), scale: *scale }
            }
            (Self::Integer(integers), Self::Decimal { whole, scale }) => {
                Self::Decimal { whole: whole.max(integers.digits()), scale }
            }
            (Self::Moment { instant, nanos }, Self::Moment { instant: i, nanos: n })
                if instant.is_none() || *instant == i =>
            {
                Self::Moment { instant: i, nanos: *nanos || n }
            }
            (old, new) if *old == new => return true,
            _ => return false,
        };
        *self = merged;
        true
    }

    /// Whether another value of the same class would change nothing.
    pub(super) fn is_settled(&self) -> bool {
        match self {
            Self::Unknown | Self::Integer(_) | Self::Decimal { .. } | Self::Moment { .. } => false,
            Self::Boolean | Self::Float | Self::Text | Self::Bytes => true,
            Self::Date | Self::Time | Self::Uuid => true,
        }
    }

    /// The Arrow type for all that was seen. `complete` says that no more values will come; else
    /// there must be room for others of their kind.
    pub(super) fn data_type(&self, complete: bool) -> Result<DataType, String> {
        Ok(match self {
            Self::Unknown => DataType::Null,
            Self::Boolean => DataType::Boolean,
            Self::Integer(Integers { large_digits: 0, .. }) => DataType::Int64,
            Self::Integer(Integers { has_negative: false, beyond_unsigned: false, .. }) => {
                DataType::UInt64
            }
            Self::Integer(integers) => decimal_type(integers.digits(), 0, complete)?,
            Self::Float => DataType::Float64,
            Self::Decimal { whole, scale } => decimal_type(*whole, *scale, complete)?,
            Self::Text => DataType::LargeUtf8,
            Self::Bytes => DataType::LargeBinary,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Moment { instant, nanos } => {
                let unit = if *nanos { TimeUnit::Nanosecond } else { TimeUnit::Microsecond };
                let zone = (*instant == Some(true)).then(|| "UTC".into());
                DataType::Timestamp(unit, zone)
            }
            Self::Uuid => DataType::FixedSizeBinary(16),
        })
    }
}

impl Integers {
    /// The most digits that one may have.
    fn digits(&self) -> usize {
        self.large_digits.max(DIGITS_OF_64_BITS - 1)
    }
}

fn decimal_type(whole: usize, scale: usize, complete: bool) -> Result<DataType, String> {
    let narrow = usize::from(DECIMAL128_MAX_PRECISION);
    let wide = usize::from(decimal::DIGITS_MAX);
    let digits = (whole + scale).max(1);
    if digits > wide {
        return Err(format!(
            "{whole} digits before the point and {scale} behind it are more than the {wide} of \
             the widest decimal"
        ));
    }
    let precision = match (digits <= narrow, complete) {
        (_, true) => digits,
        (true, false) => narrow,
        (false, false) => wide,
    };
    let (precision, scale) = (precision as u8, scale as i8);
    Ok(if precision <= DECIMAL128_MAX_PRECISION {
        DataType::Decimal128(precision, scale)
    } else {
        DataType::Decimal256(precision, scale)
    })
}
