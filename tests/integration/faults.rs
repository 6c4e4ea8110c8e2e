//! `docs/FAULTS.md` is the catalogue of faults as the programs have it. After a change of
//! theirs, `HCM_BLESS=1 cargo test --all-features --test integration faults` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use hybrid_connection_manager::azure::AzureErrorKind;
use hybrid_connection_manager::model::{ByItself, FaultCode};

fn page() -> String {
    let mut page = "# Faults\n\n\
        Each fault has a code. `hcm` shows it in brackets, `[unauthorized]` for example, the log as \
        `code=unauthorized`,\nand the window behind \"What does this mean?\". `hcm explain CODE` tells \
        what stands here.\n"
        .to_owned();
    for code in FaultCode::ALL {
        write!(
            page,
            "\n## {code}\n\n**{}.**\n\n- Usual cause: {}\n- What to do: {}\n- By itself: [{}](#{})\n",
            code.summary(),
            code.cause(),
            escaped(code.advice()),
            code.by_itself().as_str(),
            anchor(code.by_itself()),
        )
        .unwrap();
    }
    page.push_str("\n# What the programs do by themselves\n");
    for way in ByItself::ALL {
        write!(page, "\n## By itself: {}\n\n{}\n", way.as_str(), way.words()).unwrap();
    }
    page.push_str("\n# Errors with an Azure account\n\n| code | what happened | what to do |\n|---|---|---|\n");
    for kind in AzureErrorKind::ALL {
        let (summary, advice) = (kind.summary(), escaped(kind.advice()));
        writeln!(page, "| `{}` | {summary} | {advice} |", kind.as_str()).unwrap();
    }
    page
}

/// Where GitHub puts the heading of `way`.
fn anchor(way: ByItself) -> String {
    format!("by-itself-{}", way.as_str())
}

/// As Markdown shows it: `*` begins no emphasis, `<` no tag.
fn escaped(text: &str) -> String {
    text.replace('*', "\\*").replace('<', "\\<").replace('|', "\\|")
}

#[test]
fn the_page_is_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/FAULTS.md");
    let page = page();
    if std::env::var_os("HCM_BLESS").is_some() {
        use std::io::Write as _;
        std::fs::File::create(&path).unwrap().write_all(page.as_bytes()).unwrap();
    }
    let kept = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; HCM_BLESS=1 makes it", path.display()));
    assert_eq!(page, kept.replace("\r\n", "\n"), "docs/FAULTS.md is not what the programs say");
}
