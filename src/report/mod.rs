//! An analysis → artifacts: CSV, SVG and PNG charts, HTML, the summary for a terminal.
//!
//! Nothing is computed here that is not in the analysis or a row of the record; the same record gives
//! the same bytes. What always holds: what is not determined is said in words, never drawn or printed
//! as zero, and the first lines say what the reference agent is.

pub mod calibrate;
pub mod chart;
mod charts;
pub mod claims;
pub mod costs;
pub mod doctor;
mod findings;
pub mod gates;
mod html;
mod live;
pub mod power;
pub mod regrade;
mod roles;
mod rows;
mod tables;
mod terminal;
#[cfg(test)]
mod tests;
mod words;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::{
    analyse::Analysis,
    record::{Record, RecordError},
};

/// Why a report cannot be made.
#[derive(Debug, Error)]
pub enum ReportError {
    /// A chart cannot be drawn.
    #[error("cannot draw a chart")]
    Chart(#[from] chart::ChartError),
    /// The XML cannot be written.
    #[error("cannot write JUnit XML: {message}")]
    JUnit {
        /// Why.
        message: String,
    },
    /// The page cannot be rendered.
    #[error("cannot render the page")]
    Page(#[from] minijinja::Error),
    /// The record cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A table cannot be written.
    #[error("cannot write a table")]
    Table(#[from] csv::Error),
    /// A file cannot be written.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A report, rendered.
pub struct Report {
    /// The summary for a terminal, at most 80 columns, with colours.
    pub terminal: String,
    /// The page, complete in itself.
    pub html: String,
    /// The charts: names and SVG.
    pub charts: Vec<(&'static str, String)>,
    summary: Vec<u8>,
    comparisons: Vec<u8>,
    attribution: Vec<u8>,
}

impl Report {
    /// Renders everything that needs no single row.
    pub fn of(analysis: &Analysis) -> Result<Self, ReportError> {
        let charts = charts::draw(analysis)?;
        Ok(Self {
            terminal: terminal::summary(analysis),
            html: html::page(analysis, &charts)?,
            summary: tables::summary(analysis)?,
            comparisons: tables::comparisons(analysis)?,
            attribution: tables::attribution(analysis)?,
            charts,
        })
    }

    /// Writes the report, and the tables of single rows from the record, into a folder. Returns the
    /// files.
    pub fn write(&self, record: &Record, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
        let charts = folder.join("charts");
        fs::create_dir_all(&charts).map_err(|source| ReportError::Write {
            path: charts.clone(),
            source,
        })?;
        let mut files = Vec::new();
        for (name, svg) in &self.charts {
            files.push(save(&charts.join(format!("{name}.svg")), svg.as_bytes())?);
        }
        files.push(save(&folder.join("report.html"), self.html.as_bytes())?);
        files.push(save(&folder.join("summary.csv"), &self.summary)?);
        files.push(save(&folder.join("comparisons.csv"), &self.comparisons)?);
        files.push(save(&folder.join("attribution.csv"), &self.attribution)?);
        #[cfg(feature = "png")]
        {
            files.extend(self.write_pngs(&charts)?);
        }
        files.push(stream(&folder.join("tasks.csv"), |out| {
            rows::tasks(record, out)
        })?);
        files.push(stream(&folder.join("dreams.csv"), |out| {
            rows::dreams(record, out)
        })?);
        Ok(files)
    }

    #[cfg(feature = "png")]
    fn write_pngs(&self, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
        const SCALE: f32 = 2.0;
        let drawn: Vec<Result<Vec<u8>, chart::ChartError>> = std::thread::scope(|scope| {
            let running: Vec<_> = self
                .charts
                .iter()
                .map(|(_, svg)| scope.spawn(move || chart::png(svg, SCALE)))
                .collect();
            let broken = || {
                Err(chart::ChartError::Png {
                    message: "the drawing broke off".to_owned(),
                })
            };
            running
                .into_iter()
                .map(|one| one.join().unwrap_or_else(|_| broken()))
                .collect()
        });
        let mut files = Vec::new();
        for ((name, _), png) in self.charts.iter().zip(drawn) {
            files.push(save(&folder.join(format!("{name}.png")), &png?)?);
        }
        Ok(files)
    }
}

fn save(path: &Path, bytes: &[u8]) -> Result<PathBuf, ReportError> {
    stream(path, |out| {
        io::Write::write_all(out, bytes).map_err(|source| ReportError::Write {
            path: path.to_owned(),
            source,
        })
    })
}

/// Writes beside the file and renames, so that a file is there whole or as it was.
fn stream(
    path: &Path,
    write: impl FnOnce(&mut io::BufWriter<fs::File>) -> Result<(), ReportError>,
) -> Result<PathBuf, ReportError> {
    let failed = |source| ReportError::Write {
        path: path.to_owned(),
        source,
    };
    let beside = path.with_extension("part");
    let mut out = io::BufWriter::new(fs::File::create(&beside).map_err(failed)?);
    write(&mut out)?;
    let file = out
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    drop(file);
    fs::rename(&beside, path).map_err(failed)?;
    Ok(path.to_owned())
}

/// A table that was written whole.
fn csv_bytes(table: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, ReportError> {
    let bytes = table.into_inner();
    Ok(bytes.map_err(|error| csv::Error::from(error.into_error()))?)
}
