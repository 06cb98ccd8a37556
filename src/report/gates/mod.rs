//! The answer of a gate in words: for a terminal here, for others in the modules below.

mod files;
mod markdown;

use std::fmt::Write as _;

use super::{
    terminal::{lines, table, wrapped},
    words::{self, percent, points},
};
use crate::{
    analyse::{
        Group, Metric,
        gate::{Blame, Cause, Gated, Lock, Row, Rule, ScenarioChange, Status},
    },
    dream::Edit,
    record::is_reference,
};

/// The metrics that are shown over all scenarios, whether they decide or not.
const SHOWN: [Metric; 6] = [
    Metric::Completion,
    Metric::FirstTry,
    Metric::ClarificationRounds,
    Metric::CorrectionRounds,
    Metric::Tokens,
    Metric::CostPerSession,
];

/// A gate's answer with what it is about.
pub struct GateReport<'g> {
    /// The baseline.
    pub baseline: &'g Lock,
    /// The candidate.
    pub candidate: &'g Lock,
    /// What was asked.
    pub rule: &'g Rule,
    /// The answer.
    pub gated: &'g Gated,
    /// Why scenarios broke, where the candidate's record is at hand.
    pub blames: &'g [Blame],
}

fn shown(metric: Metric, value: f64) -> String {
    words::value(metric, value)
}

fn change(row: &Row) -> String {
    let one = |value: f64| {
        if row.metric.more_is_better() {
            points(value)
        } else {
            words::signed(row.metric, value)
        }
    };
    let limits = row.interval.map_or_else(String::new, |(lower, upper)| {
        format!(" [{}, {}]", one(lower), one(upper))
    });
    format!("{}{limits}", one(row.difference))
}

/// How many scenarios have no value of a measure on a side.
fn left_out(row: &Row) -> String {
    if row.left_out == 0 {
        String::new()
    } else {
        format!(" ({} more have no value on a side)", row.left_out)
    }
}

/// A name that leaves room for the numbers beside it.
fn short(metric: Metric) -> &'static str {
    match metric {
        Metric::Completion => "completed",
        Metric::FirstTry => "first try",
        Metric::ClarificationRounds => "asked",
        Metric::CorrectionRounds => "corrected",
        Metric::Tokens => "tokens",
        Metric::CostPerSession => "USD/session",
        Metric::AvoidableClarifications
        | Metric::WrongAssumptions
        | Metric::StaleUses
        | Metric::ScopeErrors
        | Metric::ActiveSeconds
        | Metric::CostPerCompletedTask
        | Metric::CostPerSessionHour => metric.label(),
    }
}

fn margin(row: &Row) -> String {
    match row.margin {
        Some(margin) if row.metric.more_is_better() => format!("{:.1}", margin * 100.0),
        Some(margin) => shown(row.metric, margin),
        None => "none".to_owned(),
    }
}

fn edit_words(edit: &Edit) -> String {
    let done = match edit.kind {
        crate::dream::EditKind::Added => "wrote",
        crate::dream::EditKind::Merged => "merged into",
        crate::dream::EditKind::Replaced => "put in place",
        crate::dream::EditKind::Promoted => "made a rule of",
        crate::dream::EditKind::Removed => "took out",
    };
    format!("{done} \"{}\" ({})", edit.text, edit.reason)
}

fn cause_words(cause: &Cause, failed: u64) -> String {
    let value = if cause.value.is_empty() {
        "was left empty".to_owned()
    } else {
        format!("was `{}`", cause.value)
    };
    let edit = match &cause.edit {
        Some((session, edit)) => {
            format!("the dream after session {session} {}", edit_words(edit))
        }
        None => "no edit of a dream touched it".to_owned(),
    };
    format!(
        "`{}` {value} (wrong in {} of {failed} failed tasks; example: repetition {}, session {}): {edit}",
        cause.field, cause.tasks, cause.example.0, cause.example.1
    )
}

fn change_words(change: &ScenarioChange) -> String {
    let p = change
        .adjusted
        .map_or_else(String::new, |p| format!(", adjusted {}", words::p_value(p)));
    format!(
        "{} ({}): {} to {} of tasks completed{p}",
        change.id,
        change.construct,
        percent(change.rates.0),
        percent(change.rates.1)
    )
}

impl GateReport<'_> {
    fn rows(&self, group: impl Fn(Group) -> bool) -> impl Iterator<Item = &Row> {
        let rows = self.gated.rows.iter();
        rows.filter(move |row| group(row.group) && SHOWN.contains(&row.metric))
    }

    fn deciding(&self) -> impl Iterator<Item = &Row> {
        self.gated.rows.iter().filter(|row| row.decides)
    }

    fn broken(&self) -> impl Iterator<Item = (&ScenarioChange, Option<&Blame>)> {
        let broken = self.gated.scenarios.iter().filter(|change| change.broke);
        broken.map(|change| {
            let mut blames = self.blames.iter();
            (change, blames.find(|blame| blame.scenario == change.id))
        })
    }

    fn gained(&self) -> impl Iterator<Item = &ScenarioChange> {
        self.gated.scenarios.iter().filter(|change| change.gained)
    }

    /// What the gate says, in one sentence that stays true when it is quoted alone.
    pub fn answer(&self) -> String {
        let measures: Vec<&str> = self.deciding().map(|row| row.metric.label()).collect();
        let names = format!(
            "`{}` against `{}` on {}",
            self.candidate.arm,
            self.baseline.arm,
            measures.join(" and ")
        );
        let says = match self.gated.status {
            Status::Improved => "better than the baseline",
            Status::Equivalent => "not worse than the baseline by the margin",
            Status::Regressed => "worse than the baseline, and not shown to be within the margin",
            Status::Inconclusive => "neither a loss nor its absence is shown",
            Status::TooFewScenarios => "too few scenarios to conclude from (six at least)",
        };
        let mut rows = self.gated.rows.iter();
        let unasked = rows.any(|row| {
            row.group == Group::All
                && row.metric == Metric::Completion
                && !row.decides
                && row.status == Status::Regressed
        });
        let beside = if unasked {
            "; but tasks completed, which was not asked about, got worse"
        } else {
            ""
        };
        format!("{names}: {says}{beside}")
    }

    fn provenance(&self) -> Vec<String> {
        let side = |name: &str, lock: &Lock| {
            format!(
                "{name}: arm `{}`, plan {}, seed {}, dreamtrial {}",
                lock.arm,
                lock.plan_digest.chars().take(12).collect::<String>(),
                lock.seed,
                lock.version
            )
        };
        let mut text = vec![
            side("baseline", self.baseline),
            side("candidate", self.candidate),
        ];
        let repetitions = |lock: &Lock| {
            let scenarios = lock.scenarios.iter();
            scenarios.map(|scenario| scenario.repetitions.len()).max()
        };
        if self.baseline.seed == self.candidate.seed
            && repetitions(self.baseline) == repetitions(self.candidate)
        {
            text.push("both ran with the same seed, so their worlds are the same".to_owned());
        }
        for (side, lost) in ["baseline", "candidate"].into_iter().zip(self.gated.lost) {
            if lost > 0 {
                text.push(format!(
                    "{} of the {side} are not there (not run, or lost to failures); beyond 2% nothing passes",
                    words::count(lost, "planned task")
                ));
            }
        }
        if self
            .deciding()
            .any(|row| row.look.is_some_and(|(look, looks)| look < looks))
        {
            text.push(
                "stopped early: the differences overstate what a whole run would show".to_owned(),
            );
        }
        if !self.gated.missing.is_empty() {
            let names: Vec<&str> = self
                .gated
                .missing
                .iter()
                .map(crate::ident::ScenarioId::as_str)
                .collect();
            text.push(format!(
                "left out, because only one side has tasks there: {}",
                names.join(", ")
            ));
        }
        if is_reference(&self.candidate.backend) {
            text.push("reference agent: no evidence about any product".to_owned());
        }
        text
    }

    fn bounds(&self, row: &Row) -> String {
        if let Some(watch) = row.watch {
            let reached = watch.reached.map_or_else(
                || "not reached".to_owned(),
                |streams| format!("reached after {streams} scenarios"),
            );
            return format!(
                "watched at every scenario, {reached}: {} for worse by the margin, {} for not worse at all",
                words::p_value(watch.p_pass),
                words::p_value(watch.p_fail)
            );
        }
        row.look.map_or_else(
            || "no look".to_owned(),
            |(look, looks)| {
                format!(
                    "look {look} of {looks}, {}% one-sided each way",
                    self.rule.alpha * 100.0
                )
            },
        )
    }

    /// For a terminal of 80 columns.
    pub fn text(&self) -> String {
        let mut text = wrapped(
            &format!(
                "{}: {}.",
                self.gated.status.as_str().to_uppercase(),
                self.answer()
            ),
            "",
            "",
        );
        for row in self.deciding() {
            let line = format!(
                "{}: {} to {}, {} over {}{}; margin {}; {}; {}",
                row.metric.label(),
                shown(row.metric, row.values.0),
                shown(row.metric, row.values.1),
                change(row),
                words::count(row.scenarios as u64, "scenario"),
                left_out(row),
                margin(row),
                self.bounds(row),
                row.status.as_str()
            );
            text.push_str(&wrapped(&line, "- ", "  "));
        }
        let mut all = table(&["measure", "base", "now", "change [95%]", "margin", "status"]);
        for row in self.rows(|group| group == Group::All) {
            all.add_row([
                short(row.metric).to_owned(),
                shown(row.metric, row.values.0),
                shown(row.metric, row.values.1),
                change(row),
                margin(row),
                row.status.as_str().to_owned(),
            ]);
        }
        let _ = write!(text, "\n{}\n", lines(&all));
        let mut constructs = table(&[
            "construct",
            "base",
            "now",
            "change in points [95%]",
            "status",
        ]);
        for row in self.rows(|group| matches!(group, Group::Construct(_))) {
            if row.metric == Metric::Completion {
                constructs.add_row([
                    row.group.to_string(),
                    percent(row.values.0),
                    percent(row.values.1),
                    change(row),
                    row.status.as_str().to_owned(),
                ]);
            }
        }
        let _ = write!(text, "\n{}\n", lines(&constructs));
        let broken: Vec<_> = self.broken().collect();
        if broken.is_empty() {
            text.push_str("\nNo scenario broke.\n");
        } else {
            text.push('\n');
            text.push_str(&wrapped(
                &format!(
                    "{} broke (lost more than the margin, and more than repetitions differ):",
                    words::count(broken.len() as u64, "scenario")
                ),
                "",
                "",
            ));
            for (change, blame) in broken {
                text.push_str(&wrapped(&change_words(change), "- ", "  "));
                for cause in blame.iter().flat_map(|blame| &blame.causes) {
                    let failed = blame.map_or(0, |blame| blame.failed);
                    text.push_str(&wrapped(&cause_words(cause, failed), "    ", "      "));
                }
            }
        }
        for change in self.gained() {
            text.push_str(&wrapped(
                &format!("gained: {}", change_words(change)),
                "- ",
                "  ",
            ));
        }
        text.push('\n');
        for line in self.provenance() {
            text.push_str(&wrapped(&line, "", "  "));
        }
        text
    }
}
