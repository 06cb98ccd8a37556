//! A program as the agent: one child for each session, over JSON lines.
//!
//! The program is told what an [`Opening`] holds and what the user says, and nothing else: no arm, no
//! scenario, no fact. What it may use is handed out by `given`, within the limits that every agent has;
//! the messages are in `wire` and, for authors of programs, in `docs/plugins.md`.

mod given;
mod wire;

use std::sync::Arc;

use serde::Serialize;

use self::{
    given::{Given, Outcome},
    wire::{Open, Task, Told},
};
use super::{Agent, AgentSession, Message, Opening, SessionEnd, Step, Turn};
use crate::{
    experiment::Limits,
    process::{Child, Launch, elapsed},
    quantity::{Clock, Milliseconds},
    transcript::{Entry, Failure, Pending, Role, Usage},
};

/// How many steps a program may take before it waits, so that a loop without an end has one.
pub const STEPS_PER_TURN: u32 = 200;

/// A program that plays the agent.
pub struct ProcessAgent {
    launch: Launch,
    limits: Limits,
    clock: Arc<dyn Clock>,
}

impl ProcessAgent {
    /// An agent that is this program, under these limits; `clock` measures how long it works.
    pub fn new(launch: Launch, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self {
            launch,
            limits,
            clock,
        }
    }

    async fn begin(&self, opening: Opening) -> Result<Box<dyn AgentSession>, Failure> {
        let child = self.launch.start(Role::Agent).await?;
        // Written down before it is sent, since tools cannot be shared while they wait.
        let open = serde_json::to_value(Told::Open(Open::new(&opening, self.limits)))
            .map_err(|error| Failure::Internal(format!("an opening is no JSON: {error}")))?;
        let mut session = ProcessSession {
            child,
            given: Given::new(opening, self.limits),
            clock: Arc::clone(&self.clock),
            opened: None,
        };
        session.opened = Some(session.turn(&open, Waits::ForNothing).await?);
        Ok(Box::new(session))
    }
}

impl Agent for ProcessAgent {
    fn open(&self, opening: Opening) -> Pending<'_, Result<Box<dyn AgentSession>, Failure>> {
        Box::pin(self.begin(opening))
    }
}

/// What a program may wait for when it has done what a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// For the user, with questions or a deliverable, or for nothing.
    ForTheUser,
    /// For nothing: there is no task, so that nobody would answer.
    ForNothing,
}

struct ProcessSession {
    child: Child,
    given: Given,
    clock: Arc<dyn Clock>,
    /// What was done when the session was opened; it goes into the first turn.
    opened: Option<Turn>,
}

impl ProcessSession {
    /// Tells the program something and does what it wants done until it waits.
    async fn turn(&mut self, told: &impl Serialize, waits: Waits) -> Result<Turn, Failure> {
        let began = self.clock.now();
        let opened = self.opened.take();
        let mut usage = opened.as_ref().map_or(Usage::default(), |turn| turn.usage);
        let active = opened.as_ref().map_or(Milliseconds(0), |turn| turn.active);
        let mut entries = opened.map_or_else(Vec::new, |turn| turn.entries);
        let mut line = self.child.ask(told).await?;
        for taken in 0..=STEPS_PER_TURN {
            let (did, used) = match wire::step(line) {
                Ok(read) => read,
                Err(why) => return Err(self.child.fail(&why).await),
            };
            usage += used;
            let outcome = match self.carry_out(did, &mut entries) {
                Did::Waits(Step::Question(_) | Step::Submission(_))
                    if waits == Waits::ForNothing =>
                {
                    let why = "asked or submitted where only `done` is an answer";
                    return Err(self.child.fail(why).await);
                }
                Did::Waits(step) => {
                    return Ok(Turn {
                        entries,
                        step,
                        usage,
                        active: active + elapsed(began, self.clock.now()),
                    });
                }
                Did::Goes(_) if taken == STEPS_PER_TURN => break,
                Did::Goes(outcome) => outcome,
            };
            let (ok, text) = match &outcome {
                Ok(text) => (true, text),
                Err(text) => (false, text),
            };
            line = self.child.ask(&Told::Result { ok, text }).await?;
        }
        let why =
            format!("took more than {STEPS_PER_TURN} steps without `ask`, `submit` or `done`");
        Err(self.child.fail(&why).await)
    }

    /// Carries out one step of the program.
    fn carry_out(&mut self, step: wire::Step, entries: &mut Vec<Entry>) -> Did {
        let given = &mut self.given;
        match step {
            wire::Step::ReadDocument(document) => {
                Did::Goes(given.read_document(&document.name, entries))
            }
            wire::Step::ListMemory(_) => Did::Goes(given.list_memory(entries)),
            wire::Step::ReadMemory(place) => Did::Goes(given.read_memory(&place.path, entries)),
            wire::Step::WriteMemory(note) => Did::Goes(given.write_memory(note)),
            wire::Step::Call(call) => Did::Goes(given.call(call, entries)),
            wire::Step::Ask(questions) => match given.may_ask(&questions) {
                Ok(()) => Did::Waits(Step::Question(questions)),
                Err(why) => Did::Goes(Err(why)),
            },
            wire::Step::Submit(submission) => match given.deliverable(submission) {
                Ok(deliverable) => Did::Waits(Step::Submission(deliverable)),
                Err(why) => Did::Goes(Err(why)),
            },
            wire::Step::Done(_) => Did::Waits(Step::Idle),
        }
    }

    async fn answer(&mut self, message: Message) -> Result<Turn, Failure> {
        self.given.heard();
        let brief = Arc::clone(&self.given.brief);
        match message {
            Message::Task(number) => {
                let Some(task) = brief.tasks.get(number) else {
                    return Err(Failure::Internal(format!("there is no task {number}")));
                };
                self.given.begin(number);
                let told = Told::Task(Task::new(number, task));
                self.turn(&told, Waits::ForTheUser).await
            }
            Message::Answer(text) => self.turn(&Told::Answer(&text), Waits::ForTheUser).await,
            Message::Finding(text) => self.turn(&Told::Finding(&text), Waits::ForTheUser).await,
            Message::Correction(text) => {
                self.turn(&Told::Correction(&text), Waits::ForTheUser).await
            }
            Message::Over(accepted) => {
                self.given.over();
                self.turn(&Told::Over { accepted }, Waits::ForNothing).await
            }
        }
    }
}

/// What became of a step.
enum Did {
    /// It is done, or cannot be, and the program goes on.
    Goes(Outcome),
    /// The program waits.
    Waits(Step),
}

impl AgentSession for ProcessSession {
    fn say(&mut self, message: Message) -> Pending<'_, Result<Turn, Failure>> {
        Box::pin(self.answer(message))
    }

    fn close(mut self: Box<Self>) -> Pending<'static, Result<SessionEnd, Failure>> {
        Box::pin(async move {
            let turn = self.turn(&Told::Close {}, Waits::ForNothing).await?;
            self.child.finish().await?;
            Ok(SessionEnd {
                notes: self.given.into_notes(),
                usage: turn.usage,
                active: turn.active,
            })
        })
    }
}
