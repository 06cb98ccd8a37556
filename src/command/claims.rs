//! `dreamtrial claims`: is what somebody says true of this run?

use std::path::Path;

use super::{Exit, Failure, print, run, tell};
use crate::{
    analyse::{
        Measured,
        claim::{self, Claims},
    },
    cli::ClaimsArguments,
    record::{Manifest, Record},
    report,
    source::Problems,
};

pub(super) fn claims(arguments: &ClaimsArguments) -> Result<Exit, Failure> {
    let record = open(&arguments.run)?;
    let measured = Measured::read(&record).map_err(Failure::new)?;
    let mut problems = Problems::default();
    let found = chosen(
        arguments.claims.as_deref(),
        &measured.manifest,
        &mut problems,
    );
    tell(&problems.render(true));
    let Some(claims) = found else {
        return Ok(Exit::Invalid);
    };
    let judgement = claim::judge(&measured, &claims).map_err(Failure::new)?;
    if arguments.json {
        let json = report::claims::json(&measured.manifest, &judgement);
        print(&serde_json::to_string_pretty(&json).map_err(Failure::new)?)?;
        print("\n")?;
    } else {
        print(&report::claims::text(&measured.manifest, &judgement))?;
    }
    Ok(Exit::Done)
}

/// The file that is given; else what the run registered; else the published figures.
pub(super) fn chosen(
    file: Option<&Path>,
    manifest: &Manifest,
    problems: &mut Problems,
) -> Option<Claims> {
    match file {
        Some(file) => claim::load(file, problems).map(|(claims, _)| claims),
        None => claim::of_run(manifest),
    }
}

/// The record in the folder of a run.
pub(super) fn open(folder: &Path) -> Result<Record, Failure> {
    let file = folder.join(run::RECORD);
    if !file.exists() {
        return Err(Failure::usage(format!("no run in `{}`", folder.display()))
            .hint(format!("a run's folder has a file `{}`", run::RECORD)));
    }
    Record::open(&file).map_err(run::failed)
}
