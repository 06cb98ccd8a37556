//! The outcomes loop: the service's grader asks for what the in-session grader of a run asks for.

use std::sync::Arc;

use dreamtrial::{
    agent::{Agent, Message, Opening, Step, Tools, reference::ReferenceAgent},
    brief::Deliverable,
    grade::{Checks, GradeRequest, findings},
    managed::{tools, words},
    plan::Prepared,
    quantity::Seed,
    rubric::{Rubric, markdown},
    run::brief_of,
    serve::play::{Event, Outcome, Setting, Verdict, transcript},
    transcript::Entry,
};
use futures_util::FutureExt as _;

use super::client::Client;
use crate::world;

/// Tools that always work.
struct Willing;

impl Tools for Willing {
    fn call(&mut self, tool: &str, _: &[(String, String)]) -> Result<String, String> {
        Ok(format!("{tool}-12345"))
    }
}

const SILENCE: &str = "I cannot say.";
const EVALUATIONS: u32 = 3;
const SEED: Seed = Seed(11);

fn verdict(
    prepared: &Prepared,
    number: usize,
    rubric: &Rubric,
    given: &Deliverable,
) -> (bool, String) {
    let brief = &prepared.scenario.sessions[0].brief.tasks[number];
    let graded = Checks::verdicts(&GradeRequest {
        brief: brief.text.text(),
        rubric,
        deliverable: given,
        form: &brief.form,
    });
    (
        graded.verdicts.satisfied,
        findings(rubric, &graded.verdicts),
    )
}

/// The first session of a scenario with the embedded agent itself.
fn embedded(prepared: &Prepared, agent: ReferenceAgent) -> Vec<Entry> {
    let brief = brief_of(prepared, 1, SEED);
    let opening = Opening {
        brief: Arc::clone(&brief),
        memory: None,
        tools: Box::new(Willing),
        seed: SEED,
    };
    let mut session = agent.open(opening).now_or_never().unwrap().unwrap();
    let mut entries = Vec::new();
    for number in 0..brief.tasks.len() {
        let rubric = prepared.rubric(1, number, "10000");
        entries.push(Entry::Task(number));
        let mut message = Message::Task(number);
        let mut asked = 0;
        loop {
            let turn = session.say(message).now_or_never().unwrap().unwrap();
            entries.extend(turn.entries);
            message = match turn.step {
                Step::Question(questions) => {
                    entries.push(Entry::Question(questions));
                    entries.push(Entry::Answer(SILENCE.to_owned()));
                    Message::Answer(SILENCE.to_owned())
                }
                Step::Submission(deliverable) => {
                    entries.push(Entry::Submission(deliverable.clone()));
                    let (satisfied, found) = verdict(prepared, number, &rubric, &deliverable);
                    asked += 1;
                    if satisfied || asked == EVALUATIONS {
                        break;
                    }
                    entries.push(Entry::Finding(found.clone()));
                    Message::Finding(found)
                }
                Step::Reviewed(..) | Step::Idle => panic!("the agent stops"),
            };
        }
        entries.push(Entry::Accepted);
        session
            .say(Message::Over(true))
            .now_or_never()
            .unwrap()
            .unwrap();
    }
    entries
}

/// The same through events. Gives the entries and how each evaluation ended.
fn played(
    prepared: &Prepared,
    plan: &dreamtrial::plan::Plan,
    slip: f64,
) -> (Vec<Entry>, Vec<Verdict>) {
    let brief = brief_of(prepared, 1, SEED);
    let mut habits = plan.experiment.reference;
    habits.slip = slip;
    let setting = Setting {
        memory: None,
        tools: tools::deployment(&tools::declared(&brief.tools, false)).into(),
        seed: SEED,
        limits: plan.experiment.limits,
        habits,
    };
    let mut client = Client::new(setting, Arc::clone(&brief), Box::new(Willing));
    for number in 0..brief.tasks.len() {
        client.task = number;
        client.history.push(Event::Outcome(Outcome {
            description: words::message(&brief, number),
            rubric: markdown::write(&prepared.rubric(1, number, "10000")),
            max_iterations: EVALUATIONS,
        }));
        loop {
            match client.work().step {
                Step::Question(_) => client.tell(SILENCE.to_owned()),
                Step::Submission(_) => client.tell(words::RECEIVED.to_owned()),
                Step::Reviewed(..) | Step::Idle => break,
            }
        }
        client.tell(words::ACCEPTED.to_owned());
        assert_eq!(client.work().step, Step::Idle);
    }
    let read = transcript(&client.setting, 1, &client.history)
        .unwrap()
        .unwrap();
    let verdicts = client
        .history
        .iter()
        .filter_map(|event| match event {
            Event::Evaluation(evaluation) => Some(evaluation.verdict),
            _ => None,
        })
        .collect();
    (read.entries, verdicts)
}

#[test]
fn the_services_grader_asks_what_the_in_session_grader_asks() {
    let plan = world::plan("standard.yaml", 1, |_| true);
    let mut seen: Vec<Verdict> = Vec::new();
    for prepared in &plan.scenarios {
        for slip in [0.0, 0.4] {
            let mut habits = plan.experiment.reference;
            habits.slip = slip;
            let agent = ReferenceAgent::new(plan.experiment.limits, habits);
            let (entries, verdicts) = played(prepared, &plan, slip);
            assert_eq!(entries, embedded(prepared, agent));
            seen.extend(verdicts);
        }
    }
    for verdict in [
        Verdict::Satisfied,
        Verdict::NeedsRevision,
        Verdict::MaxIterationsReached,
    ] {
        assert!(seen.contains(&verdict), "{verdict:?} was never reached");
    }
    assert!(!seen.contains(&Verdict::Failed));
}
