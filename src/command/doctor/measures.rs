//! What the calls to a model show of its service: tokens, speed and clock.

use jiff::Timestamp;

use super::questions::Asked;
use crate::report::doctor::{Check, Level};

/// The most seconds that the clocks of a service and of this machine may differ.
const CLOCKS_APART: i64 = 60;

/// Whether the service counts tokens.
pub(super) fn counted(asked: &Asked) -> Option<Check> {
    (asked.measured.calls > 0).then(|| {
        if asked.estimated == 0 {
            Check::new("usage", Level::Good, "the service counts tokens")
        } else {
            Check::new(
                "usage",
                Level::Doubtful,
                "the service does not count tokens: they are estimated from lengths, and so is what they cost",
            )
        }
    })
}

/// How fast it wrote, waits included.
pub(super) fn speed(asked: &Asked) -> Option<Check> {
    let measured = &asked.measured;
    (measured.calls > 0).then(|| {
        measured.tokens_per_second().map_or_else(
            || Check::new("speed", Level::Unknown, "nothing was written"),
            |speed| {
                Check::new(
                    "speed",
                    Level::Good,
                    format!(
                        "{speed:.0} tokens a second with the waits, {} in {:.1} s",
                        measured.output.0,
                        measured.active.seconds()
                    ),
                )
            },
        )
    })
}

/// Whether the clock of the service and ours agree.
pub(super) fn clocks(date: Option<Timestamp>, now: Timestamp) -> Check {
    let check = |level, words: String| Check::new("clock", level, words);
    let Some(date) = date else {
        return check(
            Level::Unknown,
            "the service does not say what time it is".to_owned(),
        );
    };
    let seconds = date.duration_since(now).as_secs();
    if seconds.abs() <= CLOCKS_APART {
        return check(Level::Good, "that of the service agrees".to_owned());
    }
    let side = if seconds > 0 { "ahead of" } else { "behind" };
    let apart = super::length(seconds.unsigned_abs());
    check(
        Level::Doubtful,
        format!("that of the service is {apart} {side} this one"),
    )
    .hint(Some(
        "set this machine's clock: a record has its times from it, and certificates may not hold",
    ))
}
