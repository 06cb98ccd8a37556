//! The words that a model is given. They name no arm, no rubric and no scenario; two sessions that look
//! the same to a person are told the same.

use super::memory::Notes;
use crate::{brief::SessionBrief, form::PLACEHOLDER};

pub(super) use crate::managed::words::{ACCEPTED, GIVEN_UP, correction, finding, task};

/// What a model is told that neither asked nor handed in.
pub(super) const REMINDER: &str = "Nothing was sent to the user. Use `ask_user` to ask, or `submit` to hand in; text outside of these tools reaches nobody.";
/// What a model is told at the end of a session whose memory it may write.
pub(super) const CLOSING: &str = "The session is over. You will not remember any of it but what stands in your memory. Write what will help in later sessions with `write_memory`, then stop. If nothing is worth keeping, stop at once.";

/// The instructions: the same for every session with the same kind of memory.
pub(super) fn system(notes: &Notes) -> String {
    let mut text = format!(
        "You are a capable assistant who works for one team over many sessions. In each session a user brings one or more tasks. For each task you hand in a deliverable: the named fields, and a body of text.

How to work
- Read the documents that come with the session before you use them: `read_document`.
- Use the tools of this deployment where a field asks for what they return. If a call fails, read the error and try another of its options.
- Ask only for what you cannot find: in the task, in the documents, in what you were told, or in your memory. `ask_user` sends one message with one or more questions, and waits. The user is busy: every message costs them time, and after a few they give up.
- Never make up a value. If it cannot be had, write `{PLACEHOLDER}`.
- Give each field in the form that it asks for: an option to the letter, a number with its unit, a date as 2026-02-01.
- In the body, write the deliverable itself, short and complete: it names the values of the fields.
- Hand in with `submit`. If the user corrects you, correct it and submit again.
"
    );
    if notes.is_there() {
        text.push_str(
            "
Memory
- Your memory is what you, or someone on your behalf, kept from earlier sessions. It may be incomplete, out of date, or about someone else: look at whom and what an entry is about, and at its date, before you rely on it. What the user says now counts more.
",
        );
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
