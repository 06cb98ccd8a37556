//! `dreamtrial power`: how large must a trial be, and what can a budget show?

use super::{Exit, Failure, claims::open, gate::metric, print};
use crate::{
    analyse::{
        Group, Measured, Metric,
        claim::On,
        power::{self, Ask, Assumptions, Basis, Goal, Pilot, PowerError, Terms, Wanted},
    },
    cli::{PowerArguments, ScaleName},
    report::power::PowerReport,
    scenario::{Construct, Domain},
    stats::planning_rates::Assumed,
};

pub(super) fn power(arguments: &PowerArguments) -> Result<Exit, Failure> {
    let measure = match &arguments.metric {
        Some(name) => metric(name)?,
        None => Metric::Completion,
    };
    let terms = terms(arguments, measure)?;
    let goal = goal(arguments)?;
    let mut reference = false;
    let basis = match &arguments.run {
        Some(folder) => {
            let record = open(folder)?;
            let measured = Measured::read(&record).map_err(Failure::new)?;
            reference = measured.manifest.is_reference();
            let wanted = Wanted {
                metric: measure,
                group: group(arguments)?,
                base: arguments.base.clone(),
                treat: arguments.treat.clone(),
            };
            let pilot = Pilot::read(&record, &measured, &wanted, &terms).map_err(failed)?;
            Basis::Pilot(Box::new(pilot))
        }
        None => Basis::Assumed(assumptions(arguments, &terms, goal)?),
    };
    let plan = power::plan(
        &basis,
        &terms,
        goal,
        arguments.repetitions,
        arguments.usd_per_session,
        arguments.usd_per_scenario,
    )
    .map_err(failed)?;
    let report = PowerReport {
        basis: &basis,
        terms: &terms,
        goal,
        plan: &plan,
        usd_per_scenario: arguments.usd_per_scenario,
        reference,
    };
    if arguments.json {
        let text = serde_json::to_string_pretty(&report.json()).map_err(Failure::new)?;
        print(&(text + "\n"))?;
    } else {
        print(&report.text())?;
    }
    Ok(Exit::Done)
}

/// Refuses what is not strictly between two numbers.
fn between(name: &str, value: f64, lower: f64, upper: f64) -> Result<f64, Failure> {
    if value > lower && value < upper {
        return Ok(value);
    }
    Err(Failure::usage(format!(
        "`{name}` is `{value}`, not between {lower} and {upper}"
    )))
}

/// Refuses what is no amount.
fn amount(name: &str, value: f64) -> Result<f64, Failure> {
    if value.is_finite() && value >= 0.0 {
        return Ok(value);
    }
    Err(Failure::usage(format!("`{name}` is `{value}`"))
        .hint("give an amount of US dollars, 0 or more"))
}

fn terms(arguments: &PowerArguments, metric: Metric) -> Result<Terms, Failure> {
    let scale = match arguments.scale {
        ScaleName::Ratio => On::Ratio,
        ScaleName::Difference => On::Difference,
    };
    let claimed = |value: f64| match scale {
        On::Ratio if value > 0.0 && value.is_finite() => Ok(value),
        On::Ratio => Err(Failure::usage(format!("ratio `{value}` is not above 0"))
            .hint("3.1 times fewer is `--at-most 0.3226`; for points say `--scale difference`")),
        On::Difference if metric.more_is_better() => {
            between("difference in points", value, -100.0, 100.0).map(|points| points / 100.0)
        }
        On::Difference => between("difference", value, f64::NEG_INFINITY, f64::INFINITY),
    };
    let (ask, on) = match (arguments.at_least, arguments.at_most) {
        (Some(value), _) => (Ask::AtLeast(claimed(value)?), scale),
        (None, Some(value)) => (Ask::AtMost(claimed(value)?), scale),
        (None, None) if arguments.gate => {
            let margin = between("--margin", arguments.margin, 0.0, 100.0)? / 100.0;
            (Ask::Gate(margin), On::Difference)
        }
        (None, None) => (Ask::Direction, On::Difference),
    };
    let most = if arguments.gate { 0.5 } else { 1.0 };
    Ok(Terms {
        ask,
        on,
        alpha: between("--alpha", arguments.alpha, 0.0, most)?,
        power: between("--power", arguments.power, 0.0, 1.0)?,
    })
}

fn goal(arguments: &PowerArguments) -> Result<Goal, Failure> {
    amount("--usd-per-scenario", arguments.usd_per_scenario)?;
    if let Some(usd) = arguments.usd_per_session {
        amount("--usd-per-session", usd)?;
    }
    Ok(match (arguments.scenarios, arguments.budget_usd) {
        (Some(scenarios), _) => Goal::Scenarios(usize::try_from(scenarios).map_err(Failure::new)?),
        (None, Some(usd)) => Goal::Budget(amount("--budget-usd", usd)?),
        (None, None) => Goal::Decide,
    })
}

fn group(arguments: &PowerArguments) -> Result<Group, Failure> {
    fn find<T: Copy + std::fmt::Display>(
        what: &str,
        name: &str,
        known: &[T],
    ) -> Result<T, Failure> {
        let found = known.iter().find(|one| one.to_string() == name);
        found.copied().ok_or_else(|| {
            let known: Vec<String> = known.iter().map(ToString::to_string).collect();
            Failure::usage(format!("no {what} `{name}`"))
                .hint(format!("there are `{}`", known.join("`, `")))
        })
    }
    match (&arguments.domain, &arguments.construct) {
        (Some(name), _) => find("domain", name, &Domain::ALL).map(Group::Domain),
        (None, Some(name)) => find("construct", name, &Construct::ALL).map(Group::Construct),
        (None, None) => Ok(Group::All),
    }
}

fn assumptions(
    arguments: &PowerArguments,
    terms: &Terms,
    goal: Goal,
) -> Result<Assumptions, Failure> {
    let rate = |name: &str, value: f64| between(name, value, 0.0, 1.0);
    let base = arguments.base_rate.ok_or_else(|| {
        Failure::usage("no pilot and no rates to plan from")
            .hint("name the folder of a run, or give `--base-rate` and `--tasks-per-scenario`")
    })?;
    let base = rate("--base-rate", base)?;
    let is_gate = matches!(terms.ask, Ask::Gate(_));
    if arguments.treat_rate.is_none() && !is_gate && goal == Goal::Decide {
        return Err(Failure::usage("no `--treat-rate`").hint(
            "how many scenarios decide hangs on it; `--scenarios N` says which rate so many would show",
        ));
    }
    let least = |name: &str, value: f64| {
        if (1.0..=1e6).contains(&value) {
            Ok(value)
        } else {
            Err(Failure::usage(format!("`{name}` is `{value}`")).hint("give a number of 1 or more"))
        }
    };
    let icc = arguments.icc.unwrap_or(0.15);
    let correlation = arguments.correlation.unwrap_or(0.5);
    if !(0.0..=1.0).contains(&icc) || !(-1.0..=1.0).contains(&correlation) {
        return Err(Failure::usage(format!(
            "`--icc {icc} --correlation {correlation}` are no correlations"
        ))
        .hint("the first is between 0 and 1, the second between -1 and 1"));
    }
    Ok(Assumptions {
        rates: Assumed {
            base,
            treat: rate("--treat-rate", arguments.treat_rate.unwrap_or(base))?,
            icc,
            rows: least(
                "--tasks-per-scenario",
                arguments.tasks_per_scenario.unwrap_or_default(),
            )?,
            rows_variation: 0.0,
            correlation,
        },
        tasks_per_session: least(
            "--tasks-per-session",
            arguments.tasks_per_session.unwrap_or(1.0),
        )?,
    })
}

fn failed(error: PowerError) -> Failure {
    let hint = error.hint();
    let failure = match error {
        PowerError::Analyse(_) | PowerError::Stats(_) => Failure::new(error),
        PowerError::NoArm { .. }
        | PowerError::OneArm(_)
        | PowerError::NoPairs
        | PowerError::NoError { .. }
        | PowerError::OneRepetition
        | PowerError::NoPrice
        | PowerError::NoMargin(_) => Failure::usage(error.to_string()),
    };
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
