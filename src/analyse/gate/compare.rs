//! Two sides → statuses by metric and group, and the scenarios that changed.

use super::{
    GateError, Lock, LockedScenario, Looks, Status,
    comparable::comparable,
    rows::{Bounds, row},
    scenarios::changes,
};
use crate::{
    analyse::{Group, Metric},
    ident::{Digest, ScenarioId},
    scenario::{Construct, Domain},
    stats::{
        StatsError,
        gate::{Gate, GateRule},
    },
};

/// What a gate asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The metrics that decide; the others are watched.
    pub metrics: Vec<Metric>,
    /// The loss that is tolerated: of shares in their unit (0.1 is ten points), of other metrics as a
    /// share of the baseline's value.
    pub margin: f64,
    /// One-sided error probability of passing and of failing.
    pub alpha: f64,
    /// How often it looks.
    pub looks: Looks,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            metrics: vec![Metric::Completion],
            margin: 0.1,
            alpha: 0.05,
            looks: Looks::Four,
        }
    }
}

/// Evidence for and against, if a gate is watched without planned looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watch {
    /// Anytime-valid p-value of "worse by the margin".
    pub p_pass: f64,
    /// Anytime-valid p-value of "not worse at all".
    pub p_fail: f64,
    /// Scenarios after which one of them reached alpha.
    pub reached: Option<usize>,
}

/// A metric over a group of scenarios.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The metric.
    pub metric: Metric,
    /// The scenarios.
    pub group: Group,
    /// Whether the gate decides by it.
    pub decides: bool,
    /// Mean over scenarios in the baseline and in the candidate.
    pub values: (f64, f64),
    /// Candidate minus baseline: mean over scenarios.
    pub difference: f64,
    /// Its interval at 95%, by t over scenarios.
    pub interval: Option<(f64, f64)>,
    /// The tolerated loss, in the metric's unit; `None` if the baseline leaves it open.
    pub margin: Option<f64>,
    /// Scenarios that both sides have a value in.
    pub scenarios: usize,
    /// Scenarios in which a side has tasks and no value, as a cost per completed task without a
    /// completion; with one of them the metric does not pass.
    pub left_out: usize,
    /// The look that decided and how many there are, in a design with planned looks.
    pub look: Option<(usize, usize)>,
    /// Evidence at any time.
    pub watch: Option<Watch>,
    /// What the gate says.
    pub status: Status,
}

/// What became of a scenario's completion.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioChange {
    /// Its name.
    pub id: ScenarioId,
    /// Its construct.
    pub construct: Construct,
    /// Share of tasks completed in the baseline and in the candidate.
    pub rates: (f64, f64),
    /// The two-sided p-value of a t-test over repetitions, adjusted over scenarios; `None` with one
    /// repetition.
    pub adjusted: Option<f64>,
    /// Whether it broke: it lost more than the margin, and more than its repetitions differ anyway.
    pub broke: bool,
    /// Whether it gained as much.
    pub gained: bool,
}

/// The answer of a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Gated {
    /// The worst status of the metrics that decide.
    pub status: Status,
    /// Every metric over all scenarios, by domain and by construct.
    pub rows: Vec<Row>,
    /// Every scenario that both sides have, the largest loss first.
    pub scenarios: Vec<ScenarioChange>,
    /// Scenarios that only one side has tasks in.
    pub missing: Vec<ScenarioId>,
    /// Planned tasks that are not there, of the baseline and of the candidate, without those that an
    /// early stop left out; beyond a small share nothing passes.
    pub lost: [u64; 2],
}

/// From which share of planned tasks that are not there a side cannot pass.
const MOST_LOST: f64 = 0.02;

/// The order in which a gate looks at scenarios: that of the digests of their names, so that it is fixed
/// beforehand and no domain comes first.
pub fn order<'s>(ids: impl Iterator<Item = &'s ScenarioId>) -> Vec<&'s ScenarioId> {
    let mut ids: Vec<&ScenarioId> = ids.collect();
    ids.sort_by_key(|id| {
        (
            Digest::of(id.as_str().as_bytes()).to_string(),
            (*id).clone(),
        )
    });
    ids
}

pub(super) fn find<'l>(lock: &'l Lock, id: &ScenarioId) -> Option<&'l LockedScenario> {
    lock.scenarios.iter().find(|scenario| scenario.id == *id)
}

fn has_tasks(scenario: &LockedScenario) -> bool {
    scenario.stream(Metric::Completion).is_some()
}

/// The scenarios in the order of the gate: those that both sides have.
fn common<'l>(
    baseline: &'l Lock,
    candidate: &'l Lock,
) -> Vec<(&'l LockedScenario, &'l LockedScenario)> {
    order(candidate.scenarios.iter().map(|scenario| &scenario.id))
        .into_iter()
        .filter_map(|id| Some((find(baseline, id)?, find(candidate, id)?)))
        .filter(|(one, other)| has_tasks(one) && has_tasks(other))
        .collect()
}

/// How many scenarios the comparison is planned with, and whether the candidate stopped early: its
/// scenarios are then the first of the order, as many as an interim look has.
fn planned(baseline: &Lock, candidate: &Lock, rule: &Rule) -> Result<(usize, bool), StatsError> {
    let ran: Vec<bool> = order(candidate.scenarios.iter().map(|scenario| &scenario.id))
        .into_iter()
        .filter(|id| find(baseline, id).is_some())
        .map(|id| find(candidate, id).is_some_and(has_tasks))
        .collect();
    let count = ran.iter().filter(|ran| **ran).count();
    let is_first = ran.iter().take(count).all(|ran| *ran);
    if count == 0 || count == ran.len() || !is_first {
        return Ok((count, false));
    }
    let gate = Gate::new(GateRule::with_margin(rule.margin), ran.len())?;
    let is_look = gate.plan().iter().any(|look| look.streams == count);
    Ok(if is_look {
        (ran.len(), true)
    } else {
        (count, false)
    })
}

/// Planned tasks that a side lacks.
fn lost(lock: &Lock, stopped_early: bool) -> (u64, u64) {
    let scenarios = lock.scenarios.iter();
    scenarios
        .filter(|scenario| !stopped_early || has_tasks(scenario))
        .map(|scenario| {
            let there: u64 = scenario.repetitions.iter().map(|counts| counts[1]).sum();
            (scenario.planned.saturating_sub(there), scenario.planned)
        })
        .fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
}

/// Compares a candidate with a baseline.
pub fn compare(baseline: &Lock, candidate: &Lock, rule: &Rule) -> Result<Gated, GateError> {
    comparable(baseline, candidate)?;
    if let (Looks::Anytime, Some(metric)) = (
        rule.looks,
        rule.metrics.iter().find(|metric| !metric.more_is_better()),
    ) {
        return Err(GateError::NoShare(*metric));
    }
    let pairs = common(baseline, candidate);
    if pairs.is_empty() {
        return Err(GateError::NothingInCommon);
    }
    let (planned, stopped_early) = planned(baseline, candidate, rule)?;
    let groups = std::iter::once(Group::All)
        .chain(Domain::ALL.map(Group::Domain))
        .chain(Construct::ALL.map(Group::Construct));
    let mut rows = Vec::new();
    let mut bounds = Bounds::default();
    for group in groups {
        let members: Vec<_> = pairs
            .iter()
            .copied()
            .filter(|(scenario, _)| match group {
                Group::All => true,
                Group::Domain(domain) => scenario.domain == domain,
                Group::Construct(construct) => scenario.construct == construct,
            })
            .collect();
        for metric in Metric::ALL {
            let planned = if group == Group::All {
                planned
            } else {
                members.len()
            };
            rows.extend(row(rule, metric, group, &members, planned, &mut bounds)?);
        }
    }
    let status = rows
        .iter()
        .filter(|row| row.decides && row.group == Group::All)
        .map(|row| row.status)
        .max_by_key(|status| match status {
            Status::Improved => 0,
            Status::Equivalent => 1,
            Status::TooFewScenarios => 2,
            Status::Inconclusive => 3,
            Status::Regressed => 4,
        })
        .unwrap_or(Status::Inconclusive);
    let lost = [lost(baseline, false), lost(candidate, stopped_early)];
    #[expect(clippy::cast_precision_loss, reason = "counts of tasks")]
    let too_many = lost
        .iter()
        .any(|(lost, planned)| *lost as f64 > MOST_LOST * *planned as f64);
    let status = if too_many && status.passes() {
        Status::Inconclusive
    } else {
        status
    };
    let there = |lock: &Lock, id: &ScenarioId| find(lock, id).is_some_and(has_tasks);
    let missing = baseline
        .scenarios
        .iter()
        .chain(&candidate.scenarios)
        .map(|scenario| &scenario.id)
        .filter(|id| there(baseline, id) != there(candidate, id));
    let mut missing: Vec<ScenarioId> = missing.cloned().collect();
    missing.sort();
    missing.dedup();
    Ok(Gated {
        status,
        rows,
        scenarios: changes(&pairs, rule.margin)?,
        missing,
        lost: lost.map(|(lost, _)| lost),
    })
}
