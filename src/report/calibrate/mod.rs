//! A calibration in words and as JSON, and the sheet that people fill in.

mod json;
mod sheet;

use std::fmt::Write as _;

use super::{
    terminal::{lines, table, wrapped},
    words::{self, count, percent, points},
};
use crate::{
    analyse::calibrate::{Agreement, Calibration, Correction, Holds, PairAnswer, Share},
    record::Manifest,
    stats::Interval,
};

pub use json::json;
pub use sheet::{SheetRow, key, sheet};

fn limits(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || "no interval".to_owned(),
        |interval| {
            format!(
                "[{:.1}, {:.1}]",
                interval.lower() * 100.0,
                interval.upper() * 100.0
            )
        },
    )
}

fn share(share: &Share) -> String {
    let Some(value) = share.value() else {
        return "no label".to_owned();
    };
    format!(
        "{}/{} {} {}",
        share.met,
        share.of,
        percent(value),
        limits(share.interval)
    )
}

fn correction(correction: Correction) -> String {
    match correction {
        Correction::Powered { weight } => format!("PPI++ {weight:.2}"),
        Correction::RoganGladen { pooled: false } => "Rogan-Gladen".to_owned(),
        Correction::RoganGladen { pooled: true } => "R-G, pooled".to_owned(),
        Correction::None => "none".to_owned(),
    }
}

fn name(manifest: &Manifest, arm: usize) -> &str {
    manifest.arms[arm].id.as_str()
}

/// The most characters of a name beside numbers.
const NAME: usize = 16;

fn agreement(found: &Agreement) -> Vec<(&'static str, String)> {
    let kappa = match (found.kappa, found.interval) {
        (Some(kappa), Some(interval)) => format!(
            "{kappa:.2} [{:.2}, {:.2}] (Cohen; takes tasks as independent)",
            interval.lower(),
            interval.upper()
        ),
        (_, _) => "undefined: chance alone would agree".to_owned(),
    };
    let mut lines = vec![
        (
            "agreement",
            format!(
                "{} of {} between grader and people",
                percent(found.agreed),
                count(found.units, "task")
            ),
        ),
        ("kappa", kappa),
        (
            "AC1",
            format!("{:.2} (Gwet; does not fall with prevalence)", found.ac1),
        ),
        (
            "prevalence",
            format!(
                "done say people {}, the grader {}",
                percent(found.people),
                percent(found.grader)
            ),
        ),
    ];
    if found.rated_twice > 0 {
        let alpha = found
            .alpha
            .map_or_else(|| "undefined".to_owned(), |alpha| format!("{alpha:.2}"));
        lines.push((
            "alpha",
            format!(
                "{alpha} among people (Krippendorff, nominal; {} with two labels or more)",
                count(found.rated_twice, "task")
            ),
        ));
    }
    lines
}

fn errors_table(manifest: &Manifest, found: &Calibration) -> String {
    let mut table = table(&["arm", "sensitivity [95%]", "specificity [95%]"]);
    for arm in &found.arms {
        table.add_row([
            words::short(name(manifest, arm.arm), NAME),
            share(&arm.sensitivity),
            share(&arm.specificity),
        ]);
    }
    lines(&table)
}

fn rates_table(manifest: &Manifest, found: &Calibration) -> String {
    let mut table = table(&["arm", "labels", "grader", "corrected", "[95%]", "method"]);
    let shown = |value: Option<f64>| value.map_or_else(|| "n/a".to_owned(), percent);
    for arm in &found.arms {
        table.add_row([
            words::short(name(manifest, arm.arm), NAME),
            arm.labels.to_string(),
            shown(arm.seen),
            shown(arm.corrected),
            limits(arm.interval),
            correction(arm.correction),
        ]);
    }
    lines(&table)
}

/// `+46.0 points [+36.9, +55.1]`.
fn of_pair(
    value: Option<f64>,
    interval: Option<Interval>,
    unit: &str,
    one: impl Fn(f64) -> String,
) -> String {
    let Some(value) = value else {
        return "not estimable".to_owned();
    };
    let limits = interval.map_or_else(
        || " (no interval)".to_owned(),
        |interval| {
            let upper = if interval.upper().is_finite() {
                one(interval.upper())
            } else {
                "no limit".to_owned()
            };
            format!(" [{}, {upper}]", one(interval.lower()))
        },
    );
    format!("{}{unit}{limits}", one(value))
}

fn pair_lines(manifest: &Manifest, pair: &PairAnswer) -> Vec<(&'static str, String)> {
    let times = |value: f64| format!("{value:.2}x");
    let seen = [
        pair.seen_difference
            .map(|value| format!("{} points", points(value))),
        pair.seen_ratio.map(times),
    ];
    let seen: Vec<String> = seen.into_iter().flatten().collect();
    let mut all = vec![
        ("grader says", seen.join(", ")),
        (
            "corrected",
            format!(
                "{}; {}",
                of_pair(pair.difference, pair.difference_interval, " points", points),
                of_pair(pair.ratio, pair.ratio_interval, "", times),
            ),
        ),
    ];
    let why = pair
        .ranking
        .why()
        .map_or_else(String::new, |why| format!(": {why}"));
    all.push((
        "ranking",
        format!(
            "{}{why} ({})",
            pair.ranking.as_str(),
            count(pair.scenarios as u64, "scenario")
        ),
    ));
    for holds in &pair.holds {
        all.push(("needs", needs(manifest, pair, holds)));
    }
    all
}

/// "specificity of 31.2% or more in `dreamed`, for it to be above `none`".
fn needs(manifest: &Manifest, pair: &PairAnswer, holds: &Holds) -> String {
    let arm = name(manifest, holds.arm);
    let other = name(
        manifest,
        if holds.arm == pair.base {
            pair.treat
        } else {
            pair.base
        },
    );
    let what = if holds.ratio > 1.0 {
        format!("be at least {:.2}x `{other}`", holds.ratio)
    } else {
        format!("stay above `{other}`")
    };
    match holds.least {
        least if least > 1.0 => format!("`{arm}` would not {what} at any specificity"),
        least if least <= 0.0 => format!("`{arm}` would {what} at any specificity"),
        least => format!(
            "a specificity of {} or more in `{arm}`, for it to {what}",
            percent(least)
        ),
    }
}

fn methods(found: &Calibration) -> String {
    if found.sampled {
        "Methods: sensitivity and specificity by Wilson on the effective size over scenarios; corrected by PPI++ (labels drawn from these tasks; beside it the weight of the grader's verdicts) with the jackknife over scenarios (CV3, t), differences as such, ratios on the logarithm; Wilson on the labels where nothing varies."
            .to_owned()
    } else {
        "Methods: sensitivity and specificity by Wilson on the effective size over scenarios; corrected by Rogan-Gladen with the interval of Lang and Reiczigel on effective sizes; differences and ratios by squares of distances to these limits (MOVER), arms taken as independent. If the labels were drawn at random from each arm's tasks, `--sampled` is more exact."
            .to_owned()
    }
}

/// The calibration for a terminal.
pub fn text(manifest: &Manifest, found: &Calibration) -> String {
    let mut text = String::new();
    if manifest.is_reference() {
        let note = "Calibrated on the reference agent: no evidence about any product.";
        text.push_str(&wrapped(note, "", ""));
        text.push('\n');
    }
    let mut head = vec![("labels", labels(found))];
    match &found.agreement {
        Some(found) => head.extend(agreement(found)),
        None => head.push(("agreement", "no task with a majority".to_owned())),
    }
    for (label, line) in head {
        text.push_str(&wrapped(&line, &format!("{label:<12}"), &" ".repeat(12)));
    }
    let _ = write!(
        text,
        "\n{}\n\n{}\n",
        errors_table(manifest, found),
        rates_table(manifest, found)
    );
    for pair in &found.pairs {
        let heading = format!(
            "{} against {}",
            name(manifest, pair.treat),
            name(manifest, pair.base)
        );
        let _ = write!(text, "\n{}", wrapped(&heading, "", ""));
        for (label, line) in pair_lines(manifest, pair) {
            text.push_str(&wrapped(&line, &format!("  {label:<12}"), &" ".repeat(14)));
        }
    }
    let _ = write!(text, "\n{}", wrapped(&methods(found), "", ""));
    let evidence = words::evidence(manifest) + ".";
    text.push_str(&wrapped(&evidence, "", ""));
    text
}

fn labels(found: &Calibration) -> String {
    let mut text = format!(
        "{} of {} by {}",
        count(found.labels, "label"),
        count(found.units, "task"),
        count(found.raters.len() as u64, "rater")
    );
    text.push_str(if found.sampled {
        ", drawn at random from the run's tasks"
    } else {
        ", not drawn at random from the run's tasks"
    });
    if found.tied > 0 {
        let _ = write!(
            text,
            "; {} left out, on which people are evenly split",
            count(found.tied, "task")
        );
    }
    if let Some(drawn) = found.drawn.filter(|drawn| *drawn > found.units) {
        let _ = write!(
            text,
            "; {} of {drawn} drawn tasks have none: this holds only if they lack one by chance",
            drawn - found.units
        );
    }
    text
}
