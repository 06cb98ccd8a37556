//! An agent that is a model in a loop: it is told, it calls tools, it asks, it hands in.
//!
//! What stays the same stands first, so that services cache it: instructions and tools, then the
//! session's head and memory, then the conversation. What always holds: the model is sent what
//! [`Opening`] has and nothing else, every call that it makes gets exactly one result, and whatever it
//! does, the loop ends within its limits.

mod memory;
mod prompt;
mod tools;

use std::sync::Arc;

use self::{memory::Notes, tools::Desk};
use super::{
    Agent, AgentSession, Message, Opening, SessionEnd, Step, Turn,
    desk::{self, Act, Waiting},
};
use crate::{
    experiment::live::LoopLimits,
    model::{Assistant, Content, Model, Request, Stop, Turn as ModelTurn},
    quantity::Milliseconds,
    transcript::{Entry, Failure, Pending, Role, Usage},
};

/// How often a model that neither asks nor hands in is told to.
const REMINDERS: u32 = 2;
/// How many completions the ending of a session may take.
const CLOSING_CALLS: u32 = 10;

/// An agent that is a model.
pub struct ChatAgent {
    model: Arc<dyn Model>,
    limits: LoopLimits,
    max_output_tokens: u64,
}

impl ChatAgent {
    /// A model that may write at most so many tokens at a time, within these limits.
    pub fn new(model: Arc<dyn Model>, limits: LoopLimits, max_output_tokens: u64) -> Self {
        Self {
            model,
            limits,
            max_output_tokens,
        }
    }
}

impl Agent for ChatAgent {
    fn open(&self, opening: Opening) -> Pending<'_, Result<Box<dyn AgentSession>, Failure>> {
        let notes = Notes::new(opening.memory, self.limits.memory_tokens);
        let request = Request {
            role: Role::Agent,
            system: prompt::system(&notes).into(),
            tools: tools::declared(&opening.brief, &notes).into(),
            turns: Vec::new(),
            structure: None,
            max_output_tokens: self.max_output_tokens,
            seed: opening.seed,
        };
        let session: Box<dyn AgentSession> = Box::new(ChatSession {
            model: Arc::clone(&self.model),
            limits: self.limits,
            desk: Desk {
                common: desk::Desk {
                    brief: opening.brief,
                    tools: opening.tools,
                    task: 0,
                },
                notes,
            },
            request,
            unsent: Vec::new(),
            waiting: None,
            used: Usage::default(),
            active: Milliseconds::default(),
        });
        Box::pin(std::future::ready(Ok(session)))
    }
}

struct ChatSession {
    model: Arc<dyn Model>,
    limits: LoopLimits,
    desk: Desk,
    /// The conversation so far.
    request: Request,
    /// What the model has not been told yet.
    unsent: Vec<Content>,
    /// The call that waits for what the user says.
    waiting: Option<String>,
    used: Usage,
    active: Milliseconds,
}

/// What one completion led to.
enum Next {
    /// The model goes on.
    Again,
    /// It waits.
    Wait(Step),
    /// It spoke, and called nothing.
    Spoke,
    /// It cannot go on, and why.
    Stuck(&'static str),
}

/// The sums of one turn.
#[derive(Default)]
struct Sums {
    entries: Vec<Entry>,
    usage: Usage,
    active: Milliseconds,
}

impl ChatSession {
    /// Tells the model something: as the result of the call that waits for it, if there is one.
    fn tell(&mut self, text: String) {
        self.unsent.push(match self.waiting.take() {
            Some(call) => Content::Result {
                call,
                text,
                failed: false,
            },
            None => Content::Text(text),
        });
    }

    fn is_spent(&self) -> bool {
        self.used.total().0 >= self.limits.tokens_per_session
            || self.active.seconds() >= self.limits.seconds_per_session
    }

    /// One completion and what it calls for.
    async fn step(&mut self, closing: bool, sums: &mut Sums) -> Result<Next, Failure> {
        if !self.unsent.is_empty() {
            let mut contents = std::mem::take(&mut self.unsent);
            // Results stand before words, as services demand, and in the order of their calls, because
            // chat templates without ids pair them by that.
            let calls = match self.request.turns.last() {
                Some(ModelTurn::Assistant(said)) => said.calls.as_slice(),
                Some(ModelTurn::User(_)) | None => &[],
            };
            contents.sort_by_key(|content| match content {
                Content::Result { call, .. } => calls
                    .iter()
                    .position(|made| made.id == *call)
                    .unwrap_or(calls.len()),
                Content::Text(_) => usize::MAX,
            });
            self.request.turns.push(ModelTurn::User(contents));
        }
        // No time limit of its own: waiting for a service that is overloaded is not the agent's time. How
        // long an answer may take is the transport's to bound, and what it took counts here.
        let completion = self.model.complete(&self.request).await?;
        sums.usage += completion.usage;
        sums.active += completion.active;
        self.used += completion.usage;
        self.active += completion.active;
        let said = completion.assistant;
        let next = match completion.stop {
            Stop::Refusal => return Ok(Next::Stuck("the model refused")),
            Stop::ContextLimit => {
                return Ok(Next::Stuck(
                    "the session is longer than the model's context",
                ));
            }
            Stop::Pause if said.calls.is_empty() => Next::Again,
            Stop::Pause | Stop::End | Stop::Calls | Stop::OutputLimit | Stop::Other(_) => {
                self.follow(&said, closing, sums)
            }
        };
        // An empty turn is refused by services, and says nothing.
        if !said.text.is_empty() || !said.calls.is_empty() || !said.verbatim.is_null() {
            self.request.turns.push(ModelTurn::Assistant(said));
        }
        Ok(next)
    }

    /// Does what the model calls for.
    fn follow(&mut self, said: &Assistant, closing: bool, sums: &mut Sums) -> Next {
        if said.calls.is_empty() {
            return Next::Spoke;
        }
        let mut step = None;
        for call in &said.calls {
            let act = if closing && tools::waits(&call.name) {
                Act::failed("the session is over: write to memory, or stop")
            } else if step.is_some() && tools::waits(&call.name) {
                Act::failed(
                    "one thing at a time: this was not sent, because another message waits for an answer",
                )
            } else {
                self.desk.act(call, &mut sums.entries)
            };
            match act {
                Act::Done { text, failed } => self.unsent.push(Content::Result {
                    call: call.id.clone(),
                    text,
                    failed,
                }),
                Act::Wait(waiting) => {
                    self.waiting = Some(call.id.clone());
                    step = Some(match waiting {
                        Waiting::Ask(questions) => Step::Question(questions),
                        Waiting::Submit(deliverable) => Step::Submission(deliverable),
                    });
                }
            }
        }
        step.map_or(Next::Again, Next::Wait)
    }

    /// Lets the model work until it waits or cannot go on.
    async fn work(&mut self) -> Result<Turn, Failure> {
        let mut sums = Sums::default();
        let mut reminders = 0;
        let mut calls = 0;
        let step = loop {
            if calls >= self.limits.calls_per_task || self.is_spent() {
                break Self::stuck("a limit of the session is reached", &mut sums);
            }
            calls += 1;
            match self.step(false, &mut sums).await? {
                Next::Again => {}
                Next::Wait(step) => break step,
                Next::Spoke if reminders < REMINDERS => {
                    reminders += 1;
                    self.unsent.push(Content::Text(prompt::REMINDER.to_owned()));
                }
                Next::Spoke => {
                    break Self::stuck("the model neither asked nor handed in", &mut sums);
                }
                Next::Stuck(why) => break Self::stuck(why, &mut sums),
            }
        };
        Ok(Turn {
            entries: sums.entries,
            step,
            usage: sums.usage,
            active: sums.active,
        })
    }

    fn stuck(why: &str, sums: &mut Sums) -> Step {
        sums.entries.push(Entry::Stopped(why.to_owned()));
        Step::Idle
    }

    fn hear(&mut self, message: Message) -> bool {
        match message {
            Message::Task(number) => {
                let first = self.request.turns.is_empty() && self.unsent.is_empty();
                self.desk.common.task = number;
                let brief = Arc::clone(&self.desk.common.brief);
                let mut text = String::new();
                if first {
                    text.push_str(&prompt::head(&brief, &self.desk.notes));
                }
                text.push_str(&prompt::task(&brief, number));
                self.unsent.push(Content::Text(text));
            }
            Message::Answer(text) => self.tell(text),
            Message::Finding(text) => self.tell(prompt::finding(&text)),
            Message::Correction(text) => self.tell(prompt::correction(&text)),
            Message::Over(accepted) => {
                let text = if accepted {
                    prompt::ACCEPTED
                } else {
                    prompt::GIVEN_UP
                };
                self.tell(text.to_owned());
                return false;
            }
        }
        true
    }
}

impl AgentSession for ChatSession {
    fn say(&mut self, message: Message) -> Pending<'_, Result<Turn, Failure>> {
        Box::pin(async move {
            let first = matches!(message, Message::Task(_)) && self.request.turns.is_empty();
            if !self.hear(message) {
                // What is over needs no answer; it is told with whatever comes next.
                return Ok(Turn {
                    entries: Vec::new(),
                    step: Step::Idle,
                    usage: Usage::default(),
                    active: Milliseconds::default(),
                });
            }
            let mut turn = self.work().await?;
            if first && let Some(tokens) = self.desk.notes.shown_tokens() {
                turn.entries.insert(0, Entry::Recall(tokens));
            }
            Ok(turn)
        })
    }

    fn close(mut self: Box<Self>) -> Pending<'static, Result<SessionEnd, Failure>> {
        Box::pin(async move {
            let mut sums = Sums::default();
            if self.desk.notes.is_writable() {
                self.unsent.push(Content::Text(prompt::CLOSING.to_owned()));
                for _ in 0..CLOSING_CALLS {
                    if self.is_spent() {
                        break;
                    }
                    match self.step(true, &mut sums).await? {
                        Next::Again => {}
                        Next::Wait(_) | Next::Spoke | Next::Stuck(_) => break,
                    }
                }
            }
            Ok(SessionEnd {
                notes: self.desk.notes.into_written(),
                usage: sums.usage,
                active: sums.active,
            })
        })
    }
}
