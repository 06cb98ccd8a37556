//! Where the variance of completion comes from, in words.

use std::fmt::Write as _;

use super::{name, words, wrapped};
use crate::{
    analyse::regrade::{ArmComponents, Regrading},
    experiment::Regime,
    record::Manifest,
    stats::components::{Component, Separation, Stage},
};

/// What a stage is in an arm.
pub(super) fn stage_name(stage: Stage, memory: Regime) -> &'static str {
    match (stage, memory) {
        (Stage::Draw, Regime::Dreamed) => "dream",
        (Stage::Draw, Regime::None | Regime::Accumulated | Regime::Oracle | Regime::Placebo) => {
            "repetition"
        }
        (Stage::Rerun, _) => "re-run",
        (Stage::Measurement, _) => "grading",
    }
}

/// `one re-run only`, or what else nothing repeats.
fn why(arm: &ArmComponents, component: &Component, memory: Regime) -> String {
    let thing = match component.stage {
        Stage::Draw => "repetition",
        Stage::Rerun => "run",
        Stage::Measurement => "grading",
    };
    let only = if arm.most[component.stage as usize] <= 1 {
        format!("one {thing} only")
    } else {
        format!("no task has two {thing}s")
    };
    match component.separation {
        Separation::Alone => String::new(),
        Separation::MixedWith(stage) => format!(
            "not separated ({only}): part of `{}`",
            stage_name(stage, memory)
        ),
        Separation::MixedWithCells => {
            format!("not separated ({only}): part of how tasks differ")
        }
    }
}

fn line(arm: &ArmComponents, component: &Component, memory: Regime) -> String {
    let Some(variance) = component.variance else {
        return why(arm, component, memory);
    };
    let mut text = format!("{variance:.4}");
    match component.interval {
        Some(interval) => {
            let _ = write!(text, " [{:.4}, {:.4}]", interval.lower(), interval.upper());
        }
        None => text.push_str(" (no interval)"),
    }
    if let Some(share) = arm.components.share(component.stage) {
        let _ = write!(text, ", {} of the three", words::percent(share));
    }
    if component.was_negative {
        text.push_str("; estimated below 0, given as 0");
    }
    text
}

/// One block for each arm.
pub(super) fn text(manifest: &Manifest, found: &Regrading) -> String {
    if found.components.is_empty() {
        return String::new();
    }
    let mut text =
        "\nvariance of completion within a task, by what is drawn anew [95%]\n".to_owned();
    for arm in &found.components {
        let memory = manifest.arms[arm.arm].memory;
        for (at, component) in arm.components.components.iter().enumerate() {
            let label = if at == 0 { name(manifest, arm.arm) } else { "" };
            let first = format!(
                "{:<17}{:<12}",
                words::short(label, 16),
                stage_name(component.stage, memory)
            );
            text.push_str(&wrapped(
                &line(arm, component, memory),
                &first,
                &" ".repeat(29),
            ));
        }
    }
    let note = "A repetition draws its world anew, and the dreams of an arm that has them; a re-run holds both.";
    text.push_str(&wrapped(note, "", ""));
    text
}
