//! What a judge answers: the form, and what of it counts.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    model::{Structure, structured},
    rubric::Rubric,
};

/// The form of an answer.
pub(super) fn structure() -> Arc<Structure> {
    Arc::new(Structure {
        name: "verdicts",
        schema: json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["verdicts"],
            "properties": {
                "verdicts": {
                    "type": "array",
                    "description": "one for each criterion, in the order of the list",
                    "items": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["criterion", "verdict", "evidence"],
                        "properties": {
                            "criterion": {"type": "string", "description": "its name from the list"},
                            "verdict": {"type": "string", "enum": ["met", "unmet", "abstain"]},
                            "evidence": {"type": "string", "description": "a short quote, or what is missing"},
                        },
                    },
                },
            },
        }),
    })
}

/// What a judge says of one criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Vote {
    Met,
    Unmet,
    Abstain,
}

/// A vote with what decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ballot {
    pub(super) vote: Vote,
    pub(super) evidence: String,
}

impl Ballot {
    /// An abstention for this reason.
    pub(super) fn abstained(why: &str) -> Self {
        Self {
            vote: Vote::Abstain,
            evidence: why.to_owned(),
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    verdicts: Vec<Value>,
}

#[derive(Deserialize)]
struct Said {
    criterion: String,
    verdict: Vote,
    evidence: String,
}

/// An answer as far as it counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// What is said of each criterion of the rubric; `None`: nothing that counts.
    pub(super) ballots: Vec<Option<Ballot>>,
    pub(super) faults: Vec<String>,
}

impl Reading {
    /// An answer of which nothing counts, for this reason.
    pub(super) fn nothing(rubric: &Rubric, fault: String) -> Self {
        Self {
            ballots: vec![None; rubric.criteria.len()],
            faults: vec![fault],
        }
    }
}

/// Reads an answer on a rubric.
pub(super) fn read(text: &str, rubric: &Rubric) -> Reading {
    let answer: Answer = match structured::parse(text) {
        Ok(answer) => answer,
        Err(error) => {
            let fault = format!("it is not the JSON object that was asked for: {error}");
            return Reading::nothing(rubric, fault);
        }
    };
    let mut faults = Vec::new();
    let mut said: Vec<Vec<Ballot>> = vec![Vec::new(); rubric.criteria.len()];
    for (at, value) in answer.verdicts.into_iter().enumerate() {
        match serde_json::from_value::<Said>(value) {
            Ok(verdict) => {
                let place = rubric
                    .criteria
                    .iter()
                    .position(|criterion| criterion.id.as_str() == verdict.criterion.trim());
                match place {
                    Some(place) => said[place].push(Ballot {
                        vote: verdict.verdict,
                        evidence: verdict.evidence.trim().to_owned(),
                    }),
                    None => faults.push(format!(
                        "verdict {}: there is no criterion `{}`",
                        at + 1,
                        verdict.criterion
                    )),
                }
            }
            Err(error) => faults.push(format!("verdict {}: {error}", at + 1)),
        }
    }
    let ballots = said
        .into_iter()
        .zip(&rubric.criteria)
        .map(|(mut said, criterion)| {
            if said.len() > 1 {
                faults.push(format!("criterion `{}` is judged twice", criterion.id));
                return None;
            }
            if said.is_empty() {
                faults.push(format!("criterion `{}` is missing", criterion.id));
            }
            said.pop()
        })
        .collect();
    Reading { ballots, faults }
}
