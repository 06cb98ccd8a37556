//! How many requests a key may make in a minute: objects made and objects read are counted apart.
//! Other requests (updates, deletions, archiving) are not counted, as by the service.

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering},
};

use axum::http::Method;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};

use super::{ApiError, error::ErrorKind};

/// After how many requests keys that were quiet are forgotten.
const SWEEP: u64 = 1_024;

/// Requests of one key in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// How many objects may be made.
    pub creates: NonZeroU32,
    /// How many objects, lists and streams may be read.
    pub reads: NonZeroU32,
}

impl Default for RateLimits {
    /// Those of the service: 300 and 1,200.
    fn default() -> Self {
        Self {
            creates: NonZeroU32::new(300).unwrap_or(NonZeroU32::MAX),
            reads: NonZeroU32::new(1_200).unwrap_or(NonZeroU32::MAX),
        }
    }
}

/// What a request counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    Create,
    Read,
    Nothing,
}

/// Names of lists at the end of a path to which something is added by POST.
const LISTS: [&str; 8] = [
    "agents",
    "dreams",
    "environments",
    "files",
    "memories",
    "memory_stores",
    "resources",
    "sessions",
];

fn counted(method: &Method, path: &str) -> Counted {
    if method == Method::GET || method == Method::HEAD {
        return Counted::Read;
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    if method == Method::POST && LISTS.contains(&last) {
        Counted::Create
    } else {
        Counted::Nothing
    }
}

/// Counts the requests of every key.
pub(super) struct Limiter {
    creates: DefaultKeyedRateLimiter<String>,
    reads: DefaultKeyedRateLimiter<String>,
    requests: AtomicU64,
}

impl Limiter {
    pub(super) fn new(limits: RateLimits) -> Self {
        Self {
            creates: RateLimiter::keyed(Quota::per_minute(limits.creates)),
            reads: RateLimiter::keyed(Quota::per_minute(limits.reads)),
            requests: AtomicU64::new(0),
        }
    }

    /// Lets a request of a key in, or says when it may come again.
    pub(super) fn admit(&self, owner: &str, method: &Method, path: &str) -> Result<(), ApiError> {
        let (limiter, what) = match counted(method, path) {
            Counted::Create => (&self.creates, "objects made"),
            Counted::Read => (&self.reads, "reads"),
            Counted::Nothing => return Ok(()),
        };
        // Any text may be a key, so keys that come once must not stay.
        if self.requests.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.creates.retain_recent();
            self.reads.retain_recent();
        }
        limiter.check_key(&owner.to_owned()).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            let retry_after = wait.as_secs().saturating_add(1);
            ApiError::new(
                ErrorKind::RateLimit { retry_after },
                format!("too many {what} in a minute; try again in {retry_after} s"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_and_what_is_read_are_counted_apart() {
        for (method, path, wanted) in [
            (Method::POST, "/v1/agents", Counted::Create),
            (
                Method::POST,
                "/v1/memory_stores/m/memories",
                Counted::Create,
            ),
            (Method::POST, "/v1/agents/a", Counted::Nothing),
            (Method::POST, "/v1/agents/a/archive", Counted::Nothing),
            (Method::DELETE, "/v1/environments/e", Counted::Nothing),
            (Method::GET, "/v1/agents", Counted::Read),
            (Method::GET, "/v1/sessions/s/events/stream", Counted::Read),
        ] {
            assert_eq!(counted(&method, path), wanted, "{method} {path}");
        }
    }

    #[test]
    fn a_key_that_is_over_its_limit_stands_in_nobody_elses_way() {
        let limiter = Limiter::new(RateLimits {
            creates: NonZeroU32::MIN,
            reads: NonZeroU32::MIN,
        });
        let create = |owner| limiter.admit(owner, &Method::POST, "/v1/agents");
        assert_eq!(create("one"), Ok(()));
        let refused = create("one").expect_err("one a minute");
        let ErrorKind::RateLimit { retry_after } = refused.kind else {
            panic!("{refused:?}");
        };
        assert!((1..=60).contains(&retry_after), "{retry_after}");
        assert_eq!(create("two"), Ok(()));
        assert_eq!(limiter.admit("one", &Method::GET, "/v1/agents"), Ok(()));
        assert_eq!(
            limiter.admit("one", &Method::DELETE, "/v1/agents/a"),
            Ok(())
        );
    }
}
