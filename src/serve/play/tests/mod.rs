//! What the embedded parts do with histories that no trial would have, and with broken ones.

mod drawn;
mod outcomes;

use std::fmt::Write as _;

use serde_json::json;

use super::*;
use crate::{managed::words, memory::Store, transcript::Entry};

fn setting() -> Setting {
    Setting {
        memory: None,
        tools: Arc::new([]),
        seed: Seed(5),
        limits: Limits::default(),
        habits: Reference {
            slip: 0.0,
            ..Reference::default()
        },
    }
}

const TASK: &str = "Date: 2026-02-03
From: Ada Brook, partner
Client: Northwind
Case: Lease 12
Document: lease.md (The lease)

Task 1 of 1: Terms sheet

Please draft the terms sheet. The governing law is always Delaware.

Fields to hand in:
- governing_law: governing law (one of: New York | Delaware)
- notice_period: notice period (a number in days)
";

const LEASE: &str = "The notice period is 30 days.";

const RUBRIC: &str = "# Rubric\n- has \"Delaware\"\n- has \"30 days\"\n";

fn message(text: &str) -> Event {
    Event::Message(text.to_owned())
}

fn answer(call: &str, text: &str) -> Event {
    Event::Result {
        call: call.to_owned(),
        text: text.to_owned(),
        failed: false,
    }
}

fn outcome(description: &str, rubric: &str, max_iterations: u32) -> Event {
    Event::Outcome(Outcome {
        description: description.to_owned(),
        rubric: rubric.to_owned(),
        max_iterations,
    })
}

/// Adds to the history what comes next, with `c0`, `c1`, … as ids of calls, and shows it.
fn goes_on(setting: &Setting, history: &mut Vec<Event>) -> String {
    let done = next(setting, history).expect("the history is of this agent");
    let mut shown = String::new();
    for emission in done.emissions {
        history.push(match emission {
            Emission::Request { usage, active } => Event::Request { usage, active },
            Emission::Said(text) => {
                let _ = writeln!(shown, "says: {}", text.split(':').next().unwrap_or(""));
                Event::Said(text)
            }
            Emission::File(file) => {
                let _ = writeln!(shown, "{} {}", file.name, file.input);
                Event::File {
                    name: file.name.to_owned(),
                    path: file.path().to_owned(),
                    failed: false,
                }
            }
            Emission::Call { name, input } => {
                let calls = history
                    .iter()
                    .filter(|event| matches!(event, Event::Call { .. }))
                    .count();
                let _ = writeln!(shown, "c{calls}: {name} {input}");
                Event::Call {
                    id: format!("c{calls}"),
                    name,
                    input,
                }
            }
            Emission::Evaluation(evaluation) => {
                let _ = writeln!(
                    shown,
                    "evaluation {}: {}: {}",
                    evaluation.iteration,
                    evaluation.verdict.as_str(),
                    evaluation.explanation.trim_end()
                );
                Event::Evaluation(evaluation)
            }
        });
    }
    let after = next(setting, history).expect("the history is of this agent");
    assert_eq!(after.emissions, [], "nothing is done twice");
    let _ = write!(
        shown,
        "{}",
        match after.stop {
            Stop::EndTurn => "end of turn".to_owned(),
            Stop::RequiresAction(calls) => format!("waits for {}", calls.join(", ")),
        }
    );
    shown
}

#[test]
fn a_session_is_one_step_after_another() {
    let setting = setting();
    let mut history = vec![message(TASK)];
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    c0: read_document {"name":"lease.md"}
    waits for c0
    "#);
    history.push(answer("c0", LEASE));
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    c1: submit {"fields":{"governing_law":"Delaware","notice_period":"30 days"},"body":"Terms sheet\nLease 12\nNorthwind\ngoverning law: Delaware\nnotice period: 30 days\n"}
    waits for c1
    "#);
    history.push(answer("c1", words::ACCEPTED));
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    says: This task is done.
    end of turn
    "#);
    history.push(message(words::CLOSING));
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    says: Nothing is worth keeping.
    end of turn
    "#);
}

#[test]
fn a_stranger_is_told_who_this_is_once_for_each_message() {
    let setting = setting();
    let mut history = vec![
        message("Hello!"),
        message("Task 1 of 1: no head\n\nx\n\nFields to hand in:\n"),
    ];
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    says: I am the embedded agent of `dreamtrial serve`, not a model. I work on the tasks of a trial
    says: I am the embedded agent of `dreamtrial serve`, not a model. I work on the tasks of a trial
    end of turn
    "#);
    history.push(message(words::ACCEPTED));
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    says: I am the embedded agent of `dreamtrial serve`, not a model. I work on the tasks of a trial
    end of turn
    "#);
    let read = transcript(&setting, 1, &history).expect("the history is of this agent");
    assert!(read.is_none(), "there is nothing to dream of");
}

#[test]
fn memory_is_looked_into_and_written_as_files() {
    let mut store = Store::default();
    store
        .write(
            "notes/a.md",
            "- For Northwind: the notice period is 45 days.\n".to_owned(),
        )
        .expect("within the limits");
    let setting = Setting {
        memory: Some(Mount {
            path: "/mnt/memory/team".to_owned(),
            access: MemoryAccess {
                store,
                writable: true,
            },
        }),
        ..setting()
    };
    let mut history = vec![message(TASK)];
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    glob {"pattern":"**/*","path":"/mnt/memory/team"}
    read {"file_path":"/mnt/memory/team/notes/a.md"}
    c0: read_document {"name":"lease.md"}
    waits for c0
    "#);
    history.push(answer("c0", LEASE));
    goes_on(&setting, &mut history);
    history.push(answer("c1", words::ACCEPTED));
    goes_on(&setting, &mut history);
    history.push(message(words::CLOSING));
    let closing = history.len();
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    write {"file_path":"/mnt/memory/team/notes/2026-02-03.md","content":"- For Northwind: The governing law is always Delaware.\n- For Northwind: used 45 days for notice period again.\n- On Lease 12 (2026-02-03): Terms sheet, 0 rounds, done.\n"}
    says: My notes are written.
    end of turn
    "#);

    let notes = |history: &[Event]| {
        let read = transcript(&setting, 1, history).expect("the history is of this agent");
        read.expect("a task was brought")
            .entries
            .iter()
            .filter(|entry| matches!(entry, Entry::Note { .. }))
            .count()
    };
    assert_eq!(notes(&history), 1);
    // A note that the store refused is no note.
    for event in history.iter_mut().rev() {
        if let Event::File { failed, .. } = event {
            *failed = true;
            break;
        }
    }
    assert_eq!(notes(&history), 0);

    // A file that was read and is no longer there is not taken for the note.
    history.truncate(closing);
    let read = history
        .iter()
        .position(|event| matches!(event, Event::File { name, .. } if name == "read"));
    let redacted = Event::File {
        name: "read".to_owned(),
        path: "/mnt/memory/team/notes/b.md".to_owned(),
        failed: false,
    };
    history.insert(read.expect("a file") + 1, redacted);
    let error = next(&setting, &history).expect_err("a file that is not there");
    insta::assert_snapshot!(error, @"the use of `read` on `/mnt/memory/team/notes/b.md` of the session's history is none that the embedded agent makes there: the session's memory was redacted, or another version of dreamtrial played it");
}

#[test]
fn other_words_for_a_submission_end_the_task_and_a_refusal_is_a_correction() {
    let setting = setting();
    let start = || {
        let mut history = vec![message(TASK)];
        goes_on(&setting, &mut history);
        history.push(answer("c0", LEASE));
        goes_on(&setting, &mut history);
        history
    };
    let mut history = start();
    history.push(answer("c1", "Thanks, looks good."));
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    says: This task is done.
    end of turn
    "#);
    let mut history = start();
    history.push(Event::Result {
        call: "c1".to_owned(),
        text: "The notice period is 60 days.".to_owned(),
        failed: true,
    });
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    c2: submit {"fields":{"governing_law":"Delaware","notice_period":"60 days"},"body":"Terms sheet\nLease 12\nNorthwind\ngoverning law: Delaware\nnotice period: 60 days\n"}
    waits for c2
    "#);
}

#[test]
fn a_history_of_another_agent_is_refused_in_words() {
    let history = [
        message(TASK),
        Event::Call {
            id: "sevt_9".to_owned(),
            name: "read_document".to_owned(),
            input: json!({"name": "other.md"}),
        },
    ];
    let error = next(&setting(), &history).expect_err("no such document");
    insta::assert_snapshot!(error, @"the call `sevt_9` of the session's history is none that the embedded agent makes there: the session's memory was redacted, or another version of dreamtrial played it");
}

#[test]
fn what_is_said_while_the_agent_waits_is_heard_later() {
    let setting = setting();
    let mut history = vec![message(TASK)];
    goes_on(&setting, &mut history);
    history.push(message("Are you there?"));
    insta::assert_snapshot!(goes_on(&setting, &mut history), @"waits for c0");
    history.push(answer("c0", LEASE));
    goes_on(&setting, &mut history);
    history.push(answer("c1", words::ACCEPTED));
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    says: This task is done.
    says: I am the embedded agent of `dreamtrial serve`, not a model. I work on the tasks of a trial
    end of turn
    "#);
}
