//! Which scenarios broke or gained, by their repetitions.

use super::{LockedScenario, ScenarioChange};
use crate::{
    analyse::Metric,
    stats::{StatsError, means::pooled_t, multiplicity::benjamini_hochberg},
};

/// From which adjusted p-value on a scenario counts as changed.
const CHANGED: f64 = 0.05;

/// What became of each scenario.
pub(super) fn changes(
    pairs: &[(&LockedScenario, &LockedScenario)],
    margin: f64,
) -> Result<Vec<ScenarioChange>, StatsError> {
    let rates = |scenario: &LockedScenario| -> Vec<f64> {
        #[expect(clippy::cast_precision_loss, reason = "counts of tasks")]
        let rate = |[completed, tasks]: &[u64; 2]| *completed as f64 / *tasks as f64;
        scenario
            .repetitions
            .iter()
            .filter(|counts| counts[1] > 0)
            .map(rate)
            .collect()
    };
    let samples: Vec<_> = pairs
        .iter()
        .map(|(one, other)| (rates(one), rates(other)))
        .collect();
    let tests = pooled_t(&samples)?;
    let known: Vec<f64> = tests.iter().copied().flatten().collect();
    let mut adjusted = if known.is_empty() {
        Vec::new()
    } else {
        benjamini_hochberg(&known)?
    }
    .into_iter();
    let mut changes = Vec::new();
    for ((one, other), test) in pairs.iter().zip(tests) {
        let mean = |side: &LockedScenario| {
            let stream = side.stream(Metric::Completion);
            stream.and_then(|stream| stream.mean()).unwrap_or(0.0)
        };
        let rates = (mean(one), mean(other));
        let adjusted = test.and_then(|_| adjusted.next());
        let shown = adjusted.is_none_or(|p| p <= CHANGED);
        changes.push(ScenarioChange {
            id: one.id.clone(),
            construct: one.construct,
            rates,
            adjusted,
            broke: shown && rates.1 - rates.0 < -margin,
            gained: shown && rates.1 - rates.0 > margin,
        });
    }
    changes.sort_by(|one, other| {
        let change = |change: &ScenarioChange| change.rates.1 - change.rates.0;
        change(one)
            .total_cmp(&change(other))
            .then_with(|| one.id.cmp(&other.id))
    });
    Ok(changes)
}
