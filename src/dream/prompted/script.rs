//! Transcripts as a dreamer that is a model reads them.
//!
//! # Format
//!
//! Lines end in `\n`. A line is a mark, a label or content by what stands at its left margin:
//!
//! ```text
//! SESSION 3 (2026-02-03)
//! S3.0 brief
//!   head
//!     Date: 2026-02-03
//!     From: Dana Reyes, associate
//!     Client: Northwind
//!     Case: Project Lantern
//!     Document: policy.md (Retention policy)
//!   task 0 title
//!     Draft the agreement
//!   task 0 text
//!     Please draft it.
//!
//!     As always, thanks.
//!   task 0 asides
//!     The printer is out of order.
//! S3.1 {"task":0}
//! S3.2 {"read":"policy.md"}
//!   document
//!     Papers are kept for 7 years.
//! S3.3 {"answer":"The notice period is 45 days."}
//! ```
//!
//! - No space: a mark. `SESSION n (date)` begins a session; `SESSION n (date), entries a to b of c` begins
//!   a part of one that was too long, of which the entries `Sn.a` to `Sn.b` follow. `Sn.0 brief` is the
//!   brief. `Sn.k` and a space and one JSON object or string is entry `k` of the session, from 1, as
//!   [`Entry`] serialises.
//! - Two spaces: a label. `head`; `task t title`, `task t text` and `task t asides`, with the tasks counted
//!   from 0, a label without content being left away; `document`, behind the first reading of it in the
//!   session. A part that is not the first has of its brief the head and the titles only.
//! - Four spaces: a line of content, of the label above it. An empty line is four spaces.
//!
//! What always holds: no content stands at the left margin or behind two spaces alone. Every character
//! that a reader may take for the end of a line ends a line of content; in JSON it is escaped.

use std::fmt::Write as _;

use super::lines::{ends_a_line, indent};
use crate::transcript::{Entry, Transcript};

/// Some entries of a transcript.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'t> {
    pub(super) transcript: &'t Transcript,
    /// The first entry, from 0 in the transcript's list.
    pub(super) first: usize,
    /// Past the last entry.
    pub(super) end: usize,
}

impl<'t> Part<'t> {
    /// All of a transcript.
    pub(super) fn whole(transcript: &'t Transcript) -> Self {
        Self {
            transcript,
            first: 0,
            end: transcript.entries.len(),
        }
    }

    /// Whether an entry of this number, with the brief as 0, is shown.
    pub(super) fn shows(&self, entry: usize) -> bool {
        entry == 0 || (self.first + 1..=self.end).contains(&entry)
    }

    /// The part in the format that this module defines.
    pub(super) fn render(&self) -> String {
        let mut text = self.head();
        for entry in self.first..self.end {
            text.push_str(&self.entry(entry));
        }
        text
    }

    /// The marks of the session and of the brief, with the brief.
    pub(super) fn head(&self) -> String {
        let Transcript {
            session,
            brief,
            entries,
        } = self.transcript;
        let mut text = format!("SESSION {session} ({})", brief.date);
        let count = entries.len();
        if self.first > 0 || self.end < count {
            let _ = write!(
                text,
                ", entries {} to {} of {count}",
                self.first + 1,
                self.end
            );
        }
        let _ = writeln!(text, "\nS{session}.0 brief");
        label("head", &brief.header(), &mut text);
        for (number, task) in brief.tasks.iter().enumerate() {
            label(&format!("task {number} title"), &task.title, &mut text);
            if self.first == 0 {
                label(&format!("task {number} text"), task.text.text(), &mut text);
                label(
                    &format!("task {number} asides"),
                    task.asides.text(),
                    &mut text,
                );
            }
        }
        text
    }

    /// One entry, with the document that it read for the first time.
    pub(super) fn entry(&self, at: usize) -> String {
        let entries = &self.transcript.entries;
        let entry = &entries[at];
        let mut text = format!(
            "S{}.{} {}\n",
            self.transcript.session,
            at + 1,
            on_one_line_of_json(entry)
        );
        if let Entry::Read(name) = entry
            && !entries[..at].contains(entry)
            && let Some(document) = self
                .transcript
                .brief
                .documents
                .iter()
                .find(|document| document.name == *name)
        {
            label("document", document.text.text(), &mut text);
        }
        text
    }
}

fn label(name: &str, content: &str, into: &mut String) {
    if !content.trim_end_matches(ends_a_line).is_empty() {
        into.push_str("  ");
        into.push_str(name);
        into.push('\n');
        indent(content, into);
    }
}

/// An entry as JSON. Ends of lines beyond ASCII, which JSON leaves as they are, are escaped.
fn on_one_line_of_json(entry: &Entry) -> String {
    // An entry has text keys and no floats, so it always serialises.
    let json = serde_json::to_string(entry).unwrap_or_default();
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        if ends_a_line(letter) {
            let _ = write!(text, "\\u{:04x}", u32::from(letter));
        } else {
            text.push(letter);
        }
    }
    text
}
