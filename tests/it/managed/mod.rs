//! Sessions through the protocol of the Managed Agents API: what the agent behind it does is what the
//! embedded agent does, task by task and token by token.

mod client;
mod outcomes;
mod protocol;

use std::sync::{Arc, Mutex};

use dreamtrial::{
    dream::{DreamRequest, consolidate::Consolidator},
    event::{Event, SessionDone},
    managed::guidance,
    plan::Plan,
    quantity::Seed,
    run::{Cancel, Runner, Staff},
    serve::play::{PastSession, dream, transcript},
    transcript::{Entry, Transcript},
};

use self::client::{Ended, PlayedAgent};
use crate::world::{self, Nothing};

/// Runs a plan with an agent that is spoken to through events only. Gives its sessions in the order of
/// trials, and their histories in no order; with one worker, in the order of sessions.
fn played(plan: &Arc<Plan>, workers: usize) -> (Vec<SessionDone>, Vec<Ended>) {
    let ended: Arc<Mutex<Vec<Ended>>> = Arc::default();
    let done: Arc<Mutex<Vec<SessionDone>>> = Arc::default();
    let sink = Arc::clone(&done);
    let experiment = &plan.experiment;
    let staff = Staff {
        agent: Box::new(PlayedAgent::new(
            experiment.limits,
            experiment.reference,
            Arc::clone(&ended),
        )),
        ..Staff::embedded(experiment)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let runner = Runner::new(Arc::clone(plan), workers, Cancel::default()).staffed(Arc::new(staff));
    let summary = runtime.block_on(runner.run(&Nothing, move |event| {
        if let Event::Session(session) = event {
            sink.lock().unwrap().push(*session);
        }
    }));
    assert_eq!(summary.failed, 0);
    let mut done = std::mem::take(&mut *done.lock().unwrap());
    done.sort_by_key(|session| (session.trial, session.session));
    (done, std::mem::take(&mut ended.lock().unwrap()))
}

/// What was recorded of a session, in words.
fn recorded(session: &SessionDone) -> String {
    let dream = session.dream.as_ref().map(|dream| {
        let store: Vec<(&str, &str)> = dream
            .store
            .entries()
            .map(|(path, entry)| (path, entry.content()))
            .collect();
        (store, &dream.edits, dream.usage)
    });
    format!(
        "{} {}: {:?} {:?} {:?} {:?} {dream:?}",
        session.trial,
        session.session,
        session.entries,
        session.tasks,
        session.said,
        session.in_session_grader
    )
}

fn shows_the_same(plan: &Arc<Plan>) {
    let embedded = world::sessions(plan);
    let (sessions, ended) = played(plan, 2);
    assert_eq!(sessions.len(), embedded.len());
    assert_eq!(ended.len(), embedded.len());
    for (one, other) in sessions.iter().zip(&embedded) {
        assert_eq!(recorded(one), recorded(other));
    }
    // What a dreamer is given of the histories: the same sessions, though in another order.
    let mut expected: Vec<(u64, String)> = embedded
        .iter()
        .map(|session| {
            let seed = plan.seed(&plan.trials[session.trial], session.session);
            (seed.derive("agent").0, format!("{:?}", session.entries))
        })
        .collect();
    let mut read: Vec<(u64, String)> = ended
        .iter()
        .map(|ended| {
            let transcript = transcript(&ended.setting, 1, &ended.history)
                .unwrap()
                .unwrap();
            client::is_the_same(&transcript.brief, &ended.brief);
            (ended.setting.seed.0, format!("{:?}", transcript.entries))
        })
        .collect();
    expected.sort();
    read.sort();
    assert_eq!(read, expected);
}

#[test]
fn every_trial_through_events_is_the_embedded_trial() {
    let plan = Arc::new(world::plan("standard.yaml", 1, |_| true));
    assert!(plan.experiment.arms.len() > 4, "every regime has an arm");
    shows_the_same(&plan);
}

#[test]
fn a_dream_of_histories_is_the_embedded_dream() {
    for name in ["legal/procedure", "medical/control", "coding/scope"] {
        let mut plan = world::plan("standard.yaml", 1, |id| id == name);
        plan.trials
            .retain(|trial| plan.experiment.arms[trial.arm].id.as_str() == "accumulated");
        assert_eq!(plan.trials.len(), 1);
        let plan = Arc::new(plan);
        let (sessions, ended) = played(&plan, 1);
        let store = sessions.iter().flat_map(|session| &session.entries).fold(
            dreamtrial::memory::Store::default(),
            |mut store, entry| {
                if let Entry::Note { path, text } = entry {
                    store.write(path, text.clone()).unwrap();
                }
                store
            },
        );
        let transcripts: Vec<Arc<Transcript>> = (1..)
            .zip(sessions.iter().zip(&ended))
            .map(|(session, (done, ended))| {
                Arc::new(Transcript {
                    session,
                    brief: Arc::clone(&ended.brief),
                    entries: done.entries.clone(),
                })
            })
            .collect();
        let mut past: Vec<PastSession<'_>> = (1..)
            .zip(&ended)
            .map(|(number, ended)| PastSession {
                number,
                setting: &ended.setting,
                history: &ended.history,
            })
            .collect();
        past.reverse();
        for (_, policy) in &plan.experiment.policies {
            let last = transcripts.last().unwrap().brief.date;
            let expected = Consolidator::new(plan.experiment.reference)
                .consolidate(&DreamRequest {
                    store: &store,
                    transcripts: &transcripts,
                    policy,
                    date: last,
                    seed: Seed(0),
                })
                .unwrap();
            let found = dream(
                &store,
                &past,
                Some(&guidance::write(policy).unwrap()),
                jiff::civil::date(1999, 1, 1),
                plan.experiment.reference,
            )
            .unwrap();
            assert_eq!(found.store, expected.store);
            assert_eq!(found.edits, expected.edits);
            assert!(!found.store.is_empty());
        }
    }
}
