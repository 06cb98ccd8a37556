//! Events → a live line on standard error: done, rate, time left.
//!
//! On a terminal a bar that redraws itself; piped, a plain line for each tenth of the work. It changes
//! nothing but what is seen.

use std::fmt::Write as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::event::{Event, TrialOutcome};

/// Watches a run.
pub struct Progress {
    bar: ProgressBar,
    plain: bool,
    told: u64,
    failed: u64,
}

/// Plain lines are written at each of so many steps.
const STEPS: u64 = 10;

impl Progress {
    /// A watcher of a run of so many sessions, of which some are there already.
    pub fn new(sessions: u64, there: u64, terminal: bool) -> Self {
        let target = if terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(sessions), target).with_position(there);
        let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = write!(out, "{:.0}/s", state.per_sec());
        };
        if let Ok(style) = ProgressStyle::with_template(
            "{bar:30} {human_pos}/{human_len} sessions  {rate}  {eta} left  {msg}",
        ) {
            bar.set_style(style.with_key("rate", rate).progress_chars("#>-"));
        }
        bar.reset_eta();
        let told = (there * STEPS).checked_div(sessions).unwrap_or(STEPS);
        Self {
            bar,
            plain: !terminal,
            told,
            failed: 0,
        }
    }

    /// Takes note of an event; returns a line to print where there is no terminal to draw on.
    pub fn event(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::Session(_) => {
                self.bar.inc(1);
                let (position, length) =
                    (self.bar.position(), self.bar.length().unwrap_or(0).max(1));
                let step = position * STEPS / length;
                if self.plain && step > self.told {
                    self.told = step;
                    let left = self.bar.eta().as_secs();
                    return Some(format!(
                        "{position} of {length} sessions, {:.0}/s, {left} s left",
                        self.bar.per_sec()
                    ));
                }
                None
            }
            Event::Trial {
                outcome: TrialOutcome::BackendFailed(failure),
                ..
            } => {
                self.failed += 1;
                let mut message = String::new();
                let _ = write!(message, "{} failed", self.failed);
                self.bar.set_message(message);
                self.plain.then(|| format!("a trial failed: {failure}"))
            }
            Event::Trial {
                outcome:
                    TrialOutcome::Graded | TrialOutcome::BudgetReached { .. } | TrialOutcome::Canceled,
                ..
            } => None,
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
