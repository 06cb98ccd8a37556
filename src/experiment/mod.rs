//! Experiments: arms, dream policies, repetitions, seed, backend, limits.
//!
//! Read from a YAML file into checked types: every policy that an arm names exists, every threshold is
//! in range. An experiment says what is compared; what it is run on is the scenarios'.

pub mod live;
mod load;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ident::{ArmId, PolicyId};

pub use load::{load, schema};

/// What an agent finds at the start of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Regime {
    /// Nothing.
    None,
    /// Everything that was written in earlier sessions, as written.
    Accumulated,
    /// The output of the last dream, plus what was written since.
    Dreamed,
    /// Every fact that has been said or shown so far, with today's value.
    Oracle,
    /// A dreamed store of equal size from another scenario.
    Placebo,
}

/// The in-session grader that asks for revision before a deliverable goes to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcomes {
    /// How often it may ask for a revision, 1 to 20.
    #[schemars(range(min = 1, max = 20))]
    pub max_iterations: u8,
}

/// A treatment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// Its name.
    pub id: ArmId,
    /// The memory regime.
    pub memory: Regime,
    /// How dreams are made, where the regime is `dreamed`; of a placebo, how the foreign store is.
    pub policy: Option<PolicyId>,
    /// The outcomes loop, if there is one.
    pub outcomes: Option<Outcomes>,
}

/// The stages of a dream; each can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent switches, as a person writes them"
)]
pub struct Stages {
    /// Read the transcripts, not only the store.
    pub review: bool,
    /// Make one statement of those that say the same.
    pub merge: bool,
    /// Drop what is superseded, past its date, or says nothing.
    pub prune: bool,
    /// Turn what recurs in distinct sessions into rules and playbooks.
    pub patterns: bool,
}

impl Default for Stages {
    fn default() -> Self {
        Self {
            review: true,
            merge: true,
            prune: true,
            patterns: true,
        }
    }
}

/// How dreams are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// A dream after so many sessions.
    #[schemars(range(min = 1, max = 100))]
    pub every_sessions: u32,
    /// How many of the last sessions a dream reads, 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub window_sessions: u32,
    /// Which stages are on.
    pub stages: Stages,
    /// From which likeness (Jaccard index of word pairs) on two statements are one, above 0 and up to 1.
    pub merge_likeness: f64,
    /// In how many distinct sessions the same correction or workaround makes a rule.
    #[schemars(range(min = 1, max = 100))]
    pub pattern_sessions: u32,
    /// How many days a statement about one case is kept.
    pub keep_case_days: u32,
    /// How many days any statement is kept; absent: as long as it holds.
    pub keep_days: Option<u32>,
    /// Whether clients, wards, repositories and cases are told apart. Without it everything is said of
    /// everybody: the careless policy that the trial must be able to catch.
    pub keep_scopes: bool,
    /// Instructions for a dreamer that reads them (a model), at most 4,096 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub instructions: Option<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            every_sessions: 1,
            window_sessions: 100,
            stages: Stages::default(),
            merge_likeness: 0.55,
            pattern_sessions: 2,
            keep_case_days: 365,
            keep_days: None,
            keep_scopes: true,
            instructions: None,
        }
    }
}

/// What the agent, dreamer and graders run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// The embedded reference agent, dreamer and grader: deterministic, free, offline.
    Reference,
}

impl Backend {
    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reference => "reference",
        }
    }
}

/// Limits of the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How many tokens of memory an agent may read for a task.
    #[schemars(range(min = 1))]
    pub memory_tokens: u64,
    /// How many questions one message may hold.
    #[schemars(range(min = 1))]
    pub questions_per_message: u32,
    /// How many ways to call a failing tool are tried in one task, before somebody shows another.
    #[schemars(range(min = 1))]
    pub tool_attempts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_tokens: 300,
            questions_per_message: 3,
            tool_attempts: 3,
        }
    }
}

/// The speeds and habits that the reference backend declares, from which its times are modelled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reference {
    /// Tokens written in a second.
    pub output_tokens_per_second: f64,
    /// Uncached tokens read in a second.
    pub input_tokens_per_second: f64,
    /// Seconds that a tool call takes.
    pub seconds_per_tool_call: f64,
    /// How likely the agent forgets a field that it knows, per field: what corrections and graders find.
    pub slip: f64,
}

impl Default for Reference {
    fn default() -> Self {
        Self {
            output_tokens_per_second: 60.0,
            input_tokens_per_second: 3000.0,
            seconds_per_tool_call: 1.5,
            slip: 0.02,
        }
    }
}

/// An experiment file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Experiment {
    /// What it is of.
    pub title: String,
    /// The folder of scenarios.
    #[serde(skip)]
    pub scenarios: PathBuf,
    /// The folder of rubrics.
    #[serde(skip)]
    pub rubrics: PathBuf,
    /// Seed of all draws.
    pub seed: u64,
    /// Repetitions of each scenario in each arm.
    pub repetitions: u32,
    /// What everything runs on.
    pub backend: Backend,
    /// The price list, by model, that tokens are costed with.
    pub priced_as: String,
    /// Limits of the agent.
    pub limits: Limits,
    /// What the reference backend declares of itself.
    pub reference: Reference,
    /// The treatments in the order of reports.
    pub arms: Vec<Arm>,
    /// The dream policies by name.
    pub policies: Vec<(PolicyId, Policy)>,
}

impl Experiment {
    /// The policy of an arm; the default one where it names none.
    pub fn policy(&self, arm: &Arm) -> Policy {
        arm.policy
            .as_ref()
            .and_then(|name| self.policies.iter().find(|(id, _)| id == name))
            .map_or_else(Policy::default, |(_, policy)| policy.clone())
    }

    /// The arm of this name.
    pub fn arm(&self, id: &ArmId) -> Option<&Arm> {
        self.arms.iter().find(|arm| arm.id == *id)
    }
}
