//! Memories, versions and actors as they are sent.

use jiff::Timestamp;
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use crate::serve::{
    ApiError,
    database::{optional_time, time},
    page::DEFAULT_LIMIT,
    query::Parameters,
};

/// Who changes a memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Actor {
    /// An agent in a session.
    SessionActor {
        /// The session.
        session_id: String,
    },
    /// Somebody with a key.
    ApiActor {
        /// The id of the key.
        api_key_id: String,
    },
}

impl Actor {
    /// The agent of a session.
    pub fn session(id: &str) -> Self {
        Self::SessionActor {
            session_id: id.to_owned(),
        }
    }

    /// The owner of a key.
    pub(super) fn key(owner: &str) -> Self {
        Self::ApiActor {
            api_key_id: owner.to_owned(),
        }
    }

    /// The columns that keep it.
    pub(super) fn columns(&self) -> (&'static str, &str) {
        match self {
            Self::SessionActor { session_id } => ("session", session_id),
            Self::ApiActor { api_key_id } => ("key", api_key_id),
        }
    }

    fn read(kind: &str, id: String) -> Self {
        if kind == "session" {
            Self::SessionActor { session_id: id }
        } else {
            Self::ApiActor { api_key_id: id }
        }
    }
}

/// How much of a memory is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// All but the content.
    Basic,
    /// The content too.
    Full,
}

impl View {
    /// How many objects a page has at most where `limit` are asked for: contents are long.
    pub(super) fn limit(self, limit: usize) -> usize {
        match self {
            Self::Basic => limit,
            Self::Full => limit.min(DEFAULT_LIMIT),
        }
    }

    /// The view that is asked for.
    pub(super) fn read(parameters: &Parameters, default: Self) -> Result<Self, ApiError> {
        match parameters.one("view")? {
            None => Ok(default),
            Some("basic") => Ok(Self::Basic),
            Some("full") => Ok(Self::Full),
            Some(other) => Err(ApiError::invalid(format!(
                "view: `{other}` is not `basic` or `full`"
            ))),
        }
    }
}

/// A memory as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Memory {
    #[serde(rename = "type")]
    kind: &'static str,
    /// Its id, which stays when its path changes.
    pub id: String,
    /// The store that it is in.
    pub memory_store_id: String,
    /// Its newest version.
    pub memory_version_id: String,
    /// Its path, with `/` in front.
    pub path: String,
    /// Its content, if the view shows it.
    pub content: Option<String>,
    /// SHA-256 of the content, in hexadecimal digits.
    pub content_sha256: String,
    /// The size of the content.
    pub content_size_bytes: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What [`Memory::read`] reads.
pub(super) const MEMORY: &str =
    "memories.id, memory_stores.id, head.id, memories.path, head.content,
    head.sha256, head.size, memories.created, memories.updated
    FROM memories
    JOIN memory_stores ON memory_stores.number = memories.store
    JOIN memory_versions AS head ON head.number = memories.head";

impl Memory {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            kind: "memory",
            id: row.get(0)?,
            memory_store_id: row.get(1)?,
            memory_version_id: row.get(2)?,
            path: row.get(3)?,
            content: row.get(4)?,
            content_sha256: row.get(5)?,
            content_size_bytes: row.get(6)?,
            created_at: time(row, 7)?,
            updated_at: time(row, 8)?,
        })
    }

    /// The memory in a view.
    pub(super) fn seen(mut self, view: View) -> Self {
        if view == View::Basic {
            self.content = None;
        }
        self
    }
}

/// One entry of a list of memories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Listed {
    /// A memory.
    Memory(Box<Memory>),
    /// All memories below a path.
    Prefix(Prefix),
}

/// A folder of memories as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "memory_prefix")]
pub(super) struct Prefix {
    /// Its path, with `/` at its end.
    pub(super) path: String,
}

/// What a version did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Operation {
    Created,
    Modified,
    Deleted,
}

impl Operation {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
        }
    }
}

/// A version of a memory as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct MemoryVersion {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    memory_id: String,
    memory_store_id: String,
    operation: String,
    path: Option<String>,
    content: Option<String>,
    content_sha256: Option<String>,
    content_size_bytes: Option<u32>,
    created_by: Actor,
    redacted_at: Option<Timestamp>,
    redacted_by: Option<Actor>,
    created_at: Timestamp,
}

/// What [`MemoryVersion::read`] reads.
pub(super) const VERSION: &str = "made.number, made.id, made.memory, memory_stores.id,
    made.operation, made.path, made.content, made.sha256, made.size, made.actor, made.actor_id,
    made.created, made.redacted, made.redactor, made.redactor_id
    FROM memory_versions AS made
    JOIN memory_stores ON memory_stores.number = made.store";

impl MemoryVersion {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let actor: String = row.get(9)?;
        let redactor: Option<String> = row.get(13)?;
        let redactor_id: Option<String> = row.get(14)?;
        Ok(Self {
            kind: "memory_version",
            id: row.get(1)?,
            memory_id: row.get(2)?,
            memory_store_id: row.get(3)?,
            operation: row.get(4)?,
            path: row.get(5)?,
            content: row.get(6)?,
            content_sha256: row.get(7)?,
            content_size_bytes: row.get(8)?,
            created_by: Actor::read(&actor, row.get(10)?),
            created_at: time(row, 11)?,
            redacted_at: optional_time(row, 12)?,
            redacted_by: redactor
                .zip(redactor_id)
                .map(|(kind, id)| Actor::read(&kind, id)),
        })
    }

    /// The version in a view.
    pub(super) fn seen(mut self, view: View) -> Self {
        if view == View::Basic {
            self.content = None;
        }
        self
    }

    /// Whether its content was taken out.
    pub(super) fn is_redacted(&self) -> bool {
        self.redacted_at.is_some()
    }
}
