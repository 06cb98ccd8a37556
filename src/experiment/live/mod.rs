//! Live backends: which models there are, and who plays which part.
//!
//! Written by people, so every value has a default that a careful user would choose, and none holds a
//! secret: a key is named by the environment variable that has it.

mod models;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::transcript::Role;

pub use models::{
    ApiVersion, Authentication, ModelSettings, OwnPrice, Provider, Rates, Sampling, Timeouts,
};

/// A program that plays a part over JSON lines on its standard input and output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// The program and its arguments; a path with a `/` is relative to the experiment file.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// Environment variables that it is given, by name; of the others only `PATH`, `HOME`, `LANG`,
    /// `TMPDIR` and the like reach it.
    #[serde(default)]
    pub environment: Vec<String>,
    /// How long an answer may take, in seconds.
    #[serde(default = "program_seconds")]
    pub seconds: f64,
    /// How long a line of an answer may be, in bytes.
    #[serde(default = "program_bytes")]
    pub max_bytes: usize,
}

impl Program {
    /// This command with the usual limits.
    pub fn new(command: Vec<String>) -> Self {
        Self {
            command,
            environment: Vec::new(),
            seconds: program_seconds(),
            max_bytes: program_bytes(),
        }
    }
}

fn program_seconds() -> f64 {
    120.0
}

fn program_bytes() -> usize {
    4_000_000
}

/// Who plays the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentPart {
    /// The embedded reference agent.
    Reference,
    /// A model of this name under `models`, in a loop with tools.
    Model(String),
    /// A model of this name under `models`, as an agent of Claude Managed Agents: the service runs the loop
    /// and keeps the memory.
    Managed(String),
    /// A program.
    Process(Program),
}

/// Who dreams.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DreamerPart {
    /// The embedded dreamer.
    #[default]
    Embedded,
    /// A model of this name under `models`, prompted.
    Model(String),
    /// The dreams of Claude Managed Agents with the model of this name under `models`; the agent must be
    /// managed too, because they read its sessions.
    Managed(String),
    /// A program.
    Process(Program),
}

/// A judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Judge {
    /// The model's name under `models`.
    pub model: String,
    /// How often each deliverable is judged, each time afresh; the majority counts.
    #[serde(default = "once")]
    #[schemars(range(min = 1, max = 25))]
    pub repeats: u32,
}

fn once() -> u32 {
    1
}

/// Who grades.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraderPart {
    /// The deterministic checks of the rubrics.
    #[default]
    Embedded,
    /// A model that reads the rubric.
    Judge(Judge),
}

/// Who plays the user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserPart {
    /// The scripted user.
    #[default]
    Scripted,
    /// A model of this name under `models` puts the scripted user's answers in its own words; an answer
    /// that loses or adds a value is replaced by the scripted one.
    Model(String),
}

/// Limits of an agent that is a model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LoopLimits {
    /// Completions for one task; past that the task is over as it is.
    #[schemars(range(min = 1))]
    pub calls_per_task: u32,
    /// Tokens of all classes for one session; past that its tasks are over as they are.
    #[schemars(range(min = 1))]
    pub tokens_per_session: u64,
    /// Seconds in which the agent works on one session, by the times that its answers took; past that its
    /// tasks are over as they are. Waiting for a service does not count, and one answer is bounded by the
    /// model's `timeouts`.
    pub seconds_per_session: f64,
    /// Memory of up to this many tokens is shown whole; of more, the agent gets a list and reads.
    pub memory_tokens: u64,
}

impl Default for LoopLimits {
    fn default() -> Self {
        Self {
            calls_per_task: 40,
            tokens_per_session: 2_000_000,
            seconds_per_session: 1_800.0,
            memory_tokens: 8_000,
        }
    }
}

/// Limits of what is managed by a service.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ManagedLimits {
    /// The most that one session may cost at list price, in USD; the service ends the session's work there.
    pub usd_per_session: f64,
    /// The most that one dream may cost at list price, in USD; past that it is canceled.
    pub usd_per_dream: f64,
    /// How long a dream may take, in seconds; past that it is canceled.
    pub seconds_per_dream: f64,
    /// The longest wait between two looks at a dream, in seconds.
    pub poll_seconds: f64,
}

impl Default for ManagedLimits {
    fn default() -> Self {
        Self {
            usd_per_session: 5.0,
            usd_per_dream: 20.0,
            seconds_per_dream: 14_400.0,
            poll_seconds: 10.0,
        }
    }
}

/// Who plays which part of a live trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cast {
    /// Who plays the agent.
    pub agent: AgentPart,
    /// Who dreams.
    #[serde(default)]
    pub dreamer: DreamerPart,
    /// Who grades what is handed in, for the record.
    #[serde(default)]
    pub grader: GraderPart,
    /// Who grades within a session, in arms with the outcomes loop.
    #[serde(default)]
    pub in_session_grader: GraderPart,
    /// Who plays the user.
    #[serde(default)]
    pub user: UserPart,
    /// Limits of an agent that is a model.
    #[serde(default)]
    pub limits: LoopLimits,
    /// Limits of what is managed by a service.
    #[serde(default)]
    pub managed: ManagedLimits,
}

impl Cast {
    /// Everybody embedded.
    pub fn embedded() -> Self {
        Self {
            agent: AgentPart::Reference,
            dreamer: DreamerPart::Embedded,
            grader: GraderPart::Embedded,
            in_session_grader: GraderPart::Embedded,
            user: UserPart::Scripted,
            limits: LoopLimits::default(),
            managed: ManagedLimits::default(),
        }
    }

    /// The models that are named, each with the part that it plays.
    pub fn models(&self) -> Vec<(Role, &str)> {
        let mut named = Vec::new();
        if let AgentPart::Model(name) | AgentPart::Managed(name) = &self.agent {
            named.push((Role::Agent, name.as_str()));
        }
        if let DreamerPart::Model(name) | DreamerPart::Managed(name) = &self.dreamer {
            named.push((Role::Dreamer, name.as_str()));
        }
        for (role, part) in [
            (Role::FinalGrader, &self.grader),
            (Role::InSessionGrader, &self.in_session_grader),
        ] {
            if let GraderPart::Judge(judge) = part {
                named.push((role, judge.model.as_str()));
            }
        }
        if let UserPart::Model(name) = &self.user {
            named.push((Role::User, name.as_str()));
        }
        named
    }
}
