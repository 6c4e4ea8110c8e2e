//! The places of the programs that read the status: they are strangers, who must not eat up what
//! the service has, nor keep each other out.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Programs that read the status at once, over all accounts.
const MOST: usize = 64;
/// Of one account.
const MOST_OF_ACCOUNT: usize = 16;

/// Who has which. An account is its user id; where the system tells none, only the sum counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Readers(Arc<Mutex<BTreeMap<Option<u32>, usize>>>);

/// The place of one program; given back when dropped.
#[derive(Debug)]
pub(super) struct ReaderPlace {
    readers: Readers,
    account: Option<u32>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// All are taken.
    All,
    /// The account has as many as it may have.
    Account,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => write!(f, "{MOST} programs read its status already"),
            Self::Account => {
                write!(f, "{MOST_OF_ACCOUNT} programs of this account read its status already")
            }
        }?;
        f.write_str("; close some of them and try again")
    }
}

impl Readers {
    /// A place for a program of `account`.
    ///
    /// # Errors
    /// [`Full`] says what is taken.
    pub(super) fn take(&self, account: Option<u32>) -> Result<ReaderPlace, Full> {
        let mut taken = self.lock();
        if taken.values().sum::<usize>() >= MOST {
            return Err(Full::All);
        }
        let of_account = taken.entry(account).or_default();
        if account.is_some() && *of_account >= MOST_OF_ACCOUNT {
            return Err(Full::Account);
        }
        *of_account += 1;
        Ok(ReaderPlace { readers: self.clone(), account })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Option<u32>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ReaderPlace {
    fn drop(&mut self) {
        let mut taken = self.readers.lock();
        if let Some(of_account) = taken.get_mut(&self.account) {
            *of_account -= 1;
            if *of_account == 0 {
                taken.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(readers: &Readers, account: Option<u32>, count: usize) -> Vec<ReaderPlace> {
        (0..count).map(|_| readers.take(account).unwrap()).collect()
    }

    #[test]
    fn no_account_takes_the_places_of_the_others() {
        let readers = Readers::default();
        let mut first = take(&readers, Some(1000), MOST_OF_ACCOUNT);
        assert_eq!(readers.take(Some(1000)).unwrap_err(), Full::Account);
        let others: Vec<_> =
            (1..=3).map(|uid| take(&readers, Some(uid), MOST_OF_ACCOUNT)).collect();
        assert_eq!(readers.take(Some(1000)).unwrap_err(), Full::All, "four accounts");
        assert_eq!(readers.take(Some(4)).unwrap_err(), Full::All);
        first.pop();
        let last = readers.take(Some(4)).unwrap();
        drop((first, others, last));
        assert!(readers.lock().is_empty(), "nobody is remembered");
    }

    #[test]
    fn where_no_account_is_told_the_sum_alone_counts() {
        let readers = Readers::default();
        let taken = take(&readers, None, MOST);
        assert_eq!(readers.take(None).unwrap_err(), Full::All);
        drop(taken);
        readers.take(None).unwrap();
    }
}
