//! The standard experiment through the API of the service, end to end.

use std::collections::BTreeMap;

use dreamtrial::{experiment::Regime, record::Record, transcript::Role};
use serde_json::Value;

use super::{dreamtrial, has_secret, is_clean, said, settings, succeeds};
use crate::{
    live::{dreamtrial as embedded_dreamtrial, outcomes},
    support::managed_server::ManagedServer,
};

/// What decides of a task: the row without how often a grader of somebody else asked for a revision.
fn verdicts(record: &Record) -> Vec<String> {
    let mut rows = Vec::new();
    record
        .for_each_task(|task| {
            rows.push(format!(
                "{} {} {} {} {}: {} {:?}",
                task.repetition,
                task.scenario,
                task.session,
                task.task,
                task.arm,
                task.completed,
                task.score
            ));
        })
        .unwrap();
    rows
}

#[test]
fn the_standard_experiment_shows_what_the_embedded_run_shows() {
    let server = ManagedServer::start(settings());
    let folder = tempfile::tempdir().unwrap();
    let (managed, embedded) = (
        folder.path().join("managed"),
        folder.path().join("embedded"),
    );
    let output = dreamtrial(server.address)
        .args(["run", "experiments/standard.yaml", "--backend", "managed"])
        .args(["--repetitions", "1", "--yes", "--jobs", "16", "--out"])
        .arg(&managed)
        .output()
        .unwrap();
    succeeds(&output);
    assert!(
        said(&output).contains("taken away from the account: "),
        "{}",
        said(&output)
    );
    is_clean(server.address);
    assert_eq!(has_secret(&managed), Vec::<std::path::PathBuf>::new());
    succeeds(&embedded_dreamtrial(&[
        "run",
        "experiments/standard.yaml",
        "--repetitions",
        "1",
        "--out",
        &embedded.display().to_string(),
    ]));
    let open = |folder: &std::path::Path| Record::open(&folder.join("run.sqlite")).unwrap();
    let (managed, embedded) = (open(&managed), open(&embedded));
    assert!(managed.manifest().is_reference(), "no product was tested");
    assert_eq!(verdicts(&managed), verdicts(&embedded));
    // Without the service's own grader, which asks once more where a deliverable did not change, all that
    // is counted is the same.
    let arms = &managed.manifest().arms;
    let plain = |record: &Record| {
        let mut rows = outcomes(record);
        rows.retain(|row| {
            let key = row.split(':').next().unwrap();
            let arm: usize = key.rsplit(' ').next().unwrap().parse().unwrap();
            arms[arm].outcomes.is_none()
        });
        rows
    };
    assert_eq!(plain(&managed), plain(&embedded));
    same_dreams(&managed, &embedded);
    kept_evidence(&managed);
    no_truth_in_dreams(&managed);
}

/// No session that a dream reads was given a rubric, because the truth of the day stands in it.
fn no_truth_in_dreams(record: &Record) {
    let manifest = record.manifest();
    let evidence = record.evidence().unwrap();
    let mut evaluated = 0;
    for ((trial, _), all) in &evidence {
        let arm = &manifest.arms[manifest.trials[*trial].arm];
        let spans = all
            .iter()
            .filter(|one| one.kind.starts_with("span."))
            .count();
        if arm.memory == Regime::Dreamed {
            assert_eq!(spans, 0, "{}", arm.id);
        }
        evaluated += spans;
    }
    assert!(evaluated > 0);
}

/// The stores after each dream, by trial and session.
fn stores(record: &Record) -> BTreeMap<(usize, u32), Vec<(String, String)>> {
    let mut all: BTreeMap<(usize, u32), Vec<(String, String)>> = BTreeMap::new();
    record
        .for_each_dream(|dream| {
            assert!(dream.edits.iter().all(|edit| !edit.reason.is_empty()));
            all.insert((dream.trial, dream.session), Vec::new());
        })
        .unwrap();
    for ((trial, session), entries) in &mut all {
        let past = record.session(*trial, *session).unwrap().unwrap();
        let store = past.dreamed.unwrap();
        entries.extend(
            store
                .entries()
                .map(|(path, entry)| (path.to_owned(), entry.content().to_owned())),
        );
    }
    all
}

fn same_dreams(managed: &Record, embedded: &Record) {
    let (one, other) = (stores(managed), stores(embedded));
    assert!(!one.is_empty());
    assert_eq!(one, other);
}

fn kept_evidence(record: &Record) {
    let evidence = record.evidence().unwrap();
    assert_eq!(evidence.len() as u64, record.session_count().unwrap());
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for one in evidence.values().flatten() {
        *kinds.entry(one.kind.as_str()).or_default() += 1;
        let body: Value = serde_json::from_str(&one.body).unwrap();
        assert_eq!(body["id"], one.id.as_str());
    }
    assert_eq!(kinds["session"] as u64, record.session_count().unwrap());
    assert!(kinds["dream"] > 0);
    assert_eq!(
        kinds["span.outcome_evaluation_start"],
        kinds["span.outcome_evaluation_end"]
    );
    // What the service says of costs is what tokens and time come to.
    let mut remarks = Vec::new();
    record
        .for_each_remark(|_, _, role, text| remarks.push(format!("{role:?}: {text}")))
        .unwrap();
    assert_eq!(remarks, [""; 0]);
    let spending = record.spending().unwrap();
    let roles: std::collections::BTreeSet<Role> = spending
        .values()
        .flat_map(|account| account.keys().map(|(role, _)| *role))
        .collect();
    assert_eq!(
        roles,
        [Role::Agent, Role::Dreamer, Role::InSessionGrader].into()
    );
}
