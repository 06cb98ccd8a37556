//! Memory stores as sessions have them: attached when a session is opened, each under a folder.

use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};

use super::{files::GivenFile, history::Writer};
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
    File(GivenFile),
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
    /// Its place among what the session has.
    #[serde(skip)]
    pub(super) position: i64,
    #[serde(rename = "memory_store_id")]
    pub(super) store: String,
    pub(super) access: Access,
    pub(super) instructions: Option<String>,
    pub(super) name: String,
    pub(super) description: String,
    #[serde(rename = "mount_path")]
    pub(super) path: String,
}

/// Mounts what a new session is opened with.
pub(super) fn attach(
    writer: &Writer<'_>,
    owner: &str,
    session: i64,
    resources: Vec<Resource>,
) -> Result<(), ApiError> {
    let is_store = |resource: &&Resource| matches!(resource, Resource::MemoryStore(_));
    let stores = resources.iter().filter(is_store).count();
    if stores > MAX_STORES {
        return Err(ApiError::invalid(format!(
            "resources: {stores} memory stores, and at most {MAX_STORES} are possible"
        )));
    }
    let mut mounted: Vec<Mounted> = Vec::new();
    for (position, resource) in (0i64..).zip(resources) {
        match resource {
            Resource::MemoryStore(given) => {
                let mount = mount(writer.transaction, owner, position, given, &mounted)?;
                insert(writer.transaction, session, &mount)?;
                mounted.push(mount);
            }
            Resource::File(given) => {
                let field = format!("resources[{position}].");
                writer.mount_file(owner, session, position, given, &field)?;
            }
            Resource::GithubRepository {} => {
                return Err(ApiError::invalid(format!(
                    "resources[{position}]: this server mounts no repositories"
                )));
            }
        }
    }
    Ok(())
}

/// A store as it is mounted beside others.
fn mount(
    transaction: &Transaction<'_>,
    owner: &str,
    position: i64,
    given: GivenStore,
    others: &[Mounted],
) -> Result<Mounted, ApiError> {
    let wrong = |why: String| Err(ApiError::invalid(format!("resources[{position}]{why}")));
    let store = find_store(transaction, owner, &given.memory_store_id)?;
    if store.archived_at.is_some() {
        return wrong(format!(": memory store `{}` is archived", store.id));
    }
    if others.iter().any(|other| other.store == store.id) {
        return wrong(format!(": memory store `{}` is given twice", store.id));
    }
    if let Some(text) = &given.instructions {
        let field = format!("resources[{position}].instructions");
        length(&field, "the text", text, 0, MAX_INSTRUCTIONS)?;
    }
    Ok(Mounted {
        position,
        path: path(&store.name, others),
        store: store.id,
        access: given.access.unwrap_or_default(),
        instructions: given.instructions,
        name: store.name,
        description: store.description,
    })
}

fn insert(transaction: &Transaction<'_>, session: i64, mount: &Mounted) -> Result<(), ApiError> {
    transaction
        .prepare_cached("INSERT INTO session_stores VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
        .execute(params![
            session,
            mount.position,
            mount.store,
            mount.access.as_str(),
            mount.instructions,
            mount.name,
            mount.description,
            mount.path,
        ])?;
    Ok(())
}

/// The stores of a session, in the order in which they were given.
pub(super) fn of(transaction: &Transaction<'_>, session: i64) -> Result<Vec<Mounted>, ApiError> {
    let mut statement = transaction.prepare_cached(
        "SELECT store, access, instructions, name, description, mount, position
        FROM session_stores WHERE session = ?1 ORDER BY position",
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
            position: row.get(6)?,
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
                position: 0,
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
