//! Experiments: arms, dream policies, repetitions, seed, backend, limits.
//!
//! Read from a YAML file into checked types: every policy that an arm names exists, every threshold is
//! in range. An experiment says what is compared; what it is run on is the scenarios'.

pub mod live;
mod load;

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ident::{ArmId, PolicyId},
    price::{PriceList, Prices},
    transcript::Role,
};

pub use live::{AgentPart, Cast, DreamerPart, GraderPart, ModelSettings, UserPart};
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// The embedded reference agent, dreamer and grader: deterministic, free, offline.
    Reference,
    /// Models and programs, part by part; what is not named is embedded.
    Live(Box<Cast>),
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
    /// The models that parts may be given to, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, ModelSettings>,
    /// The price list, by model, that tokens of whoever is no model are costed with.
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
    /// Who plays which part.
    pub fn cast(&self) -> Cast {
        match &self.backend {
            Backend::Reference => Cast::embedded(),
            Backend::Live(cast) => cast.as_ref().clone(),
        }
    }

    /// The agent's name in files: `reference`, `anthropic:claude-sonnet-5-5`, `process:agent.py`. A run of
    /// the reference agent is called so whoever dreams and grades: its agent is no product.
    pub fn agent_name(&self) -> String {
        match self.cast().agent {
            AgentPart::Reference => "reference".to_owned(),
            AgentPart::Model(name) => self.models.get(&name).map_or(name, |model| {
                format!("{}:{}", model.provider.as_str(), model.id)
            }),
            AgentPart::Managed(name) => self
                .models
                .get(&name)
                .map_or_else(|| name.clone(), |model| format!("managed:{}", model.id)),
            AgentPart::Process(program) => format!(
                "process:{}",
                program.command.last().map_or("", String::as_str)
            ),
        }
    }

    /// The name under which the agent's tokens are priced.
    pub fn agent_price_name(&self) -> &str {
        match &self.backend {
            Backend::Live(cast) => match &cast.agent {
                AgentPart::Model(name) | AgentPart::Managed(name) => self
                    .models
                    .get(name)
                    .map_or(self.priced_as.as_str(), ModelSettings::priced_as),
                AgentPart::Reference | AgentPart::Process(_) => &self.priced_as,
            },
            Backend::Reference => &self.priced_as,
        }
    }

    /// What each role costs. An embedded part is costed as if the model `priced_as` had played it; the
    /// error names a model whose prices are not known.
    pub fn prices(&self) -> Result<Prices, String> {
        let unknown = |name: &str| name.to_owned();
        let base = PriceList::embedded()
            .model(&self.priced_as)
            .map_err(|_| unknown(&self.priced_as))?;
        let mut others = BTreeMap::new();
        for (role, name) in self.cast().models() {
            let price = self
                .models
                .get(name)
                .ok_or_else(|| unknown(name))?
                .price()
                .map_err(|_| unknown(name))?;
            others.insert(role, price);
        }
        let agent = others.remove(&Role::Agent).unwrap_or(base);
        for role in [Role::Dreamer, Role::InSessionGrader, Role::FinalGrader] {
            others.entry(role).or_insert(base);
        }
        others.retain(|_, price| *price != agent);
        Ok(Prices { agent, others })
    }

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
