//! Memory stores as sessions have them: attached when a session is opened, each under a folder.

use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};

use crate::serve::{ApiError, memory_stores::find_store, patch::length};

/// The most stores of a session.
const MAX_STORES: usize = 8;
/// The most characters of what is said of a store.
const MAX_INSTRUCTIONS: usize = 4_096;

/// Whether a session's agent may write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::serve) enum Access {
    #[default]
    ReadWrite,
    ReadOnly,
}

impl Access {
    fn as_str(self) -> &'static str {
        match self {
            Self::ReadWrite => "read_write",
            Self::ReadOnly => "read_only",
        }
    }
}

/// What a session is opened with.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::serve) enum Resource {
    /// A memory store.
    MemoryStore(GivenStore),
    /// A file.
    File {
        /// Its id.
        file_id: String,
    },
    /// A repository.
    GithubRepository {},
}

/// A memory store that a session is opened with.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct GivenStore {
    /// Its id.
    pub(in crate::serve) memory_store_id: String,
    /// Absent: it may be written.
    pub(in crate::serve) access: Option<Access>,
    /// What the agent is told of it.
    pub(in crate::serve) instructions: Option<String>,
}

/// A memory store of a session as it is kept and sent. Name and description are those that the store had
/// when it was attached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "memory_store")]
pub(super) struct Mounted {
    #[serde(rename = "memory_store_id")]
    pub(super) store: String,
    pub(super) access: Access,
    pub(super) instructions: Option<String>,
    pub(super) name: String,
    pub(super) description: String,
    #[serde(rename = "mount_path")]
    pub(super) path: String,
}

/// Attaches stores to a new session.
pub(super) fn attach(
    transaction: &Transaction<'_>,
    owner: &str,
    session: i64,
    resources: Vec<Resource>,
) -> Result<(), ApiError> {
    if resources.len() > MAX_STORES {
        return Err(ApiError::invalid(format!(
            "resources: {} memory stores, and at most {MAX_STORES} are possible",
            resources.len()
        )));
    }
    let mut mounted: Vec<Mounted> = Vec::new();
    for (position, resource) in resources.into_iter().enumerate() {
        let wrong = |why: String| Err(ApiError::invalid(format!("resources[{position}]{why}")));
        let given = match resource {
            Resource::MemoryStore(given) => given,
            Resource::File { file_id } => return Err(ApiError::no_such("file", &file_id)),
            Resource::GithubRepository {} => {
                return wrong(": this server mounts memory stores only".to_owned());
            }
        };
        let store = find_store(transaction, owner, &given.memory_store_id)?;
        if store.archived_at.is_some() {
            return wrong(format!(": memory store `{}` is archived", store.id));
        }
        if mounted.iter().any(|other| other.store == store.id) {
            return wrong(format!(": memory store `{}` is given twice", store.id));
        }
        let instructions = given.instructions;
        if let Some(text) = &instructions {
            let field = format!("resources[{position}].instructions");
            length(&field, "the text", text, 0, MAX_INSTRUCTIONS)?;
        }
        mounted.push(Mounted {
            path: path(&store.name, &mounted),
            store: store.id,
            access: given.access.unwrap_or_default(),
            instructions,
            name: store.name,
            description: store.description,
        });
    }
    for (position, mount) in (0i64..).zip(mounted) {
        transaction
            .prepare_cached("INSERT INTO session_stores VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
            .execute(params![
                session,
                position,
                mount.store,
                mount.access.as_str(),
                mount.instructions,
                mount.name,
                mount.description,
                mount.path,
            ])?;
    }
    Ok(())
}

/// The stores of a session, in the order in which they were given.
pub(super) fn of(transaction: &Transaction<'_>, session: i64) -> Result<Vec<Mounted>, ApiError> {
    let mut statement = transaction.prepare_cached(
        "SELECT store, access, instructions, name, description, mount FROM session_stores
        WHERE session = ?1 ORDER BY position",
    )?;
    let mounts = statement.query_map([session], |row| {
        let access: String = row.get(1)?;
        Ok(Mounted {
            store: row.get(0)?,
            access: if access == Access::ReadOnly.as_str() {
                Access::ReadOnly
            } else {
                Access::ReadWrite
            },
            instructions: row.get(2)?,
            name: row.get(3)?,
            description: row.get(4)?,
            path: row.get(5)?,
        })
    })?;
    Ok(mounts.collect::<Result<_, _>>()?)
}

/// The folder of a store: its name in plain letters, with a number behind it where that is taken.
fn path(name: &str, others: &[Mounted]) -> String {
    let words: Vec<String> = name
        .to_lowercase()
        .split(|letter: char| !letter.is_ascii_lowercase() && !letter.is_ascii_digit())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let slug = if words.is_empty() {
        "store".to_owned()
    } else {
        words.join("-")
    };
    let plain = format!("/mnt/memory/{slug}");
    std::iter::once(plain.clone())
        .chain((2..=others.len() + 1).map(|number| format!("{plain}-{number}")))
        .find(|path| others.iter().all(|other| other.path != *path))
        .unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_store_has_a_folder_of_its_own() {
        let mut mounted: Vec<Mounted> = Vec::new();
        for (name, wanted) in [
            ("Demo -- Memory (2026)!", "/mnt/memory/demo-memory-2026"),
            ("demo memory 2026", "/mnt/memory/demo-memory-2026-2"),
            ("DEMO/MEMORY/2026", "/mnt/memory/demo-memory-2026-3"),
            ("Ärzte", "/mnt/memory/rzte"),
            ("日本", "/mnt/memory/store"),
            ("..", "/mnt/memory/store-2"),
        ] {
            let path = path(name, &mounted);
            assert_eq!(path, wanted);
            mounted.push(Mounted {
                store: name.to_owned(),
                access: Access::ReadWrite,
                instructions: None,
                name: name.to_owned(),
                description: String::new(),
                path,
            });
        }
    }
}
