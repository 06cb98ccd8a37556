//! A session's history as a dreamer reads it.

use std::sync::Arc;

use super::{Event, Setting, replay};
use crate::transcript::{Failure, Transcript};

/// The transcript of a session, as a run without a service would have recorded it. `None` where nobody
/// ever brought a task, and so there is nothing that the embedded dreamer could read.
pub fn transcript(
    setting: &Setting,
    session: u32,
    history: &[Event],
) -> Result<Option<Transcript>, Failure> {
    let replayed = replay::replay(setting, history)?;
    Ok(replayed.brief.map(|brief| Transcript {
        session,
        brief: Arc::new(brief),
        entries: replayed.entries,
    }))
}
