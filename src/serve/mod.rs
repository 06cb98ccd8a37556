//! A local server that speaks the Claude Managed Agents API over an `SQLite` database, so that programs
//! can be developed and tested with no key and at no cost.
//!
//! It is no sandbox and no model. It keeps agents, environments, memory stores and sessions and makes
//! dreams; [`play`] is what the embedded parts do in them. What always holds: an object belongs to the key
//! that made it, and no other key can tell that it exists; whatever was answered survives the end of the
//! process, however it comes (that of the machine only once the database has been flushed, which is not
//! waited for); every error has the envelope of the API.
//!
//! A request passes `front` first, then the routes of its family. Each family is a module with its
//! routes, its shapes and its statements.

mod agents;
mod body;
mod database;
mod dreams;
mod environments;
mod error;
mod fault;
mod files;
mod front;
mod identifier;
mod limit;
mod listing;
mod memories;
mod memory_stores;
mod page;
mod patch;
mod path;
pub mod play;
mod query;
mod sessions;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use axum::{Router, middleware};
use jiff::Timestamp;
use thiserror::Error;
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
};

use crate::{
    experiment::{Limits, Reference},
    price::PriceList,
    quantity::{Clock, SystemClock},
};

pub use database::{Database, DatabaseError, Location, NoLocation};
pub use error::{ApiError, ErrorKind};
pub use fault::{DreamFault, Faults};
pub use front::{Keys, ORGANIZATION};
pub use limit::RateLimits;
pub use memories::{Actor, Memory, Place};
pub use memory_stores::MemoryStore;

use dreams::Dreams;
use limit::Limiter;
use sessions::{Listeners, PlaySettings, Runners};

/// How long requests in flight may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// What a server is started with.
#[derive(Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// Where its objects are kept.
    pub database: Location,
    /// Who is let in.
    pub keys: Keys,
    /// How many requests a key may make; absent: any number.
    pub rate_limits: Option<RateLimits>,
    /// Faults on demand.
    pub faults: Faults,
    /// The limits of the embedded agent, for sessions that begin from now on.
    pub limits: Limits,
    /// The speeds and habits of the embedded agent, for sessions that begin from now on.
    pub reference: Reference,
    /// How long a dream runs at least, so that clients can watch one.
    pub dream_duration: Duration,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

impl Default for Settings {
    /// A server for one test: a free port on this machine, a database in memory, no rate limits.
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            database: Location::Memory,
            keys: Keys::Any,
            rate_limits: None,
            faults: Faults::default(),
            limits: Limits::default(),
            reference: Reference::default(),
            dream_duration: Duration::ZERO,
            clock: Arc::new(SystemClock),
        }
    }
}

/// Why a server cannot be started or go on.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address is taken, or is none of this machine.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The sessions that were running when a server ended cannot be found.
    #[error("cannot read the sessions of the database")]
    Sessions(#[source] ApiError),
    /// The dreams that had not ended when a server ended cannot be found.
    #[error("cannot read the dreams of the database")]
    Dreams(#[source] ApiError),
    /// Connections can no longer be taken.
    #[error("the server stopped")]
    Stopped(#[source] io::Error),
}

/// What all requests share.
struct Shared {
    database: Database,
    clock: Arc<dyn Clock>,
    keys: Keys,
    limiter: Option<Limiter>,
    faults: Faults,
    dreams: Dreams,
    /// Requests since the start, which faults are drawn by.
    requests: AtomicU64,
    /// Streams since the start, which faults are drawn by.
    streams: AtomicU64,
    /// What the embedded agent of new sessions is.
    play: PlaySettings,
    prices: Arc<PriceList>,
    listeners: Listeners,
    runners: Runners,
    /// Whether the server stops, which ends streams.
    stopping: watch::Sender<bool>,
}

impl Shared {
    /// What a server with these settings shares.
    fn open(settings: Settings) -> Result<Self, DatabaseError> {
        Ok(Self {
            play: PlaySettings::from(&settings),
            database: Database::open(&settings.database)?,
            clock: settings.clock,
            keys: settings.keys,
            limiter: settings.rate_limits.map(Limiter::new),
            faults: settings.faults,
            dreams: Dreams::new(settings.dream_duration),
            requests: AtomicU64::new(0),
            streams: AtomicU64::new(0),
            prices: Arc::new(PriceList::embedded()),
            listeners: Listeners::default(),
            runners: Runners::default(),
            stopping: watch::Sender::new(false),
        })
    }

    /// A new id with this prefix.
    fn id(&self, prefix: &str) -> String {
        self.database.ids().next(prefix)
    }

    /// The time now, in whole microseconds: as much as the database keeps.
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

/// A server that has its address and its database, and does not answer yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Sessions that were running when the server before this one ended.
    interrupted: Vec<i64>,
}

impl Server {
    /// Opens the database and the address. Connections that come before [`Server::serve`] wait.
    pub async fn bind(settings: Settings) -> Result<Self, ServeError> {
        let asked = settings.address;
        let shared = Arc::new(Shared::open(settings)?);
        let interrupted = shared.database.run(sessions::running).await;
        let failed = |source| ServeError::Listen {
            address: asked,
            source,
        };
        let listener = TcpListener::bind(asked).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            address,
            shared,
            interrupted: interrupted.map_err(ServeError::Sessions)?,
        })
    }

    /// The address, with its port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers, and plays the sessions that run, until `shutdown` is done. Streams end then; requests,
    /// turns and steps of dreams under way have five seconds to end.
    pub async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let shared = self.shared;
        for session in self.interrupted {
            sessions::wake(&shared, session);
        }
        let (told, stopping) = oneshot::channel::<()>();
        dreams::resume(&shared).await.map_err(ServeError::Dreams)?;
        let stopped = Arc::clone(&shared);
        let serving = axum::serve(self.listener, router(Arc::clone(&shared)))
            .with_graceful_shutdown(async move {
                shutdown.await;
                stopped.stopping.send_replace(true);
                stopped.runners.stop();
                // Nobody listens only if the server has ended already.
                let _ = told.send(());
            });
        let served = async {
            let ended = serving.await.map_err(ServeError::Stopped);
            shared.stopping.send_replace(true);
            shared.runners.stop();
            shared.runners.ended().await;
            shared.dreams.stop().await;
            ended
        };
        let out_of_time = async {
            if stopping.await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            ended = served => ended,
            () = out_of_time => Ok(()),
        }
    }
}

/// All routes, behind what every request passes.
fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .merge(agents::routes())
        .merge(environments::routes())
        .merge(memory_stores::routes())
        .merge(memories::routes())
        .merge(sessions::routes())
        .merge(dreams::routes())
        .merge(files::routes())
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&shared),
            front::front,
        ))
        .with_state(shared)
}

async fn no_such_path(uri: axum::http::Uri) -> ApiError {
    ApiError::new(
        ErrorKind::NotFound,
        format!("`{}` does not exist", uri.path()),
    )
}

async fn no_such_method(method: axum::http::Method, uri: axum::http::Uri) -> ApiError {
    ApiError::new(
        ErrorKind::Method,
        format!("`{}` does not take `{method}`", uri.path()),
    )
}
