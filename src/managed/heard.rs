//! What a message says to an agent, read back from its words.
//!
//! The counterpart of [`super::words`]. A text that is none of those messages is [`Heard::Other`], never
//! an error: anybody may write to a session. A user's words that contain the very line that begins the
//! next part of a task are cut there; the last such line counts.

use std::sync::Arc;

use jiff::civil::Date;

use super::words::{
    ACCEPTED, ASIDES, CLOSING_START, CORRECTION_START, FIELDS, FINDING_END, FINDING_START,
    GIVEN_UP, OTHER_WORDS,
};
use crate::{
    brief::{Attribute, TaskBrief},
    form::{Field, FieldKind, Form},
    ident::FieldName,
    text::Passage,
};

/// The head of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The day of the session.
    pub date: Date,
    /// Who asks.
    pub user: String,
    /// Standing attributes of the work, in order.
    pub about: Vec<Attribute>,
    /// The work at hand.
    pub case: String,
    /// The names and titles of the documents that can be read.
    pub documents: Vec<(String, String)>,
}

/// A task that was brought.
#[derive(Debug, Clone)]
pub struct Brought {
    /// The head of the session, where the message begins with one.
    pub head: Option<Head>,
    /// The task.
    pub task: TaskBrief,
}

/// One thing that a message says.
#[derive(Debug, Clone)]
pub enum Heard {
    /// A task.
    Task(Box<Brought>),
    /// The task is over; whether the deliverable was taken.
    Over(bool),
    /// What the in-session grader wants revised.
    Finding(String),
    /// What the user says is wrong.
    Correction(String),
    /// The session is over.
    Close,
    /// Something else, in these words.
    Other(String),
}

/// What a message says, in order. The end of a task may stand before the next task.
pub fn heard(text: &str) -> Vec<Heard> {
    let mut said = Vec::new();
    let mut rest = text;
    loop {
        let (after, accepted) = if let Some(after) = rest.strip_prefix(ACCEPTED) {
            (after, true)
        } else if let Some(after) = rest.strip_prefix(GIVEN_UP) {
            (after, false)
        } else {
            break;
        };
        said.push(Heard::Over(accepted));
        rest = after.trim_start();
    }
    if !rest.is_empty() || said.is_empty() {
        said.push(one(rest));
    }
    said
}

fn one(text: &str) -> Heard {
    if text.starts_with(CLOSING_START) {
        return Heard::Close;
    }
    if let Some(said) = text.strip_prefix(CORRECTION_START) {
        return Heard::Correction(said.to_owned());
    }
    if let Some(found) = text
        .strip_prefix(FINDING_START)
        .and_then(|rest| rest.strip_suffix(FINDING_END))
    {
        return Heard::Finding(found.to_owned());
    }
    let parts = match text.split_once("\n\n") {
        Some((head, rest)) if head.starts_with("Date: ") => read_head(head).zip(read_task(rest)),
        Some(_) | None => None,
    };
    match parts {
        Some((head, task)) => Heard::Task(Box::new(Brought {
            head: Some(head),
            task,
        })),
        None => read_task(text).map_or_else(
            || Heard::Other(text.to_owned()),
            |task| Heard::Task(Box::new(Brought { head: None, task })),
        ),
    }
}

fn read_head(text: &str) -> Option<Head> {
    let mut lines: Vec<&str> = text.lines().collect();
    let mut documents = Vec::new();
    while let Some(document) = lines.last()?.strip_prefix("Document: ") {
        let (name, title) = document.strip_suffix(')')?.split_once(" (")?;
        documents.push((name.to_owned(), title.to_owned()));
        lines.pop();
    }
    documents.reverse();
    let case = lines.pop()?.strip_prefix("Case: ")?.to_owned();
    let mut lines = lines.into_iter();
    let date = lines.next()?.strip_prefix("Date: ")?.parse().ok()?;
    let user = lines.next()?.strip_prefix("From: ")?.to_owned();
    let about = lines
        .map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some(Attribute {
                name: uncapitalised(name),
                value: value.to_owned(),
            })
        })
        .collect::<Option<_>>()?;
    Some(Head {
        date,
        user,
        about,
        case,
        documents,
    })
}

/// The name of an attribute whose words stand in a head.
fn uncapitalised(words: &str) -> String {
    let mut letters = words.chars();
    let name: String = letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    });
    name.replace(' ', "_")
}

fn read_task(text: &str) -> Option<TaskBrief> {
    let (numbers, rest) = text.strip_prefix("Task ")?.split_once(": ")?;
    let (number, all) = numbers.split_once(" of ")?;
    if number.parse::<u32>().is_err() || all.parse::<u32>().is_err() {
        return None;
    }
    let (title, rest) = rest.split_once("\n\n")?;
    let (words, fields) = rest.rsplit_once(&format!("\n\n{FIELDS}\n"))?;
    let (said, asides) = words
        .rsplit_once(&format!("\n\n{ASIDES}\n"))
        .unwrap_or((words, ""));
    let (fields, cues) = fields
        .split_once(&format!("\n{OTHER_WORDS}\n"))
        .unwrap_or((fields, ""));
    let fields = fields
        .lines()
        .map(|line| read_field(line, cues))
        .collect::<Option<_>>()?;
    Some(TaskBrief {
        title: title.to_owned(),
        text: Passage::new(said),
        asides: Passage::new(asides),
        form: Arc::new(Form::new(fields)),
    })
}

/// A line of a form, with the lines of other words for fields.
fn read_field(line: &str, cues: &str) -> Option<Field> {
    let (name, rest) = line.strip_prefix("- ")?.split_once(": ")?;
    let name: FieldName = name.parse().ok()?;
    let (label, kind) = read_kind(rest.strip_suffix(')')?)?;
    let start = format!("- {name}: ");
    let cues: Vec<String> = cues
        .lines()
        .find_map(|line| line.strip_prefix(&start))
        .map_or_else(Vec::new, |words| {
            words.split(" | ").map(str::to_owned).collect()
        });
    Some(Field::new(name, label.to_owned(), &cues, kind))
}

/// The label and the kind of `label (kind`, without the bracket behind it.
fn read_kind(text: &str) -> Option<(&str, FieldKind)> {
    if let Some(label) = text.strip_suffix(" (a short text") {
        Some((label, FieldKind::Text))
    } else if let Some(label) = text.strip_suffix(" (a date, as 2026-02-01") {
        Some((label, FieldKind::Date))
    } else if let Some((label, options)) = text.split_once(" (one of: ") {
        let options = options.split(" | ").map(str::to_owned).collect();
        Some((label, FieldKind::Choice(options)))
    } else {
        let (label, unit) = text.split_once(" (a number in ")?;
        Some((label, FieldKind::Number(unit.to_owned())))
    }
}
