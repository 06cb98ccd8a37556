//! How far new gradings say what the record says.

use std::collections::BTreeMap;

use super::{AnalyseError, Task, said_of};
use crate::{
    analyse::{Estimate, estimate::estimate},
    ident::CriterionId,
    stats::{
        Arm, Level, StatsError,
        agreement::{Weights, kappa},
        proportion::cluster_wilson,
    },
};

/// Agreement of all gradings with the verdicts on record: whether a deliverable is satisfactory.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// Gradings of deliverables that have a verdict on record.
    pub gradings: u64,
    /// Those that say the same.
    pub agreed: u64,
    /// Their share, with an interval over scenarios.
    pub share: Estimate,
    /// Cohen's kappa; `None` if chance alone would agree.
    pub kappa: Option<f64>,
}

/// The same for one criterion.
#[derive(Debug, Clone, PartialEq)]
pub struct CriterionAgreement {
    /// The criterion.
    pub criterion: CriterionId,
    /// Verdicts that stand against one on record; what is undecided on either side agrees with what is
    /// undecided only.
    pub judged: u64,
    /// Those that say the same.
    pub agreed: u64,
    /// Cohen's kappa; `None` if chance alone would agree.
    pub kappa: Option<f64>,
}

type Pairs = Vec<(usize, usize)>;

/// Unmet, met, undecided.
fn category(said: Option<bool>) -> usize {
    said.map_or(2, usize::from)
}

fn agreed(pairs: &Pairs) -> u64 {
    pairs.iter().filter(|(one, other)| one == other).count() as u64
}

fn chance_corrected(pairs: &Pairs) -> Result<Option<f64>, StatsError> {
    Ok(kappa(pairs, 3, Weights::None, Level::NINETY_FIVE)?.kappa)
}

#[expect(clippy::cast_precision_loss, reason = "counts of gradings")]
pub(super) fn agreement(
    tasks: &[Task],
) -> Result<(Option<Agreement>, Vec<CriterionAgreement>), AnalyseError> {
    let mut whole: BTreeMap<usize, Pairs> = BTreeMap::new();
    let mut criteria: BTreeMap<&CriterionId, Pairs> = BTreeMap::new();
    for task in tasks {
        let Some(recorded) = &task.recorded else {
            continue;
        };
        for verdicts in task.verdicts() {
            whole.entry(task.unit.scenario).or_default().push((
                usize::from(recorded.satisfied),
                usize::from(verdicts.satisfied),
            ));
            for before in &recorded.verdicts {
                let mut now = verdicts.verdicts.iter();
                if let Some(now) = now.find(|now| now.criterion == before.criterion) {
                    criteria
                        .entry(&before.criterion)
                        .or_default()
                        .push((category(said_of(before)), category(said_of(now))));
                }
            }
        }
    }
    let mut by_criterion = Vec::new();
    for (criterion, pairs) in criteria {
        by_criterion.push(CriterionAgreement {
            criterion: criterion.clone(),
            judged: pairs.len() as u64,
            agreed: agreed(&pairs),
            kappa: chance_corrected(&pairs)?,
        });
    }
    let share = |one: &CriterionAgreement| one.agreed as f64 / one.judged as f64;
    by_criterion.sort_by(|one, other| share(one).total_cmp(&share(other)));
    if whole.is_empty() {
        return Ok((None, by_criterion));
    }
    let streams = Arm::from_pairs(
        whole
            .values()
            .map(|pairs| (agreed(pairs) as f64, pairs.len() as f64)),
    )?;
    let found = cluster_wilson(&streams, Level::NINETY_FIVE)?;
    let pairs: Pairs = whole.into_values().flatten().collect();
    let agreement = Agreement {
        gradings: pairs.len() as u64,
        agreed: agreed(&pairs),
        share: estimate(
            found.estimate,
            found.interval.as_ref(),
            found.method.as_str(),
            found.streams,
        ),
        kappa: chance_corrected(&pairs)?,
    };
    Ok((Some(agreement), by_criterion))
}
