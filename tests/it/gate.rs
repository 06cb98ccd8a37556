//! The gate: no change passes, a careless policy is caught with the scenarios and edits behind it.

use std::{fs, path::Path, process::Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::command_line::{dreamtrial, text};

fn run(experiment: &str, seed: &str, arms: &[&str], out: &Path, more: &[&str]) -> Output {
    let mut command = dreamtrial();
    command.args([
        "run",
        experiment,
        "--repetitions",
        "3",
        "--seed",
        seed,
        "--out",
    ]);
    command.arg(out);
    for arm in arms {
        command.args(["--arm", arm]);
    }
    command.args(more).output().unwrap()
}

fn gate(arguments: &[&str]) -> Output {
    dreamtrial().arg("gate").args(arguments).output().unwrap()
}

struct Runs {
    folder: TempDir,
}

impl Runs {
    /// A baseline of the standard policy, and a candidate run of it and of two careless ones with
    /// another seed.
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let output = run(
            "experiments/standard.yaml",
            "11",
            &["dreamed"],
            &folder.path().join("baseline"),
            &[],
        );
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let output = run(
            "experiments/ablation.yaml",
            "12",
            &["dreamed", "amnesiac", "scope-blind"],
            &folder.path().join("candidate"),
            &[],
        );
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let (baseline, candidate) = (self.path("baseline"), self.path("candidate"));
        let mut all = vec![baseline.as_str(), candidate.as_str(), "--json"];
        all.extend(arguments);
        let output = gate(&all);
        let json = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
        (output.status.code(), json)
    }
}

/// The scenarios that broke, and the edits that are named for them.
fn broken(json: &Value) -> Vec<(&str, Vec<&Value>)> {
    let scenarios = json["scenarios"].as_array().unwrap().iter();
    scenarios
        .filter(|scenario| scenario["broke"] == true)
        .map(|scenario| {
            let causes = scenario["causes"].as_array().unwrap().iter();
            let name = scenario["scenario"].as_str().unwrap();
            (name, causes.collect())
        })
        .collect()
}

#[test]
fn a_gate_passes_no_change_and_catches_careless_policies() {
    let runs = Runs::new();
    // The same policy in another world.
    let (code, json) = runs.json(&[]);
    assert_eq!(
        (code, &json["status"]),
        (Some(0), &"equivalent".into()),
        "{json}"
    );
    assert!(broken(&json).is_empty());

    // What forgets everything breaks every scenario but the controls, and the removals are named.
    let (code, json) = runs.json(&["--arm", "amnesiac"]);
    assert_eq!((code, &json["status"]), (Some(5), &"regressed".into()));
    let found = broken(&json);
    assert!(found.len() >= 20 && found.iter().all(|(name, _)| !name.ends_with("control")));
    for (name, causes) in &found {
        assert!(!causes.is_empty(), "{name}");
        assert!(
            causes.iter().any(|cause| cause["edit"]["kind"] == "removed"
                && cause["edit"]["reason"]
                    .as_str()
                    .unwrap()
                    .contains("older than 0 days")),
            "{name}: {causes:?}"
        );
    }

    // What confuses clients breaks scope and one-off scenarios by replacing one's value with another's.
    let (code, json) = runs.json(&["--arm", "scope-blind"]);
    assert_eq!((code, &json["status"]), (Some(5), &"regressed".into()));
    let found = broken(&json);
    for construct in ["scope", "one_off"] {
        for domain in ["legal", "medical", "coding"] {
            let name = format!("{domain}/{construct}");
            let (_, causes) = found
                .iter()
                .find(|(found, _)| **found == *name)
                .unwrap_or_else(|| panic!("{name} did not break: {found:?}"));
            let cause = causes.first().unwrap();
            assert_eq!(cause["edit"]["kind"], "replaced", "{name}: {cause}");
            // The wrong value stands in the statement that the dream wrote.
            let value = cause["value"].as_str().unwrap();
            assert!(
                cause["edit"]["text"].as_str().unwrap().contains(value),
                "{cause}"
            );
        }
    }
    assert!(found.iter().all(|(name, _)| !name.ends_with("retention")));
}

#[test]
fn a_lock_stands_for_its_run_and_reports_are_written() {
    let runs = Runs::new();
    let (baseline, candidate) = (runs.path("baseline"), runs.path("candidate"));
    let lock = runs.path("baseline.lock.json");
    assert_eq!(gate(&[&baseline, "--lock", &lock]).status.code(), Some(0));
    let of = |side: &str| {
        let output = gate(&[side, &candidate, "--arm", "scope-blind", "--json"]);
        (output.status.code(), output.stdout)
    };
    assert!(of(&baseline) == of(&lock));

    let (junit, markdown) = (runs.path("gate.xml"), runs.path("gate.md"));
    let output = gate(&[
        &lock,
        &candidate,
        "--arm",
        "scope-blind",
        "--junit",
        &junit,
        "--markdown",
        &markdown,
    ]);
    assert_eq!(output.status.code(), Some(5));
    let shown = text(&output.stdout);
    assert!(
        shown.lines().all(|line| line.chars().count() <= 80),
        "{shown}"
    );
    assert!(shown.contains("no evidence about any product"));
    let xml = fs::read_to_string(junit).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let count = |name: &str| {
        let nodes = document.descendants();
        nodes.filter(|node| node.has_tag_name(name)).count()
    };
    // One measure, eight constructs, 24 scenarios.
    assert_eq!(count("testcase"), 1 + 8 + 24);
    assert!(count("failure") >= 7, "{xml}");
    assert!(
        fs::read_to_string(markdown)
            .unwrap()
            .contains("### Dream policy gate: regressed")
    );

    // Any number of looks, if they are not planned.
    let output = gate(&[&lock, &candidate, "--arm", "amnesiac", "--looks", "anytime"]);
    assert_eq!(output.status.code(), Some(5), "{}", text(&output.stdout));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let runs = Runs::new();
    let (baseline, candidate) = (runs.path("baseline"), runs.path("candidate"));
    let refused = |arguments: &[&str], expected: &str| {
        let output = gate(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let message = text(&output.stderr);
        assert!(message.contains(expected), "no `{expected}` in\n{message}");
    };
    refused(&[&baseline], "no candidate");
    refused(
        &[&baseline, &candidate, "--arm", "oracle"],
        "no arm `oracle`",
    );
    refused(
        &[&baseline, &candidate, "--metric", "joy"],
        "no metric `joy`",
    );
    refused(&[&baseline, &candidate, "--margin", "0"], "margin `0`");
    refused(
        &[
            &baseline,
            &candidate,
            "--metric",
            "agent_tokens",
            "--looks",
            "anytime",
        ],
        "no share of tasks",
    );
    let lock = runs.path("lock.json");
    gate(&[&baseline, "--lock", &lock]);
    let whole = fs::read_to_string(&lock).unwrap();
    for (from, to, expected) in [
        ("\"lock\": 1", "\"lock\": 2", "newer"),
        ("\"lock\": 1", "\"loc\": 1", "no key `lock`"),
        (
            "\"backend\": \"reference\"",
            "\"backend\": \"live\"",
            "the backend",
        ),
        (
            "\"memory_tokens\": 300",
            "\"memory_tokens\": 301",
            "the limits",
        ),
        ("\"completed\":", "\"completes\":", "no sum `completed`"),
    ] {
        fs::write(&lock, whole.replacen(from, to, 1)).unwrap();
        refused(&[&lock, &candidate], expected);
    }
    fs::write(&lock, "no json").unwrap();
    refused(&[&lock, &candidate], "is not a lock");
}

#[test]
fn a_run_stops_early_when_a_look_decides_and_the_gate_agrees() {
    let runs = Runs::new();
    let (baseline, out) = (runs.path("baseline"), runs.path("stopped"));
    let output = run(
        "experiments/ablation.yaml",
        "13",
        &["amnesiac"],
        Path::new(&out),
        &["--stop-early", &baseline],
    );
    assert_eq!(output.status.code(), Some(5), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(
        shown.contains("Gate at look 1 of 4: regressed; 18 of 24 scenarios"),
        "{shown}"
    );
    let output = gate(&[&baseline, &out, "--arm", "amnesiac", "--json"]);
    assert_eq!(output.status.code(), Some(5));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = json["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["decides"] == true).unwrap();
    assert_eq!((&row["look"], &row["looks"]), (&1.into(), &4.into()));
    assert_eq!(row["scenarios"], 6);

    // What does not decide goes on to the end, and gives what a run without looks gives.
    let (early, whole) = (runs.path("early"), runs.path("whole"));
    let seed = "14";
    let arms = ["dreamed"];
    let experiment = "experiments/standard.yaml";
    let margin = ["--stop-early", &baseline, "--margin", "0.001"];
    let output = run(experiment, seed, &arms, Path::new(&early), &margin);
    assert_eq!(output.status.code(), Some(6), "{}", text(&output.stdout));
    let output = run(experiment, seed, &arms, Path::new(&whole), &[]);
    assert_eq!(output.status.code(), Some(0));
    for table in ["tasks.csv", "dreams.csv", "summary.csv"] {
        let read = |folder: &str| fs::read(Path::new(folder).join(table)).unwrap();
        assert!(read(&early) == read(&whole), "{table}");
    }
    // A placebo needs scenarios that may never be run.
    let output = run(
        experiment,
        seed,
        &["dreamed", "placebo"],
        Path::new(&runs.path("placebo")),
        &["--stop-early", &baseline],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("placebo"));
}
