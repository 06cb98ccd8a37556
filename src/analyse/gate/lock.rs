//! A lock: what a gate needs of a baseline, small enough to be committed beside a policy.
//!
//! It holds an arm's sums by scenario and what must be the same in a candidate; nothing of a transcript.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use super::GateError;
use crate::{
    analyse::{Measured, Metric, PARTS, Part},
    experiment::{Limits, Outcomes, Policy, Reference, Regime},
    ident::{ArmId, ScenarioId},
    record::PlannedArm,
    scenario::{Construct, Domain},
    stats::StreamSums,
};

/// The format of the locks that this program writes and reads.
pub const LOCK_FORMAT: u32 = 1;

/// One arm of a run, as a side of a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Format of the file.
    pub lock: u32,
    /// Version of the program that ran it.
    pub version: String,
    /// Digest of the run's plan.
    pub plan_digest: String,
    /// Seed of the run.
    pub seed: u64,
    /// The backend's name.
    pub backend: String,
    /// Who graded and who played the user, where that was a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observers: Option<String>,
    /// The model whose prices tokens are costed with, and the day of the prices.
    pub priced_as: (String, String),
    /// Limits of the agent.
    pub limits: Limits,
    /// What the reference backend declared of itself.
    pub reference: Reference,
    /// The arm.
    pub arm: ArmId,
    /// Its memory regime.
    pub memory: Regime,
    /// Its in-session grader.
    pub outcomes: Option<Outcomes>,
    /// How its dreams were made.
    pub policy: Option<Policy>,
    /// The scenarios by name.
    pub scenarios: Vec<LockedScenario>,
}

/// An arm's sums in a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedScenario {
    /// Its name.
    pub id: ScenarioId,
    /// Its domain.
    pub domain: Domain,
    /// Its construct.
    pub construct: Construct,
    /// Digest of its files.
    pub digest: String,
    /// Tasks that were planned, over all repetitions.
    pub planned: u64,
    /// Sums by part, in whole units.
    pub sums: BTreeMap<String, i64>,
    /// Completed tasks and tasks of each repetition.
    pub repetitions: Vec<[u64; 2]>,
}

impl LockedScenario {
    /// The sum and the count of a metric, in its unit; `None` where nothing was counted.
    pub fn stream(&self, metric: Metric) -> Option<StreamSums> {
        let (sum, count) = metric.parts();
        let part = |part: Part| self.sums.get(part.as_str()).copied().unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
        let (sum, count) = (part(sum) as f64 * metric.factor(), part(count) as f64);
        StreamSums::new(sum, count)
            .ok()
            .filter(|stream| stream.count() > 0.0)
    }
}

impl Lock {
    /// The side that an arm of a run is; without a name, its first arm with dreams.
    pub fn of(measured: &Measured, arm: Option<&str>, place: &str) -> Result<Self, GateError> {
        let manifest = &measured.manifest;
        let number = match arm {
            Some(name) => manifest
                .arms
                .iter()
                .position(|arm| arm.id.as_str() == name)
                .ok_or_else(|| GateError::NoArm {
                    arm: name.to_owned(),
                    place: place.to_owned(),
                    known: manifest.arms.iter().map(|arm| arm.id.to_string()).collect(),
                })?,
            None => manifest
                .arms
                .iter()
                .position(|arm| arm.memory == Regime::Dreamed && arm.outcomes.is_none())
                .ok_or_else(|| GateError::NoDreams {
                    place: place.to_owned(),
                })?,
        };
        let PlannedArm {
            id,
            memory,
            policy,
            outcomes,
        } = manifest.arms[number].clone();
        let policy = policy.and_then(|name| {
            let policies = manifest.policies.iter();
            let mut found = policies.filter(|policy| policy.id == name);
            found.next().map(|policy| policy.policy.clone())
        });
        let scenario = |(at, planned): (usize, &crate::record::PlannedScenario)| {
            let row = &measured.sums.arms[at][number];
            #[expect(clippy::cast_possible_truncation, reason = "whole sums far below 2^53")]
            let sum = |part: usize| row[part].round() as i64;
            LockedScenario {
                id: planned.id.clone(),
                domain: planned.domain,
                construct: planned.construct,
                digest: planned.digest.clone(),
                planned: {
                    let trials = manifest.trials.iter();
                    let trials = trials
                        .filter(|trial| trial.scenario == at && trial.arm == number)
                        .count() as u64;
                    trials
                        * planned
                            .tasks_per_session
                            .iter()
                            .copied()
                            .map(u64::from)
                            .sum::<u64>()
                },
                sums: (0..PARTS)
                    .map(|part| (Part::ALL[part].as_str().to_owned(), sum(part)))
                    .collect(),
                repetitions: measured.sums.repetitions[at][number]
                    .values()
                    .copied()
                    .collect(),
            }
        };
        Ok(Self {
            lock: LOCK_FORMAT,
            version: manifest.version.clone(),
            plan_digest: manifest.plan_digest.clone(),
            seed: manifest.seed,
            backend: manifest.backend.clone(),
            observers: manifest.observers(),
            priced_as: (manifest.priced_as.clone(), manifest.price_date.clone()),
            limits: manifest.limits,
            reference: manifest.reference,
            arm: id,
            memory,
            outcomes,
            policy,
            scenarios: manifest
                .scenarios
                .iter()
                .enumerate()
                .map(scenario)
                .collect(),
        })
    }

    /// Reads the text of a lock file.
    pub fn parse(path: &Path, text: &str) -> Result<Self, GateError> {
        let broken = |reason: String| GateError::NotALock {
            path: path.to_owned(),
            reason,
        };
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| broken(error.to_string()))?;
        let format = value.get("lock").and_then(serde_json::Value::as_u64);
        match format {
            Some(format) if format > u64::from(LOCK_FORMAT) => {
                return Err(broken(format!(
                    "format {format} is newer than this program reads ({LOCK_FORMAT})"
                )));
            }
            Some(_) => {}
            None => return Err(broken("it has no key `lock`".to_owned())),
        }
        let lock: Self =
            serde_json::from_value(value).map_err(|error| broken(error.to_string()))?;
        if let Some(fault) = lock.fault() {
            return Err(broken(fault));
        }
        Ok(lock)
    }

    /// What in a lock cannot be, if anything.
    fn fault(&self) -> Option<String> {
        let is_digest =
            |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_digest(&self.plan_digest) || self.lock == 0 {
            return Some("its plan digest or its format is none".to_owned());
        }
        for (at, scenario) in self.scenarios.iter().enumerate() {
            let id = &scenario.id;
            if self.scenarios[..at].iter().any(|other| other.id == *id) {
                return Some(format!("scenario `{id}` is there twice"));
            }
            if !is_digest(&scenario.digest) {
                return Some(format!("scenario `{id}` has a digest that is none"));
            }
            let sum = |part: Part| scenario.sums.get(part.as_str()).copied();
            let missing = Part::ALL
                .into_iter()
                .find(|part| sum(*part).is_none_or(|sum| sum < 0));
            if let Some(part) = missing {
                return Some(format!(
                    "scenario `{id}` has no sum `{}`, or one below zero",
                    part.as_str()
                ));
            }
            let total = |at: usize| -> Option<i64> {
                let counts = scenario.repetitions.iter().map(|counts| counts[at]);
                i64::try_from(counts.sum::<u64>()).ok()
            };
            let agrees = sum(Part::Completed) == total(0)
                && sum(Part::Tasks) == total(1)
                && scenario
                    .repetitions
                    .iter()
                    .all(|[done, tasks]| done <= tasks)
                && sum(Part::FirstTry) <= sum(Part::Completed)
                && total(1).is_some_and(|tasks| tasks.unsigned_abs() <= scenario.planned);
            if !agrees {
                return Some(format!("the counts of scenario `{id}` do not agree"));
            }
        }
        None
    }

    /// The text of a lock file.
    pub fn render(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}
