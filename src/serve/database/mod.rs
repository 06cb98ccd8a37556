//! The database of a server: one connection, one transaction at a time, away from the threads that answer.
//!
//! What always holds: a transaction that was begun is finished whoever goes away meanwhile, and is kept
//! whole or not at all; no other process writes to the file.

mod schema;
mod tables;

use std::{
    fmt,
    path::PathBuf,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, types::Type};
use thiserror::Error;

use super::{ApiError, ErrorKind, identifier::Ids};

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In memory: gone with the server.
    Memory,
    /// In a file, which is made if it is not there.
    File(PathBuf),
}

impl FromStr for Location {
    type Err = NoLocation;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            // The database would be a file that nobody finds again.
            "" => Err(NoLocation),
            ":memory:" => Ok(Self::Memory),
            file => Ok(Self::File(file.into())),
        }
    }
}

/// A location without a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no database is named: give a file, or `:memory:` for one that is gone with the server")]
pub struct NoLocation;

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str(":memory:"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Why a database cannot be opened.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// It cannot be read or made.
    #[error("cannot open database `{location}`")]
    Open {
        /// Where it is.
        location: Location,
        /// Why.
        source: rusqlite::Error,
    },
    /// Another process has it.
    #[error("database `{0}` is in use by another server")]
    Busy(Location),
    /// It is a database of something else.
    #[error("`{0}` is not the database of a server; name another file")]
    Foreign(Location),
    /// A later program made it.
    #[error("database `{location}` has format {found}, newer than this program reads ({known})")]
    Newer {
        /// Where it is.
        location: Location,
        /// Its format.
        found: i32,
        /// The newest format that is read.
        known: i32,
    },
    /// The operating system gives no random bytes, of which ids are made.
    #[error("the operating system gives no random bytes")]
    Random(#[from] getrandom::Error),
}

/// The objects of a server. A copy is the same database.
#[derive(Debug, Clone)]
pub struct Database {
    connection: Arc<Mutex<Connection>>,
    ids: Arc<Ids>,
}

impl Database {
    /// Opens the database, and makes it if it is not there.
    pub fn open(location: &Location) -> Result<Self, DatabaseError> {
        Ok(Self {
            connection: Arc::new(Mutex::new(schema::open(location)?)),
            ids: Arc::new(Ids::new()?),
        })
    }

    /// The ids of new objects.
    pub(super) fn ids(&self) -> &Ids {
        &self.ids
    }

    /// Does some work in a transaction, which is kept if the work succeeds.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || {
            // A transaction that panicked was rolled back, so the connection is sound.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        });
        done.await.unwrap_or_else(|error| {
            Err(ApiError::new(
                ErrorKind::Internal,
                format!("the work on the database broke off: {error}"),
            ))
        })
    }
}

/// A time as it is kept: microseconds.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    of_microseconds(row.get(column)?, column)
}

/// A time that may be null.
pub(super) fn optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let microseconds: Option<i64> = row.get(column)?;
    microseconds
        .map(|microseconds| of_microseconds(microseconds, column))
        .transpose()
}

fn of_microseconds(microseconds: i64, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(microseconds).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(error))
    })
}
