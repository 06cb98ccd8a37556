//! A conversation with an agent of the service: what is sent when, and what is made of what comes back.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::{
    ledger::Ledger,
    turn::{Call, End, Sums},
};
use crate::{
    agent::{
        AgentSession, Message, Outcomes, Review, SessionEnd, Step, Turn,
        desk::{Act, Desk, Waiting},
        instructions::REMINDER,
    },
    brief::Deliverable,
    experiment::live::LoopLimits,
    managed::{
        tools::{ASK_USER, SUBMIT},
        words,
    },
    model::caller::Caller,
    platform::{Account, Session, Stop},
    quantity::Milliseconds,
    transcript::{Entry, Failure, Pending, Usage},
};

/// How often an agent that neither asks nor hands in is told to.
const REMINDERS: u32 = 2;
/// How many calls of custom tools the ending of a session may take.
const CLOSING_CALLS: u32 = 10;
/// How long is waited for a session to be idle after an interrupt.
const AFTER_INTERRUPT: Duration = Duration::from_mins(2);

const ENDED: &str = "the session is over: write to your memory, or stop";
const ONE_AT_A_TIME: &str =
    "one thing at a time: this was not sent, because another message waits for an answer";
const NOBODY: &str = "nobody can answer now: hand in what you can say, with the rest left open";

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
    parts: Parts,
    /// The call that waits for what the user says.
    waiting: Option<String>,
    /// Answers that go with whatever is sent next.
    unsent: Vec<Value>,
    /// What is to be said before anything else, where no call waits for it.
    over: Option<&'static str>,
    /// How long the agent has worked, as seen from here.
    waited: Duration,
    /// Why the session does nothing more.
    stuck: Option<String>,
}

/// What a stretch of work led to.
enum Next {
    /// The agent goes on.
    Again,
    /// It waits.
    Wait(Step),
    /// It stopped without a word to the user.
    Quiet,
    /// It cannot go on with any task of this session, and why.
    Stuck(String),
}

/// What one turn has come to besides its sums.
#[derive(Default)]
struct Course {
    /// The last deliverable, where the service's grader sees it first.
    handed_in: Option<Deliverable>,
    calls: u32,
    closing: bool,
}

fn message(text: &str) -> Value {
    json!({"type": "user.message", "content": [{"type": "text", "text": text}]})
}

fn result(call: &str, text: &str, failed: bool) -> Value {
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
            waited: Duration::ZERO,
            stuck: None,
        }
    }

    /// Says something: as the answer to the call that waits for one, otherwise as a message.
    fn tell(&mut self, text: String, outcome: bool) {
        let text = match self.over.take() {
            Some(over) => format!("{over}\n\n{text}"),
            None => text,
        };
        let event = match (self.waiting.take(), &self.parts.outcomes) {
            (Some(call), _) => result(&call, &text, false),
            (None, Some(outcomes)) if outcome => json!({
                "type": "user.define_outcome",
                "description": text,
                "rubric": {"type": "text", "content": outcomes
                    .rubrics
                    .get(self.parts.desk.task)
                    .map_or("", String::as_str)},
                // The last evaluation asks for nothing, as it has nobody to revise.
                "max_iterations": (outcomes.max_iterations + 1).min(20),
            }),
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
            Some(call) => self.unsent.push(result(&call, text, false)),
            None => self.over = Some(text),
        }
    }

    async fn send(&mut self) -> Result<(), Failure> {
        let events = std::mem::take(&mut self.unsent);
        Ok(self.parts.session.send(&events).await?)
    }

    /// How much longer the agent may work in this session.
    fn time_left(&self) -> Duration {
        let limit = self.parts.limits.seconds_per_session.clamp(0.0, 1e9);
        Duration::from_secs_f64(limit).saturating_sub(self.waited)
    }

    /// Reads events until the agent is idle. Interrupts it when its time or its tokens are used up.
    async fn listen(&mut self, sums: &mut Sums) -> Result<Result<End, String>, Failure> {
        let parts = &mut self.parts;
        let limit = {
            let seconds = parts.limits.seconds_per_session.clamp(0.0, 1e9);
            Duration::from_secs_f64(seconds).saturating_sub(self.waited)
        };
        let began = Instant::now();
        let reading = async {
            loop {
                let event = parts.session.next().await?;
                if let Some(end) = sums.take(&event, &mut parts.ledger, &parts.caller) {
                    return Ok::<_, Failure>(Some(end));
                }
                if parts.ledger.is_spent() {
                    return Ok(None);
                }
            }
        };
        let why = match timeout(limit, reading).await {
            Ok(Ok(Some(end))) => {
                self.waited += began.elapsed();
                return Ok(Ok(end));
            }
            Ok(Ok(None)) => "the session has used its tokens",
            Ok(Err(failure)) => return Err(failure),
            Err(_) => "the session has used its time",
        };
        self.waited += began.elapsed();
        self.interrupt(sums).await?;
        Ok(Err(why.to_owned()))
    }

    /// Interrupts the agent and waits until it is idle.
    async fn interrupt(&mut self, sums: &mut Sums) -> Result<(), Failure> {
        let parts = &mut self.parts;
        parts
            .session
            .send(&[json!({"type": "user.interrupt"})])
            .await?;
        let idle = async {
            loop {
                let event = parts.session.next().await?;
                match sums.take(&event, &mut parts.ledger, &parts.caller) {
                    // What it waited for before the interrupt is not what it waits for after it.
                    Some(End::Idle(Stop::RequiresAction { .. }, _)) | None => {}
                    Some(End::Idle(..) | End::Gone(_)) => return Ok::<_, Failure>(()),
                }
            }
        };
        // A session that does not even stop costs what its budget allows; the trial goes on without it.
        timeout(AFTER_INTERRUPT, idle).await.unwrap_or(Ok(()))
    }

    /// Sends what is to be sent, lets the agent work, and answers what can be answered here.
    async fn stretch(&mut self, sums: &mut Sums, course: &mut Course) -> Result<Next, Failure> {
        self.send().await?;
        let (stop, calls) = match self.listen(sums).await? {
            Ok(End::Idle(stop, calls)) => (stop, calls),
            Ok(End::Gone(why)) => {
                return Err(Failure::Backend(format!(
                    "session `{}`: {why}",
                    self.parts.session.id
                )));
            }
            Err(why) => return Ok(Next::Stuck(why)),
        };
        match stop {
            Stop::RequiresAction { .. } if calls.is_empty() => Err(Failure::Backend(format!(
                "session `{}` waits for an answer to a call that was never seen",
                self.parts.session.id
            ))),
            Stop::RequiresAction { .. } => Ok(self.answer(calls, sums, course)),
            Stop::EndTurn | Stop::Unknown => Ok(match course.handed_in.take() {
                Some(deliverable) => Next::Wait(Step::Reviewed(
                    deliverable,
                    Review {
                        revisions: sums.evaluated.revisions,
                        usage: sums.evaluated.usage,
                    },
                )),
                None => Next::Quiet,
            }),
            Stop::BudgetReached => Ok(Next::Stuck("the session's budget is reached".to_owned())),
            Stop::Refusal => Ok(Next::Stuck("the model refused".to_owned())),
            Stop::RetriesExhausted => Err(Failure::Backend(format!(
                "session `{}`: {}",
                self.parts.session.id,
                sums.because("the service gave up on the model")
            ))),
        }
    }

    /// Answers calls; what only the user can answer waits.
    fn answer(&mut self, calls: Vec<Call>, sums: &mut Sums, course: &mut Course) -> Next {
        let mut step = None;
        for call in calls {
            course.calls += 1;
            let waits = call.name == ASK_USER || call.name == SUBMIT;
            let act = if course.closing && waits {
                Act::failed(ENDED)
            } else if step.is_some() && waits {
                Act::failed(ONE_AT_A_TIME)
            } else {
                self.parts
                    .desk
                    .act(&call.name, &call.input, &mut sums.entries)
            };
            let (text, failed) = match act {
                Act::Done { text, failed } => (text, failed),
                Act::Wait(Waiting::Submit(deliverable)) if self.parts.outcomes.is_some() => {
                    sums.entries.push(Entry::Submission(deliverable.clone()));
                    course.handed_in = Some(deliverable);
                    (words::RECEIVED.to_owned(), false)
                }
                // Between a deliverable and its review nobody is there to answer.
                Act::Wait(Waiting::Ask(questions)) if course.handed_in.is_some() => {
                    sums.entries.push(Entry::Question(questions));
                    (NOBODY.to_owned(), true)
                }
                Act::Wait(waiting) => {
                    self.waiting = Some(call.id);
                    step = Some(match waiting {
                        Waiting::Ask(questions) => Step::Question(questions),
                        Waiting::Submit(deliverable) => Step::Submission(deliverable),
                    });
                    continue;
                }
            };
            self.unsent.push(result(&call.id, &text, failed));
        }
        step.map_or(Next::Again, Next::Wait)
    }

    /// Lets the agent work until it waits or cannot go on.
    async fn work(&mut self) -> Result<Turn, Failure> {
        let mut sums = Sums::default();
        let mut course = Course::default();
        let mut reminders = 0;
        let step = loop {
            if course.calls > self.parts.limits.calls_per_task {
                self.interrupt(&mut sums).await?;
                break self.stop("a limit of the session is reached".to_owned(), &mut sums);
            }
            if self.time_left().is_zero() {
                break self.stop("the session has used its time".to_owned(), &mut sums);
            }
            match self.stretch(&mut sums, &mut course).await? {
                Next::Again => {}
                Next::Wait(step) => break step,
                Next::Quiet if reminders < REMINDERS => {
                    reminders += 1;
                    self.unsent.push(message(REMINDER));
                }
                Next::Quiet => {
                    let why = "the agent neither asked nor handed in";
                    sums.entries.push(Entry::Stopped(why.to_owned()));
                    break Step::Idle;
                }
                Next::Stuck(why) => {
                    // What it handed in before it stopped still goes to the user.
                    let step = self.stop(why, &mut sums);
                    break course.handed_in.take().map_or(step, |deliverable| {
                        let review = Review {
                            revisions: sums.evaluated.revisions,
                            usage: sums.evaluated.usage,
                        };
                        Step::Reviewed(deliverable, review)
                    });
                }
            }
        };
        Ok(Turn {
            entries: sums.entries,
            step,
            usage: sums.usage,
            active: sums.active,
        })
    }

    /// Ends all work of this session.
    fn stop(&mut self, why: String, sums: &mut Sums) -> Step {
        self.waiting = None;
        self.unsent.clear();
        sums.entries.push(Entry::Stopped(why.clone()));
        self.stuck = Some(why);
        Step::Idle
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
        match message {
            Message::Task(number) => {
                self.parts.desk.task = number;
                let text = words::message(&self.parts.desk.brief, number);
                self.tell(text, true);
            }
            Message::Answer(text) => self.tell(text, false),
            Message::Finding(text) => self.tell(words::finding(&text), false),
            Message::Correction(text) => self.tell(words::correction(&text), true),
            Message::Over(accepted) => {
                self.end_task(accepted);
                return Ok(idle(Vec::new()));
            }
        }
        self.work().await
    }

    /// The end of the session: the agent writes its notes, which are read from its memory.
    async fn end(mut self) -> Result<SessionEnd, Failure> {
        let mut sums = Sums::default();
        let mut notes = Vec::new();
        if self.parts.writable {
            if self.stuck.is_none() {
                self.tell(words::CLOSING.to_owned(), false);
                self.closing(&mut sums).await?;
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
        self.parts.ledger.settle(Some(&used));
        self.parts.account.is_over(&self.parts.session.id);
        Ok(SessionEnd {
            notes,
            usage: sums.usage,
            active: sums.active,
        })
    }

    async fn closing(&mut self, sums: &mut Sums) -> Result<(), Failure> {
        // The message is no answer to a call: what waited was answered when the task ended.
        let mut course = Course {
            closing: true,
            ..Course::default()
        };
        while course.calls <= CLOSING_CALLS {
            match self.stretch(sums, &mut course).await? {
                Next::Again => {}
                Next::Wait(_) | Next::Quiet | Next::Stuck(_) => return Ok(()),
            }
        }
        self.interrupt(sums).await
    }
}

impl AgentSession for ManagedSession {
    fn say(&mut self, message: Message) -> Pending<'_, Result<Turn, Failure>> {
        Box::pin(self.hear(message))
    }

    fn close(self: Box<Self>) -> Pending<'static, Result<SessionEnd, Failure>> {
        Box::pin(self.end())
    }
}
