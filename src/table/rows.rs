//! The checked tables, one type to a kind.

/// The measures that a table of trials may have beside success.
pub(super) const MEASURES: [&str; 5] = [
    "clarifications",
    "minutes",
    "tokens_in",
    "tokens_out",
    "hours",
];

/// Where a row belongs.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Position of the stream.
    pub(super) stream: usize,
    /// Number of the session.
    pub(super) session: u32,
    /// Name of the repetition.
    pub(super) rep: String,
}

/// Both arms of a repetition.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) place: Place,
    pub(super) base: bool,
    pub(super) treat: bool,
}

#[derive(Debug, Default)]
pub(super) struct PairedTable {
    pub(super) streams: usize,
    pub(super) rows: Vec<Pair>,
}

/// One arm of a repetition.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    pub(super) place: Place,
    pub(super) treated: bool,
    pub(super) success: bool,
    /// In the order of [`MEASURES`]; `None` if the table has no such column.
    pub(super) measures: [Option<f64>; 5],
}

impl Trial {
    /// A measure by its name.
    pub(super) fn measure(&self, name: &str) -> Option<f64> {
        let at = MEASURES.iter().position(|known| *known == name)?;
        self.measures[at]
    }
}

#[derive(Debug)]
pub(super) struct TrialTable {
    pub(super) base: String,
    pub(super) treat: String,
    /// Streams with rows in both arms; those alone have rows here.
    pub(super) streams: usize,
    pub(super) rows: Vec<Trial>,
    /// Streams that lack one of both arms, by name.
    pub(super) dropped: Vec<String>,
    /// Rows of those streams.
    pub(super) dropped_rows: usize,
    /// Rows of other arms.
    pub(super) other_rows: usize,
}

impl TrialTable {
    /// Whether all rows have a measure.
    pub(super) fn has(&self, name: &str) -> bool {
        self.rows.iter().all(|row| row.measure(name).is_some())
    }
}

/// One cell of a design of two factors.
#[derive(Debug)]
pub(super) struct CellRow {
    pub(super) stream: usize,
    /// Both off, first on, second on, both on.
    pub(super) cell: usize,
    pub(super) success: bool,
}

#[derive(Debug)]
pub(super) struct FactorialTable {
    pub(super) streams: usize,
    pub(super) rows: Vec<CellRow>,
    pub(super) dropped: Vec<String>,
}

#[derive(Debug)]
pub(super) struct TaskRow {
    /// The number of its stream.
    pub(super) stream: usize,
    pub(super) attempts: u32,
    pub(super) successes: u32,
}

#[derive(Debug)]
pub(super) struct RatingTable {
    /// Names of the columns behind the unit.
    pub(super) columns: Vec<String>,
    /// One row to a unit, `None` for a missing rating.
    pub(super) units: Vec<Vec<Option<f64>>>,
}
