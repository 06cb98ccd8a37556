//! How a file is opened: as the only one who has it, and with the tables of this program.

use rusqlite::{Connection, ErrorCode};

use super::{DatabaseError, Location, tables::FORMATS};

/// Says that a database is one of a server: "dtsv".
const APPLICATION: i32 = 0x6474_7376;

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
    let made = if tables == 0 && application == 0 {
        0
    } else if application == APPLICATION {
        format
    } else {
        return Err(DatabaseError::Foreign(location.clone()));
    };
    let mut known = 0;
    for step in FORMATS {
        if known >= made {
            transaction.execute_batch(step).map_err(failed)?;
        }
        known += 1;
    }
    if made > known {
        return Err(DatabaseError::Newer {
            location: location.clone(),
            found: made,
            known,
        });
    }
    if made < known {
        for (name, value) in [("application_id", APPLICATION), ("user_version", known)] {
            transaction
                .pragma_update(None, name, value)
                .map_err(failed)?;
        }
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
            .pragma_update(None, "user_version", i32::MAX)
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

    #[test]
    fn a_database_of_an_older_format_is_brought_up_to_date_with_what_is_in_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("old.db");
        let old = Connection::open(&path).expect("a database");
        old.execute_batch(FORMATS[0]).expect("tables");
        old.execute_batch(
            "INSERT INTO agents (id, owner, version, created) VALUES ('agent_1', 'o', 1, 0)",
        )
        .expect("an agent");
        for (name, value) in [("application_id", APPLICATION), ("user_version", 1)] {
            old.pragma_update(None, name, value).expect("a mark");
        }
        drop(old);

        // The second time there is nothing left to do.
        for _ in 0..2 {
            let database = open(&Location::File(path.clone())).expect("the old database");
            let count = |table: &str| -> i64 {
                database
                    .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                        row.get(0)
                    })
                    .expect(table)
            };
            assert_eq!(
                (count("agents"), count("files"), count("session_files")),
                (1, 0, 0)
            );
        }
    }
}
