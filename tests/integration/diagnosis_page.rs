//! The tables of `docs/DIAGNOSIS.md` are what the programs say. After a change of theirs,
//! `HCM_BLESS=1 cargo test --all-features --test integration diagnosis_page` writes them anew.

use std::fmt::Write as _;
use std::path::Path;

use hybrid_connection_manager::model::CheckName;
use hybrid_connection_manager::model::diagnosis::NoteCode;

/// Above it the page is written by hand.
const MARK: &str = "diagnosis_page -->\n\n";

fn tables() -> String {
    let mut text =
        "## The checks\n\n| check | code | when all is well |\n|---|---|---|\n".to_owned();
    for check in CheckName::ALL.iter().filter(|check| **check != CheckName::Other) {
        writeln!(text, "| {} | `{check}` | {} |", check.title(), check.ok()).unwrap();
    }
    text.push_str(
        "\n## The codes\n\nA check that fails names a [fault](FAULTS.md), or one of these; `hcm explain CODE` \
         knows both.\n\n| code | meaning | what to do |\n|---|---|---|\n",
    );
    for code in NoteCode::ALL.iter().filter(|code| **code != NoteCode::Other) {
        let (summary, advice) = (escaped(code.summary()), escaped(code.advice()));
        writeln!(text, "| `{code}` | {summary} | {advice} |").unwrap();
    }
    text
}

/// As Markdown shows it: `*` begins no emphasis, `|` no cell, `\` is itself.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('*', "\\*").replace('|', "\\|")
}

#[test]
fn the_tables_are_what_the_programs_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/DIAGNOSIS.md");
    let kept = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let (by_hand, kept) = kept.split_once(MARK).unwrap();
    let tables = tables();
    if std::env::var_os("HCM_BLESS").is_some() {
        use std::io::Write as _;
        let text = format!("{by_hand}{MARK}{tables}");
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        return;
    }
    assert_eq!(tables, kept, "docs/DIAGNOSIS.md is not what the programs say; HCM_BLESS=1");
}
