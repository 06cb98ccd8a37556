//! Whether dreams pay: in sessions saved, or in what an additional completed task costs.

use super::{WhatIf, price::Cadence};
use crate::{
    analyse::{AnalyseError, Estimate, Measured, sums::Roles},
    stats::{
        Arm, Interval, Level, Paired, Scale, StatsError, StreamSums,
        break_even::{one_off, one_off_interval, periodic},
        difference::{Difference, difference},
        ratio::Fieller,
        ratio_of_differences::ratio_of_differences,
    },
};

/// What the dreams of an arm buy, against another arm. Money is in dollars.
#[derive(Debug, Clone, PartialEq)]
pub struct Pays {
    /// The arm compared with.
    pub base: usize,
    /// The arm with dreams.
    pub treat: usize,
    /// How many scenarios both have whole.
    pub scenarios: usize,
    /// Scenarios left out because the arms have not the same sessions there.
    pub left_out: usize,
    /// The cost of one dream.
    pub per_dream: f64,
    /// Sessions from one dream to the next, as assumed or as run.
    pub every: f64,
    /// What a session of the base costs more than one of the arm without its dreams.
    pub saving: Estimate,
    /// Sessions after which one dream has paid for itself; infinite if it never does.
    pub one_off: Option<f64>,
    /// Its limits.
    pub one_off_limits: Option<(f64, f64)>,
    /// Sessions after which repeated dreams have paid for themselves; infinite if they never do.
    pub repeated: Option<f64>,
    /// Additional cost of a task and additional completions of a task, dreams included.
    pub additional: (Estimate, Estimate),
    /// The cost of an additional completed task.
    pub per_completion: Option<f64>,
    /// Its Fieller set.
    pub fieller: Fieller,
    /// At this worth of a completed task: what a task gains, worth minus cost.
    pub net_benefit: Option<(f64, Estimate)>,
}

fn estimate(found: &Difference) -> Estimate {
    crate::analyse::estimate::estimate(
        found.estimate,
        found.interval.as_ref(),
        found.method.as_str(),
        found.streams,
    )
}

#[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
fn paired(
    pairs: &[(&Roles, &Roles)],
    base: impl Fn(&Roles) -> f64,
    treat: impl Fn(&Roles) -> f64,
    count: fn(&Roles) -> u64,
) -> Result<Paired, StatsError> {
    let side = |pick: fn(&(&Roles, &Roles)) -> Roles, of: &dyn Fn(&Roles) -> f64| {
        let streams = pairs.iter().map(|pair| {
            let roles = pick(pair);
            StreamSums::new(of(&roles), count(&roles) as f64)
        });
        Arm::new(streams.collect::<Result<Vec<_>, _>>()?)
    };
    Paired::new(side(|pair| *pair.0, &base)?, side(|pair| *pair.1, &treat)?)
}

/// Whether the dreams of `treat` pay against `base`.
#[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
pub fn pays(
    measured: &Measured,
    what_if: &WhatIf,
    base: usize,
    treat: usize,
    worth: Option<f64>,
) -> Result<Option<Pays>, AnalyseError> {
    let scenarios = measured
        .sums
        .roles
        .iter()
        .map(|arms| (&arms[base], &arms[treat]));
    let whole = |(base, treat): &(&Roles, &Roles)| {
        base.sessions > 0 && base.sessions == treat.sessions && base.tasks == treat.tasks
    };
    let some = scenarios
        .clone()
        .filter(|(base, treat)| base.sessions + treat.sessions > 0)
        .count();
    let pairs: Vec<(&Roles, &Roles)> = scenarios.filter(whole).collect();
    let dreams: u64 = pairs.iter().map(|pair| pair.1.dreams).sum();
    if pairs.is_empty() || dreams == 0 {
        return Ok(None);
    }
    let spent: f64 = pairs.iter().map(|pair| what_if.dreams_run(pair.1)).sum();
    let per_dream = spent / dreams as f64 / 1e6;
    let sessions: u64 = pairs.iter().map(|pair| pair.1.sessions).sum();
    let every = match what_if.cadence {
        None => sessions as f64 / dreams as f64,
        Some(Cadence::Sessions(every)) => f64::from(every),
        Some(Cadence::Nightly(load)) => load,
    };
    let level = Level::NINETY_FIVE;
    let plain = |roles: &Roles| what_if.sessions(roles) / 1e6;
    let whole_cost = |roles: &Roles| plain(roles) + what_if.dreams(roles, Some(per_dream));
    // Base minus treatment: what is saved.
    let saved = paired(&pairs, plain, plain, |roles| roles.sessions)?.swapped();
    let saved = difference(&saved, Scale::Unbounded, level)?;
    let limits = saved
        .interval
        .map(|saving: Interval| one_off_interval(per_dream, &saving))
        .transpose()?;
    let costs = paired(&pairs, plain, whole_cost, |roles| roles.tasks)?;
    let completions = paired(
        &pairs,
        |roles| roles.completed as f64,
        |roles| roles.completed as f64,
        |roles| roles.tasks,
    )?;
    let price = ratio_of_differences(&costs, &completions, level)?;
    let net_benefit = worth
        .map(|worth| -> Result<(f64, Estimate), AnalyseError> {
            let gain = |cost: &dyn Fn(&Roles) -> f64, roles: &Roles| {
                worth * roles.completed as f64 - cost(roles)
            };
            let gains = paired_signed(
                &pairs,
                |roles| gain(&plain, roles),
                |roles| gain(&whole_cost, roles),
            )?;
            Ok((worth, gains))
        })
        .transpose()?;
    Ok(Some(Pays {
        base,
        treat,
        scenarios: pairs.len(),
        left_out: some - pairs.len(),
        per_dream,
        every,
        one_off: saved
            .estimate
            .map(|saving| one_off(per_dream, saving))
            .transpose()?,
        one_off_limits: limits.map(|limits| (limits.lower(), limits.upper())),
        repeated: saved
            .estimate
            .map(|saving| periodic(per_dream, saving, whole_sessions(every)))
            .transpose()?,
        saving: estimate(&saved),
        additional: (
            estimate(&difference(&costs, Scale::Unbounded, level)?),
            estimate(&difference(&completions, Scale::Proportion, level)?),
        ),
        per_completion: price.estimate,
        fieller: price.fieller,
        net_benefit,
    }))
}

/// Sessions from one dream to the next as a whole number, as the arithmetic of repeated outlays needs it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small number, one or more"
)]
fn whole_sessions(every: f64) -> u32 {
    every.round().max(1.0) as u32
}

/// The difference of means that may be below zero, which sums of streams may not: both sides are moved up
/// by the same amount for each task, which leaves the difference as it is.
#[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
fn paired_signed(
    pairs: &[(&Roles, &Roles)],
    base: impl Fn(&Roles) -> f64,
    treat: impl Fn(&Roles) -> f64,
) -> Result<Estimate, AnalyseError> {
    let least = pairs
        .iter()
        .flat_map(|(one, other)| {
            [
                base(one) / one.tasks as f64,
                treat(other) / other.tasks as f64,
            ]
        })
        .fold(0.0_f64, f64::min);
    let lift = |roles: &Roles| -least * roles.tasks as f64;
    let lifted = paired(
        pairs,
        |roles| base(roles) + lift(roles),
        |roles| treat(roles) + lift(roles),
        |roles| roles.tasks,
    )?;
    Ok(estimate(&difference(
        &lifted,
        Scale::Unbounded,
        Level::NINETY_FIVE,
    )?))
}
