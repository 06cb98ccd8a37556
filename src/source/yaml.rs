//! YAML files into types, with every problem and its place. The only module that knows the parser.

use std::{cell::RefCell, fmt, ops::Range, path::Path, sync::Arc};

use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Spanned};

use super::{
    Problem, Problems,
    fault::Fault,
    node::{Kind, Node},
    reader::Reader,
};

/// What the parser hands over, before places are resolved.
enum Raw {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawVisitor;
        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any YAML")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
                Ok(Raw::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
                Ok(Raw::Integer(value))
            }

            #[expect(
                clippy::cast_precision_loss,
                reason = "a number past 2^63 is out of range for every key"
            )]
            fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
                Ok(i64::try_from(value).map_or(Raw::Float(value as f64), Raw::Integer))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
                Ok(Raw::Float(value))
            }

            fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
                Ok(Raw::Text(value.to_owned()))
            }

            fn visit_string<E>(self, value: String) -> Result<Raw, E> {
                Ok(Raw::Text(value))
            }

            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }

            fn visit_none<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
                Raw::deserialize(deserializer)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut access: A,
            ) -> Result<Raw, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = access.next_element()? {
                    list.push(element);
                }
                Ok(Raw::List(list))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut access: A,
            ) -> Result<Raw, A::Error> {
                let mut map = Vec::new();
                while let Some(entry) = access.next_entry()? {
                    map.push(entry);
                }
                Ok(Raw::Map(map))
            }
        }
        deserializer.deserialize_any(RawVisitor)
    }
}

/// The bytes of a part of the file; the parser counts from its own start.
fn place(location: &serde_saphyr::Location, text: &str, offset: usize) -> Range<usize> {
    let span = location.span();
    let start = span
        .byte_offset()
        .and_then(|at| usize::try_from(at).ok())
        .unwrap_or(0);
    let length = span
        .byte_len()
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(0);
    let end = (start + length).min(text.len());
    let part = text.get(start..end).unwrap_or("");
    start + offset..start + part.trim_end().len() + offset
}

fn resolve(raw: Spanned<Raw>, text: &str, offset: usize) -> Node {
    let mut span = place(&raw.referenced, text, offset);
    let kind = match raw.value {
        Raw::Null => Kind::Null,
        Raw::Bool(value) => Kind::Bool(value),
        Raw::Integer(value) => Kind::Integer(value),
        Raw::Float(value) => Kind::Float(value),
        Raw::Text(value) => Kind::Text(value),
        Raw::List(elements) => Kind::List(
            elements
                .into_iter()
                .map(|element| resolve(element, text, offset))
                .collect(),
        ),
        Raw::Map(entries) => Kind::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let span = place(&key.referenced, text, offset);
                    (
                        Node {
                            span,
                            kind: Kind::Text(key.value),
                        },
                        resolve(value, text, offset),
                    )
                })
                .collect(),
        ),
    };
    let inner = match &kind {
        Kind::List(nodes) => nodes
            .first()
            .map(|node| node.span.start)
            .zip(nodes.last().map(|node| node.span.end)),
        Kind::Map(nodes) => nodes
            .first()
            .map(|(key, _)| key.span.start)
            .zip(nodes.last().map(|(_, value)| value.span.end)),
        Kind::Null | Kind::Bool(_) | Kind::Integer(_) | Kind::Float(_) | Kind::Text(_) => None,
    };
    if let Some((start, end)) = inner {
        span = start.min(span.start.max(offset))..end.max(span.end).max(start);
        if start > span.start && span.start == offset {
            span.start = start;
        }
    }
    Node { span, kind }
}

/// Reads a YAML text into a type. Whatever is wrong goes into `problems`; `None` if nothing could be
/// made of it. `offset` is where the text begins in its file, `whole` the file's text.
pub fn parse<T: DeserializeOwned>(
    file: &Path,
    whole: &Arc<str>,
    part: Range<usize>,
    problems: &mut Problems,
) -> Option<T> {
    let text = whole.get(part.clone()).unwrap_or("");
    let offset = part.start;
    let options = serde_saphyr::options! {
        with_snippet: false,
        duplicate_keys: DuplicateKeyPolicy::Error,
    };
    let raw: Spanned<Raw> = match serde_saphyr::from_str_with_options(text, options) {
        Ok(raw) => raw,
        Err(error) => {
            let error = error.without_snippet();
            let span = error
                .location()
                .map(|location| place(&location, text, offset));
            let mut problem = Problem::error(file, tidy(&error.to_string()));
            problem.span = span;
            problems.push(problem, Some(whole));
            return None;
        }
    };
    let node = resolve(raw, text, offset);
    let faults = RefCell::new(Vec::new());
    let reader = Reader {
        node: &node,
        source: whole,
        faults: &faults,
    };
    let result = T::deserialize(reader);
    let mut all = faults.into_inner();
    let value = result.map_err(|fault| all.push(fault)).ok();
    for Fault {
        span,
        message,
        hint,
    } in all
    {
        let mut problem = Problem::error(file, message);
        problem.span = span;
        problem.hint = hint;
        problems.push(problem, Some(whole));
    }
    value
}

/// The parser's message as a fragment of ours: first line, no place (it is shown beside it).
fn tidy(message: &str) -> String {
    let first = message.lines().next().unwrap_or(message).trim();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let first = match first.split_once(": ") {
        Some((head, rest)) if head.starts_with("line ") => rest,
        Some(_) | None => first,
    };
    format!("invalid YAML: {first}")
}

/// The head and the body of a Markdown file, as ranges of bytes.
pub struct Front {
    /// The YAML between the two `---` lines.
    pub head: Range<usize>,
    /// What follows.
    pub body: Range<usize>,
}

/// Splits a Markdown file at its `---` lines; `None` without a head.
pub fn split_front(text: &str) -> Option<Front> {
    let start = text.strip_prefix("---\n").map(|_| 4)?;
    let end = start + text.get(start..)?.find("\n---\n")? + 1;
    Some(Front {
        head: start..end,
        body: end + 4..text.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::{super::Each, super::Located, *};

    #[derive(Debug, Deserialize)]
    struct Top {
        title: Located<String>,
        items: Each<Item>,
    }

    #[derive(Debug, Deserialize)]
    struct Item {
        name: String,
        #[serde(default)]
        size: Option<u8>,
        #[serde(default)]
        shape: Option<Shape>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Shape {
        Round,
        Boxed(Vec<String>),
    }

    fn read(text: &str) -> (Option<Top>, Vec<(String, String)>) {
        let whole: Arc<str> = text.into();
        let mut problems = Problems::default();
        let top = parse(Path::new("x.yaml"), &whole, 0..text.len(), &mut problems);
        let found = problems
            .iter()
            .map(|problem| {
                let at = problem
                    .span
                    .clone()
                    .and_then(|span| text.get(span))
                    .unwrap_or("")
                    .to_owned();
                (problem.message.clone(), at)
            })
            .collect();
        (top, found)
    }

    #[test]
    fn a_good_file_is_read_with_places() {
        let text = "title: Größe\nitems:\n  - {name: a, size: 3, shape: round}\n  - name: 12\n    shape: {boxed: [x, y]}\n";
        let (top, problems) = read(text);
        assert!(problems.is_empty(), "{problems:?}");
        let top = top.unwrap();
        assert_eq!(&text[top.title.span.clone()], "Größe");
        assert_eq!(top.items.0[1].name, "12");
        assert_eq!(
            top.items.0[1].shape,
            Some(Shape::Boxed(vec!["x".into(), "y".into()]))
        );
        assert_eq!(top.items.0[0].size, Some(3));
    }

    #[test]
    fn every_problem_is_reported_at_once_with_its_place() {
        let text = "title: t\nextra: 1\nitems:\n  - {name: a, sise: 3}\n  - {name: [b], size: 2}\n  - {name: c, size: many}\n  - {name: d, shape: rund}\n  - {size: 1}\n  - {name: e}\n";
        let (top, problems) = read(text);
        assert_eq!(top.unwrap().items.0.len(), 2, "a and e are whole");
        let expected = [
            ("expected a text, found a list", "[b"),
            ("expected a whole number, found a text", "many"),
            ("`rund` is not one of `round`, `boxed`", "rund"),
            ("missing key `name`", "size: 1"),
            ("unknown key `extra`", "extra"),
            ("unknown key `sise`", "sise"),
        ];
        for (message, at) in expected {
            assert!(
                problems.iter().any(|(m, a)| m == message && a.contains(at)),
                "{message} at {at}: {problems:?}"
            );
        }
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
    }

    #[test]
    fn broken_yaml_is_one_problem_with_a_place() {
        for text in [
            "title: [",
            "title: a\n\tb: c",
            "title: a\ntitle: b\nitems: []",
        ] {
            let (top, problems) = read(text);
            assert!(top.is_none());
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].0.starts_with("invalid YAML: "), "{problems:?}");
        }
    }
}
