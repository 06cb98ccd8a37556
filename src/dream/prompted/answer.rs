//! What a dreamer that is a model answers: the form, and what of it can be done.
//!
//! An answer is untrusted. Each edit is read and checked alone, so that a bad one says what is wrong with
//! it and takes no other with it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{EditKind, Source},
    draft::{Draft, Proposal},
    lines::ends_a_line,
    listing::Reference,
    script::Part,
};
use crate::model::{Structure, structured};

/// The form of an answer.
pub(super) fn structure() -> Arc<Structure> {
    let strings =
        |what: &str| json!({"type": "array", "items": {"type": "string"}, "description": what});
    let string = |what: &str| json!({"type": "string", "description": what});
    Arc::new(Structure {
        name: "edits",
        schema: json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["edits"],
            "properties": {
                "edits": {
                    "type": "array",
                    "description": "the changes in the order in which they are made; empty: nothing to change",
                    "items": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["kind", "removes", "path", "text", "reason", "sources"],
                        "properties": {
                            "kind": {
                                "type": "string",
                                "enum": ["added", "merged", "replaced", "promoted", "removed"],
                            },
                            "removes": strings("the lines that go, as M3"),
                            "path": string("the entry that the text goes to; empty for removed"),
                            "text": string("one or more lines; empty for removed"),
                            "reason": string("why, in a sentence"),
                            "sources": strings("where the text is from, as M3 or S2.5"),
                        },
                    },
                },
            },
        }),
    })
}

#[derive(Deserialize)]
struct Answer {
    edits: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    kind: EditKind,
    removes: Vec<String>,
    path: String,
    text: String,
    reason: String,
    sources: Vec<String>,
}

/// What the model was shown: the references that it may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'s> {
    pub(super) lines: &'s [Reference],
    pub(super) parts: &'s [Part<'s>],
}

/// The store after an answer, and what of the answer could not be done.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) draft: Draft,
    pub(super) faults: Vec<String>,
}

/// Applies an answer to a draft; the error says why the answer as a whole cannot be read.
pub(super) fn read(text: &str, shown: Shown<'_>, draft: &Draft) -> Result<Reading, String> {
    let answer: Answer = structured::parse(text).map_err(|error| {
        format!("the answer is not the JSON object that was asked for: {error}")
    })?;
    let mut reading = Reading {
        draft: draft.clone(),
        faults: Vec::new(),
    };
    for (at, value) in answer.edits.into_iter().enumerate() {
        let name = value
            .get("kind")
            .and_then(Value::as_str)
            .map_or_else(String::new, |kind| format!(" (`{kind}`)"));
        let made = shown
            .proposal(value)
            .and_then(|proposal| reading.draft.apply(&proposal));
        if let Err(fault) = made {
            reading
                .faults
                .push(format!("edit {}{name}: {fault}", at + 1));
        }
    }
    Ok(reading)
}

impl Shown<'_> {
    fn proposal(&self, value: Value) -> Result<Proposal, String> {
        let wanted: Wanted = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let lines = lines_of(&wanted.text);
        let reason = wanted.reason.trim();
        if reason.is_empty() {
            return Err("it gives no reason".to_owned());
        }
        let takes = wanted.removes.len();
        let fault = match wanted.kind {
            EditKind::Removed if !lines.is_empty() => {
                "it removes and has text: leave `text` empty, or use `replaced`"
            }
            EditKind::Removed if takes == 0 => "it removes no line: name one in `removes`",
            EditKind::Added if takes > 0 => "it adds and removes lines: use `replaced` or `merged`",
            EditKind::Merged if takes < 2 => {
                "it merges fewer than two lines: name them in `removes`"
            }
            EditKind::Replaced if takes == 0 => {
                "it replaces no line: name one in `removes`, or use `added`"
            }
            EditKind::Added | EditKind::Merged | EditKind::Replaced | EditKind::Promoted
                if lines.is_empty() =>
            {
                "it has no text"
            }
            EditKind::Added | EditKind::Merged | EditKind::Replaced | EditKind::Promoted
                if wanted.sources.is_empty() =>
            {
                "it names no source"
            }
            EditKind::Added
            | EditKind::Merged
            | EditKind::Replaced
            | EditKind::Promoted
            | EditKind::Removed => "",
        };
        if !fault.is_empty() {
            return Err(fault.to_owned());
        }
        let mut removes = Vec::new();
        for reference in &wanted.removes {
            removes.push((reference.trim().to_owned(), self.line(reference)?.line));
        }
        let mut sources = Vec::new();
        for reference in &wanted.sources {
            for source in self.sources(reference)? {
                if !sources.contains(&source) {
                    sources.push(source);
                }
            }
        }
        Ok(Proposal {
            kind: wanted.kind,
            removes,
            path: wanted.path,
            lines,
            reason: reason.to_owned(),
            sources,
        })
    }

    fn line(&self, reference: &str) -> Result<&Reference, String> {
        reference
            .trim()
            .strip_prefix('M')
            .and_then(number)
            .and_then(|number| self.lines.get(number.checked_sub(1)?))
            .ok_or_else(|| {
                format!(
                    "`{reference}` is no line of the store: lines are `M1` to `M{}`",
                    self.lines.len()
                )
            })
    }

    fn sources(&self, reference: &str) -> Result<Vec<Source>, String> {
        let Some(place) = reference.trim().strip_prefix('S') else {
            return Ok(self.line(reference)?.sources.clone());
        };
        place
            .split_once('.')
            .and_then(|(session, entry)| {
                let (session, entry) = (number(session)?, number(entry)?);
                let session = u32::try_from(session).ok()?;
                let is_shown = self
                    .parts
                    .iter()
                    .any(|part| part.transcript.session == session && part.shows(entry));
                is_shown.then_some(Source::Session {
                    session,
                    entry: u32::try_from(entry).ok()?,
                })
            })
            .map(|source| vec![source])
            .ok_or_else(|| format!("`{reference}` is no entry of a transcript that was shown"))
    }
}

/// A number in digits alone.
fn number(text: &str) -> Option<usize> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// The lines of a text, without blank ones around it.
fn lines_of(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let lines: Vec<&str> = text.split(ends_a_line).map(str::trim_end).collect();
    let says = |line: &&str| !line.is_empty();
    let first = lines.iter().position(says).unwrap_or(lines.len());
    let end = lines.iter().rposition(says).map_or(first, |last| last + 1);
    lines[first..end]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}
