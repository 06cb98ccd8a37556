//! Execute a plan: trials in parallel, sessions in order, dreams between them.
//!
//! Emits events and knows nothing of who listens. What always holds: the events of a trial depend on
//! the plan alone, never on how many trials run at a time or in which order they end.

mod placebo;
mod schedule;
mod session;
mod tools;
mod trial;

pub use schedule::{Cancel, Funds, Halt, History, Runner, Settled, Staff, Summary};
pub use session::brief_of;
