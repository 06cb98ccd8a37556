//! `dreamtrial calibrate`: what people's labels say of the grader and of the run.

use std::path::Path;

use super::{Exit, Failure, claims::open, print, tell};
use crate::{
    analyse::{
        AnalyseError,
        calibrate::{self, Labels, Tasks, calibrate as corrected},
    },
    cli::CalibrateArguments,
    record::{Manifest, Record},
    report::calibrate::{SheetRow, json, key, sheet, text},
    source::Problems,
};

pub(super) fn calibrate(arguments: &CalibrateArguments) -> Result<Exit, Failure> {
    let record = open(&arguments.run)?;
    let tasks = Tasks::read(&record).map_err(Failure::new)?;
    let manifest = record.manifest();
    if let (Some(count), Some(out)) = (arguments.sample, &arguments.out) {
        let count = usize::try_from(count).map_err(Failure::new)?;
        let arms =
            calibrate::chosen(manifest, &arguments.arms).map_err(|name| no_arm(&name, manifest))?;
        return draw(&record, &tasks, &arms, (count, arguments.seed), out);
    }
    if let Some(ratio) = arguments.at_least
        && !(ratio.is_finite() && ratio > 1.0)
    {
        return Err(Failure::usage(format!("ratio `{ratio}` is not above 1"))
            .hint("`--at-least 3` asks which specificity \"at least 3 times\" needs"));
    }
    let Some(file) = &arguments.labels else {
        return Err(Failure::usage("no file of labels").hint("`--sample` draws a sheet to fill in"));
    };
    let mut problems = Problems::default();
    let labels = Labels::read(
        file,
        arguments.key.as_deref(),
        arguments.sampled,
        manifest,
        &tasks,
        &mut problems,
    );
    tell(&problems.render(true));
    let Some(labels) = labels else {
        return Ok(Exit::Invalid);
    };
    let found = corrected(manifest, &tasks, &labels, arguments.at_least).map_err(Failure::new)?;
    if arguments.json {
        let text = serde_json::to_string_pretty(&json(manifest, &found)).map_err(Failure::new)?;
        print(&(text + "\n"))?;
    } else {
        print(&text(manifest, &found))?;
    }
    Ok(Exit::Done)
}

fn no_arm(name: &str, manifest: &Manifest) -> Failure {
    let known: Vec<&str> = manifest.arms.iter().map(|arm| arm.id.as_str()).collect();
    Failure::usage(format!("the run has no arm `{name}`"))
        .hint(format!("there are `{}`", known.join("`, `")))
}

/// Writes a sheet and its key; files that are there stay, since somebody may have filled them in.
fn draw(
    record: &Record,
    tasks: &Tasks,
    arms: &[usize],
    (count, seed): (usize, u64),
    out: &Path,
) -> Result<Exit, Failure> {
    let beside = out.with_extension("key.csv");
    if let Some(there) = [out, beside.as_path()]
        .into_iter()
        .find(|file| file.exists())
    {
        return Err(
            Failure::usage(format!("`{}` is there already", there.display()))
                .hint("name another file with `--out`; a sheet may have been filled in"),
        );
    }
    let manifest = record.manifest();
    let drawn = calibrate::draw(manifest, tasks, arms, count, seed);
    let mut rows = Vec::new();
    for one in &drawn {
        let deliverable = tasks
            .deliverable(record, &one.unit)
            .map_err(|error| Failure::new(AnalyseError::from(error)))?;
        rows.push(SheetRow {
            drawn: one,
            deliverable: deliverable.unwrap_or_default(),
        });
    }
    let write =
        |file: &Path, bytes: Vec<u8>| std::fs::write(file, bytes).map_err(Failure::io(file));
    write(&beside, key(manifest, &drawn).map_err(Failure::new)?)?;
    write(out, sheet(manifest, &rows).map_err(Failure::new)?)?;
    tell(&format!(
        "drew {} tasks into `{}`: fill in `completed` (0 or 1), and `rater` if there are several\n\
         the key is `{}`: keep it from whoever labels\n\
         then: dreamtrial calibrate RUN {} --key {}\n",
        drawn.len(),
        out.display(),
        beside.display(),
        out.display(),
        beside.display(),
    ));
    Ok(Exit::Done)
}
