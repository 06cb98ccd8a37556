//! The real binary, end to end.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::world::root;

pub(crate) fn dreamtrial() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dreamtrial"));
    command
        .current_dir(root())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    dreamtrial().args(arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a command printed, as one line, after a look at its exit code and its width.
pub(crate) fn told_by(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    for line in stdout.lines() {
        assert!(line.chars().count() <= 80, "wider than 80 columns: {line}");
    }
    stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The JSON that a command printed.
pub(crate) fn json_of(output: &Output) -> serde_json::Value {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_str(&text(&output.stdout)).unwrap()
}

const CSV: [&str; 5] = [
    "tasks.csv",
    "dreams.csv",
    "summary.csv",
    "comparisons.csv",
    "attribution.csv",
];

fn tables(folder: &Path) -> BTreeMap<&'static str, Vec<u8>> {
    CSV.into_iter()
        .map(|name| (name, fs::read(folder.join(name)).unwrap()))
        .collect()
}

fn experiment(out: &Path, more: &[&str]) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "run",
        "experiments/standard.yaml",
        "--repetitions",
        "2",
        "--only",
        "*/scope",
        "--only",
        "*/synthesis",
        "--out",
    ]
    .map(String::from)
    .to_vec();
    arguments.push(out.display().to_string());
    arguments.extend(more.iter().map(|&more| more.to_owned()));
    arguments
}

#[test]
fn a_run_leaves_its_whole_report_and_prints_its_summary() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("run");
    let output = dreamtrial().args(experiment(&out, &[])).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    assert!(stdout.starts_with("Reference agent"), "{stdout}");
    assert!(stdout.contains("no evidence about any product"), "{stdout}");
    assert!(stdout.contains("report.html"), "{stdout}");
    for line in stdout.lines().filter(|line| !line.starts_with("Report: ")) {
        assert!(line.chars().count() <= 80, "wider than 80 columns: {line}");
        assert!(!line.contains('\u{1b}'), "colour in a pipe: {line:?}");
    }
    for name in CSV.iter().chain(&["run.sqlite", "report.html"]) {
        assert!(out.join(name).is_file(), "{name}");
    }
    let svgs = fs::read_dir(out.join("charts"))
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|e| e == "svg")
        })
        .count();
    assert_eq!(svgs, 5);
    assert!(
        !out.join("run.sqlite-wal").exists(),
        "one file is left of the record"
    );

    // Again from the record alone, to another place: the same bytes.
    let again = folder.path().join("again");
    let output = run(&[
        "report",
        &out.display().to_string(),
        "--out",
        &again.display().to_string(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(tables(&out), tables(&again));
    assert_eq!(
        fs::read(out.join("report.html")).unwrap(),
        fs::read(again.join("report.html")).unwrap()
    );

    // A folder that has a run is not written over.
    let output = dreamtrial().args(experiment(&out, &[])).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("has a run already")
            && text(&output.stderr).contains("--resume")
    );
}

#[test]
fn the_number_of_jobs_changes_no_byte() {
    let folder = TempDir::new().unwrap();
    let of = |jobs: &str| {
        let out = folder.path().join(jobs);
        let output = dreamtrial()
            .args(experiment(&out, &["--jobs", jobs]))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        tables(&out)
    };
    assert!(of("1") == of("8"));
}

/// A run that is killed again and again ends with the same bytes as one that is not.
#[cfg(unix)]
#[test]
fn a_run_that_is_killed_and_resumed_ends_the_same() {
    use std::io::Read as _;
    let folder = TempDir::new().unwrap();
    let whole = folder.path().join("whole");
    let output = dreamtrial().args(experiment(&whole, &[])).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let cut = folder.path().join("cut");
    let mut kills = 0;
    for attempt in 0..60 {
        let mut child = dreamtrial()
            .args(experiment(&cut, &["--resume", "--jobs", "2"]))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The moment is that of a line of progress, a different one each time.
        let mut byte = [0];
        let mut seen = 0;
        let stderr = child.stderr.as_mut().unwrap();
        while seen < attempt % 7 + 1 && stderr.read(&mut byte).is_ok_and(|read| read == 1) {
            seen += usize::from(byte[0] == b'\n');
        }
        let running = child.try_wait().unwrap().is_none();
        kills += u32::from(running);
        child.kill().unwrap();
        child.wait().unwrap();
        if kills == 10 {
            break;
        }
    }
    let output = dreamtrial()
        .args(experiment(&cut, &["--resume"]))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(tables(&whole) == tables(&cut));
    assert!(kills >= 3, "killed {kills} times");
}

#[test]
fn an_interrupted_run_is_reported_as_far_as_it_went() {
    // Stopped before it began anything: an arm of another plan in the record is not mixed in either.
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("run");
    let output = dreamtrial().args(experiment(&out, &[])).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let output = dreamtrial()
        .args(experiment(&out, &["--resume", "--seed", "5"]))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("plan"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_dry_run_says_what_would_run_and_runs_nothing() {
    let before: Vec<PathBuf> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let output = run(&[
        "run",
        "--dry-run",
        "--only",
        "legal/*",
        "--arm",
        "none",
        "--arm",
        "dreamed",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    for part in [
        "8 scenarios x 2 arms x 5 repetitions",
        "trials    80",
        "sessions",
        "tokens",
        "cost",
        "legal/retention",
    ] {
        assert!(stdout.contains(part), "missing {part:?} in:\n{stdout}");
    }
    let after: Vec<PathBuf> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(before, after);
}

#[test]
fn exit_codes_are_those_of_the_help() {
    let folder = TempDir::new().unwrap();
    let bad = folder.path().join("x.yaml");
    fs::write(&bad, "title: x\n").unwrap();
    let bad = bad.display().to_string();
    for (arguments, code, says) in [
        (vec!["--version"], 0, ""),
        (vec!["schema", "scenario"], 0, ""),
        (
            vec![
                "check",
                "scenarios/legal/retention",
                "rubrics",
                "experiments",
            ],
            0,
            "",
        ),
        (vec!["frobnicate"], 2, "unrecognized subcommand"),
        (vec!["run", "--arm", "dreemed"], 2, "no arm `dreemed`"),
        (vec!["run", "--only", "nowhere/*"], 2, "matches `nowhere/*`"),
        (vec!["run", "--only", "["], 2, "is not a pattern"),
        (vec!["run", "--arm", "placebo"], 2, "needs a dreamed arm"),
        (vec!["report", "nowhere"], 2, "no run in `nowhere`"),
        (vec!["run", "nowhere.yaml"], 3, "cannot read `nowhere.yaml`"),
        (vec!["run", &bad], 3, "missing key"),
        (vec!["check", &bad], 3, "missing key"),
        (
            vec!["run", "--out", "/dev/null/x", "--only", "legal/scope"],
            1,
            "cannot write `/dev/null/x`",
        ),
    ] {
        let output = run(&arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        assert!(
            text(&output.stderr).contains(says),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        assert!(!text(&output.stderr).contains("panicked"), "{arguments:?}");
    }
}

#[test]
fn records_that_cannot_be_read_are_refused_in_words() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("run");
    let output = dreamtrial()
        .args(experiment(&out, &["--arm", "none", "--repetitions", "1"]))
        .output();
    // Clap takes the last of two values only where told to; the plain way is enough here.
    let output = match output {
        Ok(output) if output.status.success() => output,
        _ => run(&[
            "run",
            "--only",
            "*/scope",
            "--arm",
            "none",
            "--repetitions",
            "1",
            "--out",
            &out.display().to_string(),
        ]),
    };
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let record = out.join("run.sqlite");
    let whole = fs::read(&record).unwrap();
    let refuse = |says: &[&str]| {
        let output = run(&["report", &out.display().to_string()]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        for part in says {
            assert!(stderr.contains(part), "missing {part:?} in:\n{stderr}");
        }
    };
    fs::write(&record, &whole[..whole.len() / 2]).unwrap();
    refuse(&["error: ", "run.sqlite"]);
    fs::write(
        &record,
        b"not a database at all, but long enough to have a header of its own",
    )
    .unwrap();
    refuse(&["error: ", "run.sqlite"]);
    fs::write(&record, &whole).unwrap();
    let connection = rusqlite::Connection::open(&record).unwrap();
    connection
        .execute("update meta set value = '99' where key = 'format'", [])
        .unwrap();
    drop(connection);
    refuse(&["99", "newer"]);
}

/// A disk that is full in the middle: the run stops in words, keeps what it has, and can be resumed.
#[cfg(unix)]
#[test]
fn a_full_disk_stops_the_run_and_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("run");
    let arguments = experiment(&out, &["--resume"])
        .join(" ")
        .replace('*', "\\*");
    let script = format!(
        "trap '' XFSZ; ulimit -f 600; exec {} {arguments}",
        env!("CARGO_BIN_EXE_dreamtrial")
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(root())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("run.sqlite") && stderr.contains("--resume"),
        "{stderr}"
    );
    let output = dreamtrial()
        .args(experiment(&out, &["--resume"]))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let whole = folder.path().join("whole");
    assert_eq!(
        dreamtrial()
            .args(experiment(&whole, &[]))
            .output()
            .unwrap()
            .status
            .code(),
        Some(0)
    );
    assert!(tables(&whole) == tables(&out));
}
