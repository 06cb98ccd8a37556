//! The shipped scenarios, run without a record: rows of what happened, for tests.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use dreamtrial::{
    budget::Amount,
    command::load,
    event::{Event, PastSession, SessionDone, TaskDone},
    experiment::{self, Regime},
    plan::Plan,
    run::{Cancel, History, Runner},
    scenario::Construct,
    source::Problems,
};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// One task as it ended.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) scenario: String,
    pub(crate) construct: Construct,
    pub(crate) arm: String,
    pub(crate) session: u32,
    pub(crate) done: TaskDone,
}

pub(crate) struct Nothing;

impl History for Nothing {
    fn is_done(&self, _: usize) -> bool {
        false
    }

    fn count(&self, _: usize) -> usize {
        0
    }

    fn past(&self, _: usize) -> Vec<PastSession> {
        Vec::new()
    }

    fn spent(&self, _: usize) -> Amount {
        Amount::default()
    }
}

/// Plans an experiment file of the repository, with these repetitions.
pub(crate) fn plan(file: &str, repetitions: u32, wanted: impl Fn(&str) -> bool) -> Plan {
    let mut problems = Problems::default();
    let mut experiment = experiment::load(&root().join("experiments").join(file), &mut problems)
        .expect("the experiment is whole");
    experiment.repetitions = repetitions;
    let scenarios = load::scenarios(
        &experiment.scenarios,
        |id| wanted(id.as_str()),
        &mut problems,
    );
    if scenarios.len() < 2 {
        experiment.arms.retain(|arm| arm.memory != Regime::Placebo);
    }
    let rubrics = load::rubrics(&experiment.rubrics, &scenarios, &mut problems);
    assert!(!problems.has_errors(), "{}", problems.render(false));
    Plan::new(experiment, scenarios, &rubrics).expect("the plan is whole")
}

/// Runs a plan and returns its sessions, in the order of trials.
pub(crate) fn sessions(plan: &Arc<Plan>) -> Vec<SessionDone> {
    let done: Arc<Mutex<Vec<SessionDone>>> = Arc::default();
    let sink = Arc::clone(&done);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let runner = Runner::new(Arc::clone(plan), 2, Cancel::default());
    let summary = runtime.block_on(runner.run(&Nothing, move |event| {
        if let Event::Session(session) = event {
            sink.lock().unwrap().push(*session);
        }
    }));
    assert_eq!(summary.failed, 0);
    let mut done = std::mem::take(&mut *done.lock().unwrap());
    done.sort_by_key(|session| (session.trial, session.session));
    done
}

/// Runs a plan and returns a row for each task.
pub(crate) fn rows(plan: Plan) -> Vec<Row> {
    let plan = Arc::new(plan);
    let mut rows = Vec::new();
    for session in sessions(&plan) {
        let trial = &plan.trials[session.trial];
        let scenario = &plan.scenarios[trial.scenario].scenario;
        for done in session.tasks {
            rows.push(Row {
                scenario: scenario.id.to_string(),
                construct: scenario.construct,
                arm: plan.arm(trial).id.to_string(),
                session: session.session,
                done,
            });
        }
    }
    rows
}

/// Completed and all of the rows that `key` puts together.
pub(crate) fn rates<K: Ord>(
    rows: &[Row],
    key: impl Fn(&Row) -> Option<K>,
) -> BTreeMap<K, (u32, u32)> {
    let mut rates = BTreeMap::new();
    for row in rows {
        if let Some(key) = key(row) {
            let rate: &mut (u32, u32) = rates.entry(key).or_default();
            rate.0 += u32::from(row.done.completed);
            rate.1 += 1;
        }
    }
    rates
}

pub(crate) fn share((met, all): (u32, u32)) -> f64 {
    f64::from(met) / f64::from(all.max(1))
}
