//! The summary for a terminal: at most 80 columns, the answer first.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use owo_colors::OwoColorize as _;

use super::{findings::answers, live, roles::Roles, words};
use crate::{
    analyse::{Analysis, Caution, Direction, Group, Metric},
    scenario::Construct,
};

const WIDTH: usize = 80;

/// The widest name of an arm that leaves room for the numbers beside it.
const NAME: usize = 16;

/// Breaks a text into lines of at most `WIDTH` columns: the first begins with `first`, the others with
/// `rest`. A word that is longer than a line is broken too.
pub(super) fn wrapped(text: &str, first: &str, rest: &str) -> String {
    let mut lines = String::new();
    let mut line = first.to_owned();
    let mut used = first.chars().count();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && used + 1 + word.chars().count() > WIDTH {
            lines.push_str(&line);
            lines.push('\n');
            rest.clone_into(&mut line);
            (used, empty) = (rest.chars().count(), true);
        }
        if !empty {
            line.push(' ');
            used += 1;
        }
        for letter in word.chars() {
            if used == WIDTH {
                lines.push_str(&line);
                lines.push('\n');
                rest.clone_into(&mut line);
                used = rest.chars().count();
            }
            line.push(letter);
            used += 1;
        }
        empty = false;
    }
    lines + &line + "\n"
}

pub(super) fn summary(analysis: &Analysis) -> String {
    let mut text = String::new();
    if analysis.manifest.is_reference() {
        let note = "Reference agent: shows what the information in a store can do under these \
                    scenarios' rules; no evidence about any product.";
        for line in wrapped(note, "", "").lines() {
            let _ = writeln!(text, "{}", line.dimmed());
        }
        text.push('\n');
    }
    for line in wrapped(&analysis.manifest.title, "", "").lines() {
        let _ = writeln!(text, "{}", line.bold());
    }
    for (place, answer) in answers(analysis).iter().enumerate() {
        if place == 0 {
            for line in wrapped(answer, "", "").lines() {
                let _ = writeln!(text, "{}", line.bold());
            }
        } else {
            text.push_str(&wrapped(answer, "- ", "  "));
        }
    }
    text.push('\n');
    let _ = writeln!(text, "{}", arms(analysis));
    let roles = Roles::of(analysis);
    if let Some(treat) = roles.treat {
        let _ = writeln!(text, "\n{}", constructs(analysis, roles, treat));
    }
    let planned: u64 = analysis.counts.iter().map(|counts| counts.planned).sum();
    let graded: u64 = analysis.counts.iter().map(|counts| counts.graded).sum();
    let ungraded: u64 = analysis.counts.iter().map(|counts| counts.ungraded).sum();
    let failed: u64 = analysis.counts.iter().map(|counts| counts.failed).sum();
    let canceled: u64 = analysis.counts.iter().map(|counts| counts.canceled).sum();
    let over_budget: u64 = analysis
        .counts
        .iter()
        .map(|counts| counts.over_budget)
        .sum();
    let capped = if over_budget == 0 {
        String::new()
    } else {
        format!(
            " {} past a cap on money or tokens,",
            words::grouped(over_budget)
        )
    };
    let grouped = words::grouped;
    text.push('\n');
    text.push_str(&wrapped(
        &format!(
            "{} tasks planned: {} graded, {} with nothing handed in (counted as not completed), {} lost to backend failures,{capped} {} not run.",
            grouped(planned), grouped(graded), grouped(ungraded), grouped(failed), grouped(canceled),
        ),
        "",
        "",
    ));
    for sentence in live::sentences(analysis) {
        text.push_str(&wrapped(&sentence, "", "  "));
    }
    for (reason, trials) in &analysis.failures {
        text.push_str(&wrapped(
            &format!("{} ended: {reason}", words::count(*trials, "trial")),
            "  ",
            "    ",
        ));
    }
    text
}

pub(super) fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(head.to_vec());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    table
}

pub(super) fn lines(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

fn arms(analysis: &Analysis) -> String {
    let mut table = table(&[
        "arm",
        "done",
        "95% interval",
        "1st try",
        "asked",
        "corr.",
        "tokens",
        "$/sess.",
        "$/done",
    ]);
    for (arm, entry) in analysis.manifest.arms.iter().enumerate() {
        let of = |metric: Metric| {
            analysis
                .summary(Group::All, arm, metric)
                .map(|summary| &summary.estimate)
        };
        let shown = |metric: Metric| {
            of(metric).map_or_else(String::new, |estimate| {
                estimate
                    .value
                    .map_or_else(|| "n/a".to_owned(), |value| words::value(metric, value))
            })
        };
        table.add_row([
            words::short(entry.id.as_str(), NAME),
            shown(Metric::Completion),
            of(Metric::Completion)
                .and_then(|estimate| words::interval(Metric::Completion, estimate))
                .unwrap_or_else(|| "n/a".to_owned()),
            shown(Metric::FirstTry),
            shown(Metric::ClarificationRounds),
            shown(Metric::CorrectionRounds),
            shown(Metric::Tokens),
            shown(Metric::CostPerSession),
            shown(Metric::CostPerCompletedTask),
        ]);
    }
    lines(&table)
}

fn constructs(analysis: &Analysis, roles: Roles, treat: usize) -> String {
    let Roles { base, plain, .. } = roles;
    let name = |arm: usize| words::short(analysis.manifest.arms[arm].id.as_str(), NAME);
    let mut head = vec!["construct".to_owned(), name(base)];
    head.extend(plain.map(name));
    head.extend([name(treat), "change".to_owned()]);
    let mut table = table(&head.iter().map(String::as_str).collect::<Vec<_>>());
    let mut few = 0;
    for construct in Construct::ALL {
        let group = Group::Construct(construct);
        let of = |arm: usize| {
            analysis
                .summary(group, arm, Metric::Completion)
                .map(|summary| words::shown(Metric::Completion, &summary.estimate))
        };
        let (Some(one), Some(other)) = (of(base), of(treat)) else {
            continue;
        };
        let Some(comparison) =
            analysis.comparison(group, Metric::Completion, plain.unwrap_or(base), treat)
        else {
            continue;
        };
        few += usize::from(comparison.direction == Direction::NotJudged(Caution::TooFewScenarios));
        let mut row = vec![construct.to_string().replace('_', "-"), one];
        row.extend(plain.and_then(of));
        let change = comparison.difference.value.map_or_else(
            || "n/a".to_owned(),
            |value| format!("{} points", words::points(value)),
        );
        row.extend([other, change]);
        table.add_row(row);
    }
    let mut text = lines(&table);
    if few > 0 {
        text.push_str("\n(too few scenarios in a construct to conclude from: described only)");
    }
    if let Some(plain) = plain {
        let _ = write!(text, "\n(change: against {})", name(plain));
    }
    text
}
