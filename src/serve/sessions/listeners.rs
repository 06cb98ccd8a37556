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

use super::history::Stored;

/// What is new of a session.
#[derive(Debug, Clone, Default)]
pub(super) enum News {
    /// Perhaps something: look into its history.
    #[default]
    History,
    /// It was deleted.
    Deleted(Arc<Rest>),
}

/// What streams of a deleted session have still to show.
#[derive(Debug)]
pub(super) struct Rest {
    /// The events that somebody had not read, in order.
    pub(super) unread: Vec<Stored>,
    /// The last event.
    pub(super) deleted: Value,
}

/// Those who listen to a session.
#[derive(Debug)]
struct Audience {
    news: watch::Sender<News>,
    /// Up to which place each has read, by its number.
    places: BTreeMap<u64, i64>,
}

#[derive(Debug, Default)]
struct State {
    /// Those who listen, by the number of the session.
    audiences: BTreeMap<i64, Audience>,
    /// How many have listened so far.
    count: u64,
}

/// Those who listen, to all sessions.
#[derive(Debug, Clone, Default)]
pub(in crate::serve) struct Listeners(Arc<Mutex<State>>);

/// One who listens, until this is dropped.
pub(super) struct Listener {
    session: i64,
    number: u64,
    all: Listeners,
    /// Changes with every piece of news.
    pub(super) news: watch::Receiver<News>,
}

impl Listeners {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens from now on, after having read up to a place.
    pub(super) fn listen(&self, session: i64, place: i64) -> Listener {
        let mut state = self.lock();
        state.count += 1;
        let number = state.count;
        let audience = state.audiences.entry(session).or_insert_with(|| Audience {
            news: watch::Sender::new(News::default()),
            places: BTreeMap::new(),
        });
        audience.places.insert(number, place);
        Listener {
            session,
            number,
            all: self.clone(),
            news: audience.news.subscribe(),
        }
    }

    /// Up to which place everybody has read who listens to a session; `None` if nobody does.
    pub(super) fn read_by_all(&self, session: i64) -> Option<i64> {
        let state = self.lock();
        state
            .audiences
            .get(&session)?
            .places
            .values()
            .min()
            .copied()
    }

    /// Wakes who listens to a session.
    pub(super) fn tell(&self, session: i64, news: News) {
        if let Some(audience) = self.lock().audiences.get(&session) {
            audience.news.send_replace(news);
        }
    }
}

impl Listener {
    /// Notes up to which place this one has read.
    pub(super) fn has_read(&self, place: i64) {
        let mut state = self.all.lock();
        if let Some(audience) = state.audiences.get_mut(&self.session) {
            audience.places.insert(self.number, place);
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut state = self.all.lock();
        if let Some(audience) = state.audiences.get_mut(&self.session) {
            audience.places.remove(&self.number);
            if audience.places.is_empty() {
                state.audiences.remove(&self.session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_that_nobody_listens_to_are_forgotten() {
        let listeners = Listeners::default();
        let (one, two) = (listeners.listen(1, 4), listeners.listen(1, 5));
        let other = listeners.listen(2, 0);
        listeners.tell(1, News::History);
        listeners.tell(3, News::History);
        let woken = [&one, &two, &other]
            .map(|listener| listener.news.has_changed().expect("somebody may tell"));
        assert_eq!(woken, [true, true, false]);
        let read = || [1, 2, 3].map(|session| listeners.read_by_all(session));
        assert_eq!(read(), [Some(4), Some(0), None]);
        one.has_read(7);
        assert_eq!(read(), [Some(5), Some(0), None]);
        drop(two);
        assert_eq!(read(), [Some(7), Some(0), None]);
        drop(one);
        assert_eq!(read(), [None, Some(0), None]);
        drop(other);
        assert!(listeners.lock().audiences.is_empty());
    }
}
