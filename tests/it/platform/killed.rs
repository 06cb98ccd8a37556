//! Runs and servers that are killed: what was in flight is lost, and nothing else.

use super::{Bench, dreamtrial, settings, succeeds};
use crate::support::stream_proxy::StreamProxy;

#[test]
fn a_killed_run_goes_on_and_leaves_nothing() {
    for kill_at in [30, 333] {
        let bench = Bench::new(settings());
        let (reached, waiting) = std::sync::mpsc::channel();
        let reached = std::sync::Mutex::new(reached);
        let proxy = StreamProxy::start(
            bench.server.address,
            Box::new(move |asked| {
                if asked.number == kill_at {
                    reached.lock().unwrap().send(()).unwrap();
                }
                None
            }),
            Box::new(|_| false),
        );
        let mut child = bench
            .command(proxy.address, &["--jobs", "3"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        waiting.recv().unwrap();
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "it was killed");
        let kept = bench.record().session_count().unwrap();

        // It goes on from another address of the same service, and takes away what both have made.
        succeeds(&bench.run(bench.server.address, &["--resume", "--jobs", "3"]));
        bench.is_whole();
        assert!(bench.record().session_count().unwrap() > kept);
        bench.is_clean();
    }
}

#[test]
fn what_a_killed_run_left_is_found_and_taken_away() {
    let bench = Bench::new(settings());
    let (reached, waiting) = std::sync::mpsc::channel();
    let reached = std::sync::Mutex::new(reached);
    let proxy = StreamProxy::start(
        bench.server.address,
        Box::new(move |asked| {
            if asked.number == 200 {
                reached.lock().unwrap().send(()).unwrap();
            }
            None
        }),
        Box::new(|_| false),
    );
    let mut child = bench
        .command(proxy.address, &["--jobs", "3"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    waiting.recv().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // Something of the account's owner, which is nobody else's business.
    let own = super::ask(
        bench.server.address,
        "POST",
        "/v1/memory_stores",
        r#"{"name": "mine"}"#,
    );
    assert_eq!(own.0, 200);

    let clean = |more: &[&str]| {
        dreamtrial(bench.server.address)
            .arg("clean")
            .args(more)
            .output()
            .unwrap()
    };
    let looked = clean(&["--dry-run"]);
    succeeds(&looked);
    let text = String::from_utf8(looked.stdout).unwrap();
    for kind in ["session", "memory store", "agent", "environment"] {
        assert!(text.contains(kind), "{text}");
    }
    assert!(text.contains("legal/procedure"), "{text}");
    assert!(!text.contains(own.1["id"].as_str().unwrap()), "{text}");
    let unasked = clean(&[]);
    assert_eq!(unasked.status.code(), Some(2), "nobody agreed");

    let other = clean(&["--yes", "--run", "0123456789abcdef"]);
    succeeds(&other);
    assert!(String::from_utf8_lossy(&other.stdout).contains("nothing of dreamtrial"));
    let out = bench.out().display().to_string();
    succeeds(&clean(&["--yes", "--run", &out]));
    let stores = bench.listed("/v1/memory_stores");
    assert_eq!(stores.len(), 1, "{stores:?}");
    assert_eq!(stores[0]["name"], "mine");
    assert_eq!(bench.listed("/v1/sessions?include_archived=true").len(), 0);
    assert_eq!(bench.listed("/v1/agents").len(), 0);
    assert_eq!(bench.listed("/v1/environments").len(), 0);
}
