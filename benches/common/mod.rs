//! What the benches share: the shipped scenarios, planned and run.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use dreamtrial::{
    command::load,
    event::{Event, SessionDone},
    experiment,
    plan::Plan,
    record::NoHistory,
    run::{Cancel, Runner},
    source::Problems,
};

/// The standard experiment on the scenarios that `wanted` lets through.
pub(crate) fn plan(repetitions: u32, wanted: impl Fn(&str) -> bool) -> Arc<Plan> {
    let mut problems = Problems::default();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/standard.yaml");
    let mut experiment = experiment::load(&file, &mut problems).expect("the experiment is whole");
    experiment.repetitions = repetitions;
    let scenarios = load::scenarios(
        &experiment.scenarios,
        |id| wanted(id.as_str()),
        &mut problems,
    );
    let rubrics = load::rubrics(&experiment.rubrics, &scenarios, &mut problems);
    Arc::new(Plan::new(experiment, scenarios, &rubrics).expect("the plan is whole"))
}

/// Runs a plan on one thread and returns its sessions.
pub(crate) fn run(plan: &Arc<Plan>) -> Vec<SessionDone> {
    let done: Arc<Mutex<Vec<SessionDone>>> = Arc::default();
    let sink = Arc::clone(&done);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(Runner::new(Arc::clone(plan), 1, Cancel::default()).run(
        &NoHistory,
        move |event| {
            if let (Event::Session(session), Ok(mut sink)) = (event, sink.lock()) {
                sink.push(*session);
            }
        },
    ));
    std::mem::take(&mut *done.lock().expect("nobody panicked"))
}
