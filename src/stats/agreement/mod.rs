//! Agreement of raters.
//!
//! *What it is for.* How far two or more raters say the same, beyond what
//! their habits alone would give. *What it is not.* Correctness: raters may
//! agree and be wrong ([`super::calibration`]). *What always holds.* Ratings
//! that do not vary give `None`, not perfect agreement, wherever chance alone
//! would agree too. Kappa falls with high prevalence at equal quality: show
//! the prevalence beside it.

mod alpha;
mod kappa;

pub use alpha::Metric;
pub use alpha::alpha;
pub use kappa::Kappa;
pub use kappa::Weights;
pub use kappa::ac1;
pub use kappa::fleiss;
pub use kappa::kappa;
pub use kappa::pabak;
