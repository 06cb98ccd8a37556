//! Computes golden keys from the fixtures, through the product.

mod calls;

pub(crate) use calls::call;

use std::{path::Path, sync::Arc};

use dreamtrial::{
    source::Problems,
    stats::Level,
    table::{self, Options, Summary},
};
use serde_json::{Value, json};

const LEVEL: Level = Level::NINETY_FIVE;

pub(crate) fn fixture(path: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/stats/");
    std::fs::read_to_string(format!("{root}{path}")).unwrap()
}

/// A number as the golden file writes it.
fn number(value: impl Into<Option<f64>>) -> Value {
    match value.into() {
        None => Value::Null,
        Some(value) if value == f64::INFINITY => json!("inf"),
        Some(value) if value == f64::NEG_INFINITY => json!("-inf"),
        Some(value) => json!(value),
    }
}

/// The product's summary of a data set, under the golden file's settings.
pub(crate) fn summary(name: &str, replicates: usize) -> Summary {
    let text: Arc<str> = fixture(&format!("datasets/{name}.csv")).into();
    let options = Options {
        replicates,
        margins: vec![0.05, 0.1],
        ..Options::default()
    };
    let mut problems = Problems::default();
    let summary = table::summarise(Path::new(name), &text, &options, &mut problems).unwrap();
    summary.unwrap_or_else(|| panic!("{name}: {}", problems.render(false)))
}
