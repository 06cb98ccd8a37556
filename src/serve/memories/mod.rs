//! Memories and their versions.
//!
//! What always holds: every change of a memory appends a version, and a memory is what its newest version
//! says; a request that would change nothing appends none; a path names one memory of a store; whoever
//! says which content they have seen never overwrites another. The
//! service forgets versions after 30 days, the newest aside; this server keeps all, since what is developed
//! against it is looked at for longer than it is kept in use.

mod change;
mod list;
mod routes;
mod shapes;
mod store;
mod versions;

pub use shapes::{Actor, Memory};
pub use store::Place;
pub(super) use store::{content_at, newest_version, store_at};

pub(super) use routes::routes;
