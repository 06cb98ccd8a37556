//! The service's grader, embedded: an outcome's rubric held against what was handed in.

use super::{Evaluation, Outcome, Verdict};
use crate::{
    brief::{Deliverable, TaskBrief},
    grade::{Checks, GradeRequest, findings},
    rubric::{Rubric, markdown},
    transcript::Usage,
};

/// An outcome that is being worked towards.
#[derive(Debug)]
pub(super) struct Pursued {
    rubric: Option<Rubric>,
    max_iterations: u32,
    /// The number of the next evaluation, from 0.
    pub(super) iteration: u32,
}

impl Pursued {
    pub(super) fn new(outcome: &Outcome) -> Self {
        Self {
            rubric: markdown::read(&outcome.rubric),
            max_iterations: outcome.max_iterations,
            iteration: 0,
        }
    }

    /// Grades once.
    pub(super) fn evaluate(&self, task: &TaskBrief, deliverable: &Deliverable) -> Evaluation {
        let Some(rubric) = &self.rubric else {
            return self.without_grading(
                Verdict::Failed,
                "The rubric has no criterion that the embedded grader can look for: write it as a list of what the deliverable has.",
            );
        };
        let graded = Checks::verdicts(&GradeRequest {
            brief: task.text.text(),
            rubric,
            deliverable,
            form: &task.form,
        });
        let (verdict, explanation) = if graded.verdicts.satisfied {
            (Verdict::Satisfied, ALL_MET.to_owned())
        } else if self.iteration + 1 >= self.max_iterations {
            (
                Verdict::MaxIterationsReached,
                findings(rubric, &graded.verdicts),
            )
        } else {
            (Verdict::NeedsRevision, findings(rubric, &graded.verdicts))
        };
        Evaluation {
            iteration: self.iteration,
            verdict,
            explanation,
            usage: graded.usage,
        }
    }

    /// An evaluation that looked at nothing.
    pub(super) fn without_grading(&self, verdict: Verdict, explanation: &str) -> Evaluation {
        Evaluation {
            iteration: self.iteration,
            verdict,
            explanation: explanation.to_owned(),
            usage: Usage::default(),
        }
    }
}

const ALL_MET: &str = "Every required criterion is met.";
