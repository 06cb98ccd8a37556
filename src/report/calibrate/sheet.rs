//! The sheet that people fill in, and its key.

use std::fmt::Write as _;

use crate::{
    analyse::calibrate::{Drawn, SHEET_COLUMNS},
    brief::Deliverable,
    record::Manifest,
    report::{ReportError, csv_bytes},
};

/// A drawn task with what was handed in.
pub struct SheetRow<'d> {
    /// The task and its name.
    pub drawn: &'d Drawn,
    /// What was handed in last.
    pub deliverable: Deliverable,
}

/// The sheet: nothing in it tells the arm or the grader's verdict.
pub fn sheet(manifest: &Manifest, rows: &[SheetRow<'_>]) -> Result<Vec<u8>, ReportError> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(SHEET_COLUMNS)?;
    for row in rows {
        let unit = row.drawn.unit;
        let mut text = String::new();
        for (field, value) in &row.deliverable.fields {
            let _ = writeln!(text, "{field}: {value}");
        }
        text.push_str(&row.deliverable.body);
        table.write_record([
            row.drawn.row.as_str(),
            manifest.scenarios[unit.scenario].id.as_str(),
            &unit.session.to_string(),
            &(unit.task + 1).to_string(),
            text.trim_end(),
            "",
            "",
        ])?;
    }
    csv_bytes(table)
}

/// The key of a sheet: which task each row is, and of which plan.
pub fn key(manifest: &Manifest, drawn: &[Drawn]) -> Result<Vec<u8>, ReportError> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "row",
        "plan",
        "scenario",
        "repetition",
        "session",
        "task",
        "arm",
    ])?;
    for Drawn { row, unit } in drawn {
        table.write_record([
            row.as_str(),
            &manifest.plan_digest[..12],
            manifest.scenarios[unit.scenario].id.as_str(),
            &unit.repetition.to_string(),
            &unit.session.to_string(),
            &(unit.task + 1).to_string(),
            manifest.arms[unit.arm].id.as_str(),
        ])?;
    }
    csv_bytes(table)
}
