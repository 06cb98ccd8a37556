//! `dreamtrial calibrate`: sheets, labels and corrected rates, through the real binary.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::command_line::{dreamtrial, json_of, text, told_by};

const ARMS: [&str; 3] = ["none", "accumulated", "dreamed"];

fn calibrate(arguments: &[&str]) -> Output {
    dreamtrial()
        .arg("calibrate")
        .args(arguments)
        .output()
        .unwrap()
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

/// Eight scenarios, two repetitions, three arms.
fn run(folder: &TempDir) -> PathBuf {
    let out = folder.path().join("run");
    let mut command = dreamtrial();
    command.args(["run", "--repetitions", "2", "--only", "legal/*", "--out"]);
    command.arg(&out);
    for arm in ARMS {
        command.args(["--arm", arm]);
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    out
}

/// The grader's verdicts by scenario, repetition, session, task and arm; `None` where nothing was handed in.
fn verdicts(run: &Path) -> BTreeMap<Vec<String>, Option<bool>> {
    let mut reader = csv::Reader::from_path(run.join("tasks.csv")).unwrap();
    let head = reader.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let key = ["scenario", "repetition", "session", "task", "arm"].map(at);
    let (completed, outcome) = (at("completed"), at("outcome"));
    let rows = reader.records().map(|row| row.unwrap());
    rows.map(|row| {
        (
            key.iter().map(|&at| row[at].to_owned()).collect(),
            (&row[outcome] == "graded").then(|| &row[completed] == "1"),
        )
    })
    .collect()
}

fn rows(file: &Path) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    reader.records().map(|row| row.unwrap()).collect()
}

fn told(arguments: &[&str]) -> String {
    told_by(&calibrate(arguments))
}

fn json(arguments: &[&str]) -> Value {
    json_of(&calibrate(&[arguments, &["--json"]].concat()))
}

#[test]
fn a_sheet_is_blind_and_comes_back_with_its_key() {
    let folder = TempDir::new().unwrap();
    let run = run(&folder);
    let (sheet, key) = (
        folder.path().join("sheet.csv"),
        folder.path().join("sheet.key.csv"),
    );
    let arguments = [
        &path(&run),
        "--sample",
        "60",
        "--seed",
        "7",
        "--out",
        &path(&sheet),
    ];
    let output = calibrate(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let content = fs::read_to_string(&sheet).unwrap();
    assert!(content.starts_with("row,scenario,session,task,deliverable,completed,rater\n"));
    for name in ["dreamed", "accumulated", "none"] {
        let told = rows(&sheet).iter().any(|row| {
            row.iter()
                .enumerate()
                .any(|(at, field)| at != 4 && field.contains(name))
        });
        assert!(!told, "the sheet tells the arm `{name}`");
    }
    assert!(!content.contains("dreamed") && !content.contains("accumulated"));
    let sheet_rows = rows(&sheet);
    assert_eq!(sheet_rows.len(), 60);
    assert!(
        sheet_rows
            .iter()
            .all(|row| !row[4].is_empty() && row[5].is_empty())
    );
    let key_rows = rows(&key);
    for arm in ARMS {
        assert_eq!(key_rows.iter().filter(|row| &row[6] == arm).count(), 20);
    }
    // The order tells nothing: the arms are mixed.
    let changes = key_rows
        .windows(2)
        .filter(|pair| pair[0][6] != pair[1][6])
        .count();
    assert!(changes > 20, "{changes}");

    // The same seed draws the same, another one not; a sheet is not written over.
    let again = calibrate(&arguments);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("is there already"));
    let draw = |name: &str, seed: &str| {
        let out = folder.path().join(name);
        let more = ["--sample", "60", "--seed", seed, "--out", &path(&out)];
        let output = calibrate(&[&[path(&run).as_str()][..], &more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        fs::read_to_string(out).unwrap()
    };
    assert!(draw("same.csv", "7") == content);
    assert!(draw("other.csv", "8") != content);

    // Labels that repeat the grader: full agreement, nothing corrected away.
    let verdicts = verdicts(&run);
    let mut labels = "row,completed,rater\n".to_owned();
    for row in &key_rows {
        let unit: Vec<String> = [2, 3, 4, 5, 6].map(|at| row[at].to_owned()).to_vec();
        let done = u8::from(verdicts[&unit].unwrap());
        labels.push_str(&format!("{},{done},ann\n{},{done},ben\n", &row[0], &row[0]));
    }
    let file = folder.path().join("labels.csv");
    fs::write(&file, labels).unwrap();
    let with_key = [&path(&run), &path(&file), "--key", &path(&key)];
    let said = told(&with_key);
    for part in [
        "Calibrated on the reference agent: no evidence about any product.",
        "120 labels of 60 tasks by 2 raters, drawn at random from the run's tasks",
        "100.0% of 60 tasks between grader and people",
        "kappa 1.00",
        "alpha 1.00 among people",
        "dreamed against none",
        "ranking better (8 scenarios)",
        "PPI++",
    ] {
        assert!(said.contains(part), "missing {part:?} in:\n{said}");
    }
    let found = json(&with_key);
    assert_eq!(found["evidence_about_a_product"], false);
    for arm in found["arms"].as_array().unwrap() {
        let distance = arm["corrected"].as_f64().unwrap() - arm["grader"].as_f64().unwrap();
        assert!(distance.abs() < 0.2, "{arm}");
        assert_eq!(arm["method"], "ppi_plus_plus");
    }

    // A key of another run is refused.
    let other = fs::read_to_string(&key).unwrap();
    let plan = &key_rows[0][1];
    fs::write(&key, other.replace(plan, "000000000000")).unwrap();
    let output = calibrate(&with_key);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("key is of the plan `000000000000`"));
}

/// Labels of every task, where the grader passes what is not done in every fourth case of one arm.
#[test]
fn errors_are_taken_out_of_the_rates() {
    let folder = TempDir::new().unwrap();
    let run = run(&folder);
    let mut labels = "scenario,repetition,session,task,arm,completed\n".to_owned();
    let (mut done, mut passed) = (0, 0);
    let mut tasks = BTreeMap::new();
    for (unit, completed) in verdicts(&run) {
        *tasks.entry(unit[4].clone()).or_insert(0.0) += 1.0;
        let Some(completed) = completed else { continue };
        let mut truth = completed;
        if unit[4] == "dreamed" && completed {
            passed += 1;
            truth = passed % 4 != 0;
        }
        done += u32::from(truth && unit[4] == "dreamed");
        labels.push_str(&format!("{},{}\n", unit.join(","), u8::from(truth)));
    }
    let file = folder.path().join("labels.csv");
    fs::write(&file, labels).unwrap();
    let (run, file) = (path(&run), path(&file));
    for more in [&[][..], &["--sampled"]] {
        let arguments = [&[run.as_str(), &file][..], more].concat();
        let found = json(&arguments);
        let arms = found["arms"].as_array().unwrap();
        let arm = arms.iter().find(|arm| arm["arm"] == "dreamed").unwrap();
        let corrected = arm["corrected"].as_f64();
        let method = arm["method"].as_str().unwrap();
        // A grader that passes everything corrects nothing by itself; labels do.
        let truth = f64::from(done) / tasks["dreamed"];
        match (method, corrected) {
            ("ppi_plus_plus", Some(value)) => assert!((value - truth).abs() < 1e-9),
            ("none", None) => {}
            (_, _) => assert!(
                corrected.is_some_and(|value| (value - truth).abs() < 0.05),
                "{arm}"
            ),
        }
        let none = arms.iter().find(|arm| arm["arm"] == "none").unwrap();
        let both = [&none["grader"], &none["corrected"]].map(|value| value.as_f64().unwrap());
        assert!((both[0] - both[1]).abs() < 1e-9);
    }
    let said = told(&[&run, &file, "--at-least", "2"]);
    assert!(
        said.contains("not drawn at random") && said.contains("Lang and Reiczigel"),
        "{said}"
    );
    assert!(said.contains("2.00x `none`"), "{said}");
}

#[test]
fn bad_labels_are_reported_all_at_once() {
    let folder = TempDir::new().unwrap();
    let run = path(&run(&folder));
    let file = folder.path().join("labels.csv");
    let refuse = |content: &str, parts: &[&str]| {
        fs::write(&file, content).unwrap();
        let output = calibrate(&[&run, &path(&file)]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{stderr}");
        assert!(output.stdout.is_empty());
        for part in parts.iter().chain(&["labels.csv"]) {
            assert!(stderr.contains(part), "missing {part:?} in:\n{stderr}");
        }
    };
    let head = "scenario,repetition,session,task,arm,completed,rater";
    refuse(
        &format!(
            "{head}\nlegal/scope,1,1,1,none,1,a\nlegal/scope,1,1,1,none,0,a\nlegal/scope,1,1,1,none,0,b\n\
             legal/scope,1,1,9,none,1,a\nlegal/scope,1,1,0,none,1,a\nlegal/scop,1,1,1,none,1,a\n\
             legal/scope,1,2,1,dreemed,1,a\nlegal/scope,x,2,1,none,1,a\nlegal/scope,1,2,1,none,2,a\n\
             legal/scope,1,3,1,none,,a\nlegal/scope,1,3,1\n"
        ),
        &[
            "line 3 repeats a label by `a`",
            "labels.csv:3",
            "session 1, task 9 of `legal/scope`",
            "session 1, task 0 of `legal/scope`",
            "count from 1",
            "no scenario `legal/scop`",
            "did you mean `legal/scope`?",
            "no arm `dreemed`",
            "`repetition` is `x`",
            "`completed` is `2`, expected `0` or `1`",
            "`completed` is empty",
            "row has 4 fields, the header has 7",
        ],
    );
    refuse(
        "scenario,repetition,session,task,arm\nlegal/scope,1,1,1,none\n",
        &["missing column `completed`"],
    );
    refuse("row,completed\nabc,1\n", &["need its key", "--key"]);
    refuse("", &["file is empty"]);
    let output = calibrate(&[&run, "nowhere.csv"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("cannot read `nowhere.csv`"));

    // A sheet whose rows its key does not have.
    let sheet = folder.path().join("s.csv");
    let drawn = calibrate(&[
        &run,
        "--sample",
        "9",
        "--out",
        &path(&sheet),
        "--arm",
        "none",
    ]);
    assert_eq!(drawn.status.code(), Some(0), "{}", text(&drawn.stderr));
    let key = path(&folder.path().join("s.key.csv"));
    fs::write(&file, "row,completed\nzzz,1\n").unwrap();
    let output = calibrate(&[&run, &path(&file), "--key", &key]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("row `zzz` is not in the key"));
    let output = calibrate(&[&run, &path(&sheet), "--key", &key]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("`completed` is empty"));

    for (arguments, says) in [
        (vec![&*run], "LABELS"),
        (vec!["nowhere", "x.csv"], "no run in `nowhere`"),
        (vec![&*run, "--sample", "9"], "--out"),
        (
            vec![&*run, "--sample", "0", "--out", "x.csv"],
            "0 is not in",
        ),
        (
            vec![&*run, "--sample", "9", "--out", "x.csv", "--arm", "oracle"],
            "no arm `oracle`",
        ),
        (vec![&*run, "x.csv", "--at-least", "1"], "is not above 1"),
    ] {
        let output = calibrate(&arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
    }
}
