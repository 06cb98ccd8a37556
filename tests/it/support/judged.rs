//! What a judge is sent, read back, and what it answers.

use dreamtrial::{
    brief::Deliverable,
    rubric::{Rubric, Verdicts},
    scenario::SERIAL,
};
use serde_json::json;

/// The rubric, with the number that was drawn, if the text asks to judge this task by it.
pub(super) fn fits(text: &str, brief: &str, rubric: &Rubric) -> Option<Rubric> {
    let head = format!("THE TASK\n{}\n\nTHE RUBRIC\n", brief.trim_end());
    let body = text.strip_prefix(&head)?;
    let filled = match rubric.body.split_once(SERIAL) {
        None => rubric.clone(),
        Some((before, _)) => {
            let serial = body.strip_prefix(before)?.get(..5)?;
            rubric.replace(SERIAL, serial)
        }
    };
    let mut criteria = String::new();
    for criterion in &filled.criteria {
        let need = if criterion.required {
            "required"
        } else {
            "not required"
        };
        criteria.push_str(&format!(
            "- `{}`: {} ({need})\n",
            criterion.id, criterion.title
        ));
    }
    let expected = format!(
        "{}\n\nTHE CRITERIA\n{criteria}\nTHE WORK\n",
        filled.body.trim_end()
    );
    body.starts_with(&expected).then_some(filled)
}

/// The work inside the fence.
pub(super) fn deliverable(text: &str) -> Deliverable {
    let (_, work) = text.split_once("\n<<<< ").unwrap();
    let (marker, work) = work.split_once('\n').unwrap();
    let work = work.strip_suffix(&format!("\n>>>> {marker}\n")).unwrap();
    let (count, mut rest) = work
        .strip_prefix("FIELDS: ")
        .and_then(|work| work.split_once('\n'))
        .unwrap();
    let mut fields = Vec::new();
    for _ in 0..count.parse::<usize>().unwrap() {
        let (line, next) = rest.split_once('\n').unwrap();
        let (name, value) = line.split_once(": ").unwrap();
        fields.push((name.parse().unwrap(), serde_json::from_str(value).unwrap()));
        rest = next;
    }
    Deliverable {
        fields,
        body: rest.strip_prefix("TEXT:\n").unwrap().to_owned(),
    }
}

/// Verdicts as a judge gives them.
pub(super) fn verdicts(verdicts: &Verdicts) -> String {
    let verdicts: Vec<_> = verdicts
        .verdicts
        .iter()
        .map(|verdict| {
            json!({
                "criterion": verdict.criterion.as_str(),
                "verdict": if verdict.met { "met" } else { "unmet" },
                "evidence": verdict.evidence,
            })
        })
        .collect();
    json!({ "verdicts": verdicts }).to_string()
}
