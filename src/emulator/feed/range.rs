//! Which part of a file is asked for (RFC 9110, section 14).

/// What a request asks of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// These bytes, the last one included.
    Bytes { first: u64, last: u64 },
    /// What it does not have.
    Unsatisfiable,
}

impl Part {
    /// What a `Range` header asks of a file of `length` bytes. One that is not understood, or
    /// asks for several parts, counts as none.
    pub(super) fn of(header: Option<&str>, length: u64) -> Self {
        let read = || {
            let (unit, set) = header?.split_once('=')?;
            let (first, last) = set.split_once('-')?;
            (unit.trim().eq_ignore_ascii_case("bytes")).then_some((number(first)?, number(last)?))
        };
        match read() {
            None | Some((None, None)) => Self::Whole,
            Some((Some(first), Some(last))) if last < first => Self::Whole,
            Some((Some(first), _)) if first >= length => Self::Unsatisfiable,
            Some((Some(first), last)) => {
                Self::Bytes { first, last: last.unwrap_or(u64::MAX).min(length - 1) }
            }
            Some((None, Some(last))) if last == 0 || length == 0 => Self::Unsatisfiable,
            Some((None, Some(last))) => {
                Self::Bytes { first: length.saturating_sub(last), last: length - 1 }
            }
        }
    }
}

/// A number, or none where nothing stands; `None` for what is neither.
fn number(text: &str) -> Option<Option<u64>> {
    match text.trim() {
        "" => Some(None),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok().map(Some),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_what_of_it_the_file_has() {
        let bytes = |first, last| Part::Bytes { first, last };
        for (header, expected) in [
            ("bytes=0-", bytes(0, 9)),
            ("bytes=4-", bytes(4, 9)),
            ("bytes=4-6", bytes(4, 6)),
            ("bytes=4-4", bytes(4, 4)),
            ("bytes=4-99", bytes(4, 9)),
            ("bytes=-3", bytes(7, 9)),
            ("bytes=-99", bytes(0, 9)),
            ("Bytes = 9-", bytes(9, 9)),
            ("bytes=10-", Part::Unsatisfiable),
            ("bytes=10-11", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=6-4", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=+1-", Part::Whole),
            ("bytes=one-", Part::Whole),
            ("bytes=99999999999999999999-", Part::Whole),
            ("lines=1-", Part::Whole),
            ("", Part::Whole),
        ] {
            assert_eq!(Part::of(Some(header), 10), expected, "{header}");
        }
        assert_eq!(Part::of(None, 10), Part::Whole);
        assert_eq!(Part::of(Some("bytes=0-"), 0), Part::Unsatisfiable);
        assert_eq!(Part::of(Some("bytes=-1"), 0), Part::Unsatisfiable);
    }
}
