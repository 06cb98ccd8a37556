//! A program as the dreamer: one child for each dream, one request and one answer, as JSON lines.
//!
//! What the program answers is checked before it becomes a store (`answer`), and whatever it changed
//! without saying why becomes an edit that says so (`explain`): a reason stands with every change. The
//! messages are described to authors of programs in `docs/plugins.md`.

mod answer;
mod request;

use std::sync::Arc;

use self::{answer::Answer, request::Request};
use super::{Dream, DreamRequest, Dreamer, explain};
use crate::{
    process::{Launch, elapsed},
    quantity::Clock,
    transcript::{Failure, Pending, Role},
};

/// A program that dreams.
pub struct ProcessDreamer {
    launch: Launch,
    clock: Arc<dyn Clock>,
}

impl ProcessDreamer {
    /// A dreamer that is this program; `clock` measures how long it takes.
    pub fn new(launch: Launch, clock: Arc<dyn Clock>) -> Self {
        Self { launch, clock }
    }

    async fn dream_once(&self, request: DreamRequest<'_>) -> Result<Dream, Failure> {
        let window = request.policy.window_sessions as usize;
        let transcripts = &request.transcripts[request.transcripts.len().saturating_sub(window)..];
        let mut child = self.launch.start(Role::Dreamer).await?;
        let began = self.clock.now();
        let line = child.ask(&Request::new(&request, transcripts)).await?;
        let active = elapsed(began, self.clock.now());
        let answer = match Answer::read(line) {
            Ok(answer) => answer,
            Err(why) => return Err(child.fail(&why).await),
        };
        match answer.checked(request.store, transcripts) {
            Ok((store, edits, usage)) => {
                child.finish().await?;
                Ok(Dream {
                    edits: explain::complete(request.store, &store, edits),
                    store,
                    usage,
                    refused: Vec::new(),
                    active,
                })
            }
            Err(why) => Err(child.fail(&why).await),
        }
    }
}

impl Dreamer for ProcessDreamer {
    fn dream<'d>(&'d self, request: DreamRequest<'d>) -> Pending<'d, Result<Dream, Failure>> {
        Box::pin(self.dream_once(request))
    }
}
