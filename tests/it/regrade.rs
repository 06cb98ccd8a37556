//! `dreamtrial grade`, through the real binary: known gradings come back as known agreement, flips and
//! variance.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    sync::{Arc, LazyLock, atomic::Ordering},
};

use dreamtrial::{
    analyse::{
        calibrate::Unit,
        regrade::{Grading, Task, regrade},
    },
    experiment::live::Provider,
    quantity::{Seed, Usd},
    record::Record,
    rubric::Verdicts,
    stats::components::Stage,
    transcript::Usage,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    command_line::{dreamtrial, json_of, text, told_by},
    support::model_server::{ModelServer, Noise},
    world::{plan, root},
};

/// Eight scenarios, two repetitions, two arms; made once.
pub(crate) static RUN: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("run");
    run(&out, &[]);
    (folder, out)
});

pub(crate) fn path(path: &Path) -> String {
    path.display().to_string()
}

pub(crate) fn run(out: &Path, more: &[&str]) {
    let mut command = dreamtrial();
    command.args(["run", "--repetitions", "2", "--only", "legal/*"]);
    command.args(["--arm", "none", "--arm", "dreamed", "--out"]);
    let output = command.arg(out).args(more).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

pub(crate) fn grade(run: &Path, out: &Path, more: &[&str]) -> Output {
    let mut command = dreamtrial();
    command.arg("grade").arg(run).arg("--out").arg(out);
    command.args(more).output().unwrap()
}

pub(crate) fn server(noise: Noise) -> ModelServer {
    let plan = plan("standard.yaml", 1, |id| id.starts_with("legal/"));
    ModelServer::start_noisy(Arc::new(plan), noise)
}

/// The standard experiment with a priced model of this server, and other folders where they are given.
pub(crate) fn experiment(folder: &Path, server: &ModelServer, folders: &[(&str, &Path)]) -> String {
    let standard = fs::read_to_string(root().join("experiments/standard.yaml")).unwrap();
    let mut written = String::new();
    for line in standard.lines() {
        let other = folders
            .iter()
            .find(|(name, _)| line.starts_with(&format!("{name}: ")));
        let line = other.map_or_else(
            || line.replace("../", &format!("{}/", root().display())),
            |(name, folder)| format!("{name}: {}", folder.display()),
        );
        written.push_str(&line);
        written.push('\n');
    }
    written.push_str(&format!(
        "models:\n  wire: {{provider: openai, id: local, base_url: '{}', price: {{input: 2, output: 10}}}}\n",
        server.base_url(Provider::Openai)
    ));
    let file = folder.join("experiment.yaml");
    fs::write(&file, written).unwrap();
    path(&file)
}

fn rows(file: &Path) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    reader.records().map(|row| row.unwrap()).collect()
}

fn read(folder: &Path) -> Vec<Vec<u8>> {
    ["gradings.csv", "verdicts.csv", "grading.json"]
        .map(|name| fs::read(folder.join(name)).unwrap())
        .into()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let beside = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &beside);
        } else {
            fs::copy(entry.path(), beside).unwrap();
        }
    }
}

fn near(value: &Value, expected: f64, tolerance: f64) {
    let value = value.as_f64().unwrap();
    assert!(
        (value - expected).abs() <= tolerance,
        "{value} is not near {expected}"
    );
}

/// What was printed, up to the line that names a folder.
fn shown(output: &Output) -> String {
    let told = text(&output.stdout);
    let (told, _) = told.split_once("Evidence:").unwrap();
    told.to_owned()
}

/// A level of an arm's variance.
fn level(json: &Value, arm: &str, level: usize) -> Value {
    let arms = json["variance"].as_array().unwrap();
    let arm = arms.iter().find(|one| one["arm"] == arm).unwrap();
    arm["levels"][level].clone()
}

#[test]
fn the_checks_say_the_same_again() {
    let folder = TempDir::new().unwrap();
    let (one, many) = (folder.path().join("one"), folder.path().join("many"));
    let output = grade(&RUN.1, &one, &["--times", "2", "--jobs", "1"]);
    let told = told_by(&output);
    let json = json_of(&grade(
        &RUN.1,
        &many,
        &["--times", "2", "--jobs", "64", "--json"],
    ));
    assert_eq!(read(&one), read(&many), "the number of jobs shows");
    near(&json["agreement"]["share"]["value"], 1.0, 0.0);
    near(&json["agreement"]["kappa"], 1.0, 1e-12);
    assert!(json["agreement"]["gradings"].as_u64().unwrap() > 500);
    assert_eq!(json["flip_rate"], 0.0);
    assert_eq!(json["completion_flip_rate"], 0.0);
    assert_eq!(json["turned"], serde_json::json!([]));
    assert_eq!(json["rubrics_changed"], serde_json::json!([]));
    assert_eq!(json["tokens"], 0);
    for arm in json["arms"].as_array().unwrap() {
        assert_eq!(arm["recorded"], arm["regraded"]);
    }
    // What is graded now is what the run says of every task.
    let tasks = rows(&RUN.1.join("tasks.csv"));
    let graded = rows(&one.join("gradings.csv"));
    assert_eq!(graded.len(), 2 * tasks.len());
    let completed =
        |rows: &[csv::StringRecord], at: usize| rows.iter().filter(|row| &row[at] == "1").count();
    let at = csv::Reader::from_path(RUN.1.join("tasks.csv"))
        .unwrap()
        .headers()
        .unwrap()
        .iter()
        .position(|column| column == "completed")
        .unwrap();
    assert_eq!(completed(&graded, 8), 2 * completed(&tasks, at));
    assert!(told.contains("agreement 100.0%"), "{told}");
    insta::assert_snapshot!("the_checks_again", shown(&output));
}

#[test]
fn an_unsteady_judge_flips_as_often_as_it_was_made_to() {
    let folder = TempDir::new().unwrap();
    // Each verdict is turned with probability 0.1, whatever the others.
    let server = server(|seed, at, met| met != seed.derive_number(at).happens(0.1));
    let file = experiment(folder.path(), &server, &[]);
    let (out, tape) = (folder.path().join("out"), path(&folder.path().join("tape")));
    let flags = ["--experiment", &file, "--judge", "wire", "--times", "4"];
    let asked = grade(&RUN.1, &out, &flags);
    assert_eq!(asked.status.code(), Some(2), "{}", text(&asked.stdout));
    assert!(text(&asked.stderr).contains("nobody is there to agree"));
    assert_eq!(server.counts.requests.load(Ordering::Relaxed), 0);
    let json = json_of(&grade(
        &RUN.1,
        &out,
        &[&flags[..], &["--yes", "--json", "--record", &tape]].concat(),
    ));
    assert_eq!(server.counts.refused.lock().unwrap().as_slice(), [""; 0]);
    let graded = json["graded"].as_u64().unwrap();
    assert_eq!(graded, server.counts.requests.load(Ordering::Relaxed));
    // Two gradings differ if one of them is turned: 2 * 0.1 * 0.9.
    near(&json["flip_rate"], 0.18, 0.03);
    let met = |row: &csv::StringRecord| row[8] == row[12];
    let verdicts = rows(&out.join("verdicts.csv"));
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let agree = verdicts.iter().filter(|row| met(row)).count() as f64 / verdicts.len() as f64;
    assert!((agree - 0.9).abs() < 0.02, "{agree}");
    let tokens = server.counts.usage.lock().unwrap().total().0;
    assert_eq!(json["tokens"], tokens);
    assert!(json["usd"].as_f64().unwrap() > 0.0);
    // A cassette gives the same without the server.
    drop(server);
    let again = folder.path().join("again");
    let replayed = json_of(&grade(
        &RUN.1,
        &again,
        &[&flags[..], &["--jobs", "1", "--json", "--replay", &tape]].concat(),
    ));
    assert_eq!(replayed, json);
    assert_eq!(read(&out), read(&again));
    let output = grade(
        &RUN.1,
        &folder.path().join("told"),
        &[&flags[..], &["--replay", &tape]].concat(),
    );
    let told = told_by(&output);
    assert!(told.contains("grader openai:local"), "{told}");
    insta::assert_snapshot!("an_unsteady_judge", shown(&output));
}

#[test]
fn what_the_judge_adds_to_the_variance_is_found() {
    let folder = TempDir::new().unwrap();
    // One time in five it finds nothing met: a good deliverable passes with probability 0.8.
    let server = server(|seed, _, met| met && !seed.derive("mood").happens(0.2));
    let file = experiment(folder.path(), &server, &[]);
    let again = folder.path().join("again");
    run(&again, &["--dreams-of", &path(&RUN.1)]);
    let out = folder.path().join("out");
    let more = [
        "--experiment",
        &file,
        "--judge",
        "wire",
        "--times",
        "6",
        "--yes",
    ];
    let rerun = path(&again);
    let more = [&more[..], &["--json", "--rerun", &rerun]].concat();
    let json = json_of(&grade(&RUN.1, &out, &more));
    for arm in json["arms"].as_array().unwrap() {
        let name = arm["arm"].as_str().unwrap();
        let share = arm["recorded"]["value"].as_f64().unwrap();
        near(&arm["regraded"]["value"], 0.8 * share, 0.05);
        // A coin of 0.8 on each good deliverable, nothing on the others.
        near(&level(&json, name, 2)["variance"], 0.16 * share, 0.03);
        // The agent does the same again where the dreams are the same.
        near(&level(&json, name, 1)["variance"], 0.0, 0.015);
    }
    assert_eq!(level(&json, "dreamed", 0)["level"], "dream");
    assert_eq!(level(&json, "none", 0)["level"], "repetition");
    let deliverables = rows(&out.join("gradings.csv"));
    assert!(deliverables.iter().any(|row| &row[0] == "1"));
}

#[test]
fn a_changed_scenario_is_refused_and_a_changed_rubric_is_named() {
    let folder = TempDir::new().unwrap();
    let server = server(|_, _, met| met);
    let (scenarios, rubrics) = (
        folder.path().join("scenarios"),
        folder.path().join("rubrics"),
    );
    copy(&root().join("scenarios"), &scenarios);
    copy(&root().join("rubrics"), &rubrics);
    let changed = scenarios.join("legal/retention/scenario.yaml");
    let text_of = fs::read_to_string(&changed).unwrap();
    fs::write(&changed, format!("{text_of}\n# changed\n")).unwrap();
    let file = experiment(folder.path(), &server, &[("scenarios", &scenarios)]);
    let out = folder.path().join("out");
    let output = grade(&RUN.1, &out, &["--experiment", &file]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("`legal/retention` has changed"), "{stderr}");
    assert!(!stderr.contains("legal/scope"), "{stderr}");

    let record = Record::open(&RUN.1.join("run.sqlite")).unwrap();
    let (id, digest) = record.manifest().rubrics.iter().next().unwrap();
    let changed = rubrics.join(format!("{id}.md"));
    let text_of = fs::read_to_string(&changed).unwrap();
    fs::write(&changed, format!("{text_of}\nOne more line.\n")).unwrap();
    let flags = ["--rubrics", &path(&rubrics)];
    let told = told_by(&grade(&RUN.1, &out, &flags));
    let expected = format!(
        "rubrics not as in the run: `{id}` was {}, is ",
        &digest[..12]
    );
    assert!(told.contains(&expected), "missing {expected:?} in:\n{told}");
    let about: Value =
        serde_json::from_slice(&fs::read(out.join("grading.json")).unwrap()).unwrap();
    let rubric = about["rubrics"].as_array().unwrap();
    let different = rubric.iter().filter(|one| one["run"] != one["now"]);
    assert_eq!(different.count(), 1);
    // Gradings that are there stay.
    let output = grade(&RUN.1, &out, &flags);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("has gradings already"));
}

#[test]
fn what_a_cap_leaves_out_has_its_reason() {
    let folder = TempDir::new().unwrap();
    let server = server(|_, _, met| met);
    let file = experiment(folder.path(), &server, &[]);
    let out = folder.path().join("out");
    let flags = [
        "--experiment",
        &file,
        "--judge",
        "wire",
        "--jobs",
        "1",
        "--yes",
    ];
    let flags = [&flags[..], &["--max-usd", "0.5", "--json"]].concat();
    let output = grade(&RUN.1, &out, &flags);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    let json: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    let (graded, failed) = (&json["graded"], &json["failed"]);
    assert!(
        graded.as_u64().unwrap() > 0 && failed.as_u64().unwrap() > 0,
        "{graded} {failed}"
    );
    assert!(json["usd"].as_f64().unwrap() <= 0.5);
    let rows = rows(&out.join("gradings.csv"));
    let failed_rows: Vec<_> = rows.iter().filter(|row| &row[7] == "failed").collect();
    assert_eq!(failed_rows.len() as u64, failed.as_u64().unwrap());
    assert!(
        failed_rows
            .iter()
            .all(|row| row[14].contains("the run's cap"))
    );
}

/// Probabilities of completion with known effects of draw (0.25 up or down) and re-run (0.15), through all
/// that stands between gradings and the report.
#[test]
fn three_levels_of_variance_are_told_apart() {
    let record = Record::open(&RUN.1.join("run.sqlite")).unwrap();
    let side = |seed: Seed, size: f64| if seed.happens(0.5) { size } else { -size };
    let mut tasks = Vec::new();
    for scenario in 0..8 {
        for session in 1..=120 {
            for repetition in 1..=4 {
                let seed = [scenario as u64, session.into(), repetition.into()]
                    .into_iter()
                    .fold(Seed(1), Seed::derive_number);
                let draw = 0.5 + side(seed.derive("draw"), 0.25);
                for rerun in 0..3 {
                    let seed = seed.derive("rerun").derive_number(rerun);
                    let share = draw + side(seed, 0.15);
                    let grading = |time: u64| Grading::Graded {
                        verdicts: Verdicts {
                            verdicts: Vec::new(),
                            satisfied: seed.derive("time").derive_number(time).happens(share),
                            score: (0, 0),
                        },
                        usage: Usage::default(),
                        cost: Usd(0),
                    };
                    tasks.push(Task {
                        rerun: rerun as usize,
                        unit: Unit {
                            arm: 1,
                            scenario,
                            repetition,
                            session,
                            task: 0,
                        },
                        recorded: None,
                        gradings: (0..4).map(grading).collect(),
                    });
                }
            }
        }
    }
    let found = regrade(record.manifest(), &tasks).unwrap();
    let components = &found.components[0].components;
    let expected = [0.0625, 0.0225, 0.25 - 0.0625 - 0.0225];
    for (stage, expected) in Stage::ALL.into_iter().zip(expected) {
        let component = components.components[stage as usize];
        let variance = component.variance.unwrap();
        assert!(
            (variance - expected).abs() < 0.005,
            "{stage:?}: {variance} is not {expected}"
        );
        assert!(component.interval.is_some());
    }
    assert_eq!(found.components[0].most, [4, 3, 4]);
}
