//! Shipped files fit their schemas and pass `check` without a word.

use std::path::{Path, PathBuf};

use dreamtrial::{analyse::claim, experiment, rubric, scenario, source::Problems};
use serde_json::Value;

use crate::world::root;

fn files(folder: &Path, name: impl Fn(&Path) -> bool + Copy) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, name));
        } else if name(&path) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// YAML as JSON; the schema speaks of JSON types, and dates and numbers in texts stay what they are.
fn json(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

fn assert_fits(schema: &Value, text: &str, path: &Path) {
    let validator = jsonschema::validator_for(schema).unwrap();
    let value = json(text);
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
}

#[test]
fn shipped_scenarios_fit_the_schema() {
    let files = files(&root().join("scenarios"), |path| {
        path.file_name().is_some_and(|name| name == "scenario.yaml")
    });
    assert_eq!(files.len(), 24);
    for path in files {
        assert_fits(
            &scenario::schema(),
            &std::fs::read_to_string(&path).unwrap(),
            &path,
        );
    }
}

#[test]
fn shipped_rubrics_experiments_and_claims_fit_their_schemas() {
    for path in files(&root().join("rubrics"), |path| {
        path.extension().is_some_and(|e| e == "md")
            && path.file_name().is_some_and(|n| n != "README.md")
    }) {
        let text = std::fs::read_to_string(&path).unwrap();
        let head = text
            .strip_prefix("---\n")
            .unwrap()
            .split("\n---\n")
            .next()
            .unwrap();
        assert_fits(&rubric::schema(), head, &path);
    }
    for path in files(&root().join("experiments"), |path| {
        path.extension().is_some_and(|e| e == "yaml")
    }) {
        assert_fits(
            &experiment::schema(),
            &std::fs::read_to_string(&path).unwrap(),
            &path,
        );
    }
    let path = root().join("claims/published.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert_fits(&claim::schema(), &text, &path);
    let (claims, problems) = claim::shipped();
    assert!(problems.is_empty(), "{}", problems.render(false));
    assert_eq!(claims.unwrap().claims.len(), 5);
}

#[test]
fn shipped_files_have_no_problem_and_no_warning() {
    let mut problems = Problems::default();
    for (id, folder) in scenario::find(&root().join("scenarios")).unwrap() {
        scenario::load(&folder, &id, &mut problems);
    }
    assert!(problems.is_empty(), "{}", problems.render(false));
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let path = root().join("scenarios/legal/retention/scenario.yaml");
    let mut value = json(&std::fs::read_to_string(path).unwrap());
    let validator = jsonschema::validator_for(&scenario::schema()).unwrap();
    assert!(validator.is_valid(&value));
    value["sessions"][0]["daet"] = Value::from("2026-01-01");
    assert!(!validator.is_valid(&value));
}

/// The estimate of tokens is no tokenizer; it must not be far from one.
#[test]
fn the_token_estimate_is_within_a_fifth_of_a_tokenizer() {
    let encoder = tiktoken_rs::o200k_base().unwrap();
    let (mut estimated, mut counted) = (0, 0);
    for path in files(&root().join("scenarios"), |path| {
        path.extension().is_some_and(|e| e == "md" || e == "txt")
    }) {
        let text = std::fs::read_to_string(&path).unwrap();
        estimated += dreamtrial::text::estimate_tokens(&text);
        counted += encoder.encode_ordinary(&text).len() as u64;
    }
    let ratio = estimated as f64 / counted as f64;
    println!("estimate / o200k = {ratio:.3} over {counted} tokens");
    assert!((0.8..1.2).contains(&ratio), "{ratio}");
}
