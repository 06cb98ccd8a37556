//! `dreamtrial serve`: the local server, from its start until somebody stops it.

use std::{sync::Arc, time::Duration};

use super::{Environment, Exit, Failure, print, tell};
use crate::{
    cli::{FaultArguments, ServeArguments},
    experiment::{self, Limits, Reference},
    quantity::{Milliseconds, Seed},
    serve::{Faults, Keys, Location, RateLimits, Server, Settings},
    source::Problems,
};

/// How long work that cannot be called off may take after the server has stopped.
const LAST_WORK: Duration = Duration::from_secs(5);

pub(super) fn serve(
    arguments: &ServeArguments,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let keys = keys(arguments)?;
    let Some((limits, reference)) = habits(arguments) else {
        return Ok(Exit::Invalid);
    };
    let database: Location = arguments
        .database
        .parse()
        .map_err(|error| Failure::usage(format!("`--database`: {error}")))?;
    let settings = Settings {
        address: arguments.address,
        database,
        keys,
        rate_limits: (!arguments.no_rate_limits).then(RateLimits::default),
        faults: faults(&arguments.faults)?,
        limits,
        reference,
        dream_duration: Duration::from_secs(arguments.dream_seconds),
        clock: Arc::clone(&environment.clock),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::new)?;
    let served = runtime.block_on(async {
        // Watched before anybody knows the address: whoever starts the server may stop it at once.
        let stopped = stopped()?;
        let server = Server::bind(settings).await.map_err(Failure::new)?;
        let address = server.address();
        if !address.ip().is_loopback() {
            tell(&format!(
                "warning: `{address}` can be reached from other machines, and the server speaks no TLS\n"
            ));
        }
        print(&format!("http://{address}\n"))?;
        server.serve(stopped).await.map_err(Failure::new)
    });
    // Work on the database that is under way is finished first, unless it takes for ever.
    runtime.shutdown_timeout(LAST_WORK);
    served.map(|()| Exit::Done)
}

/// Done when the process is told to stop.
fn stopped() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    #[cfg(unix)]
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .map_err(Failure::new)?;
    #[cfg(unix)]
    let mut interrupted = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
        .map_err(Failure::new)?;
    #[cfg(windows)]
    let (mut terminated, mut interrupted) = (
        tokio::signal::windows::ctrl_close().map_err(Failure::new)?,
        tokio::signal::windows::ctrl_c().map_err(Failure::new)?,
    );
    Ok(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    })
}

/// Who is let in.
fn keys(arguments: &ServeArguments) -> Result<Keys, Failure> {
    let Some(file) = &arguments.keys else {
        return Ok(Keys::Any);
    };
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("cannot read `{}`: {error}", file.display())))?;
    let keys = Keys::read(&text);
    if keys.is_empty() {
        return Err(Failure::usage(format!("`{}` has no keys", file.display()))
            .hint("write one key on a line, or leave out `--keys` to let any key in"));
    }
    Ok(keys)
}

/// What the embedded agent is; `None` after the problems of the experiment were told.
fn habits(arguments: &ServeArguments) -> Option<(Limits, Reference)> {
    let Some(file) = &arguments.experiment else {
        return Some((Limits::default(), Reference::default()));
    };
    let mut problems = Problems::default();
    let Some(experiment) = experiment::load(file, &mut problems) else {
        tell(&problems.render(true));
        return None;
    };
    Some((experiment.limits, experiment.reference))
}

fn faults(arguments: &FaultArguments) -> Result<Faults, Failure> {
    for (name, share) in [
        ("--fault-rate-limited", arguments.fault_rate_limited),
        ("--fault-overloaded", arguments.fault_overloaded),
        ("--fault-dropped-streams", arguments.fault_dropped_streams),
        ("--fault-failing-dreams", arguments.fault_failing_dreams),
        ("--fault-endless-dreams", arguments.fault_endless_dreams),
    ] {
        if !(0.0..=1.0).contains(&share) {
            return Err(Failure::usage(format!(
                "`{name} {share}` is no share: use a number from 0 to 1"
            )));
        }
    }
    Ok(Faults {
        seed: Seed(arguments.seed),
        delay: Milliseconds(arguments.fault_delay),
        rate_limited: arguments.fault_rate_limited,
        overloaded: arguments.fault_overloaded,
        dropped_streams: arguments.fault_dropped_streams,
        failing_dreams: arguments.fault_failing_dreams,
        endless_dreams: arguments.fault_endless_dreams,
    })
}
