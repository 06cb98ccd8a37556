//! Streams that break off: every event is still read once.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{Bench, settings, succeeds};
use crate::support::stream_proxy::StreamProxy;

/// The kinds of events that the small run meets.
const KINDS: [&str; 17] = [
    "user.message",
    "user.custom_tool_result",
    "user.define_outcome",
    "session.status_running",
    "session.status_idle",
    "session.usage",
    "session.thread_status_running",
    "session.thread_status_idle",
    "agent.message",
    "agent.tool_use",
    "agent.tool_result",
    "agent.custom_tool_use",
    "span.model_request_start",
    "span.model_request_end",
    "span.outcome_evaluation_start",
    "span.outcome_evaluation_ongoing",
    "span.outcome_evaluation_end",
];

/// How often the stream is cut behind an event of each kind.
const TIMES: usize = 3;

#[test]
fn a_stream_that_is_cut_behind_any_kind_of_event_loses_none() {
    let bench = Bench::new(settings());
    let cuts: Arc<Vec<AtomicUsize>> = Arc::new(KINDS.iter().map(|_| AtomicUsize::new(0)).collect());
    let counted = Arc::clone(&cuts);
    let proxy = StreamProxy::start(
        bench.server.address,
        Box::new(|_| None),
        Box::new(move |kind| {
            let at = KINDS.iter().position(|known| *known == kind);
            at.is_some_and(|at| counted[at].fetch_add(1, Ordering::SeqCst) < TIMES)
        }),
    );
    let output = bench.run(proxy.address, &["--arm", "none-outcomes", "--keep"]);
    succeeds(&output);
    assert_eq!(bench.broken(), [""; 0]);
    let missed: Vec<&str> = KINDS
        .iter()
        .zip(cuts.iter())
        .filter(|(_, cuts)| cuts.load(Ordering::SeqCst) < TIMES)
        .map(|(kind, _)| *kind)
        .collect();
    assert_eq!(missed, [""; 0], "kinds that were never cut");
    once_each(&bench);
}

#[test]
fn a_server_that_cuts_every_other_stream_loses_nothing() {
    let mut settings = settings();
    settings.faults.dropped_streams = 0.5;
    let bench = Bench::new(settings);
    let output = bench.run(bench.server.address, &["--keep"]);
    succeeds(&output);
    bench.is_whole();
    once_each(&bench);
}

/// Every session of the record is one of the server's, and the server has no others but those that dreamt.
pub(super) fn once_each(bench: &Bench) {
    let evidence = bench.record().evidence().unwrap();
    let ours: BTreeSet<String> = evidence
        .values()
        .flatten()
        .filter(|one| one.kind == "session")
        .map(|one| one.id.clone())
        .collect();
    assert_eq!(ours.len() as u64, bench.record().session_count().unwrap());
    let there: BTreeSet<String> = bench
        .listed("/v1/sessions?include_archived=true")
        .into_iter()
        .filter(|session| session["metadata"]["trial"].is_string())
        .map(|session| session["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(there, ours);
    no_event_twice(bench, &there);
}

/// No message stands twice in a row, and no call is answered twice.
fn no_event_twice(bench: &Bench, sessions: &BTreeSet<String>) {
    let twice: Mutex<Vec<String>> = Mutex::default();
    for session in sessions {
        let events = bench.listed(&format!("/v1/sessions/{session}/events"));
        let mut answered = BTreeSet::new();
        let mut last = String::new();
        for event in &events {
            match event["type"].as_str().unwrap() {
                "user.custom_tool_result" => {
                    let call = event["custom_tool_use_id"].as_str().unwrap();
                    if !answered.insert(call.to_owned()) {
                        twice.lock().unwrap().push(call.to_owned());
                    }
                }
                "user.message" => {
                    let text = event["content"].to_string();
                    assert_ne!(text, last, "{session}");
                    last = text;
                }
                _ => {}
            }
        }
    }
    assert_eq!(twice.into_inner().unwrap(), [""; 0]);
}
