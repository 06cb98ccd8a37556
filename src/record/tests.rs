//! What only the inside of a record can show: its keys and its bytes.

mod failures;

use std::path::PathBuf;

use rusqlite::Connection;

use super::*;
use crate::{
    event::{DreamDone, Event, SessionDone, TaskDone, TrialOutcome},
    memory::Store,
    model::caller::Account,
    price::PriceList,
    quantity::{Milliseconds, Tokens},
    run::History as _,
    scenario::{Construct, Domain},
    transcript::{Entry, Failure, Usage},
    user::Said,
};

const SESSIONS: u32 = 3;

/// Two scenarios of three sessions, the second with two tasks; two arms; two repetitions. The trials of
/// the second arm come last in each repetition, as those of a placebo do.
fn manifest() -> Manifest {
    let arm = |id: &str| PlannedArm {
        id: id.parse().unwrap(),
        memory: crate::experiment::Regime::None,
        policy: None,
        outcomes: None,
    };
    let scenario = |id: &str| PlannedScenario {
        id: id.parse().unwrap(),
        title: String::new(),
        summary: String::new(),
        domain: Domain::Legal,
        construct: Construct::Retention,
        tasks_per_session: vec![1, 2, 1],
        session_dates: vec!["2026-01-05".parse().unwrap(); 3],
        digest: String::new(),
    };
    let mut trials = Vec::new();
    for repetition in 1..=2 {
        for arm in 0..2 {
            for scenario in 0..2 {
                trials.push(Planned {
                    number: trials.len(),
                    scenario,
                    arm,
                    repetition,
                });
            }
        }
    }
    Manifest {
        dreams_of: None,
        claims: None,
        format: FORMAT,
        version: "0.1.0".to_owned(),
        started_at: "2026-02-01T10:00:00Z".parse().unwrap(),
        command_line: vec!["dreamtrial".to_owned(), "run".to_owned()],
        host: Host {
            os: "linux".to_owned(),
            arch: "x86_64".to_owned(),
            cores: 2,
        },
        title: "A test".to_owned(),
        seed: u64::MAX,
        repetitions: 2,
        backend: "reference".to_owned(),
        live: None,
        rubrics: std::collections::BTreeMap::new(),
        other_prices: std::collections::BTreeMap::new(),
        priced_as: "claude-sonnet-5-5".to_owned(),
        limits: crate::experiment::Limits::default(),
        reference: crate::experiment::Reference::default(),
        arms: vec![arm("none"), arm("placebo")],
        policies: vec![PlannedPolicy {
            id: "standard".parse().unwrap(),
            policy: crate::experiment::Policy::default(),
        }],
        plan_digest: "ab".repeat(32),
        scenarios: vec![scenario("legal/one"), scenario("legal/two")],
        price: PriceList::embedded().model("claude-sonnet-5-5").unwrap(),
        price_date: "2026-01-01".to_owned(),
        price_source: "a page".to_owned(),
        trials,
    }
}

fn session(trial: usize, session: u32) -> Event {
    let mut store = Store::default();
    store
        .write("notes/a.md", format!("after {session}"))
        .unwrap();
    let tasks = vec![
        TaskDone {
            corrections: session,
            ..TaskDone::default()
        };
        if session == 2 { 2 } else { 1 }
    ];
    Event::Session(Box::new(SessionDone {
        trial,
        session,
        entries: vec![Entry::Task(0), Entry::Answer("x".repeat(500))],
        tasks,
        said: Said::default(),
        memory: (trial, 7),
        in_session_grader: Usage {
            output: Tokens(5),
            ..Usage::default()
        },
        dream: Some(DreamDone {
            before: (0, 0),
            store,
            edits: Vec::new(),
            usage: Usage::default(),
            active: Milliseconds(1),
        }),
        account: Account::new(),
        evidence: Vec::new(),
        remarks: Vec::new(),
    }))
}

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    Place {
        path: folder.path().join("run.sqlite"),
        _folder: folder,
    }
}

/// A finished record of all sessions of all trials.
fn whole() -> Place {
    let place = place();
    let mut recorder = Recorder::create(&place.path, &manifest()).unwrap();
    for trial in (0..manifest().trials.len()).rev() {
        for number in 1..=SESSIONS {
            recorder.keep(&session(trial, number)).unwrap();
        }
        recorder
            .keep(&Event::Trial {
                trial,
                outcome: TrialOutcome::Graded,
                lost: None,
            })
            .unwrap();
    }
    recorder.finish().unwrap();
    place
}

#[test]
fn rows_come_in_the_order_of_pairs_without_sorting() {
    let place = whole();
    let record = Record::open(&place.path).unwrap();
    let mut keys = Vec::new();
    record
        .for_each_task(|row| {
            keys.push((row.repetition, row.scenario, row.session, row.task, row.arm));
        })
        .unwrap();
    assert_eq!(keys.len(), 8 * 4);
    assert!(keys.is_sorted());
    let mut dreams = Vec::new();
    record
        .for_each_dream(|row| dreams.push((row.repetition, row.scenario, row.session, row.arm)))
        .unwrap();
    assert!(dreams.len() == 24 && dreams.is_sorted());
    for query in [TaskRow::QUERY, DreamRow::QUERY, read::SESSIONS] {
        let steps = record.plan_of(query);
        assert!(
            !steps.iter().any(|step| step.contains("TEMP B-TREE")),
            "{steps:?}"
        );
    }
}

#[test]
fn the_manifest_is_read_back_and_readable_alone() {
    let place = whole();
    assert_eq!(*Record::open(&place.path).unwrap().manifest(), manifest());
    let connection = Connection::open(&place.path).unwrap();
    let text: String = connection
        .query_row("SELECT value FROM meta WHERE key = 'manifest'", [], |row| {
            row.get(0)
        })
        .unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["started_at"], "2026-02-01T10:00:00Z");
    assert_eq!(value["seed"], u64::MAX);
    assert_eq!(value["arms"][1]["id"], "placebo");
}

#[test]
fn a_task_knows_its_place_and_its_trial() {
    let place = place();
    let mut recorder = Recorder::create(&place.path, &manifest()).unwrap();
    recorder.keep(&session(1, 1)).unwrap();
    recorder.keep(&session(1, 2)).unwrap();
    let failure = Failure::Memory("too long".to_owned());
    recorder
        .keep(&Event::Trial {
            trial: 1,
            outcome: TrialOutcome::BackendFailed(failure),
            lost: None,
        })
        .unwrap();
    recorder.keep(&session(0, 1)).unwrap();
    recorder
        .keep(&Event::Trial {
            trial: 0,
            outcome: TrialOutcome::Canceled,
            lost: None,
        })
        .unwrap();
    recorder.finish().unwrap();
    let record = Record::open(&place.path).unwrap();
    let mut rows = Vec::new();
    record.for_each_task(|row| rows.push(row)).unwrap();
    let facts = |row: &TaskRow| {
        (
            row.trial,
            row.session,
            row.task,
            row.last_of_session,
            row.trial_failed,
            row.in_session_grader.output.0,
        )
    };
    let facts: Vec<_> = rows.iter().map(facts).collect();
    assert_eq!(
        facts,
        [
            (0, 1, 0, true, false, 5),
            (1, 1, 0, true, true, 5),
            (1, 2, 0, false, true, 0),
            (1, 2, 1, true, true, 5)
        ]
    );
    assert!(
        rows.iter()
            .all(|row| !row.graded && row.score.is_none() && row.memory.1 == 7)
    );
    let outcomes = record.trial_outcomes().unwrap();
    assert_eq!(
        outcomes[&1],
        (Outcome::BackendFailed, Some("too long".to_owned()))
    );
    assert_eq!(outcomes[&0], (Outcome::Canceled, None));
    assert_eq!(outcomes.len(), 2, "a trial that did not end has no outcome");
}

#[test]
fn a_session_is_there_once() {
    let place = place();
    let mut recorder = Recorder::create(&place.path, &manifest()).unwrap();
    recorder.keep(&session(0, 1)).unwrap();
    let error = recorder.keep(&session(0, 1)).unwrap_err();
    assert!(
        matches!(
            error,
            RecordError::Twice {
                trial: 0,
                session: 1,
                ..
            }
        ),
        "{error}"
    );
    recorder.flush().unwrap();
    assert!(
        matches!(
            recorder.keep(&session(0, 1)).unwrap_err(),
            RecordError::Twice { .. }
        ),
        "nor after a commit"
    );
    assert!(matches!(
        recorder.keep(&session(99, 1)).unwrap_err(),
        RecordError::UnknownTrial { trial: 99, .. }
    ));
    recorder.keep(&session(0, 2)).unwrap();
    recorder.finish().unwrap();
    let record = Record::open(&place.path).unwrap();
    assert_eq!(record.session_count().unwrap(), 2);
    let mut tasks = 0;
    record.for_each_task(|_| tasks += 1).unwrap();
    assert_eq!(tasks, 3);
}

#[test]
fn a_trial_is_done_when_it_is_graded_and_whole() {
    let place = place();
    let mut recorder = Recorder::create(&place.path, &manifest()).unwrap();
    for (trial, sessions, outcome) in [
        (0, SESSIONS, Some(TrialOutcome::Graded)),
        (1, SESSIONS, None),
        (2, 2, Some(TrialOutcome::Graded)),
        (3, 1, Some(TrialOutcome::Canceled)),
    ] {
        (1..=sessions).for_each(|number| recorder.keep(&session(trial, number)).unwrap());
        if let Some(outcome) = outcome {
            recorder
                .keep(&Event::Trial {
                    trial,
                    outcome,
                    lost: None,
                })
                .unwrap();
        }
    }
    recorder.finish().unwrap();
    let past = Resumed::open(&place.path).unwrap();
    assert_eq!(
        (0..5).map(|trial| past.is_done(trial)).collect::<Vec<_>>(),
        [true, false, false, false, false]
    );
    assert_eq!(
        (0..5).map(|trial| past.count(trial)).collect::<Vec<_>>(),
        [3, 3, 2, 1, 0]
    );
    let sessions = past.past(2);
    assert_eq!(
        sessions[1]
            .dreamed
            .as_ref()
            .unwrap()
            .get("notes/a.md")
            .unwrap()
            .content(),
        "after 2"
    );
    let mut recorder = Recorder::resume(&place.path, &manifest()).unwrap();
    recorder
        .keep(&Event::Trial {
            trial: 3,
            outcome: TrialOutcome::Graded,
            lost: None,
        })
        .unwrap();
    recorder.finish().unwrap();
    let outcomes = Record::open(&place.path).unwrap().trial_outcomes().unwrap();
    assert_eq!(outcomes[&3].0, Outcome::Graded, "the last one counts");
}
