//! Time until a first event, with units that never reach it.
//!
//! *What it is for.* "How soon?" where some units are cut off before the
//! event: Kaplan-Meier curves, restricted means, and their difference over
//! streams. *What it is not.* A model of hazards. *What always holds.* The
//! inference is [`restricted_mean_difference`]; [`log_rank`] treats units of
//! the same stream as independent and is printed as naive.

use super::distribution;
use super::error::StatsError;
use super::interval::Level;
use super::jackknife;
use super::jackknife::Contrast;
use super::sample::as_float;

/// Survival at or below this counts as half; sums of shares are not exact.
const HALF: f64 = 0.5 + 1e-12;

/// One unit: its stream, its time, and whether the event came then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// Position of the stream, from zero.
    pub stream: usize,
    /// Time of the event, or the last time the unit was seen.
    pub time: u32,
    /// Whether the event came at `time`.
    pub event: bool,
}

/// One step of a survival curve.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// A time with events.
    pub time: u32,
    /// Units at risk just before it.
    pub at_risk: usize,
    /// Units with the event at it.
    pub events: usize,
    /// Share of units without event after it.
    pub survival: f64,
}

/// A Kaplan-Meier curve.
#[derive(Debug, Clone, PartialEq)]
pub struct KaplanMeier {
    steps: Vec<Step>,
    units: usize,
}

impl KaplanMeier {
    /// The curve of at least one unit.
    ///
    /// Assumes that units are cut off for reasons unrelated to their event.
    /// Source: Kaplan and Meier 1958.
    pub fn new(units: &[Unit]) -> Result<Self, StatsError> {
        if units.is_empty() {
            return Err(StatsError::Empty);
        }
        let mut survival = 1.0;
        let mut steps = Vec::new();
        for time in event_times(units) {
            let (at_risk, events) = counts(units, time);
            survival *= 1.0 - as_float(events) / as_float(at_risk);
            steps.push(Step {
                time,
                at_risk,
                events,
                survival,
            });
        }
        Ok(Self {
            steps,
            units: units.len(),
        })
    }

    /// One step for every time with events, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Number of units.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Number of events.
    pub fn events(&self) -> usize {
        self.steps.iter().map(|step| step.events).sum()
    }

    /// The first time at which at most half of the units remain.
    pub fn median(&self) -> Option<u32> {
        let step = self.steps.iter().find(|step| step.survival <= HALF)?;
        Some(step.time)
    }

    /// The mean time until the event or `horizon`, whichever comes first: the
    /// area under the curve from zero to there.
    pub fn restricted_mean(&self, horizon: u32) -> f64 {
        let (mut area, mut from, mut survival) = (0.0, 0, 1.0);
        for step in self.steps.iter().filter(|step| step.time < horizon) {
            area += survival * f64::from(step.time - from);
            (from, survival) = (step.time, step.survival);
        }
        area + survival * f64::from(horizon.saturating_sub(from))
    }
}

/// Times with events, ascending.
fn event_times(units: &[Unit]) -> Vec<u32> {
    let events = units.iter().filter(|unit| unit.event);
    let mut times = events.map(|unit| unit.time).collect::<Vec<_>>();
    times.sort_unstable();
    times.dedup();
    times
}

/// Units at risk and events at a time.
fn counts(units: &[Unit], time: u32) -> (usize, usize) {
    let at_risk = units.iter().filter(|unit| unit.time >= time).count();
    let events = units
        .iter()
        .filter(|unit| unit.event && unit.time == time)
        .count();
    (at_risk, events)
}

/// Treated minus base restricted mean with its CV3 t interval over streams
/// `0..streams`; each stream leaves both arms together.
///
/// Assumes independent streams. Source: Royston and Parmar 2013 for the
/// restricted mean; `MacKinnon`, Nielsen and Webb 2023 for the jackknife.
pub fn restricted_mean_difference(
    base: &[Unit],
    treat: &[Unit],
    streams: usize,
    horizon: u32,
    level: Level,
) -> Result<Contrast, StatsError> {
    let of = |units: &[Unit]| Ok(KaplanMeier::new(units)?.restricted_mean(horizon));
    let estimate = of(treat)? - of(base)?;
    let without = (0..streams).map(|stream| {
        let rest = |units: &[Unit]| {
            let rest = units.iter().filter(|unit| unit.stream != stream);
            let curve = KaplanMeier::new(&rest.copied().collect::<Vec<_>>());
            curve.ok().map(|curve| curve.restricted_mean(horizon))
        };
        Some(rest(treat)? - rest(base)?)
    });
    let se = jackknife::cv3_se(estimate, without, f64::from(horizon).max(1.0));
    Contrast::new(estimate, se, streams, level)
}

/// Result of [`log_rank`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LogRank {
    /// The statistic.
    pub chi_squared: f64,
    /// Its p-value, chi-squared with one degree of freedom.
    pub p: f64,
}

/// The log-rank test of equal hazards; `None` without events or without
/// variance.
///
/// Assumes independent units, which units of the same streams are not.
/// Source: Mantel 1966.
pub fn log_rank(base: &[Unit], treat: &[Unit]) -> Option<LogRank> {
    let all = [base, treat].concat();
    let (mut distance, mut variance) = (0.0, 0.0);
    for time in event_times(&all) {
        let (at_risk, events) = counts(&all, time);
        let (treat_at_risk, treat_events) = counts(treat, time);
        let (size, events) = (as_float(at_risk), as_float(events));
        let share = as_float(treat_at_risk) / size;
        distance += as_float(treat_events) - events * share;
        if at_risk > 1 {
            variance += events * share * (1.0 - share) * (size - events) / (size - 1.0);
        }
    }
    (variance > 0.0).then(|| {
        let chi_squared = distance * distance / variance;
        LogRank {
            chi_squared,
            p: distribution::chi_squared_one_tail(chi_squared),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(time: u32, event: bool) -> Unit {
        Unit {
            stream: 0,
            time,
            event,
        }
    }

    #[test]
    fn a_small_curve_by_hand() {
        let units = [unit(1, true), unit(2, false), unit(3, true), unit(4, false)];
        let curve = KaplanMeier::new(&units).unwrap();
        let survival = curve.steps().iter().map(|s| s.survival).collect::<Vec<_>>();
        assert!((survival[0] - 0.75).abs() < 1e-15 && (survival[1] - 0.375).abs() < 1e-15);
        assert_eq!((curve.median(), curve.events()), (Some(3), 2));
        // 1 up to 1, 0.75 up to 3, 0.375 up to 4.
        assert!((curve.restricted_mean(4) - 2.875).abs() < 1e-15);
        assert!((curve.restricted_mean(2) - 1.75).abs() < 1e-15);
    }

    #[test]
    fn no_event_and_no_unit() {
        let never = [unit(5, false)];
        let curve = KaplanMeier::new(&never).unwrap();
        assert_eq!(curve.median(), None);
        assert!((curve.restricted_mean(5) - 5.0).abs() < 1e-15);
        assert_eq!(log_rank(&never, &never), None);
        assert_eq!(KaplanMeier::new(&[]), Err(StatsError::Empty));
    }
}
