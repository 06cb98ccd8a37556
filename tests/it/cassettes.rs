//! A run is repeated from a cassette without a service or a key, and what is spent is held to caps.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, atomic::Ordering},
};

use dreamtrial::{experiment::live::Provider, model::caller::total, record::Record};

use crate::{
    live::{KEY, dreamtrial, experiment, outcomes, succeeds},
    support::model_server::ModelServer,
    world::{plan, root},
};

/// Two scenarios, two arms, two repetitions, behind the wire.
struct Small {
    folder: tempfile::TempDir,
    server: Option<ModelServer>,
    file: PathBuf,
}

impl Small {
    fn new(provider: Provider) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = ModelServer::start(Arc::new(plan("standard.yaml", 3, |name| {
            name == "legal/update" || name == "coding/scope"
        })));
        let file = experiment(folder.path(), &server, provider);
        Self {
            folder,
            server: Some(server),
            file,
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn arguments(&self, out: &str) -> Vec<String> {
        let file = self.file.display().to_string();
        let out = self.path(out);
        [
            "run",
            &file,
            "--out",
            &out,
            "--repetitions",
            "2",
            "--arm",
            "none",
            "--arm",
            "dreamed",
            "--only",
            "legal/update",
            "--only",
            "coding/scope",
        ]
        .map(str::to_owned)
        .into()
    }

    fn run(&self, out: &str, more: &[&str]) -> Output {
        let mut arguments = self.arguments(out);
        arguments.extend(more.iter().map(|&one| one.to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        dreamtrial(&arguments)
    }

    fn requests(&self) -> u64 {
        let server = self.server.as_ref().unwrap();
        server.counts.requests.load(Ordering::Relaxed)
    }

    fn record(&self, out: &str) -> Record {
        Record::open(&self.folder.path().join(out).join("run.sqlite")).unwrap()
    }

    fn csv(&self, out: &str) -> Vec<(String, Vec<u8>)> {
        ["tasks", "dreams", "summary", "comparisons", "attribution"]
            .map(|name| {
                let name = format!("{name}.csv");
                let bytes = fs::read(self.folder.path().join(out).join(&name)).unwrap_or_default();
                (name, bytes)
            })
            .into()
    }
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn spent(record: &Record) -> i64 {
    let spending = record.spending().unwrap();
    spending.values().map(|account| total(account).usd.0).sum()
}

#[test]
fn a_recorded_run_is_repeated_byte_for_byte_without_a_service_or_a_key() {
    let mut small = Small::new(Provider::Anthropic);
    let tape = small.path("tape");
    let recorded = small.run("first", &["--yes", "--jobs", "8", "--record", &tape]);
    succeeds(&recorded);
    let mut lines = 0;
    let mut found = Vec::new();
    files(Path::new(&tape), &mut found);
    for file in found
        .iter()
        .filter(|file| file.extension().is_some_and(|end| end == "jsonl"))
    {
        lines += fs::read_to_string(file).unwrap().lines().count();
    }
    assert_eq!(
        lines as u64,
        small.requests(),
        "repetitions are calls of their own"
    );
    assert!(
        found
            .iter()
            .any(|file| file.ends_with("legal/update/dreamed-2.jsonl"))
    );

    small.server = None;
    let mut arguments = small.arguments("again");
    arguments.extend([
        "--replay".to_owned(),
        tape.clone(),
        "--jobs".to_owned(),
        "3".to_owned(),
    ]);
    let again = Command::new(env!("CARGO_BIN_EXE_dreamtrial"))
        .args(arguments)
        .current_dir(root())
        .env_remove("PLANTED_KEY")
        .output()
        .unwrap();
    succeeds(&again);
    assert_eq!(small.csv("first"), small.csv("again"));
    assert_eq!(
        small.record("first").spending().unwrap(),
        small.record("again").spending().unwrap()
    );

    // The key is in no file and no word of the program.
    let mut found = Vec::new();
    files(small.folder.path(), &mut found);
    for file in found {
        let bytes = fs::read(&file).unwrap();
        let there = bytes
            .windows(KEY.len())
            .any(|window| window == KEY.as_bytes());
        assert!(!there, "{}", file.display());
    }
    assert!(!text(&recorded).contains(KEY));
}

#[test]
fn a_call_that_is_not_on_the_cassette_is_named_and_can_be_added() {
    let small = Small::new(Provider::Openai);
    let tape = small.path("tape");
    succeeds(&small.run("first", &["--yes", "--record", &tape]));
    let mut arguments = small.arguments("missing");
    let at = arguments.iter().position(|one| one == "2").unwrap();
    arguments[at] = "3".to_owned();
    arguments.extend(["--replay".to_owned(), tape.clone()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let missing = dreamtrial(&arguments);
    assert_eq!(missing.status.code(), Some(4));
    let words = text(&missing)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for part in [
        "has no such call: legal/update · none · 3, session 1, agent, asked for the first time",
        "record it with `--replay DIR --record DIR`",
    ] {
        assert!(words.contains(part), "{words}");
    }

    let before = small.requests();
    let mut added: Vec<&str> = arguments.clone();
    let out = small.path("added");
    let at = added
        .iter()
        .position(|one| one.ends_with("missing"))
        .unwrap();
    added[at] = &out;
    added.extend(["--record", &tape, "--yes"]);
    succeeds(&dreamtrial(&added));
    let of_third = small.requests() - before;
    assert!(of_third > 0);
    let record = small.record("added");
    let calls: u64 = record
        .spending()
        .unwrap()
        .values()
        .flat_map(|account| account.values())
        .map(|spent| spent.calls)
        .sum();
    assert!(of_third < calls / 2, "{of_third} of {calls} calls were new");

    let taken = small.run("taken", &["--yes", "--record", &tape]);
    assert_eq!(taken.status.code(), Some(1));
    assert!(text(&taken).contains("has a cassette already"));
}

#[test]
fn a_cap_ends_a_run_in_order_and_a_higher_one_lets_it_go_on() {
    let small = Small::new(Provider::Anthropic);
    let whole = small.run("whole", &["--yes", "--jobs", "4"]);
    succeeds(&whole);
    let cost = spent(&small.record("whole"));
    let cap = format!("{:.6}", cost as f64 / 2e6);
    let capped = small.run("capped", &["--yes", "--jobs", "4", "--max-usd", &cap]);
    assert_eq!(capped.status.code(), Some(4), "{}", text(&capped));
    let words = text(&capped)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(words.contains("stopped: the run's cap of $"), "{words}");
    assert!(words.contains("past a cap on money or tokens"), "{words}");
    let record = small.record("capped");
    assert!(
        spent(&record) <= cost / 2,
        "{} of {}",
        spent(&record),
        cost / 2
    );
    let tasks = String::from_utf8(small.csv("capped")[0].1.clone()).unwrap();
    let rest = tasks
        .lines()
        .filter(|line| line.contains("budget_reached"))
        .count();
    let graded = tasks
        .lines()
        .filter(|line| line.contains(",graded,"))
        .count();
    assert!(rest > 0 && graded > 0);
    let planned = String::from_utf8(small.csv("whole")[0].1.clone())
        .unwrap()
        .lines()
        .count();
    assert_eq!(
        tasks.lines().count(),
        planned,
        "every planned task has a row"
    );
    drop(record);

    let resumed = small.run(
        "capped",
        &["--yes", "--jobs", "4", "--resume", "--max-usd", "1000"],
    );
    succeeds(&resumed);
    assert_eq!(
        outcomes(&small.record("capped")),
        outcomes(&small.record("whole"))
    );

    let tight = small.run("tight", &["--yes", "--max-usd-per-trial", &cap]);
    succeeds(&tight);
    let tight = small.run("tighter", &["--yes", "--max-tokens-per-trial", "20000"]);
    assert_eq!(tight.status.code(), Some(4));
    let words = text(&tight)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        words.contains("the trial's cap of 20000 tokens is reached"),
        "{words}"
    );
    for account in small.record("tighter").spending().unwrap().values() {
        assert!(total(account).tokens.0 <= 20_000);
    }
}

#[test]
fn nothing_is_spent_before_somebody_agrees() {
    let small = Small::new(Provider::Openai);
    let run = small.run("run", &[]);
    assert_eq!(run.status.code(), Some(2));
    insta::assert_snapshot!(text(&run), @r"
    forecast: about $3.18 for the live models (no cap), from the sizes of the texts; see `--dry-run`
    error: this costs money, and nobody is there to agree to it

    hint: add `--yes`, and `--max-usd` for a cap
    ");
    assert_eq!(small.requests(), 0);
    assert!(!small.folder.path().join("run").exists());
    let dry = small.run("dry", &["--dry-run"]);
    succeeds(&dry);
    assert!(text(&dry).contains("of it for live models $"));
    assert_eq!(small.requests(), 0);
}
