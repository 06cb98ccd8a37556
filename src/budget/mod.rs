//! What may be spent: caps on money and tokens of a run and of a trial.
//!
//! A call reserves the most that it may take before it is made and settles what it took when it is over.
//! What always holds: what was spent and what is reserved together never exceed a cap, so that a cap is
//! passed only by calls that took more than they reserved. A call that fits only once others are settled
//! waits for them.

mod purse;

pub use purse::{Amount, Caps, Purse, Reached, Reservation};
