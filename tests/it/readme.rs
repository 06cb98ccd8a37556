//! The README and the kept results say what the program does now.

use std::fs;

use crate::{
    command_line::{dreamtrial, text},
    world::root,
};

fn value(row: &csv::StringRecord, column: usize) -> f64 {
    row[column].parse().unwrap()
}

/// The table of the README, made from the kept run's summary.
fn table() -> String {
    let mut reader = csv::Reader::from_path(root().join("results/standard/summary.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = reader
        .records()
        .map(|row| row.unwrap())
        .filter(|row| &row[0] == "all")
        .collect();
    let mut arms: Vec<&str> = rows.iter().map(|row| &row[2]).collect();
    arms.dedup();
    let mut table = "| arm | tasks completed | 95% interval | first try | clarification rounds | correction rounds | tokens per task | USD per session | USD per completed task |\n|---|---|---|---|---|---|---|---|---|\n".to_owned();
    for arm in arms {
        let of = |metric: &str| {
            rows.iter()
                .find(|row| &row[2] == arm && &row[3] == metric)
                .unwrap()
        };
        let completion = of("completion");
        let line = format!(
            "| {arm} | {:.1}% | {:.1} to {:.1} | {:.1}% | {:.2} | {:.2} | {:.0} | {:.4} | {:.4} |\n",
            value(completion, 5) * 100.0,
            value(completion, 6) * 100.0,
            value(completion, 7) * 100.0,
            value(of("first_try"), 5) * 100.0,
            value(of("clarification_rounds"), 5),
            value(of("correction_rounds"), 5),
            value(of("agent_tokens"), 5),
            value(of("usd_per_session"), 5),
            value(of("usd_per_completed_task"), 5),
        );
        table.push_str(&line);
    }
    table
}

#[test]
fn the_readme_shows_the_kept_run() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let begin = "<!-- BEGIN: standard, from results/standard/summary.csv; checked by the test `readme` -->\n";
    let shown = readme
        .split_once(begin)
        .unwrap()
        .1
        .split_once("<!-- END: standard -->")
        .unwrap()
        .0;
    assert_eq!(shown, table(), "put this between the markers:\n{}", table());
}

#[test]
fn the_kept_run_is_what_the_program_does_now() {
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path().join("run");
    let output = dreamtrial()
        .args(["run", "experiments/standard.yaml", "--out"])
        .arg(&out)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    for name in [
        "tasks.csv",
        "dreams.csv",
        "summary.csv",
        "comparisons.csv",
        "attribution.csv",
    ] {
        let kept = fs::read(root().join("results/standard").join(name)).unwrap();
        assert!(
            kept == fs::read(out.join(name)).unwrap(),
            "results/standard/{name} is of another time: run the standard experiment again and keep it"
        );
    }
}

#[test]
fn the_two_commands_are_those_of_the_readme_and_ci_calls_the_second() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains("cargo run --release -- run ") && readme.contains("\ncargo test "));
    assert!(
        fs::read_to_string(root().join(".ci/run"))
            .unwrap()
            .ends_with("cargo test\n")
    );
}
