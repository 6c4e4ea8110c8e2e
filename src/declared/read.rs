//! From the tree of a file to what it declares.

use std::borrow::Cow;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::refer::{self, Places};
use super::yaml::{self, Member, Node, Text, Value};
use super::{
    Declared, DeclaredConnection, DeclaredError, DeclaredSetting, Mark, Place, Source, VERSION,
    Which, value,
};
use crate::model::{ConnectionSelector, ConnectionString, Desired, Secret, Settings};

/// Longest name that an error repeats; a key is longer.
const LONGEST_SHOWN: usize = 32;

/// Reads `source` into `declared`; what is wrong with it goes into `errors`.
pub(super) fn read(
    source: &Source<'_>,
    places: &Places<'_>,
    declared: &mut Declared,
    errors: &mut Vec<DeclaredError>,
) {
    let mut reader = Reader { source, name: source.name.into(), places, errors };
    match yaml::parse(source.text.trim_start_matches('\u{feff}')) {
        Ok(root) => reader.document(&root, declared),
        Err(error) => reader.wrong(error.mark, error.message),
    }
}

struct Reader<'a> {
    source: &'a Source<'a>,
    name: Arc<str>,
    places: &'a Places<'a>,
    errors: &'a mut Vec<DeclaredError>,
}

impl Reader<'_> {
    fn place(&self, mark: Mark) -> Place {
        Place { source: self.name.clone(), mark: Some(mark) }
    }

    fn wrong(&mut self, mark: Mark, message: impl Into<String>) {
        self.wrong_at(mark, message, None);
    }

    fn wrong_at(&mut self, mark: Mark, message: impl Into<String>, field: Option<&str>) {
        let error = DeclaredError::new(self.place(mark), message);
        self.errors.push(DeclaredError { field: field.map(str::to_owned), ..error });
    }

    fn document(&mut self, root: &Node, declared: &mut Declared) {
        const MEMBERS: [&str; 3] = ["version", "settings", "connections"];
        let Some([version, settings, connections]) = self.members(root, "the file", MEMBERS) else {
            return;
        };
        let is_known = |text: &Text| text.is_plain && *text.text == VERSION.to_string();
        match version.map(|node| (node.mark, &node.value)) {
            Some((_, Value::Text(text))) if is_known(text) => {}
            Some((mark, _)) => {
                self.wrong(
                    mark,
                    format!("\"version\" must be {VERSION}, which this program reads"),
                );
            }
            None => self.wrong(root.mark, format!("there is no \"version: {VERSION}\"")),
        }
        if let Some(settings) = settings {
            self.settings(settings, declared);
        }
        match connections.map(|node| (node.mark, &node.value)) {
            Some((_, Value::List(items))) => {
                let read = items.iter().filter_map(|item| self.connection(item));
                declared.connections.extend(read);
            }
            Some((mark, _)) => self.wrong(mark, "\"connections\" must be a list; [] for none"),
            None => self.wrong(root.mark, "there is no \"connections\"; write [] for none"),
        }
    }

    /// The members of a mapping by their `names`; reports all others.
    fn members<'n, const N: usize>(
        &mut self,
        node: &'n Node,
        what: &str,
        names: [&str; N],
    ) -> Option<[Option<&'n Node>; N]> {
        let Value::Map(members) = &node.value else {
            self.wrong(node.mark, format!("{what} must be members with names: {}", list(&names)));
            return None;
        };
        let mut found = [None; N];
        for Member { mark, name, node } in members {
            match names.iter().position(|known| *known == name.as_str()) {
                Some(at) => found[at] = Some(node),
                None => {
                    let text = format!(
                        "{} is not a member here; there are: {}",
                        shown(name),
                        list(&names)
                    );
                    self.wrong(*mark, text);
                }
            }
        }
        Some(found)
    }

    fn connection(&mut self, item: &Node) -> Option<DeclaredConnection> {
        const MEMBERS: [&str; 4] = ["connectionString", "namespace", "name", "enabled"];
        let before = self.errors.len();
        let members = self.members(item, "a connection", MEMBERS)?;
        let [string, namespace, name, enabled] = members;
        let desired = enabled.and_then(|node| self.switch(node));
        let namespace = namespace.and_then(|node| self.text(node, "\"namespace\""));
        let name = name.and_then(|node| self.text(node, "\"name\""));
        let which = match string {
            Some(node) => {
                let string = self.string(node)?;
                self.check(&string, namespace, name);
                Which::WithKey(string)
            }
            None => Which::Present(self.selector(item.mark, namespace, name, before)?),
        };
        let is_right = self.errors.len() == before;
        is_right.then(|| DeclaredConnection { place: self.place(item.mark), which, desired })
    }

    /// The connection string, wherever it is.
    fn string(&mut self, node: &Node) -> Option<ConnectionString> {
        let (text, origin) = self.value(node, "\"connectionString\"")?;
        match ConnectionString::parse(&text) {
            Ok(string) => Some(string),
            Err(error) => {
                let message = match origin {
                    Some(origin) => format!("{origin}: {error}"),
                    None => error.to_string(),
                };
                self.wrong_at(node.mark, message, error.part());
                None
            }
        }
    }

    /// `namespace` and `name` beside a connection string say again which one it is.
    fn check(
        &mut self,
        string: &ConnectionString,
        namespace: Option<(Mark, &str)>,
        name: Option<(Mark, &str)>,
    ) {
        let id = &string.id;
        if let Some((mark, text)) = namespace {
            let selector = selector_of(text, id.name());
            if !selector.is_some_and(|selector| selector.matches(id)) {
                let text = format!("the connection string is of the namespace {}", id.namespace());
                self.wrong(mark, text);
            }
        }
        if let Some((mark, text)) = name
            && !text.trim_matches('/').eq_ignore_ascii_case(id.name())
        {
            self.wrong(mark, format!("the connection string is of {}", id.name()));
        }
    }

    fn selector(
        &mut self,
        mark: Mark,
        namespace: Option<(Mark, &str)>,
        name: Option<(Mark, &str)>,
        before: usize,
    ) -> Option<ConnectionSelector> {
        let (Some((at, namespace)), Some((_, name))) = (namespace, name) else {
            if self.errors.len() == before {
                let text = "a connection has a \"connectionString\", or both \"namespace\" and \"name\" of one that is here already";
                self.wrong(mark, text);
            }
            return None;
        };
        let selector = selector_of(namespace, name);
        if selector.is_none() {
            self.wrong(at, "\"namespace\" and \"name\" name no hybrid connection");
        }
        selector
    }

    fn settings(&mut self, node: &Node, declared: &mut Declared) {
        let Value::Map(members) = &node.value else {
            return self.wrong(node.mark, "\"settings\" must be names and values of settings");
        };
        for Member { mark, name, node } in members {
            let known = Settings::NAMES.iter().find(|known| **known == name.as_str());
            let Some(known) = known else {
                let text = format!(
                    "{} is not a setting; there are: {}",
                    shown(name),
                    list(Settings::NAMES)
                );
                self.wrong(*mark, text);
                continue;
            };
            if let Some(value) = self.setting(known, node) {
                let place = self.place(*mark);
                declared.settings.push(DeclaredSetting { place, name: known, value });
            }
        }
    }

    /// The value of the setting `name`, if it fits.
    fn setting(&mut self, name: &'static str, node: &Node) -> Option<Secret> {
        let (value, origin) = match &node.value {
            Value::Null => (Zeroizing::new(String::new()), None),
            _ => self.value(node, name)?,
        };
        let is_word = matches!(&node.value, Value::Text(text) if text.is_plain);
        let value: Cow<'_, str> = match value.as_str() {
            "true" if is_word => "on".into(),
            "false" if is_word => "off".into(),
            path if name == value::PATH && !path.is_empty() => {
                self.source.folder.join(path).to_string_lossy().into_owned().into()
            }
            text => text.to_owned().into(),
        };
        let Err(message) = value::check(name, &value, origin.as_deref()) else {
            return Some(Secret::new(value));
        };
        self.wrong_at(node.mark, message, Some(name));
        None
    }

    /// The text that `node` is or refers to, and in the second case from where.
    fn value(&mut self, node: &Node, what: &str) -> Option<(Zeroizing<String>, Option<String>)> {
        let Value::Map(members) = &node.value else {
            return self.text(node, what).map(|(_, text)| (Zeroizing::new(text.to_owned()), None));
        };
        let kind = |member: &Member| refer::KINDS.into_iter().find(|kind| *kind == *member.name);
        let [(member, Some(kind))] =
            members.iter().map(|one| (one, kind(one))).collect::<Vec<_>>()[..]
        else {
            let text = format!(
                "{what} must be a text, or one of {{env: NAME}}, {{file: PATH}} and {{secret: NAME}}"
            );
            self.wrong(node.mark, text);
            return None;
        };
        let (mark, target) = self.text(&member.node, &format!("\"{kind}\""))?;
        let folder = self.source.folder;
        match refer::follow(kind, target, folder, self.places) {
            Ok(text) => Some((text, Some(refer::called(kind, target, folder, self.places)))),
            Err(message) => {
                self.wrong(mark, message);
                None
            }
        }
    }

    fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<(Mark, &'n str)> {
        match &node.value {
            Value::Text(text) if !text.text.trim().is_empty() => Some((node.mark, &text.text)),
            _ => {
                self.wrong(node.mark, format!("{what} must be a text"));
                None
            }
        }
    }

    fn switch(&mut self, node: &Node) -> Option<Desired> {
        match &node.value {
            Value::Text(Text { text, is_plain: true }) if **text == "true" => {
                Some(Desired::Enabled)
            }
            Value::Text(Text { text, is_plain: true }) if **text == "false" => {
                Some(Desired::Disabled)
            }
            _ => {
                self.wrong(node.mark, "\"enabled\" must be true or false");
                None
            }
        }
    }
}

fn selector_of(namespace: &str, name: &str) -> Option<ConnectionSelector> {
    format!("{}/{name}", namespace.trim_end_matches('/')).parse().ok()
}

fn list(names: &[&str]) -> String {
    names.join(", ")
}

/// A name as errors repeat it; what may be a key is not repeated.
fn shown(name: &str) -> Cow<'static, str> {
    let is_plain = |c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '_' | '-' | ' ');
    match name.len() <= LONGEST_SHOWN && name.chars().all(is_plain) {
        true => format!("\"{name}\"").into(),
        false => "this".into(),
    }
}
