//! Dreams as they are kept and sent.

use jiff::Timestamp;
use serde::Serialize;

use super::order::{Input, Model, Order, OutputBehavior, Speed};
use crate::{quantity::Milliseconds, transcript::Usage};

/// Where a dream is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Pending,
    Running,
    Completed,
    Failed,
    Canceled,
}

impl Status {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [
        Self::Pending,
        Self::Running,
        Self::Completed,
        Self::Failed,
        Self::Canceled,
    ];

    /// Its name on the wire and in the database.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// The status of a name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether it may still change.
    pub(super) fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::Running => true,
            Self::Completed | Self::Failed | Self::Canceled => false,
        }
    }
}

/// Why a dream failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) enum Reason {
    /// The server, or the dreamer, could not do its part.
    Internal,
    /// The store that it reads was archived or deleted.
    Store,
    /// A session that it reads was deleted.
    Session,
}

impl Reason {
    /// Its name on the wire.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal_error",
            Self::Store => "input_memory_store_unavailable",
            Self::Session => "input_session_unavailable",
        }
    }
}

/// Up to where a dream reads its input, however often it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frozen {
    /// The newest version of any memory.
    pub(super) newest: i64,
    /// The place of the last event of each session, in the order of the sessions.
    pub(super) places: Vec<i64>,
}

/// A dream as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dream {
    pub(super) number: i64,
    pub(super) id: String,
    pub(super) owner: String,
    pub(super) status: Status,
    pub(super) order: Order,
    /// The session in which it is made, once it runs.
    pub(super) session: Option<String>,
    /// The store that it writes into, once there is one.
    pub(super) output: Option<String>,
    /// What the input was, once it was read.
    pub(super) frozen: Option<Frozen>,
    pub(super) usage: Usage,
    /// The time in which the dreamer worked.
    pub(super) active: Milliseconds,
    /// Kind of the error and what it says.
    pub(super) error: Option<(String, String)>,
    pub(super) created: Timestamp,
    pub(super) ended: Option<Timestamp>,
    pub(super) archived: Option<Timestamp>,
}

/// A dream as it is sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Sent {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    status: Status,
    inputs: [Input; 2],
    outputs: Vec<Input>,
    output_behavior: OutputBehavior,
    model: Model,
    instructions: Option<String>,
    session_id: Option<String>,
    usage: SentUsage,
    error: Option<SentError>,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
    archived_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the wire")]
struct SentUsage {
    input_tokens: u64,
    output_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation_input_tokens: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct SentError {
    #[serde(rename = "type")]
    kind: String,
    message: String,
}

impl From<Dream> for Sent {
    fn from(dream: Dream) -> Self {
        let output_behavior = if dream.order.in_place {
            OutputBehavior::UpdateExisting {
                memory_store_id: dream.order.store.clone(),
            }
        } else {
            OutputBehavior::CreateNew
        };
        let store = |memory_store_id| Input::MemoryStore { memory_store_id };
        Self {
            kind: "dream",
            id: dream.id,
            status: dream.status,
            inputs: [
                store(dream.order.store),
                Input::Sessions {
                    session_ids: dream.order.sessions,
                },
            ],
            outputs: dream.output.map(store).into_iter().collect(),
            output_behavior,
            model: Model {
                id: dream.order.model,
                speed: Speed::Standard,
            },
            instructions: dream.order.instructions,
            session_id: dream.session,
            usage: SentUsage {
                input_tokens: dream.usage.uncached_input.0,
                output_tokens: dream.usage.output.0,
                cache_read_input_tokens: dream.usage.cache_read.0,
                cache_creation_input_tokens: dream.usage.cache_write.0,
            },
            error: dream
                .error
                .map(|(kind, message)| SentError { kind, message }),
            created_at: dream.created,
            ended_at: dream.ended,
            archived_at: dream.archived,
        }
    }
}
