//! A plan in words: for a terminal, and as JSON.

mod answer;
mod json;

use std::fmt::Write as _;

use super::{
    terminal::{lines, table, wrapped},
    words::{self, count, grouped, percent, plain, points, whole},
};
use crate::{
    analyse::{
        Group, Metric,
        claim::On,
        power::{Ask, Basis, Effect, Goal, Pilot, Plan, Row, Shown, Terms},
    },
    stats::verdict::StreamsNeeded,
};

/// Above this many scenarios a trial is out of reach.
const OUT_OF_REACH: u64 = 1_000_000;

/// A plan with what it is about.
pub struct PowerReport<'p> {
    /// What it starts from.
    pub basis: &'p Basis,
    /// The question.
    pub terms: &'p Terms,
    /// What was looked for.
    pub goal: Goal,
    /// The answer.
    pub plan: &'p Plan,
    /// US dollars to write a scenario.
    pub usd_per_scenario: f64,
    /// Whether the pilot ran on the reference agent.
    pub reference: bool,
}

/// Dollars as an amount is planned: cents from a dollar on.
fn dollars(usd: f64) -> String {
    if usd < 1.0 {
        format!("{usd:.4} USD")
    } else {
        let cents = whole(usd * 100.0);
        format!("{}.{:02} USD", grouped(cents / 100), cents % 100)
    }
}

fn scenarios(needed: StreamsNeeded) -> String {
    match needed {
        StreamsNeeded::Never => "never".to_owned(),
        StreamsNeeded::Streams(streams) if streams > OUT_OF_REACH => "> 1 million".to_owned(),
        StreamsNeeded::Streams(streams) => grouped(streams),
    }
}

/// Whether it is a number of scenarios that somebody could run.
fn within_reach(needed: StreamsNeeded) -> bool {
    matches!(needed, StreamsNeeded::Streams(streams) if streams <= OUT_OF_REACH)
}

impl PowerReport<'_> {
    fn metric(&self) -> Metric {
        self.basis.metric()
    }

    /// A difference in points or in the metric's unit, with its sign.
    fn difference(&self, value: f64) -> String {
        if self.metric().more_is_better() {
            format!("{} points", points(value))
        } else {
            words::signed(self.metric(), value)
        }
    }

    /// A value on the scale of the question.
    fn amount(&self, value: f64) -> String {
        match self.terms.on {
            On::Ratio => format!("{value:.2}x"),
            On::Difference => self.difference(value),
        }
    }

    fn claimed(&self, value: f64) -> String {
        match self.terms.on {
            On::Ratio => format!("{}x", plain(value)),
            On::Difference => self.difference(value),
        }
    }

    fn margin(&self, margin: f64) -> String {
        let unit = if self.metric().more_is_better() {
            "points"
        } else {
            "percent"
        };
        format!("{} {unit}", plain((margin * 1e4).round() / 100.0))
    }

    fn question(&self) -> String {
        let (base, treat) = match self.basis {
            Basis::Pilot(pilot) => (format!("`{}`", pilot.arms.0), format!("`{}`", pilot.arms.1)),
            Basis::Assumed(_) => ("the base".to_owned(), "the treatment".to_owned()),
        };
        let form = match self.terms.ask {
            Ask::AtLeast(value) => format!("at least {}", self.claimed(value)),
            Ask::AtMost(value) => format!("at most {}", self.claimed(value)),
            Ask::Direction => "is there a difference, and on which side?".to_owned(),
            Ask::Gate(margin) => {
                format!("not worse by {} or more (four looks)", self.margin(margin))
            }
        };
        let group = match self.basis {
            Basis::Pilot(pilot) if pilot.group != Group::All => {
                format!(", {} scenarios", pilot.group)
            }
            Basis::Pilot(_) | Basis::Assumed(_) => String::new(),
        };
        let label = self.metric().label();
        format!("{label}{group}, {treat} against {base}: {form}")
    }

    fn pilot(&self, pilot: &Pilot) -> String {
        let what = match (self.terms.ask, self.terms.on) {
            (Ask::Gate(_), _) => "mean difference of scenarios",
            (_, On::Ratio) => "ratio",
            (_, On::Difference) => "difference",
        };
        let error = match self.terms.on {
            On::Ratio => format!("standard error of its logarithm {:.3}", pilot.se),
            On::Difference if pilot.metric.more_is_better() => {
                format!("standard error {:.1} points", pilot.se * 100.0)
            }
            On::Difference => format!("standard error {:.4}", pilot.se),
        };
        let how = match self.terms.ask {
            Ask::Gate(_) => "t over scenarios",
            Ask::AtLeast(_) | Ask::AtMost(_) | Ask::Direction => "jackknife over scenarios",
        };
        format!(
            "{}, {}: from {} to {}, {what} {}, {error} ({how})",
            count(pilot.scenarios as u64, "scenario"),
            count(u64::from(pilot.repetitions), "repetition"),
            words::value(pilot.metric, pilot.values.0),
            words::value(pilot.metric, pilot.values.1),
            self.amount(pilot.estimate),
        )
    }

    /// What the numbers rest on.
    fn basis(&self) -> (&'static str, String) {
        match self.basis {
            Basis::Pilot(pilot) => ("pilot", self.pilot(pilot)),
            Basis::Assumed(assumed) => {
                let rates = assumed.rates;
                (
                    "assumed",
                    format!(
                        "{} and {} of tasks completed, {} tasks a scenario, {} a session, tasks of a scenario correlate by {}, the arms over scenarios by {}",
                        percent(rates.base),
                        percent(rates.treat),
                        plain(rates.rows),
                        plain(assumed.tasks_per_session),
                        plain(rates.icc),
                        plain(rates.correlation),
                    ),
                )
            }
        }
    }

    /// The largest ratio that the base leaves room for.
    fn ceiling(&self) -> Option<f64> {
        let base = self.basis.values().0;
        let of_share = self.metric().more_is_better() && self.terms.on == On::Ratio;
        (of_share && base > 0.0).then(|| 1.0 / base)
    }

    fn ceiling_words(&self) -> Option<String> {
        let ceiling = self.ceiling()?;
        let mut text = format!(
            "a base of {} leaves room for {ceiling:.2}x at most (1 over the base)",
            percent(self.basis.values().0)
        );
        if matches!(self.terms.ask, Ask::AtLeast(value) if value > ceiling) {
            text.push_str(": this claim cannot hold, it can only be refuted");
        }
        Some(text)
    }

    fn size(row: &Row) -> String {
        let usd = row
            .usd
            .map_or_else(String::new, |usd| format!(", {}", dollars(usd)));
        format!(
            "{} x {} x 2 arms: {}, {}{usd}",
            match row.scenarios {
                StreamsNeeded::Streams(streams) => count(streams, "scenario"),
                StreamsNeeded::Never => "no number of scenarios".to_owned(),
            },
            count(u64::from(row.repetitions), "repetition"),
            count(whole(row.sessions), "session"),
            count(whole(row.tasks), "task"),
        )
    }

    fn effect(&self, effect: &Effect) -> String {
        let ratio = effect
            .ratio
            .map_or_else(String::new, |ratio| format!(", {ratio:.2}x"));
        let less = match self.terms.ask {
            Ask::AtLeast(_) | Ask::Gate(_) => false,
            Ask::AtMost(_) => true,
            Ask::Direction => effect.difference < 0.0,
        };
        format!(
            "{} or {} (from {} to {}){ratio}",
            self.difference(effect.difference),
            if less { "less" } else { "more" },
            words::value(self.metric(), self.basis.values().0),
            words::value(self.metric(), effect.treat),
        )
    }

    fn shown(&self, shown: &Shown) -> String {
        match shown {
            Shown::TooFew => "nothing: fewer than six scenarios decide nothing".to_owned(),
            Shown::Effect(Some(effect)) => format!("a true {}", self.effect(effect)),
            Shown::Effect(None) => format!(
                "nothing: no value of the treatment is far enough from a base of {}",
                words::value(self.metric(), self.basis.values().0)
            ),
            Shown::Gate { distance, margin } => {
                let change = |value: f64| {
                    if self.metric().more_is_better() {
                        self.difference(value)
                    } else {
                        words::signed(self.metric(), -value)
                    }
                };
                let least = if self.metric().more_is_better() {
                    format!("{:.1} points", distance * 100.0)
                } else {
                    words::value(self.metric(), *distance)
                };
                format!(
                    "the gate passes a true change of {} or better and fails one of {} or worse; an unchanged policy passes at a margin of {least} or more",
                    change(distance - margin),
                    change(-distance - margin),
                )
            }
        }
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if self.reference {
            text.push_str(&wrapped(
                "Pilot on the reference agent: no evidence about any product.",
                "",
                "",
            ));
            text.push('\n');
        }
        let sides = match self.terms.ask {
            Ask::Gate(_) => "one-sided each way",
            Ask::AtLeast(_) | Ask::AtMost(_) | Ask::Direction => "two-sided",
        };
        let mut all = vec![
            ("question", self.question()),
            (
                "surely",
                format!(
                    "power {}, alpha {} {sides}",
                    plain(self.terms.power),
                    plain(self.terms.alpha)
                ),
            ),
            self.basis(),
        ];
        all.extend(self.ceiling_words().map(|words| ("ceiling", words)));
        match self.plan {
            Plan::Needed(needed) => all.extend(self.needed(needed)),
            Plan::Shown {
                row,
                scenarios,
                shown,
            } => {
                let size = if *scenarios == 0 {
                    "not one scenario".to_owned()
                } else {
                    Self::size(row)
                };
                all.push(("size", size));
                all.push(("shows", self.shown(shown)));
            }
        }
        for (label, line) in all {
            text.push_str(&wrapped(&line, &format!("{label:<14}"), &" ".repeat(14)));
        }
        if let Plan::Needed(needed) = self.plan
            && !needed.others.is_empty()
        {
            let _ = write!(text, "\n{}\n", table_of(&needed.others));
            if let Some(words) = self.repetitions(needed) {
                text.push_str(&wrapped(&words::capitalised(&words), "", ""));
            }
        }
        text.push_str("\nAssumed:\n");
        for line in self.assumed() {
            text.push_str(&wrapped(&line, "- ", "  "));
        }
        text
    }
}

fn table_of(rows: &[Row]) -> String {
    let mut head = vec!["repetitions", "scenarios", "sessions", "tasks"];
    let priced = rows.iter().any(|row| row.usd.is_some());
    if priced {
        head.push("USD");
    }
    let mut table = table(&head);
    for row in rows {
        let amount = |value: f64| {
            if within_reach(row.scenarios) {
                grouped(whole(value))
            } else {
                "-".to_owned()
            }
        };
        let mut cells = vec![
            row.repetitions.to_string(),
            scenarios(row.scenarios),
            amount(row.sessions),
            amount(row.tasks),
        ];
        if priced {
            let usd = row.usd.filter(|_| within_reach(row.scenarios));
            cells.push(usd.map_or_else(|| "-".to_owned(), |usd| dollars(usd).replace(" USD", "")));
        }
        table.add_row(cells);
    }
    lines(&table)
}
