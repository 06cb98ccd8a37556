//! Completion without the grader's errors: by arm and by pair of arms.
//!
//! With labels that were drawn from the run's own tasks the estimate is prediction-powered (PPI++), with
//! the jackknife over scenarios. With other labels the grader's errors are taken out of its verdicts
//! (Rogan and Gladen), with sizes that allow for scenarios. Tasks in which nothing was handed in are not
//! done, whatever a grader says, in either.

use std::collections::BTreeMap;

use super::{ArmAnswer, Correction, PairAnswer, Ranking, Share, Tasks, Unit};
use crate::stats::{
    Arm, Interval, Level, StatsError,
    calibration::{
        TestedCounts, Trust, corrected_difference, corrected_ratio, prediction_powered,
        rogan_gladen,
    },
    powered::{self, Powered, PoweredSums},
    proportion::{cluster_wilson, wilson},
    verdict::MINIMUM_STREAMS,
};

const LEVEL: Level = Level::NINETY_FIVE;

/// By truth, not done and done, then by the grader's verdict: labelled tasks of one scenario.
type Confusion = [[u64; 2]; 2];

/// One arm in one scenario.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    confusion: Confusion,
    /// Graded tasks, and those that the grader finds done.
    graded: u64,
    completed: u64,
    /// Tasks in which nothing was handed in.
    empty: u64,
}

/// A corrected rate and its interval, if there are.
type Corrected = Option<(f64, Option<Interval>)>;

/// All arms by scenario.
pub(super) struct Arms {
    cells: BTreeMap<usize, Vec<Cell>>,
    sampled: bool,
    powered: BTreeMap<usize, (Powered, f64)>,
}

#[expect(clippy::cast_precision_loss, reason = "counts of tasks")]
fn float(count: u64) -> f64 {
    count as f64
}

/// Sums of one arm over scenarios.
fn total(cells: &[Cell]) -> Cell {
    let mut sum = Cell::default();
    for cell in cells {
        for (row, other) in sum.confusion.iter_mut().zip(cell.confusion) {
            for (count, other) in row.iter_mut().zip(other) {
                *count += other;
            }
        }
        sum.graded += cell.graded;
        sum.completed += cell.completed;
        sum.empty += cell.empty;
    }
    sum
}

fn labels(cell: &Cell) -> u64 {
    cell.confusion.iter().flatten().sum()
}

/// Wilson's interval and the effective size of `met` of `of` over scenarios; with one scenario those of
/// independent tasks.
fn clustered(pairs: impl Iterator<Item = (u64, u64)>) -> Result<(Share, f64), StatsError> {
    let pairs: Vec<(u64, u64)> = pairs.collect();
    let (met, of) = pairs
        .iter()
        .fold((0, 0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    if of == 0 {
        return Ok((Share::default(), 0.0));
    }
    let arm = Arm::from_pairs(pairs.iter().map(|&(met, of)| (float(met), float(of))))?;
    let found = cluster_wilson(&arm, LEVEL)?;
    let (interval, size) = match (found.interval, found.n_eff) {
        (Some(interval), Some(size)) => (interval, size.min(float(of))),
        (_, _) => (wilson(float(met), float(of), LEVEL)?, float(of)),
    };
    let interval = Some(interval);
    Ok((Share { met, of, interval }, size))
}

/// Wilson's interval of the labels of an arm; `None` if something was not handed in, which they leave out.
fn labels_alone(cells: &[Cell]) -> Result<Option<Interval>, StatsError> {
    let done = |cell: &Cell| (cell.confusion[1][0] + cell.confusion[1][1], labels(cell));
    let (share, _) = clustered(cells.iter().map(done))?;
    Ok(share.interval.filter(|_| total(cells).empty == 0))
}

/// Sensitivity and specificity with their effective sizes.
fn errors(cells: &[Cell]) -> Result<[(Share, f64); 2], StatsError> {
    let of = |truth: usize| {
        let count = move |cell: &Cell| {
            let row = cell.confusion[truth];
            (row[truth], row[0] + row[1])
        };
        clustered(cells.iter().map(count))
    };
    Ok([of(1)?, of(0)?])
}

impl Arms {
    pub(super) fn new(
        tasks: &Tasks,
        truths: &BTreeMap<Unit, bool>,
        sampled: bool,
        scenarios: usize,
    ) -> Result<Self, StatsError> {
        let mut cells: BTreeMap<usize, Vec<Cell>> = BTreeMap::new();
        for (unit, judged) in &tasks.0 {
            let arm = cells
                .entry(unit.arm)
                .or_insert_with(|| vec![Cell::default(); scenarios]);
            let cell = &mut arm[unit.scenario];
            if !judged.graded {
                cell.empty += 1;
                continue;
            }
            cell.graded += 1;
            cell.completed += u64::from(judged.completed);
            if let Some(truth) = truths.get(unit) {
                cell.confusion[usize::from(*truth)][usize::from(judged.completed)] += 1;
            }
        }
        let mut powered = BTreeMap::new();
        for (arm, cells) in cells.iter().filter(|(_, cells)| labels(&total(cells)) > 0) {
            powered.insert(*arm, of_labels(cells)?);
        }
        Ok(Self {
            cells,
            sampled,
            powered,
        })
    }

    /// The arms that have a label.
    pub(super) fn labelled(&self) -> Vec<usize> {
        self.powered.keys().copied().collect()
    }

    /// Sensitivity and specificity over all arms.
    pub(super) fn pooled(&self) -> (Option<f64>, Option<f64>) {
        let all: Vec<Cell> = self.cells.values().map(|cells| total(cells)).collect();
        let [[refused, passed], [missed, found]] = total(&all).confusion;
        let share = |met: u64, not: u64| (met + not > 0).then(|| float(met) / float(met + not));
        (share(found, missed), share(refused, passed))
    }

    /// Whether the grader tells no more than a coin, in all arms together.
    fn is_like_a_coin(&self) -> bool {
        let (sensitivity, specificity) = self.pooled();
        let both = sensitivity.zip(specificity);
        both.is_some_and(|(sensitivity, specificity)| sensitivity + specificity <= 1.0)
    }

    pub(super) fn answer(&self, arm: usize) -> Result<ArmAnswer, StatsError> {
        let cells = &self.cells[&arm];
        let sum = total(cells);
        let [(sensitivity, _), (specificity, _)] = errors(cells)?;
        let (seen, corrected) = (sum.graded + sum.empty, self.corrected(arm)?);
        let (correction, corrected) = corrected;
        Ok(ArmAnswer {
            arm,
            labels: labels(&sum),
            sensitivity,
            specificity,
            seen: (seen > 0).then(|| float(sum.completed) / float(seen)),
            corrected: corrected.map(|(value, _)| value),
            interval: corrected.and_then(|(_, interval)| interval),
            correction,
        })
    }

    fn corrected(&self, arm: usize) -> Result<(Correction, Corrected), StatsError> {
        if self.sampled {
            let Some((powered, weight)) = self.powered.get(&arm) else {
                return Ok((Correction::None, None));
            };
            let found = powered::mean(powered, true, LEVEL)?;
            // Where nothing varies there is no jackknife: the labels alone are a share of tasks.
            let interval = match found.interval {
                Some(interval) => Some(interval),
                None => labels_alone(&self.cells[&arm])?,
            };
            let value = found
                .estimate
                .map(|value| (value.clamp(0.0, 1.0), interval));
            return Ok((Correction::Powered { weight: *weight }, value));
        }
        let cells = &self.cells[&arm];
        let own = errors(cells)?;
        let pooled = own.iter().any(|(share, _)| share.of == 0);
        let [(sensitivity, positives), (specificity, negatives)] = if pooled {
            let scenarios = cells.len();
            let all = (0..scenarios).map(|scenario| {
                let of: Vec<Cell> = self.cells.values().map(|cells| cells[scenario]).collect();
                total(&of)
            });
            errors(&all.collect::<Vec<_>>())?
        } else {
            own
        };
        let (seen, tested) = clustered(cells.iter().map(|cell| (cell.completed, cell.graded)))?;
        let at =
            |share: Share, size: f64| share.value().map_or(0.0, |value| (value * size).min(size));
        let found = rogan_gladen(
            &TestedCounts {
                positive: at(seen, tested),
                tested,
                true_positive: at(sensitivity, positives),
                positives,
                true_negative: at(specificity, negatives),
                negatives,
            },
            LEVEL,
        )?;
        let Some(found) = found else {
            return Ok((Correction::None, None));
        };
        // What was not handed in is not done.
        let sum = total(cells);
        let share = float(sum.graded) / float(sum.graded + sum.empty);
        let (lower, upper) = (
            found.interval.lower() * share,
            found.interval.upper() * share,
        );
        let method = found.interval.method();
        // The interval is shifted against the estimate and may leave it out at the edge.
        let value = found.estimate * share;
        let interval = Interval::new(lower.min(value), upper.max(value), LEVEL, method)?;
        let correction = Correction::RoganGladen { pooled };
        Ok((correction, Some((value, Some(interval)))))
    }

    pub(super) fn pair(
        &self,
        base: &ArmAnswer,
        treat: &ArmAnswer,
    ) -> Result<PairAnswer, StatsError> {
        let (one, other) = (&self.cells[&base.arm], &self.cells[&treat.arm]);
        let has = |cell: &Cell| cell.graded + cell.empty > 0;
        let both = |(one, other): &(&Cell, &Cell)| has(one) && has(other);
        let scenarios = one.iter().zip(other).filter(both).count();
        let seen = base.seen.zip(treat.seen);
        let mut pair = PairAnswer {
            base: base.arm,
            treat: treat.arm,
            scenarios,
            seen_difference: seen.map(|(base, treat)| treat - base),
            seen_ratio: seen
                .filter(|(base, _)| *base > 0.0)
                .map(|(base, treat)| treat / base),
            difference: None,
            difference_interval: None,
            ratio: None,
            ratio_interval: None,
            ranking: Ranking::NotEstimable,
            holds: Vec::new(),
        };
        if self.sampled {
            let (one, other) = self.over_both(base.arm, treat.arm)?;
            let difference = powered::difference(&one, &other, LEVEL)?;
            let ratio = powered::ratio(&one, &other, LEVEL)?;
            pair.difference = difference.estimate;
            pair.difference_interval = difference.interval;
            pair.ratio = ratio.estimate;
            pair.ratio_interval = ratio.interval;
        } else if let (Some(one), Some(other)) = (
            base.corrected.zip(base.interval),
            treat.corrected.zip(treat.interval),
        ) {
            pair.difference = Some(other.0 - one.0);
            pair.difference_interval = Some(corrected_difference(&one, &other)?);
            pair.ratio = (one.0 > 0.0).then(|| other.0 / one.0);
            pair.ratio_interval = corrected_ratio(&one, &other)?;
        }
        pair.ranking = self.ranking(&pair, base, treat);
        Ok(pair)
    }

    /// Whether the grader's errors leave the order of two arms standing. Labels that were drawn from the
    /// run correct an arm even where the grader tells nothing of it; without such labels they cannot.
    fn ranking(&self, pair: &PairAnswer, base: &ArmAnswer, treat: &ArmAnswer) -> Ranking {
        let like_a_coin = |arm: &ArmAnswer| {
            let both = arm.sensitivity.value().zip(arm.specificity.value());
            !self.sampled && both.is_some_and(|(one, other)| one + other <= 1.0)
        };
        if self.is_like_a_coin() || like_a_coin(base) || like_a_coin(treat) {
            return Ranking::GraderLikeACoin;
        }
        if pair.scenarios < MINIMUM_STREAMS {
            return Ranking::TooFewScenarios;
        }
        match pair.difference_interval {
            None => Ranking::NotEstimable,
            Some(interval) if interval.lower() > 0.0 => Ranking::Better,
            Some(interval) if interval.upper() < 0.0 => Ranking::Worse,
            Some(_) => Ranking::ErrorsCouldTurnIt,
        }
    }

    /// Both arms over the scenarios that both have tasks in.
    fn over_both(&self, base: usize, treat: usize) -> Result<(Powered, Powered), StatsError> {
        let (one, other) = (&self.cells[&base], &self.cells[&treat]);
        let has = |cell: &Cell| cell.graded + cell.empty > 0;
        let both: Vec<usize> = (0..one.len())
            .filter(|&at| has(&one[at]) && has(&other[at]))
            .collect();
        let of = |cells: &[Cell]| {
            let cells: Vec<Cell> = both.iter().map(|&at| cells[at]).collect();
            of_labels(&cells).map(|(powered, _)| powered)
        };
        Ok((of(one)?, of(other)?))
    }
}

/// An arm from its labels and its verdicts, and the weight of the latter.
fn of_labels(cells: &[Cell]) -> Result<(Powered, f64), StatsError> {
    let sum = total(cells);
    let rows = |truth: usize, seen: usize| {
        let pair = (
            f64::from(u8::from(truth == 1)),
            f64::from(u8::from(seen == 1)),
        );
        (0..sum.confusion[truth][seen]).map(move |_| pair)
    };
    let labelled: Vec<(f64, f64)> = [(0, 0), (0, 1), (1, 0), (1, 1)]
        .into_iter()
        .flat_map(|(truth, seen)| rows(truth, seen))
        .collect();
    let known = |cell: &Cell| cell.confusion[0][1] + cell.confusion[1][1];
    let rest = sum.graded - labels(&sum);
    let done = sum.completed - known(&sum);
    let unlabelled: Vec<f64> = (0..rest).map(|at| f64::from(u8::from(at < done))).collect();
    let weight = if labelled.len() > 1 && !unlabelled.is_empty() {
        prediction_powered(&labelled, &unlabelled, Trust::Tuned, LEVEL)?.lambda
    } else {
        0.0
    };
    // A scenario without tasks is no stream.
    let streams = cells.iter().filter(|cell| cell.graded + cell.empty > 0);
    let streams = streams.map(|cell| PoweredSums {
        labelled: float(labels(cell)),
        truth: float(cell.confusion[1][0] + cell.confusion[1][1]),
        seen: float(known(cell)),
        rest: float(cell.graded - labels(cell)),
        rest_seen: float(cell.completed - known(cell)),
        zeros: float(cell.empty),
    });
    Ok((Powered::new(streams.collect(), weight)?, weight))
}

#[cfg(test)]
mod tests;
