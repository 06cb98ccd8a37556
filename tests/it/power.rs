//! `dreamtrial power`: planning from a pilot and from assumed rates, through the real binary.

use std::{path::Path, process::Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::command_line::{dreamtrial, json_of, text, told_by};

fn power(arguments: &[&str]) -> Output {
    dreamtrial().arg("power").args(arguments).output().unwrap()
}

/// What is printed, as one line.
fn told(arguments: &[&str]) -> String {
    told_by(&power(arguments))
}

fn json(arguments: &[&str]) -> Value {
    json_of(&power(&[arguments, &["--json"]].concat()))
}

fn pilot(folder: &Path, repetitions: &str) -> String {
    let out = folder.join("run");
    let output = dreamtrial()
        .args(["run", "--repetitions", repetitions, "--only", "legal/*"])
        .args(["--arm", "none", "--arm", "accumulated", "--arm", "dreamed"])
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    out.display().to_string()
}

const ASSUMED: [&str; 8] = [
    "--base-rate",
    "0.1",
    "--icc",
    "0.15",
    "--tasks-per-scenario",
    "24",
    "--correlation",
    "0.5",
];

#[test]
fn a_pilot_plans_claims_and_gates() {
    let folder = TempDir::new().unwrap();
    let run = pilot(folder.path(), "2");
    let said = told(&[&run, "--at-least", "2"]);
    for part in [
        "Pilot on the reference agent: no evidence about any product.",
        "`dreamed` against `none`: at least 2x",
        "8 scenarios, 2 repetitions",
        "(1 over the base)",
        "is never decided, however large the trial",
        "the truth is what the pilot found, and new scenarios are like these",
        "repetitions scenarios sessions tasks USD",
        "of the variance is between scenarios",
    ] {
        assert!(said.contains(part), "missing {part:?} in:\n{said}");
    }
    let gate = told(&[
        &run,
        "--gate",
        "--margin",
        "5",
        "--base",
        "accumulated",
        "--treat",
        "dreamed",
    ]);
    assert!(
        gate.contains("not worse by 5 points or more (four looks)"),
        "{gate}"
    );
    assert!(gate.contains("for a policy that changed nothing"), "{gate}");

    let less = told(&[&run, "--metric", "usd_per_session", "--at-most", "9"]);
    assert!(
        less.contains("with 8 scenarios: a true +0.0") && less.contains(" or less (from"),
        "{less}"
    );

    // Repetitions cost as many sessions, and never ask for more scenarios.
    let found = json(&[&run, "--direction", "--metric", "clarification_rounds"]);
    let rows = found["by_repetitions"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    for pair in rows.windows(2) {
        assert!(pair[1]["scenarios"].as_f64() <= pair[0]["scenarios"].as_f64());
        assert!(pair[1]["usd"].as_f64() > pair[0]["usd"].as_f64());
    }
    let dear = json(&[&run, "--usd-per-scenario", "500"]);
    assert!(dear["needed"]["usd"].as_f64().unwrap() > 3000.0);
    assert!(dear["cheapest_repetitions"].as_f64().unwrap() >= 1.0);
    assert_eq!(dear["evidence_about_a_product"], false);

    // A budget buys what its scenarios show.
    let price = found["pilot"]["usd_per_session"].as_f64().unwrap();
    let sessions = found["pilot"]["sessions_per_scenario"].as_f64().unwrap();
    let budget = format!("{}", price * sessions * 2.0 * 2.0 * 20.5);
    let bought = json(&[&run, "--budget-usd", &budget]);
    let sized = json(&[&run, "--scenarios", "20"]);
    assert_eq!(bought["shows"]["difference"], sized["shows"]["difference"]);
    assert!(told(&[&run, "--budget-usd", "0"]).contains("fewer than six scenarios"));
}

#[test]
fn one_repetition_does_not_tell_what_more_would_help() {
    let folder = TempDir::new().unwrap();
    let run = pilot(folder.path(), "1");
    let said = told(&[&run]);
    assert!(
        said.contains("do not tell what more repetitions would help"),
        "{said}"
    );
    let output = power(&[&run, "--repetitions", "3"]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("one repetition") && stderr.contains("hint: "),
        "{stderr}"
    );
}

/// The simulation of the reference: 24 rows a stream with ICC 0.15, at least 6x, truth 10x: 0.90 power at
/// 96 streams, 0.54 at 48; truth 12x 0.75 at 48.
#[test]
fn assumed_rates_agree_with_the_simulation() {
    let with = |more: &[&str]| json(&[&ASSUMED, more].concat());
    let scenarios = |treat: &str, power: &str| {
        let found = with(&["--treat-rate", treat, "--at-least", "6", "--power", power]);
        found["needed"]["scenarios"].as_f64().unwrap()
    };
    assert!((48.0..130.0).contains(&scenarios("0.999", "0.9")));
    assert!((30.0..60.0).contains(&scenarios("0.999", "0.54")));
    // Refuting is cheap.
    let found = with(&["--treat-rate", "0.3", "--at-least", "6"]);
    assert_eq!(found["holds_if_true"], false);
    assert!(found["needed"]["scenarios"].as_f64().unwrap() < 30.0);
    assert_eq!(found["evidence_about_a_product"], false);
    // What is assumed to be true is never told from itself.
    let exact = told(&[&ASSUMED[..], &["--treat-rate", "0.6", "--at-least", "6"]].concat());
    assert!(exact.contains("no number of scenarios decides"), "{exact}");
    // A ratio above the ceiling can only be refuted.
    let high = told(&[&ASSUMED[..], &["--treat-rate", "0.6", "--at-least", "12"]].concat());
    assert!(
        high.contains("10.00x at most") && high.contains("only be refuted"),
        "{high}"
    );
    // What a size shows needs that size.
    let shown = with(&["--scenarios", "30", "--usd-per-session", "0.5"]);
    let treat = shown["shows"]["treat_value"].as_f64().unwrap().to_string();
    let back = with(&["--treat-rate", &treat]);
    assert_eq!(back["needed"]["scenarios"].as_f64(), Some(30.0));
    assert_eq!(shown["size"]["usd"].as_f64(), Some(30.0 * 24.0 * 2.0 * 0.5));
}

#[test]
fn wrong_usage_is_said_in_words() {
    let folder = TempDir::new().unwrap();
    let run = pilot(folder.path(), "1");
    for (arguments, says) in [
        (vec![], "no pilot and no rates"),
        (vec!["nowhere"], "no run in `nowhere`"),
        (vec![&*run, "--treat", "dreemed"], "no arm `dreemed`"),
        (
            vec![&*run, "--base", "dreamed", "--treat", "dreamed"],
            "with itself",
        ),
        (vec![&*run, "--domain", "law"], "no domain `law`"),
        (vec![&*run, "--domain", "coding"], "tasks of both arms"),
        (vec![&*run, "--metric", "tokens"], "no metric `tokens`"),
        (vec![&*run, "--at-least", "0"], "is not above 0"),
        (vec![&*run, "--at-least", "NaN"], "is not above 0"),
        (
            vec![&*run, "--at-least", "120", "--scale", "difference"],
            "not between -100 and 100",
        ),
        (
            vec![&*run, "--at-least", "2", "--gate"],
            "cannot be used with",
        ),
        (vec![&*run, "--gate", "--margin", "0"], "`--margin` is `0`"),
        (vec![&*run, "--power", "1"], "`--power` is `1`"),
        (
            vec![&*run, "--gate", "--alpha", "0.5"],
            "`--alpha` is `0.5`",
        ),
        (vec![&*run, "--budget-usd=-1"], "`--budget-usd` is `-1`"),
        (
            vec![&*run, "--base-rate", "0.1", "--tasks-per-scenario", "8"],
            "cannot be used with",
        ),
        (vec!["--base-rate", "0.1"], "--tasks-per-scenario"),
        (
            vec!["--base-rate", "0", "--tasks-per-scenario", "8"],
            "`--base-rate` is `0`",
        ),
        (
            vec!["--base-rate", "0.1", "--tasks-per-scenario", "8"],
            "no `--treat-rate`",
        ),
        (
            vec![
                "--base-rate",
                "0.1",
                "--treat-rate",
                "0.5",
                "--tasks-per-scenario",
                "0.5",
            ],
            "give a number of 1 or more",
        ),
        (
            vec![
                "--base-rate",
                "0.1",
                "--tasks-per-scenario",
                "8",
                "--budget-usd",
                "9",
            ],
            "needs what a session costs",
        ),
    ] {
        let output = power(&arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
