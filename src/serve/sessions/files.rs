//! Files as sessions have them: mounted when a session is opened, or later.
//!
//! They are kept and listed, and nobody reads them there: the embedded agent has no sandbox. What always
//! holds: every file is below [`UPLOADS`], and none lies where another is. A file that is deleted stays in
//! the lists of the sessions that have it, as their copies do at the service.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use super::history::Writer;
use crate::serve::{ApiError, database::time, files::find_kept, path::check_path_in};

/// The folder of the files of a session.
const UPLOADS: &str = "/mnt/session/uploads";

/// The most files of a session.
const MAX_FILES: usize = 500;

/// A file that is to be mounted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct GivenFile {
    file_id: String,
    /// Where, as seen by the agent, or below the folder of uploads; absent: there, under its id.
    mount_path: Option<String>,
}

/// A file of a session as it is kept and sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "file")]
pub(super) struct MountedFile {
    /// Its place among what the session has.
    #[serde(skip)]
    pub(super) position: i64,
    id: String,
    #[serde(rename = "file_id")]
    file: String,
    #[serde(rename = "mount_path")]
    path: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

const COLUMNS: &str = "position, id, file, mount, created";

fn read(row: &Row<'_>) -> rusqlite::Result<MountedFile> {
    let created_at = time(row, 4)?;
    Ok(MountedFile {
        position: row.get(0)?,
        id: row.get(1)?,
        file: row.get(2)?,
        path: row.get(3)?,
        created_at,
        // What is mounted cannot be changed.
        updated_at: created_at,
    })
}

impl Writer<'_> {
    /// Mounts a file at a place among what the session has. `field` is what stands before the names of
    /// fields in errors.
    pub(super) fn mount_file(
        &self,
        owner: &str,
        session: i64,
        position: i64,
        given: GivenFile,
        field: &str,
    ) -> Result<MountedFile, ApiError> {
        let file = find_kept(self.transaction, owner, &given.file_id, self.now)?;
        let others = of(self.transaction, session)?;
        if others.len() >= MAX_FILES {
            return Err(ApiError::invalid(format!(
                "a session has at most {MAX_FILES} files"
            )));
        }
        let path = path(field, &file.id, given.mount_path)?;
        if let Some(other) = others.iter().find(|other| overlap(&other.path, &path)) {
            return Err(ApiError::invalid(format!(
                "{field}mount_path: `{path}` and `{}` cannot both be files",
                other.path
            )));
        }
        let mounted = MountedFile {
            position,
            id: self.id("sesrsc"),
            file: file.id,
            path,
            created_at: self.now,
            updated_at: self.now,
        };
        self.transaction
            .prepare_cached(
                "INSERT INTO session_files (id, session, position, file, mount, created)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                mounted.id,
                session,
                position,
                mounted.file,
                mounted.path,
                self.now.as_microsecond(),
            ])?;
        Ok(mounted)
    }
}

/// The files of a session, in the order in which they were given.
pub(super) fn of(
    transaction: &Transaction<'_>,
    session: i64,
) -> Result<Vec<MountedFile>, ApiError> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM session_files WHERE session = ?1 ORDER BY position"
    ))?;
    let found = statement.query_map([session], read)?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The file of a session that was mounted under this id.
pub(super) fn find(
    transaction: &Transaction<'_>,
    session: i64,
    id: &str,
) -> Result<MountedFile, ApiError> {
    transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM session_files WHERE session = ?1 AND id = ?2"
        ))?
        .query_row(params![session, id], read)
        .optional()?
        .ok_or_else(|| ApiError::no_such("resource", id))
}

/// Takes a file out of a session. The file itself stays.
pub(super) fn unmount(
    transaction: &Transaction<'_>,
    session: i64,
    id: &str,
) -> Result<(), ApiError> {
    let gone = transaction
        .prepare_cached("DELETE FROM session_files WHERE session = ?1 AND id = ?2")?
        .execute(params![session, id])?;
    if gone == 0 {
        return Err(ApiError::no_such("resource", id));
    }
    Ok(())
}

/// Where the agent finds a file: what is not said to be in the folder of uploads is put below it.
fn path(field: &str, file: &str, given: Option<String>) -> Result<String, ApiError> {
    let Some(given) = given else {
        return Ok(format!("{UPLOADS}/{file}"));
    };
    let name = format!("{field}mount_path");
    check_path_in(&name, &given)?;
    let inside = given
        .strip_prefix(UPLOADS)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let whole = if inside {
        given
    } else {
        format!("{UPLOADS}{given}")
    };
    check_path_in(&name, &whole)?;
    if whole == UPLOADS {
        return Err(ApiError::invalid(format!(
            "{name}: `{whole}` is the folder of all files; name one in it"
        )));
    }
    Ok(whole)
}

/// Whether two files cannot be at both paths: they are the same, or one would be a folder of the other.
fn overlap(one: &str, other: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    within(one, other) || within(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_below_the_folder_of_uploads() {
        let path = |given: &str| path("", "file_1", Some(given.to_owned()));
        for (given, wanted) in [
            ("/data.csv", "/mnt/session/uploads/data.csv"),
            ("/mnt/session/uploads/a/b.md", "/mnt/session/uploads/a/b.md"),
            (
                "/mnt/session/uploadsx",
                "/mnt/session/uploads/mnt/session/uploadsx",
            ),
            ("/mnt/memory/store", "/mnt/session/uploads/mnt/memory/store"),
        ] {
            assert_eq!(path(given).as_deref(), Ok(wanted), "{given}");
        }
        for given in [
            "",
            "/",
            "data.csv",
            "/a/../b",
            "/a//b",
            "/a\0",
            "/mnt/session/uploads",
            "/mnt/session/uploads/",
            &format!("/{}", "a".repeat(1_010)),
        ] {
            let error = path(given).expect_err(given);
            assert!(
                error.message.starts_with("mount_path: "),
                "{}",
                error.message
            );
        }
    }

    #[test]
    fn a_file_is_no_folder_of_another() {
        for (one, other, wanted) in [
            ("/a", "/a", true),
            ("/a", "/a/b", true),
            ("/a/b/c", "/a/b", true),
            ("/a", "/ab", false),
            ("/a/b", "/a/c", false),
        ] {
            assert_eq!(overlap(one, other), wanted, "{one} {other}");
            assert_eq!(overlap(other, one), wanted, "{other} {one}");
        }
    }
}
