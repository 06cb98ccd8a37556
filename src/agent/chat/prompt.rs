//! The words that a model is given. They name no arm, no rubric and no scenario; two sessions that look
//! the same to a person are told the same.

use super::{super::instructions, memory::Notes};
use crate::brief::SessionBrief;

pub(super) use super::super::instructions::REMINDER;
pub(super) use crate::managed::words::{ACCEPTED, GIVEN_UP, correction, finding, task};

/// What a model is told at the end of a session whose memory it may write.
pub(super) const CLOSING: &str = "The session is over. You will not remember any of it but what stands in your memory. Write what will help in later sessions with `write_memory`, then stop. If nothing is worth keeping, stop at once.";

/// The instructions: the same for every session with the same kind of memory.
pub(super) fn system(notes: &Notes) -> String {
    let mut text = instructions::common();
    if notes.is_there() {
        text.push_str(instructions::MEMORY);
    }
    if notes.is_writable() {
        text.push_str(
            "- `write_memory` keeps something for later sessions, in place of what is at its path. You have until the end of the session; you will be told.
",
        );
    }
    text
}

/// The head of a session: what it is about, and the memory.
pub(super) fn head(brief: &SessionBrief, notes: &Notes) -> String {
    let mut text = brief.header();
    if notes.is_there() {
        text.push('\n');
        text.push_str(&notes.shown());
    }
    text.push('\n');
    text
}
