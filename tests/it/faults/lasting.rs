//! Faults that do not pass: what was done stands, each trial has its reason, and the run goes on later
//! without doing anything twice.

use std::{net::SocketAddr, process::Output};

use dreamtrial::{experiment::Regime, record::Outcome};

use super::{Bench, KEY, Setup, shown, undisturbed_calls};
use crate::support::fault_proxy::{Fault, Rule, status};

/// The request with which the trouble begins.
const FROM: usize = 60;

fn from(number: usize, fault: Fault) -> Rule {
    Box::new(move |seen, _| (seen >= number).then(|| fault.clone()))
}

fn broken(line: &str, kind: &str) -> Fault {
    // Services repeat keys in what they say.
    let body = format!(r#"{{"error": {{"type": "{kind}", "message": "no: {KEY}"}}}}"#);
    status(line, &[("content-type", "application/json")], &body)
}

/// That a run ended as incomplete, and that every planned trial has an end and a reason.
fn ended_with_reasons(bench: &Bench, output: &Output, reason: &str) -> String {
    let words = shown(output);
    assert_eq!(output.status.code(), Some(4), "{words}");
    assert!(
        !words.contains(KEY) && !words.contains("panicked"),
        "{words}"
    );
    let ends = bench.ends();
    assert_eq!(ends.len(), bench.trials(), "{ends:#?}");
    for (outcome, said) in ends {
        assert!(!said.contains(KEY));
        match outcome {
            Outcome::Graded => assert_eq!(said, ""),
            Outcome::BackendFailed => assert!(said.contains(reason), "{said}"),
            Outcome::BudgetReached | Outcome::Canceled => panic!("{outcome:?}: {said}"),
        }
    }
    words
}

/// Goes on with the run when the fault is gone, and shows that only what was missing is done.
fn goes_on(bench: &Bench) {
    bench.proxy.heal();
    let kept = bench.kept_calls();
    let before = bench.proxy.sums();
    let output = bench.run(&["--resume"]);
    assert!(output.status.success(), "{}", shown(&output));
    bench.is_whole();
    let done = bench.proxy.sums().passed - before.passed;
    assert_eq!(done as i64, undisturbed_calls() as i64 - kept);
    // What was spent on sessions that broke off is on the account as well.
    let spent = bench.ask("SELECT sum(calls) FROM spending");
    assert_eq!(spent, bench.proxy.sums().passed as i64);
}

#[test]
fn a_key_that_is_refused_stops_the_run_at_once() {
    let fault = broken("401 Unauthorized", "authentication_error");
    let bench = Bench::new(Setup::default(), from(FROM, fault));
    let output = bench.run(&["--jobs", "2"]);
    let words = ended_with_reasons(&bench, &output, "401 Unauthorized");
    assert!(words.contains("`dreamtrial doctor`"), "{words}");
    assert!(words.contains("--resume"), "{words}");
    // The trials under way, and none after them.
    let refused = bench.proxy.sums().faults;
    assert!((1..=2).contains(&refused), "{refused}");
    let begun: Vec<_> = bench
        .ends()
        .into_iter()
        .filter(|(outcome, said)| *outcome == Outcome::BackendFailed && !said.contains("not begun"))
        .collect();
    assert_eq!(begun.len(), refused);
    assert!(bench.record().session_count().unwrap() > 0);
    goes_on(&bench);
}

#[test]
fn requests_that_are_refused_end_their_trials_and_no_others() {
    let fault = broken("400 Bad Request", "invalid_request_error");
    let rule: Rule = Box::new(move |number, _| [50, 75].contains(&number).then(|| fault.clone()));
    let bench = Bench::new(Setup::default(), rule);
    let output = bench.run(&[]);
    ended_with_reasons(&bench, &output, "400 Bad Request");
    let failed = bench
        .ends()
        .into_iter()
        .filter(|(outcome, _)| *outcome != Outcome::Graded);
    assert!((1..=2).contains(&failed.count()));
    goes_on(&bench);
}

#[test]
fn an_overload_that_outlasts_every_retry_ends_the_trials() {
    let setup = Setup {
        settings: "retries: 1",
        ..Setup::default()
    };
    let bench = Bench::new(setup, from(FROM, broken("529 ", "overloaded_error")));
    let output = bench.run(&[]);
    ended_with_reasons(&bench, &output, "(2 attempts)");
    assert_eq!(bench.proxy.sums().faults % 2, 0);
    goes_on(&bench);
}

#[test]
fn a_service_that_is_not_there_is_named_and_nothing_is_lost() {
    let setup = Setup {
        settings: "retries: 0",
        ..Setup::default()
    };
    let bench = Bench::new(setup, Box::new(|_, _| None));
    // Port 1 of this machine: nobody listens there.
    let nobody: SocketAddr = ([127, 0, 0, 1], 1).into();
    let output = bench.command(nobody, &[]).output().unwrap();
    ended_with_reasons(&bench, &output, "http://127.0.0.1:1/v1/messages");
    assert_eq!(bench.record().session_count().unwrap(), 0);
    goes_on(&bench);
}

#[test]
fn an_answer_of_100_mb_is_not_read_to_its_end() {
    let rule: Rule = Box::new(|number, _| (number == 30).then_some(Fault::Flood(100_000_000)));
    let bench = Bench::new(Setup::default(), rule);
    let output = bench.run(&[]);
    ended_with_reasons(&bench, &output, "longer than");
    let failed = bench
        .ends()
        .into_iter()
        .filter(|(outcome, _)| *outcome != Outcome::Graded);
    assert_eq!(failed.count(), 1);
    goes_on(&bench);
}

/// A placebo is made of the stores of two other trials. Where one of them broke off, a placebo with no
/// text at all would be no placebo: it waits.
#[test]
fn a_placebo_whose_text_is_not_there_is_left_for_later() {
    let setup = Setup {
        arms: vec!["dreamed", "placebo"],
        ..Setup::default()
    };
    let rule: Rule = {
        let fault = broken("400 Bad Request", "invalid_request_error");
        Box::new(move |number, _| (number == 5).then(|| fault.clone()))
    };
    let bench = Bench::new(setup, rule);
    let output = bench.run(&["--jobs", "1"]);
    let words = shown(&output);
    assert_eq!(output.status.code(), Some(4), "{words}");
    let record = bench.record();
    let placebos: Vec<usize> = record
        .manifest()
        .trials
        .iter()
        .filter(|trial| record.manifest().arms[trial.arm].memory == Regime::Placebo)
        .map(|trial| trial.number)
        .collect();
    let outcomes = record.trial_outcomes().unwrap();
    assert_eq!(placebos.len(), 2);
    for placebo in placebos {
        let (outcome, reason) = &outcomes[&placebo];
        assert_eq!(*outcome, Outcome::BackendFailed);
        let reason = reason.as_deref().unwrap();
        assert!(
            reason.contains("takes its memory from broke off"),
            "{reason}"
        );
        assert!(reason.contains("400 Bad Request"), "{reason}");
    }
    drop(record);
    bench.proxy.heal();
    let output = bench.run(&["--resume"]);
    assert!(output.status.success(), "{}", shown(&output));
    bench.is_whole();
}
