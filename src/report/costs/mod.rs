//! The cost model in words, for a terminal; its files are in `files`.

mod files;

use std::fmt::Write as _;

use super::{
    terminal::{lines, table, wrapped},
    words::{self, percent},
};
use crate::{
    analyse::{
        Estimate,
        cost::{Cadence, CostModel, DAYS, Pays, WhatIf},
    },
    quantity::Usd,
    stats::ratio::Fieller,
};

/// The load for which monthly costs are given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Sessions a day and seat.
    pub sessions: f64,
    /// Deployments with a memory of their own.
    pub seats: u32,
}

/// Loads beside the given one, as its multiples.
const MULTIPLES: [f64; 5] = [0.1, 0.5, 1.0, 2.0, 10.0];

/// The costs of a run with what is said of them.
pub struct CostReport<'c> {
    /// The costs.
    pub model: &'c CostModel,
    /// Whether dreams pay, against each arm that they are compared with.
    pub pays: &'c [Pays],
    /// The load.
    pub load: Load,
}

/// Exact dollars with all six decimals.
fn exact(micro: i64) -> String {
    format!("{}", Usd(micro))
}

fn dollars(value: f64) -> String {
    if value.abs() >= 100.0 {
        format!("${value:.2}")
    } else {
        format!("${value:.4}")
    }
}

fn with_limits(estimate: &Estimate) -> String {
    let Some(value) = estimate.value else {
        return "not estimable".to_owned();
    };
    let limits = estimate
        .interval
        .map_or_else(String::new, |(lower, upper)| {
            format!(" [{}, {}]", dollars(lower), dollars(upper))
        });
    format!("{}{limits}", dollars(value))
}

fn sessions(count: f64) -> String {
    if count.is_infinite() {
        "never".to_owned()
    } else {
        format!("{} sessions", count.ceil())
    }
}

fn assumed(what_if: &WhatIf) -> Vec<String> {
    let mut text = Vec::new();
    if let Some(hit) = what_if.cache_hit {
        text.push(format!("{} of input is read from a cache", percent(hit)));
    }
    match what_if.cadence {
        None => {}
        Some(Cadence::Sessions(every)) => text.push(format!(
            "a dream after every {}, each at the mean cost of those that were made",
            words::count(u64::from(every), "session")
        )),
        Some(Cadence::Nightly(load)) => text.push(format!(
            "a dream a night and seat, each at the mean cost of those that were made; costs of a session and of a task are at {load} sessions a day and seat"
        )),
    }
    text
}

impl CostReport<'_> {
    fn name(&self, arm: usize) -> &str {
        self.model.manifest().arms[arm].id.as_str()
    }

    fn seats(&self) -> f64 {
        f64::from(self.load.seats)
    }

    fn heading(&self) -> Vec<String> {
        let manifest = self.model.manifest();
        let mut text = vec![format!(
            "Priced as {} (list of {}), active time at {} an hour.",
            self.model.what_if.model,
            manifest.price_date,
            exact(self.model.what_if.prices.agent.session_hour)
        )];
        let assumed = assumed(&self.model.what_if);
        if !assumed.is_empty() {
            text.push(format!(
                "What if: {}. What is completed stays as it was in the run.",
                assumed.join("; ")
            ));
        }
        if manifest.is_reference() {
            text.push(
                "Tokens and times are modelled on the reference agent: no evidence about any product."
                    .to_owned(),
            );
        }
        text
    }

    /// For a terminal of 80 columns.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in self.heading() {
            text.push_str(&wrapped(&line, "", ""));
        }
        let _ = write!(text, "\n{}\n", lines(&self.totals()));
        text.push_str(&wrapped(
            "(the final grader is what the trial costs, and in no arm's cost)",
            "",
            "",
        ));
        let mut units = table(&["arm", "USD a session", "USD a completed task", "an hour"]);
        for arm in &self.model.arms {
            units.add_row([
                self.name(arm.arm).to_owned(),
                short_limits(&arm.per_session),
                short_limits(&arm.per_completed),
                arm.per_hour
                    .value
                    .map_or_else(|| "n/a".to_owned(), |value| format!("{value:.2}")),
            ]);
        }
        let _ = write!(text, "\n{}\n", lines(&units));
        for pays in self.pays {
            let _ = write!(text, "\n{}", self.pays_text(pays));
        }
        let _ = write!(
            text,
            "\nUSD a month ({DAYS} days) for {} by sessions a day and seat:\n{}\n",
            words::count(u64::from(self.load.seats), "seat"),
            lines(&self.monthly())
        );
        text
    }

    fn totals(&self) -> comfy_table::Table {
        let mut totals = table(&[
            "arm", "agent", "grader", "runtime", "dreams", "total", "final",
        ]);
        let cents = |micro: i64| format!("{:.4}", Usd(micro).dollars());
        for arm in &self.model.arms {
            totals.add_row([
                self.name(arm.arm).to_owned(),
                cents(arm.split.agent),
                cents(arm.split.in_session_grader),
                cents(arm.split.runtime),
                cents(arm.split.dreams),
                cents(arm.total().0),
                cents(arm.split.final_grader),
            ]);
        }
        totals
    }

    fn monthly(&self) -> comfy_table::Table {
        let loads = MULTIPLES.map(|multiple| multiple * self.load.sessions);
        let mut head = vec!["arm".to_owned()];
        head.extend(loads.iter().map(|load| format!("{load}")));
        let mut monthly = table(&head.iter().map(String::as_str).collect::<Vec<_>>());
        for arm in &self.model.arms {
            let mut row = vec![self.name(arm.arm).to_owned()];
            row.extend(loads.iter().map(|load| {
                let month = arm.monthly(&self.model.what_if, *load, self.seats());
                month
                    .value
                    .map_or_else(|| "n/a".to_owned(), |value| format!("{value:.2}"))
            }));
            monthly.add_row(row);
        }
        monthly
    }

    fn pays_text(&self, pays: &Pays) -> String {
        let mut text = wrapped(
            &format!(
                "Do the dreams of `{}` pay against `{}`? ({})",
                self.name(pays.treat),
                self.name(pays.base),
                words::count(pays.scenarios as u64, "scenario")
            ),
            "",
            "",
        );
        let mut say = |line: String| text.push_str(&wrapped(&line, "- ", "  "));
        say(format!(
            "A dream costs {}; one for each {:.2} sessions.",
            dollars(pays.per_dream),
            pays.every
        ));
        say(saving(&pays.saving, self.name(pays.base)));
        if let Some(units) = pays.one_off {
            let limits = pays
                .one_off_limits
                .filter(|(lower, _)| lower.is_finite())
                .map_or_else(String::new, |(lower, upper)| {
                    format!(" (95%: {} to {})", sessions(lower), sessions(upper))
                });
            say(format!(
                "If one dream alone had brought that, it would pay after: {}{limits}.",
                sessions(units)
            ));
        }
        if let Some(units) = pays.repeated {
            say(format!(
                "Dreams at this cadence pay for themselves after: {}.",
                sessions(units)
            ));
        }
        for line in additional(pays) {
            say(line);
        }
        if let Some((worth, gain)) = &pays.net_benefit {
            say(format!(
                "If a completed task is worth {}, a task gains {}.",
                dollars(*worth),
                with_limits(gain)
            ));
        }
        if pays.left_out > 0 {
            say(format!(
                "Left out, because the arms have not the same sessions there: {}.",
                words::count(pays.left_out as u64, "scenario")
            ));
        }
        text
    }
}

/// The other way around: a saving is a cost below zero.
fn negated(estimate: &Estimate) -> Estimate {
    Estimate {
        value: estimate.value.map(|value| -value),
        interval: estimate.interval.map(|(lower, upper)| (-upper, -lower)),
        ..estimate.clone()
    }
}

/// What a session saves before dreams are paid, in words that fit its sign.
fn saving(saving: &Estimate, base: &str) -> String {
    let (amount, words) = match saving.interval {
        Some((lower, _)) if lower >= 0.0 => (with_limits(saving), "less than"),
        Some((_, upper)) if upper <= 0.0 => (with_limits(&negated(saving)), "more than"),
        Some(_) | None => {
            return format!(
                "Without dreams, a session is not shown to differ in cost from one of `{base}`: it saves {}.",
                with_limits(saving)
            );
        }
    };
    format!("Without dreams, a session costs {amount} {words} one of `{base}`.")
}

/// What is paid and what is got for a task.
fn additional(pays: &Pays) -> Vec<String> {
    let (cost, completions) = &pays.additional;
    let limits = completions
        .interval
        .map_or_else(String::new, |(lower, upper)| {
            format!(" [{}, {}]", words::points(lower), words::points(upper))
        });
    let completed = completions
        .value
        .map_or_else(|| "not estimable".to_owned(), words::points);
    let cheaper = cost.interval.is_some_and(|(_, upper)| upper < 0.0);
    let better = completions.interval.is_some_and(|(lower, _)| lower > 0.0);
    let dearer = cost.interval.is_some_and(|(lower, _)| lower > 0.0);
    let paid = if cheaper {
        format!("costs {} less", with_limits(&negated(cost)))
    } else if dearer {
        format!("costs {} more", with_limits(cost))
    } else {
        format!("is not shown to differ in cost ({})", with_limits(cost))
    };
    let mut lines = vec![format!(
        "With its dreams a task {paid}, and completion changes by {completed} points{limits}."
    )];
    lines.push(match (pays.per_completion, &pays.fieller) {
        (Some(_), _) if cheaper && better => {
            "It costs less and completes more, so nothing is paid for the additional completions."
                .to_owned()
        }
        (Some(_), _) if !better => {
            "No additional completion is shown, so none has a price.".to_owned()
        }
        (Some(value), Fieller::Interval { lower, upper }) if dearer => format!(
            "An additional completed task costs {} [{}, {}] (Fieller).",
            dollars(value),
            dollars(*lower),
            dollars(*upper)
        ),
        (_, _) => {
            "What an additional completed task costs is not determined by this run.".to_owned()
        }
    });
    lines
}

/// `0.0155 [0.0144, 0.0167]`.
fn short_limits(estimate: &Estimate) -> String {
    let Some(value) = estimate.value else {
        return "not estimable".to_owned();
    };
    let limits = estimate
        .interval
        .map_or_else(String::new, |(lower, upper)| {
            format!(" [{lower:.4}, {upper:.4}]")
        });
    format!("{value:.4}{limits}")
}
