//! Holds the house to its plan: who may use whom, and where some things live.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may use, as `docs/ARCHITECTURE.md` has it.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("platform", &[]),
    ("tls", &["model", "platform"]),
    ("network", &["model"]),
    ("relay", &["model", "network", "tls"]),
    ("http", &["model", "platform", "tls", "network"]),
    ("azure", &["model", "platform", "tls", "http"]),
    ("upgrade", &["model", "platform", "http"]),
    ("diagnosis", &["model", "platform", "tls", "network", "http", "managers", "relay"]),
    ("store", &["model", "platform"]),
    ("ipc", &["model", "platform"]),
    ("display", &["model"]),
    ("declared", &["model"]),
    ("managers", &["model"]),
    ("reach", &["model", "platform", "tls", "network", "relay"]),
    (
        "service",
        &[
            "model",
            "platform",
            "tls",
            "network",
            "http",
            "relay",
            "diagnosis",
            "store",
            "ipc",
            "display",
            "declared",
            "upgrade",
        ],
    ),
    ("upgrader", &["model", "platform", "store", "ipc", "upgrade"]),
    (
        "cli",
        &[
            "model",
            "ipc",
            "platform",
            "display",
            "azure",
            "http",
            "declared",
            "managers",
            "diagnosis",
            "reach",
        ],
    ),
    ("emulator", &["model"]),
    ("demo", &["model", "platform", "ipc", "service", "emulator"]),
    ("demo_cli", &["model", "platform", "ipc", "service", "cli", "demo"]),
    ("gui", &["model", "ipc", "platform", "display", "azure", "reach", "demo"]),
];

/// Lines of a source file without its tests, at the most.
const LONGEST_FILE: usize = 600;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every source file of the library: its top module, path and text without tests.
fn library() -> Vec<(String, PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&src, &mut found);
    found
        .into_iter()
        .filter(|path| !path.starts_with(src.join("bin")) && !path.ends_with("src/lib.rs"))
        .filter(|path| path.file_name().is_some_and(|name| name != "tests.rs"))
        .filter(|path| path.strip_prefix(&src).unwrap().iter().all(|part| part != "tests"))
        .map(|path| {
            let inside = path.strip_prefix(&src).unwrap();
            let first = inside.iter().next().unwrap().to_str().unwrap();
            let module = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap().to_owned();
            (module, path, code)
        })
        .collect()
}

#[test]
fn modules_use_only_what_is_below_them() {
    let allowed: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut wrong = Vec::new();
    for (module, path, code) in library() {
        let may = allowed.get(module.as_str()).unwrap_or_else(|| panic!("{module} has no layer"));
        for (number, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap();
            for used in line.split("crate::").skip(1) {
                let used: String =
                    used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let is_module = allowed.contains_key(used.as_str());
                if is_module && used != module && !may.contains(&used.as_str()) {
                    wrong.push(format!("{}:{} uses {used}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_can_be_read_at_a_sitting() {
    let long: Vec<_> = library()
        .into_iter()
        .map(|(_, path, code)| (path, code.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .collect();
    assert!(long.is_empty(), "too long: {long:?}");
}

#[test]
fn only_platform_knows_permissions_and_unsafe_code() {
    let mut wrong = Vec::new();
    for (module, path, code) in library() {
        let forbidden =
            ["set_permissions", "set_mode(", "unsafe {", "unsafe fn", "fs::write(", "OpenOptions"];
        if module != "platform" {
            wrong.extend(
                forbidden
                    .iter()
                    .filter(|word| code.contains(**word))
                    .map(|word| format!("{}: {word}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_architecture_document_has_the_same_layers() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ARCHITECTURE.md");
    let document = fs::read_to_string(document).unwrap();
    for (module, may_use) in MAY_USE {
        let row = document
            .lines()
            .find(|line| line.contains(&format!("| `{module}` |")))
            .unwrap_or_else(|| panic!("docs/ARCHITECTURE.md has no row for {module}"));
        let cell = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let mut said: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
        let mut meant = may_use.to_vec();
        said.sort_unstable();
        meant.sort_unstable();
        assert_eq!(said, meant, "{module}: {row}");
    }
}
