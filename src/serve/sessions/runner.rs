//! Who plays the sessions that run: a task for each, never two for one.
//!
//! What always holds: a session that is running on disk is played by a task, or will be when the server
//! starts again; the database is free while the agent works.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::task::JoinSet;

use super::{history::Writer, listeners::News, past::Past, turn::Taken};
use crate::{
    serve::{
        ApiError, Shared,
        play::{self, Next},
    },
    transcript::Failure,
};

#[derive(Debug, Default)]
struct State {
    /// The sessions that are played, and whether one was woken meanwhile.
    woken: BTreeMap<i64, bool>,
    tasks: JoinSet<()>,
    /// Whether the server stops, so that nothing is begun any more.
    stops: bool,
}

/// The tasks that play sessions.
#[derive(Debug, Default)]
pub(in crate::serve) struct Runners(Mutex<State>);

impl Runners {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins nothing any more. What was begun ends with the turn under way.
    pub(in crate::serve) fn stop(&self) {
        self.lock().stops = true;
    }

    /// Waits until the turns under way have ended.
    pub(in crate::serve) async fn ended(&self) {
        let mut tasks = std::mem::take(&mut self.lock().tasks);
        while tasks.join_next().await.is_some() {}
    }

    fn stops(&self) -> bool {
        self.lock().stops
    }

    /// Lets a task go, unless its session was woken meanwhile.
    fn let_go(&self, session: i64) -> bool {
        let mut state = self.lock();
        if let Some(woken) = state.woken.get_mut(&session)
            && std::mem::take(woken)
        {
            return false;
        }
        state.woken.remove(&session);
        true
    }
}

/// Plays a session until it is idle. To be called after whatever set it running is kept.
pub(in crate::serve) fn wake(shared: &Arc<Shared>, session: i64) {
    let mut state = shared.runners.lock();
    if state.stops {
        return;
    }
    // Tasks that have ended are taken out as others come.
    while state.tasks.try_join_next().is_some() {}
    if let Some(woken) = state.woken.get_mut(&session) {
        *woken = true;
    } else {
        state.woken.insert(session, false);
        state.tasks.spawn(play(Arc::clone(shared), session));
    }
}

async fn play(shared: Arc<Shared>, session: i64) {
    loop {
        while !shared.runners.stops() && turn(&shared, session).await {}
        if shared.runners.let_go(session) {
            return;
        }
    }
}

/// Plays one turn; whether the session still runs.
async fn turn(shared: &Arc<Shared>, session: i64) -> bool {
    let played = try_turn(shared, session).await;
    let runs = match played {
        Ok(runs) => runs,
        Err(error) => {
            let why = error.message;
            // If even this cannot be kept, the session is played again at the next start.
            let _ = written(shared, move |writer| writer.break_off(session, &why)).await;
            false
        }
    };
    shared.listeners.tell(session, News::History);
    runs
}

async fn try_turn(shared: &Arc<Shared>, session: i64) -> Result<bool, ApiError> {
    let settings = shared.play;
    let taken = written(shared, move |writer| writer.take(session, &settings)).await?;
    shared.listeners.tell(session, News::History);
    match taken {
        Taken::Nothing => Ok(false),
        Taken::Settled(runs) => Ok(runs),
        Taken::Play(past) => match next(past).await {
            Ok(next) => written(shared, move |writer| writer.append_next(session, next)).await,
            Err(failure) => {
                let why = failure.to_string();
                written(shared, move |writer| writer.break_off(session, &why)).await?;
                Ok(false)
            }
        },
    }
}

/// What comes next, worked out where it stands in nobody's way.
async fn next(past: Box<Past>) -> Result<Next, Failure> {
    let done = tokio::task::spawn_blocking(move || play::next(&past.setting, &past.history));
    done.await
        .unwrap_or_else(|_| Err(Failure::Internal("the embedded agent broke off".to_owned())))
}

/// Writes to the history in a transaction.
pub(in crate::serve) async fn written<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Writer<'_>) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let writing = Arc::clone(shared);
    let done = shared.database.run(move |transaction| {
        work(&Writer {
            transaction,
            database: &writing.database,
            prices: &writing.prices,
            now: writing.now(),
        })
    });
    done.await
}
