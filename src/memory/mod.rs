//! Memory stores: entries with paths and contents, their limits, and what an agent can recall of them
//! under a token budget.
//!
//! A store is text. Its [`Line`]s are that text read for what each line says of its own reach; nothing
//! is kept beside the text, so what a store means is what it says.

mod line;
mod recall;
mod store;

pub use line::Line;
pub use recall::recall;
pub use store::{Entry, MAX_ENTRIES, MAX_ENTRY_BYTES, Store, StoreError};
