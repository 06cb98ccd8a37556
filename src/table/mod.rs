//! Tables of results from anywhere: read, checked, and summarised with `stats`.
//!
//! *What it is for.* One CSV file in, one flat ordered map of keys and numbers out ([`Keys`]), and the
//! same as text. The header says what kind of table it is. Who has tables of another kind reads them with
//! the same [`Sheet`]. *What it is not.* It knows nothing of scenarios, runs or records; whoever has rows can use it. *What always holds.* All problems of a file
//! are reported at once with their lines, and a file with one gives no number. What is left out is
//! counted in a key of its own. The names of keys are a contract (`docs/formats.md`): new ones may come,
//! none changes.

mod agreement;
mod arms;
mod comparison;
mod cost;
mod factorial;
mod gate;
mod keys;
mod lists;
mod paired;
mod read;
mod rows;
mod sheet;
mod text;
mod trials;

use std::{path::Path, sync::Arc};

pub use keys::Keys;
pub use read::columns;
pub use sheet::{Check, Fields, Row, Sheet};

use crate::{source::Problems, stats::StatsError};

/// What a summary may assume beyond the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The arm that is compared with; needed where a table names more than two.
    pub base: Option<String>,
    /// The arm that is compared.
    pub treat: Option<String>,
    /// Seed of every resampling.
    pub seed: u64,
    /// Replicates of the bootstrap.
    pub replicates: usize,
    /// A loss of the rate that would still be tolerated, one or several.
    pub margins: Vec<f64>,
    /// Prices of what the rows used.
    pub prices: Prices,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base: None,
            treat: None,
            seed: 20_260_101,
            replicates: 10_000,
            margins: vec![0.1],
            prices: Prices::default(),
        }
    }
}

/// Prices in US dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// A million tokens of input.
    pub input: f64,
    /// A million tokens of output.
    pub output: f64,
    /// An hour of a session.
    pub hour: f64,
    /// What is spent on the treated arm once every so many sessions.
    pub outlay: f64,
    /// After how many sessions it is spent again.
    pub every: u32,
}

impl Default for Prices {
    fn default() -> Self {
        Self {
            input: 3.0,
            output: 15.0,
            hour: 0.08,
            outlay: 0.35,
            every: 4,
        }
    }
}

/// A checked table.
#[derive(Debug)]
enum Table {
    /// Both arms in one row.
    Paired(rows::PairedTable),
    /// One row to an arm.
    Trials(rows::TrialTable),
    /// Two factors.
    Factorial(rows::FactorialTable),
    /// Repeated attempts at tasks.
    Attempts(Vec<rows::TaskRow>),
    /// Graders and a truth.
    Agreement(rows::RatingTable),
    /// Raters without a truth.
    Ratings(rows::RatingTable),
    /// P-values of several claims.
    PValues(Vec<(String, f64)>),
}

/// What a table says.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The kind of table, as a word.
    pub kind: &'static str,
    /// Everything that was computed, in order.
    pub keys: Keys,
    /// The arms that were compared, base first.
    arms: (String, String),
}

impl Summary {
    /// The summary as text of at most 80 columns; `name` is how the file is called in it.
    pub fn text(&self, name: &str, options: &Options) -> String {
        text::render(self, name, options)
    }
}

/// Reads, checks and summarises the text of a file. With a problem of the file among `problems` there
/// is no summary; an error is one of the arguments, such as a number of replicates of zero.
pub fn summarise(
    file: &Path,
    text: &Arc<str>,
    options: &Options,
    problems: &mut Problems,
) -> Result<Option<Summary>, StatsError> {
    let Some(table) = read::read(file, text, options, problems) else {
        return Ok(None);
    };
    let mut keys = Keys::default();
    let mut arms = ("base".to_owned(), "treat".to_owned());
    let kind = match &table {
        Table::Paired(table) => {
            paired::keys(&mut keys, table, options)?;
            "paired"
        }
        Table::Trials(table) => {
            arms = (table.base.clone(), table.treat.clone());
            trials::keys(&mut keys, table, options)?;
            "trials"
        }
        Table::Factorial(table) => {
            factorial::keys(&mut keys, table, options)?;
            "factorial"
        }
        Table::Attempts(tasks) => {
            lists::attempts(&mut keys, tasks)?;
            "attempts"
        }
        Table::Agreement(table) => {
            agreement::graders(&mut keys, table)?;
            "agreement"
        }
        Table::Ratings(table) => {
            agreement::ratings(&mut keys, table)?;
            "ratings"
        }
        Table::PValues(values) => {
            lists::p_values(&mut keys, values)?;
            "p-values"
        }
    };
    Ok(Some(Summary { kind, keys, arms }))
}
