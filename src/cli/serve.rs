//! What the local server is given.

use std::{net::SocketAddr, path::PathBuf};

/// Arguments of `dreamtrial serve`.
#[derive(Debug, clap::Args)]
pub struct ServeArguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    pub address: SocketAddr,
    /// Where objects are kept, which is made if it is not there; `:memory:` keeps them until the end
    #[arg(long, value_name = "FILE", default_value = "dreamtrial.db")]
    pub database: String,
    /// Let in only the keys of this file, one on a line [default: any key, each with its own objects]
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// Do not hold keys to 300 creations and 1,200 reads a minute
    #[arg(long)]
    pub no_rate_limits: bool,
    /// Take the limits and habits of the embedded agent from this experiment [default: those of an
    /// experiment that says nothing of them]
    #[arg(long, value_name = "FILE")]
    pub experiment: Option<PathBuf>,
    /// Let every dream run for so many seconds at least, so that one can be watched
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=86_400))]
    pub dream_seconds: u64,
    /// Faults on demand
    #[command(flatten)]
    pub faults: FaultArguments,
}

/// Faults on demand.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Faults on demand")]
pub struct FaultArguments {
    /// Seed of the faults
    #[arg(long, value_name = "NUMBER", default_value_t = 20_260_101)]
    pub seed: u64,
    /// Hold answers back by up to so many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=600_000))]
    pub fault_delay: u64,
    /// Share of requests that are answered with 429
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub fault_rate_limited: f64,
    /// Share of requests that are answered with 529
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub fault_overloaded: f64,
    /// Share of event streams that are cut after a few events
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub fault_dropped_streams: f64,
    /// Share of dreams that fail once they have begun to write
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub fault_failing_dreams: f64,
    /// Share of the other dreams that run until they are canceled
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub fault_endless_dreams: f64,
}
