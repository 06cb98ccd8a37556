//! Deliverables, memory and time that are not as they should be: what is refused is refused in words,
//! what is good is kept, and every session ends.

use dreamtrial::{
    experiment::live::LoopLimits, memory::MAX_ENTRY_BYTES, model::Assistant,
    quantity::Milliseconds, transcript::Entry,
};
use serde_json::json;

use super::{
    misbehaving::{ends_well, limits, tasks},
    scripted::{Said, calls, hand_in, is_closing, run},
};

#[test]
fn a_deliverable_with_fields_that_there_are_not_is_sent_back_and_numbers_are_taken() {
    let went = run(
        "none",
        limits(),
        Box::new(|number, _| match number {
            0 => calls(&[(
                "submit",
                json!({"fields": {"no_such_field": "x"}, "body": ""}),
            )]),
            1 => calls(&[("submit", json!({"fields": [1, 2], "body": {"a": 1}}))]),
            _ => calls(&[("submit", json!({"fields": null, "body": 17}))]),
        }),
    );
    ends_well(&went);
    let bodies: Vec<&str> = went
        .entries()
        .filter_map(|entry| match entry {
            Entry::Submission(work) => Some(work.body.as_str()),
            _ => None,
        })
        .collect();
    assert!(!bodies.is_empty() && bodies.iter().all(|body| *body == "17"));
    let results = went.results();
    assert!(
        results[0]
            .0
            .starts_with("no field `no_such_field` in this task; there are: ")
    );
    assert_eq!(
        results[1],
        ("`fields` is no object of names and values".to_owned(), true)
    );
}

#[test]
fn a_question_after_a_finding_is_on_record_and_gets_one_answer() {
    let went = run(
        "none-outcomes",
        limits(),
        Box::new(|number, _| {
            if number % 2 == 0 {
                hand_in()
            } else {
                calls(&[("ask_user", json!({"questions": ["Which one is meant?"]}))])
            }
        }),
    );
    ends_well(&went);
    let mut found = 0;
    for session in &went.sessions {
        for pair in session.entries.windows(2) {
            if matches!(pair, [Entry::Finding(_), Entry::Question(_)]) {
                found += 1;
            }
        }
        for task in &session.tasks {
            assert!(task.verdicts.is_some(), "what was handed in is graded");
            assert!(task.revisions >= 1);
        }
    }
    assert!(found >= tasks(&went));
}

#[test]
fn what_may_not_be_written_is_not_and_the_rest_is_kept() {
    let large = "x".repeat(MAX_ENTRY_BYTES * 2);
    let script = move |_: usize, request: &dreamtrial::model::Request| {
        if is_closing(request) {
            calls(&[
                ("write_memory", json!({"path": "../x", "content": "up"})),
                (
                    "write_memory",
                    json!({"path": "large.md", "content": large}),
                ),
                (
                    "write_memory",
                    json!({"path": "/good.md", "content": "kept"}),
                ),
                ("write_memory", json!({"path": "number.md", "content": 7})),
                ("submit", json!({"fields": {}, "body": "too late"})),
            ])
        } else {
            hand_in()
        }
    };
    let went = run("accumulated", limits(), Box::new(script));
    ends_well(&went);
    let notes: Vec<(&str, &str)> = went
        .entries()
        .filter_map(|entry| match entry {
            Entry::Note { path, text } => Some((path.as_str(), text.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(notes, vec![("good.md", "kept"); went.sessions.len()]);
    assert!(
        went.entries()
            .all(|entry| !matches!(entry, Entry::Submission(work) if work.body == "too late"))
    );

    // Where memory is not to be written, or is not there, the words say so.
    for (arm, why) in [
        ("oracle", "memory cannot be written in this session"),
        ("none", "memory cannot be written in this session"),
    ] {
        let went = run(
            arm,
            limits(),
            Box::new(|number, _| {
                if number == 0 {
                    calls(&[("write_memory", json!({"path": "a.md", "content": "x"}))])
                } else {
                    hand_in()
                }
            }),
        );
        ends_well(&went);
        assert_eq!(went.results()[0], (why.to_owned(), true), "{arm}");
        assert!(
            went.entries()
                .all(|entry| !matches!(entry, Entry::Note { .. }))
        );
    }
}

#[test]
fn a_session_that_takes_too_long_is_over_as_it_is() {
    let short = LoopLimits {
        seconds_per_session: 0.05,
        ..limits()
    };
    // What came late counts, and is the last that is asked.
    let said = || Said::Slowly(Assistant::default(), Milliseconds(6_000));
    let went = run("accumulated", short, Box::new(move |_, _| said()));
    ends_well(&went);
    assert_eq!(went.requests.len(), went.sessions.len());
    assert!(
        went.stops()
            .iter()
            .all(|why| *why == "a limit of the session is reached")
    );
}
