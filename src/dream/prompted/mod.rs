//! A dreamer that is a model: it reads the store and the transcripts and answers with edits.
//!
//! Our code makes the edits, so that a dream stays what every dream is: each change has a reason and
//! sources that exist, and the store keeps its limits. Where everything fits the model's context, one
//! call reads it all; otherwise the transcripts are read window by window, each seeing the store as the
//! one before left it, and then the store is consolidated, by groups of entries if need be. Not a place
//! for judgement of our own: what is worth keeping is the model's to say.

mod answer;
mod call;
mod draft;
mod groups;
mod lines;
mod listing;
mod prompt;
mod script;
#[cfg(test)]
mod tests;
mod windows;

use std::sync::Arc;

use super::{Dream, DreamRequest, Dreamer};
use crate::{
    experiment::Stages,
    model::{Model, Structure},
    quantity::Milliseconds,
    text::{estimate_tokens, stems},
    transcript::{Failure, Pending, Transcript, Usage},
};
use answer::Shown;
use call::{Calls, Outcome};
use draft::Draft;
use groups::Group;
use listing::{Listing, excerpt};
use prompt::Reading;
use windows::{Place, Window};

/// What a model can take and give in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptedLimits {
    /// How many tokens its context holds, the answer included.
    pub context_tokens: u64,
    /// The most tokens that it may write in one answer.
    pub max_output_tokens: u64,
}

impl PromptedLimits {
    /// How many tokens the words of a call may have: what the context holds without the answer, which a
    /// second try sends back, and a tenth for the error of the estimate; a quarter of the context at least.
    fn room(self) -> u64 {
        self.context_tokens
            .saturating_sub(2 * self.max_output_tokens)
            .saturating_sub(self.context_tokens / 10)
            .max(self.context_tokens / 4)
    }
}

/// A dreamer that asks a model for edits.
pub struct PromptedDreamer {
    model: Arc<dyn Model>,
    limits: PromptedLimits,
    structure: Arc<Structure>,
}

impl PromptedDreamer {
    /// A dreamer that asks this model, which has these limits.
    pub fn new(model: Arc<dyn Model>, limits: PromptedLimits) -> Self {
        Self {
            model,
            limits,
            structure: answer::structure(),
        }
    }

    async fn edited(&self, request: DreamRequest<'_>) -> Result<Dream, Failure> {
        let policy = request.policy;
        let first = request
            .transcripts
            .len()
            .saturating_sub(policy.window_sessions as usize);
        let system = prompt::system(policy);
        let overhead = estimate_tokens(&system)
            + estimate_tokens(&self.structure.schema.to_string())
            + estimate_tokens(&prompt::user(&Reading::longest(request.date), policy));
        let mut course = Course {
            request,
            recent: &request.transcripts[first..],
            draft: Draft::of(request.store),
            room: self.limits.room().saturating_sub(overhead),
            calls: Calls {
                model: self.model.as_ref(),
                system: system.into(),
                structure: Arc::clone(&self.structure),
                max_output_tokens: self.limits.max_output_tokens,
                seed: request.seed,
                made: 0,
                usage: Usage::default(),
                active: Milliseconds::default(),
                refused: Vec::new(),
            },
        };
        course.run().await?;
        let (store, edits) = course.draft.finish();
        Ok(Dream {
            store,
            edits,
            usage: course.calls.usage,
            active: course.calls.active,
            refused: course.calls.refused,
        })
    }
}

impl Dreamer for PromptedDreamer {
    fn dream<'d>(&'d self, request: DreamRequest<'d>) -> Pending<'d, Result<Dream, Failure>> {
        Box::pin(self.edited(request))
    }
}

/// A dream under way.
struct Course<'c> {
    request: DreamRequest<'c>,
    /// The transcripts that the policy lets the dream read.
    recent: &'c [Arc<Transcript>],
    draft: Draft,
    /// How many tokens the words of a call may have.
    room: u64,
    calls: Calls<'c>,
}

/// Only the review.
const REVIEW: Stages = Stages {
    review: true,
    merge: false,
    prune: false,
    patterns: false,
};

impl<'c> Course<'c> {
    async fn run(&mut self) -> Result<(), Failure> {
        let stages = self.request.policy.stages;
        let reads = stages.review && !self.recent.is_empty();
        let after = Stages {
            review: false,
            ..stages
        };
        let consolidates = stages.merge || stages.prune || stages.patterns;
        if reads && consolidates {
            let all = Window::all(self.recent);
            let listing = Listing::all(&self.draft);
            if self.fits(&listing, &all) {
                let outcome = self.call(stages, &listing, Some(&all)).await?;
                match outcome {
                    Outcome::Edited(draft) => {
                        self.draft = *draft;
                        return Ok(());
                    }
                    Outcome::ContextLimit => {
                        self.room /= 2;
                        self.review(all.tokens().div_ceil(2), false).await?;
                    }
                    Outcome::OutputLimit => self.review(all.tokens().div_ceil(2), true).await?,
                }
                return self.consolidate(after).await;
            }
        }
        if reads {
            self.review(u64::MAX, false).await?;
        }
        if consolidates {
            self.consolidate(after).await?;
        }
        Ok(())
    }

    fn fits(&self, listing: &Listing, window: &Window<'_>) -> bool {
        estimate_tokens(&listing.text) + window.tokens() <= self.room
    }

    /// Reads the transcripts, at most `most` tokens of them in a call. `halved`: an answer was cut off
    /// before, which is borne once.
    async fn review(&mut self, mut most: u64, mut halved: bool) -> Result<(), Failure> {
        let recent = self.recent;
        let mut place = Place::default();
        loop {
            let mut listing = Listing::all(&self.draft);
            // A store that leaves too little room is shown where it has to do with the transcripts.
            let size = estimate_tokens(&listing.text);
            let crowded = size > self.room / 4 * 3;
            let room = if crowded {
                self.room / 2
            } else {
                self.room - size
            };
            let Some(window) = Window::from(recent, place, room.min(most)) else {
                return Ok(());
            };
            if crowded {
                let shown = excerpt(&self.draft, &stems(&window.text), self.room / 2);
                listing = Listing::only(&self.draft, &shown);
            }
            match self.call(REVIEW, &listing, Some(&window)).await? {
                Outcome::Edited(draft) => {
                    self.draft = *draft;
                    place = window.next;
                    continue;
                }
                Outcome::OutputLimit if halved => return Err(self.cut_off()),
                Outcome::OutputLimit if !window.can_be_halved() => return Err(self.cut_off()),
                Outcome::OutputLimit => halved = true,
                Outcome::ContextLimit => {
                    let store_is_short = estimate_tokens(&listing.text) <= window.tokens();
                    if store_is_short && !window.can_be_halved() {
                        return Err(too_long("one entry of a transcript"));
                    }
                    self.room /= 2;
                }
            }
            most = window.tokens().div_ceil(2);
        }
    }

    /// Goes over the store, in as many groups of entries as it takes.
    async fn consolidate(&mut self, stages: Stages) -> Result<(), Failure> {
        let mut halved = false;
        let mut groups = groups::of(&self.draft, self.room);
        while let Some(group) = groups.pop_front() {
            let listing = Listing::only(&self.draft, &group.lines());
            if listing.references.is_empty() {
                continue;
            }
            match self.call(stages, &listing, None).await? {
                Outcome::Edited(draft) => {
                    self.draft = *draft;
                    continue;
                }
                Outcome::OutputLimit if halved => return Err(self.cut_off()),
                Outcome::OutputLimit => halved = true,
                Outcome::ContextLimit => {}
            }
            let parts = group.split();
            if parts.len() == 1 {
                return Err(if halved {
                    self.cut_off()
                } else {
                    too_long("one line of the store")
                });
            }
            // What was too long for one group is too long for those behind it.
            groups = parts
                .into_iter()
                .chain(groups.into_iter().flat_map(Group::split))
                .collect();
        }
        Ok(())
    }

    async fn call(
        &mut self,
        stages: Stages,
        listing: &Listing,
        window: Option<&Window<'c>>,
    ) -> Result<Outcome, Failure> {
        let all = self
            .draft
            .entries()
            .flat_map(|(_, lines)| lines)
            .filter(|line| !line.is_blank())
            .count();
        let reading = Reading {
            date: self.request.date,
            stages,
            store: &listing.text,
            lines: (listing.references.len(), all),
            transcripts: window.map(|window| (window.text.as_str(), window.parts.len())),
        };
        let shown = Shown {
            lines: &listing.references,
            parts: window.map_or(&[], |window| window.parts.as_slice()),
        };
        let text = prompt::user(&reading, self.request.policy);
        self.calls.ask(text, shown, &self.draft).await
    }

    fn cut_off(&self) -> Failure {
        Failure::Backend(format!(
            "the dreamer's answer is longer than the {} tokens that it may write; raise `max_output_tokens` of its model",
            self.calls.max_output_tokens
        ))
    }
}

fn too_long(what: &str) -> Failure {
    Failure::Backend(format!(
        "the dreamer's context does not hold {what}; lower `context_tokens` of its model to what it holds, or take one with a larger context"
    ))
}
