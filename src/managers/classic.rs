//! The `.config` of version 0.7.x: a connection string for each hybrid connection, whose name
//! stands in the path of `Endpoint` or in `EntityPath`, and the proxy of a .NET program.

use roxmltree::{Document, Error, Node};

use super::lines::Lines;
use super::proxy::{FoundProxy, ProxySource};
use super::{Contents, Entry, EntryError, FileError, Importable, Manager};
use crate::model::ConnectionString;

/// The attribute with the connection string.
const STRING: &str = "connectionString";

/// Reads a text that begins with `<`.
pub(super) fn read(text: &str) -> Result<Contents, FileError> {
    // A DTD is refused by default.
    let document = Document::parse(text).map_err(|error| broken(text, &error))?;
    let root = document.root_element();
    if root.tag_name().name() != "configuration" {
        return Err(FileError::Foreign);
    }
    let mut lines = Lines::of(text);
    let mut entries = Vec::new();
    for section in all(root, "hybridConnections") {
        let line = lines.line_of(section.range().start);
        if attribute(section, "configProtectionProvider").is_some()
            || child(section, "EncryptedData").is_some()
        {
            return Err(FileError::Encrypted { line });
        }
        if attribute(section, "configSource").is_some() {
            return Err(FileError::Elsewhere { line });
        }
        let lists = section.children().filter(|node| is(*node, "connectionStrings"));
        for item in lists.flat_map(|list| list.children()) {
            if is(item, "hybridConnection") || attribute(item, STRING).is_some() {
                entries.push(entry(lines.line_of(item.range().start), item));
            }
        }
    }
    let proxy = all(root, "defaultProxy").next().and_then(|node| proxy(text, node));
    Ok(Contents { manager: Manager::Classic, entries, proxy })
}

fn entry(line: usize, item: Node<'_, '_>) -> Entry {
    let text = attribute(item, STRING).unwrap_or_default().trim();
    let string = match text {
        "" => Err(EntryError::Missing(STRING)),
        text => {
            ConnectionString::parse(text).map_err(|error| EntryError::Wrong { field: None, error })
        }
    };
    let name = string.as_ref().ok().map(|string| string.id.short());
    let id = ConnectionString::id_in(text);
    Entry { line, name, id, value: string.map(|string| Importable { string, resource: None }) }
}

/// What `<defaultProxy>` says, if it asks for a proxy at all.
fn proxy(text: &str, section: Node<'_, '_>) -> Option<FoundProxy> {
    let is_true = |node: Node<'_, '_>, name: &str| {
        attribute(node, name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    };
    let is_off = attribute(section, "enabled")
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("false"));
    if is_off {
        return None;
    }
    let node = child(section, "proxy")?;
    let value = |name| attribute(node, name).map(str::trim).filter(|value| !value.is_empty());
    let source = match value("proxyaddress") {
        Some(address) => ProxySource::address(address),
        None if value("scriptLocation").is_some() || is_true(node, "autoDetect") => {
            ProxySource::Script
        }
        None if is_true(node, "usesystemdefault") => ProxySource::System,
        None => return None,
    };
    Some(FoundProxy {
        line: Lines::of(text).line_of(node.range().start),
        source,
        with_windows_account: is_true(section, "useDefaultCredentials"),
    })
}

fn all<'a, 'input>(
    root: Node<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    root.descendants().filter(move |node| is(*node, name))
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|node| is(*node, name))
}

/// Whether `node` is an element of this name, in whatever XML namespace.
fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

/// An attribute; .NET's own are written in more than one case.
fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes().find(|one| one.name().eq_ignore_ascii_case(name)).map(|one| one.value())
}

/// The error without what it quotes: where a quote is lost, that may be part of a key.
fn broken(text: &str, error: &Error) -> FileError {
    let problem = match error {
        Error::NoRootNode | Error::UnclosedRootNode | Error::UnexpectedEndOfStream => {
            let last = text.trim_end().lines().next_back().unwrap_or_default();
            let line = u32::try_from(text.trim_end().lines().count()).unwrap_or(u32::MAX);
            let column = u32::try_from(last.chars().count() + 1).unwrap_or(u32::MAX);
            return FileError::Xml { line, column, problem: "the XML ends too early" };
        }
        Error::DtdDetected => "there is a DTD, which no .config has and which is not read",
        Error::UnexpectedCloseTag(..) | Error::UnexpectedEntityCloseTag(_) => {
            "an element ends that has not begun"
        }
        Error::DuplicatedAttribute(..) => "an attribute is there twice",
        Error::UnknownEntityReference(..) | Error::MalformedEntityReference(_) => {
            "a & is no reference to a character; it is written &amp;"
        }
        _ => "this is no well-formed XML",
    };
    let place = error.pos();
    FileError::Xml { line: place.row, column: place.col, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGVzdC1rZXktbm90LXJlYWw=";

    fn file(items: &str, more: &str) -> String {
        format!(
            r#"<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <configSections>
    <section name="hybridConnections" type="Made.Up.Section, Made.Up" />
  </configSections>
  <hybridConnections>
    <connectionStrings>
      {items}
    </connectionStrings>
  </hybridConnections>
  {more}
</configuration>
"#
        )
    }

    fn item(endpoint: &str, end: &str) -> String {
        format!(
            r#"<hybridConnection connectionString="Endpoint={endpoint};SharedAccessKeyName=defaultListener;SharedAccessKey={KEY}{end}" />"#
        )
    }

    fn entries(items: &str) -> Vec<Entry> {
        let contents = read(&file(items, "")).unwrap();
        assert_eq!((contents.manager, contents.proxy), (Manager::Classic, None));
        contents.entries
    }

    #[test]
    fn the_name_is_read_in_both_forms() {
        let path = item("sb://contoso.servicebus.windows.net/team/sql", "");
        let entity = item("sb://contoso.servicebus.windows.net/", ";EntityPath=web");
        let entries = entries(&format!("{path}\n<!-- the second -->\n{entity}<clear/>"));
        let found: Vec<_> = entries
            .iter()
            .map(|entry| (entry.line, entry.value.as_ref().unwrap().string.id.full()))
            .collect();
        assert_eq!(
            found,
            [
                (8, "contoso.servicebus.windows.net/team/sql".to_owned()),
                (10, "contoso.servicebus.windows.net/web".to_owned()),
            ]
        );
        assert_eq!(entries[0].name.as_deref(), Some("contoso/team/sql"));
        assert!(entries.iter().all(|entry| entry.value.as_ref().unwrap().resource.is_none()));
    }

    #[test]
    fn one_bad_entry_leaves_the_others_alone() {
        let good = item("sb://a.b/x", "");
        let whole_namespace = item("sb://a.b/", "");
        let entries = entries(&format!(
            "<hybridConnection/><hybridConnection connectionString='  '/>{whole_namespace}\n{good}"
        ));
        let missing = || Err(EntryError::Missing(STRING));
        assert_eq!((&entries[0].value, &entries[1].value), (&missing(), &missing()));
        let error = entries[2].value.as_ref().unwrap_err();
        assert_eq!(error.field(), Some("EntityPath"));
        assert!(error.to_string().contains("of a whole namespace"), "{error}");
        assert_eq!(entries[3].line, 9);
        assert!(entries[3].value.is_ok());
    }

    #[test]
    fn a_file_without_connections_is_an_empty_one() {
        for text in ["<configuration/>", "<configuration><hybridConnections/></configuration>"] {
            assert_eq!(read(text).unwrap().entries, []);
        }
        assert_eq!(read("<html/>"), Err(FileError::Foreign));
    }

    #[test]
    fn a_section_that_cannot_be_read_is_told() {
        let section = |attributes: &str, inside: &str| {
            read(&format!(
                "<configuration>\n<hybridConnections {attributes}>{inside}</hybridConnections></configuration>"
            ))
        };
        let encrypted = Err(FileError::Encrypted { line: 2 });
        assert_eq!(section("configProtectionProvider='DataProtection'", ""), encrypted);
        assert_eq!(section("", "<EncryptedData xmlns='urn:x'/>"), encrypted);
        assert_eq!(section("configSource='x.config'", ""), Err(FileError::Elsewhere { line: 2 }));
    }

    #[test]
    fn broken_xml_is_found_by_its_place_and_not_quoted() {
        let good = file(&item("sb://a.b/x", ""), "");
        for (from, to, line, words) in [
            ("</configuration>", "", 10, "ends too early"),
            ("</connectionStrings>", "</strings>", 9, "has not begun"),
            ("SharedAccessKey=", "SharedAccessKey=\"", 8, "no well-formed XML"),
            ("rZXktbm", "r&ZXk;tbm", 8, "&amp;"),
            ("<configuration>", "<!DOCTYPE x [<!ENTITY a 'b'>]><configuration>", 1, "DTD"),
        ] {
            let error = read(&good.replacen(from, to, 1)).unwrap_err();
            let said = error.to_string();
            assert!(matches!(error, FileError::Xml { line: at, .. } if at == line), "{said}");
            assert!(said.contains(words), "{said}");
            assert!(!said.contains("dGVz") && !said.contains("ZXk"), "{said}");
        }
    }

    #[test]
    fn the_proxy_is_found() {
        let of = |inside: &str| {
            let more = format!("<system.net><defaultProxy {inside}</defaultProxy></system.net>");
            read(&file("", &more)).unwrap().proxy
        };
        let found = of(
            r#"useDefaultCredentials="true"><proxy usesystemdefault="True" proxyaddress="http://proxy.corp:3128" bypassonlocal="True"/>"#,
        )
        .unwrap();
        assert_eq!((found.line, found.with_windows_account), (11, true));
        let ProxySource::Address(proxy) = found.source else { panic!("{found:?}") };
        assert_eq!(proxy.to_string(), "http://proxy.corp:3128");
        let source = |inside| of(inside).map(|found| found.source);
        assert_eq!(source("><proxy usesystemdefault='True'/>"), Some(ProxySource::System));
        assert_eq!(source("><proxy autoDetect='true'/>"), Some(ProxySource::Script));
        assert!(matches!(source("><proxy proxyaddress='//'/>"), Some(ProxySource::Unusable(_))));
        assert_eq!(source("enabled='false'><proxy proxyaddress='http://p:1'/>"), None);
        assert_eq!(source("><proxy bypassonlocal='True'/>"), None);
        assert_eq!(source(">"), None);
    }
}
