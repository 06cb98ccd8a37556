//! Faults that pass: the run ends as if nothing had been.

use dreamtrial::{experiment::live::Provider, model::caller::Spent};

use super::{Bench, Setup, shown};
use crate::support::fault_proxy::{Fault, Rule, status};

/// Every this many requests one goes wrong, as long as there are faults left.
const EVERY: usize = 5;

/// Every kind of fault that may pass. Those that wait for a time limit come once, the others twice.
fn faults() -> Vec<(&'static str, Fault)> {
    let json = ("content-type", "application/json");
    let events = ("content-type", "text/event-stream");
    let error = |kind: &str| format!(r#"{{"error": {{"type": "{kind}", "message": "later"}}}}"#);
    let quick = vec![
        (
            "429 without a wait",
            status("429 Too Many Requests", &[json], &error("rate_limit_error")),
        ),
        (
            "429 with a wait in milliseconds",
            status(
                "429 Too Many Requests",
                &[json, ("retry-after-ms", "30")],
                &error("rate_limit_error"),
            ),
        ),
        (
            "500",
            status("500 Internal Server Error", &[json], &error("api_error")),
        ),
        ("529", status("529 ", &[json], &error("overloaded_error"))),
        ("a reset before the answer", Fault::Reset),
        ("a reset in mid-stream", Fault::ResetInTheMiddle),
        ("an end in mid-stream", Fault::CutInTheMiddle),
        (
            "a malformed event",
            status(
                "200 OK",
                &[events],
                "event: message_start\ndata: {\"type\"\n\n",
            ),
        ),
        (
            "truncated JSON",
            status("200 OK", &[json], "{\"id\": \"msg_0\", \"content\": [{\"ty"),
        ),
        (
            "a page of a proxy",
            status(
                "200 OK",
                &[("content-type", "text/html")],
                "<html>busy</html>",
            ),
        ),
    ];
    let mut all = quick.clone();
    all.extend([
        (
            "429 with a wait in seconds",
            status(
                "429 Too Many Requests",
                &[json, ("retry-after", "1")],
                &error("rate_limit_error"),
            ),
        ),
        ("a stall", Fault::Stall),
        ("an answer after the time limit", Fault::Late),
        ("a slow drip", Fault::Drip),
    ]);
    all.extend(quick);
    all
}

fn rule() -> Rule {
    let faults = faults();
    Box::new(move |number, _| {
        number
            .is_multiple_of(EVERY)
            .then(|| Some(faults.get(number / EVERY - 1)?.1.clone()))
            .flatten()
    })
}

fn survives(provider: Provider) {
    let setup = Setup {
        provider,
        settings: "timeouts: {response_seconds: 4, total_seconds: 5}",
        whole_cast: true,
        ..Setup::default()
    };
    let bench = Bench::new(setup, rule());
    let output = bench.run(&[]);
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(
        bench.server.counts.refused.lock().unwrap().as_slice(),
        [""; 0]
    );
    bench.is_whole();

    let sums = bench.proxy.sums();
    assert_eq!(sums.faults, faults().len(), "every fault was met");
    let spending = bench.record().spending().unwrap();
    let spent: Vec<&Spent> = spending
        .values()
        .flat_map(|account| account.values())
        .collect();
    let calls: u64 = spent.iter().map(|spent| spent.calls).sum();
    let attempts: u64 = spent.iter().map(|spent| spent.attempts).sum();
    assert_eq!(attempts, sums.requests as u64);
    assert_eq!(calls, sums.passed as u64);
    assert_eq!(sums.passed + sums.faults, sums.requests);
}

#[test]
fn a_run_over_the_messages_api_survives_every_fault_that_passes() {
    survives(Provider::Anthropic);
}

#[test]
fn a_run_over_chat_completions_survives_every_fault_that_passes() {
    survives(Provider::Openai);
}
