//! The words that an agent is told in, whatever service carries them: tasks, what the user says of a
//! deliverable, the end of a session.
//!
//! They name no arm, no rubric and no scenario. [`super::heard`] reads them back.

use std::fmt::Write as _;

use crate::brief::SessionBrief;

/// What an agent is told when its work was taken.
pub const ACCEPTED: &str = "The user took it. This task is done.";
/// What an agent is told when the user has had enough.
pub const GIVEN_UP: &str = "The user has ended this task and goes on without you.";
/// What a submission is answered with when a grader sees it before the user does.
pub const RECEIVED: &str = "Received.";
/// What an agent is told at the end of a session whose memory is a folder that it may write.
pub const CLOSING: &str = "The session is over. You will not remember any of it but what stands in your memory. Write what will help in later sessions to files of your memory, then stop. If nothing is worth keeping, stop at once.";

/// How every message that ends a session begins.
pub(super) const CLOSING_START: &str = "The session is over.";
pub(super) const FINDING_START: &str = "A review, before the user sees it, asks for a revision:\n";
pub(super) const FINDING_END: &str = "\nRevise, and submit again.";
pub(super) const CORRECTION_START: &str = "The user says: ";
pub(super) const ASIDES: &str = "By the way:";
pub(super) const FIELDS: &str = "Fields to hand in:";
pub(super) const OTHER_WORDS: &str = "Other words for these fields:";

/// One task of a session, by its number from 0: its title, the user's words, the fields to hand in.
pub fn task(brief: &SessionBrief, number: usize) -> String {
    let task = &brief.tasks[number];
    let mut text = format!(
        "Task {} of {}: {}\n\n{}\n",
        number + 1,
        brief.tasks.len(),
        task.title,
        task.text.text()
    );
    if !task.asides.text().is_empty() {
        let _ = write!(text, "\n{ASIDES}\n{}\n", task.asides.text());
    }
    let _ = write!(text, "\n{FIELDS}\n{}", task.form.render());
    text
}

/// The message that brings a task to an agent of the service: the session's head before the first one,
/// the task, and other words for its fields where a field has any.
pub fn message(brief: &SessionBrief, number: usize) -> String {
    let mut text = String::new();
    if number == 0 {
        text.push_str(&brief.header());
        text.push('\n');
    }
    text.push_str(&task(brief, number));
    let mut before = format!("\n{OTHER_WORDS}\n");
    for field in brief.tasks[number].form.fields() {
        if !field.cues().is_empty() {
            let _ = writeln!(
                text,
                "{before}- {}: {}",
                field.name(),
                field.cues().join(" | ")
            );
            before.clear();
        }
    }
    text
}

/// What the in-session grader finds.
pub fn finding(text: &str) -> String {
    format!("{FINDING_START}{text}{FINDING_END}")
}

/// What the user finds wrong.
pub fn correction(text: &str) -> String {
    format!("{CORRECTION_START}{text}")
}
