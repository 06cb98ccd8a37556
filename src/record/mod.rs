//! The record of a run: one `SQLite` file that is written while the run goes and read by everything after
//! it.
//!
//! A [`Recorder`] writes events, a [`Record`] reads rows, and [`Resumed`] gives a run its own past back.
//! Nothing is judged or summed up here: the record holds what happened, in integers and in text. It is no
//! log: an event that was kept cannot be told from one that was kept in another order.
//!
//! What always holds of a file:
//!
//! - A session is there whole, with its tasks and the dream after it, or not at all; and with a session
//!   all earlier ones of its trial. This is so after a crash, a full disk or a pulled plug as well.
//! - A session is there once. A second one of the same number is an error, and the first one stays: the
//!   sessions of a trial are run in order and never again, so that a second one means that two runs
//!   write to one file or that a run repeats what it was told is done. To replace the first would hide
//!   this, and so would dropping the second.
//! - The manifest says what was planned, and `trials_planned` each trial of it. Nobody writes to them
//!   after the file was made. Of a trial's outcome the last one counts: a trial that failed or was
//!   canceled can be taken up again.
//! - Amounts are integers in the unit that the column names; tokens above 2^63 - 1 are kept as that.
//!   What was not measured is NULL, never 0.
//!
//! While a run writes, and after a crash, what was committed last can stand in a file beside it whose
//! name ends with `-wal`: only both together are the record. After [`Recorder::finish`] one file is left,
//! which can be read where nothing can be written.
//!
//! # Format
//!
//! The table `meta` says which format a file has; this program reads [`FORMAT`] and all before it. The number
//! goes up by one with each change after which a program that knows the old number would read a new file
//! wrongly or not at all, or could not go on with an old one:
//!
//! - a table, a column or a field of the manifest goes away or gets another name, unit or meaning;
//! - a column is added to a table that is there, or a key changes;
//! - a word is added to those that `outcome`, `entries`, `edits`, `verdicts` or the manifest can hold;
//! - the draws of a run change, so that its second half would not fit its first.
//!
//! A new table, and a new field of the manifest that readers can do without, are no new format.

mod error;
mod insert;
mod manifest;
mod read;
mod recorder;
mod resumed;
mod rows;
mod schema;
#[cfg(test)]
mod tests;

pub use error::RecordError;
pub use manifest::{
    BEHIND_A_SERVER, DreamsOf, Host, Manifest, Planned, PlannedArm, PlannedPolicy, PlannedScenario,
    RegisteredClaims, is_reference,
};
pub use read::Record;
pub use recorder::Recorder;
pub use resumed::{NoHistory, Resumed};
pub use rows::{DreamRow, TaskRow};

use serde::{Deserialize, Serialize};

/// The format of the records that this program writes.
pub const FORMAT: u32 = 2;

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every session was run and every deliverable graded.
    Graded,
    /// The backend failed; sessions before that stand.
    BackendFailed,
    /// A cap on money or tokens was reached; sessions before that stand.
    BudgetReached,
    /// The run was stopped; sessions before that stand.
    Canceled,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Graded,
        Self::BackendFailed,
        Self::BudgetReached,
        Self::Canceled,
    ];

    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Graded => "graded",
            Self::BackendFailed => "backend_failed",
            Self::BudgetReached => "budget_reached",
            Self::Canceled => "canceled",
        }
    }
}
