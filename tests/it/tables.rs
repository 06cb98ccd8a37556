//! `dreamtrial stats`: tables of results from anywhere, through the real binary.

use std::{fs, process::Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    command_line::{dreamtrial, text, told_by},
    world::root,
};

fn fixture(name: &str) -> String {
    format!("tests/fixtures/stats/datasets/{name}.csv")
}

fn stats(arguments: &[&str]) -> Output {
    dreamtrial().arg("stats").args(arguments).output().unwrap()
}

/// What is printed of a fixture, as one line.
fn told(name: &str) -> String {
    told_by(&stats(&[&fixture(name), "--replicates", "500"]))
}

fn says(name: &str, parts: &[&str]) {
    let told = told(name);
    for part in parts {
        assert!(told.contains(part), "{name}: missing {part:?} in:\n{told}");
    }
}

/// Exit code and standard error for a table.
fn refused(content: &[u8], more: &[&str]) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("table.csv");
    fs::write(&file, content).unwrap();
    let path = file.display().to_string();
    let output = stats(&[&[path.as_str()], more].concat());
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    (output.status.code(), text(&output.stderr))
}

fn refuses(content: &str, parts: &[&str]) {
    let (code, stderr) = refused(content.as_bytes(), &[]);
    assert_eq!(code, Some(3), "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "missing {part:?} in:\n{stderr}");
    }
}

#[test]
fn every_data_set_prints_one_flat_json_object() {
    let golden: Value = serde_json::from_str(
        &fs::read_to_string(root().join("tests/fixtures/stats/golden.json")).unwrap(),
    )
    .unwrap();
    for (name, set) in golden["datasets"].as_object().unwrap() {
        let output = stats(&["--json", "--replicates", "200", &fixture(name)]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let got: Value = serde_json::from_slice(&output.stdout).unwrap();
        let got = got.as_object().unwrap();
        assert!(
            got.values()
                .all(|value| !value.is_object() && !value.is_array()),
            "{name} is not flat"
        );
        let expect = set["expect"].as_object().unwrap();
        for key in ["n", "streams", "tasks", "labelled"] {
            if let (Some(want), Some(got)) = (expect.get(key), got.get(key)) {
                assert_eq!(&want["v"], got, "{name} {key}");
            }
        }
        told(name);
    }
}

#[test]
fn a_whole_comparison_says_what_is_established() {
    says(
        "d01_legal",
        &[
            "treat 56.9% [47.7, 65.7] vs base 8.6% [5.2, 14.0]",
            "(24 streams, 178 sessions, 3 repetitions, deff 4.2; 95%, not adjusted",
            "difference +48.3 points [+39.9, +56.7] (jackknife, t23)",
            "ratio 6.6x [4.1x, 10.6x] (log-jackknife, t23)",
            "sign flip p 1.2e-7 (exact)",
            "claim \"at least 6x\": INCONCLUSIVE - at least 4.1x established, 6x is inside the \
             interval; about 1,067 streams needed if 6.6x is the truth",
            "seed 20260101, 500 replicates, dreamtrial",
        ],
    );
}

#[test]
fn nasty_cases_are_said_in_words() {
    says(
        "d04_zero_base",
        &[
            "ratio not estimable (baseline 0 of 96); at least 0.81x (conservative), no upper \
             limit; difference +37.5 points [+26.3, +48.7]",
            "\"better at all\": SUPPORTED",
            "\"at least 2x\": INCONCLUSIVE",
        ],
    );
    says(
        "d05_all_ones",
        &[
            "Tango on signs of streams",
            "1.00x [0.58x, 1.73x]",
            "\"at least 6x\": REFUTED",
        ],
    );
    says(
        "d06_all_zero",
        &["not estimable (both arms 0 of 12); nothing is excluded"],
    );
    for (name, streams) in [("d07_single_stream", 1), ("d10_tiny3", 3), ("d11_n1", 1)] {
        let few = format!("too few streams: {streams} of the 6 that a verdict needs");
        says(name, &[&few, "\"better at all\": INCONCLUSIVE"]);
        assert!(!told(name).contains("SUPPORTED"), "{name}");
    }
    says(
        "d12_base_one_stream",
        &["15.0x [0.98x, no limit] (conservative"],
    );
    says("d09_unbalanced", &["the largest has 54.8% of the rows"]);
    says(
        "t02_zero_ties",
        &["ratio: not estimable", "difference -0.80 [-1.01, -0.59]"],
    );
    says("t04_many_streams", &["24 streams"]);
    says(
        "t01_trials",
        &[
            "ratio 0.50x [0.47x, 0.53x]; of geometric means 0.51x [0.48x, 0.54x]",
            "one outlay is saved after 33 sessions [23, 59]",
            "per extra completion: $0.213 [$0.172, $0.279]",
            "difference -3.53 [-4.33, -2.73]",
        ],
    );
    says(
        "t03_unbalanced_missing",
        &["per extra completion: not estimable"],
    );
    says(
        "f02_zero_cell",
        &["a cell has no success", "share of the total"],
    );
    says("a02_constant", &["not estimable (ratings do not vary)"]);
}

#[test]
fn bad_rows_are_reported_at_once_with_line_and_hint() {
    refuses(
        "stream,session,rep,base,treat\na,1,1,0,1\na,1,1,1,1\nb,1,1,2,0\nc,x,1,0,NaN\nd,1,1,0\n",
        &[
            "line 3 repeats stream `a`, session `1`, rep `1`",
            "line 2 has it already",
            "table.csv:4",
            "`base` is `2`, expected `0` or `1`",
            "`session` is `x`, expected a whole number",
            "`treat` is `NaN`, expected `0` or `1`",
            "row has 4 fields, the header has 5",
            "hint",
        ],
    );
    refuses("", &["file is empty"]);
    refuses("stream,session,rep,base,treat\n", &["table has no rows"]);
    refuses(
        "a,b\n1,2\n",
        &["unknown header `a,b`", "known headers: `stream,"],
    );
    refuses(
        "stream,session,rep,arm,sucess\na,1,1,none,1\n",
        &[
            "unknown column `sucess`",
            "did you mean `success`?",
            "missing column `success`",
        ],
    );
    refuses(
        "stream,session,rep,arm,success,minutes\na,1,1,none,1,-3\na,1,1,dream,1,inf\n",
        &[
            "`minutes` is `-3`, expected a finite number",
            "`minutes` is `inf`",
        ],
    );
    refuses(
        "task,n,c\nt,2,3\n",
        &["`c` is `3`, more than the `2` attempts"],
    );
    refuses(
        "name,p\nx,1.5\n",
        &["`p` is `1.5`, expected a number between 0 and 1"],
    );
    refuses(
        "stream,session,rep,arm,success\na,1,1,none,1\nb,1,1,dream,1\n",
        &["no stream has rows of both `none` and `dream`"],
    );
    let (code, stderr) = refused(b"stream,session\n\xff\xfe", &[]);
    assert_eq!(code, Some(3));
    assert!(stderr.contains("not valid UTF-8"), "{stderr}");
    let output = stats(&["no-such-file.csv"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("cannot read `no-such-file.csv`"));
}

/// Eight streams under three arms; the last one lacks `dream`.
fn long() -> String {
    let mut table = String::from("stream,session,rep,arm,success\n");
    for stream in 0..8 {
        for (arm, at) in [("none", 0), ("notes", 1), ("dream", 2)] {
            if stream == 7 && arm == "dream" {
                continue;
            }
            for session in 1..=2 {
                let success = u8::from((stream + session) % 3 < at);
                table.push_str(&format!("s{stream},{session},1,{arm},{success}\n"));
            }
        }
    }
    table
}

#[test]
fn a_long_table_compares_the_arms_that_are_asked_for() {
    let (code, stderr) = refused(long().as_bytes(), &[]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(
        stderr.contains("it is not clear which arms to compare"),
        "{stderr}"
    );
    assert!(stderr.contains("`none`, `notes`, `dream`"), "{stderr}");
    let (code, stderr) = refused(long().as_bytes(), &["--base", "nome", "--treat", "dream"]);
    assert_eq!(code, Some(3));
    assert!(stderr.contains("no arm `nome`"), "{stderr}");

    let folder = TempDir::new().unwrap();
    let file = folder.path().join("long.csv");
    fs::write(&file, long()).unwrap();
    let path = file.display().to_string();
    let output = stats(&[&path, "--json", "--base", "notes", "--treat", "dream"]);
    let got: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(got["streams"], 7);
    assert_eq!(got["dropped.streams"], 1);
    assert_eq!(got["dropped.rows"], 2);
    assert_eq!(got["dropped.rows_of_other_arms"], 16);
    assert!(got["success.notes.est"].is_number() && got["success.dream.est"].is_number());
    let output = stats(&[&path, "--base", "notes", "--treat", "dream"]);
    let told = text(&output.stdout)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(told.contains("1 stream with 2 rows left out"), "{told}");
    assert!(
        told.contains("16 rows of other arms not compared"),
        "{told}"
    );
}

#[test]
fn options_change_the_numbers_and_are_checked() {
    let of = |more: &[&str]| {
        let path = fixture("t01_trials");
        let output = stats(&[&[path.as_str(), "--json", "--replicates", "200"], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let (plain, other) = (of(&[]), of(&["--seed", "1", "--dream-cost", "0"]));
    assert_ne!(
        plain["success.boot.rd.pct_lo"],
        other["success.boot.rd.pct_lo"]
    );
    assert_eq!(other["cost.breakeven.one_off"], 0.0);
    assert_eq!(
        of(&["--margin", "0.05"])["success.ni.margin_0.05.pass_fixed"],
        true
    );
    for bad in [["--margin", "2"], ["--price-hour", "nan"]] {
        let output = stats(&[&fixture("d01_legal"), bad[0], bad[1]]);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            text(&output.stderr).contains("hint"),
            "{}",
            text(&output.stderr)
        );
    }
    let output = stats(&[&fixture("d01_legal"), "--replicates", "0"]);
    assert_eq!(output.status.code(), Some(2));
}

/// Real results of 50 tasks in four attempts each, kept outside this repository; the test passes without
/// looking where they are absent.
#[test]
fn repeated_attempts_of_a_published_benchmark() {
    let file = root().join("../shared/data/tau_bench_gpt4o_airline.csv");
    if !file.is_file() {
        return;
    }
    let output = dreamtrial()
        .arg("stats")
        .arg(file)
        .arg("--json")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let keys: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(keys["tasks"], 50);
    // Recomputed from the benchmark's own trajectories by its formula, C(c, k) / C(n, k).
    for (k, expected) in [(1, 0.42), (2, 0.2733), (3, 0.22), (4, 0.2)] {
        let found = keys[format!("pass_hat_{k}.mean")].as_f64().unwrap();
        assert!((found - expected).abs() < 5e-5, "pass^{k}: {found}");
    }
}

#[test]
fn attempts_row_by_row_are_attempts_by_task() {
    let folder = TempDir::new().unwrap();
    let keys = |name: &str, table: &str| {
        let file = folder.path().join(name);
        fs::write(&file, table).unwrap();
        let output = dreamtrial()
            .arg("stats")
            .arg(file)
            .arg("--json")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let rows = keys(
        "rows.csv",
        "stream,session,rep,success\na,1,1,1\na,1,2,0\nb,1,1,1\nb,1,2,1\nc,1,1,0\nc,1,2,0\n",
    );
    let tasks = keys("tasks.csv", "task,n,c\na,2,1\nb,2,2\nc,2,0\n");
    assert_eq!(rows, tasks);
}
