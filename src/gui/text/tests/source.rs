//! The catalogue and the code that asks for its texts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::super::Language;
use super::catalogue;
use crate::azure::AzureErrorKind;
use crate::model::diagnosis::{FactName, NoteCode};
use crate::model::{ByItself, CheckName, FaultCode};

/// Before a name that is no text: the name of a widget, which egui wants.
const NAMES_A_WIDGET: &[&str] =
    &["at_right(ui, ", "segmented(ui, ", "combo(ui, ", "id_salt(", "unique(", "Grid::new("];
/// Before a name that is a text for sure.
const ASKS: &[&str] = &["texts.get(", "texts.with(", "self.get(", "self.with("];

/// A word in quotes, and the code before it.
struct Literal<'a> {
    before: &'a str,
    word: &'a str,
}

/// The sources of the window without their tests and comments, with one space where there
/// is white space.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join("gui");
    let mut found = Vec::new();
    read(&root, &mut found);
    assert!(found.len() > 40, "the sources of the window are not where they were");
    found
}

fn read(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if name != "tests" {
                read(&path, found);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
            found.push((path.display().to_string(), words.join(" ").replace("( ", "(")));
        }
    }
}

/// The words in quotes that look like a key.
fn literals(code: &str) -> impl Iterator<Item = Literal<'_>> {
    code.match_indices('"').filter_map(|(at, _)| {
        let rest = &code[at + 1..];
        let end =
            rest.find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '-')?;
        let word = &rest[..end];
        let is_key =
            rest[end..].starts_with('"') && word.starts_with(|c: char| c.is_ascii_lowercase());
        is_key.then(|| Literal { before: &code[..at], word })
    })
}

#[test]
fn every_text_that_is_asked_for_exists() {
    let (english, chinese) =
        (catalogue::keys(Language::English), catalogue::keys(Language::Chinese));
    for (path, code) in sources() {
        let is_in = |module: &str| {
            path.contains(&format!("gui/{module}/")) || path.contains(&format!(r"gui\{module}\"))
        };
        // Elsewhere are names of settings, files and fonts.
        let asks = is_in("text") || is_in("view") || is_in("update");
        // What is asked for in one language alone is asked for in `text`.
        let keys = if is_in("text") { &chinese } else { &english };
        for Literal { before, word } in literals(&code) {
            let ends = |starts: &[&str]| starts.iter().any(|start| before.ends_with(start));
            let is_asked = ends(ASKS) || asks && word.contains('-') && !ends(NAMES_A_WIDGET);
            let is_serde = before.ends_with("rename_all = ");
            assert!(
                !is_asked || is_serde || keys.contains(word),
                "{path}: {word:?} is no key of the catalogue; if it names a widget, say so here"
            );
        }
    }
}

#[test]
fn every_text_is_asked_for_somewhere() {
    let sources = sources();
    let words: BTreeSet<&str> =
        sources.iter().flat_map(|(_, code)| literals(code)).map(|literal| literal.word).collect();
    let codes: BTreeSet<&str> = FaultCode::ALL.iter().map(|code| code.as_str()).collect();
    for key in catalogue::keys(Language::Chinese) {
        let of_fault = key.strip_prefix("fault-");
        let parts = ["-advice", "-cause"];
        let code = of_fault
            .map(|rest| parts.iter().find_map(|part| rest.strip_suffix(part)).unwrap_or(rest));
        let way = key.strip_prefix("fault-by-itself-");
        let is_way = ByItself::ALL.iter().any(|known| way == Some(known.as_str()));
        let is_fault = is_way || code.is_some_and(|code| codes.contains(code));
        let kinds = AzureErrorKind::ALL.iter().map(|kind| kind.as_str());
        let of_azure = ["azure-error-", "azure-advice-"];
        let of_azure = of_azure.iter().find_map(|family| key.strip_prefix(family));
        let is_azure = of_azure.is_some_and(|kind| kinds.clone().any(|known| known == kind));
        let of_check =
            ["look-", "note-", "seen-"].iter().find_map(|family| key.strip_prefix(family));
        let is_check = of_check.is_some_and(is_of_check);
        let of_banner = key.strip_prefix("banner-").and(key.strip_suffix("-text"));
        let is_banner = of_banner.is_some_and(|title| words.contains(title));
        assert!(
            is_fault || is_azure || is_check || is_banner || words.contains(key.as_str()),
            "nobody asks for {key}"
        );
    }
}

/// Whether `code` is of a check, of what one has to say, or of what one has seen.
fn is_of_check(code: &str) -> bool {
    let code = ["-advice", "-ok"].iter().find_map(|part| code.strip_suffix(part)).unwrap_or(code);
    CheckName::ALL.iter().any(|known| known.as_str() == code)
        || NoteCode::ALL.iter().any(|known| known.as_str() == code)
        || FactName::ALL.iter().any(|known| known.as_str() == code)
}
