//! Claims: what somebody says of two arms, read from a file and judged by intervals.
//!
//! A claim names metric, scenarios, arms, form and value. A file whose digest stands in a run's manifest
//! was *registered*: it was fixed before the first session. What always holds: a verdict comes from the
//! interval method that the methodology names and from nothing else, fewer than six scenarios decide
//! nothing, and a claim on the reference backend is judged of that backend.

mod judge;
mod load;

use super::{Group, Metric};
use crate::{ident::ArmId, record::Manifest, source::Problems};

use std::path::Path;

pub use judge::{Adjusted, Facts, Judged, Judgement, judge};
pub use load::{load, parse_text, schema, shipped};

/// On which scale a claim is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Treated over base.
    Ratio,
    /// Treated minus base; of shares in percentage points.
    Difference,
}

/// What is said of the value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Form {
    /// At least so much.
    AtLeast(f64),
    /// At most so much.
    AtMost(f64),
    /// So much, up to a factor.
    About {
        /// The value.
        value: f64,
        /// The factor, above 1.
        factor: f64,
    },
    /// More than the base.
    More,
    /// Less than the base.
    Less,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contrast {
    /// Two arms.
    Arms {
        /// The arm compared with.
        base: ArmId,
        /// The arm compared.
        treat: ArmId,
    },
    /// The main effect of dreaming over the 2×2 of dreaming and outcomes.
    Dreaming,
    /// The main effect of the outcomes loop over the same.
    Outcomes,
}

/// One claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Its name in this file.
    pub name: String,
    /// What is claimed, in words.
    pub says: String,
    /// Who claims it, and where.
    pub source: Option<String>,
    /// What the metric stands for and what it does not, if that is not plain.
    pub note: Option<String>,
    /// The metric.
    pub metric: Metric,
    /// The scenarios.
    pub group: Group,
    /// What is compared.
    pub contrast: Contrast,
    /// The scale.
    pub on: On,
    /// What is said.
    pub form: Form,
}

impl Claim {
    /// The claimed value, if the claim has one.
    pub fn value(&self) -> Option<f64> {
        match self.form {
            Form::AtLeast(value) | Form::AtMost(value) | Form::About { value, .. } => Some(value),
            Form::More | Form::Less => None,
        }
    }
}

/// The claims that a run is judged by if nobody names others: those that it registered, else the
/// published figures.
pub fn of_run(manifest: &Manifest) -> Option<Claims> {
    match &manifest.claims {
        Some(registered) => parse_text(
            Path::new("registered claims"),
            &registered.text,
            &mut Problems::default(),
        ),
        None => shipped().0,
    }
}

/// The claims of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// The claims in the order of the file.
    pub claims: Vec<Claim>,
    /// Digest of the file's text, in hexadecimal digits.
    pub digest: String,
}
