//! Files as they are kept and sent.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::Serialize;

use crate::serve::{
    ApiError, ErrorKind,
    database::{optional_time, time},
};

/// What is said of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::serve) struct File {
    /// The number of its row.
    #[serde(skip)]
    pub(super) number: i64,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// Its id.
    pub(in crate::serve) id: String,
    /// Its name, without folders.
    #[serde(rename = "filename")]
    pub(super) name: String,
    #[serde(rename = "mime_type")]
    pub(super) media_type: String,
    #[serde(rename = "size_bytes")]
    pub(super) size: usize,
    pub(super) downloadable: bool,
    pub(super) created_at: Timestamp,
    /// From when on its bytes are gone.
    pub(super) expires_at: Option<Timestamp>,
    /// The session whose agent made it: none, for the embedded agent makes no files.
    pub(super) scope: Option<()>,
    /// Whether its bytes are gone.
    #[serde(skip)]
    pub(super) has_expired: bool,
}

/// What [`read`] reads.
pub(super) const COLUMNS: &str = "object.number, object.id, object.name, object.media_type,
    object.size, object.created, object.expires, object.content IS NULL";

/// Reads a file's row, as it is now.
pub(super) fn read(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<File> {
    let expires_at = optional_time(row, 6)?;
    let is_emptied: bool = row.get(7)?;
    let size: i64 = row.get(4)?;
    Ok(File {
        number: row.get(0)?,
        kind: "file",
        id: row.get(1)?,
        name: row.get(2)?,
        media_type: row.get(3)?,
        size: usize::try_from(size).unwrap_or(0),
        downloadable: true,
        created_at: time(row, 5)?,
        expires_at,
        scope: None,
        has_expired: is_emptied || expires_at.is_some_and(|end| end <= now),
    })
}

/// The file of an owner with this id.
pub(super) fn find(
    transaction: &Transaction<'_>,
    owner: &str,
    id: &str,
    now: Timestamp,
) -> Result<File, ApiError> {
    transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM files AS object WHERE object.owner = ?1 AND object.id = ?2"
        ))?
        .query_row(params![owner, id], |row| read(row, now))
        .optional()?
        .ok_or_else(|| ApiError::no_such("file", id))
}

/// The same for a file whose bytes are wanted: one that has expired is refused.
pub(in crate::serve) fn find_kept(
    transaction: &Transaction<'_>,
    owner: &str,
    id: &str,
    now: Timestamp,
) -> Result<File, ApiError> {
    let file = find(transaction, owner, id, now)?;
    if file.has_expired {
        let expired = format!("file `{id}` has expired; upload it again");
        return Err(ApiError::new(ErrorKind::NotFound, expired).coded("file_expired"));
    }
    Ok(file)
}

/// The bytes of a file that has not expired.
pub(super) fn content(transaction: &Transaction<'_>, file: &File) -> Result<Vec<u8>, ApiError> {
    let content = transaction
        .prepare_cached("SELECT content FROM files WHERE number = ?1")?
        .query_row([file.number], |row| row.get(0))?;
    Ok(content)
}

/// The text of a file, which has at most so many characters.
pub(in crate::serve) fn text(
    transaction: &Transaction<'_>,
    owner: &str,
    id: &str,
    most: usize,
    now: Timestamp,
) -> Result<String, ApiError> {
    let file = find_kept(transaction, owner, id, now)?;
    let text = String::from_utf8(content(transaction, &file)?)
        .map_err(|_| ApiError::invalid(format!("file `{id}` is not UTF-8 text")))?;
    let characters = text.chars().count();
    if (1..=most).contains(&characters) {
        return Ok(text);
    }
    Err(ApiError::invalid(format!(
        "file `{id}` has {characters} characters, not 1 to {most}"
    )))
}

/// Keeps a new file.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    owner: &str,
    file: &File,
    content: &[u8],
) -> Result<(), ApiError> {
    transaction
        .prepare_cached(
            "INSERT INTO files (id, owner, name, media_type, size, created, expires, content)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            file.id,
            owner,
            file.name,
            file.media_type,
            i64::try_from(file.size).unwrap_or(i64::MAX),
            file.created_at.as_microsecond(),
            file.expires_at.map(Timestamp::as_microsecond),
            content,
        ])?;
    Ok(())
}

/// Takes out the bytes that nobody can get any more. What is said of the files stays.
pub(super) fn forget_expired(
    transaction: &Transaction<'_>,
    now: Timestamp,
) -> Result<(), ApiError> {
    transaction
        .prepare_cached(
            "UPDATE files SET content = NULL
            WHERE expires IS NOT NULL AND content IS NOT NULL AND expires <= ?1",
        )?
        .execute([now.as_microsecond()])?;
    Ok(())
}

/// Takes out a file. Sessions that have it keep saying so.
pub(super) fn delete(transaction: &Transaction<'_>, owner: &str, id: &str) -> Result<(), ApiError> {
    let gone = transaction
        .prepare_cached("DELETE FROM files WHERE owner = ?1 AND id = ?2")?
        .execute(params![owner, id])?;
    if gone == 0 {
        return Err(ApiError::no_such("file", id));
    }
    Ok(())
}
