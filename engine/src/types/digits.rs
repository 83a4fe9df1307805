//! Plain digits, read eight at a time.

/// Reads up to 18 digits and nothing else; any number of so many fits 63 bits.
pub(super) fn digits(text: &[u8]) -> Option<u64> {
    const DIGITS_MAX: usize = 18;
    if text.is_empty() || text.len() > DIGITS_MAX {
        return None;
    }
    let (eights, rest) = text.as_chunks::<8>();
    let whole =
        eights.iter().try_fold(0, |sum, eight| Some(sum * 100_000_000 + eight_digits(*eight)?));
    rest.iter().try_fold(whole?, |sum, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| sum * 10 + u64::from(digit))
    })
}

/// Reads an integer of up to 18 digits with a minus or without.
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    match text {
        [b'-', number @ ..] => digits(number).map(|number| -(number as i64)),
        number => digits(number).map(|number| number as i64),
    }
}

/// Adds neighbours up, in pairs, fours and eights.
fn eight_digits(text: [u8; 8]) -> Option<u64> {
    const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const SIXES: u64 = 0x0606_0606_0606_0606;
    let bytes = u64::from_le_bytes(text);
    if bytes & HIGH != ZEROS || bytes.wrapping_add(SIXES) & HIGH != ZEROS {
        return None;
    }
    let ones = bytes & 0x0F0F_0F0F_0F0F_0F0F;
    let pairs = ones.wrapping_mul(10 * 256 + 1) >> 8 & 0x00FF_00FF_00FF_00FF;
    let fours = pairs.wrapping_mul(100 * 65_536 + 1) >> 16 & 0x0000_FFFF_0000_FFFF;
    Some(fours.wrapping_mul(10_000 * 4_294_967_296 + 1) >> 32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(number in -999_999_999_999_999_999i64..1_000_000_000_000_000_000) {
            prop_assert_eq!(integer(number.to_string().as_bytes()), Some(number));
        }

        #[test]
        fn nothing_but_digits_is_read(text in "[0-9]{0,17}[^0-9][0-9]{0,17}") {
            prop_assert_eq!(digits(text.as_bytes()), None);
        }
    }

    #[test]
    fn the_longest_are_left_to_others() {
        assert_eq!(digits(b"000000000000000007"), Some(7));
        assert_eq!(digits(b"999999999999999999"), Some(999_999_999_999_999_999));
        assert_eq!(digits(b"1000000000000000000"), None);
        assert_eq!(digits(b""), None);
        assert_eq!(integer(b"-"), None);
    }
}
