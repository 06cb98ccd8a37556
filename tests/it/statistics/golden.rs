//! The golden numbers: reference values over the fixture data sets.
//!
//! `support/mod.rs` computes every key the module covers; this file compares
//! by the rules of the file's own `compare` field and keeps the list of what
//! is not covered, so that a gap cannot grow unnoticed.

use super::support;
use serde_json::Value;
use std::collections::BTreeMap;

/// Data-set values compared at least.
const MINIMUM_DATASET_KEYS: usize = 2034;
/// Values of single calls compared at least.
const MINIMUM_CALL_VALUES: usize = 67;

/// Key prefixes of covered kinds that the module does not compute, and why.
const NOT_COVERED: &[(&str, &str)] = &[
    ("table.", "tables of independent pairs: a later module"),
    ("naive.", "intervals for independent pairs: a later module"),
    (
        "miller.",
        "CLT standard errors for rows: printed for comparison only, later",
    ),
    ("pass_", "pass@k and pass^k: a later module"),
    (
        "ni.",
        "sequential and fixed non-inferiority gates: a later module",
    ),
    ("seq.", "sequential tests: a later module"),
    ("durkalski.", "superseded by the exact sign-flip test"),
    (
        "hodges_lehmann",
        "effect sizes on stream means: a later module",
    ),
    ("cohens_h", "effect sizes: a later module"),
    ("cliffs_delta", "effect sizes: a later module"),
    ("or_marginal", "odds ratios are not reported"),
    (
        "minutes.hodges_lehmann",
        "effect sizes on stream means: a later module",
    ),
    (
        "minutes.cliffs_delta",
        "effect sizes on stream means: a later module",
    ),
    ("minutes.geo_ratio", "geometric mean ratio: a later module"),
    ("survival.", "survival curves: a later module"),
    (
        "cost.breakeven",
        "break-even points: a domain rule, not statistics",
    ),
    ("cost.icer", "ratio of two differences: a later module"),
];

/// Kinds of data sets that later modules will cover.
const KINDS_NOT_COVERED: &[&str] = &["agreement", "factorial", "passk", "ratings"];

fn golden() -> Value {
    serde_json::from_str(&support::fixture("golden.json")).unwrap()
}

/// The comparison rule of `check_golden.py`.
fn same(want: &Value, tolerance: Option<f64>, absolute: Option<f64>, got: &Value) -> bool {
    let number = |value: &Value| match value.as_str() {
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        Some(_) | None => value.as_f64(),
    };
    let (Some(w), Some(g)) = (number(want), number(got)) else {
        return want == got;
    };
    if w.is_infinite() || g.is_infinite() {
        return w.total_cmp(&g).is_eq();
    }
    let allowed = absolute.unwrap_or_else(|| tolerance.unwrap_or(0.0) * w.abs().max(1.0));
    (w - g).abs() <= allowed
}

#[test]
fn data_sets() {
    let golden = golden();
    let mut compared = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, set) in golden["datasets"].as_object().unwrap() {
        let kind = set["kind"].as_str().unwrap();
        if KINDS_NOT_COVERED.contains(&kind) {
            continue;
        }
        let expect = set["expect"].as_object().unwrap();
        let got = match kind {
            "paired" => support::paired_keys(name, expect),
            "trials" => support::trials_keys(name, expect),
            "pvalues" => support::p_value_keys(name),
            other => panic!("unknown kind `{other}`"),
        };
        for (key, entry) in expect {
            if NOT_COVERED
                .iter()
                .any(|(prefix, _)| key.starts_with(prefix))
            {
                continue;
            }
            let want = &entry["v"];
            match got.get(key) {
                None => problems.push(format!("{name} {key}: not computed")),
                Some(value) => {
                    *compared.entry(kind).or_insert(0_usize) += 1;
                    if !same(
                        want,
                        entry["tol"].as_f64(),
                        entry["tol_abs"].as_f64(),
                        value,
                    ) {
                        problems.push(format!("{name} {key}: want {want}, got {value}"));
                    }
                }
            }
        }
    }
    let total = compared.values().sum::<usize>();
    println!("golden data sets: compared {total} keys {compared:?}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(total >= MINIMUM_DATASET_KEYS, "only {total} keys compared");
}

#[test]
fn single_calls() {
    let golden = golden();
    let (mut compared, mut skipped) = (0_usize, BTreeMap::new());
    let mut problems = Vec::new();
    for call in golden["analytic"].as_array().unwrap() {
        let function = call["fn"].as_str().unwrap();
        let Some(got) = support::call(function, &call["args"]) else {
            *skipped.entry(function.to_owned()).or_insert(0_usize) += 1;
            continue;
        };
        for (key, want) in call["expect"].as_object().unwrap() {
            compared += 1;
            if !same(want, call["tol"].as_f64(), None, &got[key]) {
                let args = &call["args"];
                problems.push(format!(
                    "{function} {args} {key}: want {want}, got {}",
                    got[key]
                ));
            }
        }
    }
    println!("golden calls: compared {compared} values; not covered {skipped:?}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(compared >= MINIMUM_CALL_VALUES, "only {compared} values");
}

#[test]
fn the_comparison_can_fail() {
    let (one, near) = (serde_json::json!(1.0), serde_json::json!(1.0 + 1e-8));
    assert!(same(&one, Some(1e-7), None, &near));
    assert!(!same(&one, Some(1e-9), None, &near));
    assert!(!same(&one, Some(1e-9), None, &Value::Null));
    assert!(!same(&serde_json::json!("inf"), Some(1.0), None, &one));
    assert!(!same(
        &serde_json::json!(true),
        None,
        None,
        &serde_json::json!(false)
    ));
}

#[test]
fn every_exception_is_needed() {
    let golden = golden();
    let keys = golden["datasets"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|set| set["expect"].as_object().unwrap().keys())
        .collect::<Vec<_>>();
    for (prefix, reason) in NOT_COVERED {
        let used = keys.iter().any(|key| key.starts_with(prefix));
        assert!(used, "no key starts with `{prefix}` ({reason})");
    }
}
