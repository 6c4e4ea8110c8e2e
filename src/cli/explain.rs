//! Every code that `hcm` shows, with what it means: what `hcm explain` knows.

use super::exit::Exit;
use crate::azure::AzureErrorKind;
use crate::model::FaultCode;
use crate::model::diagnosis::NoteCode;

/// Codes that are named for one that is not known.
const NEAREST: usize = 3;

/// Something that has a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// What keeps a hybrid connection or the service from working.
    Fault(FaultCode),
    /// What a check of `hcm doctor` has to say besides.
    Note(NoteCode),
    /// What keeps an Azure account from being used.
    Azure(AzureErrorKind),
    /// How a command ends.
    Exit(Exit),
}

impl Entry {
    /// Its stable text.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Fault(code) => code.as_str(),
            Self::Note(code) => code.as_str(),
            Self::Azure(kind) => kind.as_str(),
            Self::Exit(exit) => exit.as_str(),
        }
    }

    /// What it is a code of.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Fault(_) => "fault",
            Self::Note(_) => "diagnosis",
            Self::Azure(_) => "azure-account",
            Self::Exit(_) => "exit-code",
        }
    }

    /// What happened, in one sentence without a full stop.
    pub(super) fn summary(self) -> &'static str {
        match self {
            Self::Fault(code) => code.summary(),
            Self::Note(code) => code.summary(),
            Self::Azure(kind) => kind.summary(),
            Self::Exit(exit) => exit.meaning(),
        }
    }

    /// What usually causes it.
    pub(super) fn cause(self) -> Option<&'static str> {
        match self {
            Self::Fault(code) => Some(code.cause()),
            Self::Note(_) | Self::Azure(_) | Self::Exit(_) => None,
        }
    }

    /// What to do about it.
    pub(super) fn advice(self) -> Option<&'static str> {
        match self {
            Self::Fault(code) => Some(code.advice()),
            Self::Note(code) => Some(code.advice()),
            Self::Azure(kind) => Some(kind.advice()),
            Self::Exit(_) => None,
        }
    }

    /// What the program does by itself.
    pub(super) fn by_itself(self) -> Option<String> {
        match self {
            Self::Fault(code) => Some(code.by_itself().words()),
            Self::Note(_) | Self::Azure(_) | Self::Exit(_) => None,
        }
    }
}

/// All faults, what `hcm doctor` may say, and errors of an Azure account.
pub(super) fn all() -> impl Iterator<Item = Entry> {
    let faults = FaultCode::ALL.iter().copied().map(Entry::Fault);
    let notes = NoteCode::ALL.iter().copied().filter(|code| *code != NoteCode::Other);
    faults
        .chain(notes.map(Entry::Note))
        .chain(AzureErrorKind::ALL.iter().copied().map(Entry::Azure))
}

/// The codes that can be asked for, each once.
pub(super) fn codes() -> Vec<&'static str> {
    let mut codes: Vec<_> = all().chain(exits()).map(Entry::code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Everything that has the code `text`, or the exit code of that number.
pub(super) fn find(text: &str) -> Vec<Entry> {
    let wanted = normal(text);
    let is_it = |entry: &Entry| match entry {
        Entry::Exit(exit) if exit.code().to_string() == wanted => true,
        entry => entry.code() == wanted,
    };
    all().chain(exits()).filter(is_it).collect()
}

/// The known codes that are most like `text`.
pub(super) fn nearest(text: &str) -> Vec<&'static str> {
    let wanted = normal(text);
    let holds = |code: &str| wanted.len() > 2 && code.contains(&wanted);
    let mut codes: Vec<_> = codes()
        .into_iter()
        .map(|code| (!holds(code), distance(&wanted, code), code))
        .filter(|(is_no_part, far, code)| !is_no_part || *far <= code.len().div_ceil(2))
        .collect();
    codes.sort_unstable();
    codes.into_iter().take(NEAREST).map(|(.., code)| code).collect()
}

fn exits() -> impl Iterator<Item = Entry> {
    Exit::ALL.iter().copied().map(Entry::Exit)
}

/// A code as people write it: from brackets, in capitals, with spaces.
fn normal(text: &str) -> String {
    let text = text.trim().trim_matches(['[', ']']).to_ascii_lowercase();
    text.replace([' ', '_'], "-")
}

/// Characters that have to be put in, left out or changed to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, one) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in b.iter().enumerate() {
            let changed = corner + usize::from(one != *other);
            corner = row[j + 1];
            row[j + 1] = changed.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_found_as_people_write_it() {
        let unauthorized = [Entry::Fault(FaultCode::Unauthorized)];
        for text in ["unauthorized", "Unauthorized", " [unauthorized] "] {
            assert_eq!(find(text), unauthorized, "{text}");
        }
        assert_eq!(find("channel_lost"), [Entry::Fault(FaultCode::ChannelLost)]);
        assert_eq!(find("7"), [Entry::Exit(Exit::NotConnected)]);
        let forbidden = [FaultCode::Forbidden].map(Entry::Fault);
        assert_eq!(find("forbidden")[..1], forbidden);
        assert_eq!(find("forbidden")[1], Entry::Azure(AzureErrorKind::Forbidden));
        for code in codes() {
            assert!(find(code).iter().all(|entry| entry.code() == code && !code.is_empty()));
        }
    }

    #[test]
    fn the_nearest_codes_are_named() {
        assert_eq!(nearest("unauthorised")[0], "unauthorized");
        assert_eq!(nearest("chanel-lost")[0], "channel-lost");
        let sealed = nearest("sealed");
        assert!(sealed.contains(&"key-sealed"), "{sealed:?}");
        assert_eq!(nearest("zzzzzzzzzzzzzzz"), Vec::<&str>::new());
        assert_eq!(find("nonsense"), []);
    }

    proptest! {
        #[test]
        fn a_distance_is_one(a in "[a-c]{0,8}", b in "[a-c]{0,8}", c in "[a-c]{0,8}") {
            prop_assert_eq!(distance(&a, &b) == 0, a == b);
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert!(distance(&a, &c) <= distance(&a, &b) + distance(&b, &c));
        }
    }
}
