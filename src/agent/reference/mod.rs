//! The reference agent: a slot-filling dialogue agent with retrieval, deterministic and offline.
//!
//! It reads brief, documents and memory by rules (`reading`), tries tools (`ways`), asks for what is
//! missing, submits, takes corrections, and leaves notes as a busy agent would (`notes`). It is the
//! twin of every live backend: an exact oracle for tests and a fast bench for dream policies. What it
//! shows is no evidence about any product.

mod meter;
mod notes;
mod reading;
mod slots;
mod ways;

use std::sync::Arc;

use self::{meter::Meter, notes::Notebook, reading::Sources, slots::Slots};
use super::{Agent, AgentSession, Message, Opening, SessionEnd, Step, Turn};
use crate::{
    brief::TaskBrief,
    experiment::{Limits, Reference},
    text::estimate_tokens,
    transcript::{Entry, Failure, Pending},
};

/// The agent and what it declares of itself.
#[derive(Debug, Clone, Copy)]
pub struct ReferenceAgent {
    limits: Limits,
    habits: Reference,
}

impl ReferenceAgent {
    /// An agent with these limits and habits.
    pub fn new(limits: Limits, habits: Reference) -> Self {
        Self { limits, habits }
    }
}

impl Agent for ReferenceAgent {
    fn open(&self, opening: Opening) -> Pending<'_, Result<Box<dyn AgentSession>, Failure>> {
        let session: Box<dyn AgentSession> = Box::new(ReferenceSession {
            agent: *self,
            meter: Meter::new(self.habits),
            notebook: Notebook::new(opening.brief.clone(), opening.seed),
            opening,
            task: None,
        });
        Box::pin(std::future::ready(Ok(session)))
    }
}

/// How many messages of questions the agent sends for one task before it goes ahead.
const QUESTION_MESSAGES: u32 = 2;

struct ReferenceSession {
    agent: ReferenceAgent,
    opening: Opening,
    meter: Meter,
    notebook: Notebook,
    task: Option<Work>,
}

/// The task at hand.
struct Work {
    number: usize,
    slots: Slots,
    messages: u32,
    rounds: u32,
}

impl ReferenceSession {
    fn begin(&mut self, number: usize) -> Vec<Entry> {
        let brief = Arc::clone(&self.opening.brief);
        let task = &brief.tasks[number];
        let mut entries = Vec::new();
        self.meter.read(estimate_tokens(&brief.header()));
        self.meter.read(
            estimate_tokens(task.text.text())
                + estimate_tokens(task.asides.text())
                + 12 * task.form.fields().len() as u64,
        );
        let sources = Sources::new(
            &brief,
            self.opening.memory.as_ref(),
            task,
            self.agent.limits.memory_tokens,
        );
        if self.opening.memory.is_some() {
            self.meter.call(16);
            self.meter.read(sources.memory_tokens());
            entries.push(Entry::Recall(sources.memory_tokens()));
        }
        for document in &brief.documents {
            self.meter.tool_call(12);
            self.meter.read(estimate_tokens(document.text.text()));
            entries.push(Entry::Read(document.name.clone()));
        }
        let seed = self.opening.seed.derive_number(number as u64);
        let mut slots = Slots::fill(&sources, task, self.agent.habits.slip, seed);
        slots.run_tools(
            &sources,
            &brief,
            task,
            self.opening.tools.as_mut(),
            self.agent.limits.tool_attempts,
            seed,
            &mut self.meter,
            &mut entries,
        );
        if number == 0 {
            self.notebook.notice(&sources);
        }
        self.task = Some(Work {
            number,
            slots,
            messages: 0,
            rounds: 0,
        });
        entries
    }

    fn step(&mut self) -> Step {
        let brief = Arc::clone(&self.opening.brief);
        let Some(work) = &mut self.task else {
            return Step::Idle;
        };
        let task = &brief.tasks[work.number];
        if work.messages < QUESTION_MESSAGES {
            let questions =
                work.slots
                    .questions(task, &brief, self.agent.limits.questions_per_message);
            if !questions.is_empty() {
                work.messages += 1;
                work.rounds += 1;
                self.meter.call(
                    questions
                        .iter()
                        .map(|question| estimate_tokens(question))
                        .sum(),
                );
                return Step::Question(questions);
            }
        }
        let seed = self.opening.seed.derive_number(work.number as u64);
        let deliverable = work.slots.deliverable(task, &brief, seed);
        self.meter
            .call(estimate_tokens(&deliverable.body) + 6 * deliverable.fields.len() as u64);
        Step::Submission(deliverable)
    }

    /// Takes in what the user says, then tries the tools again that were in the way.
    fn told(
        &mut self,
        text: &str,
        take: fn(&mut Slots, &str, &TaskBrief, &mut Notebook),
    ) -> Vec<Entry> {
        let mut entries = Vec::new();
        let brief = Arc::clone(&self.opening.brief);
        self.meter.read(estimate_tokens(text));
        if let Some(work) = &mut self.task {
            let task = &brief.tasks[work.number];
            take(&mut work.slots, text, task, &mut self.notebook);
            work.slots.retry_tools(
                text,
                &brief,
                task,
                self.opening.tools.as_mut(),
                self.agent.limits.tool_attempts,
                self.opening.seed.derive_number(work.number as u64),
                &mut self.meter,
                &mut entries,
            );
        }
        entries
    }

    fn turn(&mut self, message: Message) -> Turn {
        let brief = Arc::clone(&self.opening.brief);
        let mut entries = Vec::new();
        let step = match message {
            Message::Task(number) => {
                entries = self.begin(number);
                self.step()
            }
            Message::Answer(text) => {
                entries = self.told(&text, Slots::take_answer);
                self.step()
            }
            Message::Finding(text) => {
                self.meter.read(estimate_tokens(&text));
                if let Some(work) = &mut self.task {
                    let task = &brief.tasks[work.number];
                    work.slots.take_finding(
                        &text,
                        task,
                        self.opening.seed.derive_number(work.number as u64),
                    );
                    work.messages = QUESTION_MESSAGES;
                }
                self.step()
            }
            Message::Correction(text) => {
                if let Some(work) = &mut self.task {
                    work.rounds += 1;
                    work.messages = QUESTION_MESSAGES;
                }
                entries = self.told(&text, Slots::take_correction);
                self.step()
            }
            Message::Over(accepted) => {
                if let Some(work) = self.task.take() {
                    let task = &brief.tasks[work.number];
                    self.notebook
                        .finish(task, &work.slots, accepted, work.rounds);
                }
                Step::Idle
            }
        };
        let (usage, active) = self.meter.take();
        Turn {
            entries,
            step,
            usage,
            active,
        }
    }
}

impl AgentSession for ReferenceSession {
    fn say(&mut self, message: Message) -> Pending<'_, Result<Turn, Failure>> {
        let turn = self.turn(message);
        Box::pin(std::future::ready(Ok(turn)))
    }

    fn close(self: Box<Self>) -> Pending<'static, Result<SessionEnd, Failure>> {
        let Self {
            opening,
            mut meter,
            notebook,
            ..
        } = *self;
        let writable = opening
            .memory
            .as_ref()
            .is_some_and(|memory| memory.writable);
        let notes = if writable {
            notebook.write()
        } else {
            Vec::new()
        };
        for (_, text) in &notes {
            meter.tool_call(estimate_tokens(text) + 12);
        }
        let (usage, active) = meter.take();
        Box::pin(std::future::ready(Ok(SessionEnd {
            notes,
            usage,
            active,
        })))
    }
}
