//! What is here, as a file that declares it.

use std::fmt::Write as _;

use serde::Serialize;
use zeroize::Zeroizing;

use super::VERSION;
use crate::model::{ConnectionId, Desired, Secret};

/// A hybrid connection that is written.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Which.
    pub id: &'a ConnectionId,
    /// Whether it is to listen.
    pub desired: Desired,
    /// Its connection string, if the key is to be in the file.
    pub string: Option<&'a Secret>,
    /// What a reader of the file should know of it.
    pub remark: Option<&'a str>,
}

/// The YAML of a file with `entries`, in their order, under a comment with the lines of
/// `head`.
pub fn yaml(head: &[&str], entries: &[Entry<'_>]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(capacity(entries)));
    for line in head {
        line_of(&mut text, format_args!("# {line}"));
    }
    line_of(&mut text, format_args!("version: {VERSION}"));
    match entries {
        [] => line_of(&mut text, format_args!("connections: []")),
        _ => line_of(&mut text, format_args!("connections:")),
    }
    for Entry { id, desired, string, remark } in entries {
        let namespace = quoted(&id.namespace().to_string());
        line_of(&mut text, format_args!("  - namespace: {}", *namespace));
        line_of(&mut text, format_args!("    name: {}", *quoted(id.name())));
        if let Some(remark) = remark {
            let remark = remark.replace(|c: char| c.is_control(), " ");
            line_of(&mut text, format_args!("    # {remark}"));
        }
        if let Some(string) = string {
            line_of(&mut text, format_args!("    connectionString: {}", *quoted(string.expose())));
        }
        line_of(&mut text, format_args!("    enabled: {}", *desired == Desired::Enabled));
    }
    text
}

/// The same as JSON, which has no place for remarks.
pub fn json(entries: &[Entry<'_>]) -> Zeroizing<String> {
    let connections = entries.iter().map(|entry| Connection {
        namespace: entry.id.namespace().to_string(),
        name: entry.id.name(),
        connection_string: entry.string.map(Secret::expose),
        enabled: entry.desired == Desired::Enabled,
    });
    let file = File { version: VERSION, connections: connections.collect() };
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity(entries)));
    serde_json::to_writer_pretty(&mut *bytes, &file).expect("plain values always become JSON");
    bytes.push(b'\n');
    let text = String::from_utf8(std::mem::take(&mut *bytes));
    Zeroizing::new(text.expect("JSON is UTF-8"))
}

#[derive(Serialize)]
struct File<'a> {
    version: u32,
    connections: Vec<Connection<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Connection<'a> {
    namespace: String,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_string: Option<&'a str>,
    enabled: bool,
}

/// Room for all of it: a text that grows leaves copies of its beginning behind.
fn capacity(entries: &[Entry<'_>]) -> usize {
    let of = |entry: &Entry<'_>| {
        let remark = entry.remark.map_or(0, str::len);
        let string = entry.string.map_or(0, |string| string.expose().len());
        400 + entry.id.full().len() * 2 + remark + string * 2
    };
    2_000 + entries.iter().map(of).sum::<usize>()
}

fn line_of(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a text takes every line");
}

/// `text` in quotes, as JSON and YAML both read it.
fn quoted(text: &str) -> Zeroizing<String> {
    Zeroizing::new(serde_json::to_string(text).expect("every text has a JSON"))
}
