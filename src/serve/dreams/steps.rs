//! The steps of a dream that read and write, each within a transaction.

use jiff::{civil::Date, tz::TimeZone};

use super::{
    changes::Change,
    shapes::{Dream, Frozen},
    table,
};
use crate::{
    memory::Store,
    serve::{
        Actor, ApiError, Place,
        memories::{content_at, newest_version, store_at},
        sessions::{Access, GivenStore, Past, Pipeline, PlaySettings, Writer, last_place, past},
    },
};

/// The dream runs, in a session; gives the number that its faults are drawn by.
pub(super) fn begin(writer: &Writer<'_>, dream: &Dream) -> Result<u64, ApiError> {
    if dream.session.is_none() {
        let access = if dream.order.in_place {
            Access::ReadWrite
        } else {
            Access::ReadOnly
        };
        let session = writer.begin_pipeline(Pipeline {
            owner: dream.owner.clone(),
            title: format!("Dream {}", dream.id),
            model: dream.order.model.clone(),
            instructions: dream.order.instructions.clone(),
            stores: vec![GivenStore {
                memory_store_id: dream.order.store.clone(),
                access: Some(access),
                instructions: None,
            }],
        })?;
        table::begin(writer.transaction, dream, &session)?;
    }
    Ok(u64::try_from(dream.number).unwrap_or_default())
}

/// What a dream is made of.
pub(super) struct Material {
    pub(super) store: Store,
    pub(super) sessions: Vec<Past>,
    pub(super) instructions: Option<String>,
    pub(super) today: Date,
}

/// Copies the input, unless that was done before, and reads it as it was then.
pub(super) fn read(
    writer: &Writer<'_>,
    dream: &Dream,
    play: &PlaySettings,
) -> Result<Material, ApiError> {
    let owner = &dream.owner;
    let frozen = match &dream.frozen {
        Some(frozen) => frozen.clone(),
        None => freeze(writer, dream)?,
    };
    let sessions = dream
        .order
        .sessions
        .iter()
        .zip(&frozen.places)
        .map(|(session, place)| past(writer.transaction, play, owner, session, *place))
        .collect::<Result<_, _>>()?;
    Ok(Material {
        store: store_at(writer.transaction, &dream.order.store, frozen.newest)?,
        sessions,
        instructions: dream.order.instructions.clone(),
        today: dream.created.to_zoned(TimeZone::UTC).date(),
    })
}

/// Copies the input and notes what it is.
fn freeze(writer: &Writer<'_>, dream: &Dream) -> Result<Frozen, ApiError> {
    let (owner, store) = (&dream.owner, &dream.order.store);
    let places = dream
        .order
        .sessions
        .iter()
        .map(|session| last_place(writer.transaction, owner, session))
        .collect::<Result<_, _>>()?;
    let frozen = Frozen {
        newest: newest_version(writer.transaction)?,
        places,
    };
    let output = if dream.order.in_place {
        store.clone()
    } else {
        let actor = Actor::session(dream.session.as_deref().unwrap_or_default());
        let copy =
            writer
                .database
                .copy_store_in(writer.transaction, owner, store, &actor, writer.now)?;
        copy.id
    };
    table::set_output(writer.transaction, dream, &output, &frozen)?;
    Ok(frozen)
}

/// Makes some changes of the output. What is no longer as the dream found it was changed by somebody else
/// meanwhile, or by this dream before the server was stopped, and stays.
pub(super) fn write(
    writer: &Writer<'_>,
    dream: &Dream,
    changes: &[Change],
) -> Result<(), ApiError> {
    let actor = Actor::session(dream.session.as_deref().unwrap_or_default());
    let place = |path: &str| Place {
        owner: dream.owner.clone(),
        store: dream.output.clone().unwrap_or_default(),
        path: format!("/{path}"),
    };
    for Change {
        path,
        before,
        after,
    } in changes
    {
        let place = place(path);
        if content_at(writer.transaction, &place)? != *before {
            continue;
        }
        let (database, transaction) = (writer.database, writer.transaction);
        let (actor, now) = (actor.clone(), writer.now);
        match after {
            Some(content) => {
                database.write_memory_in(transaction, &place, content.clone(), actor, now)?;
            }
            None => {
                database.remove_memory_in(transaction, &place, actor, now)?;
            }
        }
    }
    Ok(())
}
