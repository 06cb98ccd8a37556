//! Cassettes: completions on disk, so that a run is repeated without a service, a key or a cost.
//!
//! A cassette is a folder with a file of JSON lines for each trial. A completion is found by who asked
//! (trial, session, role), what was asked (a digest of request and model) and how often the same had been
//! asked before in that session: repetitions are calls of their own, and a changed prompt is a miss,
//! never a wrong answer. No key, address or header is ever written.

mod tape;

use std::sync::Arc;

use super::{Completion, Content, Model, Request, Turn, caller::Caller};
use crate::{
    ident::Digest,
    transcript::{Failure, Pending},
};

use tape::{Key, Line};
pub use tape::{Tape, TapeError};

/// A model whose completions are kept on a cassette.
pub struct Recording {
    inner: Arc<dyn Model>,
    model: String,
    tape: Arc<Tape>,
}

impl Recording {
    /// Keeps the completions of a model. `model` says everything of it that decides its answers.
    pub fn new(inner: Arc<dyn Model>, model: String, tape: Arc<Tape>) -> Self {
        Self { inner, model, tape }
    }
}

/// A cassette that answers in place of a model.
pub struct Replaying {
    model: String,
    tape: Arc<Tape>,
    otherwise: Option<(Arc<dyn Model>, Arc<Tape>)>,
}

impl Replaying {
    /// Answers from a cassette. What is not on it is asked of a model, or is a failure; all answers go on
    /// the cassette that stands beside the model, so that it is whole.
    pub fn new(
        model: String,
        tape: Arc<Tape>,
        otherwise: Option<(Arc<dyn Model>, Arc<Tape>)>,
    ) -> Self {
        Self {
            model,
            tape,
            otherwise,
        }
    }
}

/// How a request is found again. Counts it as asked.
fn key(caller: &Caller, model: &str, request: &Request) -> Result<Key, Failure> {
    let asked = serde_json::to_vec(request)
        .map_err(|error| Failure::Internal(format!("a request cannot be written: {error}")))?;
    let digest = Digest::of_parts([model.as_bytes(), &asked]).to_string();
    let times = caller.times_asked(&digest);
    Ok(Key {
        session: caller.session,
        role: request.role,
        request: digest,
        times,
    })
}

/// The end of the last words of a request, for people who look for a call.
fn last_words(request: &Request) -> String {
    let text = match request.turns.last() {
        Some(Turn::User(contents)) => contents.last().map_or("", |content| match content {
            Content::Text(text) | Content::Result { text, .. } => text.as_str(),
        }),
        Some(Turn::Assistant(said)) => said.text.as_str(),
        None => "",
    };
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = words.chars().count();
    if length <= 100 {
        return words;
    }
    let tail: String = words.chars().skip(length - 100).collect();
    format!("…{tail}")
}

/// Puts a completion on a cassette. What cannot be kept must not look as if it had been: the trial fails
/// and says why.
fn keep(
    tape: &Tape,
    caller: &Caller,
    key: Key,
    model: &str,
    request: &Request,
    completion: &Completion,
) -> Result<(), Failure> {
    let line = Line {
        key,
        model: model.to_owned(),
        last_words: last_words(request),
        completion: completion.clone(),
    };
    tape.keep(&caller.trial, &line)
        .map_err(|error| Failure::Replay(error.to_string()))
}

const NO_CALLER: &str = "a cassette keeps the calls of trials only";

impl Model for Recording {
    fn complete<'m>(&'m self, request: &'m Request) -> Pending<'m, Result<Completion, Failure>> {
        Box::pin(async move {
            let caller = Caller::current().ok_or_else(|| Failure::Internal(NO_CALLER.into()))?;
            let key = key(&caller, &self.model, request)?;
            let completion = self.inner.complete(request).await?;
            keep(&self.tape, &caller, key, &self.model, request, &completion)?;
            Ok(completion)
        })
    }
}

impl Model for Replaying {
    fn complete<'m>(&'m self, request: &'m Request) -> Pending<'m, Result<Completion, Failure>> {
        Box::pin(async move {
            let caller = Caller::current().ok_or_else(|| Failure::Internal(NO_CALLER.into()))?;
            let key = key(&caller, &self.model, request)?;
            let found = self
                .tape
                .find(&caller.trial, &key)
                .map_err(|error| Failure::Replay(error.to_string()))?;
            match (found, &self.otherwise) {
                (Some(completion), None) => Ok(completion),
                (found, Some((model, tape))) => {
                    let is_new = found.is_none();
                    let completion = match found {
                        Some(completion) => completion,
                        None => model.complete(request).await?,
                    };
                    // What was found on the very cassette that is added to stands there already.
                    if is_new || !Arc::ptr_eq(tape, &self.tape) {
                        keep(tape, &caller, key, &self.model, request, &completion)?;
                    }
                    Ok(completion)
                }
                (None, None) => Err(Failure::Replay(format!(
                    "cassette `{}` has no such call: {}, session {}, {}, asked {}, of {}, after “{}” (digest {}); record it with `--replay DIR --record DIR`",
                    self.tape.folder().display(),
                    caller.trial,
                    key.session,
                    key.role.as_str(),
                    match key.times {
                        0 => "for the first time".to_owned(),
                        times => format!("again ({times} before)"),
                    },
                    self.model,
                    last_words(request),
                    &key.request[..16],
                ))),
            }
        })
    }
}
