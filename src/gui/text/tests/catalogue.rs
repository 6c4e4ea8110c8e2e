//! The two files of the catalogue, side by side.

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{
    Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey,
};

use super::super::{Language, Texts, Value};
use super::{english_words, is_han};

/// Texts that are the same in every language: names, addresses, and what comes from outside.
const SAME: &[&str] = &[
    "product",
    "product-gui",
    "banner-not-allowed-text",
    "banner-other-version-text",
    "banner-something-else-text",
    "banner-did-not-start-text",
    "settings-address-hint",
    "footer-rates",
];
/// Texts without a word of their own in Chinese.
const WORDLESS: &[&str] = &["more-about", "details-listeners", "paste-wrong"];
/// Texts that do not begin a line.
const SMALL: &[&str] = &[
    "azure-added",
    "azure-already-added",
    "endpoint-is-localhost",
    "settings-address-hint",
    "settings-tenant-hint",
];
/// Texts of which English is another part's: the model's, or the service's.
const FOREIGN_IN_ENGLISH: &[&str] =
    &["fault-", "event-", "paste-", "part-", "refused", "look-", "note-", "seen-"];

/// What a text is made of.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parts {
    variables: BTreeSet<String>,
    /// The keys of its variants, `one` and `other` for example.
    variants: BTreeSet<String>,
    /// What stands in it, without the variables.
    words: String,
}

impl Parts {
    fn of(pattern: &Pattern<&str>) -> Self {
        let mut parts = Self::default();
        parts.read(pattern);
        parts
    }

    fn read(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => self.words.push_str(value),
                PatternElement::Placeable { expression: Expression::Inline(inline) } => {
                    self.inline(inline);
                }
                PatternElement::Placeable {
                    expression: Expression::Select { selector, variants },
                } => {
                    self.inline(selector);
                    for variant in variants {
                        let (VariantKey::Identifier { name: key }
                        | VariantKey::NumberLiteral { value: key }) = &variant.key;
                        self.variants.insert((*key).to_owned());
                        self.read(&variant.value);
                        self.words.push('\n');
                    }
                }
            }
        }
    }

    fn inline(&mut self, expression: &InlineExpression<&str>) {
        match expression {
            InlineExpression::StringLiteral { value } => self.words.push_str(value),
            InlineExpression::VariableReference { id } => {
                self.variables.insert(id.name.to_owned());
                self.words.push(' ');
            }
            other => panic!("the catalogue does without {other:?}"),
        }
    }
}

/// The keys of `language`.
pub(super) fn keys(language: Language) -> BTreeSet<String> {
    parts(language).into_keys().collect()
}

fn parts(language: Language) -> BTreeMap<String, Parts> {
    let resource = FluentResource::try_new(language.source().to_owned());
    let resource = resource.map_err(|(_, errors)| errors).unwrap();
    let mut found = BTreeMap::new();
    for entry in resource.entries() {
        match entry {
            Entry::Message(message) => {
                let parts = Parts::of(message.value.as_ref().unwrap());
                let earlier = found.insert(message.id.name.to_owned(), parts);
                assert!(earlier.is_none(), "{} is there twice", message.id.name);
            }
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
            Entry::Term(_) | Entry::Junk { .. } => panic!("not a text: {entry:?}"),
        }
    }
    found
}

fn is_foreign_in_english(key: &str) -> bool {
    let is_form = matches!(key, "paste-field");
    !is_form && FOREIGN_IN_ENGLISH.iter().any(|family| key.starts_with(family))
}

#[test]
fn both_languages_have_the_same_texts_with_the_same_values() {
    let (english, chinese) = (parts(Language::English), parts(Language::Chinese));
    for (key, parts) in &english {
        let other = chinese.get(key).unwrap_or_else(|| panic!("zh-CN.ftl lacks {key}"));
        assert_eq!(other.variables, parts.variables, "{key}");
    }
    for key in chinese.keys().filter(|key| !is_foreign_in_english(key)) {
        assert!(english.contains_key(key), "en.ftl lacks {key}");
    }
}

#[test]
fn the_chinese_texts_are_chinese() {
    for (key, parts) in parts(Language::Chinese) {
        let is_wordless = SAME.contains(&key.as_str()) || WORDLESS.contains(&key.as_str());
        assert!(is_wordless || parts.words.chars().any(is_han), "{key}: {}", parts.words);
        if !SAME.contains(&key.as_str()) {
            assert_eq!(english_words(&parts.words), Vec::<&str>::new(), "{key}");
        }
        for sign in [", ", "? ", ": ", "; ", "...", "。。"] {
            assert!(!parts.words.contains(sign), "{key} has {sign:?}: {}", parts.words);
        }
        // A number does not change the words.
        assert!(!parts.variants.contains("one"), "{key}");
    }
    let (english, chinese) = (parts(Language::English), parts(Language::Chinese));
    for (key, parts) in &english {
        let is_same =
            parts.words == chinese[key].words && parts.words.contains(char::is_alphabetic);
        assert!(!is_same || SAME.contains(&key.as_str()), "{key} is not translated");
    }
}

#[test]
fn chinese_and_latin_characters_stand_apart() {
    let is_latin = |c: char| c.is_ascii_alphanumeric();
    for (key, parts) in parts(Language::Chinese) {
        let chars: Vec<char> = parts.words.chars().collect();
        for pair in chars.windows(2) {
            let touch =
                is_han(pair[0]) && is_latin(pair[1]) || is_latin(pair[0]) && is_han(pair[1]);
            assert!(!touch, "{key}: {}{} in {}", pair[0], pair[1], parts.words);
        }
    }
}

#[test]
fn the_english_texts_keep_to_their_form() {
    for (key, parts) in parts(Language::English) {
        let words = parts.words.as_str();
        assert!(!words.contains("..."), "{key}: an ellipsis is one character");
        assert!(!words.contains('"'), "{key}: quotes are “ and ”");
        let first = words.trim_start().chars().next();
        let may_be_small =
            ["ago-", "span-", "sorted-", "spoken-"].iter().any(|family| key.starts_with(family))
                || !parts.variables.is_empty()
                || key.starts_with("empty-text-")
                || SMALL.contains(&key.as_str());
        assert!(may_be_small || first.is_some_and(|c| !c.is_lowercase()), "{key}: {words}");
        let is_plural = parts.variants.contains("one");
        let known = if is_plural {
            BTreeSet::from(["one".to_owned(), "other".to_owned()])
        } else {
            BTreeSet::new()
        };
        assert_eq!(parts.variants, known, "{key}");
        assert!(!is_plural || parts.variables.contains("count"), "{key}");
    }
}

#[test]
fn every_text_comes_out_whole_with_its_values() {
    for language in Language::ALL {
        let texts = Texts::new(language);
        for (key, parts) in parts(language) {
            for count in [0_u32, 1, 2, 25] {
                let values: Vec<(&'static str, Value<'_>)> = VARIABLES
                    .iter()
                    .filter(|name| parts.variables.contains(**name))
                    .map(|name| match *name {
                        "count" => (*name, count.into()),
                        name => (name, "v4lue".into()),
                    })
                    .collect();
                assert_eq!(values.len(), parts.variables.len(), "{key}: {:?}", parts.variables);
                let text = texts.with(&key, &values);
                assert!(!text.contains("{$") && !text.is_empty() && text != key, "{key}: {text}");
            }
        }
    }
}

/// Every value that a text of the catalogue may ask for.
const VARIABLES: &[&str] = &[
    "active",
    "after",
    "ago",
    "attempt",
    "before",
    "character",
    "command",
    "count",
    "detail",
    "done",
    "endpoint",
    "failed",
    "fault",
    "field",
    "filter",
    "gateway",
    "group",
    "id",
    "in",
    "left",
    "line",
    "message",
    "minutes",
    "more",
    "most",
    "name",
    "namespace",
    "one",
    "other",
    "out",
    "part",
    "path",
    "place",
    "problem",
    "proxy",
    "read",
    "reason",
    "resolved",
    "seconds",
    "setting",
    "stamp",
    "time",
    "total",
    "released",
    "unknown",
    "version",
    "waiting",
    "what",
    "wildcard",
];
