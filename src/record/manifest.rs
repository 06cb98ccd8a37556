//! What was run, by whom, on what: enough to read the rows without the files that they came from.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::FORMAT;
use crate::{
    experiment::{Arm, Limits, Policy, Reference},
    ident::{PolicyId, ScenarioId},
    plan::Plan,
    price::{Price, PriceList},
    scenario::{Construct, Domain},
};

/// The machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Operating system.
    pub os: String,
    /// Architecture.
    pub arch: String,
    /// Cores.
    pub cores: u32,
}

/// A scenario of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioEntry {
    /// Its name.
    pub id: ScenarioId,
    /// What the deployment is.
    pub title: String,
    /// For readers.
    pub summary: String,
    /// The trade.
    pub domain: Domain,
    /// The ability that it tests.
    pub construct: Construct,
    /// How many tasks each session has.
    pub tasks_per_session: Vec<u32>,
    /// The days of the sessions.
    pub session_dates: Vec<Date>,
    /// Digest of its files.
    pub digest: String,
}

/// The head of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of the record.
    pub format: u32,
    /// The version of the program that wrote it.
    pub version: String,
    /// When the run was begun.
    pub started_at: Timestamp,
    /// The command line as typed.
    pub command_line: Vec<String>,
    /// The machine.
    pub host: Host,
    /// The experiment's title.
    pub title: String,
    /// Seed of all draws.
    pub seed: u64,
    /// Repetitions.
    pub repetitions: u32,
    /// What everything ran on.
    pub backend: String,
    /// The model whose prices are used.
    pub priced_as: String,
    /// The prices.
    pub price: Price,
    /// The day of the price list.
    pub price_date: String,
    /// Where it is from.
    pub price_source: String,
    /// Limits of the agent.
    pub limits: Limits,
    /// What the reference backend declared of itself.
    pub reference: Reference,
    /// The arms in order.
    pub arms: Vec<Arm>,
    /// The policies by name.
    pub policies: Vec<(PolicyId, Policy)>,
    /// Digest of all that decides the results.
    pub plan_digest: String,
    /// The scenarios in order.
    pub scenarios: Vec<ScenarioEntry>,
}

impl Manifest {
    /// The manifest of a run of this plan.
    pub fn of(plan: &Plan, started_at: Timestamp, command_line: Vec<String>, host: Host) -> Self {
        let experiment = &plan.experiment;
        let prices = PriceList::embedded();
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at,
            command_line,
            host,
            title: experiment.title.clone(),
            seed: experiment.seed,
            repetitions: experiment.repetitions,
            backend: experiment.backend.as_str().to_owned(),
            priced_as: experiment.priced_as.clone(),
            price: plan.price,
            price_date: prices.date,
            price_source: prices.source,
            limits: experiment.limits,
            reference: experiment.reference,
            arms: experiment.arms.clone(),
            policies: experiment.policies.clone(),
            plan_digest: plan.digest.to_string(),
            scenarios: plan
                .scenarios
                .iter()
                .map(|prepared| {
                    let scenario = &prepared.scenario;
                    ScenarioEntry {
                        id: scenario.id.clone(),
                        title: scenario.title.clone(),
                        summary: scenario.summary.clone(),
                        domain: scenario.domain,
                        construct: scenario.construct,
                        tasks_per_session: scenario
                            .sessions
                            .iter()
                            .map(|session| u32::try_from(session.tasks.len()).unwrap_or(u32::MAX))
                            .collect(),
                        session_dates: scenario
                            .sessions
                            .iter()
                            .map(|session| session.brief.date)
                            .collect(),
                        digest: scenario.digest.to_string(),
                    }
                })
                .collect(),
        }
    }
}
