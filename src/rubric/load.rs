//! From a Markdown file with a head to a checked rubric template.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Check, Criterion, RubricTemplate};
use crate::{
    ident::{CriterionId, Digest, RubricId},
    source::{Located, MAX_FILE_BYTES, Problem, Problems, parse, read_text, split_front},
};

/// The head of a rubric file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "dreamtrial rubric head")]
struct WireRubric {
    /// What it is of.
    title: String,
    /// The criteria by name; each has a section in the body.
    criteria: BTreeMap<String, Located<WireCriterion>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WireCriterion {
    /// Whether a deliverable without it is unsatisfactory.
    required: bool,
    /// Its share in the score.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1000))]
    weight: u32,
    /// The deterministic test.
    check: Check,
}

fn one() -> u32 {
    1
}

/// The JSON Schema of a rubric's head.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(WireRubric).to_value()
}

/// Reads and checks the rubric in `path`. All its problems go into `problems`.
pub fn load(path: &Path, id: &RubricId, problems: &mut Problems) -> Option<RubricTemplate> {
    let text: Arc<str> = match read_text(path, MAX_FILE_BYTES) {
        Ok(text) => text.replace("\r\n", "\n").into(),
        Err(problem) => {
            problems.push(problem, None);
            return None;
        }
    };
    let Some(front) = split_front(&text) else {
        let problem = Problem::error(path, "rubric has no head")
            .at(0..text.lines().next().map_or(0, str::len));
        problems.push(
            problem.hint(
                "begin the file with a line `---`, the criteria in YAML, and another line `---`",
            ),
            Some(&text),
        );
        return None;
    };
    let before = problems.count(crate::source::Severity::Error);
    let wire: WireRubric = parse(path, &text, front.head, problems)?;
    let sections = sections(&text, front.body.clone());
    let mut criteria = Vec::new();
    for (name, title, span) in &sections {
        let Some(found) = wire.criteria.get(name) else {
            let problem =
                Problem::error(path, format!("criterion `{name}` has no check")).at(span.clone());
            problems.push(
                problem.hint(format!(
                    "add `{name}: {{required: …, check: …}}` under `criteria` in the head"
                )),
                Some(&text),
            );
            continue;
        };
        match name.parse::<CriterionId>() {
            Ok(id) => criteria.push(Criterion {
                id,
                title: title.clone(),
                required: found.value.required,
                weight: found.value.weight.max(1),
                check: found.value.check.clone(),
            }),
            Err(error) => problems.push(
                Problem::error(path, error.to_string()).at(span.clone()),
                Some(&text),
            ),
        }
    }
    for (number, (name, _, span)) in sections.iter().enumerate() {
        if sections[..number]
            .iter()
            .any(|(earlier, ..)| earlier == name)
        {
            let problem = Problem::error(path, format!("criterion `{name}` has two sections"))
                .at(span.clone());
            problems.push(problem.hint("give each criterion one heading"), Some(&text));
        }
    }
    for (name, found) in &wire.criteria {
        if !sections.iter().any(|(section, ..)| section == name) {
            let problem = Problem::error(path, format!("criterion `{name}` has no section"))
                .at(found.span.clone());
            problems.push(
                problem.hint(format!(
                    "add a heading that ends in `{{#{name}}}` to the body and say what is wanted"
                )),
                Some(&text),
            );
        }
    }
    if wire.criteria.is_empty() {
        problems.push(
            Problem::error(path, "rubric has no criterion").hint("add one under `criteria`"),
            None,
        );
    }
    (problems.count(crate::source::Severity::Error) == before).then(|| RubricTemplate {
        id: id.clone(),
        title: wire.title,
        criteria,
        body: with_plain_headings(text[front.body].trim()),
        digest: Digest::of(text.as_bytes()),
    })
}

/// `## Title {#name}` as `## Title [name]`: `{#` would begin a comment of the template language, and a
/// model reads the name either way.
fn with_plain_headings(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    for line in body.split_inclusive('\n') {
        match line
            .trim_end()
            .strip_suffix('}')
            .and_then(|rest| rest.rsplit_once("{#"))
        {
            Some((title, name)) if line.starts_with('#') => {
                text.push_str(title);
                text.push('[');
                text.push_str(name);
                text.push_str("]\n");
            }
            Some(_) | None => text.push_str(line),
        }
    }
    text
}

/// The headings of the body that end in `{#name}`: name, title, and where they stand.
fn sections(
    text: &str,
    body: std::ops::Range<usize>,
) -> Vec<(String, String, std::ops::Range<usize>)> {
    let mut found = Vec::new();
    let mut at = body.start;
    for line in text[body].split_inclusive('\n') {
        let heading = line.trim_end();
        if heading.starts_with('#')
            && let Some((title, name)) = heading
                .strip_suffix('}')
                .and_then(|rest| rest.rsplit_once("{#"))
        {
            let title = title.trim_start_matches('#').trim().to_owned();
            found.push((name.to_owned(), title, at..at + heading.len()));
        }
        at += line.len();
    }
    found
}
