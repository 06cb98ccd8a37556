//! Dreams that are not dreamt but taken from the record of another run of the same plan: what is run again
//! with them differs by the agent alone.
//!
//! What always holds: a dream stands after the same session of the same trial as in the record, with the
//! same store, edits, tokens and time, and nobody is paid for it.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, PoisonError},
};

use super::{Failure, claims::open, run::failed};
use crate::{
    dream::{Dream, DreamRequest, Dreamer, Edit},
    ident::TrialId,
    model::caller::Caller,
    plan::Plan,
    quantity::Milliseconds,
    record::{DreamsOf, Manifest, Record},
    transcript::{Failure as Broken, Pending, Usage},
};

/// What a record has of a dream besides its store.
struct Dreamt {
    edits: Vec<Edit>,
    usage: Usage,
    active: Milliseconds,
}

/// A dreamer that gives back what is on record.
pub(super) struct RecordedDreams {
    /// A connection is no thing to share; dreams are few and are read in no time.
    record: Mutex<Record>,
    source: DreamsOf,
    trials: BTreeMap<TrialId, usize>,
    dreams: BTreeMap<(usize, u32), Dreamt>,
}

impl RecordedDreams {
    /// The dreams of the run in this folder, if it has the same plan.
    pub(super) fn open(folder: &Path, plan: &Plan) -> Result<Self, Failure> {
        let record = open(folder)?;
        let manifest = record.manifest();
        if manifest.plan_digest != plan.digest.to_string() {
            return Err(Failure::usage(format!(
                "the run in `{}` has another plan: {}, and this one is {}",
                folder.display(),
                manifest.plan_digest,
                plan.digest
            ))
            .hint(
                "its dreams fit the same scenarios, arms, seed, repetitions and models only: give the experiment and the flags of that run",
            ));
        }
        let trials = plan
            .trials
            .iter()
            .enumerate()
            .map(|(number, trial)| (plan.id(trial), number))
            .collect();
        let mut dreams = BTreeMap::new();
        record
            .for_each_dream(|row| {
                let one = Dreamt {
                    edits: row.edits,
                    usage: row.usage,
                    active: row.active,
                };
                dreams.insert((row.trial, row.session), one);
            })
            .map_err(failed)?;
        Ok(Self {
            source: DreamsOf {
                started_at: manifest.started_at,
            },
            record: Mutex::new(record),
            trials,
            dreams,
        })
    }

    /// Whose dreams these are.
    pub(super) fn source(&self) -> DreamsOf {
        self.source.clone()
    }

    fn look_up(&self) -> Result<Dream, Broken> {
        let caller = Caller::current()
            .ok_or_else(|| Broken::Internal("a dream outside of a trial".to_owned()))?;
        let missing = || {
            Broken::Replay(format!(
                "the run whose dreams are taken has no dream after session {} of {}",
                caller.session, caller.trial
            ))
        };
        let trial = *self.trials.get(&caller.trial).ok_or_else(missing)?;
        let dreamt = self
            .dreams
            .get(&(trial, caller.session))
            .ok_or_else(missing)?;
        let record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let session = record
            .session(trial, caller.session)
            .map_err(|error| Broken::Replay(error.to_string()))?;
        let store = session.and_then(|session| session.dreamed);
        Ok(Dream {
            store: store.ok_or_else(missing)?,
            edits: dreamt.edits.clone(),
            usage: dreamt.usage,
            active: dreamt.active,
            refused: Vec::new(),
        })
    }
}

impl Dreamer for RecordedDreams {
    fn dream<'d>(&'d self, _: DreamRequest<'d>) -> Pending<'d, Result<Dream, Broken>> {
        Box::pin(std::future::ready(self.look_up()))
    }
}

/// Refuses to go on with a run whose dreams are from elsewhere.
pub(super) fn same_dreams(file: &Path, manifest: &Manifest) -> Result<(), Failure> {
    let record = Record::open(file).map_err(failed)?;
    if record.manifest().dreams_of == manifest.dreams_of {
        return Ok(());
    }
    Err(
        Failure::usage("the run began with other dreams than it would go on with").hint(
            "give the `--dreams-of` that it began with, or none if it had none; or begin a run in another folder",
        ),
    )
}
