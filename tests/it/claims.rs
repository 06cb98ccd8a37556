//! Claims on a run: what is said of each, registered or not, and what a broken file is told.

use std::{fs, path::Path, process::Output};

use dreamtrial::{
    analyse::{
        Group, Measured, Metric,
        attribution::{attribution, name},
        claim::{self, Judgement},
    },
    record::Record,
    source::Problems,
};
use tempfile::TempDir;

use crate::command_line::{dreamtrial, text};

/// A run of the arms that the claims need, two repetitions of all scenarios.
fn run(folder: &Path, more: &[&str]) -> Output {
    let mut arguments = vec![
        "run",
        "experiments/standard.yaml",
        "--repetitions",
        "2",
        "--arm",
        "none",
        "--arm",
        "dreamed",
        "--arm",
        "none-outcomes",
        "--arm",
        "dreamed-outcomes",
        "--out",
    ];
    let out = folder.to_str().unwrap();
    arguments.push(out);
    arguments.extend(more);
    dreamtrial().args(arguments).output().unwrap()
}

fn judged(folder: &Path, claims: &str) -> Judgement {
    let measured = Measured::read(&Record::open(&folder.join("run.sqlite")).unwrap()).unwrap();
    let mut problems = Problems::default();
    let claims = claim::parse_text(Path::new("claims.yaml"), claims, &mut problems);
    assert!(problems.is_empty(), "{}", problems.render(false));
    claim::judge(&measured, &claims.unwrap()).unwrap()
}

const CLAIMS: &str = "claims:
  - {name: more, says: more, metric: completion, base: none, treat: dreamed, direction: more}
  - {name: twice, says: twice, metric: completion, base: none, treat: dreamed, at_least: 2}
  - {name: nine, says: nine times, metric: completion, base: none, treat: dreamed, at_least: 9}
  - {name: few, says: in one construct, metric: completion, construct: scope, base: none, treat: dreamed, at_least: 2}
  - {name: cheap, says: half the cost, metric: usd_per_session, base: none, treat: dreamed, at_most: 0.5}
  - {name: outcomes, says: ten points, metric: completion, effect: outcomes, scale: difference, at_least: 10}
  - {name: oracle, says: an arm that is not there, metric: completion, base: none, treat: oracle, at_least: 1}
";

#[test]
fn claims_are_supported_refuted_and_left_open() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("run");
    let file = folder.path().join("claims.yaml");
    fs::write(&file, CLAIMS).unwrap();
    let output = run(&out, &["--claims", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));

    // A run that goes on takes no other claims than those it began with.
    let other = folder.path().join("other.yaml");
    fs::write(&other, CLAIMS.replace("nine times", "nine")).unwrap();
    let output = run(&out, &["--resume", "--claims", other.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("when a run begins"));
    let output = run(&out, &["--resume", "--claims", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));

    let judgement = judged(&out, CLAIMS);
    assert!(judgement.registered);
    let verdicts: Vec<(&str, &str)> = judgement
        .claims
        .iter()
        .map(|one| (one.claim.name.as_str(), one.verdict.as_str()))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("more", "supported"),
            ("twice", "supported"),
            ("nine", "refuted"),
            ("few", "inconclusive"),
            ("cheap", "refuted"),
            ("outcomes", "refuted"),
            ("oracle", "inconclusive"),
        ]
    );
    // Nine times is more than the base leaves room for.
    let nine = &judgement.claims[2];
    let base = nine.facts.as_ref().unwrap().values.unwrap().0.unwrap();
    assert!((nine.ceiling.unwrap() * base - 1.0).abs() < 1e-12);
    // Holm never gives less than the p-value itself.
    for one in judgement.claims.iter().filter_map(|one| one.adjusted) {
        assert!(one.adjusted >= one.p && one.adjusted <= 1.0, "{one:?}");
    }
    assert!(
        judgement.claims[6]
            .missing
            .as_ref()
            .unwrap()
            .contains("oracle")
    );
    // The same claims in another file were not registered.
    assert!(!judged(&out, &CLAIMS.replace("nine times", "nine")).registered);

    // Without a file the registered claims are judged, in 80 columns, each with the sentence.
    let output = dreamtrial()
        .args(["claims", out.to_str().unwrap()])
        .output()
        .unwrap();
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(shown.starts_with("Registered before the run"), "{shown}");
    assert!(
        shown.lines().all(|line| line.chars().count() <= 80),
        "{shown}"
    );
    assert_eq!(shown.matches("no evidence about any product").count(), 7);
    assert!(shown.contains("cannot hold on"), "{shown}");
    let output = dreamtrial()
        .args([
            "claims",
            out.to_str().unwrap(),
            "claims/published.yaml",
            "--json",
        ])
        .output()
        .unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["registered"], false);
    assert_eq!(json["evidence_about_a_product"], false);
    assert_eq!(json["claims"].as_array().unwrap().len(), 5);

    // The page shows them as a table, not as the text of one.
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(
        page.contains("<h2 id=\"claims\">") && !page.contains("&lt;t"),
        "{page}"
    );

    // Shares sum to one where they are given, and the main effects to the total.
    let measured = Measured::read(&Record::open(&out.join("run.sqlite")).unwrap()).unwrap();
    let found = attribution(&measured, Group::All, Metric::Completion)
        .unwrap()
        .unwrap();
    let (dreaming, outcomes) = found.shares.unwrap();
    assert!((dreaming + outcomes - 1.0).abs() < 1e-12);
    let of = |wanted: &str| {
        let mut effects = found.effects.iter();
        let effect = effects
            .find(|effect| name(effect.effect) == wanted)
            .unwrap();
        effect.difference.as_ref().unwrap().estimate
    };
    assert!((of("dreaming_main") + of("outcomes_main") - of("total")).abs() < 1e-12);
    let table = fs::read_to_string(out.join("attribution.csv")).unwrap();
    assert!(
        table.contains("all,all,completion,dreaming_main,"),
        "{table}"
    );
}

/// All problems of a claims file at once, each with its line and a way out.
#[test]
fn a_broken_claims_file_is_reported_whole() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("claims.yaml");
    fs::write(
        &file,
        "claims:
  - {name: a, says: x, metric: completions, base: none, treat: dreamed, at_least: 2}
  - {name: a, says: x, metric: completion, base: none, at_least: 2}
  - {name: b, says: x, metric: completion, base: none, treat: none, at_least: 2}
  - {name: c, says: x, metric: completion, base: none, treat: dreamed, at_least: 2, at_most: 3}
  - {name: d, says: x, metric: completion, base: none, treat: dreamed, at_least: 0}
  - {name: e, says: x, metric: completion, base: none, treat: dreamed, scale: difference, about: 2}
  - {name: f, says: x, metric: completion, domain: legal, construct: scope, base: none, treat: dreamed, at_least: 2}
  - {name: g, says: x, metric: completion, base: none, treat: dreamed, at_leest: 2}
",
    )
    .unwrap();
    let output = dreamtrial()
        .args(["check", file.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let problems = text(&output.stderr);
    for expected in [
        "no metric `completions`",
        "did you mean `completion`?",
        "claim `a` stands here twice",
        "claim `a` does not say what is compared",
        "arm `none` is compared with itself",
        "claim `c` has 2 forms",
        "claim `d` has a ratio that is not above 0",
        "claim `e` has no use for this `factor`",
        "claim `f` has a domain and a construct",
        "unknown key `at_leest`",
        "did you mean `at_least`?",
    ] {
        assert!(
            problems.contains(expected),
            "no `{expected}` in\n{problems}"
        );
    }
}
