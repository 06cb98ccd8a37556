//! A metric over a group of scenarios → a status, at planned looks or at any time.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{GateError, LockedScenario, Looks, Row, Rule, Status, Watch};
use crate::{
    analyse::{Group, Metric},
    stats::{
        Level, StatsError, distribution,
        eprocess::BettingGate,
        gate::{FEWEST_EQUAL, Gate, GateRule},
        means::{mean_and_se, mean_t},
        verdict::{MINIMUM_STREAMS, Side, one_sided_p},
    },
};

/// The bounds of gates by how many scenarios are planned: they take an integration each.
#[derive(Debug, Default)]
pub(super) struct Bounds(BTreeMap<usize, Gate>);

impl Bounds {
    fn of(&mut self, rule: &Rule, planned: usize) -> Result<&Gate, StatsError> {
        match self.0.entry(planned) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let rule = GateRule {
                    alpha: rule.alpha,
                    looks: if rule.looks == Looks::One { 1 } else { 4 },
                    ..GateRule::with_margin(rule.margin)
                };
                Ok(place.insert(Gate::new(rule, planned)?))
            }
        }
    }
}

/// A metric over the scenarios of a group; `None` if none of them has a value on both sides, or if the
/// gate cannot watch the metric.
pub(super) fn row(
    rule: &Rule,
    metric: Metric,
    group: Group,
    members: &[(&LockedScenario, &LockedScenario)],
    planned: usize,
    bounds: &mut Bounds,
) -> Result<Option<Row>, GateError> {
    let values: Vec<(f64, f64)> = members
        .iter()
        .filter_map(|(one, other)| {
            Some((one.stream(metric)?.mean()?, other.stream(metric)?.mean()?))
        })
        .collect();
    if values.is_empty() {
        return Ok(None);
    }
    let differences: Vec<f64> = values.iter().map(|(one, other)| other - one).collect();
    #[expect(clippy::cast_precision_loss, reason = "a count of scenarios")]
    let mean =
        |pick: fn(&(f64, f64)) -> f64| values.iter().map(pick).sum::<f64>() / values.len() as f64;
    let (base, treat) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let margin = if metric.more_is_better() {
        Some(rule.margin)
    } else {
        Some(rule.margin * base).filter(|margin| *margin > 0.0)
    };
    let sign = if metric.more_is_better() { 1.0 } else { -1.0 };
    let oriented: Vec<f64> = differences
        .iter()
        .map(|difference| sign * difference)
        .collect();
    // Equal differences say nothing of how far another scenario may lie.
    let interval = mean_t(&differences, Level::NINETY_FIVE)?
        .filter(|(lower, upper)| lower < upper)
        .map(|(lower, upper)| {
            if metric.more_is_better() {
                (lower.max(-1.0), upper.min(1.0))
            } else {
                (lower, upper)
            }
        });
    let mut row = Row {
        metric,
        group,
        decides: group == Group::All && rule.metrics.contains(&metric),
        values: (base, treat),
        difference: treat - base,
        interval,
        margin,
        scenarios: values.len(),
        left_out: members.len() - values.len(),
        look: None,
        watch: None,
        status: Status::TooFewScenarios,
    };
    if values.len() < MINIMUM_STREAMS {
        return Ok(Some(row));
    }
    row.status = match (rule.looks, margin) {
        (Looks::Anytime, Some(margin)) if metric.more_is_better() => {
            watch(&mut row, &oriented, margin, rule.alpha)?
        }
        (Looks::Anytime, _) => return Ok(None),
        (Looks::Four | Looks::One, margin) => {
            looked(&mut row, &oriented, margin, rule, planned, bounds)?
        }
    };
    // What has no value in a scenario may have none because it got worse there.
    if row.left_out > 0 && row.status != Status::Regressed {
        row.status = Status::Inconclusive;
    }
    Ok(Some(row))
}

/// The status at the last planned look that the scenarios reach.
fn looked(
    row: &mut Row,
    oriented: &[f64],
    margin: Option<f64>,
    rule: &Rule,
    planned: usize,
    bounds: &mut Bounds,
) -> Result<Status, StatsError> {
    let Some(margin) = margin else {
        // The baseline has none of it, so that no margin follows from it: any amount is a loss, if it is
        // shown.
        let (mean, se) = mean_and_se(oriented);
        let p = one_sided_p(mean, se, 0.0, oriented.len(), Side::Below)?;
        return Ok(if oriented.iter().all(|difference| *difference >= 0.0) {
            Status::Equivalent
        } else if p.is_none_or(|p| p <= rule.alpha) {
            Status::Regressed
        } else {
            Status::Inconclusive
        });
    };
    let gate = bounds
        .of(rule, planned.max(oriented.len()))?
        .with_margin(margin)?;
    let count = gate.plan().len();
    let found = gate.looks(oriented)?;
    let Some(last) = found.last() else {
        return Ok(Status::Inconclusive);
    };
    row.look = Some((last.planned.number, count));
    // Ties among a few scenarios are no reason to stop; once all are in, they are what there is.
    if last.equal && last.planned.number < count && last.planned.streams < FEWEST_EQUAL {
        return Ok(Status::Inconclusive);
    }
    let seen = &oriented[..last.planned.streams];
    let beyond = distribution::normal_cdf(-last.planned.critical);
    let shown = |side: Side| -> Result<bool, StatsError> {
        let (mean, se) = mean_and_se(seen);
        if se > 0.0 {
            let p = one_sided_p(mean, se, 0.0, seen.len(), side)?;
            return Ok(p.is_some_and(|p| p <= beyond));
        }
        Ok(match side {
            Side::Above => mean > 0.0,
            Side::Below => mean < 0.0,
        })
    };
    let at_bound = |p: Option<f64>| p.is_some_and(|p| p <= beyond);
    let passes = at_bound(last.p_pass);
    // A loss that may be within the margin is no reason to stop, only an answer at the end.
    let worse = at_bound(last.p_fail) || (last.planned.number == count && shown(Side::Below)?);
    Ok(if passes && shown(Side::Above)? {
        Status::Improved
    } else if passes {
        Status::Equivalent
    } else if worse {
        Status::Regressed
    } else {
        Status::Inconclusive
    })
}

/// The status after any number of scenarios.
fn watch(row: &mut Row, oriented: &[f64], margin: f64, alpha: f64) -> Result<Status, StatsError> {
    let mut within = BettingGate::new(margin, alpha, BettingGate::CAP)?;
    let mut zero = BettingGate::new(0.0, alpha, BettingGate::CAP)?;
    for difference in oriented {
        within.push(*difference)?;
        zero.push(*difference)?;
    }
    let reached = [within.pass().first_reached(), zero.fail().first_reached()];
    row.watch = Some(Watch {
        p_pass: within.pass().anytime_p(),
        p_fail: zero.fail().anytime_p(),
        reached: reached.into_iter().flatten().min(),
    });
    Ok(match reached {
        [Some(_), _] if zero.pass().first_reached().is_some() => Status::Improved,
        [Some(_), _] => Status::Equivalent,
        [None, Some(_)] => Status::Regressed,
        [None, None] => Status::Inconclusive,
    })
}
