//! What can go wrong with a record, in words and with a way out.

use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;
use thiserror::Error;

use super::FORMAT;

/// Why a record cannot be written or read.
#[derive(Debug, Error)]
pub enum RecordError {
    /// There is something where a new record was to be.
    #[error("`{}` exists", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing where a record was looked for.
    #[error("no record `{}`", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be made or looked at.
    #[error("cannot open `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is something else, or its first bytes are gone.
    #[error("`{}` is not an SQLite database, or its beginning is damaged", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database of something else.
    #[error("`{}` is not the record of a run", path.display())]
    NotARecord {
        /// The file.
        path: PathBuf,
    },
    /// The file is broken.
    #[error("`{}` is damaged: {finding}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found first.
        finding: String,
    },
    /// The file was written by a later program.
    #[error("`{}`: record format {found} is newer than this program reads ({FORMAT})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
    /// The file is of another plan than the one that is to go on.
    #[error("`{}` is the record of another plan: {recorded} is recorded, {planned} is planned", path.display())]
    OtherPlan {
        /// The file.
        path: PathBuf,
        /// Digest of the plan in the file.
        recorded: String,
        /// Digest of the plan at hand.
        planned: String,
    },
    /// A session was to be written that is there.
    #[error("session {session} of trial {trial} is in `{}` already", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The trial's number in the plan.
        trial: usize,
        /// The session, from 1.
        session: u32,
    },
    /// An event is of a trial that the plan does not have.
    #[error("trial {trial} is not in the plan of `{}`", path.display())]
    UnknownTrial {
        /// The file.
        path: PathBuf,
        /// The trial's number.
        trial: usize,
    },
    /// Somebody else writes to the file.
    #[error("`{}` is in use by another run", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// There is no room left.
    #[error("cannot write to `{}`: the disk is full; what was committed before is kept", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be written for another reason.
    #[error("cannot write to `{}`; what was committed before is kept", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A write has failed before, and a later event may not stand where an earlier one is missing.
    #[error("nothing more is written to `{}` after a failed write", path.display())]
    Closed {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A text in the file is not what it should be.
    #[error("`{}` is damaged: {what} cannot be read", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Which text.
        what: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl RecordError {
    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Exists { .. } => {
                "continue that run with `--resume`, or start anew with another `--out`"
            }
            Self::Missing { .. } => "a run writes its record into the folder given by `--out`",
            Self::NotADatabase { .. } | Self::Damaged { .. } | Self::Content { .. } => {
                "restore it from a copy, or start anew with another `--out`"
            }
            Self::NotARecord { .. } => {
                "give the folder of a run, or start anew with another `--out`"
            }
            Self::Newer { .. } => "use a newer dreamtrial",
            Self::OtherPlan { .. } => {
                "resume with the same experiment, seed, arms and scenarios, or start anew with another `--out`"
            }
            Self::Twice { .. } | Self::Busy { .. } => {
                "wait until no other run writes to it, then continue with `--resume`"
            }
            Self::Full { .. } => "make room, then continue the run with `--resume`",
            Self::Write { .. } | Self::Closed { .. } => {
                "continue the run with `--resume` once the file can be written"
            }
            Self::UnknownTrial { .. } | Self::Open { .. } | Self::Read { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

/// What a failure of `SQLite` means for a reader.
pub(super) fn reading(path: &Path) -> impl Fn(rusqlite::Error) -> RecordError + '_ {
    |source| {
        common(path, &source).unwrap_or_else(|| RecordError::Read {
            path: path.to_owned(),
            source,
        })
    }
}

/// What a failure of `SQLite` means for a writer.
pub(super) fn writing(path: &Path) -> impl Fn(rusqlite::Error) -> RecordError + '_ {
    |source| {
        common(path, &source).unwrap_or_else(|| RecordError::Write {
            path: path.to_owned(),
            source,
        })
    }
}

/// What a text that cannot be read means.
pub(super) fn content<E: Error + Send + Sync + 'static>(
    path: &Path,
    what: impl FnOnce() -> String,
) -> impl FnOnce(E) -> RecordError {
    |source| RecordError::Content {
        path: path.to_owned(),
        what: what(),
        source: Box::new(source),
    }
}

fn common(path: &Path, error: &rusqlite::Error) -> Option<RecordError> {
    let path = path.to_owned();
    let code = error.sqlite_error_code()?;
    if code == ErrorCode::NotADatabase {
        Some(RecordError::NotADatabase { path })
    } else if code == ErrorCode::DatabaseCorrupt {
        let finding = "its parts do not fit together".to_owned();
        Some(RecordError::Damaged { path, finding })
    } else if matches!(code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) {
        Some(RecordError::Busy { path })
    } else if code == ErrorCode::DiskFull {
        Some(RecordError::Full { path })
    } else {
        None
    }
}
