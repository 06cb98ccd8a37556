//! Where gradings are kept.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::material::World;
use crate::{
    analyse::regrade::{Regrading, Task},
    cli::GradeArguments,
    command::Failure,
    experiment::ModelSettings,
    grade::Judge,
    record::Record,
    report::regrade::{About, gradings, verdicts},
};

/// The file that says that a folder has gradings.
const GRADINGS: &str = "gradings.csv";

/// The folder that is asked for, if it is free, or a new one in the run's.
pub(super) fn folder(arguments: &GradeArguments, grader: &str) -> Result<PathBuf, Failure> {
    if let Some(out) = &arguments.out {
        return if out.join(GRADINGS).exists() {
            Err(
                Failure::usage(format!("`{}` has gradings already", out.display()))
                    .hint("give another folder with `--out`"),
            )
        } else {
            Ok(out.clone())
        };
    }
    let base = format!("gradings-{grader}");
    let taken = |folder: &PathBuf| folder.join(GRADINGS).exists();
    let mut folder = arguments.run.join(&base);
    let mut number = 2;
    while taken(&folder) {
        folder = arguments.run.join(format!("{base}-{number}"));
        number += 1;
    }
    Ok(folder)
}

/// How gradings came about.
pub(super) struct Made<'m> {
    /// The run, then its re-runs.
    pub(super) runs: &'m [&'m Record],
    /// The judge's model.
    pub(super) model: Option<&'m ModelSettings>,
    pub(super) about: &'m About,
    pub(super) world: &'m World,
    pub(super) interrupted: bool,
}

impl Made<'_> {
    fn json(&self, found: &Regrading) -> Value {
        let runs: Vec<Value> = self
            .runs
            .iter()
            .map(|record| {
                let manifest = record.manifest();
                json!({
                    "plan_digest": manifest.plan_digest,
                    "started_at": manifest.started_at,
                    "seed": manifest.seed,
                    "backend": manifest.backend,
                    "version": manifest.version,
                })
            })
            .collect();
        let recorded = &self.runs[0].manifest().rubrics;
        let rubrics: Vec<Value> = self
            .world
            .rubrics
            .iter()
            .map(|(id, now)| {
                json!({"rubric": id.as_str(), "run": recorded.get(id), "now": now.to_string()})
            })
            .collect();
        json!({
            "runs": runs,
            "grader": self.about.grader,
            "model": self.model,
            "repeats": self.about.repeats,
            "judge_digest": self.model.map(|_| Judge::digest().to_string()),
            "times": self.about.times,
            "rubrics": rubrics,
            "tasks": found.counts.tasks,
            "nothing_handed_in": found.counts.nothing_handed_in,
            "graded": found.counts.graded,
            "failed": found.counts.failed,
            "tokens": found.usage.total().0,
            "usd": found.cost.dollars(),
            "usd_with_failed": self.about.spent.dollars(),
            "interrupted": self.interrupted,
            "version": env!("CARGO_PKG_VERSION"),
        })
    }
}

/// Writes the tables and what they are of.
pub(super) fn write(
    folder: &Path,
    made: &Made<'_>,
    tasks: &[Task],
    found: &Regrading,
) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(Failure::io(folder))?;
    let manifest = made.runs[0].manifest();
    let about = serde_json::to_string_pretty(&made.json(found)).map_err(Failure::new)? + "\n";
    let rows = gradings(manifest, tasks).map_err(Failure::new)?;
    let each = verdicts(manifest, tasks).map_err(Failure::new)?;
    for (name, bytes) in [
        ("verdicts.csv", each),
        ("grading.json", about.into_bytes()),
        // It says that the folder is taken, so it comes last.
        (GRADINGS, rows),
    ] {
        let file = folder.join(name);
        std::fs::write(&file, bytes).map_err(Failure::io(&file))?;
    }
    Ok(())
}
