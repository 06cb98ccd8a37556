//! What the run itself would take: money, time, and which limit would hold it up.

use std::collections::BTreeMap;

use crate::{
    command::{funds::live_cost, run::LIVE_JOBS, staff::Agency},
    plan::{Forecast, Plan},
    report::doctor::{Check, Level, Measured},
    transcript::{Role, Usage},
};

/// What a service would be asked for in the whole run.
#[derive(Debug, Default)]
struct Load {
    requests: u64,
    /// Tokens that count against limits: those from a cache do not.
    input: u64,
    output: u64,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts far below what a double holds, for an estimate"
)]
fn float(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, above 0; a cast saturates"
)]
fn whole(seconds: f64) -> u64 {
    seconds.round() as u64
}

/// What is forecast of a plan, by what was measured of its models.
pub(super) fn course(
    plan: &Plan,
    agency: &Agency<'_>,
    measured: &BTreeMap<String, Measured>,
) -> Vec<Check> {
    let forecast = plan.forecast();
    let cast = plan.experiment.cast();
    let models = cast.models();
    if models.is_empty() {
        return vec![Check::new("forecast", Level::Good, "no model is paid for")];
    }
    let calls: u64 = models
        .iter()
        .filter_map(|(role, _)| forecast.calls.get(role))
        .sum();
    let mut checks = vec![Check::new(
        "forecast",
        Level::Good,
        format!(
            "about ${:.2} for {calls} completions, from the sizes of the texts",
            live_cost(plan, true).dollars()
        ),
    )];
    let seconds = seconds(plan, &models, &forecast.usage, measured);
    checks.push(seconds.map_or_else(
        || {
            Check::new(
                "time",
                Level::Unknown,
                "not every model's speed could be measured",
            )
        },
        |seconds| {
            Check::new(
                "time",
                Level::Good,
                format!(
                    "about {} at these speeds, with `--jobs {LIVE_JOBS}`",
                    super::length(whole(seconds))
                ),
            )
        },
    ));
    checks.push(limits(plan, &forecast, agency, &models, seconds));
    checks
}

/// How long the models write, when as many trials run at a time as usual and as the services allow;
/// `None` where the speed of one is not known.
fn seconds(
    plan: &Plan,
    models: &[(Role, &str)],
    usage: &BTreeMap<Role, Usage>,
    measured: &BTreeMap<String, Measured>,
) -> Option<f64> {
    let trials = plan.trials.len() as u64;
    let mut sum = 0.0;
    for (role, name) in models {
        let Some(used) = usage.get(role) else {
            continue;
        };
        let speed = measured.get(*name)?.tokens_per_second()?;
        let rates = plan.experiment.models.get(*name)?.rates;
        let allowed = rates.concurrency.map_or(u64::MAX, u64::from);
        let at_a_time = u64::from(LIVE_JOBS).min(trials).min(allowed).max(1);
        sum += float(used.output.0) / speed / float(at_a_time);
    }
    Some(sum)
}

/// The limit that takes the run longest.
fn limits(
    plan: &Plan,
    forecast: &Forecast,
    agency: &Agency<'_>,
    models: &[(Role, &str)],
    seconds: Option<f64>,
) -> Check {
    let at = |name: &str| {
        let settings = plan.experiment.models.get(name)?;
        let key = settings.key_variable().to_owned();
        Some((settings, (agency.base_url(settings), key)))
    };
    // Models with the same address and key share their limits.
    let mut loads: BTreeMap<(String, String), Load> = BTreeMap::new();
    for (role, name) in models {
        if let (Some((_, place)), Some(used)) = (at(name), forecast.usage.get(role)) {
            let load = loads.entry(place).or_default();
            load.requests += forecast.calls.get(role).copied().unwrap_or(0);
            load.input += (used.uncached_input + used.cache_write).0;
            load.output += used.output.0;
        }
    }
    let mut tightest: Option<(f64, String)> = None;
    for (_, name) in models {
        let Some((settings, place)) = at(name) else {
            continue;
        };
        let Some(load) = loads.get(&place) else {
            continue;
        };
        let rates = &settings.rates;
        for (limit, rate, amount) in [
            (
                "requests_per_minute",
                rates.requests_per_minute.map(u64::from),
                load.requests,
            ),
            (
                "input_tokens_per_minute",
                rates.input_tokens_per_minute,
                load.input,
            ),
            (
                "output_tokens_per_minute",
                rates.output_tokens_per_minute,
                load.output,
            ),
        ] {
            let Some(rate) = rate.filter(|rate| *rate > 0) else {
                continue;
            };
            let takes = float(amount) / float(rate) * 60.0;
            if tightest.as_ref().is_none_or(|(most, _)| takes > *most) {
                tightest = Some((takes, format!("`{limit}` of `{name}`")));
            }
        }
    }
    let Some((takes, limit)) = tightest else {
        return Check::new(
            "limits",
            Level::Good,
            "none are set under `rates`; where the service has some, it is waited for",
        );
    };
    let length = super::length(whole(takes));
    if seconds.is_some_and(|seconds| takes > seconds) {
        Check::new(
            "limits",
            Level::Doubtful,
            format!("{limit} holds the run up: it alone takes {length}"),
        )
        .hint(Some("raise it if the service allows more, or run less"))
    } else {
        Check::new(
            "limits",
            Level::Good,
            format!("the tightest is {limit}, at {length} for the run"),
        )
    }
}
