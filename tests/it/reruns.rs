//! `dreamtrial run --dreams-of`, through the real binary: what is run again has the dreams of the run, and
//! needs nobody who dreams.

use std::path::Path;

use dreamtrial::record::Record;
use tempfile::TempDir;

use crate::{
    command_line::{dreamtrial, text},
    faults::KEY,
    regrade::{RUN, experiment, grade, path, run, server},
};

#[test]
fn a_run_takes_the_dreams_of_another() {
    let folder = TempDir::new().unwrap();
    let again = folder.path().join("again");
    run(&again, &["--dreams-of", &path(&RUN.1)]);
    let open = |folder: &Path| Record::open(&folder.join("run.sqlite")).unwrap();
    let (first, second) = (open(&RUN.1), open(&again));
    let source = second.manifest().dreams_of.clone().unwrap();
    assert_eq!(source.started_at, first.manifest().started_at);
    let dreams = |record: &Record| {
        let mut all = Vec::new();
        record.for_each_dream(|dream| all.push(dream)).unwrap();
        all
    };
    assert_eq!(dreams(&first), dreams(&second));
    assert!(dreams(&first).len() > 16);
    for dream in dreams(&first) {
        let store = |record: &Record| {
            let session = record.session(dream.trial, dream.session).unwrap();
            let store = session.unwrap().dreamed.unwrap();
            let entries = store.entries();
            entries
                .map(|(path, entry)| (path.to_string(), entry.content().to_owned()))
                .collect::<Vec<_>>()
        };
        assert_eq!(store(&first), store(&second));
    }
    let refused = |more: &[&str], reason: &str| {
        let out = folder.path().join("other");
        let mut command = dreamtrial();
        command.args([
            "run", "--only", "legal/*", "--arm", "none", "--arm", "dreamed",
        ]);
        let output = command.args(more).arg("--out").arg(&out).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        assert!(
            text(&output.stderr).contains(reason),
            "{}",
            text(&output.stderr)
        );
        assert!(!out.join("run.sqlite").exists());
    };
    let from = path(&RUN.1);
    refused(
        &["--dreams-of", &from, "--repetitions", "3"],
        "another plan",
    );
    refused(&["--dreams-of", "no-such-run"], "no run in");
    // It goes on with the dreams that it began with.
    let mut command = dreamtrial();
    command.args(["run", "--repetitions", "2", "--only", "legal/*", "--resume"]);
    command.args(["--arm", "none", "--arm", "dreamed", "--out"]);
    let output = command.arg(&again).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("other dreams"));
}

#[test]
fn only_a_rerun_of_the_run_is_taken_for_one() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    let from = path(&RUN.1);
    let output = grade(&RUN.1, &out, &["--rerun", &from]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("is no re-run: its dreams are not from"),
        "{stderr}"
    );
    assert!(stderr.contains("--dreams-of"), "{stderr}");
    assert!(!out.exists());
}

#[test]
fn the_key_of_a_dreamer_whose_dreams_are_taken_is_not_needed() {
    let folder = TempDir::new().unwrap();
    let server = server(|_, _, met| met);
    let file = experiment(folder.path(), &server, &[]);
    let keyed = std::fs::read_to_string(&file).unwrap();
    let keyed = keyed.replace("id: local,", "id: local, key: PLANTED_KEY,");
    std::fs::write(&file, keyed).unwrap();
    let begin = |out: &str, key: bool, more: &[&str]| {
        let mut command = dreamtrial();
        command.args(["run", &file, "--dreamer", "wire", "--repetitions", "1"]);
        command.args(["--only", "legal/procedure", "--arm", "dreamed", "--yes"]);
        if key {
            command.env("PLANTED_KEY", KEY);
        }
        let out = folder.path().join(out);
        command.arg("--out").arg(out).args(more).output().unwrap()
    };
    let output = begin("first", true, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let output = begin("refused", false, &[]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("`PLANTED_KEY` is not set"));
    let asked = server.counts.usage.lock().unwrap().total();
    let from = path(&folder.path().join("first"));
    let output = begin("again", false, &["--dreams-of", &from]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(server.counts.usage.lock().unwrap().total(), asked);
}
