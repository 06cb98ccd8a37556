//! Scenarios: one deployment over time, read, checked and rendered.
//!
//! A [`Scenario`] that exists is whole: every reference in it resolves, every template is rendered for
//! the day of its session. It splits into what an agent may see ([`Session::brief`]) and the truth
//! ([`Session::facts`], [`Task::truths`]), which only the scripted user and the grader receive.

mod check;
mod find;
mod legible;
mod load;
mod wire;

use std::{fmt, sync::Arc};

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    brief::{Attribute, SessionBrief, ToolDeclaration},
    form::Form,
    ident::{Digest, FactId, FieldName, RubricId, ScenarioId},
};

pub use find::find;
pub use load::load;
pub use wire::WhenAsked;

/// The trade that a scenario is of.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// Law.
    Legal,
    /// Medicine.
    Medical,
    /// Software.
    Coding,
}

impl Domain {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 3] = [Self::Legal, Self::Medical, Self::Coding];

    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Legal => "legal",
            Self::Medical => "medical",
            Self::Coding => "coding",
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The ability that a scenario is built to test.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Construct {
    /// Needs conventions stated once, sessions ago.
    Retention,
    /// A convention changes; the old value is still in memory.
    Update,
    /// Two clients, wards or repositories want opposite things.
    Scope,
    /// The useful lines drown in chatter and duplicates.
    Interference,
    /// A rule that nobody states, shown only by repeated corrections.
    Synthesis,
    /// A tool fails in a special case until a workaround is found.
    Procedure,
    /// An exception that must not become a rule.
    OneOff,
    /// All that is needed is in the brief and the documents.
    Control,
}

impl Construct {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::Retention,
        Self::Update,
        Self::Scope,
        Self::Interference,
        Self::Synthesis,
        Self::Procedure,
        Self::OneOff,
        Self::Control,
    ];

    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::Update => "update",
            Self::Scope => "scope",
            Self::Interference => "interference",
            Self::Synthesis => "synthesis",
            Self::Procedure => "procedure",
            Self::OneOff => "one_off",
            Self::Control => "control",
        }
    }
}

impl fmt::Display for Construct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The scripted user, as the scenario describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// What they do.
    pub role: String,
    /// Rounds (questions and corrections) that a task may take, unless it says otherwise.
    pub patience: u32,
    /// How many wrong things they name at once.
    pub corrections_per_round: usize,
}

/// What the people of a deployment know and the agent must learn.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Its name.
    pub id: FactId,
    /// The form field whose truth it is.
    pub field: FieldName,
    /// Its scope.
    pub about: Vec<Attribute>,
    /// What the user does when asked.
    pub when_asked: WhenAsked,
    /// The days from which its values hold, and the values; the first holds from the beginning.
    pub values: Vec<(Date, String)>,
}

impl Fact {
    /// Its value on a day, and those that it had before, oldest first.
    pub fn on(&self, date: Date) -> (&str, Vec<&str>) {
        let count = self
            .values
            .partition_point(|(from, _)| *from <= date)
            .max(1);
        let (earlier, today) = self.values[..count].split_at(count - 1);
        (
            today[0].1.as_str(),
            earlier.iter().map(|(_, value)| value.as_str()).collect(),
        )
    }
}

/// A fact on the day of a session.
#[derive(Debug, Clone)]
pub struct FactToday {
    /// Its value.
    pub value: String,
    /// Values that it had before, oldest first.
    pub earlier: Vec<String>,
    /// Phrasings by which it is stated.
    pub says: Vec<String>,
    /// Phrasings by which a wrong deliverable is corrected.
    pub corrects: Vec<String>,
}

/// A tool's behaviour in a special case.
#[derive(Debug, Clone)]
pub struct Quirk {
    /// Its name.
    pub id: FactId,
    /// Attributes of the session in which it shows.
    pub when: Vec<Attribute>,
    /// What the tool answers then.
    pub error: String,
    /// The options with which it works.
    pub works: Vec<(String, String)>,
    /// Another tool that must be called before.
    pub first: Option<String>,
    /// What the user does when asked for the way.
    pub when_asked: WhenAsked,
    /// Phrasings of the way that works.
    pub says: Vec<String>,
}

/// A tool of the deployment.
#[derive(Debug, Clone)]
pub struct Tool {
    /// What an agent is told of it.
    pub declaration: ToolDeclaration,
    /// The form field that its result answers.
    pub fills: Option<FieldName>,
    /// Its result; [`SERIAL`] stands for the number that is new for each task.
    pub returns: String,
    /// Cases in which it fails.
    pub quirks: Vec<Quirk>,
}

/// Stands in rendered texts for the number that a tool's result carries, until the trial draws it.
pub const SERIAL: &str = "\u{1}serial\u{1}";

/// Where the truth of a field comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truth {
    /// The fact of this number in [`Scenario::facts`].
    Fact(usize),
    /// The brief or a document of the session.
    Stated(String),
    /// An exception for this task alone.
    Once(String),
    /// The result of the tool of this number in [`Scenario::tools`].
    Tool(usize),
}

/// A task with its truth.
#[derive(Debug, Clone)]
pub struct Task {
    /// The rubric by which its deliverable is graded.
    pub rubric: RubricId,
    /// Rounds (questions and corrections) that it may take.
    pub patience: u32,
    /// The truth of each field, in the order of the form.
    pub truths: Vec<Truth>,
}

/// One sitting with the agent.
#[derive(Debug, Clone)]
pub struct Session {
    /// What an agent may see; the asides are in the order of the file.
    pub brief: SessionBrief,
    /// Remarks by the way; each repetition puts them in an order of its own.
    pub asides: Vec<String>,
    /// The facts and quirks that its brief or documents state: numbers in [`Scenario::facts`], and past
    /// them those of the quirks in the order of the tools.
    pub reveals: Vec<usize>,
    /// Every fact as of today, in the order of [`Scenario::facts`].
    pub facts: Vec<FactToday>,
    /// Its tasks, beside those of the brief.
    pub tasks: Vec<Task>,
}

/// One deployment over time.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name: the folder.
    pub id: ScenarioId,
    /// What the deployment is, in a few words.
    pub title: String,
    /// The trade.
    pub domain: Domain,
    /// The ability that it is built to test.
    pub construct: Construct,
    /// For readers of the report.
    pub summary: String,
    /// The scripted user.
    pub user: Person,
    /// What the people know.
    pub facts: Vec<Fact>,
    /// What deliverables look like, by name.
    pub forms: Vec<(String, Arc<Form>)>,
    /// The tools of the deployment.
    pub tools: Vec<Tool>,
    /// The sessions in order of their dates.
    pub sessions: Vec<Session>,
    /// Digest of the scenario file and its documents.
    pub digest: Digest,
}

impl Scenario {
    /// The quirk of this number among all, counted through the tools, and its tool.
    pub fn quirk(&self, number: usize) -> Option<(&Tool, &Quirk)> {
        self.tools
            .iter()
            .flat_map(|tool| tool.quirks.iter().map(move |quirk| (tool, quirk)))
            .nth(number)
    }

    /// The numbers of facts whose truth a task needs and which no brief or document of its own session
    /// states.
    pub fn hidden_in(&self, session: usize, task: usize) -> impl Iterator<Item = usize> {
        let session = &self.sessions[session];
        session.tasks[task]
            .truths
            .iter()
            .filter_map(move |truth| match truth {
                Truth::Fact(fact) if !session.reveals.contains(fact) => Some(*fact),
                Truth::Fact(_) | Truth::Stated(_) | Truth::Once(_) | Truth::Tool(_) => None,
            })
    }

    /// The quirk that a tool shows under the attributes of a session.
    pub fn quirk_of(&self, tool: usize, about: &[Attribute]) -> Option<&Quirk> {
        self.tools[tool]
            .quirks
            .iter()
            .find(|quirk| fits(&quirk.when, about))
    }

    /// Whether a task probes memory: it needs something that was first said or shown in an earlier
    /// session (by a brief or document there, or because a task there needed it too), and the user has no
    /// more patience than usual, which they have where they teach.
    pub fn is_probe(&self, session: usize, task: usize) -> bool {
        if self.sessions[session].tasks[task].patience > self.user.patience {
            return false;
        }
        let needed = |session: usize, fact: usize| {
            let at = &self.sessions[session];
            at.reveals.contains(&fact)
                || at
                    .tasks
                    .iter()
                    .any(|task| task.truths.contains(&Truth::Fact(fact)))
        };
        let facts = self
            .hidden_in(session, task)
            .any(|fact| (0..session).any(|earlier| needed(earlier, fact)));
        let about = &self.sessions[session].brief.about;
        let quirks = self.sessions[session].tasks[task]
            .truths
            .iter()
            .any(|truth| match truth {
                Truth::Tool(tool) => self.quirk_of(*tool, about).is_some_and(|quirk| {
                    self.number_of_quirk(&quirk.id).is_some_and(|number| {
                        !self.sessions[session].reveals.contains(&number)
                            && self.sessions[..session]
                                .iter()
                                .any(|earlier| earlier.reveals.contains(&number))
                    })
                }),
                Truth::Fact(_) | Truth::Stated(_) | Truth::Once(_) => false,
            });
        facts || quirks
    }

    /// The number of a quirk as [`Session::reveals`] counts: behind all facts.
    pub fn number_of_quirk(&self, id: &FactId) -> Option<usize> {
        let position = self
            .tools
            .iter()
            .flat_map(|tool| &tool.quirks)
            .position(|quirk| quirk.id == *id)?;
        Some(self.facts.len() + position)
    }
}

/// The JSON Schema of `scenario.yaml`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(wire::WireScenario).to_value()
}

/// Whether all of `scope` is among `about`.
pub fn fits(scope: &[Attribute], about: &[Attribute]) -> bool {
    scope.iter().all(|attribute| about.contains(attribute))
}
