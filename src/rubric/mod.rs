//! Rubrics: what a good deliverable is, in words for a model and in checks for the embedded grader.
//!
//! A [`RubricTemplate`] is read once from its file; a [`Rubric`] is that template filled with the truth
//! of one task on one day. A rubric sees deliverables only: nothing here knows an arm, a transcript or
//! a memory.

mod load;
pub mod markdown;
mod votes;

use serde::{Deserialize, Serialize};

use crate::{
    ident::{CriterionId, Digest, FieldName, RubricId},
    source::{TemplateError, Templates, Values},
};

pub use load::{load, schema};
pub use votes::{FlipRates, Flips, Votes, flip_rates};

/// A deterministic test of a deliverable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "Check")]
pub enum Check {
    /// The field has this value, whatever the way it is written.
    FieldEquals {
        /// The field.
        #[schemars(with = "String")]
        field: FieldName,
        /// The value.
        value: String,
    },
    /// The field has one of these values.
    FieldOneOf {
        /// The field.
        #[schemars(with = "String")]
        field: FieldName,
        /// The values.
        values: Vec<String>,
    },
    /// The field is filled, and not with a placeholder.
    FieldPresent {
        /// The field.
        #[schemars(with = "String")]
        field: FieldName,
    },
    /// The body contains the text, case aside.
    BodyContains {
        /// The text.
        text: String,
    },
    /// The body does not contain the text, case aside.
    BodyExcludes {
        /// The text.
        text: String,
    },
    /// All of these are met.
    All(Vec<Check>),
    /// At least one of these is met.
    Any(Vec<Check>),
    /// This one is not met.
    Not(Box<Check>),
}

impl Check {
    /// The fields that it looks at.
    pub fn fields(&self) -> Vec<&FieldName> {
        match self {
            Self::FieldEquals { field, .. }
            | Self::FieldOneOf { field, .. }
            | Self::FieldPresent { field } => vec![field],
            Self::BodyContains { .. } | Self::BodyExcludes { .. } => Vec::new(),
            Self::All(checks) | Self::Any(checks) => checks.iter().flat_map(Self::fields).collect(),
            Self::Not(check) => check.fields(),
        }
    }

    /// The same check with every text in it changed by `change`.
    fn try_map<E>(&self, change: &mut impl FnMut(&str) -> Result<String, E>) -> Result<Self, E> {
        Ok(match self {
            Self::FieldEquals { field, value } => Self::FieldEquals {
                field: field.clone(),
                value: change(value)?,
            },
            Self::FieldOneOf { field, values } => Self::FieldOneOf {
                field: field.clone(),
                values: values
                    .iter()
                    .map(|value| change(value))
                    .collect::<Result<_, E>>()?,
            },
            Self::FieldPresent { field } => Self::FieldPresent {
                field: field.clone(),
            },
            Self::BodyContains { text } => Self::BodyContains {
                text: change(text)?,
            },
            Self::BodyExcludes { text } => Self::BodyExcludes {
                text: change(text)?,
            },
            Self::All(checks) => Self::All(
                checks
                    .iter()
                    .map(|check| check.try_map(change))
                    .collect::<Result<_, E>>()?,
            ),
            Self::Any(checks) => Self::Any(
                checks
                    .iter()
                    .map(|check| check.try_map(change))
                    .collect::<Result<_, E>>()?,
            ),
            Self::Not(check) => Self::Not(Box::new(check.try_map(change)?)),
        })
    }
}

/// One thing that a good deliverable has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Criterion {
    /// Its name.
    pub id: CriterionId,
    /// Its heading in the body.
    pub title: String,
    /// Whether a deliverable without it is unsatisfactory.
    pub required: bool,
    /// Its share in the score.
    pub weight: u32,
    /// The deterministic test.
    pub check: Check,
}

/// A rubric file.
#[derive(Debug, Clone)]
pub struct RubricTemplate {
    /// Its name.
    pub id: RubricId,
    /// What it is of.
    pub title: String,
    /// Its criteria, with checks that are templates.
    pub criteria: Vec<Criterion>,
    /// The body, a template.
    pub body: String,
    /// Digest of the file.
    pub digest: Digest,
}

/// A rubric filled with the truth of one task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rubric {
    /// Its name.
    pub id: RubricId,
    /// The criteria in the order of the file.
    pub criteria: Vec<Criterion>,
    /// The Markdown body that a model grader is given.
    pub body: String,
}

impl RubricTemplate {
    /// Fills in the values of one task.
    pub fn render(&self, templates: &Templates, values: &Values) -> Result<Rubric, TemplateError> {
        let mut fill = |text: &str| templates.render(text, values);
        let criteria = self
            .criteria
            .iter()
            .map(|criterion| {
                Ok(Criterion {
                    check: criterion.check.try_map(&mut fill)?,
                    ..criterion.clone()
                })
            })
            .collect::<Result<_, TemplateError>>()?;
        Ok(Rubric {
            id: self.id.clone(),
            criteria,
            body: fill(&self.body)?,
        })
    }
}

impl Rubric {
    /// The same rubric with a text put in place of another, wherever it stands.
    #[must_use]
    pub fn replace(&self, from: &str, to: &str) -> Self {
        let mut change = |text: &str| Ok::<_, std::convert::Infallible>(text.replace(from, to));
        let criteria = self
            .criteria
            .iter()
            .map(|criterion| match criterion.check.try_map(&mut change) {
                Ok(check) => Criterion {
                    check,
                    ..criterion.clone()
                },
            })
            .collect();
        Self {
            id: self.id.clone(),
            criteria,
            body: self.body.replace(from, to),
        }
    }
}

/// What a grader says of one criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The criterion.
    pub criterion: CriterionId,
    /// Whether it is met.
    pub met: bool,
    /// What in the deliverable decided.
    pub evidence: String,
    /// How the repeats of a judge voted; `None` of a grader that does not vote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub votes: Option<Votes>,
}

/// The verdicts of all criteria of a rubric on one deliverable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdicts {
    /// One for each criterion, in the order of the rubric.
    pub verdicts: Vec<Verdict>,
    /// Whether every required criterion is met.
    pub satisfied: bool,
    /// Weight of the met criteria and of all.
    pub score: (u32, u32),
}

impl Verdicts {
    /// Puts verdicts, in the order of the rubric's criteria, together.
    pub fn of(rubric: &Rubric, verdicts: Vec<Verdict>) -> Self {
        let pairs = || rubric.criteria.iter().zip(&verdicts);
        let satisfied = verdicts.len() == rubric.criteria.len()
            && pairs().all(|(criterion, verdict)| verdict.met || !criterion.required);
        let met = pairs()
            .filter(|(_, verdict)| verdict.met)
            .map(|(criterion, _)| criterion.weight)
            .sum();
        let all = rubric
            .criteria
            .iter()
            .map(|criterion| criterion.weight)
            .sum();
        Self {
            satisfied,
            score: (met, all),
            verdicts,
        }
    }
}
