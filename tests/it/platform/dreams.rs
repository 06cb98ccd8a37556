//! Dreams of the service that go wrong: the trial ends in plain words, and nothing stays under way.

use std::{
    io::BufRead as _,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use super::{Bench, ask, settings, streams::once_each, succeeds};
use crate::{
    faults::shown,
    support::{
        fault_proxy::status,
        stream_proxy::{Faults, StreamProxy},
    },
};

#[test]
fn a_dream_that_fails_now_and_then_is_dreamt_again() {
    let mut settings = settings();
    settings.faults.failing_dreams = 0.2;
    let bench = Bench::new(settings);
    let output = bench.run(bench.server.address, &["--keep"]);
    succeeds(&output);
    bench.is_whole();
    once_each(&bench);
    let dreams = bench.listed("/v1/dreams?include_archived=true");
    let failed = dreams
        .iter()
        .filter(|dream| dream["status"] == "failed")
        .count();
    assert!(failed > 0, "no dream failed");
    assert!(dreams.iter().all(|dream| dream["archived_at"].is_string()));
}

#[test]
fn a_dream_that_always_fails_ends_its_trial_and_no_other() {
    let mut settings = settings();
    settings.faults.failing_dreams = 1.0;
    let bench = Bench::new(settings);
    let output = bench.run(bench.server.address, &[]);
    assert_eq!(output.status.code(), Some(4), "{}", shown(&output));
    let broken = bench.broken();
    assert_eq!(broken.len(), 2, "one for each scenario: {broken:?}");
    assert!(
        broken
            .iter()
            .all(|reason| reason.contains("is failed: internal_error")),
        "{broken:?}"
    );
    // What failed dreams left is gone, and each trial asked three times.
    assert_eq!(
        bench.listed("/v1/dreams?include_archived=true").len(),
        2 * 3
    );
    assert!(
        bench
            .listed("/v1/memory_stores")
            .iter()
            .all(|store| { store["metadata"]["trial"].is_string() })
    );
}

#[test]
fn a_dream_without_end_is_canceled() {
    let mut settings = settings();
    settings.faults.endless_dreams = 1.0;
    let bench = Bench::with(settings, "seconds_per_dream: 1");
    let output = bench.run(bench.server.address, &[]);
    assert_eq!(output.status.code(), Some(4), "{}", shown(&output));
    let broken = bench.broken();
    assert_eq!(broken.len(), 2, "{broken:?}");
    assert!(
        broken
            .iter()
            .all(|reason| reason.contains("was canceled: it takes longer than it may")),
        "{broken:?}"
    );
    let dreams = bench.listed("/v1/dreams?include_archived=true");
    assert!(dreams.iter().all(|dream| dream["status"] == "canceled"));
}

#[test]
fn a_dream_that_somebody_else_cancels_ends_its_trial() {
    let mut settings = settings();
    settings.dream_duration = Duration::from_mins(1);
    let bench = Bench::new(settings);
    let server = bench.server.address;
    let cancel: Faults = Box::new(move |asked| {
        if let Some(id) = asked.line.strip_prefix("GET /v1/dreams/") {
            let (status, body) = ask(server, "POST", &format!("/v1/dreams/{id}/cancel"), "{}");
            assert_eq!(status, 200, "{body}");
        }
        None
    });
    let proxy = StreamProxy::start(server, cancel, Box::new(|_| false));
    let output = bench.run(proxy.address, &[]);
    assert_eq!(output.status.code(), Some(4), "{}", shown(&output));
    let broken = bench.broken();
    assert_eq!(broken.len(), 2, "{broken:?}");
    assert!(
        broken.iter().all(|reason| reason.contains("is canceled")),
        "{broken:?}"
    );
}

#[test]
fn a_dream_past_its_budget_is_canceled() {
    let mut settings = settings();
    settings.faults.endless_dreams = 1.0;
    let bench = Bench::with(settings, "usd_per_dream: 0.5");
    let dear: Faults = Box::new(|asked| {
        let id = asked.line.strip_prefix("GET /v1/dreams/")?;
        let body = format!(
            r#"{{"type": "dream", "id": "{id}", "status": "running", "usage": {{"output_tokens": 60000}}}}"#
        );
        let json = ("content-type", "application/json");
        Some(status("200 OK", &[json], &body))
    });
    let proxy = StreamProxy::start(bench.server.address, dear, Box::new(|_| false));
    let output = bench.run(proxy.address, &[]);
    assert_eq!(output.status.code(), Some(4), "{}", shown(&output));
    let broken = bench.broken();
    assert_eq!(broken.len(), 2, "{broken:?}");
    assert!(
        broken
            .iter()
            .all(|reason| reason.contains("was canceled: it would cost more than it may")),
        "{broken:?}"
    );
    let dreams = bench.listed("/v1/dreams?include_archived=true");
    assert!(dreams.iter().all(|dream| dream["status"] == "canceled"));
    let spent: i64 = crate::faults::ask(
        &bench.out().join("run.sqlite"),
        "SELECT sum(output) FROM spending WHERE role = 'dreamer'",
    )
    .unwrap();
    assert_eq!(
        spent,
        2 * 60_000,
        "what a dream took counts, whatever became of it"
    );
}

#[test]
fn a_dream_that_cannot_be_looked_at_for_a_while_is_not_lost() {
    let bench = Bench::new(settings());
    let looks = AtomicUsize::new(0);
    let garbled: Faults = Box::new(move |asked| {
        let is_look = asked.line.starts_with("GET /v1/dreams/drm_");
        // Two of three looks give what is no dream.
        (is_look && looks.fetch_add(1, Ordering::SeqCst) % 3 != 2).then(|| {
            let json = ("content-type", "application/json");
            status("200 OK", &[json], r#"{"type": "dream"}"#)
        })
    });
    let proxy = StreamProxy::start(bench.server.address, garbled, Box::new(|_| false));
    succeeds(&bench.run(proxy.address, &[]));
    bench.is_whole();
    bench.is_clean();
}

/// Interrupts a run twice while its dreams go on for ever: it ends, and the dreams with it.
#[test]
fn a_second_interrupt_cancels_what_is_under_way() {
    let mut settings = settings();
    settings.faults.endless_dreams = 1.0;
    let bench = Bench::with(settings, "seconds_per_dream: 600");
    let (looked, waiting) = std::sync::mpsc::channel();
    let looked = std::sync::Mutex::new(looked);
    let proxy = StreamProxy::start(
        bench.server.address,
        Box::new(move |asked| {
            if asked.line.starts_with("GET /v1/dreams/drm_") {
                let _ = looked.lock().unwrap().send(());
            }
            None
        }),
        Box::new(|_| false),
    );
    let mut child = bench
        .command(proxy.address, &[])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    waiting.recv().unwrap();
    let process = child.id().to_string();
    let interrupt = || {
        let done = std::process::Command::new("kill")
            .args(["-INT", &process])
            .status();
        assert!(done.unwrap().success());
    };
    interrupt();
    let mut said = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    // Two that come at once may count as one.
    assert!(said.any(|line| line.unwrap().contains("stopping:")));
    interrupt();
    let rest: Vec<String> = said.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    let dreams = bench.listed("/v1/dreams");
    assert!(!dreams.is_empty());
    assert!(
        dreams.iter().all(|dream| dream["status"] == "canceled"),
        "{dreams:?}"
    );
    let sessions = bench.listed("/v1/sessions");
    assert!(
        sessions
            .iter()
            .all(|session| session["status"] != "running"),
        "{sessions:?}"
    );
}
