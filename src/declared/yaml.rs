//! YAML, and with it JSON, as a tree whose every part knows its place. Anchors, aliases and
//! tags are refused: a file of a few names needs none, and aliases can grow without a bound.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};
use zeroize::Zeroizing;

use super::Mark;

/// Deepest nesting; the form needs four.
const DEEPEST: usize = 16;

/// A part of the text.
pub(super) struct Node {
    pub(super) mark: Mark,
    pub(super) value: Value,
}

pub(super) enum Value {
    /// Nothing, or the word `null`.
    Null,
    Text(Text),
    List(Vec<Node>),
    Map(Vec<Member>),
}

pub(super) struct Text {
    /// It may be a key.
    pub(super) text: Zeroizing<String>,
    /// Whether it stands there without quotes, so that it may be a number or a word of YAML.
    pub(super) is_plain: bool,
}

pub(super) struct Member {
    pub(super) mark: Mark,
    pub(super) name: Zeroizing<String>,
    pub(super) node: Node,
}

/// What keeps a text from being read, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct YamlError {
    pub(super) mark: Mark,
    pub(super) message: String,
}

/// Reads the one document in `text`.
///
/// # Errors
/// [`YamlError`] for what is no YAML, is empty, has two documents, a name twice, or more of
/// YAML than plain values.
pub(super) fn parse(text: &str) -> Result<Node, YamlError> {
    let mut composer = Composer { parser: Parser::new_from_str(text), last: START };
    let mut root = None;
    loop {
        match composer.next()? {
            (Event::StreamEnd, _) => break,
            (Event::DocumentStart(_), mark) if root.is_some() => {
                return Err(error(mark, "a second document begins here; one file is one document"));
            }
            (Event::DocumentStart(_), _) => {
                let (event, mark) = composer.next()?;
                root = Some(composer.node(event, mark, 0)?);
            }
            _ => {}
        }
    }
    root.ok_or_else(|| error(START, "there is nothing in it; it begins with \"version: 1\""))
}

const START: Mark = Mark { line: 1, column: 1 };

struct Composer<'a> {
    parser: Parser<'a, StrInput<'a>>,
    last: Mark,
}

impl<'a> Composer<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Mark), YamlError> {
        match self.parser.next_event() {
            Some(Ok((event, Span { start, .. }))) => {
                self.last = mark_of(&start);
                Ok((event, self.last))
            }
            Some(Err(scan)) => Err(not_yaml(&scan)),
            None => Err(error(self.last, "it ends too early")),
        }
    }

    /// The part that begins with `event`.
    fn node(&mut self, event: Event<'a>, mark: Mark, depth: usize) -> Result<Node, YamlError> {
        if depth > DEEPEST {
            return Err(error(mark, "it is nested too deeply"));
        }
        let value = match event {
            Event::Scalar(_, _, anchor, ref tag) if anchor != 0 || tag.is_some() => {
                return Err(too_much(mark));
            }
            Event::SequenceStart(anchor, ref tag) | Event::MappingStart(anchor, ref tag)
                if anchor != 0 || tag.is_some() =>
            {
                return Err(too_much(mark));
            }
            Event::Alias(_) => return Err(too_much(mark)),
            Event::Scalar(text, style, ..) => scalar(text.into_owned(), style),
            Event::SequenceStart(..) => self.list(depth)?,
            Event::MappingStart(..) => self.map(depth)?,
            _ => return Err(error(mark, "a value is missing")),
        };
        Ok(Node { mark, value })
    }

    fn list(&mut self, depth: usize) -> Result<Value, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, mark) => items.push(self.node(event, mark, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, YamlError> {
        let mut members: Vec<Member> = Vec::new();
        loop {
            let (event, mark) = self.next()?;
            let name = match event {
                Event::MappingEnd => return Ok(Value::Map(members)),
                event => match self.node(event, mark, depth + 1)?.value {
                    Value::Text(Text { text, .. }) => text,
                    _ => return Err(error(mark, "the name of a member must be a text")),
                },
            };
            if let Some(first) = members.iter().find(|member| member.name == name) {
                let text = format!("this member is there twice; first in line {}", first.mark.line);
                return Err(error(mark, text));
            }
            let (event, at) = self.next()?;
            let node = self.node(event, at, depth + 1)?;
            members.push(Member { mark, name, node });
        }
    }
}

fn scalar(text: String, style: ScalarStyle) -> Value {
    let text = Zeroizing::new(text);
    let is_plain = style == ScalarStyle::Plain;
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" if is_plain => Value::Null,
        _ => Value::Text(Text { text, is_plain }),
    }
}

fn mark_of(marker: &Marker) -> Mark {
    Mark { line: marker.line().max(1), column: marker.col() + 1 }
}

fn error(mark: Mark, message: impl Into<String>) -> YamlError {
    YamlError { mark, message: message.into() }
}

fn too_much(mark: Mark) -> YamlError {
    error(mark, "anchors, aliases and tags are not read here; write the value itself")
}

/// The parser's words are of the grammar and show one character of the text at the most.
fn not_yaml(scan: &ScanError) -> YamlError {
    error(mark_of(scan.marker()), format!("it is neither YAML nor JSON: {}", scan.info()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The tree in one line.
    fn shown(node: &Node) -> String {
        let Mark { line, column } = node.mark;
        let value = match &node.value {
            Value::Null => "null".to_owned(),
            Value::Text(Text { text, is_plain: true }) => text.to_string(),
            Value::Text(Text { text, .. }) => format!("{:?}", text.as_str()),
            Value::List(items) => {
                format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" "))
            }
            Value::Map(members) => {
                let members = members.iter();
                let members = members.map(|one| format!("{}={}", *one.name, shown(&one.node)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(" "))
            }
        };
        format!("{value}@{line}:{column}")
    }

    fn problem(text: &str) -> (usize, usize, String) {
        let YamlError { mark, message } = parse(text).map(|node| shown(&node)).unwrap_err();
        (mark.line, mark.column, message)
    }

    #[test]
    fn every_part_knows_its_place() {
        let tree = parse("version: 1\nlist:\n  - a: 'x y'\n    b:\n  - true\n").unwrap();
        assert_eq!(
            shown(&tree),
            "{version=1@1:10 list=[{a=\"x y\"@3:8 b=null@4:6}@3:5 true@5:5]@3:3}@1:1"
        );
    }

    #[test]
    fn json_is_yaml() {
        for text in [
            "{\"version\": 1, \"list\": [{\"a\": \"x\\u0020y\", \"b\": null}, true]}",
            "{\n\t\"version\":1,\n\t\"list\":[\n\t\t{\"a\":\"x y\",\"b\":null},\n\t\ttrue\n\t]\n}\n",
        ] {
            let tree = shown(&parse(text).unwrap());
            let tree: String = tree
                .split('@')
                .map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':'))
                .collect();
            assert_eq!(tree, "{version=1 list=[{a=\"x y\" b=null} true]}", "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_value_is_refused_with_its_place() {
        let twice = "this member is there twice; first in line 1";
        assert_eq!(problem("a: 1\nb: 2\na: 3"), (3, 1, twice.to_owned()));
        let cases = [
            ("a: &x [1]\nb: *x", (1, 4), "anchors, aliases"),
            ("a: !!str 1", (1, 4), "anchors, aliases"),
            ("a: 1\n---\nb: 2", (2, 1), "a second document"),
            ("[a]: 1", (1, 1), "must be a text"),
            ("", (1, 1), "there is nothing in it"),
            ("# alone\n", (1, 1), "there is nothing in it"),
            ("a: [1, 2\nb: 3", (2, 2), "neither YAML nor JSON"),
            ("a: \"x", (1, 4), "neither YAML nor JSON"),
        ];
        for (text, (line, column), words) in cases {
            let problem = problem(text);
            assert!(problem.2.contains(words), "{text:?}: {problem:?}");
            assert_eq!((problem.0, problem.1), (line, column), "{text:?}: {}", problem.2);
        }
    }

    #[test]
    fn very_deep_texts_are_an_error_and_no_crash() {
        for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
            let deep = format!("{}0{}", open.repeat(5_000), close.repeat(5_000));
            assert!(parse(&deep).is_err(), "{open}");
            assert!(parse(&open.repeat(5_000)).is_err(), "{open}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,120}", pieces in "[\\[\\]{}\":,&*!|> \\-#a1\n\t]{0,80}") {
            for text in [text, pieces] {
                parse(&text).map(|node| shown(&node)).ok();
            }
        }
    }
}
