//! Gradings of a run in words, as JSON and as tables.

mod json;
mod tables;
mod variance;

use std::fmt::Write as _;

use super::{
    terminal::{lines, table, wrapped},
    words,
};
use crate::{
    analyse::{
        Estimate, Metric,
        regrade::{Regrading, Turned},
    },
    ident::{CriterionId, RubricId},
    quantity::Usd,
    record::Manifest,
};

pub use json::json;
pub use tables::{gradings, verdicts};

/// How many of the worst are shown.
const SHOWN: usize = 5;

/// A rubric that is not what it was when the run began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RubricChange {
    /// Its name.
    pub id: RubricId,
    /// Digest of its file then, in hexadecimal digits; `None` if the run had no such rubric.
    pub run: Option<String>,
    /// Digest of its file now.
    pub now: String,
}

/// How gradings were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Who graded, in words.
    pub grader: String,
    /// Whether nobody was asked, but the checks of the rubrics.
    pub embedded: bool,
    /// How often a judge judged within one grading.
    pub repeats: u32,
    /// Gradings of each deliverable.
    pub times: u32,
    /// Re-runs that were graded too.
    pub reruns: usize,
    /// The rubrics that differ; `None` if the record does not say which rubrics it had.
    pub rubrics: Option<Vec<RubricChange>>,
    /// What was spent, gradings that failed included.
    pub spent: Usd,
    /// Why gradings failed, and how many for each reason.
    pub failures: Vec<(String, u64)>,
    /// Where the tables are.
    pub folder: String,
}

fn name(manifest: &Manifest, arm: usize) -> &str {
    manifest.arms[arm].id.as_str()
}

fn part(label: &str, text: &str) -> String {
    wrapped(text, &format!("{label:<12}"), &" ".repeat(12))
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "n/a".to_owned(), |value| format!("{value:.2}"))
}

fn rate(value: Option<f64>) -> String {
    value.map_or_else(|| "n/a".to_owned(), words::percent)
}

fn share(part: u64, of: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "counts of gradings")]
    let share = (of > 0).then(|| part as f64 / of as f64);
    rate(share)
}

fn with_limits(estimate: &Estimate) -> String {
    let value = words::shown(Metric::Completion, estimate);
    words::interval(Metric::Completion, estimate)
        .map_or_else(|| value.clone(), |limits| format!("{value} {limits}"))
}

fn rubrics(about: &About) -> String {
    let Some(changes) = &about.rubrics else {
        return "not compared: the record does not say which rubrics it had".to_owned();
    };
    if changes.is_empty() {
        return "as in the run".to_owned();
    }
    let one = |change: &RubricChange| {
        let now = &change.now[..12.min(change.now.len())];
        match &change.run {
            Some(run) => format!(
                "`{}` was {}, is {now}",
                change.id,
                &run[..12.min(run.len())]
            ),
            None => format!("`{}` was not in the run, is {now}", change.id),
        }
    };
    format!(
        "not as in the run: {}",
        changes.iter().map(one).collect::<Vec<_>>().join("; ")
    )
}

fn head(about: &About, found: &Regrading) -> String {
    let counts = &found.counts;
    let mut text = part("grader", &about.grader);
    let mut graded = format!(
        "{}, of {} with something handed in",
        words::count(counts.graded, "grading"),
        words::count(counts.tasks - counts.nothing_handed_in, "task"),
    );
    if about.times > 1 {
        let _ = write!(graded, ", {} times each", about.times);
    }
    if about.reruns > 0 {
        let _ = write!(
            graded,
            ", in the run and {}",
            words::count(about.reruns as u64, "re-run")
        );
    }
    text.push_str(&part("gradings", &graded));
    if counts.failed > 0 {
        let failed = format!("{} could not be graded", words::grouped(counts.failed));
        text.push_str(&part("", &failed));
        for (reason, times) in &about.failures {
            let line = format!("{}: {reason}", words::count(*times, "grading"));
            text.push_str(&wrapped(&line, &" ".repeat(14), &" ".repeat(16)));
        }
    }
    if counts.nothing_handed_in > 0 {
        let nothing = format!(
            "{} with nothing handed in: not completed, whoever grades",
            words::count(counts.nothing_handed_in, "task")
        );
        text.push_str(&part("", &nothing));
    }
    text.push_str(&part("rubrics", &rubrics(about)));
    let abstained = if about.embedded {
        "none: checks do not abstain".to_owned()
    } else {
        format!(
            "{} of {} have no majority ({})",
            words::grouped(counts.undecided),
            words::count(counts.criteria, "verdict"),
            words::count(counts.abstained, "abstention")
        )
    };
    text.push_str(&part("abstained", &abstained));
    let cost = if about.embedded {
        "none: nobody was asked".to_owned()
    } else {
        let tokens = found.usage.total().0;
        let mut cost = format!("{}, {}", words::count(tokens, "token"), found.cost);
        if about.spent > found.cost {
            let _ = write!(cost, "; with what failed {}", about.spent);
        }
        cost
    };
    text.push_str(&part("cost", &cost));
    text
}

fn agreement(found: &Regrading) -> String {
    let Some(agreement) = &found.agreement else {
        return part("agreement", "nothing to compare: there is no grading");
    };
    let mut text = part(
        "agreement",
        &format!(
            "{} of {} say what the record says",
            with_limits(&agreement.share),
            words::count(agreement.gradings, "grading"),
        ),
    );
    let kappa = agreement.kappa.map_or_else(
        || "undefined: chance alone would agree".to_owned(),
        |kappa| format!("{kappa:.2} (Cohen)"),
    );
    text.push_str(&part("kappa", &kappa));
    text
}

fn flips(about: &About, found: &Regrading) -> String {
    let text = if about.times < 2 {
        "not known: each deliverable was graded once (see `--times`)".to_owned()
    } else {
        format!(
            "two gradings differ on {} of criteria, on {} of deliverables",
            rate(found.flips.overall.rate()),
            rate(found.completion_flips.rate()),
        )
    };
    part("flips", &text)
}

/// The criteria on which gradings differ most from the record, and from each other.
fn worst(found: &Regrading) -> String {
    let mut text = String::new();
    let against: Vec<_> = found
        .by_criterion
        .iter()
        .filter(|one| one.agreed < one.judged)
        .take(SHOWN)
        .collect();
    if !against.is_empty() {
        let mut rows = table(&["most against the record", "agree", "of", "kappa"]);
        for one in against {
            rows.add_row([
                words::short(one.criterion.as_str(), 44),
                share(one.agreed, one.judged),
                words::grouped(one.judged),
                number(one.kappa),
            ]);
        }
        let _ = writeln!(text, "\n{}", lines(&rows));
    }
    let mut flips: Vec<(&CriterionId, f64, u64)> = found
        .flips
        .by_criterion
        .iter()
        .filter(|(_, flips)| flips.different > 0)
        .filter_map(|(criterion, flips)| Some((criterion, flips.rate()?, flips.pairs)))
        .collect();
    flips.sort_by(|one, other| other.1.total_cmp(&one.1));
    if !flips.is_empty() {
        let mut rows = table(&["most against itself", "flips", "of pairs"]);
        for (criterion, rate, pairs) in flips.into_iter().take(SHOWN) {
            rows.add_row([
                words::short(criterion.as_str(), 44),
                words::percent(rate),
                words::grouped(pairs),
            ]);
        }
        let _ = writeln!(text, "\n{}", lines(&rows));
    }
    text
}

fn completion(manifest: &Manifest, found: &Regrading) -> String {
    let mut rows = table(&["completion", "tasks", "recorded [95%]", "re-graded [95%]"]);
    for arm in &found.arms {
        rows.add_row([
            words::short(name(manifest, arm.arm), 24),
            words::grouped(arm.tasks),
            with_limits(&arm.recorded),
            with_limits(&arm.regraded),
        ]);
    }
    let mut text = format!("\n{}\n", lines(&rows));
    for change in &found.changes {
        let heading = format!(
            "{} against {}",
            name(manifest, change.treat),
            name(manifest, change.base)
        );
        let _ = write!(text, "\n{}", wrapped(&heading, "", ""));
        for (label, estimate) in [
            ("recorded", &change.recorded),
            ("re-graded", &change.regraded),
        ] {
            let difference = words::difference(Metric::Completion, estimate);
            text.push_str(&wrapped(
                &difference,
                &format!("  {label:<12}"),
                &" ".repeat(14),
            ));
        }
    }
    text
}

fn turned_line(manifest: &Manifest, turned: &Turned) -> String {
    let unit = turned.unit;
    let state = |completed: bool| {
        if completed {
            "completed"
        } else {
            "not completed"
        }
    };
    let of = if turned.of == 1 {
        String::new()
    } else {
        format!(" ({} of {} gradings)", turned.against, turned.of)
    };
    let rerun = if turned.rerun == 0 {
        String::new()
    } else {
        format!(" of re-run {}", turned.rerun)
    };
    let criteria: Vec<&str> = turned.criteria.iter().map(CriterionId::as_str).collect();
    let criteria = if criteria.is_empty() {
        String::new()
    } else {
        format!("; {}", criteria.join(", "))
    };
    format!(
        "{}, {}, repetition {}{rerun}, session {}, task {}: {} on record, now {}{of}{criteria}",
        manifest.scenarios[unit.scenario].id,
        name(manifest, unit.arm),
        unit.repetition,
        unit.session,
        unit.task + 1,
        state(turned.was_completed),
        state(!turned.was_completed),
    )
}

/// The gradings for a terminal.
pub fn text(manifest: &Manifest, about: &About, found: &Regrading) -> String {
    let mut text = String::new();
    if manifest.is_reference() {
        let note = "Deliverables of the reference agent: no evidence about any product.";
        let _ = writeln!(text, "{}", wrapped(note, "", ""));
    }
    text.push_str(&head(about, found));
    text.push_str(&agreement(found));
    text.push_str(&flips(about, found));
    text.push_str(&worst(found));
    text.push_str(&completion(manifest, found));
    if found.turned.is_empty() {
        text.push_str("\nNo task's outcome turned.\n");
    } else {
        let heading = format!("{} turned", words::count(found.turned.len() as u64, "task"));
        let _ = writeln!(text, "\n{heading}");
        for turned in found.turned.iter().take(SHOWN) {
            text.push_str(&wrapped(&turned_line(manifest, turned), "- ", "  "));
        }
        if found.turned.len() > SHOWN {
            let _ = writeln!(
                text,
                "- and {} more",
                words::grouped((found.turned.len() - SHOWN) as u64)
            );
        }
    }
    text.push_str(&variance::text(manifest, found));
    let methods = "Methods: completion by Wilson on the effective size over scenarios, differences by the jackknife over scenarios (CV3, t), a task graded several times as its share; kappa over gradings; variance by the analysis of variance within tasks (unbalanced, nested), limits by the bootstrap over scenarios (BCa).";
    let _ = write!(text, "\n{}", wrapped(methods, "", ""));
    let evidence = format!("{}; tables in {}.", words::evidence(manifest), about.folder);
    text.push_str(&wrapped(&evidence, "", ""));
    text
}
