//! The Claude Managed Agents API as a client: typed requests, a session's events, memory stores, dreams,
//! and what a run has made in an account.
//!
//! It knows the wire and no trial's words: those are `managed`'s. What always holds: whatever is made in
//! an account carries the run's mark, so that it can be found and taken away; a request that changes
//! something and may have been carried out is not sent again before somebody looked; and a model is shown
//! no name of an arm, a trial or a scenario.

mod account;
mod client;
mod dreams;
mod feed;
mod mark;
mod send;
mod stores;
mod sweep;
mod trials;
mod wire;

pub use account::{Account, AgentHandle, Session, SessionWish, Terms};
pub use client::{Client, Family, PlatformError};
pub use dreams::{DreamEnd, DreamWish, MOST_SESSIONS};
pub use feed::Feed;
pub use mark::Mark;
pub use stores::{Changes, HeldStore};
pub use sweep::{Found, Kind, Swept, sweep};
pub use trials::Trials;
pub use wire::{DreamUsage, Event, ModelUsage, SessionUsage, Stop};
