//! What a dreamer that is a model is shown, and what becomes of its answers.

mod answers;
mod course;
mod differences;
mod format;
mod words;

use std::sync::Arc;

use jiff::civil::date;
use serde_json::{Value, json};

use super::{PromptedDreamer, PromptedLimits};
use crate::{
    brief::{Attribute, Document, SessionBrief, TaskBrief},
    dream::{Dream, DreamRequest, Dreamer},
    experiment::Policy,
    memory::Store,
    model::scripted::Scripted,
    quantity::Seed,
    text::Passage,
    transcript::{Entry, Failure, Transcript},
};

/// Enough for everything here.
const LARGE: PromptedLimits = PromptedLimits {
    context_tokens: 200_000,
    max_output_tokens: 8_192,
};

fn store(entries: &[(&str, &str)]) -> Store {
    let mut store = Store::default();
    for (path, content) in entries {
        store
            .write(path, (*content).to_owned())
            .expect("within the limits");
    }
    store
}

fn contents(store: &Store) -> Vec<(&str, &str)> {
    store
        .entries()
        .map(|(path, entry)| (path, entry.content()))
        .collect()
}

fn transcript(session: u32, entries: Vec<Entry>) -> Arc<Transcript> {
    let brief = SessionBrief {
        date: date(2026, 1, 11)
            .checked_add(jiff::Span::new().days(i64::from(session)))
            .expect("a day"),
        user: "Dana Reyes, associate".to_owned(),
        about: vec![Attribute {
            name: "client".to_owned(),
            value: "Northwind".to_owned(),
        }],
        case: "Project Lantern".to_owned(),
        documents: vec![Document {
            name: "policy.md".to_owned(),
            title: "Retention policy".to_owned(),
            text: Passage::new("# Retention\nPapers are kept for 7 years.\n"),
        }],
        tools: Arc::from([]),
        tasks: vec![TaskBrief {
            title: "Draft the agreement".to_owned(),
            text: Passage::new("Please draft it.\n\nAs always, thanks."),
            asides: Passage::new(""),
            form: Arc::default(),
        }],
    };
    Arc::new(Transcript {
        session,
        brief: Arc::new(brief),
        entries,
    })
}

/// A session in which the user says this.
fn saying(session: u32, words: &str) -> Arc<Transcript> {
    transcript(
        session,
        vec![Entry::Task(0), Entry::Correction(words.to_owned())],
    )
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(future)
}

fn dream(
    model: &Arc<Scripted>,
    limits: PromptedLimits,
    store: &Store,
    transcripts: &[Arc<Transcript>],
    policy: &Policy,
) -> Result<Dream, Failure> {
    let dreamer = PromptedDreamer::new(Arc::clone(model) as _, limits);
    ready(dreamer.dream(DreamRequest {
        store,
        transcripts,
        policy,
        date: date(2026, 2, 3),
        seed: Seed(7),
    }))
}

fn scripted<T: Into<String>>(answers: impl IntoIterator<Item = T>) -> Arc<Scripted> {
    Arc::new(Scripted::new(answers))
}

/// An answer with these edits.
fn answer(edits: &[Value]) -> String {
    json!({ "edits": edits }).to_string()
}

fn edit(kind: &str, removes: &[&str], path: &str, text: &str, sources: &[&str]) -> Value {
    json!({
        "kind": kind, "removes": removes, "path": path, "text": text,
        "reason": "said so", "sources": sources,
    })
}
