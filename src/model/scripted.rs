//! A model for tests: it gives prepared answers and keeps what it was asked.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use super::{Assistant, Completion, Content, Model, Request, Stop, Turn};
use crate::{
    quantity::{Milliseconds, Tokens},
    transcript::{Failure, Pending, Usage},
};

/// A model that gives prepared answers in order, each for 100 tokens read, 10 written and 7
/// milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    answers: Mutex<VecDeque<(String, Stop)>>,
    requests: Mutex<Vec<Request>>,
}

impl Scripted {
    /// Answers that end as they should.
    pub(crate) fn new<T: Into<String>>(answers: impl IntoIterator<Item = T>) -> Self {
        Self::stopping(answers.into_iter().map(|text| (text, Stop::End)))
    }

    /// Answers that end for these reasons.
    pub(crate) fn stopping<T: Into<String>>(answers: impl IntoIterator<Item = (T, Stop)>) -> Self {
        Self {
            answers: Mutex::new(
                answers
                    .into_iter()
                    .map(|(text, stop)| (text.into(), stop))
                    .collect(),
            ),
            requests: Mutex::default(),
        }
    }

    /// What it was asked, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The words of the last turn of each request.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.requests().iter().map(last_words).collect()
    }

    /// How many answers were not asked for.
    pub(crate) fn left(&self) -> usize {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

/// The words of a request's last turn.
pub(crate) fn last_words(request: &Request) -> String {
    let Some(Turn::User(contents)) = request.turns.last() else {
        return String::new();
    };
    contents
        .iter()
        .filter_map(|content| match content {
            Content::Text(text) => Some(text.as_str()),
            Content::Result { .. } => None,
        })
        .collect()
}

impl Model for Scripted {
    fn complete<'m>(&'m self, request: &'m Request) -> Pending<'m, Result<Completion, Failure>> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request.clone());
        let next = self
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        let completion = next.map(|(text, stop)| Completion {
            assistant: Assistant {
                text,
                ..Assistant::default()
            },
            stop,
            usage: Usage {
                uncached_input: Tokens(100),
                output: Tokens(10),
                ..Usage::default()
            },
            estimated: false,
            model: "scripted".to_owned(),
            active: Milliseconds(7),
            attempts: 1,
        });
        Box::pin(std::future::ready(completion.ok_or_else(|| {
            Failure::Backend("the script has no further answer".to_owned())
        })))
    }
}
