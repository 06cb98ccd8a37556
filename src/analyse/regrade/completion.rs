//! Completion of a run as its record has it and as it is graded now, on the same tasks.

use std::collections::BTreeMap;

use super::{AnalyseError, Task};
use crate::{
    analyse::{Estimate, Metric, difference_of, estimate::estimate, sums::compared},
    record::Manifest,
    stats::{Arm, Level, Paired, proportion::cluster_wilson},
};

/// Completion of an arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmCompletion {
    /// The arm's number in the manifest.
    pub arm: usize,
    /// Tasks that have a grading, or nothing handed in.
    pub tasks: u64,
    /// Completion on record.
    pub recorded: Estimate,
    /// Completion now: of a task that was graded several times the share of times.
    pub regraded: Estimate,
}

/// A difference of two arms, on the tasks that both have.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The arm compared with.
    pub base: usize,
    /// The arm compared.
    pub treat: usize,
    /// Scenarios with pairs.
    pub scenarios: usize,
    /// Treated minus base on record.
    pub recorded: Estimate,
    /// Treated minus base now.
    pub regraded: Estimate,
}

/// Completion of a task on record and now.
type Both = [f64; 2];

/// A task in all arms: scenario, repetition, session, task.
type Place = (usize, u32, u32, u32);

/// `None` if every grading failed.
#[expect(clippy::cast_precision_loss, reason = "counts of gradings")]
fn both(task: &Task) -> Option<Both> {
    let said: Vec<bool> = task
        .gradings
        .iter()
        .filter_map(super::Grading::completed)
        .collect();
    let met = said.iter().filter(|completed| **completed).count();
    (!said.is_empty()).then(|| {
        [
            f64::from(u8::from(task.was_completed())),
            met as f64 / said.len() as f64,
        ]
    })
}

/// Sums over scenarios of one side.
fn streams<'b>(
    rows: impl Iterator<Item = (usize, &'b Both)>,
    side: usize,
) -> Result<Option<Arm>, AnalyseError> {
    let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (scenario, both) in rows {
        let sum = sums.entry(scenario).or_default();
        sum.0 += both[side];
        sum.1 += 1.0;
    }
    // A mean of shares may pass its number by rounding.
    let sums = sums
        .into_values()
        .map(|(sum, count)| (sum.min(count), count));
    let sums: Vec<(f64, f64)> = sums.collect();
    Ok(if sums.is_empty() {
        None
    } else {
        Some(Arm::from_pairs(sums)?)
    })
}

fn rate(arm: &Arm) -> Result<Estimate, AnalyseError> {
    let found = cluster_wilson(arm, Level::NINETY_FIVE)?;
    Ok(estimate(
        found.estimate,
        found.interval.as_ref(),
        found.method.as_str(),
        found.streams,
    ))
}

fn difference(base: Arm, treat: Arm) -> Result<Estimate, AnalyseError> {
    let found = difference_of(Metric::Completion, &Paired::new(base, treat)?)?;
    Ok(estimate(
        found.estimate,
        found.interval.as_ref(),
        found.method.as_str(),
        found.streams,
    ))
}

/// By arm, and by pair of arms that reports compare; of the run itself.
pub(super) fn completion(
    manifest: &Manifest,
    tasks: &[Task],
) -> Result<(Vec<ArmCompletion>, Vec<Change>), AnalyseError> {
    let mut by_arm: Vec<BTreeMap<Place, Both>> = vec![BTreeMap::new(); manifest.arms.len()];
    for task in tasks.iter().filter(|task| task.rerun == 0) {
        let unit = task.unit;
        let place = (unit.scenario, unit.repetition, unit.session, unit.task);
        if let Some(both) = both(task) {
            by_arm[unit.arm].insert(place, both);
        }
    }
    let mut arms = Vec::new();
    for (arm, rows) in by_arm.iter().enumerate() {
        let side = |side| streams(rows.iter().map(|(place, both)| (place.0, both)), side);
        if let (Some(recorded), Some(regraded)) = (side(0)?, side(1)?) {
            arms.push(ArmCompletion {
                arm,
                tasks: rows.len() as u64,
                recorded: rate(&recorded)?,
                regraded: rate(&regraded)?,
            });
        }
    }
    let mut changes = Vec::new();
    for (base, treat) in compared(manifest) {
        let of = |arm: usize, other: usize, side: usize| {
            let shared = by_arm[arm]
                .iter()
                .filter(|(place, _)| by_arm[other].contains_key(place));
            streams(shared.map(|(place, both)| (place.0, both)), side)
        };
        let mut sides = Vec::new();
        let mut scenarios = 0;
        for side in 0..2 {
            if let (Some(base), Some(treat)) = (of(base, treat, side)?, of(treat, base, side)?) {
                scenarios = base.stream_count();
                sides.push(difference(base, treat)?);
            }
        }
        if let [recorded, regraded] = sides.as_slice() {
            changes.push(Change {
                base,
                treat,
                scenarios,
                recorded: recorded.clone(),
                regraded: regraded.clone(),
            });
        }
    }
    Ok((arms, changes))
}
