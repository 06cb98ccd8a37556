//! What an agent of the service does between two things that it is told: its events are read, its calls
//! answered, its limits held.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, timeout};

use super::{
    session::{ManagedSession, message, result},
    turn::{Call, End, Sums},
};
use crate::{
    agent::{
        Review, Step, Turn,
        desk::{Act, Waiting},
        instructions::REMINDER,
    },
    brief::Deliverable,
    managed::{
        tools::{ASK_USER, SUBMIT},
        words,
    },
    platform::Stop,
    transcript::{Entry, Failure},
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
const NO_BUDGET: &str = "the session's budget is reached";
const NO_TIME: &str = "the session has used its time";

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
pub(super) struct Course {
    /// The last deliverable, where the service's grader sees it first.
    handed_in: Option<Deliverable>,
    /// Calls of custom tools while the session ends.
    calls: u32,
    closing: bool,
}

impl Course {
    /// The course of a session's ending.
    pub(super) fn closing() -> Self {
        Self {
            closing: true,
            ..Self::default()
        }
    }

    /// What goes to the user after the service's grader has seen it.
    fn reviewed(&mut self, sums: &Sums) -> Option<Step> {
        let deliverable = self.handed_in.take()?;
        let review = Review {
            revisions: sums.evaluated.revisions,
            usage: sums.evaluated.usage,
        };
        Some(Step::Reviewed(deliverable, review))
    }
}

impl ManagedSession {
    /// How much longer the agent may work in this session.
    fn time_left(&self) -> Duration {
        let limit = self.parts.limits.seconds_per_session.clamp(0.0, 1e9);
        Duration::from_secs_f64(limit).saturating_sub(self.waited)
    }

    /// Reads events until the agent is idle. Interrupts it when what it may take is used up.
    async fn listen(&mut self, sums: &mut Sums) -> Result<Result<End, String>, Failure> {
        let limit = self.time_left();
        let parts = &mut self.parts;
        let began = Instant::now();
        let reading = async {
            loop {
                let event = parts.session.next().await?;
                if let Some(end) = sums.take(&event, &mut parts.ledger, &parts.caller) {
                    return Ok::<_, Failure>(Some(end));
                }
                if parts.ledger.is_spent() && !parts.ledger.extend().await? {
                    return Ok(None);
                }
            }
        };
        let why = match timeout(limit, reading).await {
            Ok(Ok(Some(end))) => {
                self.waited += began.elapsed();
                return Ok(Ok(end));
            }
            Ok(Ok(None)) => NO_BUDGET,
            Ok(Err(failure)) => return Err(failure),
            Err(_) => NO_TIME,
        };
        self.waited += began.elapsed();
        self.interrupt(sums).await?;
        Ok(Err(why.to_owned()))
    }

    /// Interrupts the agent and waits until it is idle.
    pub(super) async fn interrupt(&mut self, sums: &mut Sums) -> Result<(), Failure> {
        let parts = &mut self.parts;
        parts
            .session
            .send(&[json!({"type": "user.interrupt"})])
            .await?;
        let mut interrupted = false;
        let idle = async {
            loop {
                let event = parts.session.next().await?;
                interrupted |= event.kind == "user.interrupt";
                match sums.take(&event, &mut parts.ledger, &parts.caller) {
                    // What it waited for before the interrupt is not what it waits for after it.
                    Some(End::Idle(..)) if interrupted => return Ok::<_, Failure>(()),
                    Some(End::Gone(_)) => return Ok(()),
                    Some(End::Idle(..)) | None => {}
                }
            }
        };
        // A session that does not even stop costs what its budget allows; the trial goes on without it.
        timeout(AFTER_INTERRUPT, idle).await.unwrap_or(Ok(()))
    }

    /// Sends what is to be sent, lets the agent work, and answers what can be answered here.
    async fn stretch(&mut self, sums: &mut Sums, course: &mut Course) -> Result<Next, Failure> {
        let events = std::mem::take(&mut self.unsent);
        self.parts.session.send(&events).await?;
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
        self.pursues &= !sums.evaluated.over;
        match stop {
            Stop::RequiresAction { .. } if calls.is_empty() => Err(Failure::Backend(format!(
                "session `{}` waits for an answer to a call that was never seen",
                self.parts.session.id
            ))),
            Stop::RequiresAction { .. } => Ok(self.answer(calls, sums, course)),
            Stop::EndTurn | Stop::Unknown => {
                Ok(course.reviewed(sums).map_or(Next::Quiet, Next::Wait))
            }
            Stop::BudgetReached => {
                self.parts.ledger.own_limit().await?;
                Ok(Next::Stuck(NO_BUDGET.to_owned()))
            }
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
            self.calls += 1;
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
    pub(super) async fn work(&mut self, mut sums: Sums) -> Result<Turn, Failure> {
        let mut course = Course::default();
        let mut reminders = 0;
        if !self.parts.ledger.begin().await? {
            let step = self.stop(NO_BUDGET.to_owned(), &mut sums, &mut course);
            return Ok(turn(step, sums));
        }
        let step = loop {
            if self.calls > self.parts.limits.calls_per_task {
                self.interrupt(&mut sums).await?;
                let why = "the task's limit of calls is reached".to_owned();
                break self.stop(why, &mut sums, &mut course);
            }
            if self.time_left().is_zero() {
                self.interrupt(&mut sums).await?;
                break self.stop(NO_TIME.to_owned(), &mut sums, &mut course);
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
                Next::Stuck(why) => break self.stop(why, &mut sums, &mut course),
            }
        };
        Ok(turn(step, sums))
    }

    /// Ends all work of this session. What was handed in before it still goes to the user.
    fn stop(&mut self, why: String, sums: &mut Sums, course: &mut Course) -> Step {
        self.waiting = None;
        self.unsent.clear();
        self.pursues = false;
        sums.entries.push(Entry::Stopped(why.clone()));
        self.stuck = Some(why);
        course.reviewed(sums).unwrap_or(Step::Idle)
    }

    /// Lets the agent write its notes.
    pub(super) async fn closing(
        &mut self,
        sums: &mut Sums,
        course: &mut Course,
    ) -> Result<(), Failure> {
        if !self.parts.ledger.begin().await? {
            return Ok(());
        }
        while course.calls <= CLOSING_CALLS {
            match self.stretch(sums, course).await? {
                Next::Again => {}
                Next::Wait(_) | Next::Quiet | Next::Stuck(_) => return Ok(()),
            }
        }
        self.interrupt(sums).await
    }
}

fn turn(step: Step, sums: Sums) -> Turn {
    Turn {
        entries: sums.entries,
        step,
        usage: sums.usage,
        active: sums.active,
    }
}
