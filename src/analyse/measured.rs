//! The sums of a record, ready to be put into any method: what claims, gates and costs start from.

use super::{
    AnalyseError, Group, Metric,
    estimate::{members, streams},
    sums::{PairSums, Sums},
};
use crate::{
    price::Prices,
    record::{Manifest, Record},
    stats::{
        Level, Paired, StatsError,
        difference::{Difference, difference},
        ratio::{Ratio, ratio},
        ratio_of_totals::{difference_of_ratios, ratio_of_ratios},
    },
};

/// A record's sums by scenario and arm.
#[derive(Debug)]
pub struct Measured {
    /// What was run.
    pub manifest: Manifest,
    pub(super) sums: Sums,
}

/// Two arms over the scenarios of a group, on the tasks that both have.
#[derive(Debug)]
pub struct Pairs {
    /// The streams, one for each scenario that has pairs, in order of their names.
    pub paired: Paired,
    /// The scenarios' numbers in the manifest, in the order of the streams.
    pub scenarios: Vec<usize>,
    /// Tasks that both arms have.
    pub tasks: u64,
    /// Tasks that one of them lacks.
    pub unpaired: u64,
}

impl Measured {
    /// Reads a record.
    pub fn read(record: &Record) -> Result<Self, AnalyseError> {
        Self::read_at(record, &record.manifest().prices())
    }

    /// Reads a record at other prices than those of the run.
    pub fn read_at(record: &Record, prices: &Prices) -> Result<Self, AnalyseError> {
        let manifest = record.manifest().clone();
        let sums = Sums::read(record, &manifest, prices)?;
        Ok(Self { manifest, sums })
    }

    /// Two arms, by number, over a group of scenarios; `None` if they have no task in common.
    pub fn pairs(
        &self,
        group: Group,
        metric: Metric,
        base: usize,
        treat: usize,
    ) -> Result<Option<Pairs>, AnalyseError> {
        let (_, count) = metric.parts();
        let found: Vec<(usize, PairSums)> = members(group, &self.manifest)
            .into_iter()
            .map(|scenario| (scenario, self.sums.pair(base, treat, scenario)))
            .collect();
        let unpaired = found.iter().map(|(_, pair)| pair.unpaired).sum();
        let found: Vec<(usize, PairSums)> = found
            .into_iter()
            .filter(|(_, pair)| pair.base[count as usize] > 0.0 && pair.treat[count as usize] > 0.0)
            .collect();
        if found.is_empty() {
            return Ok(None);
        }
        let base = streams(metric, found.iter().map(|(_, pair)| pair.base))?;
        let treat = streams(metric, found.iter().map(|(_, pair)| pair.treat))?;
        Ok(Some(Pairs {
            paired: Paired::new(base, treat)?,
            scenarios: found.iter().map(|(scenario, _)| *scenario).collect(),
            tasks: found.iter().map(|(_, pair)| pair.pairs).sum(),
            unpaired,
        }))
    }
}

/// The difference of a metric by the method that bears verdicts.
pub fn difference_of(metric: Metric, paired: &Paired) -> Result<Difference, StatsError> {
    if metric.is_ratio_of_totals() {
        difference_of_ratios(paired, Level::NINETY_FIVE)
    } else {
        difference(paired, metric.scale(), Level::NINETY_FIVE)
    }
}

/// The ratio of a metric by the method that bears verdicts.
pub fn ratio_of(metric: Metric, paired: &Paired) -> Result<Ratio, StatsError> {
    if metric.is_ratio_of_totals() {
        ratio_of_ratios(paired, Level::NINETY_FIVE)
    } else {
        ratio(paired, metric.scale(), Level::NINETY_FIVE)
    }
}
