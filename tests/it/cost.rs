//! The cost model: exact totals, what-ifs that can be checked by hand, break-even.

use std::{collections::BTreeMap, fs};

use serde_json::Value;
use tempfile::TempDir;

use crate::command_line::{dreamtrial, text};

fn cost(arguments: &[&str]) -> Value {
    let output = dreamtrial()
        .arg("cost")
        .args(arguments)
        .arg("--json")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn run() -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    let output = dreamtrial()
        .args([
            "run",
            "--repetitions",
            "1",
            "--arm",
            "none",
            "--arm",
            "accumulated",
        ])
        .args(["--arm", "dreamed", "--arm", "none-outcomes", "--out", &out])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    (folder, out)
}

/// Micro-dollars of a cell such as `0.001234`.
fn micro(cell: &str) -> i64 {
    let (whole, decimals) = cell.split_once('.').unwrap();
    assert_eq!(decimals.len(), 6, "{cell}");
    format!("{whole}{decimals}").parse().unwrap()
}

#[test]
fn totals_are_the_sums_of_the_rows_to_the_micro_dollar() {
    let (_folder, out) = run();
    let json = cost(&[&out]);
    let mut sums: BTreeMap<(String, &str), i64> = BTreeMap::new();
    let mut tasks = csv::Reader::from_path(format!("{out}/tasks.csv")).unwrap();
    let head = tasks.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    for row in tasks.records().map(Result::unwrap) {
        for (part, column) in [
            ("agent", "agent_usd"),
            ("in_session_grader", "in_session_grader_usd"),
            ("runtime", "runtime_usd"),
            ("final_grader", "final_grader_usd"),
        ] {
            *sums.entry((row[at("arm")].to_owned(), part)).or_default() += micro(&row[at(column)]);
        }
    }
    let mut dreams = csv::Reader::from_path(format!("{out}/dreams.csv")).unwrap();
    let head = dreams.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    for row in dreams.records().map(Result::unwrap) {
        *sums
            .entry((row[at("arm")].to_owned(), "dreams"))
            .or_default() += micro(&row[at("usd")]);
    }
    for arm in json["arms"].as_array().unwrap() {
        let name = arm["arm"].as_str().unwrap();
        let mut total = 0;
        for part in [
            "agent",
            "in_session_grader",
            "runtime",
            "dreams",
            "final_grader",
        ] {
            let sum = sums.get(&(name.to_owned(), part)).copied().unwrap_or(0);
            assert_eq!(arm["micro_usd"][part].as_i64(), Some(sum), "{name} {part}");
            total += if part == "final_grader" { 0 } else { sum };
        }
        assert_eq!(arm["micro_usd"]["total"].as_i64(), Some(total), "{name}");
    }
}

fn arm<'j>(json: &'j Value, name: &str) -> &'j Value {
    let mut arms = json["arms"].as_array().unwrap().iter();
    arms.find(|arm| arm["arm"] == name).unwrap()
}

fn value(json: &Value, name: &str, what: &str) -> f64 {
    arm(json, name)[what]["value"].as_f64().unwrap()
}

#[test]
fn what_ifs_change_what_is_paid_and_nothing_else() {
    let (_folder, out) = run();
    let plain = cost(&[&out]);
    let dream = arm(&plain, "dreamed")["usd_per_dream"].as_f64().unwrap();
    let pays = &plain["pays"][0];
    assert_eq!(pays["base"], "accumulated");
    let saving = pays["saving_per_session"]["value"].as_f64().unwrap();
    let units = pays["break_even_one_off"].as_f64().unwrap();
    assert!((units - (dream / saving).ceil()).abs() < 1e-9, "{pays}");

    // A dream after every four sessions: a quarter of a dream a session.
    let four = cost(&[&out, "--every", "4"]);
    let bare = value(&plain, "dreamed", "usd_per_session")
        - arm(&plain, "dreamed")["dreams"].as_f64().unwrap() * dream
            / arm(&plain, "dreamed")["sessions"].as_f64().unwrap();
    let expected = bare + dream / 4.0;
    let found = value(&four, "dreamed", "usd_per_session");
    // The run itself rounds each row to a micro-dollar, a what-if does not.
    assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    let same = |what: &str| arm(&four, "dreamed")[what] == arm(&plain, "dreamed")[what];
    assert!(same("completed") && same("sessions"));

    // A month is thirty days of sessions, and nightly dreams do not grow with the load.
    let month = |json: &Value| value(json, "dreamed", "usd_per_month");
    let load = |sessions: &str, more: &[&str]| {
        let mut arguments = vec![out.as_str(), "--sessions-per-day", sessions, "--seats", "3"];
        arguments.extend(more);
        month(&cost(&arguments))
    };
    let session = value(&plain, "dreamed", "usd_per_session");
    assert!((load("7", &[]) - session * 7.0 * 3.0 * 30.0).abs() < 1e-6);
    let (low, high) = (load("5", &["--nightly"]), load("15", &["--nightly"]));
    let nights = low - (high - low) / 2.0;
    assert!((nights - dream * 3.0 * 30.0).abs() < 1e-6, "{nights}");

    // All input from a cache costs less than none of it, at any model's prices.
    for model in ["claude-opus-5-5", "claude-haiku-4-5"] {
        let at = |hit: &str| {
            let json = cost(&[&out, "--price", model, "--cache-hit", hit]);
            value(&json, "accumulated", "usd_per_session")
        };
        assert!(at("1") < at("0.5") && at("0.5") < at("0"));
    }
}

#[test]
fn the_text_and_the_files_are_there_and_wrong_arguments_are_refused() {
    let (folder, out) = run();
    let files = folder.path().join("files");
    let output = dreamtrial()
        .args(["cost", &out, "--worth", "0.5", "--out"])
        .arg(&files)
        .output()
        .unwrap();
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        shown.lines().all(|line| line.chars().count() <= 80),
        "{shown}"
    );
    assert!(shown.contains("no evidence about any"), "{shown}");
    assert!(
        shown.contains("If a completed task is worth $0.5000"),
        "{shown}"
    );
    let svg = fs::read_to_string(files.join("cost.svg")).unwrap();
    roxmltree::Document::parse(&svg).unwrap();
    assert_eq!(
        fs::read_to_string(files.join("cost.csv"))
            .unwrap()
            .lines()
            .count(),
        5
    );
    for (arguments, expected) in [
        (["--price", "gpt-2"], "no prices of a model `gpt-2`"),
        (["--cache-hit", "1.5"], "cache hit rate `1.5`"),
        (["--sessions-per-day", "0"], "`--sessions-per-day`"),
        (["--worth", "NaN"], "`--worth`"),
        (["--treat", "oracle"], "no arm `oracle`"),
    ] {
        let output = dreamtrial()
            .arg("cost")
            .arg(&out)
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            text(&output.stderr).contains(expected),
            "{}",
            text(&output.stderr)
        );
    }
}
