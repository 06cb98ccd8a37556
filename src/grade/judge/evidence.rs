//! Evidence that gives nothing away.
//!
//! The rubric holds the truth, and an in-session grader's evidence goes to the agent. A judge is told not
//! to say what would have been right; evidence that does so all the same is withheld, as far as it can be
//! seen: a wanted value, to the letter, that does not stand in the deliverable.

use super::super::GradeRequest;
use crate::rubric::Check;

/// What stands in place of evidence that is withheld.
pub(super) const WITHHELD: &str = "evidence withheld: it names what the deliverable lacks";

/// How long evidence may be, in characters.
const LONGEST: usize = 300;

/// The evidence, shortened or withheld.
pub(super) fn cleared(evidence: &str, request: &GradeRequest<'_>) -> String {
    let said = evidence.to_lowercase();
    let deliverable = request.deliverable;
    let stands = |value: &str| {
        has_words(&deliverable.body.to_lowercase(), value)
            || deliverable
                .fields
                .iter()
                .any(|(_, given)| has_words(&given.to_lowercase(), value))
    };
    let mut wanted = Vec::new();
    for criterion in &request.rubric.criteria {
        collect(&criterion.check, &mut wanted);
    }
    let gives_away = wanted.iter().any(|value| {
        let value = value.trim().to_lowercase();
        has_words(&said, &value) && !stands(&value)
    });
    if gives_away {
        return WITHHELD.to_owned();
    }
    evidence.chars().take(LONGEST).collect()
}

/// The values that a check wants to find.
fn collect<'c>(check: &'c Check, into: &mut Vec<&'c str>) {
    match check {
        Check::FieldEquals { value, .. } => into.push(value),
        Check::FieldOneOf { values, .. } => into.extend(values.iter().map(String::as_str)),
        Check::BodyContains { text } => into.push(text),
        Check::All(checks) | Check::Any(checks) => {
            for check in checks {
                collect(check, into);
            }
        }
        // What must not be there is no truth.
        Check::FieldPresent { .. } | Check::BodyExcludes { .. } | Check::Not(_) => {}
    }
}

/// Whether the words stand in the text, and not only as a part of longer ones.
fn has_words(text: &str, words: &str) -> bool {
    !words.is_empty()
        && text.match_indices(words).any(|(at, _)| {
            !text[..at].ends_with(char::is_alphanumeric)
                && !text[at + words.len()..].starts_with(char::is_alphanumeric)
        })
}
