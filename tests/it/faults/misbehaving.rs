//! Answers that are well-formed and bad: the run ends well, the row says what a reader would expect, and
//! the next request is one that a service takes (`scripted` checks that of every request).

use dreamtrial::{
    event::TrialOutcome,
    experiment::live::LoopLimits,
    model::{Assistant, Stop},
    transcript::Entry,
};
use serde_json::{Value, json};

use super::scripted::{Said, Went, calling, calls, hand_in, is_closing, run, words};

pub(super) fn limits() -> LoopLimits {
    LoopLimits::default()
}

/// The sessions of `scripted::SCENARIO` are all there, and the trial is graded.
pub(super) fn ends_well(went: &Went) {
    assert_eq!(went.outcomes, [TrialOutcome::Graded]);
    assert!(went.sessions.len() > 1);
    for session in &went.sessions {
        assert!(!session.tasks.is_empty());
    }
}

/// That no task was completed, and each has the sum that `count` takes of it.
fn each_task(went: &Went, count: impl Fn(&dreamtrial::event::TaskDone) -> u32, wanted: u32) {
    for session in &went.sessions {
        for task in &session.tasks {
            assert!(!task.completed && !task.first_try);
            assert_eq!(count(task), wanted);
        }
    }
}

pub(super) fn tasks(went: &Went) -> usize {
    went.sessions
        .iter()
        .map(|session| session.tasks.len())
        .sum()
}

#[test]
fn a_tool_that_does_not_exist_is_a_failed_call() {
    let went = run(
        "none",
        limits(),
        Box::new(|number, _| {
            if number == 0 {
                calls(&[("launch_missiles", json!({"at": "dawn", "times": 3}))])
            } else {
                hand_in()
            }
        }),
    );
    ends_well(&went);
    for session in &went.sessions {
        assert_eq!(session.tasks[0].failed_calls, 1);
    }
    let called = went.entries().find_map(|entry| match entry {
        Entry::Call {
            tool,
            options,
            worked,
            answer,
        } => Some((tool.as_str(), options.clone(), *worked, answer.as_str())),
        _ => None,
    });
    let (tool, options, worked, answer) = called.unwrap();
    assert_eq!((tool, worked), ("launch_missiles", false));
    assert_eq!(options[1], ("times".to_owned(), "3".to_owned()));
    assert!(answer.starts_with("no tool `launch_missiles`; there are: read_document, "));
}

#[test]
fn arguments_that_are_no_json_do_nothing_and_are_shown() {
    let went = run(
        "none",
        limits(),
        Box::new(|number, _| match number {
            0 => calls(&[
                ("read_document", json!("{\"name\": ")),
                ("ask_user", json!([1, 2])),
                ("submit", json!("{\"fields\": {\"a\": \"b\"")),
                ("frobnicate", json!("no")),
            ]),
            _ => hand_in(),
        }),
    );
    ends_well(&went);
    let results = went.results();
    let bad = results.iter().filter(|(text, failed)| {
        *failed && text.starts_with("the arguments are no JSON object: `")
    });
    assert_eq!(bad.count(), 4 * went.sessions.len());
    assert!(
        went.entries()
            .all(|entry| !matches!(entry, Entry::Question(_) | Entry::Read(_)))
    );
    for session in &went.sessions {
        assert_eq!(
            session.tasks[0].failed_calls, 1,
            "the tool of the deployment"
        );
    }
}

#[test]
fn fifty_calls_in_one_turn_have_fifty_results_in_order() {
    let went = run(
        "accumulated",
        limits(),
        Box::new(|number, request| {
            if is_closing(request) {
                words("Done.")
            } else if number == 0 {
                // What waits stands in the middle: its result comes last and goes to its place.
                let made: Vec<(&str, Value)> = (0..50)
                    .map(|at| match at {
                        20 => ("ask_user", json!({"questions": ["What is this about?"]})),
                        at if at % 3 == 0 => ("list_memory", json!({})),
                        at if at % 3 == 1 => ("read_document", json!({"name": format!("no {at}")})),
                        at => ("read_memory", json!({"path": format!("no/{at}.md")})),
                    })
                    .collect();
                calls(&made)
            } else {
                hand_in()
            }
        }),
    );
    ends_well(&went);
    let questions = went
        .entries()
        .filter(|entry| matches!(entry, Entry::Question(_)));
    assert_eq!(questions.count(), went.sessions.len());
}

#[test]
fn only_one_of_two_messages_in_a_turn_is_sent() {
    let went = run(
        "none",
        limits(),
        Box::new(|number, _| {
            if number == 0 {
                calls(&[
                    ("ask_user", json!({"questions": ["What is this about?"]})),
                    ("submit", json!({"fields": {}, "body": "Too early."})),
                    ("ask_user", json!({"questions": ["And that?"]})),
                ])
            } else {
                hand_in()
            }
        }),
    );
    ends_well(&went);
    for session in &went.sessions {
        let asked = session
            .entries
            .iter()
            .filter(|entry| matches!(entry, Entry::Question(_)));
        assert_eq!(asked.count(), 1);
        assert!(
            !session
                .entries
                .iter()
                .any(|entry| matches!(entry, Entry::Submission(work) if work.body == "Too early."))
        );
        assert_eq!(session.tasks[0].clarifications.iter().sum::<u32>(), 1);
    }
    let held = went
        .results()
        .into_iter()
        .filter(|(text, failed)| *failed && text.starts_with("one thing at a time"));
    assert_eq!(held.count(), 2 * went.sessions.len());
}

#[test]
fn questions_without_end_are_ended_by_the_users_patience() {
    let went = run(
        "none",
        limits(),
        Box::new(|_, _| calls(&[("ask_user", json!({"questions": ["Why?"]}))])),
    );
    ends_well(&went);
    let asked: u32 = went
        .sessions
        .iter()
        .flat_map(|session| &session.tasks)
        .map(|task| {
            assert!(!task.completed && task.verdicts.is_none());
            task.clarifications.iter().sum::<u32>()
        })
        .sum();
    let entries = |wanted: fn(&Entry) -> bool| went.entries().filter(|entry| wanted(entry)).count();
    let questions = entries(|entry| matches!(entry, Entry::Question(_)));
    let answers = entries(|entry| matches!(entry, Entry::Answer(_)));
    assert_eq!(asked as usize, questions);
    // The last question of each task is past the patience of the user, who does not answer it.
    assert_eq!(answers, questions - tasks(&went));
    assert_eq!(
        entries(|entry| matches!(entry, Entry::GivenUp)),
        tasks(&went)
    );
    assert_eq!(went.requests.len(), questions);
}

#[test]
fn reading_without_end_is_ended_by_the_limit_and_says_so() {
    let went = run(
        "none",
        LoopLimits {
            calls_per_task: 6,
            ..limits()
        },
        Box::new(|_, _| calls(&[("read_document", json!({"name": "x"}))])),
    );
    ends_well(&went);
    assert_eq!(
        went.stops(),
        vec!["a limit of the session is reached"; tasks(&went)]
    );
    assert_eq!(went.requests.len(), 6 * tasks(&went));
    each_task(&went, |task| task.clarifications.iter().sum(), 0);
}

#[test]
fn prose_is_answered_by_two_reminders_and_no_more() {
    for said in ["Here is my plan.", "", "  \n"] {
        let went = run("none", limits(), Box::new(move |_, _| words(said)));
        ends_well(&went);
        assert_eq!(
            went.stops(),
            vec!["the model neither asked nor handed in"; tasks(&went)]
        );
        assert_eq!(went.requests.len(), 3 * tasks(&went));
    }
}

#[test]
fn a_refusal_ends_the_task_and_not_the_run() {
    for (stop, why) in [
        (Stop::Refusal, "the model refused"),
        (
            Stop::ContextLimit,
            "the session is longer than the model's context",
        ),
    ] {
        for made in [vec![], vec![("submit", json!({"fields": {}, "body": "x"}))]] {
            let stop = stop.clone();
            let said = move || Said::This(calling(&made), stop.clone());
            let went = run("accumulated", limits(), Box::new(move |_, _| said()));
            ends_well(&went);
            assert_eq!(went.stops(), vec![why; tasks(&went)]);
            each_task(&went, |task| task.corrections, 0);
        }
    }
}

#[test]
fn an_answer_cut_off_in_a_call_is_said_to_be_no_json() {
    let went = run(
        "none",
        limits(),
        Box::new(|number, _| {
            if number == 0 {
                let cut = json!("{\"fields\": {}, \"body\": \"It was a dark and");
                Said::This(calling(&[("submit", cut)]), Stop::OutputLimit)
            } else {
                hand_in()
            }
        }),
    );
    ends_well(&went);
    assert!(
        went.results()[0]
            .0
            .starts_with("the arguments are no JSON object")
    );
}

#[test]
fn a_pause_is_gone_on_from_and_calls_in_it_have_results() {
    for made in [vec![], vec![("read_document", json!({"name": "x"}))]] {
        let went = run(
            "none",
            limits(),
            Box::new(move |number, _| {
                if number < 2 {
                    let said = Assistant {
                        text: "Hm.".to_owned(),
                        ..calling(&made)
                    };
                    Said::This(said, Stop::Pause)
                } else {
                    hand_in()
                }
            }),
        );
        ends_well(&went);
        assert_eq!(went.stops(), [""; 0]);
    }
}
