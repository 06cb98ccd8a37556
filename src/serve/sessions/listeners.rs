//! Who waits for news of which session.
//!
//! What always holds: whoever listened before something was kept is woken after it; a session that
//! nobody listens to takes no memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use tokio::sync::watch;

/// What is new of a session.
#[derive(Debug, Clone, Default)]
pub(super) enum News {
    /// Perhaps something: look into its history.
    #[default]
    History,
    /// It was deleted; the last event of its streams.
    Deleted(Arc<Value>),
}

/// Those who listen, by the number of the session.
#[derive(Debug, Clone, Default)]
pub(in crate::serve) struct Listeners(Arc<Mutex<BTreeMap<i64, watch::Sender<News>>>>);

/// One who listens, until this is dropped.
pub(super) struct Listener {
    session: i64,
    all: Listeners,
    /// Changes with every piece of news.
    pub(super) news: watch::Receiver<News>,
}

impl Listeners {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<i64, watch::Sender<News>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens from now on.
    pub(super) fn listen(&self, session: i64) -> Listener {
        let news = self
            .lock()
            .entry(session)
            .or_insert_with(|| watch::Sender::new(News::default()))
            .subscribe();
        Listener {
            session,
            all: self.clone(),
            news,
        }
    }

    /// Wakes who listens to a session.
    pub(super) fn tell(&self, session: i64, news: News) {
        if let Some(sender) = self.lock().get(&session) {
            sender.send_replace(news);
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        // The last one is this one, which still counts.
        if all
            .get(&self.session)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            all.remove(&self.session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_that_nobody_listens_to_are_forgotten() {
        let listeners = Listeners::default();
        let (one, two) = (listeners.listen(1), listeners.listen(1));
        let other = listeners.listen(2);
        listeners.tell(1, News::History);
        listeners.tell(3, News::History);
        let woken = [&one, &two, &other]
            .map(|listener| listener.news.has_changed().expect("somebody may tell"));
        assert_eq!(woken, [true, true, false]);
        drop(one);
        assert_eq!(listeners.lock().keys().collect::<Vec<_>>(), [&1, &2]);
        drop(two);
        assert_eq!(listeners.lock().keys().collect::<Vec<_>>(), [&2]);
        drop(other);
        assert!(listeners.lock().is_empty());
    }
}
