//! Where variance comes from: nested random effects by the analysis of variance.
//!
//! *What it is for.* A result is drawn three times over: what is under trial is
//! made anew (a *draw*), each draw is tried again (a *re-run*), and each try is
//! measured again (a *measurement*). Within a cell, which has a mean of its own,
//! `y = mean + draw + re-run within draw + measurement within re-run`, and the
//! variance of each effect says what repeating that level would bring. *What it
//! is not.* A model of how cells differ: their means are taken out. Nor a
//! likelihood: 0/1 values are allowed, and their variances are those of the
//! probabilities of effects. *What always holds.* The sums are additive over
//! cells, so any cells may be pooled and any numbers of repetitions mixed; a level
//! that nothing repeats has no estimate, and says with what it is mixed.
//!
//! Source: Searle, Casella and `McCulloch` 1992, *Variance Components*, chapter 5
//! (analysis of variance estimation for unbalanced data).

use super::bootstrap::Resampling;
use super::bootstrap::bootstrap_totals;
use super::error::StatsError;
use super::interval::Interval;
use super::sample::as_float;

/// The values of a cell: draws, of each its re-runs, of each its measurements.
pub type Cell = Vec<Vec<Vec<f64>>>;

/// A level of the nesting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// What is under trial, made anew.
    Draw,
    /// The same tried again.
    Rerun,
    /// The same try measured again.
    Measurement,
}

impl Stage {
    /// All of them, the outermost first.
    pub const ALL: [Self; 3] = [Self::Draw, Self::Rerun, Self::Measurement];
}

/// What is known of the variance of a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Separation {
    /// It stands alone.
    Alone,
    /// Nothing repeats this level; its variance is part of that of a level around
    /// it.
    MixedWith(Stage),
    /// Nothing repeats this level nor one around it; its variance is part of how
    /// cells differ.
    MixedWithCells,
}

/// The variance of one level.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Component {
    /// The level.
    pub stage: Stage,
    /// Whether it can be told apart.
    pub separation: Separation,
    /// The variance, not below 0; `None` if it cannot be told apart.
    pub variance: Option<f64>,
    /// Whether the estimate was below 0 and is given as 0: the variance is small
    /// against what estimates it.
    pub was_negative: bool,
    /// Bootstrap limits over streams, not below 0; `None` with fewer than two
    /// streams, and where they would be a single point.
    pub interval: Option<Interval>,
    /// Degrees of freedom.
    pub degrees: f64,
}

/// The variances of the levels.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Components {
    /// By level, the outermost first.
    pub components: [Component; 3],
    /// Their sum, without those that cannot be told apart.
    pub total: f64,
    /// Streams that have a value.
    pub streams: usize,
    /// Cells that have a value.
    pub cells: usize,
    /// Values.
    pub values: usize,
}

impl Components {
    /// The share of a level in the total; `None` if either has no variance.
    pub fn share(&self, stage: Stage) -> Option<f64> {
        let variance = self.components[stage as usize].variance?;
        (self.total > 0.0).then(|| variance / self.total)
    }
}

/// Sums of squares, degrees of freedom and coefficients, additive over cells.
///
/// With `n` values in a re-run, draw or cell and all sums over these:
/// `E[within re-runs]  = degrees * measurement`,
/// `E[between re-runs] = degrees * measurement + reruns_in_reruns * rerun`,
/// `E[between draws]   = degrees * measurement + reruns_in_draws * rerun +
/// draws_in_draws * draw`.
const SUMS: usize = 9;
const SQUARES: [usize; 3] = [0, 1, 2];
const DEGREES: [usize; 3] = [3, 4, 5];
const RERUNS_IN_RERUNS: usize = 6;
const RERUNS_IN_DRAWS: usize = 7;
const DRAWS_IN_DRAWS: usize = 8;

type Sums = [f64; SUMS];

/// Below this share of the values' size a deviation is rounding.
const ROUNDING: f64 = 1e-12;

/// Sum and number of values.
#[derive(Debug, Clone, Copy, Default)]
struct Total {
    sum: f64,
    count: f64,
}

impl Total {
    fn add(&mut self, other: Self) {
        self.sum += other.sum;
        self.count += other.count;
    }

    fn mean(self) -> f64 {
        self.sum / self.count
    }
}

/// The sums of one cell; `None` without a value.
fn sums_of(cell: &Cell) -> Option<Sums> {
    let mut sums = [0.0; SUMS];
    let mut whole = Total::default();
    let mut draws = Vec::new();
    for draw in cell {
        let mut in_draw = Total::default();
        let mut reruns = Vec::new();
        for values in draw.iter().filter(|values| !values.is_empty()) {
            let rerun = Total {
                sum: values.iter().sum(),
                count: as_float(values.len()),
            };
            let mean = rerun.mean();
            sums[SQUARES[Stage::Measurement as usize]] += values
                .iter()
                .map(|value| (value - mean).powi(2))
                .sum::<f64>();
            sums[DEGREES[Stage::Measurement as usize]] += rerun.count - 1.0;
            in_draw.add(rerun);
            reruns.push(rerun);
        }
        if reruns.is_empty() {
            continue;
        }
        let mean = in_draw.mean();
        sums[SQUARES[Stage::Rerun as usize]] += between(&reruns, mean);
        sums[DEGREES[Stage::Rerun as usize]] += as_float(reruns.len()) - 1.0;
        let squares = reruns.iter().map(|rerun| rerun.count.powi(2)).sum::<f64>();
        sums[RERUNS_IN_RERUNS] += in_draw.count - squares / in_draw.count;
        sums[RERUNS_IN_DRAWS] += squares / in_draw.count;
        whole.add(in_draw);
        draws.push((in_draw, squares));
    }
    if draws.is_empty() {
        return None;
    }
    let (totals, squares): (Vec<Total>, Vec<f64>) = draws.into_iter().unzip();
    sums[SQUARES[Stage::Draw as usize]] += between(&totals, whole.mean());
    sums[DEGREES[Stage::Draw as usize]] += as_float(totals.len()) - 1.0;
    sums[RERUNS_IN_DRAWS] -= squares.iter().sum::<f64>() / whole.count;
    let of_draws = totals.iter().map(|draw| draw.count.powi(2)).sum::<f64>();
    sums[DRAWS_IN_DRAWS] += whole.count - of_draws / whole.count;
    Some(sums)
}

/// The squares between parts around the mean of the whole, each value counted.
fn between(parts: &[Total], mean: f64) -> f64 {
    parts
        .iter()
        .map(|part| part.count * (part.mean() - mean).powi(2))
        .sum()
}

/// The three variances as the equations give them, below 0 or not; `None` where
/// nothing repeats a level. What is not known of an inner level stays in the one
/// around it.
fn solve(sums: &Sums) -> [Option<f64>; 3] {
    let [draws, reruns, within] = SQUARES.map(|at| sums[at]);
    let [of_draws, of_reruns, of_within] = DEGREES.map(|at| sums[at]);
    let measurement = (of_within > 0.0).then(|| within / of_within);
    let rerun = (of_reruns > 0.0)
        .then(|| (reruns - of_reruns * measurement.unwrap_or(0.0)) / sums[RERUNS_IN_RERUNS]);
    let draw = (of_draws > 0.0).then(|| {
        let inner =
            of_draws * measurement.unwrap_or(0.0) + sums[RERUNS_IN_DRAWS] * rerun.unwrap_or(0.0);
        (draws - inner) / sums[DRAWS_IN_DRAWS]
    });
    [draw, rerun, measurement]
}

/// Estimates the variances of all levels, pooled over the cells of all streams,
/// with limits by resampling streams.
///
/// Assumes that effects of a level have the same variance in every cell, or that
/// its mean over cells is wanted. Values must be finite. `Ok(None)` without any.
///
/// Source: Searle, Casella and `McCulloch` 1992, chapter 5; for resampling
/// clusters see [`super::bootstrap`].
pub fn components(
    streams: &[Vec<Cell>],
    resampling: Resampling,
) -> Result<Option<Components>, StatsError> {
    let values = || streams.iter().flatten().flatten().flatten().flatten();
    if let Some((index, value)) = values().enumerate().find(|(_, value)| !value.is_finite()) {
        let value = *value;
        return Err(StatsError::NotFinite { index, value });
    }
    let found: Vec<Vec<Sums>> = streams
        .iter()
        .map(|cells| cells.iter().filter_map(sums_of).collect::<Vec<_>>())
        .filter(|cells: &Vec<Sums>| !cells.is_empty())
        .collect();
    if found.is_empty() {
        return Ok(None);
    }
    let added = |all: &mut dyn Iterator<Item = &Sums>| {
        all.fold([0.0; SUMS], |mut sum, one| {
            for (sum, one) in sum.iter_mut().zip(one) {
                *sum += one;
            }
            sum
        })
    };
    let by_stream: Vec<Sums> = found.iter().map(|cells| added(&mut cells.iter())).collect();
    let sums = added(&mut by_stream.iter());
    let squares = values().map(|value| value * value).sum::<f64>();
    let slack = ROUNDING * ROUNDING * squares / as_float(values().count());
    let solved = solve(&sums);
    let mut components = Vec::new();
    for stage in Stage::ALL {
        components.push(component(
            stage, &solved, &sums, slack, &by_stream, resampling,
        )?);
    }
    let total = components.iter().filter_map(|one| one.variance).sum();
    let [draw, rerun, measurement] = [components[0], components[1], components[2]];
    Ok(Some(Components {
        components: [draw, rerun, measurement],
        total,
        streams: found.len(),
        cells: found.iter().map(Vec::len).sum(),
        values: values().count(),
    }))
}

fn component(
    stage: Stage,
    solved: &[Option<f64>; 3],
    sums: &Sums,
    slack: f64,
    by_stream: &[Sums],
    resampling: Resampling,
) -> Result<Component, StatsError> {
    let at = stage as usize;
    let degrees = sums[DEGREES[at]];
    let Some(raw) = solved[at] else {
        let around = Stage::ALL[..at].iter().rev();
        let mut known = around.filter(|stage| solved[**stage as usize].is_some());
        let separation = known.next().map_or(Separation::MixedWithCells, |stage| {
            Separation::MixedWith(*stage)
        });
        return Ok(Component {
            stage,
            separation,
            variance: None,
            was_negative: false,
            interval: None,
            degrees,
        });
    };
    let statistic = |sums: &Sums| solve(sums)[at].unwrap_or(f64::NAN);
    let interval = bootstrap_totals(by_stream, statistic, resampling)?
        .map(|found| {
            let (lower, upper) = (found.bca.lower().max(0.0), found.bca.upper().max(0.0));
            Interval::new(lower, upper, found.bca.level(), found.bca.method())
        })
        .transpose()?
        // Streams that do not vary say nothing of how far others would.
        .filter(|interval| interval.width() > slack);
    Ok(Component {
        stage,
        separation: Separation::Alone,
        variance: Some(if raw > slack { raw } else { 0.0 }),
        was_negative: raw < -slack,
        interval,
        degrees,
    })
}

#[cfg(test)]
mod tests;
