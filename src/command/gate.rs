//! `dreamtrial gate`: did a dream policy get worse?

use std::path::Path;

use super::{Exit, Failure, claims::open, print, tell};
use crate::{
    analyse::{
        AnalyseError, Measured, Metric,
        gate::{self, Blame, GateError, Lock, Looks, Rule},
    },
    cli::{GateArguments, GateLooks},
    record::Record,
    report::gates::GateReport,
    source::{MAX_FILE_BYTES, read_text},
};

pub(super) fn gate(arguments: &GateArguments) -> Result<Exit, Failure> {
    let rule = rule(arguments)?;
    let (baseline, _) = side(&arguments.baseline, arguments.baseline_arm.as_deref())?;
    if let Some(file) = &arguments.lock {
        let text = baseline.render().map_err(Failure::new)?;
        write(file, &text)?;
        tell(&format!(
            "locked arm `{}` of `{}` into `{}`\n",
            baseline.arm,
            arguments.baseline.display(),
            file.display()
        ));
    }
    let Some(candidate) = &arguments.candidate else {
        return if arguments.lock.is_some() {
            Ok(Exit::Done)
        } else {
            Err(Failure::usage("no candidate to compare with the baseline")
                .hint("give two runs, or `--lock FILE` to make a lock of one"))
        };
    };
    let (candidate, found) = side(candidate, arguments.arm.as_deref())?;
    let gated = gate::compare(&baseline, &candidate, &rule).map_err(failed)?;
    let mut blames: Vec<Blame> = Vec::new();
    if let Some(record) = &found {
        for change in gated.scenarios.iter().filter(|change| change.broke) {
            blames.push(
                gate::blame(record, &candidate.arm, &change.id)
                    .map_err(|error| Failure::new(AnalyseError::from(error)))?,
            );
        }
    }
    let report = GateReport {
        baseline: &baseline,
        candidate: &candidate,
        rule: &rule,
        gated: &gated,
        blames: &blames,
    };
    if let Some(file) = &arguments.junit {
        write(file, &report.junit().map_err(Failure::new)?)?;
    }
    if let Some(file) = &arguments.markdown {
        write(file, &report.markdown())?;
    }
    if arguments.json {
        let text = serde_json::to_string_pretty(&report.json()).map_err(Failure::new)?;
        print(&(text + "\n"))?;
    } else {
        print(&report.text())?;
    }
    Ok(Exit::of_gate(gated.status))
}

pub(super) fn rule(arguments: &GateArguments) -> Result<Rule, Failure> {
    let metrics = arguments
        .metrics
        .iter()
        .map(|name| metric(name))
        .collect::<Result<Vec<_>, _>>()?;
    let inside = |value: f64| value > 0.0 && value < 100.0;
    if !inside(arguments.margin) {
        return Err(Failure::usage(format!(
            "margin `{}` is not between 0 and 100",
            arguments.margin
        ))
        .hint(
            "`--margin 10` tolerates a loss of ten points of a share, or of 10% of another measure",
        ));
    }
    if !(arguments.alpha > 0.0 && arguments.alpha < 0.5) {
        return Err(Failure::usage(format!(
            "alpha `{}` is not between 0 and 0.5",
            arguments.alpha
        )));
    }
    Ok(Rule {
        metrics: if metrics.is_empty() {
            vec![Metric::Completion]
        } else {
            metrics
        },
        margin: arguments.margin / 100.0,
        alpha: arguments.alpha,
        looks: match arguments.looks {
            GateLooks::Four => Looks::Four,
            GateLooks::One => Looks::One,
            GateLooks::Anytime => Looks::Anytime,
        },
    })
}

pub(super) fn metric(name: &str) -> Result<Metric, Failure> {
    Metric::ALL
        .into_iter()
        .find(|metric| metric.as_str() == name)
        .ok_or_else(|| {
            Failure::usage(format!("no metric `{name}`")).hint(format!(
                "the metrics are `{}`",
                Metric::ALL.map(Metric::as_str).join("`, `")
            ))
        })
}

/// A side of the gate: the folder of a run, or a lock file.
pub(super) fn side(path: &Path, arm: Option<&str>) -> Result<(Lock, Option<Record>), Failure> {
    if path.is_file() {
        let text = read_text(path, MAX_FILE_BYTES).map_err(|problem| {
            Failure::usage(problem.message)
                .hint("a lock is made by `dreamtrial gate RUN --lock FILE`")
        })?;
        let lock = Lock::parse(path, &text).map_err(failed)?;
        if let Some(arm) = arm.filter(|arm| *arm != lock.arm.as_str()) {
            return Err(failed(GateError::NoArm {
                arm: arm.to_owned(),
                place: format!("the lock `{}`", path.display()),
                known: vec![lock.arm.to_string()],
            }));
        }
        return Ok((lock, None));
    }
    let record = open(path)?;
    let measured = Measured::read(&record).map_err(Failure::new)?;
    let place = format!("the run `{}`", path.display());
    let lock = Lock::of(&measured, arm, &place).map_err(failed)?;
    Ok((lock, Some(record)))
}

pub(super) fn failed(error: GateError) -> Failure {
    let hint = error.hint();
    let failure = match error {
        GateError::Stats(_) => Failure::new(error),
        GateError::NoArm { .. }
        | GateError::NoDreams { .. }
        | GateError::Incomparable { .. }
        | GateError::NothingInCommon
        | GateError::NoShare(_)
        | GateError::NotALock { .. } => Failure::usage(error.to_string()),
    };
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(Failure::io(file))
}
