//! A dream that is watched, until it has ended or is not worth waiting for.

use std::time::Duration;

use serde_json::Value;

use super::{Dream, DreamWish};
use crate::{
    http::CallErrorKind,
    platform::{Account, DreamUsage, PlatformError},
};

/// The first wait between two looks at a dream; each further one is half as long again.
pub(super) const FIRST_WAIT: Duration = Duration::from_millis(100);

/// A dream as it was seen last, and why it is not watched any longer, unless it has ended.
pub(super) struct Watched {
    pub(super) last: Option<(Dream, Value)>,
    pub(super) given_up: Option<PlatformError>,
}

impl Account {
    /// Looks at a dream until it has ended, costs too much, or takes too long. That it cannot be looked at
    /// for a while is no reason to lose hours of work.
    pub(super) async fn watch(
        &self,
        id: &str,
        wish: &DreamWish<'_>,
        affordable: &(impl Fn(&DreamUsage) -> bool + Send + Sync),
    ) -> Watched {
        let began = tokio::time::Instant::now();
        let mut wait = FIRST_WAIT.min(wish.longest_wait);
        let mut last = None;
        let given_up = loop {
            let seen = self.client.dream(id).await;
            let is_late = began.elapsed() >= wish.limit;
            match seen {
                Ok((dream, object)) => {
                    let has_ended =
                        matches!(dream.status.as_str(), "completed" | "failed" | "canceled");
                    let is_dear = !affordable(&dream.usage);
                    last = Some((dream, object));
                    if has_ended {
                        break None;
                    }
                    if is_dear {
                        break Some(canceled(id, "it would cost more than it may"));
                    }
                }
                Err(error) if is_late || !is_fleeting(&error) => break Some(error),
                Err(_) => {}
            }
            if is_late {
                break Some(canceled(id, "it takes longer than it may"));
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 3 / 2).min(wish.longest_wait);
        };
        Watched { last, given_up }
    }
}

fn canceled(id: &str, why: &str) -> PlatformError {
    PlatformError::Unmet(format!("dream `{id}` was canceled: {why}"))
}

/// Whether the next look may go better.
fn is_fleeting(error: &PlatformError) -> bool {
    match error {
        PlatformError::Call(error) => {
            matches!(
                error.kind,
                CallErrorKind::Exhausted | CallErrorKind::Unsettled
            )
        }
        PlatformError::Content { .. } => true,
        PlatformError::Unmet(_) => false,
    }
}
