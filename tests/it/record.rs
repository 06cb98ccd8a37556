//! What is kept is read back.

use std::sync::Arc;

use dreamtrial::{
    event::{Event, SessionDone, TaskDone, TrialOutcome},
    quantity::{Milliseconds, Tokens},
    record::{Host, Manifest, Outcome, Record, RecordError, Recorder, Resumed},
    rubric::{Verdict, Verdicts},
    run::History,
    transcript::{Entry, Usage},
    user::Said,
};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::world::plan;

fn manifest(plan: &dreamtrial::plan::Plan) -> Manifest {
    let host = Host {
        os: "test".into(),
        arch: "test".into(),
        cores: 2,
    };
    Manifest::of(
        plan,
        jiff::Timestamp::UNIX_EPOCH,
        vec!["dreamtrial".into(), "run".into()],
        host,
    )
}

fn usage() -> impl Strategy<Value = Usage> {
    (0..1u64 << 40, 0..1u64 << 40, 0..1u64 << 40, 0..1u64 << 40).prop_map(|(a, b, c, d)| Usage {
        uncached_input: Tokens(a),
        cache_write: Tokens(b),
        cache_read: Tokens(c),
        output: Tokens(d),
    })
}

fn task() -> impl Strategy<Value = TaskDone> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let counts = proptest::array::uniform10(0..1000u32);
    (
        flags,
        counts,
        usage(),
        0..1u64 << 40,
        proptest::option::of((any::<bool>(), 1..9u32, ".{0,20}")),
    )
        .prop_map(
            |((completed, first_try, probe), n, agent, active, verdict)| TaskDone {
                completed,
                first_try,
                probe,
                clarifications: [n[0], n[1], n[2], n[3]],
                corrections: n[4],
                revisions: n[5],
                wrong_assumptions: n[6],
                stale_uses: n[7],
                scope_errors: n[8],
                failed_calls: n[9],
                agent,
                final_grader: Usage {
                    uncached_input: Tokens(7),
                    output: Tokens(3),
                    ..Usage::default()
                },
                active: Milliseconds(active),
                verdicts: verdict.map(|(met, weight, evidence)| Verdicts {
                    verdicts: vec![Verdict {
                        criterion: "law".parse().unwrap(),
                        met,
                        evidence,
                    }],
                    satisfied: met,
                    score: (if met { weight } else { 0 }, weight),
                }),
            },
        )
}

fn session(trial: usize, number: u32, task: &TaskDone, words: &str) -> SessionDone {
    let mut said = Said::default();
    said.note(number as usize, number);
    SessionDone {
        trial,
        session: number,
        entries: vec![
            Entry::Task(0),
            Entry::Question(vec![words.to_owned()]),
            Entry::Note {
                path: "notes/x.md".into(),
                text: words.to_owned(),
            },
        ],
        tasks: vec![task.clone()],
        said,
        memory: (3, 99),
        in_session_grader: Usage::default(),
        dream: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn what_is_kept_is_read_back(tasks in proptest::collection::vec((task(), ".{0,40}"), 1..8)) {
        let plan = Arc::new(plan("standard.yaml", 1, |name| name == "legal/retention"));
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("run.sqlite");
        let mut recorder = Recorder::create(&path, &plan, &manifest(&plan)).unwrap();
        for (number, (task, words)) in tasks.iter().enumerate() {
            recorder.keep(&Event::Session(Box::new(session(2, number as u32 + 1, task, words)))).unwrap();
        }
        recorder.keep(&Event::Trial { trial: 2, outcome: TrialOutcome::Canceled }).unwrap();
        recorder.finish().unwrap();

        let record = Record::open(&path).unwrap();
        prop_assert_eq!(record.manifest(), &manifest(&plan));
        let mut rows = Vec::new();
        record.for_each_task(|row| rows.push(row)).unwrap();
        prop_assert_eq!(rows.len(), tasks.len());
        for (row, (task, _)) in rows.iter().zip(&tasks) {
            prop_assert_eq!((row.completed, row.first_try, row.probe), (task.completed, task.first_try, task.probe));
            prop_assert_eq!(row.clarifications, task.clarifications);
            prop_assert_eq!((row.corrections, row.revisions, row.failed_calls), (task.corrections, task.revisions, task.failed_calls));
            prop_assert_eq!((row.wrong_assumptions, row.stale_uses, row.scope_errors), (task.wrong_assumptions, task.stale_uses, task.scope_errors));
            prop_assert_eq!((row.agent, row.active), (task.agent, task.active));
            prop_assert_eq!(row.score, task.verdicts.as_ref().map(|verdicts| verdicts.score));
            prop_assert_eq!((row.arm, row.memory), (plan.trials[2].arm, (3, 99)));
        }
        prop_assert_eq!(record.trial_outcomes().unwrap().get(&2).unwrap().0, Outcome::Canceled);
        let history = Resumed::open(&path).unwrap();
        prop_assert!(!history.is_done(2));
        let past = history.past(2);
        prop_assert_eq!(past.len(), tasks.len());
        for (one, (_, words)) in past.iter().zip(&tasks) {
            prop_assert!(one.entries.contains(&Entry::Question(vec![words.clone()])));
        }
    }
}

#[test]
fn what_was_not_finished_is_there_as_far_as_it_was_committed() {
    let plan = Arc::new(plan("standard.yaml", 1, |name| name == "legal/retention"));
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("run.sqlite");
    let mut recorder = Recorder::create(&path, &plan, &manifest(&plan)).unwrap();
    recorder
        .keep(&Event::Session(Box::new(session(
            0,
            1,
            &TaskDone::default(),
            "one",
        ))))
        .unwrap();
    recorder.flush().unwrap();
    recorder
        .keep(&Event::Session(Box::new(session(
            0,
            2,
            &TaskDone::default(),
            "two",
        ))))
        .unwrap();
    drop(recorder);
    assert_eq!(
        Resumed::open(&path).unwrap().count(0),
        1,
        "the second session is absent as a whole"
    );

    let mut recorder = Recorder::resume(&path, &plan, &manifest(&plan)).unwrap();
    recorder
        .keep(&Event::Session(Box::new(session(
            0,
            2,
            &TaskDone::default(),
            "two",
        ))))
        .unwrap();
    let twice = recorder.keep(&Event::Session(Box::new(session(
        0,
        1,
        &TaskDone::default(),
        "again",
    ))));
    assert!(
        matches!(twice, Err(RecordError::Write { .. })),
        "a session is never there twice"
    );
    assert!(matches!(
        Recorder::create(&path, &plan, &manifest(&plan)),
        Err(RecordError::Exists(_))
    ));
}
