//! What a run was: enough to understand its record without the files that it was made from.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::FORMAT;
use crate::{
    experiment::{
        Backend, Cast, GraderPart, Limits, ModelSettings, Outcomes, Policy, Reference, Regime,
        UserPart,
    },
    ident::{ArmId, PolicyId, RubricId, ScenarioId},
    plan::Plan,
    price::{Price, PriceList, Prices},
    scenario::{Construct, Domain},
    transcript::Role,
};

/// The machine that a run began on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its operating system.
    pub os: String,
    /// Its architecture.
    pub arch: String,
    /// How many threads it runs at a time.
    pub cores: u32,
}

/// An arm of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedArm {
    /// Its name.
    pub id: ArmId,
    /// The memory regime.
    pub memory: Regime,
    /// The dream policy, if it names one.
    pub policy: Option<PolicyId>,
    /// The outcomes loop, if there is one.
    pub outcomes: Option<Outcomes>,
}

/// A dream policy of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedPolicy {
    /// Its name.
    pub id: PolicyId,
    /// What it says.
    pub policy: Policy,
}

/// A scenario of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedScenario {
    /// Its name.
    pub id: ScenarioId,
    /// What the deployment is, in a few words.
    pub title: String,
    /// For readers of the report.
    pub summary: String,
    /// The trade.
    pub domain: Domain,
    /// The ability that it is built to test.
    pub construct: Construct,
    /// How many tasks each session has.
    pub tasks_per_session: Vec<u32>,
    /// The day of each session.
    pub session_dates: Vec<Date>,
    /// Digest of its files, in hexadecimal digits.
    pub digest: String,
}

/// A trial of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Its number in the plan.
    pub number: usize,
    /// The scenario's number in the manifest.
    pub scenario: usize,
    /// The arm's number in the manifest.
    pub arm: usize,
    /// The repetition, from 1.
    pub repetition: u32,
}

/// A claims file that was given to a run before it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredClaims {
    /// Digest of its text, in hexadecimal digits.
    pub digest: String,
    /// Its text.
    pub text: String,
}

/// The run that the dreams of another run are from. Both have the same plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DreamsOf {
    /// When it began, which tells it from other runs of the plan.
    pub started_at: Timestamp,
}

/// Who plays which part in a run, and the models that were at hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveParts {
    /// Who plays which part.
    pub cast: Cast,
    /// The models by name. Their keys are named by environment variables and stand nowhere.
    pub models: BTreeMap<String, ModelSettings>,
    /// Digest of the words that a judge is given beside rubric and work, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge_digest: Option<String>,
}

/// The backend's name where the embedded agent works behind a local server.
pub const BEHIND_A_SERVER: &str = "reference, behind a local server";

/// Whether a backend of this name is the embedded agent, directly or behind a local server. What it shows
/// is no evidence about a product.
pub fn is_reference(backend: &str) -> bool {
    backend == "reference" || backend == BEHIND_A_SERVER
}

/// What a run was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format of the record.
    pub format: u32,
    /// Version of the program that began the run.
    pub version: String,
    /// When it began.
    pub started_at: Timestamp,
    /// The command line as typed.
    pub command_line: Vec<String>,
    /// Where it began.
    pub host: Host,
    /// What the experiment is of.
    pub title: String,
    /// Seed of all draws.
    pub seed: u64,
    /// Repetitions of each scenario in each arm.
    pub repetitions: u32,
    /// The backend's name.
    pub backend: String,
    /// Who plays which part, where not everybody is embedded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveParts>,
    /// The model whose prices tokens are costed with.
    pub priced_as: String,
    /// Limits of the agent.
    pub limits: Limits,
    /// What the reference backend declares of itself.
    pub reference: Reference,
    /// The arms in the order of reports.
    pub arms: Vec<PlannedArm>,
    /// The dream policies by name.
    pub policies: Vec<PlannedPolicy>,
    /// Digest of all that decides the results, in hexadecimal digits; the rubrics are in it.
    pub plan_digest: String,
    /// The scenarios in order of their names.
    pub scenarios: Vec<PlannedScenario>,
    /// Digests of the rubrics by name, in hexadecimal digits; empty in a record that was made before they
    /// were kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rubrics: BTreeMap<RubricId, String>,
    /// The run whose dreams this one took instead of dreaming.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dreams_of: Option<DreamsOf>,
    /// The claims that were fixed before the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<RegisteredClaims>,
    /// The prices that the agent's tokens are costed with, and those of roles without prices of their own.
    pub price: Price,
    /// The prices of other roles.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other_prices: BTreeMap<Role, Price>,
    /// The day on which the prices were read.
    pub price_date: String,
    /// Where.
    pub price_source: String,
    /// The trials in the order of their numbers; a table of its own in the record.
    #[serde(skip)]
    pub trials: Vec<Planned>,
}

impl Manifest {
    /// Who graded and who played the user, where that was a model: what two runs must share to be
    /// compared. A dreamer may differ: it is what is compared.
    pub fn observers(&self) -> Option<String> {
        let live = self.live.as_ref()?;
        let id = |name: &str| {
            live.models.get(name).map_or_else(
                || name.to_owned(),
                |model| format!("{}:{}", model.provider.as_str(), model.id),
            )
        };
        let mut observers = Vec::new();
        for (part, grader) in [
            ("final grader", &live.cast.grader),
            ("in-session grader", &live.cast.in_session_grader),
        ] {
            if let GraderPart::Judge(judge) = grader {
                observers.push(format!("{part} {} x {}", id(&judge.model), judge.repeats));
            }
        }
        if let UserPart::Model(name) = &live.cast.user {
            observers.push(format!("user {}", id(name)));
        }
        (!observers.is_empty()).then(|| observers.join(", "))
    }

    /// Whether the embedded agent did the work; see [`is_reference`].
    pub fn is_reference(&self) -> bool {
        is_reference(&self.backend)
    }

    /// The prices of all roles.
    pub fn prices(&self) -> Prices {
        Prices {
            agent: self.price,
            others: self.other_prices.clone(),
        }
    }

    /// What a run of this plan is.
    pub fn of(plan: &Plan, started_at: Timestamp, command_line: Vec<String>, host: Host) -> Self {
        let experiment = &plan.experiment;
        let prices = PriceList::embedded();
        let arm = |arm: &crate::experiment::Arm| PlannedArm {
            id: arm.id.clone(),
            memory: arm.memory,
            policy: arm.policy.clone(),
            outcomes: arm.outcomes,
        };
        let scenario = |prepared: &crate::plan::Prepared| {
            let scenario = &prepared.scenario;
            let tasks = |session: &crate::scenario::Session| {
                u32::try_from(session.tasks.len()).unwrap_or(u32::MAX)
            };
            PlannedScenario {
                id: scenario.id.clone(),
                title: scenario.title.clone(),
                summary: scenario.summary.clone(),
                domain: scenario.domain,
                construct: scenario.construct,
                tasks_per_session: scenario.sessions.iter().map(tasks).collect(),
                session_dates: scenario
                    .sessions
                    .iter()
                    .map(|session| session.brief.date)
                    .collect(),
                digest: scenario.digest.to_string(),
            }
        };
        let trial = |(number, trial): (usize, &crate::plan::Trial)| Planned {
            number,
            scenario: trial.scenario,
            arm: trial.arm,
            repetition: trial.repetition,
        };
        let policy = |(id, policy): &(PolicyId, Policy)| PlannedPolicy {
            id: id.clone(),
            policy: policy.clone(),
        };
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at,
            command_line,
            host,
            title: experiment.title.clone(),
            seed: experiment.seed,
            repetitions: experiment.repetitions,
            backend: experiment.agent_name(),
            priced_as: experiment.agent_price_name().to_owned(),
            live: match &experiment.backend {
                Backend::Reference => None,
                Backend::Live(cast) => Some(LiveParts {
                    cast: cast.as_ref().clone(),
                    models: experiment.models.clone(),
                    judge_digest: None,
                }),
            },
            limits: experiment.limits,
            reference: experiment.reference,
            arms: experiment.arms.iter().map(arm).collect(),
            policies: experiment.policies.iter().map(policy).collect(),
            plan_digest: plan.digest.to_string(),
            scenarios: plan.scenarios.iter().map(scenario).collect(),
            rubrics: plan
                .rubrics
                .iter()
                .map(|(id, digest)| (id.clone(), digest.to_string()))
                .collect(),
            dreams_of: None,
            claims: None,
            price: plan.prices.agent,
            other_prices: plan.prices.others.clone(),
            price_date: prices.date,
            price_source: prices.source,
            trials: plan.trials.iter().enumerate().map(trial).collect(),
        }
    }
}
