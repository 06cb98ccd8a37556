//! Statistics for paired, clustered experiments: numbers in, numbers out.
//!
//! *What it is for.* The sampling unit is the *stream* (a cluster): every
//! stream is observed under a base arm and a treated arm, and the rows inside
//! a stream are dependent. Every procedure here therefore starts from one sum
//! and one count per stream and arm ([`Paired`]), and its degrees of freedom
//! come from the number of streams, never from the number of rows.
//!
//! *What it is not.* It reads no files, prints nothing, knows no word of the
//! domain it is used in and has no source of randomness of its own: seeds are
//! arguments ([`random`]).
//!
//! *What always holds.* Malformed input (no streams, `NaN`, negative counts,
//! arms of different length) is an error, never a panic. What cannot be
//! estimated is `None` together with a [`Method`] that says why, never zero.
//! Infinite limits are real values. An [`Interval`] carries its level and its
//! method.
//!
//! | question | function |
//! |---|---|
//! | one rate | [`proportion::cluster_wilson`] |
//! | difference of rates or means | [`difference::difference`] |
//! | ratio of rates or means | [`ratio::ratio`] |
//! | ratio of two totals | [`ratio_of_totals`] |
//! | is there any effect | [`exact::sign_flip`], [`exact::wilcoxon`] |
//! | does a claim hold | [`verdict::judge`] |
//! | several claims | [`multiplicity`] |
//! | rate by position | [`curve`] |
//! | time until an event | [`survival`] |
//! | repeated attempts | [`attempts`] |
//! | two factors | [`factorial`] |
//! | raters and their errors | [`agreement`], [`calibration`], [`powered`] |
//! | second opinion | [`bootstrap`], [`ratio::Fieller`], [`independent`], [`durkalski`] |
//! | means of streams, two samples | [`means`] |
//! | not worse than a margin | [`non_inferiority`], [`gate`], [`eprocess`] |
//! | how many streams | [`planning_rates`], [`planning`], [`planning_pairs`] |
//! | when does an outlay pay | [`break_even`] |
//! | more of one for more of another | [`ratio_of_differences`] |

pub mod agreement;
pub mod attempts;
pub mod bootstrap;
pub mod break_even;
pub mod calibration;
pub mod clt;
pub mod components;
pub mod curve;
pub mod difference;
pub mod distribution;
pub mod durkalski;
pub mod effect_size;
pub mod eprocess;
pub mod error;
pub mod exact;
pub mod factorial;
pub mod gate;
pub mod geometric;
pub mod ideal_bootstrap;
pub mod independent;
pub mod interval;
pub mod jackknife;
pub mod means;
pub mod multiplicity;
pub mod non_inferiority;
pub mod planning;
pub mod planning_pairs;
pub mod planning_rates;
pub mod powered;
pub mod proportion;
pub mod random;
pub mod ratio;
pub mod ratio_of_differences;
pub mod ratio_of_totals;
pub mod sample;
pub mod sequential;
pub mod survival;
pub mod verdict;

pub use error::StatsError;
pub use interval::Interval;
pub use interval::Level;
pub use interval::Method;
pub use sample::Arm;
pub use sample::Paired;
pub use sample::Scale;
pub use sample::StreamSums;
