//! Lists, which Resource Manager gives page by page.

use std::collections::HashSet;

use reqwest::Method;
use serde::de::DeserializeOwned;
use url::Url;

use super::address::of_next_page;
use super::client::{Arm, Call};
use super::wire::Page;
use crate::azure::error::{AzureError, AzureErrorKind};

/// More pages than any list has.
const MOST_PAGES: usize = 1000;

/// The pages of one list.
#[derive(Debug)]
pub(in crate::azure) struct Pages {
    tenant: Option<String>,
    next: Option<Result<Url, AzureError>>,
    action: &'static str,
    seen: HashSet<Url>,
}

impl Pages {
    /// The list at `first`, which the permission `action` is needed for.
    pub(in crate::azure) fn new(tenant: Option<&str>, first: Url, action: &'static str) -> Self {
        let tenant = tenant.map(str::to_owned);
        Self { tenant, next: Some(Ok(first)), action, seen: HashSet::new() }
    }

    /// The next page; `None` after the last one, and after an error.
    pub(in crate::azure) async fn next<T: DeserializeOwned>(
        &mut self,
        arm: &Arm,
    ) -> Option<Result<Vec<T>, AzureError>> {
        let address = self.next.take()?;
        Some(match address {
            Ok(address) => self.read(address, arm).await,
            Err(error) => Err(error),
        })
    }

    /// All that is left of the list.
    pub(in crate::azure) async fn all<T: DeserializeOwned>(
        mut self,
        arm: &Arm,
    ) -> Result<Vec<T>, AzureError> {
        let mut all = Vec::new();
        while let Some(page) = self.next(arm).await {
            all.append(&mut page?);
        }
        Ok(all)
    }

    async fn read<T: DeserializeOwned>(
        &mut self,
        address: Url,
        arm: &Arm,
    ) -> Result<Vec<T>, AzureError> {
        let bad = |detail: &str| AzureError::new(AzureErrorKind::BadAnswer, detail);
        if self.seen.len() >= MOST_PAGES {
            return Err(bad("a list has more than 1,000 pages"));
        }
        if !self.seen.insert(address.clone()) {
            return Err(bad("the pages of a list go round in a circle"));
        }
        let tenant = self.tenant.as_deref();
        let call = Call { tenant, method: Method::GET, address, action: self.action };
        let answer = arm.send(&call).await?;
        let page: Page<T> = answer.json()?;
        let link = page.next_link.as_deref().filter(|link| !link.is_empty());
        self.next = link.map(|link| of_next_page(arm.base(), link));
        Ok(page.into_items())
    }
}
