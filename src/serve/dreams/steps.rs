//! The steps of a dream that read and write, each within a transaction.

use jiff::{civil::Date, tz::TimeZone};

use super::{changes::Change, shapes::Dream, table};
use crate::{
    memory::Store,
    serve::{
        Actor, ApiError, Place,
        memories::{newest_version, store_at},
        sessions::{Access, GivenStore, Past, Pipeline, PlaySettings, Writer, past},
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
    let newest = match (dream.newest, &dream.session) {
        (Some(newest), _) => newest,
        (None, session) => {
            let newest = newest_version(writer.transaction)?;
            let output = if dream.order.in_place {
                dream.order.store.clone()
            } else {
                let actor = Actor::session(session.as_deref().unwrap_or_default());
                let (owner, store) = (&dream.owner, &dream.order.store);
                let copy = writer.database.copy_store_in(
                    writer.transaction,
                    owner,
                    store,
                    &actor,
                    writer.now,
                )?;
                copy.id
            };
            table::set_output(writer.transaction, dream, &output, newest)?;
            newest
        }
    };
    let sessions = dream
        .order
        .sessions
        .iter()
        .map(|session| past(writer.transaction, play, &dream.owner, session))
        .collect::<Result<_, _>>()?;
    Ok(Material {
        store: store_at(writer.transaction, &dream.order.store, newest)?,
        sessions,
        instructions: dream.order.instructions.clone(),
        today: writer.now.to_zoned(TimeZone::UTC).date(),
    })
}

/// Makes some changes of the output.
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
    for change in changes {
        let actor = actor.clone();
        match change {
            Change::Write { path, content } => {
                writer.database.write_memory_in(
                    writer.transaction,
                    &place(path),
                    content.clone(),
                    actor,
                    writer.now,
                )?;
            }
            Change::Remove { path } => {
                writer.database.remove_memory_in(
                    writer.transaction,
                    &place(path),
                    actor,
                    writer.now,
                )?;
            }
        }
    }
    Ok(())
}
