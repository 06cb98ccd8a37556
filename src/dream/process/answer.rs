//! What a dreaming program answers, and what is wrong with it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::super::{Edit, EditKind, Source};
use crate::{
    memory::Store,
    process::ReportedUsage,
    transcript::{Transcript, Usage},
};

/// The answer as it was written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    /// Whether the store stays as it is.
    #[serde(default)]
    unchanged: bool,
    store: Option<Vec<Kept>>,
    #[serde(default)]
    edits: Vec<Change>,
    #[serde(default)]
    usage: ReportedUsage,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    path: String,
    content: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    kind: EditKind,
    text: String,
    reason: String,
    #[serde(default)]
    sources: Vec<Source>,
}

impl Answer {
    /// Reads the line of a program; the error goes on from the program's name.
    pub(super) fn read(line: Value) -> Result<Self, String> {
        serde_json::from_value(line).map_err(|error| format!("wrote no dream: {error}"))
    }

    /// The new store, the program's edits and its tokens, if all of it is sound.
    pub(super) fn checked(
        self,
        before: &Store,
        transcripts: &[Arc<Transcript>],
    ) -> Result<(Store, Vec<Edit>, Usage), String> {
        let usage = self
            .usage
            .checked()
            .map_err(|error| format!("reports tokens that are none: {error}"))?;
        let Some(entries) = self.store else {
            return if self.unchanged && self.edits.is_empty() {
                Ok((before.clone(), Vec::new(), usage))
            } else {
                Err(
                    "wrote no dream: it has no `store`, and only `unchanged` goes without"
                        .to_owned(),
                )
            };
        };
        if self.unchanged {
            return Err("wrote a `store` and says that it is `unchanged`".to_owned());
        }
        let mut store = Store::default();
        for Kept { path, content } in entries {
            if store.get(&path).is_some() {
                return Err(format!("wrote the memory entry `{path}` twice"));
            }
            store
                .write(&path, content)
                .map_err(|error| format!("dreamt a store beyond its limits: {error}"))?;
        }
        let edits = self
            .edits
            .into_iter()
            .enumerate()
            .map(|(number, change)| {
                change
                    .checked(before, transcripts)
                    .map_err(|why| format!("wrote an edit ({number} from 0) {why}"))
            })
            .collect::<Result<_, _>>()?;
        Ok((store, edits, usage))
    }
}

impl Change {
    fn checked(self, before: &Store, transcripts: &[Arc<Transcript>]) -> Result<Edit, String> {
        if self.reason.trim().is_empty() {
            return Err("without a `reason`".to_owned());
        }
        if self.text.trim().is_empty() {
            return Err("without a `text`".to_owned());
        }
        for source in &self.sources {
            if !exists(source, before, transcripts) {
                return Err(match source {
                    Source::Memory { path, line } => format!(
                        "from line {line} of the memory entry `{path}`, and the store that it was given has none"
                    ),
                    Source::Session { session, entry } => format!(
                        "from entry {entry} of session {session}, and no transcript that it was given has one"
                    ),
                });
            }
        }
        Ok(Edit {
            kind: self.kind,
            text: self.text,
            reason: self.reason,
            sources: self.sources,
        })
    }
}

/// Whether a source names something that the program was given.
fn exists(source: &Source, before: &Store, transcripts: &[Arc<Transcript>]) -> bool {
    match source {
        Source::Memory { path, line } => before.get(path).is_some_and(|entry| {
            *line > 0 && entry.content().lines().nth(*line as usize - 1).is_some()
        }),
        // Entry 0 is the brief, and what followed is counted from 1.
        Source::Session { session, entry } => transcripts.iter().any(|transcript| {
            transcript.session == *session && *entry as usize <= transcript.entries.len()
        }),
    }
}
