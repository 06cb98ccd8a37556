//! A conversation in the order in which every provider takes it: one user turn at a time, results
//! first, and nothing blank.
//!
//! Blank texts are left out because providers refuse them, and with them turns that say nothing else.

use super::{Assistant, Content, Turn};
use crate::transcript::Failure;

/// What a call gave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'r> {
    pub(super) call: &'r str,
    pub(super) text: &'r str,
    pub(super) failed: bool,
}

/// One turn as it is sent.
#[derive(Debug)]
pub(super) enum Said<'r> {
    User {
        results: Vec<Given<'r>>,
        texts: Vec<&'r str>,
    },
    Assistant(&'r Assistant),
}

/// The turns as they are sent, without assistant turns that have nothing to send.
pub(super) fn said<'r>(
    turns: &'r [Turn],
    has_something: impl Fn(&Assistant) -> bool,
) -> Result<Vec<Said<'r>>, Failure> {
    let mut said: Vec<Said<'r>> = Vec::with_capacity(turns.len());
    for turn in turns {
        match turn {
            Turn::Assistant(assistant) => {
                if has_something(assistant) {
                    said.push(Said::Assistant(assistant));
                }
            }
            Turn::User(contents) => {
                for content in contents {
                    add(&mut said, content);
                }
            }
        }
    }
    if said.is_empty() {
        return Err(Failure::Internal(
            "a model is asked with a conversation that says nothing".to_owned(),
        ));
    }
    Ok(said)
}

fn add<'r>(said: &mut Vec<Said<'r>>, content: &'r Content) {
    let (result, text) = match content {
        Content::Text(text) if text.trim().is_empty() => return,
        Content::Text(text) => (None, Some(text.as_str())),
        Content::Result { call, text, failed } => {
            let given = Given {
                call,
                text,
                failed: *failed,
            };
            (Some(given), None)
        }
    };
    if let Some(Said::User { results, texts }) = said.last_mut() {
        results.extend(result);
        texts.extend(text);
    } else {
        said.push(Said::User {
            results: result.into_iter().collect(),
            texts: text.into_iter().collect(),
        });
    }
}
