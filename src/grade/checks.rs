//! The embedded grader: the deterministic checks of the rubric.

use super::{GradeRequest, Graded, Grader};
use crate::{
    form::PLACEHOLDER,
    quantity::Tokens,
    rubric::{Check, Verdict, Verdicts},
    transcript::{Failure, Pending, Usage},
};

/// Grades by the checks in the head of the rubric.
#[derive(Debug, Clone, Copy, Default)]
pub struct Checks;

/// What a model grader would write for one criterion.
const TOKENS_PER_VERDICT: u64 = 40;

impl Checks {
    /// Grades once. The tokens are those that a model grader would use on the same request, estimated.
    pub fn verdicts(request: &GradeRequest<'_>) -> Graded {
        let verdicts: Vec<Verdict> = request
            .rubric
            .criteria
            .iter()
            .map(|criterion| {
                let (met, evidence) = check(&criterion.check, request);
                Verdict {
                    criterion: criterion.id.clone(),
                    met,
                    evidence,
                    votes: None,
                }
            })
            .collect();
        let fields: usize = request
            .deliverable
            .fields
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        let input = request.brief.len()
            + request.rubric.body.len()
            + request.deliverable.body.len()
            + fields;
        let usage = Usage {
            uncached_input: Tokens(input.div_ceil(4) as u64),
            output: Tokens(TOKENS_PER_VERDICT * verdicts.len() as u64),
            ..Usage::default()
        };
        Graded {
            verdicts: Verdicts::of(request.rubric, verdicts),
            usage,
        }
    }
}

impl Grader for Checks {
    fn grade<'g>(&'g self, request: GradeRequest<'g>) -> Pending<'g, Result<Graded, Failure>> {
        Box::pin(std::future::ready(Ok(Self::verdicts(&request))))
    }
}

fn shown(name: &str, given: Option<&str>) -> String {
    given.map_or_else(
        || format!("{name} is empty"),
        |given| format!("{name} is `{given}`"),
    )
}

/// Whether a check is met, and what in the deliverable decided.
fn check(wanted: &Check, request: &GradeRequest<'_>) -> (bool, String) {
    let deliverable = request.deliverable;
    match wanted {
        Check::FieldEquals { field, value } => {
            let given = deliverable.field(field);
            let kind = request.form.field(field).map(crate::form::Field::kind);
            let met = kind
                .zip(given)
                .is_some_and(|(kind, given)| kind.same(given, value));
            (met, shown(field.as_str(), given))
        }
        Check::FieldOneOf { field, values } => {
            let given = deliverable.field(field);
            let kind = request.form.field(field).map(crate::form::Field::kind);
            let met = kind
                .zip(given)
                .is_some_and(|(kind, given)| values.iter().any(|value| kind.same(given, value)));
            (met, shown(field.as_str(), given))
        }
        Check::FieldPresent { field } => {
            let given = deliverable.field(field);
            (
                given.is_some_and(|given| !given.eq_ignore_ascii_case(PLACEHOLDER)),
                shown(field.as_str(), given),
            )
        }
        Check::BodyContains { text } => contains(&deliverable.body, text, true),
        Check::BodyExcludes { text } => contains(&deliverable.body, text, false),
        Check::All(checks) => {
            let results: Vec<(bool, String)> =
                checks.iter().map(|one| check(one, request)).collect();
            let met = results.iter().all(|(met, _)| *met);
            (met, decisive(results, |one| one == met))
        }
        Check::Any(checks) => {
            let results: Vec<(bool, String)> =
                checks.iter().map(|one| check(one, request)).collect();
            let met = results.iter().any(|(met, _)| *met);
            (met, decisive(results, |one| one == met))
        }
        Check::Not(inner) => {
            let (met, evidence) = check(inner, request);
            (!met, evidence)
        }
    }
}

fn decisive(results: Vec<(bool, String)>, counts: impl Fn(bool) -> bool) -> String {
    results
        .into_iter()
        .filter(|(met, _)| counts(*met))
        .map(|(_, evidence)| evidence)
        .collect::<Vec<_>>()
        .join("; ")
}

fn contains(body: &str, text: &str, wanted: bool) -> (bool, String) {
    let found = !text.trim().is_empty() && body.to_lowercase().contains(&text.to_lowercase());
    let evidence = if found {
        format!("the body has `{text}`")
    } else {
        format!("the body lacks `{text}`")
    };
    (found == wanted, evidence)
}
