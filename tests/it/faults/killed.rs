//! Runs that are killed: what was in flight is lost, and nothing else.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use super::{Bench, Setup, ask, opens_a_session, shown, undisturbed_calls};
use crate::support::fault_proxy::{FaultProxy, Rule};

const JOBS: usize = 3;

/// How many sessions the requests with these bodies began.
fn begun(bodies: &[String]) -> usize {
    bodies.iter().filter(|body| opens_a_session(body)).count()
}

#[test]
fn a_killed_run_loses_only_what_was_in_flight() {
    let jobs = JOBS.to_string();
    for kill_at in [1, 37, 101] {
        let bench = Bench::new(Setup::default(), Box::new(|_, _| None));
        let mut child = bench
            .command(bench.proxy.address(), &["--jobs", &jobs])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        bench.proxy.wait_for(kill_at);
        child.kill().unwrap();
        assert_eq!(
            child.wait().unwrap().code(),
            None,
            "it was killed, and did not end"
        );

        let kept = bench.record().session_count().unwrap() as usize;
        let lost = begun(&bench.proxy.bodies()) - kept;
        assert!(
            lost <= JOBS,
            "{lost} sessions were begun and are not on record"
        );

        let second = FaultProxy::start(bench.server.address, Box::new(|_, _| None));
        let output = bench
            .command(second.address(), &["--resume", "--jobs", &jobs])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", shown(&output));
        bench.is_whole();
        assert_eq!(begun(&second.bodies()), bench.sessions() - kept);
        // Each session is on the account once, whichever run it is of.
        let spent = bench.ask("SELECT sum(calls) FROM spending");
        assert_eq!(spent, undisturbed_calls() as i64);
    }
}

/// A session is on disk before the next one of its trial costs anything, whenever the run may be killed.
#[test]
fn a_session_is_kept_before_the_next_one_is_paid() {
    let file: Arc<Mutex<Option<PathBuf>>> = Arc::default();
    let (begun, most) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
    let rule: Rule = {
        let (file, begun, most) = (Arc::clone(&file), Arc::clone(&begun), Arc::clone(&most));
        Box::new(move |_, body| {
            if opens_a_session(body) {
                let begun = begun.fetch_add(1, Ordering::SeqCst) + 1;
                let file = file.lock().unwrap().clone().unwrap();
                let kept = ask(&file, "SELECT count(*) FROM sessions").unwrap();
                most.fetch_max(begun - kept, Ordering::SeqCst);
            }
            None
        })
    };
    let bench = Bench::new(Setup::default(), rule);
    *file.lock().unwrap() = Some(bench.out().join("run.sqlite"));
    let output = bench.run(&["--jobs", "2"]);
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(begun.load(Ordering::SeqCst), bench.sessions() as i64);
    assert_eq!(
        most.load(Ordering::SeqCst),
        2,
        "sessions begun and not on disk"
    );
}
