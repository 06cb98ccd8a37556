//! The embedded dreamer: review → merge → prune → patterns over the text of store and transcripts.
//!
//! It reads statements by the rules that everybody here reads by; it knows no fact of the scenario.
//! Each stage is a module and can be switched off by the policy. The result depends on the request
//! alone.

mod merge;
mod patterns;
mod prune;
mod review;
mod statement;
mod vocabulary;
mod write;

use super::{Dream, DreamRequest, Dreamer, Edit};
use crate::{
    experiment::Reference,
    quantity::{Milliseconds, Tokens},
    transcript::{Failure, Pending, Usage},
};
use statement::Statement;
use vocabulary::Vocabulary;

/// The embedded dreamer and the speeds that it declares.
#[derive(Debug, Clone, Copy)]
pub struct Consolidator {
    habits: Reference,
}

/// Tokens of a dream's own instructions.
const PROMPT: u64 = 800;

impl Consolidator {
    /// A dreamer that works at these speeds.
    pub fn new(habits: Reference) -> Self {
        Self { habits }
    }

    /// Dreams once.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a dream takes minutes"
    )]
    pub fn consolidate(&self, request: &DreamRequest<'_>) -> Result<Dream, Failure> {
        let window = request.policy.window_sessions as usize;
        let recent = &request.transcripts[request.transcripts.len().saturating_sub(window)..];
        let vocabulary = Vocabulary::of(recent);
        let mut removed: Vec<Edit> = Vec::new();

        let mut statements = review::store(request.store, &vocabulary, request.date);
        let mut input = request.store.tokens() + PROMPT;
        if request.policy.stages.review {
            review::transcripts(recent, &vocabulary, &mut statements);
            input += recent
                .iter()
                .map(|transcript| transcript.len_bytes() as u64 / 4)
                .sum::<u64>();
        }
        review::distinct(&mut statements);
        if !request.policy.keep_scopes {
            statements.iter_mut().for_each(Statement::forget_scope);
        }
        if request.policy.stages.merge {
            statements = merge::merge(statements, request.policy.merge_likeness, &mut removed);
        }
        if request.policy.stages.patterns {
            patterns::promote(&mut statements, request.policy.pattern_sessions);
        }
        if request.policy.stages.prune {
            statements = prune::prune(&statements, request.policy, request.date, &mut removed);
        }
        let (store, mut edits) = write::write(&statements, &vocabulary)?;
        edits.extend(removed);

        let output = store.tokens();
        let usage = Usage {
            uncached_input: Tokens(input),
            output: Tokens(output),
            ..Usage::default()
        };
        let seconds = input as f64 / self.habits.input_tokens_per_second
            + output as f64 / self.habits.output_tokens_per_second;
        Ok(Dream {
            store,
            edits,
            usage,
            active: Milliseconds((seconds * 1e3).round() as u64),
            refused: Vec::new(),
        })
    }
}

impl Dreamer for Consolidator {
    fn dream<'d>(&'d self, request: DreamRequest<'d>) -> Pending<'d, Result<Dream, Failure>> {
        Box::pin(std::future::ready(self.consolidate(&request)))
    }
}
