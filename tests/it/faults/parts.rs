//! Dreamers and judges that fail in the midst of a run.

use dreamtrial::{model::Stop, record::Outcome, transcript::Usage};

use super::{Bench, Setup, shown};
use crate::support::{
    fault_proxy::{Fault, Rule, status},
    wire_formats::{Answer, read_request, write_answer},
};
use dreamtrial::experiment::live::Provider;

/// A whole answer of these words.
fn says(text: &str, stop: Stop) -> Fault {
    let answer = Answer {
        text: text.to_owned(),
        calls: Vec::new(),
        stop,
        usage: Usage::default(),
        model: "local".to_owned(),
    };
    let (kind, pieces) = write_answer(Provider::Anthropic, &answer, true);
    status("200 OK", &[("content-type", kind)], &pieces.concat())
}

/// From the third request on for this part, every one is answered so.
fn of_part(property: &'static str, answer: Fault) -> Rule {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    Box::new(move |_, body| {
        let seen = read_request(Provider::Anthropic, body.as_bytes());
        let (_, schema) = seen.structure?;
        schema["properties"].get(property)?;
        let asked = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        (asked >= 2).then(|| answer.clone())
    })
}

fn dreamer_fails(answer: Fault, reason: &str) {
    let setup = Setup {
        whole_cast: true,
        ..Setup::default()
    };
    let bench = Bench::new(setup, of_part("edits", answer));
    let output = bench.run(&[]);
    assert_eq!(output.status.code(), Some(4), "{}", shown(&output));
    let manifest = bench.record();
    let manifest = manifest.manifest();
    let outcomes = bench.record().trial_outcomes().unwrap();
    let mut failed = 0;
    for trial in &manifest.trials {
        let (outcome, said) = &outcomes[&trial.number];
        if manifest.arms[trial.arm].id.as_str() == "dreamed" && *outcome == Outcome::BackendFailed {
            let said = said.as_deref().unwrap();
            assert!(said.contains(reason), "{said}");
            failed += 1;
        } else {
            assert_eq!(*outcome, Outcome::Graded, "{said:?}");
        }
    }
    assert!(failed > 0);
    // The session before the dream is not on record, and comes again with its dream.
    bench.proxy.heal();
    let output = bench.run(&["--resume"]);
    assert!(output.status.success(), "{}", shown(&output));
    bench.is_whole();
}

#[test]
fn a_dreamer_that_refuses_ends_its_trial_until_it_is_asked_again() {
    dreamer_fails(
        says("I would rather not.", Stop::Refusal),
        "the dreamer refuses to answer",
    );
}

#[test]
fn a_dreamer_that_talks_nonsense_twice_ends_its_trial_until_it_is_asked_again() {
    dreamer_fails(
        says("{\"edits\": 7}", Stop::End),
        "the dreamer was asked twice",
    );
}

/// A judge that says nothing of use has an abstention in the record, which is no verdict.
#[test]
fn a_judge_that_says_nothing_of_use_abstains_and_the_run_goes_on() {
    for answer in [
        says("Well, it depends.", Stop::End),
        says("", Stop::Refusal),
    ] {
        let setup = Setup {
            whole_cast: true,
            ..Setup::default()
        };
        let bench = Bench::new(setup, of_part("verdicts", answer));
        let output = bench.run(&[]);
        let words = shown(&output);
        assert!(
            output.status.success() || output.status.code() == Some(4),
            "{words}"
        );
        let record = bench.record();
        assert_eq!(record.session_count().unwrap(), bench.sessions() as u64);
        let ends = bench.ends();
        assert_eq!(ends.len(), bench.trials());
        assert!(ends.iter().all(|(outcome, _)| *outcome == Outcome::Graded));
        let (mut abstained, mut tasks) = (0, 0);
        for trial in 0..bench.trials() {
            let mut session = 1;
            while let Some(verdicts) = Some(record.verdicts(trial, session).unwrap())
                .filter(|verdicts| !verdicts.is_empty())
            {
                for verdicts in verdicts.into_iter().flatten() {
                    tasks += 1;
                    let all_abstain = verdicts
                        .verdicts
                        .iter()
                        .all(|verdict| !verdict.met && verdict.evidence.starts_with("abstained: "));
                    abstained += usize::from(all_abstain);
                }
                session += 1;
            }
        }
        assert!(
            abstained > 0 && abstained <= tasks,
            "{abstained} of {tasks}"
        );
    }
}
