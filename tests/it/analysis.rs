//! What is concluded from a record that is not whole.

use std::{path::Path, sync::Arc};

use dreamtrial::{
    analyse::{Analysis, Caution, Direction, Group, Metric},
    event::Event,
    plan::Plan,
    record::{Host, Manifest, Record, Recorder},
    report::Report,
};

use crate::world;

/// Keeps the sessions of a plan that `wanted` takes, by arm and session, and analyses them.
fn analysis(plan: &Arc<Plan>, file: &Path, wanted: impl Fn(&str, u32) -> bool) -> Analysis {
    let host = Host {
        os: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        cores: 2,
    };
    let started = "2026-02-01T10:00:00Z".parse().unwrap();
    let manifest = Manifest::of(plan, started, Vec::new(), host);
    let mut recorder = Recorder::create(file, &manifest).unwrap();
    for session in world::sessions(plan) {
        let arm = plan.arm(&plan.trials[session.trial]).id.to_string();
        if wanted(&arm, session.session) {
            recorder.keep(&Event::Session(Box::new(session))).unwrap();
        }
    }
    recorder.finish().unwrap();
    Analysis::of(&Record::open(file).unwrap()).unwrap()
}

fn plan() -> Arc<Plan> {
    Arc::new(world::plan("standard.yaml", 1, |id| {
        matches!(id, "legal/retention" | "coding/procedure")
    }))
}

#[test]
fn a_run_without_a_session_is_reported_as_one_that_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let analysis = analysis(&plan(), &folder.path().join("run.sqlite"), |_, _| false);
    for one in &analysis.comparisons {
        assert_eq!(
            one.direction,
            Direction::NotJudged(Caution::NotEstimable),
            "{one:?}"
        );
        assert_eq!(
            (one.difference.value, one.pairs, one.unpaired),
            (None, 0, 0)
        );
    }
    assert!(
        analysis
            .counts
            .iter()
            .all(|arm| arm.canceled == arm.planned)
    );
    let report = Report::of(&analysis).unwrap();
    assert!(report.terminal.contains("not run"), "{}", report.terminal);
    assert!(!report.terminal.contains("NaN"), "{}", report.terminal);
}

/// An arm that went further has dreamed more often; what it paid after the other arm ended is its own,
/// and no part of the comparison.
#[test]
fn a_comparison_has_the_dreams_of_the_sessions_that_both_arms_have() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan();
    let compared = |file: &str, wanted: &dyn Fn(&str, u32) -> bool| {
        let analysis = analysis(&plan, &folder.path().join(file), wanted);
        let (none, dreamed) = (
            analysis.arm("none").unwrap(),
            analysis.arm("dreamed").unwrap(),
        );
        let metric = Metric::CostPerSession;
        let own = analysis.summary(Group::All, dreamed, metric).unwrap();
        let one = analysis
            .comparison(Group::All, metric, none, dreamed)
            .unwrap();
        (own.estimate.value.unwrap(), one.treat_value.unwrap())
    };
    let cut = compared("cut", &|arm, session| arm == "dreamed" || session <= 2);
    let short = compared("short", &|_, session| session <= 2);
    assert!((short.0 - short.1).abs() < 1e-12, "{short:?}");
    assert!((cut.1 - short.1).abs() < 1e-12, "{cut:?} {short:?}");
    assert!(cut.0 > cut.1, "later sessions cost more: {cut:?}");
}
