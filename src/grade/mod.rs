//! Verdicts on a deliverable.
//!
//! A grader sees the task's brief, the rubric filled with the truth of the day, and the deliverable.
//! [`GradeRequest`] has no room for anything else: no transcript, no memory, no arm. Whoever submits the
//! same deliverable for the same task gives a grader the same bytes.

mod checks;
mod judge;

use serde::Serialize;

use crate::{
    brief::Deliverable,
    form::Form,
    rubric::{Rubric, Verdicts},
    transcript::{Failure, Pending, Usage},
};

pub use checks::Checks;
pub use judge::Judge;

/// All that a grader sees.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct GradeRequest<'g> {
    /// The words of the task.
    pub brief: &'g str,
    /// The rubric, filled with the truth of the day.
    pub rubric: &'g Rubric,
    /// What was handed in.
    pub deliverable: &'g Deliverable,
    /// The fields of the deliverable, so that values can be compared whatever the way they are written.
    #[serde(skip)]
    pub form: &'g Form,
}

/// What a grader said, and what it took to say it.
#[derive(Debug, Clone)]
pub struct Graded {
    /// The verdicts.
    pub verdicts: Verdicts,
    /// Tokens of the grading.
    pub usage: Usage,
}

/// Whoever can grade.
pub trait Grader: Send + Sync {
    /// Grades once.
    fn grade<'g>(&'g self, request: GradeRequest<'g>) -> Pending<'g, Result<Graded, Failure>>;
}

/// The findings that an in-session grader gives: which criteria are not met, and what stood there
/// instead. It says what is missing, not what should be there.
pub fn findings(rubric: &Rubric, verdicts: &Verdicts) -> String {
    let mut text = String::new();
    for (criterion, verdict) in rubric.criteria.iter().zip(&verdicts.verdicts) {
        if !verdict.met {
            text.push_str("- not met: ");
            text.push_str(&criterion.title);
            text.push_str(" (");
            text.push_str(&verdict.evidence);
            text.push_str(")\n");
        }
    }
    text
}
