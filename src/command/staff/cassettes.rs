//! Cassettes: where completions come from and go to.

use std::{path::Path, sync::Arc};

use crate::{
    cli::LiveArguments,
    command::Failure,
    model::cassette::{Tape, TapeError},
};

/// Where completions come from and go to.
#[derive(Default)]
pub(in crate::command) struct Cassettes {
    pub(super) record: Option<Arc<Tape>>,
    pub(super) replay: Option<Arc<Tape>>,
}

impl Cassettes {
    /// The cassettes that the command line names. `go_on` says that a recording is continued.
    pub(in crate::command) fn of(flags: &LiveArguments, go_on: bool) -> Result<Self, Failure> {
        let open = |folder: &Path| Tape::open(folder).map_err(failed).map(Arc::new);
        let same = flags.record.is_some() && flags.record == flags.replay;
        let replay = match &flags.replay {
            // What is replayed and added to at once may be new.
            Some(folder) if same => Some(Arc::new(Tape::create(folder, true).map_err(failed)?)),
            Some(folder) => Some(open(folder)?),
            None => None,
        };
        let record = match &flags.record {
            Some(_) if same => replay.clone(),
            Some(folder) => Some(Arc::new(Tape::create(folder, go_on).map_err(failed)?)),
            None => None,
        };
        Ok(Self { record, replay })
    }

    /// Whether there is any.
    pub(super) fn is_any(&self) -> bool {
        self.replay.is_some() || self.record.is_some()
    }

    /// Whether no service will be asked.
    pub(in crate::command) fn is_closed(&self) -> bool {
        self.replay.is_some() && self.record.is_none()
    }
}

fn failed(error: TapeError) -> Failure {
    let hint = match &error {
        TapeError::Exists(_) => Some(
            "give another folder, or `--replay` and `--record` the same one to add what is missing",
        ),
        TapeError::NotACassette(_) => Some("a cassette is made with `--record DIR`"),
        TapeError::File { .. } | TapeError::OtherFormat { .. } | TapeError::Content(_) => None,
    };
    let failure = Failure::new(error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
