//! How much of the variance of completion is the draw's, the re-run's and the grading's.
//!
//! A cell is a task of a scenario in one arm. A repetition draws its world and its dreams anew; re-runs
//! hold both fixed; gradings hold the deliverable fixed.

use std::collections::BTreeMap;

use super::{AnalyseError, Grading, Task};
use crate::{
    record::Manifest,
    stats::{
        Level,
        bootstrap::Resampling,
        components::{Cell, Components, components},
    },
};

/// Seed and size of the resampling; part of the method, not of the run.
const RESAMPLING: Resampling = Resampling {
    seed: 20_260_101,
    replicates: 10_000,
    level: Level::NINETY_FIVE,
};

/// The variance of completion in an arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmComponents {
    /// The arm's number in the manifest.
    pub arm: usize,
    /// Repetitions, runs and gradings of a task, at most.
    pub most: [usize; 3],
    /// The variances.
    pub components: Components,
}

/// Repetition, then run, then the values of its gradings.
type Values = BTreeMap<u32, BTreeMap<usize, Vec<f64>>>;

/// Scenario, then session and task, then the values.
type Cells = BTreeMap<usize, BTreeMap<(u32, u32), Values>>;

pub(super) fn components_of(
    manifest: &Manifest,
    tasks: &[Task],
) -> Result<Vec<ArmComponents>, AnalyseError> {
    let mut arms: Vec<Cells> = vec![BTreeMap::new(); manifest.arms.len()];
    for task in tasks {
        let unit = task.unit;
        let values: Vec<f64> = task
            .gradings
            .iter()
            .filter_map(Grading::completed)
            .map(|completed| f64::from(u8::from(completed)))
            .collect();
        if !values.is_empty() {
            arms[unit.arm]
                .entry(unit.scenario)
                .or_default()
                .entry((unit.session, unit.task))
                .or_default()
                .entry(unit.repetition)
                .or_default()
                .insert(task.rerun, values);
        }
    }
    let mut all = Vec::new();
    for (arm, scenarios) in arms.into_iter().enumerate() {
        let cell = |draws: Values| -> Cell {
            let reruns = draws.into_values();
            reruns
                .map(|reruns| reruns.into_values().collect())
                .collect()
        };
        let streams: Vec<Vec<Cell>> = scenarios
            .into_values()
            .map(|cells| cells.into_values().map(cell).collect())
            .collect();
        let cells = || streams.iter().flatten();
        let most = [
            cells().map(Vec::len).max(),
            cells().flatten().map(Vec::len).max(),
            cells().flatten().flatten().map(Vec::len).max(),
        ];
        if let Some(components) = components(&streams, RESAMPLING)? {
            all.push(ArmComponents {
                arm,
                most: most.map(Option::unwrap_or_default),
                components,
            });
        }
    }
    Ok(all)
}
