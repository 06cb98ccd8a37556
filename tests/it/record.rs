//! The record of a run: what is written is read, and a run that was cut goes on where it stood.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use dreamtrial::{
    brief::Deliverable,
    dream::{Edit, EditKind, Source},
    event::{DreamDone, Event, SessionDone, TaskDone, TrialOutcome},
    memory::Store,
    model::caller::Account,
    plan::Plan,
    quantity::{Milliseconds, Tokens},
    record::{Host, Manifest, NoHistory, Outcome, Record, Recorder, Resumed, TaskRow},
    rubric::{Verdict, Verdicts},
    run::{Cancel, History, Runner, Summary},
    transcript::{Entry, Usage},
    user::Said,
};
use proptest::{collection::vec, option, prelude::*};

use crate::world;

fn manifest(plan: &Plan) -> Manifest {
    let host = Host {
        os: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        cores: 2,
    };
    Manifest::of(
        plan,
        "2026-02-01T10:00:00Z".parse().unwrap(),
        vec!["dreamtrial".to_owned()],
        host,
    )
}

/// A plan of two scenarios, run into a record; it is asked to stop after `stop` sessions.
fn run(
    plan: &Arc<Plan>,
    recorder: Recorder,
    history: &dyn History,
    jobs: usize,
    stop: usize,
) -> Summary {
    let cancel = Cancel::default();
    let recorder = Arc::new(Mutex::new((recorder, 0)));
    let (sink, stopper) = (Arc::clone(&recorder), cancel.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(jobs)
        .build()
        .unwrap();
    let runner = Runner::new(Arc::clone(plan), jobs, cancel);
    let summary = runtime.block_on(runner.run(history, move |event| {
        let mut sink = sink.lock().unwrap();
        sink.0.keep(&event).unwrap();
        sink.1 += usize::from(matches!(event, Event::Session(_)));
        if sink.1 == stop {
            stopper.set();
        }
    }));
    drop(runtime);
    let Some((recorder, _)) = Arc::into_inner(recorder).map(|held| held.into_inner().unwrap())
    else {
        panic!("somebody still holds the recorder");
    };
    recorder.finish().unwrap();
    summary
}

fn two_scenarios() -> Arc<Plan> {
    Arc::new(world::plan("standard.yaml", 1, |id| {
        matches!(id, "legal/retention" | "coding/procedure")
    }))
}

/// Everything that a record says of what happened.
fn all(path: &Path) -> (Vec<TaskRow>, Vec<String>) {
    let record = Record::open(path).unwrap();
    let mut tasks = Vec::new();
    record.for_each_task(|row| tasks.push(row)).unwrap();
    let mut texts = Vec::new();
    record
        .for_each_dream(|row| texts.push(format!("{row:?}")))
        .unwrap();
    for trial in &record.manifest().trials {
        for session in 1..100 {
            let Some(past) = record.session(trial.number, session).unwrap() else {
                break;
            };
            texts.push(format!("{:?} {:?}", past.entries, past.said));
            texts.extend(past.dreamed.into_iter().flat_map(|store| {
                store
                    .entries()
                    .map(|(path, entry)| format!("{path}: {}", entry.content()))
                    .collect::<Vec<_>>()
            }));
            texts.push(format!(
                "{:?}",
                record.verdicts(trial.number, session).unwrap()
            ));
        }
        texts.push(format!("{:?}", record.edits_of(trial.number).unwrap()));
    }
    texts.push(format!("{:?}", record.trial_outcomes().unwrap()));
    (tasks, texts)
}

#[test]
fn a_run_that_was_cut_and_resumed_is_the_run_that_was_not() {
    let plan = two_scenarios();
    let manifest = manifest(&plan);
    let folder = tempfile::tempdir().unwrap();
    let (whole, cut) = (
        folder.path().join("whole.sqlite"),
        folder.path().join("cut.sqlite"),
    );
    run(
        &plan,
        Recorder::create(&whole, &manifest).unwrap(),
        &NoHistory,
        2,
        usize::MAX,
    );

    let mut summary = run(
        &plan,
        Recorder::create(&cut, &manifest).unwrap(),
        &NoHistory,
        1,
        7,
    );
    let mut parts = 1;
    while summary.canceled > 0 {
        let before = Record::open(&cut).unwrap().session_count().unwrap();
        let recorder = Recorder::resume(&cut, &manifest).unwrap();
        summary = run(&plan, recorder, &Resumed::open(&cut).unwrap(), 2, 29);
        assert!(Record::open(&cut).unwrap().session_count().unwrap() > before);
        parts += 1;
    }
    assert!(parts > 2, "the run was cut more than once");
    assert_eq!(summary.graded, plan.trials.len());
    assert_eq!(all(&whole), all(&cut));
    assert_eq!(
        Record::open(&whole).unwrap().session_count().unwrap() as usize,
        plan.size().0
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        2,
        "one file each is left"
    );
}

#[test]
fn the_rows_say_what_was_planned() {
    let plan = two_scenarios();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.sqlite");
    run(
        &plan,
        Recorder::create(&path, &manifest(&plan)).unwrap(),
        &NoHistory,
        2,
        usize::MAX,
    );
    let record = Record::open(&path).unwrap();
    assert_eq!(*record.manifest(), manifest(&plan));
    let (mut tasks, mut last, mut keys) = (0, 0, Vec::new());
    record
        .for_each_task(|row| {
            let trial = plan.trials[row.trial];
            assert_eq!(
                (row.scenario, row.arm, row.repetition),
                (trial.scenario, trial.arm, trial.repetition)
            );
            tasks += 1;
            last += usize::from(row.last_of_session);
            keys.push((row.repetition, row.scenario, row.session, row.task, row.arm));
        })
        .unwrap();
    assert_eq!((last, tasks), plan.size());
    assert!(keys.is_sorted());
    let mut planned = Vec::new();
    record
        .for_each_planned(|trial| planned.push((trial.repetition, trial.scenario, trial.arm)))
        .unwrap();
    assert!(planned.len() == plan.trials.len() && planned.is_sorted());
    let outcomes = record.trial_outcomes().unwrap();
    assert!(
        outcomes.len() == planned.len()
            && outcomes
                .values()
                .all(|outcome| *outcome == (Outcome::Graded, None))
    );
}

#[test]
fn a_record_of_other_arms_is_not_resumed() {
    let plan = two_scenarios();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.sqlite");
    Recorder::create(&path, &manifest(&plan))
        .unwrap()
        .finish()
        .unwrap();
    let other = world::plan("standard.yaml", 2, |id| {
        matches!(id, "legal/retention" | "coding/procedure")
    });
    let error = Recorder::resume(&path, &manifest(&other)).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(&plan.digest.to_string()) && text.contains(&other.digest.to_string()),
        "{text}"
    );
    assert!(
        error.hint().unwrap().contains("same experiment"),
        "{error:?}"
    );
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_000u64, Just(i64::MAX.unsigned_abs())]
}

fn usage() -> impl Strategy<Value = Usage> {
    (amount(), amount(), amount(), amount()).prop_map(
        |(uncached_input, cache_write, cache_read, output)| Usage {
            uncached_input: Tokens(uncached_input),
            cache_write: Tokens(cache_write),
            cache_read: Tokens(cache_read),
            output: Tokens(output),
        },
    )
}

fn verdicts() -> impl Strategy<Value = Verdicts> {
    let verdict =
        ("[a-z]{1,8}", any::<bool>(), ".{0,40}").prop_map(|(criterion, met, evidence)| Verdict {
            criterion: criterion.parse().unwrap(),
            met,
            evidence,
            votes: None,
        });
    (vec(verdict, 0..4), any::<bool>(), any::<(u32, u32)>()).prop_map(
        |(verdicts, satisfied, score)| Verdicts {
            verdicts,
            satisfied,
            score,
        },
    )
}

fn task() -> impl Strategy<Value = TaskDone> {
    let counts = (any::<[u32; 4]>(), any::<[u32; 6]>());
    (
        any::<[bool; 3]>(),
        counts,
        usage(),
        usage(),
        amount(),
        option::of(verdicts()),
    )
        .prop_map(
            |(
                [completed, first_try, probe],
                (clarifications, counts),
                agent,
                final_grader,
                active,
                verdicts,
            )| TaskDone {
                completed,
                first_try,
                probe,
                clarifications,
                corrections: counts[0],
                revisions: counts[1],
                wrong_assumptions: counts[2],
                stale_uses: counts[3],
                scope_errors: counts[4],
                failed_calls: counts[5],
                agent,
                final_grader,
                active: Milliseconds(active),
                verdicts,
            },
        )
}

fn entry() -> impl Strategy<Value = Entry> {
    let pairs = || vec(("[a-z]{1,6}", ".{0,12}"), 0..3);
    let deliverable = (pairs(), ".{0,40}").prop_map(|(fields, body)| Deliverable {
        fields: fields
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value))
            .collect(),
        body,
    });
    prop_oneof![
        any::<usize>().prop_map(Entry::Task),
        any::<u64>().prop_map(Entry::Recall),
        ".{0,20}".prop_map(Entry::Read),
        (".{0,8}", pairs(), any::<bool>(), ".{0,40}").prop_map(
            |(tool, options, worked, answer)| Entry::Call {
                tool,
                options,
                worked,
                answer
            }
        ),
        vec(".{0,20}", 0..3).prop_map(Entry::Question),
        ".{0,20}".prop_map(Entry::Answer),
        deliverable.prop_map(Entry::Submission),
        ".{0,20}".prop_map(Entry::Finding),
        ".{0,20}".prop_map(Entry::Correction),
        Just(Entry::Accepted),
        Just(Entry::GivenUp),
        (".{0,20}", ".{0,40}").prop_map(|(path, text)| Entry::Note { path, text }),
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    let kinds = [
        EditKind::Added,
        EditKind::Merged,
        EditKind::Replaced,
        EditKind::Promoted,
        EditKind::Removed,
    ];
    let source = prop_oneof![
        (".{0,10}", any::<u32>()).prop_map(|(path, line)| Source::Memory { path, line }),
        any::<(u32, u32)>().prop_map(|(session, entry)| Source::Session { session, entry }),
    ];
    (
        proptest::sample::select(kinds.to_vec()),
        ".{0,30}",
        ".{0,30}",
        vec(source, 0..3),
    )
        .prop_map(|(kind, text, reason, sources)| Edit {
            kind,
            text,
            reason,
            sources,
        })
}

fn dream() -> impl Strategy<Value = DreamDone> {
    let writes = vec(("[a-c]{1,2}(/[a-c])?", ".{0,60}"), 0..4);
    (
        (0..2_000usize, amount()),
        writes,
        vec(edit(), 0..4),
        usage(),
        amount(),
    )
        .prop_map(|(before, writes, edits, usage, active)| {
            let mut store = Store::default();
            for (path, content) in writes {
                store.write(&path, content).unwrap();
            }
            DreamDone {
                before,
                store,
                edits,
                usage,
                active: Milliseconds(active),
            }
        })
}

fn session() -> impl Strategy<Value = SessionDone> {
    let said = proptest::collection::btree_map(0..100usize, any::<u32>(), 0..5).prop_map(Said);
    (
        vec(entry(), 0..12),
        vec(task(), 1..4),
        said,
        (0..2_000usize, amount()),
        usage(),
        option::of(dream()),
    )
        .prop_map(
            |(entries, tasks, said, memory, in_session_grader, dream)| SessionDone {
                trial: 0,
                session: 1,
                entries,
                tasks,
                said,
                memory,
                in_session_grader,
                dream,
                account: Account::new(),
                evidence: Vec::new(),
                remarks: Vec::new(),
            },
        )
}

fn as_task(row: &TaskRow, verdicts: Option<Verdicts>) -> TaskDone {
    TaskDone {
        completed: row.completed,
        first_try: row.first_try,
        probe: row.probe,
        clarifications: row.clarifications,
        corrections: row.corrections,
        revisions: row.revisions,
        wrong_assumptions: row.wrong_assumptions,
        stale_uses: row.stale_uses,
        scope_errors: row.scope_errors,
        failed_calls: row.failed_calls,
        agent: row.agent,
        final_grader: row.final_grader,
        active: row.active,
        verdicts,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_written_is_read(mut sessions in vec(session(), 1..6), finished in any::<bool>()) {
        let plan = two_scenarios();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.sqlite");
        let mut recorder = Recorder::create(&path, &manifest(&plan)).unwrap();
        for (number, session) in (1u32..).zip(&mut sessions) {
            session.session = number;
        }
        let mut events: Vec<Event> = sessions.into_iter().map(|session| Event::Session(Box::new(session))).collect();
        events.push(Event::Trial { trial: 0, outcome: TrialOutcome::Canceled, lost: None });
        events.iter().try_for_each(|event| recorder.keep(event)).unwrap();
        if finished { recorder.finish().unwrap() } else { drop(recorder) }

        let record = Record::open(&path).unwrap();
        let mut rows = Vec::new();
        record.for_each_task(|row| rows.push(row)).unwrap();
        let mut dreams = Vec::new();
        record.for_each_dream(|row| dreams.push(row)).unwrap();
        let (mut rows, mut dreams) = (rows.into_iter(), dreams.into_iter());
        let sessions: Vec<&SessionDone> = events
            .iter()
            .filter_map(|event| match event {
                Event::Session(session) => Some(&**session),
                Event::Trial { .. } => None,
            })
            .collect();
        let past = Resumed::open(&path).unwrap().past(0);
        prop_assert_eq!(past.len(), sessions.len());
        for (done, past) in sessions.into_iter().zip(past) {
            prop_assert_eq!(&record.transcript(0, done.session).unwrap().unwrap(), &done.entries);
            prop_assert_eq!((&past.entries, &past.said), (&done.entries, &done.said));
            prop_assert_eq!(past.dreamed.as_ref(), done.dream.as_ref().map(|dream| &dream.store));
            let mut grader = Usage::default();
            for (task, verdicts) in done.tasks.iter().zip(record.verdicts(0, done.session).unwrap()) {
                let row = rows.next().unwrap();
                prop_assert_eq!(row.score, verdicts.as_ref().map(|verdicts| verdicts.score));
                prop_assert_eq!(row.memory, (done.memory.0 as u64, done.memory.1));
                prop_assert_eq!(&as_task(&row, verdicts), task);
                grader += row.in_session_grader;
            }
            prop_assert_eq!(grader, done.in_session_grader);
            if let Some(dream) = &done.dream {
                let row = dreams.next().unwrap();
                prop_assert_eq!((row.trial, row.session, row.before), (0, done.session, (dream.before.0 as u64, dream.before.1)));
                prop_assert_eq!(row.after, (dream.store.len() as u64, dream.store.tokens()));
                prop_assert_eq!((row.usage, row.active, &row.edits), (dream.usage, dream.active, &dream.edits));
            }
        }
        prop_assert!(rows.next().is_none() && dreams.next().is_none());
    }
}

/// `cargo test --release -- --ignored --nocapture how_fast`: sessions of a real run, written over and over.
#[test]
#[ignore = "measures; run it in release, alone"]
#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn how_fast() {
    let plan = Arc::new(world::plan("standard.yaml", 1, |_| true));
    let events: Arc<Mutex<Vec<Event>>> = Arc::default();
    let sink = Arc::clone(&events);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let runner = Runner::new(Arc::clone(&plan), 2, Cancel::default());
    runtime.block_on(runner.run(&NoHistory, move |event| sink.lock().unwrap().push(event)));
    let mut events = std::mem::take(&mut *events.lock().unwrap());
    let times = 60_000 / plan.size().0;
    let mut manifest = manifest(&plan);
    let trials = manifest.trials.clone();
    for time in 1..times {
        manifest
            .trials
            .extend(trials.iter().map(|trial| dreamtrial::record::Planned {
                number: trial.number + time * trials.len(),
                repetition: trial.repetition + u32::try_from(time).unwrap(),
                ..*trial
            }));
    }
    let folder =
        tempfile::tempdir_in(std::env::var("MEASURE_IN").unwrap_or_else(|_| "/tmp".to_owned()))
            .unwrap();
    let path = folder.path().join("run.sqlite");
    let mut recorder = Recorder::create(&path, &manifest).unwrap();
    let start = std::time::Instant::now();
    for _ in 0..times {
        for event in &mut events {
            recorder.keep(event).unwrap();
            let next = trials.len();
            match event {
                Event::Session(session) => session.trial += next,
                Event::Trial { trial, .. } => *trial += next,
            }
        }
    }
    recorder.finish().unwrap();
    let (written, bytes) = (start.elapsed(), path.metadata().unwrap().len());
    let start = std::time::Instant::now();
    let record = Record::open(&path).unwrap();
    let opened = start.elapsed();
    let sessions = record.session_count().unwrap();
    let start = std::time::Instant::now();
    let mut rows = 0;
    record.for_each_task(|_| rows += 1).unwrap();
    let read = start.elapsed();
    let mut dreams = 0;
    let start = std::time::Instant::now();
    record.for_each_dream(|_| dreams += 1).unwrap();
    let dreamed = start.elapsed();
    let start = std::time::Instant::now();
    let past = Resumed::open(&path).unwrap();
    let found: usize = (0..1000.min(manifest.trials.len()))
        .map(|trial| past.past(trial).len())
        .sum();
    println!(
        "{sessions} sessions in {written:?}: {:.0} a second, {} bytes each; opened in {opened:?}; {rows} tasks read in {read:?}, \
         {dreams} dreams in {dreamed:?}; {found} past sessions of 1000 trials in {:?}",
        sessions as f64 / written.as_secs_f64(),
        bytes / sessions,
        start.elapsed(),
    );
}
