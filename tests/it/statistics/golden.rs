//! The golden numbers: reference values over the fixture data sets.
//!
//! The product computes the keys (`table`); this file compares every one of
//! them by the rules of the file's own `compare` field.
use super::support;
use serde_json::Value;
use std::collections::BTreeMap;

/// Data-set values compared at least.
const MINIMUM_DATASET_KEYS: usize = 4047;
/// Values of single calls compared at least.
const MINIMUM_CALL_VALUES: usize = 160;

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
        let expect = set["expect"].as_object().unwrap();
        let summary = support::summary(name, 2000);
        let large = expect.keys().any(|key| key.starts_with("boot_ref."));
        let large = large.then(|| support::summary(name, 10_000));
        let computed = |key: &str| match key.strip_prefix("boot_ref.") {
            Some(rest) => {
                let key = format!("boot.{rest}");
                large.as_ref()?.keys.as_map().get(&key)
            }
            None => summary.keys.as_map().get(key),
        };
        for (key, entry) in expect {
            let want = &entry["v"];
            match computed(key) {
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

/// Writes what the program computes in the form that the golden file's own checker reads:
/// `cargo test got_json -- --ignored`, then `check_golden.py golden.json target/tmp/got.json`.
#[test]
#[ignore = "writes a file for an outside checker"]
fn got_json_for_the_outside_checker() {
    let golden = golden();
    let mut sets = serde_json::Map::new();
    for (name, set) in golden["datasets"].as_object().unwrap() {
        let mut keys = support::summary(name, 2000).keys.as_map().clone();
        let expect = set["expect"].as_object().unwrap();
        if expect.keys().any(|key| key.starts_with("boot_ref.")) {
            for (key, value) in support::summary(name, 10_000).keys.as_map() {
                if let Some(rest) = key.strip_prefix("boot.") {
                    keys.insert(format!("boot_ref.{rest}"), value.clone());
                }
            }
        }
        sets.insert(name.clone(), Value::Object(keys));
    }
    let calls = golden["analytic"].as_array().unwrap().iter();
    let calls: Vec<Value> = calls
        .map(|call| {
            support::call(call["fn"].as_str().unwrap(), &call["args"]).unwrap_or(Value::Null)
        })
        .collect();
    let got = serde_json::json!({"datasets": sets, "analytic": calls});
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/got.json");
    std::fs::write(path, got.to_string()).unwrap();
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
