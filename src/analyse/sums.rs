//! One pass over the rows of a record: sums per scenario and arm, and per pair of arms on the tasks that
//! both have.

use std::collections::{BTreeMap, BTreeSet};

use super::{AnalyseError, CostSplit, Counts, Dreams, PARTS, Part, ScenarioRate};
use crate::{
    dream::EditKind,
    experiment::Regime,
    ident::PolicyId,
    price::Prices,
    quantity::Milliseconds,
    record::{Manifest, Outcome, Record, TaskRow},
    transcript::{Role, Usage},
};

/// Sums by [`Part`].
pub(super) type Row = [f64; PARTS];

/// Sums of two arms over the tasks that both have graded.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PairSums {
    pub(super) base: Row,
    pub(super) treat: Row,
    pub(super) pairs: u64,
    pub(super) unpaired: u64,
}

/// What an arm used in a scenario, by what it was for. Integers, so that any price list gives exact sums.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Roles {
    pub(super) sessions: u64,
    pub(super) tasks: u64,
    pub(super) completed: u64,
    pub(super) dreams: u64,
    pub(super) agent: Usage,
    pub(super) in_session_grader: Usage,
    pub(super) final_grader: Usage,
    pub(super) dreamer: Usage,
    pub(super) active: Milliseconds,
    /// What the sessions cost at the prices of this reading, rows rounded one by one, in micro-dollars.
    pub(super) paid: i64,
    /// The same of dreams.
    pub(super) paid_for_dreams: i64,
}

#[derive(Debug)]
pub(super) struct Sums {
    /// By scenario, then arm.
    pub(super) arms: Vec<Vec<Row>>,
    /// By pair of arms, the lower number as base, then scenario.
    pairs: Vec<Vec<PairSums>>,
    /// The cells of dreaming × outcomes, if the run has them all.
    pub(super) cells: Option<[usize; 4]>,
    /// By scenario: the sums of these cells over the tasks that all four have.
    pub(super) factorial: Vec<[Row; 4]>,
    /// By arm, then session, then scenario: completed and tasks.
    pub(super) curve: Vec<Vec<Vec<(f64, f64)>>>,
    pub(super) counts: Vec<Counts>,
    pub(super) dreams: Vec<Dreams>,
    pub(super) costs: Vec<CostSplit>,
    pub(super) failures: BTreeMap<String, u64>,
    /// Repetition, scenario and arm of the trials that failed.
    failed: BTreeSet<(u32, usize, usize)>,
    over_budget: BTreeSet<(u32, usize, usize)>,
    /// By scenario, then arm, then repetition: completed tasks and tasks.
    pub(super) repetitions: Vec<Vec<BTreeMap<u32, [u64; 2]>>>,
    /// By scenario, then arm: tokens and times by what they were for.
    pub(super) roles: Vec<Vec<Roles>>,
    /// The last session that is there, by repetition, scenario and arm.
    reached: BTreeMap<(u32, usize, usize), u32>,
}

/// What a task cost its arm, without dreams: agent, in-session grader, active time; in micro-dollars.
pub fn cost_of(row: &TaskRow, prices: &Prices) -> (i64, i64, i64) {
    (
        prices.of(Role::Agent).of_tokens(&row.agent).0,
        prices
            .of(Role::InSessionGrader)
            .of_tokens(&row.in_session_grader)
            .0,
        prices.agent.of_time(row.active).0,
    )
}

/// The pairs that a report shows, base first: every arm against the first arm without memory and the
/// first with plain accumulated memory.
pub(super) fn compared(manifest: &Manifest) -> Vec<(usize, usize)> {
    let first = |regime: Regime| {
        manifest
            .arms
            .iter()
            .position(|arm| arm.memory == regime && arm.outcomes.is_none())
    };
    let mut bases: Vec<usize> = [Regime::None, Regime::Accumulated]
        .into_iter()
        .filter_map(first)
        .collect();
    if bases.is_empty() && manifest.arms.len() > 1 {
        bases.push(0);
    }
    // A dreamed arm is also what the variants of its policy are compared with.
    bases.extend(first(Regime::Dreamed).filter(|_| manifest.arms.len() > 2));
    bases
        .iter()
        .flat_map(|&base| {
            (0..manifest.arms.len())
                .filter(move |&treat| treat != base)
                .map(move |treat| (base, treat))
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
pub(super) fn parts_of(row: &TaskRow, cost: i64) -> Row {
    let mut sums = [0.0; PARTS];
    let flag = |is: bool| if is { 1.0 } else { 0.0 };
    sums[Part::Tasks as usize] = 1.0;
    sums[Part::Sessions as usize] = flag(row.last_of_session);
    sums[Part::Completed as usize] = flag(row.completed);
    sums[Part::FirstTry as usize] = flag(row.first_try);
    sums[Part::Clarifications as usize] = f64::from(row.clarifications.iter().sum::<u32>());
    sums[Part::Avoidable as usize] = f64::from(row.clarifications[1]);
    sums[Part::Corrections as usize] = f64::from(row.corrections);
    sums[Part::WrongAssumptions as usize] = f64::from(row.wrong_assumptions);
    sums[Part::StaleUses as usize] = f64::from(row.stale_uses);
    sums[Part::ScopeErrors as usize] = f64::from(row.scope_errors);
    sums[Part::Tokens as usize] = row.agent.total().0 as f64;
    sums[Part::ActiveMilliseconds as usize] = row.active.0 as f64;
    sums[Part::Cost as usize] = cost as f64;
    sums
}

pub(super) fn add(sums: &mut Row, other: &Row) {
    for (sum, one) in sums.iter_mut().zip(other) {
        *sum += one;
    }
}

/// Where the sums of a pair stand; `base` is the lower number.
fn pair_number(base: usize, treat: usize) -> usize {
    treat * (treat - 1) / 2 + base
}

/// The cells of the 2×2: neither, dreaming, outcomes, both. The arms with dreams have the same policy.
fn cells(manifest: &Manifest) -> Option<[usize; 4]> {
    let find = |regime: Regime, outcomes: bool, policy: Option<&PolicyId>| {
        manifest.arms.iter().position(|arm| {
            arm.memory == regime
                && arm.outcomes.is_some() == outcomes
                && policy.is_none_or(|policy| arm.policy.as_ref() == Some(policy))
        })
    };
    let dreamed = find(Regime::Dreamed, false, None)?;
    let policy = manifest.arms[dreamed].policy.as_ref();
    Some([
        find(Regime::None, false, None)?,
        dreamed,
        find(Regime::None, true, None)?,
        find(Regime::Dreamed, true, policy)?,
    ])
}

impl Sums {
    /// The sums of two arms over the tasks of a scenario that both have.
    pub(super) fn pair(&self, base: usize, treat: usize, scenario: usize) -> PairSums {
        let sums = self.pairs[pair_number(base.min(treat), base.max(treat))][scenario];
        if base < treat {
            sums
        } else {
            PairSums {
                base: sums.treat,
                treat: sums.base,
                ..sums
            }
        }
    }

    /// Reads a record.
    pub(super) fn read(
        record: &Record,
        manifest: &Manifest,
        prices: &Prices,
    ) -> Result<Self, AnalyseError> {
        let (arms, scenarios) = (manifest.arms.len(), manifest.scenarios.len());
        let longest = manifest
            .scenarios
            .iter()
            .map(|scenario| scenario.tasks_per_session.len())
            .max()
            .unwrap_or(0);
        let mut sums = Self {
            arms: vec![vec![[0.0; PARTS]; arms]; scenarios],
            pairs: vec![vec![PairSums::default(); scenarios]; arms * arms.saturating_sub(1) / 2],
            cells: cells(manifest),
            factorial: vec![[[0.0; PARTS]; 4]; scenarios],
            curve: vec![vec![vec![(0.0, 0.0); scenarios]; longest]; arms],
            counts: vec![Counts::default(); arms],
            dreams: vec![Dreams::default(); arms],
            costs: vec![CostSplit::default(); arms],
            failures: BTreeMap::new(),
            failed: BTreeSet::new(),
            over_budget: BTreeSet::new(),
            roles: vec![vec![Roles::default(); arms]; scenarios],
            repetitions: vec![vec![BTreeMap::new(); arms]; scenarios],
            reached: BTreeMap::new(),
        };
        sums.plan(record, manifest)?;
        let mut key: Option<(u32, usize, u32, u32)> = None;
        let mut rows: Vec<Option<Row>> = vec![None; arms];
        record.for_each_task(|row| {
            let this = (row.repetition, row.scenario, row.session, row.task);
            if let Some((_, scenario, ..)) = key.filter(|key| *key != this) {
                sums.close(scenario, &mut rows);
            }
            key = Some(this);
            rows[row.arm] = Some(sums.take(&row, prices));
        })?;
        if let Some((_, scenario, ..)) = key {
            sums.close(scenario, &mut rows);
        }
        sums.dreams(record, prices)?;
        Ok(sums)
    }

    /// Counts what was planned and what became of trials.
    fn plan(&mut self, record: &Record, manifest: &Manifest) -> Result<(), AnalyseError> {
        let outcomes = record.trial_outcomes()?;
        record.for_each_planned(|trial| {
            let planned: u32 = manifest.scenarios[trial.scenario]
                .tasks_per_session
                .iter()
                .sum();
            let counts = &mut self.counts[trial.arm];
            counts.planned += u64::from(planned);
            match outcomes.get(&trial.number) {
                Some((Outcome::BackendFailed, reason)) => {
                    self.failed
                        .insert((trial.repetition, trial.scenario, trial.arm));
                    counts.failed += u64::from(planned);
                    *self
                        .failures
                        .entry(reason.clone().unwrap_or_default())
                        .or_insert(0) += 1;
                }
                Some((Outcome::BudgetReached, reason)) => {
                    self.over_budget
                        .insert((trial.repetition, trial.scenario, trial.arm));
                    counts.over_budget += u64::from(planned);
                    *self
                        .failures
                        .entry(reason.clone().unwrap_or_default())
                        .or_insert(0) += 1;
                }
                Some((Outcome::Graded | Outcome::Canceled, _)) | None => {
                    counts.canceled += u64::from(planned);
                }
            }
        })?;
        Ok(())
    }

    /// Takes a row in and returns its sums.
    fn take(&mut self, row: &TaskRow, prices: &Prices) -> Row {
        let counts = &mut self.counts[row.arm];
        // It was counted as lost while nothing was known of it.
        let trial = (row.repetition, row.scenario, row.arm);
        if self.failed.contains(&trial) {
            counts.failed -= 1;
        } else if self.over_budget.contains(&trial) {
            counts.over_budget -= 1;
        } else {
            counts.canceled -= 1;
        }
        let (agent, grader, runtime) = cost_of(row, prices);
        let costs = &mut self.costs[row.arm];
        costs.agent += agent;
        costs.in_session_grader += grader;
        costs.runtime += runtime;
        costs.final_grader += prices.of(Role::FinalGrader).of_tokens(&row.final_grader).0;
        if row.graded {
            counts.graded += 1;
        } else {
            counts.ungraded += 1;
        }
        let sums = parts_of(row, agent + grader + runtime);
        add(&mut self.arms[row.scenario][row.arm], &sums);
        self.reached
            .insert((row.repetition, row.scenario, row.arm), row.session);
        let roles = &mut self.roles[row.scenario][row.arm];
        roles.sessions += u64::from(row.last_of_session);
        roles.tasks += 1;
        roles.completed += u64::from(row.completed);
        roles.agent += row.agent;
        roles.in_session_grader += row.in_session_grader;
        roles.final_grader += row.final_grader;
        roles.active.0 += row.active.0;
        roles.paid += agent + grader + runtime;
        let trial = self.repetitions[row.scenario][row.arm]
            .entry(row.repetition)
            .or_default();
        trial[0] += u64::from(row.completed);
        trial[1] += 1;
        let point = &mut self.curve[row.arm][row.session as usize - 1][row.scenario];
        point.0 += sums[Part::Completed as usize];
        point.1 += 1.0;
        sums
    }

    /// All arms of one task have been read.
    fn close(&mut self, scenario: usize, rows: &mut [Option<Row>]) {
        for treat in 1..rows.len() {
            for base in 0..treat {
                let pair = &mut self.pairs[pair_number(base, treat)][scenario];
                match (&rows[base], &rows[treat]) {
                    (Some(base), Some(treat)) => {
                        add(&mut pair.base, base);
                        add(&mut pair.treat, treat);
                        pair.pairs += 1;
                    }
                    (None, None) => {}
                    (Some(_), None) | (None, Some(_)) => pair.unpaired += 1,
                }
            }
        }
        if let Some(found) = self
            .cells
            .map(|cells| cells.map(|arm| rows[arm]))
            .filter(|found| found.iter().all(Option::is_some))
        {
            for (sums, row) in self.factorial[scenario].iter_mut().zip(found) {
                add(sums, &row.unwrap_or([0.0; PARTS]));
            }
        }
        rows.fill(None);
    }

    #[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
    fn dreams(&mut self, record: &Record, prices: &Prices) -> Result<(), AnalyseError> {
        record.for_each_dream(|dream| {
            let cost = prices.of(Role::Dreamer).of_tokens(&dream.usage).0;
            let sums = &mut self.dreams[dream.arm];
            sums.count += 1;
            sums.tokens += dream.usage.total().0;
            sums.cost += cost;
            sums.size.0 += dream.before.1;
            sums.size.1 += dream.after.1;
            for edit in &dream.edits {
                let kind = match edit.kind {
                    EditKind::Added => 0,
                    EditKind::Merged => 1,
                    EditKind::Replaced => 2,
                    EditKind::Promoted => 3,
                    EditKind::Removed => 4,
                };
                sums.edits[kind] += 1;
            }
            self.costs[dream.arm].dreams += cost;
            let roles = &mut self.roles[dream.scenario][dream.arm];
            roles.dreams += 1;
            roles.dreamer += dream.usage;
            roles.paid_for_dreams += cost;
            self.arms[dream.scenario][dream.arm][Part::Cost as usize] += cost as f64;
            // A dream counts where the session before it does: only if the other arm has that too.
            let has = |arm: usize| {
                let trial = (dream.repetition, dream.scenario, arm);
                self.reached
                    .get(&trial)
                    .is_some_and(|&last| last >= dream.session)
            };
            for other in (0..self.arms[dream.scenario].len())
                .filter(|&other| other != dream.arm && has(other))
            {
                let (base, treat) = (other.min(dream.arm), other.max(dream.arm));
                let pair = &mut self.pairs[pair_number(base, treat)][dream.scenario];
                let side = if base == dream.arm {
                    &mut pair.base
                } else {
                    &mut pair.treat
                };
                side[Part::Cost as usize] += cost as f64;
            }
            if let Some(cells) = self.cells
                && let Some(cell) = cells.iter().position(|&arm| arm == dream.arm)
                && cells.iter().all(|&arm| has(arm))
            {
                self.factorial[dream.scenario][cell][Part::Cost as usize] += cost as f64;
            }
        })?;
        Ok(())
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts"
    )]
    pub(super) fn scenario_rates(&self) -> Vec<ScenarioRate> {
        let mut rates = Vec::new();
        for (scenario, arms) in self.arms.iter().enumerate() {
            for (arm, sums) in arms.iter().enumerate() {
                let (completed, tasks) = (
                    sums[Part::Completed as usize] as u64,
                    sums[Part::Tasks as usize] as u64,
                );
                rates.push(ScenarioRate {
                    scenario,
                    arm,
                    completed,
                    tasks,
                });
            }
        }
        rates
    }
}
