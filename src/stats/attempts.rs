//! Success in `k` attempts of a task: at least once (pass@k), every time
//! (pass^k).
//!
//! *What it is for.* What repeated attempts buy, and how reliable a single one
//! is. *What it is not.* A rate of rows: every task counts once. *What always
//! holds.* A task with fewer than `k` attempts is left out and counted; each
//! task uses its own number of attempts.

use super::error::StatsError;
use super::jackknife;
use super::sample::Arm;

/// Attempts at one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    attempts: u32,
    successes: u32,
}

impl Task {
    /// Checks `successes <= attempts`.
    pub fn new(attempts: u32, successes: u32) -> Result<Self, StatsError> {
        if successes <= attempts {
            Ok(Self {
                attempts,
                successes,
            })
        } else {
            Err(StatsError::OutOfRange {
                name: "successes",
                value: f64::from(successes),
                expected: "a number not above the attempts",
            })
        }
    }

    /// The unbiased estimate of one kind of success; `None` with fewer than
    /// `k` attempts.
    pub fn estimate(self, kind: Success, k: u32) -> Option<f64> {
        let chosen = match kind {
            Success::Once => self.attempts - self.successes,
            Success::Always => self.successes,
        };
        if k == 0 || self.attempts < k {
            return None;
        }
        // C(chosen, k) / C(attempts, k), factor by factor.
        let share = (0..k)
            .map(|i| f64::from(chosen.saturating_sub(i)) / f64::from(self.attempts - i))
            .product::<f64>();
        Some(match kind {
            Success::Once => 1.0 - share,
            Success::Always => share,
        })
    }
}

/// Which success in `k` attempts is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Success {
    /// At least one of `k` (pass@k): `1 - C(n-c, k) / C(n, k)`. Source: Chen
    /// et al. 2021, arXiv 2107.03374.
    Once,
    /// All of `k` (pass^k): `C(c, k) / C(n, k)`. Source: Yao et al. 2024,
    /// arXiv 2406.12045.
    Always,
}

/// Result of [`average`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Average {
    /// Mean over tasks; `None` without a task of `k` attempts.
    pub mean: Option<f64>,
    /// Delete-one-stream jackknife standard error; `None` with one stream.
    pub se: Option<f64>,
    /// Tasks with at least `k` attempts.
    pub tasks: usize,
    /// Tasks with fewer.
    pub left_out: usize,
}

/// The mean over tasks, given stream by stream.
///
/// Assumes independent streams. With `k` equal to all attempts, pass^k is
/// just "all passed" and very noisy. Source: see [`Success`]; the standard
/// error is CV3.
pub fn average(streams: &[Vec<Task>], kind: Success, k: u32) -> Result<Average, StatsError> {
    let mut sums = Vec::new();
    let (mut tasks, mut left_out) = (0, 0);
    for stream in streams {
        let values = stream
            .iter()
            .filter_map(|task| task.estimate(kind, k))
            .collect::<Vec<_>>();
        left_out += stream.len() - values.len();
        tasks += values.len();
        if !values.is_empty() {
            sums.push((values.iter().sum(), super::sample::as_float(values.len())));
        }
    }
    let mut result = Average {
        mean: None,
        se: None,
        tasks,
        left_out,
    };
    if sums.is_empty() {
        return Ok(result);
    }
    let arm = Arm::from_pairs(sums)?;
    result.mean = arm.mean();
    result.se = arm
        .mean()
        .and_then(|mean| jackknife::cv3_se(mean, arm.leave_one_out(), 1.0));
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        let task = Task::new(8, 5).unwrap();
        // 1 - C(3,2)/C(8,2) = 25/28; C(5,2)/C(8,2) = 10/28.
        let once = task.estimate(Success::Once, 2).unwrap();
        let always = task.estimate(Success::Always, 2).unwrap();
        assert!((once - 25.0 / 28.0).abs() < 1e-15 && (always - 10.0 / 28.0).abs() < 1e-15);
        assert_eq!(task.estimate(Success::Once, 9), None);
        assert_eq!(task.estimate(Success::Always, 6), Some(0.0));
        assert!(Task::new(1, 2).is_err());
    }

    #[test]
    fn short_tasks_are_counted_not_averaged() {
        let streams = [vec![Task::new(1, 1).unwrap(), Task::new(2, 2).unwrap()]];
        let result = average(&streams, Success::Always, 2).unwrap();
        assert_eq!((result.tasks, result.left_out), (1, 1));
        assert_eq!((result.mean, result.se), (Some(1.0), None));
        assert_eq!(average(&[], Success::Once, 1).unwrap().mean, None);
    }
}
