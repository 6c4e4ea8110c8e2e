//! Holds the templates of Group Policy to the names of the code, and to their own texts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use hybrid_connection_manager::platform::policy::{ALLOW_HYBRID_CONNECTIONS, ALLOWED_ENDPOINTS};
use hybrid_connection_manager::platform::product::POLICY_KEY;
use roxmltree::{Document, Node};

fn text(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("installer/windows/policy");
    fs::read_to_string(folder.join(file)).unwrap()
}

fn definitions() -> String {
    text("hybrid-connection-manager.admx")
}

fn texts() -> String {
    text("en-US/hybrid-connection-manager.adml")
}

fn all<'a>(document: &'a Document<'_>, tag: &'a str) -> impl Iterator<Item = Node<'a, 'a>> {
    document.descendants().filter(move |node| node.has_tag_name(tag_of(tag)))
}

fn tag_of(tag: &str) -> (&'static str, &str) {
    ("http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions", tag)
}

fn policy<'a>(document: &'a Document<'_>, name: &'a str) -> Node<'a, 'a> {
    let mut named = all(document, "policy").filter(|node| node.attribute("name") == Some(name));
    let found = named.next().unwrap_or_else(|| panic!("there is no policy {name}"));
    assert!(named.next().is_none() && found.attribute("class") == Some("Machine"));
    found
}

#[test]
fn the_policies_write_what_the_service_reads() {
    let definitions = definitions();
    let document = Document::parse(&definitions).unwrap();
    assert_eq!(all(&document, "policy").count(), 2);

    let allow = policy(&document, ALLOW_HYBRID_CONNECTIONS);
    assert_eq!(allow.attribute("key"), Some(POLICY_KEY));
    assert_eq!(allow.attribute("valueName"), Some(ALLOW_HYBRID_CONNECTIONS));
    for (state, value) in [("enabledValue", "1"), ("disabledValue", "0")] {
        let mut inside = allow.descendants();
        let state = inside.find(|node| node.has_tag_name(tag_of(state))).unwrap();
        let decimal = state.first_element_child().unwrap();
        assert!(decimal.has_tag_name(tag_of("decimal")));
        assert_eq!(decimal.attribute("value"), Some(value));
    }

    let list_key = format!(r"{POLICY_KEY}\{ALLOWED_ENDPOINTS}");
    let allowed = policy(&document, ALLOWED_ENDPOINTS);
    let list = allowed.descendants().find(|node| node.has_tag_name(tag_of("list"))).unwrap();
    assert_eq!(list.attribute("key"), Some(list_key.as_str()));
    assert_eq!(list.attribute("valuePrefix"), Some(""), "names of values are 1, 2, 3");
    assert_eq!(list.attribute("explicitValue"), None, "no name is asked for");
}

#[test]
fn every_text_is_there_and_used() {
    let (definitions, texts) = (definitions(), texts());
    let texts = Document::parse(&texts).unwrap();
    let document = Document::parse(&definitions).unwrap();
    let ids = |tag| -> BTreeSet<&str> {
        all(&texts, tag).map(|node| node.attribute("id").unwrap()).collect()
    };
    let used = |kind: &str| -> BTreeSet<&str> {
        let start = format!("$({kind}.");
        let after = definitions.split(&start).skip(1);
        after.map(|rest| rest.split(')').next().unwrap()).collect()
    };
    assert_eq!(used("string"), ids("string"));
    assert_eq!(used("presentation"), ids("presentation"));
    let elements: BTreeSet<_> = all(&document, "list").map(|node| node.attribute("id")).collect();
    let boxes: BTreeSet<_> = all(&texts, "listBox").map(|node| node.attribute("refId")).collect();
    assert_eq!(elements, boxes);
    let supported: BTreeSet<_> =
        all(&document, "definition").map(|node| node.attribute("name")).collect();
    for node in document.descendants().filter(|node| node.has_attribute("ref")) {
        let known = supported.contains(&node.attribute("ref"))
            || node.attribute("ref") == Some("HybridConnectionManager");
        assert!(known, "{node:?}");
    }
}
