//! `run --stop-early`: looks at a baseline at planned points, and ends the run when a look decides.

use std::path::Path;

use super::{
    Exit, Failure,
    execute::Execution,
    gate::{failed, side},
    run,
};
use crate::{
    analyse::{
        Measured, Metric,
        gate::{self, Lock, Rule, Status},
    },
    cli::RunArguments,
    experiment::Regime,
    plan::Plan,
    record::Record,
    stats::gate::{Gate, GateRule},
};

/// A run that may end before its last scenario.
pub(super) struct Early {
    baseline: Lock,
    arm: String,
    rule: Rule,
    /// The scenarios by number, in the order of the gate.
    order: Vec<usize>,
    /// How many scenarios are in at each look.
    looks: Vec<usize>,
}

/// How a run with looks ended.
pub(super) struct Stop {
    arm: String,
    status: Status,
    look: usize,
    looks: usize,
    scenarios: usize,
    planned: usize,
}

impl Stop {
    pub(super) fn words(&self) -> String {
        let left = self.planned - self.scenarios;
        let saved = if left == 0 {
            "all scenarios were run".to_owned()
        } else {
            format!("{left} of {} scenarios were not run", self.planned)
        };
        format!(
            "Gate of `{}` at look {} of {}: {}; {saved}.",
            self.arm,
            self.look,
            self.looks,
            self.status.as_str()
        )
    }

    pub(super) fn exit(&self) -> Exit {
        Exit::of_gate(self.status)
    }
}

impl Early {
    /// What the arguments ask for, if they ask for looks.
    pub(super) fn of(arguments: &RunArguments, plan: &Plan) -> Result<Option<Self>, Failure> {
        let Some(path) = &arguments.stop_early else {
            return Ok(None);
        };
        if plan
            .experiment
            .arms
            .iter()
            .any(|arm| arm.memory == Regime::Placebo)
        {
            return Err(Failure::usage(
                "a placebo takes its text from scenarios that an early stop may leave out",
            )
            .hint("choose the arms to run with `--arm`"));
        }
        let margin = arguments.margin / 100.0;
        if !(margin > 0.0 && margin < 1.0) {
            return Err(Failure::usage(format!(
                "margin `{}` is not between 0 and 100",
                arguments.margin
            )));
        }
        let (baseline, _) = side(path, None)?;
        let ids = plan.scenarios.iter().map(|prepared| &prepared.scenario.id);
        let order: Vec<usize> = gate::order(ids)
            .into_iter()
            .filter(|id| {
                baseline
                    .scenarios
                    .iter()
                    .any(|scenario| scenario.id == **id)
            })
            .filter_map(|id| {
                let mut scenarios = plan.scenarios.iter();
                scenarios.position(|prepared| prepared.scenario.id == *id)
            })
            .collect();
        if order.len() < plan.scenarios.len() {
            return Err(Failure::usage("the baseline lacks a scenario of this run")
                .hint("choose the scenarios to run with `--only`, or make a new baseline"));
        }
        let planned = Gate::new(GateRule::with_margin(margin), order.len())
            .map_err(|error| failed(error.into()))?;
        let dreamed: Vec<_> = plan
            .experiment
            .arms
            .iter()
            .filter(|arm| arm.memory == Regime::Dreamed && arm.outcomes.is_none())
            .collect();
        let [dreamed] = dreamed.as_slice() else {
            return Err(Failure::usage(format!(
                "a run that may stop early needs one arm with dreams and without outcomes, and has {}",
                dreamed.len()
            ))
            .hint("choose the arm with `--arm`"));
        };
        Ok(Some(Self {
            baseline,
            arm: dreamed.id.to_string(),
            rule: Rule {
                margin,
                ..Rule::default()
            },
            looks: planned.plan().iter().map(|look| look.streams).collect(),
            order,
        }))
    }

    /// Runs the scenarios of one look after the other until one decides; `None` if it was interrupted.
    pub(super) fn run(
        &self,
        execution: &mut Execution<'_>,
        file: &Path,
    ) -> Result<Option<Stop>, Failure> {
        let mut from = 0;
        let mut last = None;
        for (at, &until) in self.looks.iter().enumerate() {
            let block = &self.order[from..until];
            if execution.run(|scenario| block.contains(&scenario))? {
                return Ok(None);
            }
            from = until;
            let status = self.look(file)?;
            let stop = Stop {
                arm: self.arm.clone(),
                status,
                look: at + 1,
                looks: self.looks.len(),
                scenarios: until,
                planned: self.order.len(),
            };
            let decided = !matches!(status, Status::Inconclusive | Status::TooFewScenarios);
            last = Some(stop);
            if decided {
                break;
            }
        }
        Ok(last)
    }

    fn look(&self, file: &Path) -> Result<Status, Failure> {
        let record = Record::open(file).map_err(run::failed)?;
        let measured = Measured::read(&record).map_err(Failure::new)?;
        let candidate = Lock::of(&measured, Some(&self.arm), "this run").map_err(failed)?;
        let gated = gate::compare(&self.baseline, &candidate, &self.rule).map_err(failed)?;
        let mut rows = gated.rows.iter();
        let row = rows.find(|row| row.decides && row.metric == Metric::Completion);
        Ok(row.map_or(Status::Inconclusive, |row| row.status))
    }
}
