//! `dreamtrial report`: everything that is shown of a run, again, from its record.

use std::path::Path;

use super::{Exit, Failure, claims::open, print};
use crate::{analyse::Analysis, cli::ReportArguments, report::Report};

pub(super) fn report(arguments: &ReportArguments) -> Result<Exit, Failure> {
    let out = arguments.out.as_deref().unwrap_or(&arguments.run);
    let incomplete = report_on(&arguments.run, out)?;
    Ok(if incomplete {
        Exit::Incomplete
    } else {
        Exit::Done
    })
}

/// Writes the report of the run in `folder` to `out` and prints its summary; returns whether some
/// planned trials were not run or graded.
pub(super) fn report_on(folder: &Path, out: &Path) -> Result<bool, Failure> {
    let record = open(folder)?;
    std::fs::create_dir_all(out).map_err(Failure::io(out))?;
    let analysis = Analysis::of(&record).map_err(Failure::new)?;
    let report = Report::of(&analysis).map_err(Failure::new)?;
    report.write(&record, out).map_err(Failure::new)?;
    print(&report.terminal)?;
    print(&format!(
        "\nReport: {}\n",
        out.join("report.html").display()
    ))?;
    Ok(analysis
        .counts
        .iter()
        .any(|counts| counts.graded + counts.ungraded < counts.planned))
}
