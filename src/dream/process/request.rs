//! What a dreaming program is asked.

use std::sync::Arc;

use serde::Serialize;

use super::super::DreamRequest;
use crate::{
    brief::{Document, TaskBrief},
    experiment::Policy,
    transcript::{Entry, Transcript},
};

/// The request, as it stands in one line.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request<'r> {
    Dream(Asked<'r>),
}

#[derive(Serialize)]
pub(super) struct Asked<'r> {
    date: String,
    policy: &'r Policy,
    store: Vec<Kept<'r>>,
    transcripts: Vec<Past<'r>>,
}

#[derive(Serialize)]
struct Kept<'r> {
    path: &'r str,
    content: &'r str,
}

#[derive(Serialize)]
struct Past<'r> {
    session: u32,
    date: String,
    brief: Brief<'r>,
    entries: &'r [Entry],
}

#[derive(Serialize)]
struct Brief<'r> {
    header: String,
    tasks: Vec<Task<'r>>,
    documents: Vec<Shown<'r>>,
}

#[derive(Serialize)]
struct Task<'r> {
    title: &'r str,
    text: &'r str,
    asides: &'r str,
}

#[derive(Serialize)]
struct Shown<'r> {
    name: &'r str,
    title: &'r str,
    /// Absent where the agent did not read it: then it is no part of what was said and done.
    text: Option<&'r str>,
}

impl<'r> Request<'r> {
    pub(super) fn new(request: &DreamRequest<'r>, transcripts: &'r [Arc<Transcript>]) -> Self {
        Self::Dream(Asked {
            date: request.date.to_string(),
            policy: request.policy,
            store: request
                .store
                .entries()
                .map(|(path, entry)| Kept {
                    path,
                    content: entry.content(),
                })
                .collect(),
            transcripts: transcripts
                .iter()
                .map(|transcript| Past::new(transcript))
                .collect(),
        })
    }
}

impl<'r> Past<'r> {
    fn new(transcript: &'r Transcript) -> Self {
        let brief = &transcript.brief;
        let shown = |document: &'r Document| Shown {
            name: &document.name,
            title: &document.title,
            text: transcript
                .entries
                .iter()
                .any(|entry| matches!(entry, Entry::Read(name) if *name == document.name))
                .then(|| document.text.text()),
        };
        let task = |task: &'r TaskBrief| Task {
            title: &task.title,
            text: task.text.text(),
            asides: task.asides.text(),
        };
        Self {
            session: transcript.session,
            date: brief.date.to_string(),
            brief: Brief {
                header: brief.header(),
                tasks: brief.tasks.iter().map(task).collect(),
                documents: brief.documents.iter().map(shown).collect(),
            },
            entries: &transcript.entries,
        }
    }
}
