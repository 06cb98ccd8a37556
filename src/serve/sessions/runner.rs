//! Who plays the sessions that run: a task for each, never two for one.
//!
//! What always holds: a session that is running on disk is played by a task, or will be when the server
//! starts again; the database is free while the agent works; a database that fails for a while ends no
//! session.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::task::JoinSet;

use super::{history::Writer, listeners::News, past::Past, turn::Taken};
use crate::{
    serve::{
        ApiError, ErrorKind, Shared,
        play::{self, Next},
    },
    transcript::Failure,
};

/// After how long a database that fails is tried again: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

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
    let runs = match try_turn(shared, session).await {
        Ok(runs) => runs,
        // The server stops. The session is played again at the next start.
        Err(error) if error.kind == ErrorKind::Database => false,
        // If even this cannot be kept, the session is played again at the next start.
        Err(error) => end(shared, session, error.message).await.unwrap_or(false),
    };
    shared.listeners.tell(session, News::History);
    runs
}

async fn try_turn(shared: &Arc<Shared>, session: i64) -> Result<bool, ApiError> {
    let settings = shared.play;
    let taken = persistently(shared, move |writer| writer.take(session, &settings)).await?;
    shared.listeners.tell(session, News::History);
    match taken {
        Taken::Nothing => Ok(false),
        Taken::Settled(runs) => Ok(runs),
        Taken::Play(past) => {
            let program = past.program.clone();
            match next(past).await {
                Ok(next) => {
                    let next = Arc::new(next);
                    persistently(shared, move |writer| writer.append_next(session, &next)).await
                }
                Err(failure) => end(shared, session, Past::failure(&program, &failure)).await,
            }
        }
    }
}

/// Breaks a session off, which runs no more then.
async fn end(shared: &Arc<Shared>, session: i64, why: String) -> Result<bool, ApiError> {
    persistently(shared, move |writer| writer.break_off(session, &why)).await?;
    Ok(false)
}

/// What comes next, worked out where it stands in nobody's way.
async fn next(past: Box<Past>) -> Result<Next, Failure> {
    let done = tokio::task::spawn_blocking(move || play::next(&past.setting, &past.history));
    done.await
        .unwrap_or_else(|_| Err(Failure::Internal("the embedded agent broke off".to_owned())))
}

/// Does what nobody waits for in a transaction, and does it again after a growing pause for as long as
/// the database fails. The error is the database's only if the server stops.
pub(in crate::serve) async fn persistently<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl Fn(&Writer<'_>) -> Result<T, ApiError> + Clone + Send + 'static,
) -> Result<T, ApiError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match written(shared, work.clone()).await {
            Err(error) if error.kind == ErrorKind::Database => {
                let mut stopping = shared.stopping.subscribe();
                // Stopped, or not stopped within the pause.
                let stopped = tokio::time::timeout(pause, stopping.wait_for(|stops| *stops)).await;
                if stopped.is_ok() {
                    return Err(error);
                }
                pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            }
            done => return done,
        }
    }
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
