//! Answers by number: "2", "1,3-5", "all".

use std::collections::BTreeSet;

use crate::cli::redact;

/// Longest piece of an answer that is said back; more is no number.
const LONGEST_ECHO: usize = 20;

/// The one place, from 0, that `answer` names among `count`.
///
/// # Errors
/// Words that say what the answer may be.
pub(super) fn one(answer: &str, count: usize) -> Result<usize, String> {
    number(answer.trim(), count)
}

/// The places, from 0 and in their order, that `answer` names among `count`; at least one.
///
/// # Errors
/// Words that say what the answer may be.
pub(super) fn some(answer: &str, count: usize) -> Result<Vec<usize>, String> {
    if answer.trim().eq_ignore_ascii_case("all") {
        return Ok((0..count).collect());
    }
    let mut places = BTreeSet::new();
    for piece in answer.split([',', ' ', '\t']).map(str::trim).filter(|piece| !piece.is_empty()) {
        match piece.split_once('-') {
            Some((first, last)) => {
                let (first, last) = (number(first, count)?, number(last, count)?);
                if first > last {
                    return Err(format!("{piece} goes backwards; write the smaller number first"));
                }
                places.extend(first..=last);
            }
            None => {
                places.insert(number(piece, count)?);
            }
        }
    }
    if places.is_empty() { Err(expected(count)) } else { Ok(places.into_iter().collect()) }
}

/// Whether `answer` is what belongs to another question, and may hold a key.
pub(super) fn is_connection_string(answer: &str) -> bool {
    redact::is_connection_string_part(answer)
}

fn number(text: &str, count: usize) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(number) if (1..=count).contains(&number) => Ok(number - 1),
        Ok(number) => Err(format!("there is no number {number}; {}", expected(count))),
        Err(_) if text.is_empty() || text.len() > LONGEST_ECHO => Err(expected(count)),
        Err(_) => Err(format!("\"{}\" is no number; {}", text.escape_debug(), expected(count))),
    }
}

fn expected(count: usize) -> String {
    match count {
        1 => "the only number is 1".to_owned(),
        _ => format!("the numbers are 1 to {count}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ranges_and_all() {
        assert_eq!(one(" 2\r\n", 3), Ok(1));
        assert_eq!(some("1,3-5", 6).unwrap(), [0, 2, 3, 4]);
        assert_eq!(some(" 3  1, 1 ,\n", 3).unwrap(), [0, 2]);
        assert_eq!(some("ALL\n", 3).unwrap(), [0, 1, 2]);
    }

    #[test]
    fn what_is_no_number_is_explained() {
        for (answer, words) in [
            ("", "the numbers are 1 to 5"),
            ("0", "there is no number 0; the numbers are 1 to 5"),
            ("7", "there is no number 7; the numbers are 1 to 5"),
            ("two", "\"two\" is no number; the numbers are 1 to 5"),
            ("4-2", "4-2 goes backwards; write the smaller number first"),
            ("2-", "the numbers are 1 to 5"),
            ("-1", "the numbers are 1 to 5"),
            ("1-9", "there is no number 9; the numbers are 1 to 5"),
            ("a\u{1b}[2J", "\"a\\u{1b}[2J\" is no number; the numbers are 1 to 5"),
            ("q2hJ8sKx0P4tV9zYb1LmN3oR5uW7eA6c", "the numbers are 1 to 5"),
        ] {
            assert_eq!(some(answer, 5).unwrap_err(), words, "{answer:?}");
        }
        assert_eq!(one("2", 1).unwrap_err(), "there is no number 2; the only number is 1");
        assert!(one("1,2", 5).is_err() && one("all", 5).is_err());
    }
}
