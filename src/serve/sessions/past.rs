//! What a session was, as the embedded agent and the embedded dreamer read it.

use std::collections::BTreeMap;

use rusqlite::{Transaction, params};
use serde_json::Value;

use super::{
    history::{self, Stored, kind},
    mounts, outcomes,
    session::{Opening, Session, find},
};
use crate::{
    agent::MemoryAccess,
    managed,
    quantity::{Seed, Tokens},
    serve::{
        ApiError, Settings,
        error::ErrorKind,
        memories::{newest_version, store_at},
        play::{Evaluation, Event, Mount, Outcome, Setting, Verdict, used_path},
    },
    transcript::{Failure, Usage},
};

/// The version of this program.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// A session's agent and all that has happened.
#[derive(Debug, Clone)]
pub(in crate::serve) struct Past {
    /// What the agent is.
    pub(in crate::serve) setting: Setting,
    /// What was processed, in order.
    pub(in crate::serve) history: Vec<Event>,
    /// The number among the sessions of a trial that its metadata says as `session`; without one, the
    /// order in which sessions were made.
    pub(in crate::serve) number: u32,
    /// The version of the program that began to play it.
    pub(super) program: String,
}

impl Past {
    /// What is said where it cannot be replayed.
    pub(super) fn failure(program: &str, failure: &Failure) -> String {
        if program == PROGRAM {
            failure.to_string()
        } else {
            format!("{failure} (version `{program}` began the session, this is `{PROGRAM}`)")
        }
    }
}

/// The past of an owner's session up to a place, whether it is archived or not.
pub(in crate::serve) fn past(
    transaction: &Transaction<'_>,
    play: &PlaySettings,
    owner: &str,
    session: &str,
    until: i64,
) -> Result<Past, ApiError> {
    let mut session = find(transaction, owner, session)?;
    session.place = until;
    past_of(transaction, play, &session)
}

/// The place of the last event of an owner's session.
pub(in crate::serve) fn last_place(
    transaction: &Transaction<'_>,
    owner: &str,
    session: &str,
) -> Result<i64, ApiError> {
    find(transaction, owner, session).map(|session| session.place)
}

/// Refuses a session that is none of the owner's.
pub(in crate::serve) fn must_exist(
    transaction: &Transaction<'_>,
    owner: &str,
    session: &str,
) -> Result<(), ApiError> {
    find(transaction, owner, session).map(|_| ())
}

/// What the embedded agent of new sessions is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::serve) struct PlaySettings {
    limits: crate::experiment::Limits,
    pub(in crate::serve) habits: crate::experiment::Reference,
}

impl From<&Settings> for PlaySettings {
    fn from(settings: &Settings) -> Self {
        Self {
            limits: settings.limits,
            habits: settings.reference,
        }
    }
}

/// What the embedded agent of a session is from now on.
pub(super) fn opening(
    transaction: &Transaction<'_>,
    play: &PlaySettings,
    session: &Session,
) -> Result<Opening, ApiError> {
    let seed = session
        .metadata
        .get("seed")
        .and_then(|seed| seed.parse().ok());
    Ok(Opening {
        seed: seed.map_or_else(|| Seed(0).derive(&session.id), Seed),
        newest_version: newest_version(transaction)?,
        tools: session.agent["tools"]
            .as_array()
            .cloned()
            .unwrap_or_default(),
        limits: play.limits,
        habits: play.habits,
        program: PROGRAM.to_owned(),
    })
}

pub(super) fn past_of(
    transaction: &Transaction<'_>,
    play: &PlaySettings,
    session: &Session,
) -> Result<Past, ApiError> {
    let opening = match &session.opening {
        Some(opening) => opening.clone(),
        None => opening(transaction, play, session)?,
    };
    let mounts = mounts::of(transaction, session.number)?;
    // The embedded agent has one memory: the first.
    let memory = mounts.into_iter().next().map(|mount| {
        let store = store_at(transaction, &mount.store, opening.newest_version)?;
        Ok::<_, ApiError>(Mount {
            path: mount.path,
            access: MemoryAccess {
                store,
                writable: mount.access == mounts::Access::ReadWrite,
            },
        })
    });
    let number = session
        .metadata
        .get("session")
        .and_then(|number| number.parse().ok());
    Ok(Past {
        setting: Setting {
            memory: memory.transpose()?,
            tools: managed::tools::deployment(&opening.tools).into(),
            seed: opening.seed,
            limits: opening.limits,
            habits: opening.habits,
        },
        history: events(transaction, session.number, session.place)?,
        number: number.unwrap_or_else(|| u32::try_from(session.number).unwrap_or(u32::MAX)),
        program: opening.program,
    })
}

fn events(transaction: &Transaction<'_>, session: i64, until: i64) -> Result<Vec<Event>, ApiError> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {} FROM session_events
        WHERE session = ?1 AND place <= ?2 AND played ORDER BY place",
        history::COLUMNS
    ))?;
    let mut rows = statement.query(params![session, until])?;
    let mut events = Vec::new();
    let mut used = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let mut stored = Stored::read(row)?;
        if stored.kind == kind::OUTCOME && stored.body["rubric"]["type"] == "file" {
            let id = string(&stored.body["outcome_id"]);
            stored.body["rubric"]["content"] = outcomes::rubric(transaction, &id)?.into();
        }
        events.extend(event(stored, &mut used)?);
    }
    Ok(events)
}

/// Tools and paths of the uses of files, by the ids of their events.
type Used = BTreeMap<String, (String, String)>;

/// The event as the embedded agent sees it, if it does. `used`: the uses of files that have no result yet.
fn event(mut stored: Stored, used: &mut Used) -> Result<Option<Event>, ApiError> {
    let body = &stored.body;
    Ok(Some(match stored.kind.as_str() {
        kind::MESSAGE => Event::Message(text(&body["content"])),
        kind::INTERRUPT => Event::Interrupt,
        kind::OUTCOME => Event::Outcome(Outcome {
            description: string(&body["description"]),
            rubric: string(&body["rubric"]["content"]),
            max_iterations: whole(&body["max_iterations"]),
        }),
        kind::RESULT => Event::Result {
            call: string(&body["custom_tool_use_id"]),
            text: text(&body["content"]),
            failed: body["is_error"] == true,
        },
        kind::REQUEST_END => Event::Request {
            usage: usage(&body["model_usage"]),
            active: stored.active,
        },
        kind::SAID => Event::Said(text(&body["content"])),
        kind::TOOL_USE => {
            let path = used_path(&body["input"]).to_owned();
            used.insert(stored.id, (string(&body["name"]), path));
            return Ok(None);
        }
        kind::TOOL_RESULT => {
            let of = body["tool_use_id"].as_str().unwrap_or_default();
            let (name, path) = used.remove(of).unwrap_or_default();
            Event::File {
                name,
                path,
                failed: body["is_error"] == true,
            }
        }
        kind::CALL => Event::Call {
            name: string(&body["name"]),
            input: stored.body["input"].take(),
            id: stored.id,
        },
        kind::EVALUATION_END => Event::Evaluation(Evaluation {
            iteration: whole(&body["iteration"]),
            verdict: verdict(&body["result"])?,
            explanation: string(&body["explanation"]),
            usage: usage(&body["usage"]),
        }),
        _ => return Ok(None),
    }))
}

/// The text of blocks. Pictures say nothing to the embedded agent.
fn text(content: &Value) -> String {
    let blocks = content.as_array().map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<&str> = blocks
        .iter()
        .filter(|block| block["type"] == "text")
        .filter_map(|block| block["text"].as_str())
        .collect();
    texts.join("\n")
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn whole(value: &Value) -> u32 {
    let number = value.as_u64().unwrap_or_default();
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn usage(value: &Value) -> Usage {
    let tokens = |name: &str| Tokens(value[name].as_u64().unwrap_or_default());
    Usage {
        uncached_input: tokens("input_tokens"),
        cache_write: tokens("cache_creation_input_tokens"),
        cache_read: tokens("cache_read_input_tokens"),
        output: tokens("output_tokens"),
    }
}

fn verdict(value: &Value) -> Result<Verdict, ApiError> {
    [
        Verdict::Satisfied,
        Verdict::NeedsRevision,
        Verdict::MaxIterationsReached,
        Verdict::Failed,
        Verdict::Interrupted,
    ]
    .into_iter()
    .find(|verdict| *value == verdict.as_str())
    .ok_or_else(|| {
        ApiError::new(
            ErrorKind::Internal,
            format!("{value} is no result of an outcome"),
        )
    })
}
