//! Keys of plain lists: repeated attempts at tasks, p-values of several claims.

use super::{Keys, rows::TaskRow};
use crate::stats::{
    StatsError,
    attempts::{self, Success, Task},
    multiplicity,
};

/// Numbers of attempts that are looked at.
const K: [u32; 6] = [1, 2, 3, 4, 5, 8];
/// The same for the repetitions of paired tables.
pub(super) const K_OF_PAIRS: [u32; 3] = [1, 2, 3];

/// Tasks in their streams; in a list of tasks each is a stream of its own.
pub(super) fn attempts(keys: &mut Keys, tasks: &[TaskRow]) -> Result<(), StatsError> {
    let count = tasks.iter().map(|task| task.stream + 1).max().unwrap_or(0);
    let mut streams: Vec<Vec<Task>> = vec![Vec::new(); count];
    for task in tasks {
        streams[task.stream].push(Task::new(task.attempts, task.successes)?);
    }
    keys.count("tasks", tasks.len());
    keys.count("streams", count);
    for k in K {
        for (kind, success) in [("hat", Success::Always), ("at", Success::Once)] {
            let average = attempts::average(&streams, success, k)?;
            let prefix = format!("pass_{kind}_{k}.");
            keys.number(format!("{prefix}mean"), average.mean);
            keys.count(format!("{prefix}tasks"), average.tasks);
            keys.count(format!("{prefix}left_out"), average.left_out);
            keys.number(format!("{prefix}se"), average.se);
        }
    }
    Ok(())
}

/// Adjusted for a set fixed in advance (Holm) and for a grid (Benjamini-Hochberg).
pub(super) fn p_values(keys: &mut Keys, values: &[(String, f64)]) -> Result<(), StatsError> {
    let p = values.iter().map(|(_, p)| *p).collect::<Vec<_>>();
    keys.count("claims", values.len());
    for (kind, adjusted) in [
        ("holm", multiplicity::holm(&p)?),
        ("bh", multiplicity::benjamini_hochberg(&p)?),
    ] {
        for ((name, _), value) in values.iter().zip(adjusted) {
            keys.number(format!("{kind}.{name}"), value);
        }
    }
    Ok(())
}
