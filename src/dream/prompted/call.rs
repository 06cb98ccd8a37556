//! One call and, where its answer could not be done as it is, a second one in the same conversation.

use std::sync::Arc;

use super::{
    answer::{self, Shown},
    draft::Draft,
    prompt,
};
use crate::{
    model::{Completion, Content, Model, Request, Stop, Structure, Turn},
    quantity::{Milliseconds, Seed},
    transcript::{Failure, Role, Usage},
};

/// How a call ended that did not fail.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The store as it is now.
    Edited(Box<Draft>),
    /// The call is longer than the model's context.
    ContextLimit,
    /// The answer was cut off where the model may write no more.
    OutputLimit,
}

/// The calls of one dream: what they share and what they took.
pub(super) struct Calls<'c> {
    pub(super) model: &'c dyn Model,
    pub(super) system: Arc<str>,
    pub(super) structure: Arc<Structure>,
    pub(super) max_output_tokens: u64,
    pub(super) seed: Seed,
    pub(super) made: u64,
    pub(super) usage: Usage,
    pub(super) active: Milliseconds,
    /// The edits that were dropped, with the reasons.
    pub(super) refused: Vec<String>,
}

impl Calls<'_> {
    /// Asks for edits of a draft. Edits that cannot be made are named to the model, once; those of its
    /// second answer that still cannot are dropped and noted.
    pub(super) async fn ask(
        &mut self,
        text: String,
        shown: Shown<'_>,
        draft: &Draft,
    ) -> Result<Outcome, Failure> {
        let mut turns = vec![said(text)];
        let first = self.complete(&turns).await?;
        match first.stop {
            Stop::ContextLimit => return Ok(Outcome::ContextLimit),
            Stop::OutputLimit => return Ok(Outcome::OutputLimit),
            Stop::Refusal => return Err(refusal(&first.assistant.text)),
            Stop::End | Stop::Calls | Stop::Pause | Stop::Other(_) => {}
        }
        let reading = answer::read(&first.assistant.text, shown, draft);
        let faults = match &reading {
            Ok(reading) if reading.faults.is_empty() => {
                return Ok(Outcome::Edited(Box::new(reading.draft.clone())));
            }
            Ok(reading) => reading.faults.clone(),
            Err(fault) => vec![fault.clone()],
        };
        turns.push(Turn::Assistant(first.assistant));
        turns.push(said(prompt::again(&faults)));
        let second = self.complete(&turns).await?;
        let last = match second.stop {
            Stop::End | Stop::Calls | Stop::Pause | Stop::Other(_) => {
                answer::read(&second.assistant.text, shown, draft)
            }
            Stop::ContextLimit | Stop::OutputLimit | Stop::Refusal => {
                Err("the second answer is none".to_owned())
            }
        };
        // What was good in the first answer is better than nothing.
        match (
            last.or_else(|fault| reading.map_err(|_| fault)),
            second.stop,
        ) {
            (Ok(reading), _) => {
                self.refused.extend(reading.faults);
                Ok(Outcome::Edited(Box::new(reading.draft)))
            }
            (Err(_), Stop::ContextLimit) => Ok(Outcome::ContextLimit),
            (Err(_), Stop::OutputLimit) => Ok(Outcome::OutputLimit),
            (Err(_), Stop::Refusal) => Err(refusal(&second.assistant.text)),
            (Err(fault), Stop::End | Stop::Calls | Stop::Pause | Stop::Other(_)) => Err(
                Failure::Backend(format!("the dreamer was asked twice, and {fault}")),
            ),
        }
    }

    async fn complete(&mut self, turns: &[Turn]) -> Result<Completion, Failure> {
        let request = Request {
            role: Role::Dreamer,
            system: Arc::clone(&self.system),
            tools: Arc::from([]),
            turns: turns.to_vec(),
            structure: Some(Arc::clone(&self.structure)),
            max_output_tokens: self.max_output_tokens,
            seed: self.seed.derive_number(self.made),
        };
        self.made += 1;
        let completion = self.model.complete(&request).await?;
        self.usage += completion.usage;
        self.active += completion.active;
        Ok(completion)
    }
}

fn said(text: String) -> Turn {
    Turn::User(vec![Content::Text(text)])
}

/// How much of a refusal is quoted, in characters.
const QUOTED: usize = 200;

fn refusal(words: &str) -> Failure {
    let words: String = words.trim().chars().take(QUOTED).collect();
    Failure::Backend(if words.is_empty() {
        "the dreamer refuses to answer".to_owned()
    } else {
        format!("the dreamer refuses to answer: `{words}`")
    })
}
