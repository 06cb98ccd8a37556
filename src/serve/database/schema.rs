//! The tables, and how a file is opened.
//!
//! Every object belongs to the id of a key, its `owner`. `number` is the order in which objects were
//! made: times may be equal, and clocks may be set back.
//!
//! An event's `place` is its order in the history of its session; one that was sent and not yet processed
//! has none. `opening` is what the embedded agent of a session was when its first event was processed.

use rusqlite::{Connection, ErrorCode};

use super::{DatabaseError, Location};

/// Says that a database is one of a server: "dtsv".
const APPLICATION: i32 = 0x6474_7376;

/// The format of the tables.
const FORMAT: i32 = 1;

const TABLES: &str = "
CREATE TABLE agents (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    version INTEGER NOT NULL,
    created INTEGER NOT NULL,
    archived INTEGER
) STRICT;
CREATE INDEX agents_of_owner ON agents (owner, number);
CREATE TABLE agent_versions (
    agent INTEGER NOT NULL REFERENCES agents ON DELETE CASCADE,
    version INTEGER NOT NULL,
    definition TEXT NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (agent, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE environments (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    definition TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    archived INTEGER
) STRICT;
CREATE INDEX environments_of_owner ON environments (owner, number);
CREATE TABLE memory_stores (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    archived INTEGER
) STRICT;
CREATE INDEX memory_stores_of_owner ON memory_stores (owner, number);
CREATE TABLE memory_versions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    store INTEGER NOT NULL REFERENCES memory_stores ON DELETE CASCADE,
    memory TEXT NOT NULL,
    operation TEXT NOT NULL,
    path TEXT,
    content TEXT,
    sha256 TEXT,
    size INTEGER,
    actor TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    created INTEGER NOT NULL,
    redacted INTEGER,
    redactor TEXT,
    redactor_id TEXT
) STRICT;
CREATE INDEX memory_versions_of_store ON memory_versions (store, number);
CREATE INDEX memory_versions_of_memory ON memory_versions (memory, number);
CREATE TABLE memories (
    id TEXT PRIMARY KEY,
    store INTEGER NOT NULL REFERENCES memory_stores ON DELETE CASCADE,
    path TEXT NOT NULL,
    head INTEGER NOT NULL REFERENCES memory_versions,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    UNIQUE (store, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX memories_of_head ON memories (head);
CREATE TABLE sessions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    thread TEXT NOT NULL,
    agent TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    agent_version INTEGER NOT NULL,
    environment TEXT NOT NULL,
    title TEXT,
    metadata TEXT NOT NULL,
    budget INTEGER,
    status TEXT NOT NULL,
    awake INTEGER NOT NULL,
    waiting TEXT NOT NULL,
    capped INTEGER NOT NULL,
    pipeline INTEGER NOT NULL,
    opening TEXT,
    place INTEGER NOT NULL,
    uncached_input INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    output INTEGER NOT NULL,
    active INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    ended INTEGER,
    archived INTEGER
) STRICT;
CREATE INDEX sessions_of_owner ON sessions (owner, number);
CREATE INDEX sessions_that_run ON sessions (number) WHERE status = 'running';
CREATE TABLE session_stores (
    session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    position INTEGER NOT NULL,
    store TEXT NOT NULL,
    access TEXT NOT NULL,
    instructions TEXT,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    mount TEXT NOT NULL,
    PRIMARY KEY (session, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_stores_by_store ON session_stores (store);
CREATE TABLE session_events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    place INTEGER,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    active INTEGER,
    played INTEGER NOT NULL,
    created INTEGER NOT NULL,
    processed INTEGER
) STRICT;
CREATE UNIQUE INDEX session_events_by_place ON session_events (session, place);
CREATE TABLE session_outcomes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    description TEXT NOT NULL,
    result TEXT NOT NULL,
    iteration INTEGER NOT NULL,
    explanation TEXT,
    completed INTEGER
) STRICT;
CREATE INDEX session_outcomes_of_session ON session_outcomes (session, number);
CREATE TABLE dreams (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    status TEXT NOT NULL,
    store TEXT NOT NULL,
    sessions TEXT NOT NULL,
    model TEXT NOT NULL,
    instructions TEXT,
    in_place INTEGER NOT NULL,
    session TEXT,
    output TEXT,
    newest INTEGER,
    places TEXT,
    uncached_input INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    active INTEGER NOT NULL,
    error TEXT,
    message TEXT,
    created INTEGER NOT NULL,
    ended INTEGER,
    archived INTEGER
) STRICT;
CREATE INDEX dreams_of_owner ON dreams (owner, number);
CREATE INDEX dreams_under_way ON dreams (number) WHERE status IN ('pending', 'running');
CREATE TABLE dream_sessions (
    dream INTEGER NOT NULL REFERENCES dreams ON DELETE CASCADE,
    session TEXT NOT NULL,
    PRIMARY KEY (session, dream)
) STRICT, WITHOUT ROWID;
";

pub(super) fn open(location: &Location) -> Result<Connection, DatabaseError> {
    let failed = |source: rusqlite::Error| match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            DatabaseError::Busy(location.clone())
        }
        Some(ErrorCode::NotADatabase) => DatabaseError::Foreign(location.clone()),
        _ => DatabaseError::Open {
            location: location.clone(),
            source,
        },
    };
    let mut connection = match location {
        Location::Memory => Connection::open_in_memory(),
        Location::File(path) => Connection::open(path),
    }
    .map_err(failed)?;
    connect(&mut connection, location, failed)?;
    Ok(connection)
}

fn connect(
    connection: &mut Connection,
    location: &Location,
    failed: impl Fn(rusqlite::Error) -> DatabaseError + Copy,
) -> Result<(), DatabaseError> {
    // Whoever has the file keeps it: there is nothing to wait for.
    connection
        .busy_timeout(std::time::Duration::ZERO)
        .map_err(failed)?;
    // Two servers on one file would play the same sessions twice.
    connection
        .pragma_update(None, "locking_mode", "EXCLUSIVE")
        .map_err(failed)?;
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)
        .map_err(failed)?;
    let number = |name: &str| {
        transaction
            .pragma_query_value(None, name, |row| row.get::<_, i32>(0))
            .map_err(failed)
    };
    let (application, format) = (number("application_id")?, number("user_version")?);
    let tables: i64 = transaction
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    if tables == 0 && application == 0 {
        transaction.execute_batch(TABLES).map_err(failed)?;
        transaction
            .pragma_update(None, "application_id", APPLICATION)
            .map_err(failed)?;
        transaction
            .pragma_update(None, "user_version", FORMAT)
            .map_err(failed)?;
    } else if application != APPLICATION {
        return Err(DatabaseError::Foreign(location.clone()));
    } else if format > FORMAT {
        return Err(DatabaseError::Newer {
            location: location.clone(),
            found: format,
            known: FORMAT,
        });
    }
    transaction.commit().map_err(failed)?;
    for (name, value) in [
        ("journal_mode", "WAL"),
        ("synchronous", "NORMAL"),
        ("foreign_keys", "ON"),
    ] {
        connection
            .pragma_update(None, name, value)
            .map_err(failed)?;
    }
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_databases_of_servers_are_opened_and_by_one_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| Location::File(folder.path().join(name));

        let first = open(&file("a.db")).expect("a new database");
        assert!(matches!(open(&file("a.db")), Err(DatabaseError::Busy(_))));
        drop(first);
        drop(open(&file("a.db")).expect("the same again"));

        std::fs::write(
            folder.path().join("text"),
            "not a database, but long enough".repeat(40),
        )
        .expect("a file");
        assert!(matches!(
            open(&file("text")),
            Err(DatabaseError::Foreign(_))
        ));

        let other = Connection::open(folder.path().join("other.db")).expect("a database");
        other.execute_batch("CREATE TABLE t (a)").expect("a table");
        drop(other);
        assert!(matches!(
            open(&file("other.db")),
            Err(DatabaseError::Foreign(_))
        ));

        let later = Connection::open(folder.path().join("a.db")).expect("a database");
        later
            .pragma_update(None, "user_version", FORMAT + 1)
            .expect("a mark");
        drop(later);
        assert!(matches!(
            open(&file("a.db")),
            Err(DatabaseError::Newer { .. })
        ));

        assert!(matches!(
            open(&file("none/a.db")),
            Err(DatabaseError::Open { .. })
        ));
    }
}
