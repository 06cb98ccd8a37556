//! From a sheet to a checked table: which kind it is, and what each row says.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use super::{
    Options, Table, arms,
    rows::{CellRow, FactorialTable, MEASURES, Pair, PairedTable, Place, RatingTable, TaskRow},
    sheet::{Check, Fields, Seen, Sheet},
};
use crate::source::{Problems, closest};

/// The columns of each kind, for hints.
const KINDS: &str = "known headers: `stream,session,rep,base,treat`; `stream,session,rep,arm,success` \
    with `clarifications`, `minutes`, `tokens_in`, `tokens_out`, `hours` as wanted; \
    `stream,session,rep,dream,outcomes,success`; `stream,session,rep,success`; `task,n,c`; \
    `unit,truth,` and graders; `unit,` and raters; `name,p`";

/// Reads a file; `None` if there was a problem with it.
pub(super) fn read(
    file: &Path,
    text: &Arc<str>,
    options: &Options,
    problems: &mut Problems,
) -> Option<Table> {
    let before = problems.iter().count();
    let mut check = Check {
        file,
        text,
        problems,
    };
    let sheet = Sheet::read(&mut check)?;
    let has = |name| sheet.column(name).is_some();
    let first = sheet.columns.first().map(String::as_str);
    let check = &mut check;
    let table = if has("arm") {
        columns(
            check,
            &sheet,
            &["stream", "session", "rep", "arm", "success"],
            &MEASURES,
        )
        .then(|| arms::trials(check, &sheet, options))
        .flatten()
        .map(Table::Trials)
    } else if has("base") || has("treat") {
        columns(
            check,
            &sheet,
            &["stream", "session", "rep", "base", "treat"],
            &[],
        )
        .then(|| Table::Paired(paired(check, &sheet)))
    } else if has("dream") || has("outcomes") {
        let wanted = ["stream", "session", "rep", "dream", "outcomes", "success"];
        columns(check, &sheet, &wanted, &[])
            .then(|| factorial(check, &sheet))
            .flatten()
            .map(Table::Factorial)
    } else if has("stream") && has("success") {
        columns(check, &sheet, &["stream", "session", "rep", "success"], &[])
            .then(|| Table::Attempts(repeated(check, &sheet)))
    } else if has("task") {
        columns(check, &sheet, &["task", "n", "c"], &[])
            .then(|| Table::Attempts(attempts(check, &sheet)))
    } else if first == Some("unit") && sheet.columns.len() > 2 {
        let table = ratings(check, &sheet);
        Some(if sheet.columns[1] == "truth" {
            Table::Agreement(table)
        } else {
            Table::Ratings(table)
        })
    } else if has("name") && has("p") {
        columns(check, &sheet, &["name", "p"], &[]).then(|| Table::PValues(p_values(check, &sheet)))
    } else {
        let header = sheet.columns.join(",");
        check.at(&sheet.head, format!("unknown header `{header}`"), KINDS);
        None
    };
    table.filter(|_| problems.iter().count() == before)
}

/// Checks the header; returns whether all wanted columns are there.
pub fn columns(check: &mut Check<'_>, sheet: &Sheet, wanted: &[&str], allowed: &[&str]) -> bool {
    let known = || wanted.iter().chain(allowed).copied();
    for column in &sheet.columns {
        if !known().any(|name| name == column) {
            let hint = match closest(column, known()) {
                Some(like) => format!("did you mean `{like}`?"),
                None => format!("known: `{}`", known().collect::<Vec<_>>().join("`, `")),
            };
            check.at(&sheet.head, format!("unknown column `{column}`"), hint);
        }
    }
    let mut complete = true;
    for name in wanted {
        if sheet.column(name).is_none() {
            complete = false;
            let hint = format!("this kind of table has `{}`", wanted.join("`, `"));
            check.at(&sheet.head, format!("missing column `{name}`"), hint);
        }
    }
    complete
}

/// Streams by name, in the order of their first row.
#[derive(Debug, Default)]
pub(super) struct Streams(BTreeMap<String, usize>, pub(super) Vec<String>);

impl Streams {
    fn place(&mut self, name: &str) -> usize {
        if let Some(at) = self.0.get(name) {
            return *at;
        }
        self.0.insert(name.to_owned(), self.1.len());
        self.1.push(name.to_owned());
        self.1.len() - 1
    }

    pub(super) fn of(&mut self, check: &mut Check<'_>, fields: &Fields<'_>) -> Option<Place> {
        let stream = fields.name(check, "stream");
        let session = fields.count(check, "session");
        let rep = fields.name(check, "rep");
        Some(Place {
            stream: self.place(stream?),
            session: session?,
            rep: rep?.to_owned(),
        })
    }
}

fn paired(check: &mut Check<'_>, sheet: &Sheet) -> PairedTable {
    let (mut streams, mut seen) = (Streams::default(), Seen::default());
    let mut table = PairedTable::default();
    for row in &sheet.rows {
        let fields = Fields::of(sheet, row);
        let place = streams.of(check, &fields);
        let base = fields.outcome(check, "base");
        let treat = fields.outcome(check, "treat");
        seen.is_new(check, &fields, &["stream", "session", "rep"]);
        if let (Some(place), Some(base), Some(treat)) = (place, base, treat) {
            table.rows.push(Pair { place, base, treat });
        }
    }
    table.streams = streams.1.len();
    table
}

/// New positions of the streams that have all their cells, and the names of the others.
pub(super) fn complete<const N: usize>(
    present: &[[bool; N]],
    names: &[String],
) -> (Vec<Option<usize>>, Vec<String>) {
    let (mut places, mut dropped) = (Vec::new(), Vec::new());
    let mut next = 0;
    for (cells, name) in present.iter().zip(names) {
        if cells.iter().all(|present| *present) {
            places.push(Some(next));
            next += 1;
        } else {
            places.push(None);
            // A stream of other arms alone was never part of the comparison.
            if cells.iter().any(|present| *present) {
                dropped.push(name.clone());
            }
        }
    }
    (places, dropped)
}

fn factorial(check: &mut Check<'_>, sheet: &Sheet) -> Option<FactorialTable> {
    let (mut streams, mut seen) = (Streams::default(), Seen::default());
    let mut rows = Vec::new();
    for row in &sheet.rows {
        let fields = Fields::of(sheet, row);
        let place = streams.of(check, &fields);
        let first = fields.outcome(check, "dream");
        let second = fields.outcome(check, "outcomes");
        let success = fields.outcome(check, "success");
        let key = ["stream", "session", "rep", "dream", "outcomes"];
        seen.is_new(check, &fields, &key);
        if let (Some(place), Some(first), Some(second), Some(success)) =
            (place, first, second, success)
        {
            rows.push(CellRow {
                stream: place.stream,
                cell: usize::from(first) + 2 * usize::from(second),
                success,
            });
        }
    }
    let mut present = vec![[false; 4]; streams.1.len()];
    for row in &rows {
        present[row.stream][row.cell] = true;
    }
    let (places, dropped) = complete(&present, &streams.1);
    rows.retain_mut(|row| {
        let place = places[row.stream];
        row.stream = place.unwrap_or(0);
        place.is_some()
    });
    if rows.is_empty() && check.problems.is_empty() {
        check.whole(
            "no stream has rows in all four cells",
            "both factors are compared inside a stream: give all cells the same stream names",
        );
        return None;
    }
    Some(FactorialTable {
        streams: places.iter().flatten().count(),
        rows,
        dropped,
    })
}

fn attempts(check: &mut Check<'_>, sheet: &Sheet) -> Vec<TaskRow> {
    let mut seen = Seen::default();
    let mut tasks = Vec::new();
    for row in &sheet.rows {
        let fields = Fields::of(sheet, row);
        seen.is_new(check, &fields, &["task"]);
        let (n, c) = (fields.count(check, "n"), fields.count(check, "c"));
        let (Some(attempts), Some(successes)) = (n, c) else {
            continue;
        };
        if successes > attempts {
            check.at(
                &row.span,
                format!("`c` is `{successes}`, more than the `{attempts}` attempts"),
                "`n` counts attempts, `c` successes among them",
            );
        }
        tasks.push(TaskRow {
            stream: tasks.len(),
            attempts,
            successes,
        });
    }
    tasks
}

/// One arm's rows, a row an attempt: a session of a stream is a task.
fn repeated(check: &mut Check<'_>, sheet: &Sheet) -> Vec<TaskRow> {
    let (mut seen, mut streams) = (Seen::default(), Streams::default());
    let mut tasks: BTreeMap<(usize, u32), TaskRow> = BTreeMap::new();
    for row in &sheet.rows {
        let fields = Fields::of(sheet, row);
        seen.is_new(check, &fields, &["stream", "session", "rep"]);
        let (place, success) = (streams.of(check, &fields), fields.outcome(check, "success"));
        let (Some(place), Some(success)) = (place, success) else {
            continue;
        };
        let task = tasks
            .entry((place.stream, place.session))
            .or_insert(TaskRow {
                stream: place.stream,
                attempts: 0,
                successes: 0,
            });
        task.attempts += 1;
        task.successes += u32::from(success);
    }
    tasks.into_values().collect()
}

fn ratings(check: &mut Check<'_>, sheet: &Sheet) -> RatingTable {
    let columns = sheet.columns[1..].to_vec();
    let truth = columns.first().is_some_and(|column| column == "truth");
    let mut seen = Seen::default();
    let mut units = Vec::new();
    let names = columns.iter().map(String::as_str).collect::<BTreeSet<_>>();
    for row in &sheet.rows {
        let fields = Fields::of(sheet, row);
        seen.is_new(check, &fields, &["unit"]);
        let rating = |name: &String, check: &mut Check<'_>| {
            if truth && !fields.text(name).is_empty() {
                let verdict = fields.outcome(check, name)?;
                return Some(f64::from(u8::from(verdict)));
            }
            fields.rating(check, name)
        };
        let ratings = columns.iter().map(|name| rating(name, check));
        units.push(ratings.collect());
    }
    if truth && names.len() < 3 {
        check.at(
            &sheet.head,
            "there is one grader only",
            "a second grader shows how far two of them agree",
        );
    }
    RatingTable { columns, units }
}

fn p_values(check: &mut Check<'_>, sheet: &Sheet) -> Vec<(String, f64)> {
    let mut seen = Seen::default();
    let mut values = Vec::new();
    for row in &sheet.rows {
        let fields = Fields::of(sheet, row);
        seen.is_new(check, &fields, &["name"]);
        let name = fields.name(check, "name");
        let p = fields.probability(check, "p");
        if let (Some(name), Some(p)) = (name, p) {
            values.push((name.to_owned(), p));
        }
    }
    values
}
