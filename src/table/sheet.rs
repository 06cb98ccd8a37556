//! A CSV file as rows of fields that know their line, and the problems of single fields.

use std::{collections::BTreeMap, ops::Range, path::Path, sync::Arc};

use crate::source::{Problem, Problems};

/// The largest amount: sums of as many as a file holds keep their digits.
const MOST: f64 = 1e12;

/// The file under check.
pub struct Check<'a> {
    /// Its path.
    pub file: &'a Path,
    /// Its text.
    pub text: &'a Arc<str>,
    /// What is wrong so far.
    pub problems: &'a mut Problems,
}

impl Check<'_> {
    /// Reports a problem of the whole file.
    pub fn whole(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        let problem = Problem::error(self.file, message).hint(hint);
        self.problems.push(problem, None);
    }

    /// Reports a problem of a place.
    pub fn at(&mut self, span: &Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        let problem = Problem::error(self.file, message)
            .at(span.clone())
            .hint(hint);
        self.problems.push(problem, Some(self.text));
    }
}

/// One row: its line from 1, its bytes, its fields without surrounding blanks.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its line, from 1.
    pub line: usize,
    /// Its bytes.
    pub span: Range<usize>,
    fields: Vec<String>,
}

/// A header and rows that are as long as it.
#[derive(Debug)]
pub struct Sheet {
    /// The names in the header.
    pub columns: Vec<String>,
    /// Its bytes.
    pub head: Range<usize>,
    /// The rows below it.
    pub rows: Vec<Row>,
}

impl Sheet {
    /// Reads the file; rows of another length are problems and left out.
    pub fn read(check: &mut Check<'_>) -> Option<Self> {
        let text = Arc::clone(check.text);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut rows = Vec::new();
        let (mut line, mut counted) = (1, 0);
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    check.whole(
                        format!("not a CSV file: {error}"),
                        "save the table as CSV, with commas between fields",
                    );
                    return None;
                }
            };
            let start = record
                .position()
                .and_then(|position| usize::try_from(position.byte()).ok())
                .unwrap_or(0)
                .min(text.len());
            // The position may be that of the line break before the row.
            let start = text.len() - text[start..].trim_start_matches(['\r', '\n']).len();
            let end = text[start..]
                .find(['\r', '\n'])
                .map_or(text.len(), |length| start + length);
            line += text[counted..start].matches('\n').count();
            counted = start;
            rows.push(Row {
                line,
                span: start..end,
                fields: record.iter().map(str::to_owned).collect(),
            });
        }
        let mut rows = rows.into_iter();
        let Some(head) = rows.next() else {
            check.whole("file is empty", "the first line names the columns");
            return None;
        };
        let mut kept = Vec::new();
        for row in rows {
            let (found, wanted) = (row.fields.len(), head.fields.len());
            if found == wanted {
                kept.push(row);
            } else {
                check.at(
                    &row.span,
                    format!("row has {found} fields, the header has {wanted}"),
                    "give every row one field for each column; leave a field empty for no value",
                );
            }
        }
        if kept.is_empty() && !check.problems.has_errors() {
            check.whole("table has no rows", "add rows below the header");
        }
        for (at, column) in head.fields.iter().enumerate() {
            if head.fields[..at].contains(column) {
                check.at(
                    &head.span,
                    format!("column `{column}` is there twice"),
                    "keep one of them",
                );
            }
        }
        Some(Self {
            columns: head.fields,
            head: head.span,
            rows: kept,
        })
    }

    /// The position of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
}

/// The fields of one row by column position, checked one by one.
pub struct Fields<'a> {
    /// The row.
    pub row: &'a Row,
    columns: &'a [String],
}

impl<'a> Fields<'a> {
    /// The fields of a row of a sheet.
    pub fn of(sheet: &'a Sheet, row: &'a Row) -> Self {
        Self {
            row,
            columns: &sheet.columns,
        }
    }

    /// The field as it stands; empty if there is no such column.
    pub fn text(&self, column: &str) -> &'a str {
        let at = self.columns.iter().position(|known| known == column);
        at.map_or("", |at| self.row.fields[at].as_str())
    }

    /// A field that must not be empty.
    pub fn name(&self, check: &mut Check<'_>, column: &str) -> Option<&'a str> {
        let text = self.text(column);
        if text.is_empty() {
            check.at(
                &self.row.span,
                format!("`{column}` is empty"),
                "give it a name or a number",
            );
            return None;
        }
        if text.chars().any(char::is_control) {
            let message = format!("`{column}` has a line break or a control character");
            check.at(&self.row.span, message, "use letters, digits and marks");
            return None;
        }
        Some(text)
    }

    fn wrong(&self, check: &mut Check<'_>, column: &str, expected: &str) {
        let text = self.text(column);
        let message = if text.is_empty() {
            format!("`{column}` is empty, expected {expected}")
        } else {
            format!("`{column}` is `{text}`, expected {expected}")
        };
        let hint = "correct the value, or leave out the row and say so";
        check.at(&self.row.span, message, hint);
    }

    /// A success: 0 or 1.
    pub fn outcome(&self, check: &mut Check<'_>, column: &str) -> Option<bool> {
        match self.text(column) {
            "0" => Some(false),
            "1" => Some(true),
            _ => {
                self.wrong(check, column, "`0` or `1`");
                None
            }
        }
    }

    /// A number that is finite and in a range.
    fn number(
        &self,
        check: &mut Check<'_>,
        column: &str,
        expected: &str,
        fits: impl Fn(f64) -> bool,
    ) -> Option<f64> {
        let value = self.text(column).parse::<f64>().ok();
        let value = value.filter(|value| value.is_finite() && fits(*value));
        if value.is_none() {
            self.wrong(check, column, expected);
        }
        value
    }

    /// An amount, not below zero.
    pub fn amount(&self, check: &mut Check<'_>, column: &str) -> Option<f64> {
        let expected = "a finite number, 0 or more, up to 1e12";
        self.number(check, column, expected, |value| {
            (0.0..=MOST).contains(&value)
        })
    }

    /// A probability.
    pub fn probability(&self, check: &mut Check<'_>, column: &str) -> Option<f64> {
        let expected = "a number between 0 and 1";
        self.number(check, column, expected, |value| {
            (0.0..=1.0).contains(&value)
        })
    }

    /// A rating; `None` for an empty field, which is a missing one, and for one that is reported.
    pub fn rating(&self, check: &mut Check<'_>, column: &str) -> Option<f64> {
        if self.text(column).is_empty() {
            return None;
        }
        self.number(check, column, "a finite number or nothing", |_| true)
    }

    /// A whole number.
    pub fn count(&self, check: &mut Check<'_>, column: &str) -> Option<u32> {
        let value = self.text(column).parse().ok();
        if value.is_none() {
            self.wrong(check, column, "a whole number, 0 or more");
        }
        value
    }
}

/// The keys seen so far, each with its line.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<Vec<String>, usize>);

impl Seen {
    /// Reports a key that was there before; returns whether it is new.
    pub(super) fn is_new(
        &mut self,
        check: &mut Check<'_>,
        fields: &Fields<'_>,
        columns: &[&str],
    ) -> bool {
        let key = columns.iter().map(|column| fields.text(column).to_owned());
        let key = key.collect::<Vec<_>>();
        let Some(&line) = self.0.get(&key) else {
            self.0.insert(key, fields.row.line);
            return true;
        };
        let named = columns
            .iter()
            .zip(&key)
            .map(|(column, value)| format!("{column} `{value}`"))
            .collect::<Vec<_>>()
            .join(", ");
        check.at(
            &fields.row.span,
            format!("line {} repeats {named}", fields.row.line),
            format!("line {line} has it already; keep one of them, or number the repetitions"),
        );
        false
    }
}
