//! One stretch of a session, as far as its history goes, and one step beyond.

mod lacks;

use std::sync::Arc;

use futures_util::FutureExt as _;
use serde_json::{Map, Value, json};

use self::lacks::other;
use super::{
    Emission, Evaluation, Outcome, Setting, Verdict, documents,
    grading::Pursued,
    history::{Said, Stretch},
    memory,
    replay::{Replayed, Standing},
    tools::{Missing, Remembered},
};
use crate::{
    agent::{Agent, AgentSession, Message, Opening, Step, reference::ReferenceAgent},
    brief::{Deliverable, SessionBrief},
    managed::{
        heard::{Heard, heard},
        tools::{ASK_USER, SUBMIT},
    },
    quantity::Milliseconds,
    transcript::{Entry, Failure, Pending, Usage},
};

/// What the agent says to a message that is none of a trial's.
const STRANGER: &str = "I am the embedded agent of `dreamtrial serve`, not a model. I work on the tasks of a trial: a session begins with a message that has a head (date, user, case, documents) and a task with the fields to hand in.";
const DONE: &str = "This task is done.";
const ACKNOWLEDGED: &str = "The outcome was not reached; what I handed in last stands.";
const NOTED: &str = "My notes are written.";
const NOTHING_NOTED: &str = "Nothing is worth keeping.";
const NO_TASK: &str =
    "The description is no task of a trial, and the embedded agent works on nothing else.";

/// Why a replay stops.
enum Halt {
    /// It waits for answers to calls of the history with these ids, or emitted calls.
    Waits(Vec<String>),
    Fails(Failure),
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Fails(failure)
    }
}

/// A stretch under way.
pub(super) struct Course<'s> {
    setting: &'s Setting,
    stretch: Stretch,
    remembered: Remembered,
    brief: Option<Arc<SessionBrief>>,
    session: Option<Box<dyn AgentSession>>,
    /// Whether a head was heard.
    headed: bool,
    /// The number of the next task that is brought.
    next_task: usize,
    pursued: Option<Pursued>,
    emissions: Vec<Emission>,
    /// What was said and done as far as history has it.
    entries: Vec<Entry>,
    usage: Usage,
    active: Milliseconds,
}

impl<'s> Course<'s> {
    pub(super) fn new(
        setting: &'s Setting,
        before: Option<&SessionBrief>,
        mut stretch: Stretch,
    ) -> Result<Self, Failure> {
        let brief = documents::brief(setting, before, &stretch).map(Arc::new);
        let remembered = Remembered::new(std::mem::take(&mut stretch.calls));
        let session = brief
            .as_ref()
            .map(|brief| {
                let agent = ReferenceAgent::new(setting.limits, setting.habits);
                at_once(agent.open(Opening {
                    brief: Arc::clone(brief),
                    memory: setting.memory.as_ref().map(|mount| mount.access.clone()),
                    tools: Box::new(remembered.clone()),
                    seed: setting.seed,
                }))
            })
            .transpose()?;
        Ok(Self {
            setting,
            stretch,
            remembered,
            brief,
            session,
            headed: before.is_some(),
            next_task: before.map_or(0, |before| before.tasks.len()),
            pursued: None,
            emissions: Vec::new(),
            entries: Vec::new(),
            usage: Usage::default(),
            active: Milliseconds::default(),
        })
    }

    /// Goes to the end of the stretch. `broken_off`: the evaluation that an interrupt before it took the
    /// place of.
    pub(super) fn run(mut self, broken_off: Option<u32>) -> Result<Replayed, Failure> {
        if let Some(iteration) = broken_off {
            self.evaluation(|| Evaluation {
                iteration,
                verdict: Verdict::Interrupted,
                explanation: "The user interrupted.".to_owned(),
                usage: Usage::default(),
            });
        }
        let mut standing = Standing::Idle;
        while let Some(said) = self.stretch.said.pop_front() {
            match self.hear(said) {
                Ok(()) => {}
                Err(Halt::Waits(calls)) => {
                    standing = Standing::Waiting(calls);
                    break;
                }
                Err(Halt::Fails(failure)) => return Err(failure),
            }
        }
        Ok(Replayed {
            emissions: self.emissions,
            standing,
            entries: self.entries,
            brief: self.brief.map(|brief| brief.as_ref().clone()),
            usage: self.usage,
            active: self.active,
            pursues: self.pursued.is_some(),
        })
    }

    fn hear(&mut self, said: Said) -> Result<(), Halt> {
        if let Heard::Task(brought) = &said.heard {
            self.headed |= brought.head.is_some();
        }
        let known = self.headed && self.session.is_some();
        match said.heard {
            Heard::Task(_) if known => {
                let number = self.next_task;
                self.next_task += 1;
                self.pursued = said.outcome.as_ref().map(Pursued::new);
                for lookup in self.setting.memory.iter().flat_map(memory::lookups) {
                    self.file(lookup)?;
                }
                self.follow(Message::Task(number))
            }
            Heard::Over(accepted) if known => self.follow(Message::Over(accepted)),
            Heard::Finding(text) if known => self.follow(Message::Finding(text)),
            Heard::Correction(text) if known => {
                // A correction may be an outcome of its own, with the grader before the user again.
                self.pursued = said.outcome.as_ref().map(Pursued::new);
                self.follow(Message::Correction(text))
            }
            Heard::Close if known => self.close(),
            Heard::Task(_)
            | Heard::Over(_)
            | Heard::Finding(_)
            | Heard::Correction(_)
            | Heard::Close
            | Heard::Other(_) => {
                self.stranger(said.outcome.as_ref());
                Ok(())
            }
        }
    }

    fn stranger(&mut self, outcome: Option<&Outcome>) {
        self.message(STRANGER);
        if let Some(outcome) = outcome {
            let pursued = Pursued::new(outcome);
            self.evaluation(|| pursued.without_grading(Verdict::Failed, NO_TASK));
        }
    }

    /// Tells the agent something and goes on until it waits for nobody.
    fn follow(&mut self, message: Message) -> Result<(), Halt> {
        let mut message = message;
        loop {
            message = match self.say(message)? {
                Step::Idle => {
                    self.message(DONE);
                    return Ok(());
                }
                Step::Question(questions) => {
                    let input = json!({"questions": questions});
                    let made = self.stretch.questions.pop_front();
                    if made.is_some() {
                        self.note([Entry::Question(questions)]);
                    }
                    let (text, _) = self.answered(made, ASK_USER, input)?;
                    match heard(&text).first() {
                        Some(Heard::Over(accepted)) => Message::Over(*accepted),
                        Some(_) | None => Message::Answer(text),
                    }
                }
                Step::Submission(deliverable) | Step::Reviewed(deliverable, _) => {
                    let made = self.stretch.submissions.pop_front();
                    if made.is_some() {
                        self.note([Entry::Submission(deliverable.clone())]);
                    }
                    let reply = self.answered(made, SUBMIT, input_of(&deliverable))?;
                    match self.judged(&deliverable, reply) {
                        Some(message) => message,
                        None => return Ok(()),
                    }
                }
            };
        }
    }

    /// What is said of a deliverable: by the grader where there is one, otherwise by the user. `None`
    /// where an outcome has come to its end.
    fn judged(&mut self, deliverable: &Deliverable, reply: (String, bool)) -> Option<Message> {
        let Some(mut pursued) = self.pursued.take() else {
            let (text, failed) = reply;
            return Some(match heard(&text).into_iter().next() {
                Some(Heard::Over(accepted)) => Message::Over(accepted),
                Some(Heard::Finding(text)) => Message::Finding(text),
                Some(Heard::Correction(text)) => Message::Correction(text),
                // Other words for a refusal are a correction, any others an acceptance: an agent that
                // handed in again and again would come to no end.
                Some(Heard::Task(_) | Heard::Close | Heard::Other(_)) | None if failed => {
                    Message::Correction(text)
                }
                Some(Heard::Task(_) | Heard::Close | Heard::Other(_)) | None => Message::Over(true),
            });
        };
        let brief = self.brief.clone();
        let task = brief.as_ref()?.tasks.get(self.next_task.checked_sub(1)?)?;
        let evaluation = self.evaluation(|| pursued.evaluate(task, deliverable));
        match evaluation.verdict {
            Verdict::NeedsRevision => {
                pursued.iteration += 1;
                self.pursued = Some(pursued);
                Some(Message::Finding(evaluation.explanation))
            }
            Verdict::MaxIterationsReached => {
                self.message(ACKNOWLEDGED);
                None
            }
            Verdict::Satisfied | Verdict::Failed | Verdict::Interrupted => None,
        }
    }

    fn say(&mut self, message: Message) -> Result<Step, Halt> {
        self.note([match &message {
            Message::Task(number) => Entry::Task(*number),
            Message::Answer(text) => Entry::Answer(text.clone()),
            Message::Finding(text) => Entry::Finding(text.clone()),
            Message::Correction(text) => Entry::Correction(text.clone()),
            Message::Over(true) => Entry::Accepted,
            Message::Over(false) => Entry::GivenUp,
        }]);
        let Some(session) = &mut self.session else {
            return Err(Failure::Internal("a session is not open".to_owned()).into());
        };
        let turn = at_once(session.say(message))?;
        self.has_read(&turn)?;
        match self.remembered.missing() {
            None => {}
            Some(Missing::Answer(call)) => return Err(Halt::Waits(vec![call])),
            Some(Missing::Other(call)) => return Err(other(&call).into()),
            Some(Missing::Call(name, input)) => {
                self.emissions.push(Emission::Call { name, input });
                return Err(Halt::Waits(Vec::new()));
            }
        }
        self.note(turn.entries);
        self.usage += turn.usage;
        self.active += turn.active;
        Ok(turn.step)
    }

    /// The end of the session: the agent writes its notes.
    fn close(&mut self) -> Result<(), Halt> {
        let Some(session) = self.session.take() else {
            return Ok(());
        };
        let end = at_once(session.close())?;
        self.usage += end.usage;
        self.active += end.active;
        let words = if end.notes.is_empty() {
            NOTHING_NOTED
        } else {
            NOTED
        };
        for (path, text) in end.notes {
            let Some(mount) = &self.setting.memory else {
                continue;
            };
            if self.file(memory::write(mount, &path, &text))? {
                self.note([Entry::Note { path, text }]);
            }
        }
        self.message(words);
        Ok(())
    }
}

fn input_of(deliverable: &Deliverable) -> Value {
    let fields: Map<String, Value> = deliverable
        .fields
        .iter()
        .map(|(name, value)| (name.to_string(), json!(value)))
        .collect();
    json!({"fields": fields, "body": deliverable.body})
}

/// The embedded agent has nothing to wait for.
fn at_once<T>(pending: Pending<'_, Result<T, Failure>>) -> Result<T, Failure> {
    pending
        .now_or_never()
        .unwrap_or_else(|| Err(Failure::Internal("the embedded agent waits".to_owned())))
}
