//! The making of dreams, each by a task of its own, away from the requests.
//!
//! What always holds: one task at a time makes a dream; every step is kept before the next begins, and
//! finds out first whether somebody ended the dream meanwhile, so that what is killed is made again from
//! the same input, into the same store.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};

use super::{
    changes::{Change, changes},
    shapes::{Dream, Reason},
    steps::{Material, begin, read, write},
    table::{self, Ending},
};
use crate::{
    dream::Dream as Dreamt,
    serve::{
        ApiError, ErrorKind, Shared,
        fault::DreamFault,
        play::{self, PastSession},
        sessions::{Writer, persistently, show_pipeline},
    },
};

/// How many memories are changed in one step.
const STEP: usize = 50;

/// How many dreams are thought out at once; the others wait.
const AT_ONCE: usize = 2;

/// The dreams that are being made.
pub(in crate::serve) struct Dreams {
    tasks: Mutex<JoinSet<()>>,
    /// Told when a dream may have ended; true once no more may be begun.
    woken: watch::Sender<bool>,
    thinking: Semaphore,
    /// How long a dream runs at least.
    duration: Duration,
}

impl Dreams {
    pub(in crate::serve) fn new(duration: Duration) -> Self {
        Self {
            tasks: Mutex::default(),
            woken: watch::Sender::new(false),
            thinking: Semaphore::new(AT_ONCE),
            duration,
        }
    }

    /// Makes dreams look whether they have ended.
    pub(in crate::serve) fn wake(&self) {
        self.woken.send_modify(|_| {});
    }

    /// Begins to make a dream that was kept.
    pub(super) fn start(&self, shared: &Arc<Shared>, dream: String) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        let shared = Arc::clone(shared);
        tasks.spawn(async move { run(&shared, &dream).await });
    }

    /// Ends the tasks after the step that they are at, and not the dreams: they go on at the next start.
    pub(in crate::serve) async fn stop(&self) {
        self.woken.send_replace(true);
        let mut tasks =
            std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while tasks.join_next().await.is_some() {}
    }
}

/// Takes up the dreams that had not ended when the server was stopped.
pub(in crate::serve) async fn resume(shared: &Arc<Shared>) -> Result<(), ApiError> {
    for dream in shared.database.run(table::all_open).await? {
        shared.dreams.start(shared, dream);
    }
    Ok(())
}

/// Why a dream is made no further.
enum Halt {
    /// Somebody ended it, or the server stops.
    Ended,
    /// It failed.
    Failed(String),
}

impl From<ApiError> for Halt {
    fn from(error: ApiError) -> Self {
        if error.kind == ErrorKind::Database {
            // It was tried until the server stops.
            Self::Ended
        } else {
            Self::Failed(error.message)
        }
    }
}

async fn run(shared: &Arc<Shared>, id: &str) {
    let woken = shared.dreams.woken.subscribe();
    let ending = match make(shared, id, woken).await {
        Ok(()) => Some(Ending::Completed),
        Err(Halt::Failed(message)) => Some(Ending::Failed(Reason::Internal, message)),
        Err(Halt::Ended) => None,
    };
    if let Some(ending) = ending {
        let kept = step(shared, id, move |writer, dream| {
            table::end(writer, dream, &ending)
        });
        // An ending that cannot be kept before the server stops is found again at the next start.
        let _ = kept.await;
    }
    // Whoever ended it, those who watch are told here. They look again by themselves if this fails.
    let _ = show(shared, id).await;
}

/// Wakes those who watch the session of a dream.
async fn show(shared: &Arc<Shared>, id: &str) -> Result<(), ApiError> {
    let id = id.to_owned();
    let found = shared
        .database
        .run(move |transaction| table::session(transaction, &id));
    match found.await? {
        Some((owner, session)) => show_pipeline(shared, owner, session).await,
        None => Ok(()),
    }
}

/// Makes a dream up to its last change.
async fn make(
    shared: &Arc<Shared>,
    id: &str,
    mut woken: watch::Receiver<bool>,
) -> Result<(), Halt> {
    let play = shared.play;
    let number = step(shared, id, begin).await?;
    let material = step(shared, id, move |writer, dream| read(writer, dream, &play)).await?;
    let before = material.store.clone();
    let dreamt = think(shared, material, &woken).await?;
    let (usage, active) = (dreamt.usage, dreamt.active);
    step(shared, id, move |writer, dream| {
        table::book(writer.transaction, dream, usage, active)
    })
    .await?;

    let changes = changes(&before, &dreamt.store);
    let mut steps: Vec<Arc<[Change]>> = changes.chunks(STEP).map(Arc::from).collect();
    if steps.is_empty() {
        // A dream that changes nothing takes its time too.
        steps.push(Arc::default());
    }
    let pause = shared.dreams.duration / u32::try_from(steps.len()).unwrap_or(u32::MAX);
    let fault = shared.faults.dream(number);
    for changes in steps {
        if *woken.borrow() {
            return Err(Halt::Ended);
        }
        step(shared, id, move |writer, dream| {
            write(writer, dream, &changes)
        })
        .await?;
        match fault {
            Some(DreamFault::Endless) => wait(shared, id, &mut woken, None).await?,
            Some(DreamFault::Failing) => {
                return Err(Halt::Failed("a fault on demand".to_owned()));
            }
            None if !pause.is_zero() => wait(shared, id, &mut woken, Some(pause)).await?,
            None => {}
        }
    }
    Ok(())
}

/// Does one step of a dream that has not ended, in a transaction, as often as the database fails.
async fn step<T: Send + 'static>(
    shared: &Arc<Shared>,
    id: &str,
    work: impl Fn(&Writer<'_>, &Dream) -> Result<T, ApiError> + Clone + Send + 'static,
) -> Result<T, Halt> {
    let id = id.to_owned();
    let done = persistently(shared, move |writer| {
        let Some(dream) = table::open(writer.transaction, &id)? else {
            return Ok(None);
        };
        work(writer, &dream).map(Some)
    });
    done.await?.ok_or(Halt::Ended)
}

/// Thinks a dream out.
async fn think(
    shared: &Arc<Shared>,
    material: Material,
    woken: &watch::Receiver<bool>,
) -> Result<Dreamt, Halt> {
    // Nobody closes it.
    let permit = shared.dreams.thinking.acquire().await;
    if *woken.borrow() {
        return Err(Halt::Ended);
    }
    let habits = shared.play.habits;
    let thinking = tokio::task::spawn_blocking(move || {
        let sessions: Vec<PastSession<'_>> = material
            .sessions
            .iter()
            .map(|past| PastSession {
                number: past.number,
                setting: &past.setting,
                history: &past.history,
            })
            .collect();
        play::dream(
            &material.store,
            &sessions,
            material.instructions.as_deref(),
            material.today,
            habits,
        )
    });
    let dreamt = thinking.await;
    drop(permit);
    match dreamt {
        Ok(Ok(dreamt)) => Ok(dreamt),
        Ok(Err(failure)) => Err(Halt::Failed(failure.to_string())),
        Err(broken) => Err(Halt::Failed(format!("the dreamer broke off: {broken}"))),
    }
}

/// Waits, for ever if no time is given, until the dream is ended or the server stops.
async fn wait(
    shared: &Arc<Shared>,
    id: &str,
    woken: &mut watch::Receiver<bool>,
    pause: Option<Duration>,
) -> Result<(), Halt> {
    let over = async {
        match pause {
            Some(pause) => tokio::time::sleep(pause).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => return Ok(()),
            changed = woken.changed() => {
                if changed.is_err() || *woken.borrow_and_update() {
                    return Err(Halt::Ended);
                }
                step(shared, id, |_, _| Ok(())).await?;
            }
        }
    }
}
