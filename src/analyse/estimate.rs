//! From sums to estimates: the methods that `docs/methodology.md` names.

use super::{
    AnalyseError, Caution, Comparison, CurvePoint, Direction, Estimate, Group, Metric, Summary,
    sums::{PairSums, Row, Sums, compared},
};
use crate::{
    record::Manifest,
    scenario::{Construct, Domain},
    stats::{
        Arm, Interval, Level, Paired, StreamSums,
        difference::difference,
        exact::{MonteCarlo, sign_flip},
        multiplicity::benjamini_hochberg,
        proportion::cluster_wilson,
        ratio::ratio,
        ratio_of_totals::{difference_of_ratios, ratio_of_ratios, ratio_of_totals},
        verdict::MINIMUM_STREAMS,
    },
};

/// The seed of the sign-flip test where it has to draw; part of the method, not of the run.
const SIGN_FLIP_SEED: u64 = 20_260_101;

pub(super) fn groups() -> impl Iterator<Item = Group> {
    std::iter::once(Group::All)
        .chain(Domain::ALL.into_iter().map(Group::Domain))
        .chain(Construct::ALL.into_iter().map(Group::Construct))
}

/// The numbers of the scenarios of a group.
pub(super) fn members(group: Group, manifest: &Manifest) -> Vec<usize> {
    let is_in = |scenario: usize| match group {
        Group::All => true,
        Group::Domain(domain) => manifest.scenarios[scenario].domain == domain,
        Group::Construct(construct) => manifest.scenarios[scenario].construct == construct,
    };
    (0..manifest.scenarios.len())
        .filter(|&scenario| is_in(scenario))
        .collect()
}

/// The stream sums of a metric. Sums of micro-dollars and the like are scaled to the metric's unit.
pub(super) fn streams(
    metric: Metric,
    rows: impl Iterator<Item = Row>,
) -> Result<Arm, AnalyseError> {
    let (sum, count) = metric.parts();
    let streams = rows
        .map(|row| StreamSums::new(row[sum as usize] * metric.factor(), row[count as usize]))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Arm::new(streams)?)
}

/// A number with its interval, and what may not be concluded from it.
pub(super) fn estimate(
    value: Option<f64>,
    interval: Option<&Interval>,
    method: &str,
    streams: usize,
) -> Estimate {
    let caution = match (value, interval) {
        (None, _) | (_, None) => Some(Caution::NotEstimable),
        (Some(_), Some(_)) if streams < MINIMUM_STREAMS => Some(Caution::TooFewScenarios),
        (Some(_), Some(_)) => None,
    };
    // One or two scenarios have numbers but nothing to make an interval of.
    let caution = if streams < MINIMUM_STREAMS && value.is_some() {
        Some(Caution::TooFewScenarios)
    } else {
        caution
    };
    Estimate {
        value,
        interval: interval.map(|interval| (interval.lower(), interval.upper())),
        method: method.to_owned(),
        caution,
    }
}

/// The estimate of one arm, and the design effect where it is a share.
fn one_arm(metric: Metric, arm: &Arm) -> Result<(Estimate, Option<f64>), AnalyseError> {
    let counted = arm.counted().count();
    if metric.more_is_better() {
        let found = cluster_wilson(arm, Level::NINETY_FIVE)?;
        return Ok((
            estimate(
                found.estimate,
                found.interval.as_ref(),
                found.method.as_str(),
                counted,
            ),
            found.deff,
        ));
    }
    let found = ratio_of_totals(arm, Level::NINETY_FIVE)?;
    Ok((
        estimate(
            found.estimate,
            found.interval.as_ref(),
            found.method.as_str(),
            counted,
        ),
        None,
    ))
}

/// All summaries and comparisons.
pub(super) fn tables(
    sums: &Sums,
    manifest: &Manifest,
) -> Result<(Vec<Summary>, Vec<Comparison>), AnalyseError> {
    let mut summaries = Vec::new();
    let mut comparisons = Vec::new();
    let compared = compared(manifest);
    for group in groups() {
        let members = members(group, manifest);
        if members.is_empty() {
            continue;
        }
        for arm in 0..manifest.arms.len() {
            for metric in Metric::ALL {
                let streams = streams(
                    metric,
                    members.iter().map(|&scenario| sums.arms[scenario][arm]),
                )?;
                let (estimate, design_effect) = one_arm(metric, &streams)?;
                let tasks: f64 = members
                    .iter()
                    .map(|&scenario| sums.arms[scenario][arm][super::Part::Tasks as usize])
                    .sum();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a count"
                )]
                let tasks = tasks as u64;
                summaries.push(Summary {
                    group,
                    arm,
                    metric,
                    scenarios: streams.counted().count(),
                    tasks,
                    estimate,
                    design_effect,
                });
            }
        }
        for metric in Metric::ALL {
            for &(base, treat) in &compared {
                let pairs: Vec<PairSums> = members
                    .iter()
                    .map(|&scenario| sums.pair(base, treat, scenario))
                    .collect();
                comparisons.push(compare(group, metric, base, treat, &pairs)?);
            }
        }
    }
    adjust(&mut comparisons)?;
    Ok((summaries, comparisons))
}

fn compare(
    group: Group,
    metric: Metric,
    base: usize,
    treat: usize,
    pairs: &[PairSums],
) -> Result<Comparison, AnalyseError> {
    let base_arm = streams(metric, pairs.iter().map(|pair| pair.base))?;
    let treat_arm = streams(metric, pairs.iter().map(|pair| pair.treat))?;
    let paired = Paired::new(base_arm, treat_arm)?;
    if !paired
        .pairs()
        .any(|(base, treat)| base.count() > 0.0 && treat.count() > 0.0)
    {
        return Ok(nothing(group, metric, base, treat, pairs));
    }
    let (paired, _) = paired.complete()?;
    let scenarios = paired.stream_count();
    let level = Level::NINETY_FIVE;
    let (difference, ratio) = if metric.is_ratio_of_totals() {
        (
            difference_of_ratios(&paired, level)?,
            ratio_of_ratios(&paired, level)?,
        )
    } else {
        (
            difference(&paired, metric.scale(), level)?,
            ratio(&paired, metric.scale(), level)?,
        )
    };
    let p = if metric.is_ratio_of_totals() || scenarios == 0 {
        None
    } else {
        // Whole numbers are flipped exactly whatever their number; other sums by enumeration up to 20
        // scenarios, by drawing past that.
        let differences = if metric.more_is_better() {
            paired.sum_differences()
        } else {
            paired.mean_differences()
        };
        sign_flip(&differences, MonteCarlo::with_seed(SIGN_FLIP_SEED))
            .ok()
            .map(|test| test.p)
    };
    let difference = estimate(
        difference.estimate,
        difference.interval.as_ref(),
        difference.method.as_str(),
        scenarios,
    );
    let ratio = estimate(
        ratio.estimate,
        ratio.interval.as_ref(),
        ratio.method.as_str(),
        scenarios,
    );
    let direction = match (difference.caution, difference.interval) {
        (Some(caution), _) => Direction::NotJudged(caution),
        (None, Some((lower, _))) if lower > 0.0 => better(metric.more_is_better()),
        (None, Some((_, upper))) if upper < 0.0 => better(!metric.more_is_better()),
        (None, _) => Direction::Inconclusive,
    };
    Ok(Comparison {
        group,
        metric,
        base,
        treat,
        scenarios,
        pairs: pairs.iter().map(|pair| pair.pairs).sum(),
        unpaired: pairs.iter().map(|pair| pair.unpaired).sum(),
        base_value: paired.base().mean(),
        treat_value: paired.treat().mean(),
        difference,
        ratio,
        p,
        adjusted_p: None,
        direction,
    })
}

/// Adjusts the p-values of each metric over all groups and pairs of arms.
fn adjust(comparisons: &mut [Comparison]) -> Result<(), AnalyseError> {
    for metric in Metric::ALL {
        let family: Vec<usize> = (0..comparisons.len())
            .filter(|&at| comparisons[at].metric == metric && comparisons[at].p.is_some())
            .collect();
        let values: Vec<f64> = family.iter().filter_map(|&at| comparisons[at].p).collect();
        if values.is_empty() {
            continue;
        }
        for (at, adjusted) in family.into_iter().zip(benjamini_hochberg(&values)?) {
            comparisons[at].adjusted_p = Some(adjusted);
        }
    }
    Ok(())
}

/// The comparison of arms that have no task in common.
fn nothing(
    group: Group,
    metric: Metric,
    base: usize,
    treat: usize,
    pairs: &[PairSums],
) -> Comparison {
    let undetermined = || Estimate {
        caution: Some(Caution::NotEstimable),
        ..Estimate::default()
    };
    Comparison {
        group,
        metric,
        base,
        treat,
        scenarios: 0,
        pairs: 0,
        unpaired: pairs.iter().map(|pair| pair.unpaired).sum(),
        base_value: None,
        treat_value: None,
        difference: undetermined(),
        ratio: undetermined(),
        p: None,
        adjusted_p: None,
        direction: Direction::NotJudged(Caution::NotEstimable),
    }
}

fn better(is: bool) -> Direction {
    if is {
        Direction::Better
    } else {
        Direction::Worse
    }
}

/// The learning curves: completion by session, over the scenarios that have it.
pub(super) fn curve(sums: &Sums, manifest: &Manifest) -> Result<Vec<CurvePoint>, AnalyseError> {
    let mut points = Vec::new();
    for (arm, sessions) in sums.curve.iter().enumerate().take(manifest.arms.len()) {
        for (at, cells) in sessions.iter().enumerate() {
            let streams = cells
                .iter()
                .filter(|(_, tasks)| *tasks > 0.0)
                .map(|&(completed, tasks)| StreamSums::new(completed, tasks));
            let streams = Arm::new(streams.collect::<Result<Vec<_>, _>>()?);
            let Ok(streams) = streams else { continue };
            let found = cluster_wilson(&streams, Level::NINETY_FIVE)?;
            points.push(CurvePoint {
                arm,
                session: u32::try_from(at + 1).unwrap_or(u32::MAX),
                scenarios: streams.counted().count(),
                estimate: estimate(
                    found.estimate,
                    found.interval.as_ref(),
                    found.method.as_str(),
                    streams.counted().count(),
                ),
            });
        }
    }
    Ok(points)
}
