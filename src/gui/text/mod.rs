//! Every text that the window shows, from one catalogue: `assets/text/en.ftl` and
//! `assets/text/zh-CN.ftl` ([Project Fluent](https://projectfluent.org)).
//!
//! What Azure and the operating system report (a fault's detail) is shown as it came.

mod azure;
mod details;
mod diagnosis;
mod event;
mod fault;
mod format;
mod link;
mod paste;
mod reach;
mod refusal;
mod status;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

pub(crate) use details::details_as_text;
pub(crate) use fault::seen;
pub(crate) use link::{banner, service_pill};
pub(crate) use status::tone_of;

/// A language of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    English,
    /// 简体中文.
    Chinese,
}

impl Language {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Its name in itself.
    pub(crate) fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "简体中文",
        }
    }

    /// The language of this account, English where the catalogue has it not.
    pub(crate) fn of_system() -> Self {
        let locale = sys_locale::get_locale().unwrap_or_default().to_ascii_lowercase();
        if locale.starts_with("zh") { Self::Chinese } else { Self::English }
    }

    fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("../../../assets/text/en.ftl"),
            Self::Chinese => include_str!("../../../assets/text/zh-CN.ftl"),
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }
}

/// Which language the user wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LanguageChoice {
    /// That of this account.
    #[default]
    System,
    /// English.
    English,
    /// 简体中文.
    Chinese,
}

impl LanguageChoice {
    /// The language that is meant, where the system's is `system`.
    pub(crate) fn resolve(self, system: Language) -> Language {
        match self {
            Self::System => system,
            Self::English => Language::English,
            Self::Chinese => Language::Chinese,
        }
    }
}

/// The texts of one language.
pub(crate) struct Texts {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    /// Texts without arguments, which are asked for in every frame.
    plain: RefCell<HashMap<&'static str, Rc<str>>>,
}

impl Texts {
    /// The texts of `language`.
    pub(crate) fn new(language: Language) -> Self {
        let tag: LanguageIdentifier = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new(vec![tag]);
        bundle.set_use_isolating(false);
        // What cannot be read is missing then, which the catalogue's tests would have found.
        let resource = FluentResource::try_new(language.source().to_owned());
        let resource = resource.unwrap_or_else(|(readable, _)| readable);
        bundle.add_resource_overriding(resource);
        Self { language, bundle, plain: RefCell::default() }
    }

    /// Which language it is.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// The text `key`; the key itself where there is none.
    pub(crate) fn get(&self, key: &'static str) -> Rc<str> {
        if let Some(text) = self.plain.borrow().get(key) {
            return text.clone();
        }
        let text: Rc<str> = self.format(key, None).into();
        self.plain.borrow_mut().insert(key, text.clone());
        text
    }

    /// The text `key` with `values` in it.
    pub(crate) fn with(&self, key: &str, values: &[(&'static str, Value<'_>)]) -> String {
        let mut args = FluentArgs::with_capacity(values.len());
        for (name, value) in values {
            args.set(*name, value.0.clone());
        }
        self.format(key, Some(&args))
    }

    /// A label or what happened, and `more` about it.
    pub(crate) fn more_about(&self, what: &str, more: &str) -> String {
        self.with("more-about", &[("what", what.into()), ("more", more.into())])
    }

    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, args, &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::debug!(key, ?errors, "a text of the window lacks a value");
        }
        text
    }
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Texts").field("language", &self.language).finish_non_exhaustive()
    }
}

/// Something that stands in a text.
#[derive(Clone, Debug)]
pub(crate) struct Value<'a>(FluentValue<'a>);

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self(FluentValue::String(Cow::Borrowed(text)))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self(FluentValue::String(Cow::Owned(text)))
    }
}

impl From<Rc<str>> for Value<'_> {
    fn from(text: Rc<str>) -> Self {
        Self(FluentValue::String(Cow::Owned(text.to_string())))
    }
}

macro_rules! numbers {
    ($($number:ty),*) => { $(
        impl From<$number> for Value<'_> {
            /// A count: it chooses the plural.
            fn from(number: $number) -> Self {
                Self(FluentValue::from(number))
            }
        }
    )* };
}

numbers!(u16, u32, u64, usize, i64);

#[cfg(test)]
mod tests;
