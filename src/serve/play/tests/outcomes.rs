//! Outcomes: how they are evaluated, and how an interrupt ends one.

use super::*;

#[test]
fn an_outcome_is_evaluated_until_it_is_satisfied_or_may_be_no_more() {
    let setting = setting();
    let mut history = vec![outcome(TASK, RUBRIC, 1)];
    goes_on(&setting, &mut history);
    history.push(answer("c0", LEASE));
    goes_on(&setting, &mut history);
    history.push(answer("c1", words::RECEIVED));
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    evaluation 0: satisfied: Every required criterion is met.
    end of turn
    "#);

    let missing = format!("{RUBRIC}- has \"a seal\"\n");
    let mut history = vec![outcome(TASK, &missing, 2)];
    goes_on(&setting, &mut history);
    history.push(answer("c0", LEASE));
    goes_on(&setting, &mut history);
    history.push(answer("c1", words::RECEIVED));
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    evaluation 0: needs_revision: - not met: has "a seal" (the body lacks `a seal`)
    c2: submit {"fields":{"governing_law":"Delaware","notice_period":"30 days"},"body":"Terms sheet\nLease 12\nNorthwind\ngoverning law: Delaware\nnotice period: 30 days\n"}
    waits for c2
    "#);
    history.push(answer("c2", words::RECEIVED));
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    evaluation 1: max_iterations_reached: - not met: has "a seal" (the body lacks `a seal`)
    says: The outcome was not reached; what I handed in last stands.
    end of turn
    "#);
    // The user still has the last word.
    history.push(message(&words::correction(
        "The governing law is New York.",
    )));
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    c3: submit {"fields":{"governing_law":"New York","notice_period":"30 days"},"body":"Terms sheet\nLease 12\nNorthwind\ngoverning law: New York\nnotice period: 30 days\n"}
    waits for c3
    "#);
}

#[test]
fn an_outcome_that_nobody_here_can_work_by_fails() {
    let setting = setting();
    let mut history = vec![outcome("Write a poem", RUBRIC, 3)];
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    says: I am the embedded agent of `dreamtrial serve`, not a model. I work on the tasks of a trial
    evaluation 0: failed: The description is no task of a trial, and the embedded agent works on nothing else.
    end of turn
    "#);

    let mut history = vec![outcome(TASK, "Make it good.", 3)];
    goes_on(&setting, &mut history);
    history.push(answer("c0", LEASE));
    goes_on(&setting, &mut history);
    history.push(answer("c1", words::RECEIVED));
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    evaluation 0: failed: The rubric has no criterion that the embedded grader can look for: write it as a list of what the deliverable has.
    end of turn
    "#);
}

#[test]
fn an_interrupt_ends_what_is_under_way() {
    let setting = setting();
    let mut history = vec![outcome(TASK, RUBRIC, 3)];
    goes_on(&setting, &mut history);
    history.push(Event::Interrupt);
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    evaluation 0: interrupted: The user interrupted.
    end of turn
    "#);
    // An answer that comes too late changes nothing; the same task can be brought again.
    history.push(answer("c0", LEASE));
    history.push(message(TASK));
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    c1: read_document {"name":"lease.md"}
    waits for c1
    "#);
    history.push(answer("c1", LEASE));
    insta::assert_snapshot!(goes_on(&setting, &mut history), @r#"
    c2: submit {"fields":{"governing_law":"Delaware","notice_period":"30 days"},"body":"Terms sheet\nLease 12\nNorthwind\ngoverning law: Delaware\nnotice period: 30 days\n"}
    waits for c2
    "#);
    history.push(answer("c2", words::ACCEPTED));
    goes_on(&setting, &mut history);

    let all = next(&setting, &history).expect("the history is of this agent");
    assert_eq!(
        history::booked(&history),
        (all.usage, all.active),
        "every token is booked once"
    );
    // Who waits for nothing is not interrupted.
    history.push(Event::Interrupt);
    let before = transcript(&setting, 1, &history)
        .expect("of this agent")
        .expect("a task");
    assert_eq!(before.entries.last(), Some(&Entry::Accepted));
    assert_eq!(
        before
            .entries
            .iter()
            .filter(|entry| matches!(entry, Entry::Stopped(_)))
            .count(),
        1
    );
}
