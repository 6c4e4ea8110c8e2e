//! Holds what software centres show of the window to the code and to the changelog.

use std::fs;
use std::path::{Path, PathBuf};

use roxmltree::{Document, Node};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of `assets/linux` with this ending.
fn of_kind(ending: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(root().join("assets/linux")).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    files.filter(|path| path.to_str().unwrap().ends_with(ending)).collect()
}

/// The metadata, and the id that its file is named after.
fn metadata() -> (String, String) {
    let [path] = &of_kind(".metainfo.xml")[..] else { panic!("one file of metadata") };
    let name = path.file_name().unwrap().to_str().unwrap();
    (fs::read_to_string(path).unwrap(), name.trim_end_matches(".metainfo.xml").to_owned())
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Node<'a, 'a> {
    let found = node.children().find(|child| child.has_tag_name(name));
    found.unwrap_or_else(|| panic!("no <{name}> in {node:?}"))
}

/// Words alone, without what lines and lists put between them.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_metadata_is_that_of_the_menu_entry() {
    let (text, id) = metadata();
    let document = Document::parse(&text).unwrap();
    let component = document.root_element();
    assert_eq!(child(component, "id").text(), Some(id.as_str()));
    let [menu] = &of_kind(".desktop")[..] else { panic!("one menu entry") };
    let file = menu.file_name().unwrap().to_str();
    assert_eq!(child(component, "launchable").text(), file);
    let menu = fs::read_to_string(menu).unwrap();
    let entry = |key: &str| menu.lines().find_map(|line| line.strip_prefix(&format!("{key}=")));
    assert_eq!(child(component, "name").text(), entry("Name"));
    assert_eq!(child(component, "icon").text(), entry("Icon"));
    assert_eq!(child(child(component, "provides"), "binary").text(), entry("Exec"));
    let summary = |language: Option<&str>| {
        let language_of = |node: &Node<'_, '_>| {
            let space = "http://www.w3.org/XML/1998/namespace";
            node.attribute((space, "lang")).map(str::to_owned)
        };
        let mut summaries = component.children().filter(|node| node.has_tag_name("summary"));
        summaries.find(|node| language_of(node).as_deref() == language).unwrap().text()
    };
    assert_eq!(summary(None), entry("Comment"));
    assert_eq!(summary(Some("zh_CN")), entry("Comment[zh_CN]"));
}

#[test]
fn the_latest_release_is_the_one_of_the_changelog() {
    let (text, _) = metadata();
    let document = Document::parse(&text).unwrap();
    let release = child(child(document.root_element(), "releases"), "release");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(release.attribute("version"), Some(version));
    let changes = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    let head = format!("## {version} (");
    let (_, section) = changes.split_once(&head).expect("the changelog has this version");
    let (date, section) = section.split_once(")\n").unwrap();
    let section = words(section.split("\n## ").next().unwrap());
    // A release that is not out yet has no date of its own.
    match date {
        "unreleased" => assert_eq!(release.attribute("type"), Some("development")),
        date => {
            assert_eq!(release.attribute("date"), Some(date));
            assert_eq!(release.attribute("type"), Some("stable"));
        }
    }
    let told: Vec<_> = release.descendants().filter(|node| node.has_tag_name("li")).collect();
    assert!(!told.is_empty());
    for entry in told {
        let entry = words(entry.text().unwrap());
        assert!(section.contains(&format!("- {entry}")), "not in the changelog: {entry}");
    }
}

#[test]
fn the_icon_has_the_sizes_of_the_theme() {
    for size in [16_u32, 24, 32, 48, 64, 128, 256, 512] {
        let path = root().join(format!("assets/icon/icon-{size}.png"));
        let bytes = fs::read(&path).unwrap();
        // Width and height stand in the first chunk of a PNG.
        let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!((number(16), number(20)), (size, size), "{}", path.display());
    }
}
