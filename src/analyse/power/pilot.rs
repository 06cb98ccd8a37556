//! What a run says as a pilot: its standard error, and how much of it repetitions could remove.

use std::collections::BTreeMap;

use super::{Ask, Pilot, PowerError, Terms, Variance};
use crate::{
    analyse::{
        AnalyseError, Group, Measured, Metric, Part,
        claim::On,
        estimate::members,
        measured::{difference_of, ratio_of},
        sums::{Row, add, cost_of, parts_of},
    },
    experiment::Regime,
    record::Record,
    stats::{Paired, interval::Method, means::mean_and_se},
    transcript::Role,
};

/// Which comparison of a run is the pilot.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The metric.
    pub metric: Metric,
    /// The scenarios.
    pub group: Group,
    /// The arm compared with; else the first without memory, for a gate the first with dreams.
    pub base: Option<String>,
    /// The arm compared; else the first other one with dreams.
    pub treat: Option<String>,
}

/// Both arms of one repetition of one scenario, over the tasks that both have.
type Cells = BTreeMap<usize, BTreeMap<u32, (Row, Row)>>;

/// Repetition, scenario, session and task of a row.
type Place = (u32, usize, u32, u32);

impl Pilot {
    /// Reads a record as a pilot for a question.
    pub fn read(
        record: &Record,
        measured: &Measured,
        wanted: &Wanted,
        terms: &Terms,
    ) -> Result<Self, PowerError> {
        let (base, treat) = arms(measured, wanted, terms)?;
        let &Wanted { metric, group, .. } = wanted;
        let pairs = measured
            .pairs(group, metric, base, treat)?
            .ok_or(PowerError::NoPairs)?;
        let (Some(base_value), Some(treat_value)) =
            (pairs.paired.base().mean(), pairs.paired.treat().mean())
        else {
            return Err(PowerError::NoPairs);
        };
        let (estimate, se) = estimate(metric, &pairs.paired, terms)?;
        let read = Reading::of(record, measured, group, (base, treat))?;
        let repetitions = read.cells.values().map(BTreeMap::len).max().unwrap_or(1);
        let repetitions = u32::try_from(repetitions).unwrap_or(u32::MAX);
        #[expect(clippy::cast_precision_loss, reason = "a count of scenarios")]
        let spread = se * se * pairs.paired.stream_count() as f64;
        let variance = share_within(metric, &read.cells, terms).map(|share| Variance {
            between: spread * (1.0 - share),
            within: spread * share * f64::from(repetitions),
        });
        #[expect(clippy::cast_precision_loss, reason = "counts of trials and sessions")]
        let (trials, sessions, tasks) =
            (read.trials as f64, read.sessions as f64, read.tasks as f64);
        let name = |arm: usize| measured.manifest.arms[arm].id.clone();
        Ok(Self {
            metric,
            group,
            arms: (name(base), name(treat)),
            values: (base_value, treat_value),
            estimate,
            se,
            scenarios: pairs.paired.stream_count(),
            repetitions,
            variance,
            sessions: sessions / trials,
            tasks: tasks / trials,
            usd_per_session: read.micro_dollars / 1e6 / sessions,
        })
    }
}

/// The arms by number: those that are named, else those that the question is usually about.
fn arms(measured: &Measured, wanted: &Wanted, terms: &Terms) -> Result<(usize, usize), PowerError> {
    let arms = &measured.manifest.arms;
    let find = |name: &String| {
        let found = arms.iter().position(|arm| arm.id.as_str() == name);
        found.ok_or_else(|| PowerError::NoArm {
            arm: name.clone(),
            known: arms.iter().map(|arm| arm.id.to_string()).collect(),
        })
    };
    let first = |regime: Regime, but: Option<usize>| {
        (0..arms.len()).find(|&at| arms[at].memory == regime && Some(at) != but)
    };
    let named = wanted.treat.as_ref().map(find).transpose()?;
    let base = match (&wanted.base, terms.ask) {
        (Some(name), _) => find(name)?,
        (None, Ask::Gate(_)) => first(Regime::Dreamed, named).unwrap_or(0),
        (None, Ask::AtLeast(_) | Ask::AtMost(_) | Ask::Direction) => {
            first(Regime::None, named).unwrap_or(0)
        }
    };
    let other = || (0..arms.len()).find(|&at| at != base);
    let treat = named
        .or_else(|| first(Regime::Dreamed, Some(base)))
        .or_else(other)
        .unwrap_or(base);
    if base == treat {
        return Err(PowerError::OneArm(arms[base].id.to_string()));
    }
    Ok((base, treat))
}

/// The estimate on the scale of the question, and its standard error.
fn estimate(metric: Metric, paired: &Paired, terms: &Terms) -> Result<(f64, f64), PowerError> {
    let (estimate, se, method) = match (terms.ask, terms.on) {
        // A gate takes every scenario alike.
        (Ask::Gate(_), _) => {
            let (mean, se) = mean_and_se(&paired.mean_differences());
            (Some(mean), Some(se), Method::Cv3T)
        }
        (_, On::Difference) => {
            let found = difference_of(metric, paired)?;
            (found.estimate, found.se, found.method)
        }
        (_, On::Ratio) => {
            let found = ratio_of(metric, paired)?;
            (found.estimate, found.log_se, found.method)
        }
    };
    match (estimate, se) {
        (Some(estimate), Some(se)) if se > 0.0 && se.is_finite() && estimate.is_finite() => {
            Ok((estimate, se))
        }
        (_, se) => Err(PowerError::NoError {
            scale: match terms.on {
                On::Ratio => "ratio",
                On::Difference => "difference",
            },
            method: method.as_str(),
            why: if paired.stream_count() < 2 {
                "one scenario does not show how scenarios differ"
            } else if se.is_some_and(|se| se <= 0.0) {
                "all its scenarios agree"
            } else {
                "an arm has next to nothing"
            },
        }),
    }
}

/// One pass over the rows of two arms.
#[derive(Debug, Default)]
struct Reading {
    cells: Cells,
    /// Trials of both arms, whether they pair or not.
    trials: usize,
    sessions: u64,
    tasks: u64,
    micro_dollars: f64,
}

impl Reading {
    #[expect(
        clippy::cast_precision_loss,
        reason = "micro-dollars of a run are far below 2^53"
    )]
    fn of(
        record: &Record,
        measured: &Measured,
        group: Group,
        (base, treat): (usize, usize),
    ) -> Result<Self, AnalyseError> {
        let prices = &measured.manifest.prices();
        let members = members(group, &measured.manifest);
        let wanted = |scenario: usize, arm: usize| {
            (arm == base || arm == treat) && members.contains(&scenario)
        };
        let mut read = Self::default();
        let mut reached: BTreeMap<(u32, usize, usize), u32> = BTreeMap::new();
        // The arms of one task come together.
        let mut waiting: Option<(Place, usize, Row)> = None;
        record.for_each_task(|row| {
            if !wanted(row.scenario, row.arm) {
                return;
            }
            let (agent, grader, runtime) = cost_of(&row, prices);
            let cost = agent + grader + runtime;
            read.micro_dollars +=
                (cost + prices.of(Role::FinalGrader).of_tokens(&row.final_grader).0) as f64;
            read.sessions += u64::from(row.last_of_session);
            read.tasks += 1;
            reached.insert((row.repetition, row.scenario, row.arm), row.session);
            let (key, sums) = (
                (row.repetition, row.scenario, row.session, row.task),
                parts_of(&row, cost),
            );
            match waiting.take() {
                Some((other, arm, before)) if other == key && arm != row.arm => {
                    let (one, two) = if arm == base {
                        (before, sums)
                    } else {
                        (sums, before)
                    };
                    let cell = read.cell(row.scenario, row.repetition);
                    add(&mut cell.0, &one);
                    add(&mut cell.1, &two);
                }
                Some(_) | None => waiting = Some((key, row.arm, sums)),
            }
        })?;
        record.for_each_dream(|dream| {
            if !wanted(dream.scenario, dream.arm) {
                return;
            }
            let cost = prices.of(Role::Dreamer).of_tokens(&dream.usage).0 as f64;
            read.micro_dollars += cost;
            let has = |arm: usize| {
                let trial = (dream.repetition, dream.scenario, arm);
                reached
                    .get(&trial)
                    .is_some_and(|&last| last >= dream.session)
            };
            if has(base) && has(treat) {
                let cell = read.cell(dream.scenario, dream.repetition);
                let side = if dream.arm == base {
                    &mut cell.0
                } else {
                    &mut cell.1
                };
                side[Part::Cost as usize] += cost;
            }
        })?;
        read.trials = reached.len();
        Ok(read)
    }

    fn cell(&mut self, scenario: usize, repetition: u32) -> &mut (Row, Row) {
        let scenario = self.cells.entry(scenario).or_default();
        scenario.entry(repetition).or_default()
    }
}

/// The part of the variance between scenarios' contributions that their repetitions make; `None` if no
/// scenario has two.
///
/// A repetition's contribution is its influence on the estimate: what the estimate would change by if
/// there were a little more of it. The mean over a scenario's repetitions is that scenario's contribution,
/// so the variance of that mean is what repetitions add to the variance between scenarios.
#[expect(clippy::cast_precision_loss, reason = "counts of repetitions")]
fn share_within(metric: Metric, cells: &Cells, terms: &Terms) -> Option<f64> {
    let (sum, count) = metric.parts();
    let (sum, count) = (sum as usize, count as usize);
    let total = |pick: fn(&(Row, Row)) -> &Row, part: usize| {
        let all = cells.values().flat_map(BTreeMap::values);
        all.map(|cell| pick(cell)[part]).sum::<f64>()
    };
    let of_arm = |pick: fn(&(Row, Row)) -> &Row| (total(pick, sum), total(pick, count));
    let (base, treat) = (of_arm(|cell| &cell.0), of_arm(|cell| &cell.1));
    let influence = |row: &Row, (all, counted): (f64, f64)| {
        let of_mean = (row[sum] - all / counted * row[count]) / counted;
        match (terms.ask, terms.on) {
            (Ask::Gate(_), _) => row[sum] / row[count],
            (_, On::Difference) => of_mean,
            (_, On::Ratio) => of_mean * counted / all,
        }
    };
    let (mut means, mut errors) = (Vec::new(), Vec::new());
    for scenario in cells.values() {
        let repetitions = scenario.len() as f64;
        let of_repetitions: Vec<f64> = scenario
            .values()
            .map(|(one, other)| repetitions * (influence(other, treat) - influence(one, base)))
            .collect();
        let of_repetitions: Vec<f64> = match terms.ask {
            Ask::Gate(_) => of_repetitions
                .iter()
                .map(|value| value / repetitions)
                .collect(),
            Ask::AtLeast(_) | Ask::AtMost(_) | Ask::Direction => of_repetitions,
        };
        let (mean, error) = mean_and_se(&of_repetitions);
        means.push(mean);
        if of_repetitions.len() > 1 {
            errors.push(error * error);
        }
    }
    let (_, of_mean) = mean_and_se(&means);
    let between = of_mean * of_mean * means.len() as f64;
    let within = errors.iter().sum::<f64>() / errors.len() as f64;
    let share = within / between;
    (!errors.is_empty() && share.is_finite()).then(|| share.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(rates: &[[[f64; 2]; 2]]) -> Cells {
        let row = |completed: f64| {
            let mut row = Row::default();
            row[Part::Completed as usize] = completed;
            row[Part::Tasks as usize] = 4.0;
            row
        };
        let scenario = |repetitions: &[[f64; 2]; 2]| {
            let of = |&[base, treat]: &[f64; 2]| (row(base), row(treat));
            (1..).zip(repetitions.iter().map(of)).collect()
        };
        rates.iter().map(scenario).enumerate().collect()
    }

    fn share(ask: Ask, on: On, rates: &[[[f64; 2]; 2]]) -> Option<f64> {
        let terms = Terms {
            ask,
            on,
            alpha: 0.05,
            power: 0.8,
        };
        share_within(Metric::Completion, &cells(rates), &terms)
    }

    #[test]
    fn repetitions_that_agree_add_nothing() {
        let rates = [[[1.0, 2.0], [1.0, 2.0]], [[1.0, 4.0], [1.0, 4.0]]];
        for on in [On::Difference, On::Ratio] {
            assert_eq!(share(Ask::Direction, on, &rates), Some(0.0));
        }
    }

    #[test]
    fn scenarios_that_differ_by_their_repetitions_only_need_more_of_these() {
        // Differences of 0 and 2 of 4 tasks in either scenario: means alike, all of it within.
        let rates = [[[1.0, 1.0], [1.0, 3.0]], [[1.0, 3.0], [1.0, 1.0]]];
        assert_eq!(share(Ask::Direction, On::Difference, &rates), None);
        // Means of 1/4 and 1/2: variance 1/32. Of a mean of 0 and 1/2: 1/16, of one of 1/2 and 1/2: 0.
        let rates = [[[1.0, 1.0], [1.0, 3.0]], [[1.0, 3.0], [1.0, 3.0]]];
        let found = share(Ask::Gate(0.1), On::Difference, &rates).unwrap();
        assert!((found - 1.0).abs() < 1e-12, "{found}");
        // With equal counts the pooled difference weighs scenarios alike.
        let pooled = share(Ask::Direction, On::Difference, &rates).unwrap();
        assert!((pooled - found).abs() < 1e-12, "{pooled}");
    }
}
