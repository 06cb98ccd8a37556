//! Faults of the service: those that pass leave no trace, those that last end what they must and no more.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use super::{Bench, ask, said, settings, streams::once_each, succeeds};
use crate::{
    faults::shown,
    support::{
        fault_proxy::{Fault, status},
        stream_proxy::{Asked, StreamProxy},
    },
};

/// Every this many requests one goes wrong, as long as there are faults left.
const EVERY: usize = 7;

fn error(line: &str, kind: &str, headers: &[(&str, &str)]) -> Fault {
    let mut all = vec![("content-type", "application/json")];
    all.extend(headers);
    let body = format!(r#"{{"type": "error", "error": {{"type": "{kind}", "message": "later"}}}}"#);
    status(line, &all, &body)
}

/// Every kind of fault that may pass. Those that wait for a time limit come once, the others more often,
/// so that each meets requests of several kinds.
fn passing() -> Vec<Fault> {
    let page = status(
        "200 OK",
        &[("content-type", "text/html")],
        "<html>busy</html>",
    );
    let cut = status(
        "200 OK",
        &[("content-type", "application/json")],
        "{\"id\": \"sesn_0\", \"da",
    );
    let quick = [
        error(
            "429 Too Many Requests",
            "rate_limit_error",
            &[("retry-after-ms", "30")],
        ),
        error("500 Internal Server Error", "api_error", &[]),
        error("529 ", "overloaded_error", &[]),
        Fault::Reset,
        Fault::ResetInTheMiddle,
        Fault::CutInTheMiddle,
        page,
        cut,
    ];
    let mut all: Vec<Fault> = std::iter::repeat_n(quick, 6).flatten().collect();
    all.extend([
        error(
            "429 Too Many Requests",
            "rate_limit_error",
            &[("retry-after", "1")],
        ),
        Fault::Stall,
        Fault::Late,
        Fault::Drip,
    ]);
    all
}

#[test]
fn a_run_survives_every_fault_that_passes_and_doubles_nothing() {
    let bench = Bench::new(settings());
    let left = Mutex::new(passing());
    let proxy = StreamProxy::start(
        bench.server.address,
        Box::new(move |asked| {
            let mut left = left.lock().unwrap();
            asked.number.is_multiple_of(EVERY).then(|| left.pop())?
        }),
        Box::new(|_| false),
    );
    let output = bench.run(proxy.address, &["--keep"]);
    succeeds(&output);
    assert!(
        proxy.seen().len() >= EVERY * passing().len(),
        "every fault was met"
    );
    bench.is_whole();
    once_each(&bench);
    let output = super::dreamtrial(bench.server.address)
        .args(["clean", "--yes"])
        .output()
        .unwrap();
    succeeds(&output);
    bench.is_clean();
}

#[test]
fn a_refusal_of_the_key_ends_the_run_before_anything_is_made() {
    let bench = Bench::new(settings());
    let proxy = StreamProxy::start(
        bench.server.address,
        Box::new(|_| Some(error("401 Unauthorized", "authentication_error", &[]))),
        Box::new(|_| false),
    );
    let output = bench.run(proxy.address, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(
        said(&output).contains("hint: set the key"),
        "{}",
        said(&output)
    );
    assert!(!bench.out().exists());
    assert_eq!(proxy.seen().len(), 1);
}

/// What happens to the first answer to a call, once.
fn at_the_first_answer(
    happens: impl Fn(&Asked) -> Option<Fault> + Send + Sync + 'static,
) -> crate::support::stream_proxy::Faults {
    let done = AtomicBool::new(false);
    Box::new(move |asked| {
        let is_answer =
            asked.line.ends_with("/events") && asked.body.contains("custom_tool_result");
        if is_answer && !done.swap(true, Ordering::SeqCst) {
            happens(asked)
        } else {
            None
        }
    })
}

#[test]
fn a_session_that_the_service_ends_costs_its_trial_and_no_other_and_the_run_goes_on() {
    let bench = Bench::new(settings());
    let server = bench.server.address;
    let proxy = StreamProxy::start(
        server,
        at_the_first_answer(move |asked| {
            // Somebody else puts the session away while it waits for an answer.
            let path = asked
                .line
                .trim_start_matches("POST ")
                .trim_end_matches("/events");
            let (status, body) = ask(server, "POST", &format!("{path}/archive"), "{}");
            assert_eq!(status, 200, "{body}");
            None
        }),
        Box::new(|_| false),
    );
    let output = bench.run(proxy.address, &[]);
    assert_eq!(output.status.code(), Some(4), "{}", shown(&output));
    let broken = bench.broken();
    assert_eq!(broken.len(), 1, "{broken:?}");
    let output = bench.run(server, &["--resume"]);
    succeeds(&output);
    bench.is_whole();
    bench.is_clean();
}

#[test]
fn an_object_that_is_gone_costs_its_trial_and_no_other() {
    let bench = Bench::new(settings());
    let proxy = StreamProxy::start(
        bench.server.address,
        at_the_first_answer(|_| Some(error("404 Not Found", "not_found_error", &[]))),
        Box::new(|_| false),
    );
    let output = bench.run(proxy.address, &[]);
    assert_eq!(output.status.code(), Some(4), "{}", shown(&output));
    assert_eq!(bench.broken().len(), 1);
    assert!(
        said(&output).contains("stays there, so that it can go on"),
        "{}",
        said(&output)
    );
    succeeds(&bench.run(bench.server.address, &["--resume"]));
    bench.is_whole();
    bench.is_clean();
}

#[test]
fn a_cap_on_money_holds() {
    let bench = Bench::new(settings());
    let output = bench.run(bench.server.address, &["--max-usd", "0.2", "--jobs", "2"]);
    assert_eq!(output.status.code(), Some(4), "{}", shown(&output));
    let spent: i64 = crate::faults::ask(
        &bench.out().join("run.sqlite"),
        "SELECT sum(micro_usd) FROM spending",
    )
    .unwrap();
    // Nearly all of it may be used, and what was in flight at the end is a request of each trial.
    assert!((150_000..=220_000).contains(&spent), "{spent}");
    succeeds(&bench.run(bench.server.address, &["--resume"]));
    bench.is_whole();
}

#[test]
fn a_request_whose_answer_is_lost_is_carried_out_once() {
    let bench = Bench::new(settings());
    let numbers: Mutex<std::collections::BTreeMap<&str, usize>> = Mutex::default();
    let proxy = StreamProxy::start(
        bench.server.address,
        Box::new(move |asked| {
            let kind = ["/v1/sessions", "/v1/dreams", "/events"]
                .into_iter()
                .find(|end| asked.line.starts_with("POST ") && asked.line.ends_with(end))?;
            let mut numbers = numbers.lock().unwrap();
            let number = numbers.entry(kind).or_default();
            *number += 1;
            // The service has done it, and nobody hears so.
            (*number % 5 == 1).then_some(Fault::CutInTheMiddle)
        }),
        Box::new(|_| false),
    );
    let output = bench.run(proxy.address, &["--keep"]);
    succeeds(&output);
    bench.is_whole();
    once_each(&bench);
    let mut dreams = 0;
    bench.record().for_each_dream(|_| dreams += 1).unwrap();
    assert_eq!(
        bench.listed("/v1/dreams?include_archived=true").len(),
        dreams
    );
}

#[test]
fn a_request_that_is_refused_and_an_answer_without_end_cost_their_trial_and_no_other() {
    // Of an answer that is too long nobody knows what was done: it is looked up, or the trial ends.
    for (fault, least) in [
        (error("400 Bad Request", "invalid_request_error", &[]), 1),
        (Fault::Flood(100_000_000), 0),
    ] {
        let bench = Bench::new(settings());
        let proxy = StreamProxy::start(
            bench.server.address,
            at_the_first_answer(move |_| Some(fault.clone())),
            Box::new(|_| false),
        );
        let output = bench.run(proxy.address, &[]);
        let broken = bench.broken().len();
        assert!((least..=1).contains(&broken), "{}", shown(&output));
        let code = if broken == 0 { 0 } else { 4 };
        assert_eq!(output.status.code(), Some(code), "{}", shown(&output));
        succeeds(&bench.run(bench.server.address, &["--resume"]));
        bench.is_whole();
        bench.is_clean();
    }
}

#[test]
fn where_nobody_listens_nothing_is_begun() {
    let bench = Bench::new(settings());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = free.local_addr().unwrap();
    drop(free);
    let output = bench.run(nobody, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(said(&output).contains("no connection"), "{}", said(&output));
    assert!(!bench.out().exists());
}
