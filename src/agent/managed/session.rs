//! A conversation with an agent of the service: what is said to it when, and how it ends. What it does in
//! between is [`super::work`].

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::timeout;

use super::{ledger::Ledger, turn::Sums, work::Course};
use crate::{
    agent::{AgentSession, Message, Outcomes, SessionEnd, Step, Turn, desk::Desk},
    experiment::live::LoopLimits,
    managed::words,
    model::caller::Caller,
    platform::{Account, Session},
    quantity::Milliseconds,
    transcript::{Entry, Failure, Pending, Usage},
};

/// How long a session that broke off is given to be told so, and to say what it took.
const BREAKING_OFF: Duration = Duration::from_secs(10);

/// What a session is made of.
pub(super) struct Parts {
    pub(super) account: Arc<Account>,
    pub(super) session: Session,
    pub(super) caller: Arc<Caller>,
    pub(super) desk: Desk,
    pub(super) writable: bool,
    pub(super) outcomes: Option<Outcomes>,
    pub(super) ledger: Ledger,
    pub(super) limits: LoopLimits,
}

/// A session under way.
pub(super) struct ManagedSession {
    pub(super) parts: Parts,
    /// The call that waits for what the user says.
    pub(super) waiting: Option<String>,
    /// What goes with whatever is sent next.
    pub(super) unsent: Vec<Value>,
    /// What is to be said before anything else, where no call waits for it.
    over: Option<&'static str>,
    /// Whether the service's grader has not said its last word.
    pub(super) pursues: bool,
    /// How long the agent has worked, as seen from here.
    pub(super) waited: Duration,
    /// Calls of custom tools in the present task.
    pub(super) calls: u32,
    /// Why the session does nothing more.
    pub(super) stuck: Option<String>,
}

pub(super) fn message(text: &str) -> Value {
    json!({"type": "user.message", "content": [{"type": "text", "text": text}]})
}

pub(super) fn result(call: &str, text: &str, failed: bool) -> Value {
    json!({
        "type": "user.custom_tool_result",
        "custom_tool_use_id": call,
        "content": [{"type": "text", "text": text}],
        "is_error": failed,
    })
}

impl ManagedSession {
    pub(super) fn new(parts: Parts) -> Self {
        Self {
            parts,
            waiting: None,
            unsent: Vec::new(),
            over: None,
            pursues: false,
            waited: Duration::ZERO,
            calls: 0,
            stuck: None,
        }
    }

    /// Says something: as the answer to the call that waits for one, otherwise as a message, or as an
    /// outcome that the service's grader sees to.
    fn tell(&mut self, text: &str, outcome: bool) {
        let text = match self.over.take() {
            Some(over) => format!("{over}\n\n{text}"),
            None => text.to_owned(),
        };
        let event = match (self.waiting.take(), &self.parts.outcomes) {
            (Some(call), _) => result(&call, &text, false),
            (None, Some(outcomes)) if outcome => {
                self.pursues = true;
                let rubrics = &outcomes.rubrics;
                json!({
                    "type": "user.define_outcome",
                    "description": text,
                    "rubric": {"type": "text", "content": rubrics
                        .get(self.parts.desk.task)
                        .map_or("", String::as_str)},
                    // The last evaluation asks for nothing, as it has nobody to revise.
                    "max_iterations": (outcomes.max_iterations + 1).min(20),
                })
            }
            (None, _) => message(&text),
        };
        self.unsent.push(event);
    }

    /// Hears that a task is over. The agent is told with whatever comes next: an answer of its own would
    /// cost and say nothing.
    fn end_task(&mut self, accepted: bool) {
        let text = if accepted {
            words::ACCEPTED
        } else {
            words::GIVEN_UP
        };
        match self.waiting.take() {
            // Its outcome is broken off before the next task, and the call with it.
            Some(_) if self.pursues => self.over = Some(text),
            Some(call) => self.unsent.push(result(&call, text, false)),
            None => self.over = Some(text),
        }
    }

    /// Ends an outcome that the service still works towards: there is one at a time.
    async fn break_off(&mut self, sums: &mut Sums) -> Result<(), Failure> {
        if self.pursues {
            self.unsent.clear();
            self.interrupt(sums).await?;
            self.pursues = false;
        }
        Ok(())
    }

    async fn hear(&mut self, message: Message) -> Result<Turn, Failure> {
        let idle = |entries| Turn {
            entries,
            step: Step::Idle,
            usage: Usage::default(),
            active: Milliseconds::default(),
        };
        if let Some(why) = &self.stuck {
            return Ok(idle(match message {
                Message::Task(_) => vec![Entry::Stopped(why.clone())],
                Message::Answer(_)
                | Message::Finding(_)
                | Message::Correction(_)
                | Message::Over(_) => Vec::new(),
            }));
        }
        let mut sums = Sums::default();
        match message {
            Message::Task(number) => {
                self.break_off(&mut sums).await?;
                self.calls = 0;
                self.parts.desk.task = number;
                let text = words::message(&self.parts.desk.brief, number);
                self.tell(&text, true);
            }
            Message::Answer(text) => self.tell(&text, false),
            Message::Finding(text) => self.tell(&words::finding(&text), false),
            Message::Correction(text) => {
                self.break_off(&mut sums).await?;
                self.tell(&words::correction(&text), true);
            }
            Message::Over(accepted) => {
                self.end_task(accepted);
                return Ok(idle(Vec::new()));
            }
        }
        let worked = self.work(sums).await;
        self.parts.ledger.rest();
        worked
    }

    /// The end of the session: the agent writes its notes, which are read from its memory.
    async fn end(&mut self) -> Result<SessionEnd, Failure> {
        let mut sums = Sums::default();
        let mut notes = Vec::new();
        if self.parts.writable {
            if self.stuck.is_none() {
                self.break_off(&mut sums).await?;
                self.tell(words::CLOSING, false);
                let mut course = Course::closing();
                self.closing(&mut sums, &mut course).await?;
            }
            let trial = self.parts.caller.trial.to_string();
            let changes = self.parts.account.changes(&trial).await?;
            if let Some(path) = changes.removed.first() {
                return Err(Failure::Memory(format!(
                    "`{path}` is gone from the memory store of session `{}`, and its agent has no tool for that: somebody else wrote to the store",
                    self.parts.session.id
                )));
            }
            notes = changes.written;
        }
        let used = self.parts.session.usage().await?;
        sums.active += self.parts.ledger.active(used.active());
        self.parts.ledger.close(&used);
        self.parts.account.is_over(&self.parts.session.id);
        Ok(SessionEnd {
            notes,
            usage: sums.usage,
            active: sums.active,
        })
    }

    /// Gives up the session: the agent is interrupted, and what it took is booked as far as it is known.
    async fn give_up(&mut self) {
        let breaking_off = async {
            // Whatever fails here has failed before, and the trial ends with that.
            let _ = self.parts.session.interrupt().await;
            if let Ok(used) = self.parts.session.usage().await {
                self.parts.ledger.catch_up(&used);
            }
        };
        let _ = timeout(BREAKING_OFF, breaking_off).await;
        self.parts.ledger.rest();
    }
}

impl AgentSession for ManagedSession {
    fn say(&mut self, message: Message) -> Pending<'_, Result<Turn, Failure>> {
        Box::pin(async move {
            let heard = self.hear(message).await;
            if heard.is_err() {
                self.give_up().await;
            }
            heard
        })
    }

    fn close(mut self: Box<Self>) -> Pending<'static, Result<SessionEnd, Failure>> {
        Box::pin(async move {
            let ended = self.end().await;
            if ended.is_err() {
                self.give_up().await;
            }
            ended
        })
    }
}
