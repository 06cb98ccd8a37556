//! Which arms the report speaks of, whatever arms the experiment has.

use crate::{
    analyse::Analysis,
    experiment::Regime,
    record::{Manifest, PlannedArm},
};

/// Arms by the part they play, as numbers in the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Roles {
    /// What everything is compared with: the first arm without memory, failing that the first with
    /// accumulated memory, failing that the first.
    pub(super) base: usize,
    /// The first arm with plain accumulated memory.
    pub(super) plain: Option<usize>,
    /// What is tried: the first dreamed arm, failing that the first other arm.
    pub(super) treat: Option<usize>,
}

/// The names that arms have in the standard experiment, in the order of their colours.
const NAMES: [&str; 7] = [
    "none",
    "accumulated",
    "dreamed",
    "oracle",
    "placebo",
    "none-outcomes",
    "dreamed-outcomes",
];

fn first(manifest: &Manifest, regime: Regime) -> Option<usize> {
    let fits = |arm: &PlannedArm| arm.memory == regime;
    let plain = |arm: &PlannedArm| fits(arm) && arm.outcomes.is_none();
    let arms = &manifest.arms;
    arms.iter()
        .position(plain)
        .or_else(|| arms.iter().position(fits))
}

impl Roles {
    /// The parts that the arms of an analysis play.
    pub(super) fn of(analysis: &Analysis) -> Self {
        let manifest = &analysis.manifest;
        let arms = manifest.arms.len();
        let base = first(manifest, Regime::None)
            .or_else(|| first(manifest, Regime::Accumulated))
            .unwrap_or(0);
        let other = |found: Option<usize>| found.filter(|&arm| arm != base);
        let plain = other(first(manifest, Regime::Accumulated));
        let treat = other(first(manifest, Regime::Dreamed))
            .or_else(|| (0..arms).find(|&arm| arm != base && Some(arm) != plain))
            .or_else(|| (0..arms).find(|&arm| arm != base));
        Self {
            base,
            plain: plain.filter(|&arm| Some(arm) != treat),
            treat,
        }
    }

    /// The arms that the treatment is compared with.
    pub(super) fn controls(self) -> impl Iterator<Item = usize> {
        self.plain.into_iter().chain([self.base])
    }
}

/// An arm's colour and marker: the same in every chart of every report.
pub(super) fn palette(manifest: &Manifest, arm: usize) -> usize {
    let known = |arm: usize| {
        NAMES
            .iter()
            .position(|name| *name == manifest.arms[arm].id.as_str())
    };
    known(arm)
        .unwrap_or_else(|| NAMES.len() + (0..arm).filter(|&other| known(other).is_none()).count())
}

/// An arm in a sentence that has a verb: "dreaming", "no memory", "plain accumulated memory".
pub(super) fn treatment(manifest: &Manifest, arm: usize) -> String {
    in_words(manifest, arm, "no memory", "dreaming")
}

/// An arm as a circumstance: "without memory", "with dreaming".
pub(super) fn circumstance(manifest: &Manifest, arm: usize) -> String {
    let words = in_words(manifest, arm, "without memory", "dreaming");
    if words.starts_with("without") || words.starts_with("arm ") {
        words.replacen("arm ", "in arm ", 1)
    } else {
        format!("with {words}")
    }
}

fn in_words(manifest: &Manifest, number: usize, none: &str, dreamed: &str) -> String {
    let arm = &manifest.arms[number];
    let only = first(manifest, arm.memory) == Some(number) && arm.outcomes.is_none();
    match arm.memory {
        Regime::None if only => none.to_owned(),
        Regime::Accumulated if only => "plain accumulated memory".to_owned(),
        Regime::Dreamed if only && arm.id.as_str() == "dreamed" => dreamed.to_owned(),
        Regime::Dreamed if only => format!("{dreamed} (arm {})", arm.id),
        Regime::Oracle if only => "perfect memory".to_owned(),
        Regime::Placebo if only => "unrelated text".to_owned(),
        Regime::None | Regime::Accumulated | Regime::Dreamed | Regime::Oracle | Regime::Placebo => {
            format!("arm {}", arm.id)
        }
    }
}
