//! The record of a run: one `SQLite` file, versioned, crash-safe, resumable.
//!
//! Everything after a run is made from its record, so that a report can be made again at any time. What
//! always holds: a session is there whole, with its tasks and the dream after it, or not at all; what
//! was committed survives a kill and a loss of power (write-ahead log, `synchronous = FULL`).
//!
//! The format has a number. It goes up when a reader of the old number would misread a new file: a
//! table or column that is renamed, removed or means something else, an encoding that changes. A new
//! table or column that an old reader may ignore keeps it.

mod manifest;
mod read;
mod schema;
mod write;

use std::path::{Path, PathBuf};

use thiserror::Error;

pub use manifest::{Host, Manifest, ScenarioEntry};
pub use read::{DreamRow, NoHistory, Outcome, Planned, Record, Resumed, TaskRow};
pub use write::Recorder;

/// The number of the record's format.
pub const FORMAT: u32 = 1;

/// Why a record cannot be written or read.
#[derive(Debug, Error)]
pub enum RecordError {
    /// There is a record already.
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    /// The file is no record, or is damaged.
    #[error("`{}` is not a whole record: {reason}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is of a format that this program does not know.
    #[error("`{}` has record format {found}, newer than this program reads ({FORMAT})", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The record is of another plan.
    #[error("`{}` is of another plan ({}…, not {}…)", .path.display(), &.found[..12], &.wanted[..12])]
    OtherPlan {
        /// The file.
        path: PathBuf,
        /// The digest of its plan.
        found: String,
        /// The digest of this one.
        wanted: String,
    },
    /// The file could not be written.
    #[error("cannot write the record `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The file could not be read.
    #[error("cannot read the record `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
}

impl RecordError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exists(_) => Some("add `--resume` to continue it".into()),
            Self::Damaged { .. } => Some("restore the file from a copy, or run again into another folder".into()),
            Self::Newer { .. } => Some("use a newer dreamtrial".into()),
            Self::OtherPlan { .. } => {
                Some("resume with the same experiment, seed, arms and scenarios, or run into another folder".into())
            }
            Self::Write { .. } => {
                Some("what was committed is kept: make room, then run again with the same `--out` and `--resume`".into())
            }
            Self::Read { .. } => None,
        }
    }

    /// An error of the database while reading; damage is told apart from the rest.
    fn reading(path: &Path) -> impl Fn(rusqlite::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Self::Damaged {
                    path: path.clone(),
                    reason: source.to_string(),
                }
            }
            Some(_) | None => Self::Read {
                path: path.clone(),
                source,
            },
        }
    }

    fn writing(path: &Path) -> impl Fn(rusqlite::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Write {
            path: path.clone(),
            source,
        }
    }
}
