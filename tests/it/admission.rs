//! Each shipped scenario tests what it says. The rules are in `scenarios/README.md`.

use std::{collections::BTreeMap, sync::Arc};

use dreamtrial::{
    dream::{DreamRequest, consolidate::Consolidator},
    experiment::{Policy, Reference},
    memory::Store,
    quantity::Seed,
    scenario::{Construct, Domain, Truth},
    text::Force,
    transcript::Transcript,
};

use crate::world::{plan, rates, rows, sessions, share};

const REPETITIONS: u32 = 6;

#[test]
fn there_is_a_scenario_of_each_construct_in_each_domain() {
    let plan = plan("standard.yaml", 1, |_| true);
    let found: Vec<(Domain, Construct)> = plan
        .scenarios
        .iter()
        .map(|prepared| (prepared.scenario.domain, prepared.scenario.construct))
        .collect();
    for domain in Domain::ALL {
        for construct in Construct::ALL {
            let count = found
                .iter()
                .filter(|one| **one == (domain, construct))
                .count();
            assert_eq!(count, 1, "{domain}/{construct}");
        }
    }
    for prepared in &plan.scenarios {
        let sessions = prepared.scenario.sessions.len();
        assert!(
            (8..=12).contains(&sessions),
            "{}: {sessions} sessions",
            prepared.scenario.id
        );
    }
}

#[test]
fn oracle_completes_each_scenario_and_none_does_not() {
    let mut plan = plan("standard.yaml", REPETITIONS, |_| true);
    plan.trials
        .retain(|trial| ["none", "oracle"].contains(&plan.experiment.arms[trial.arm].id.as_str()));
    let rows = rows(plan);
    let all = rates(&rows, |row| Some((row.scenario.clone(), row.arm.clone())));
    let probes = rates(&rows, |row| {
        row.done
            .probe
            .then(|| (row.scenario.clone(), row.arm.clone()))
    });
    let constructs: BTreeMap<String, Construct> = rows
        .iter()
        .map(|row| (row.scenario.clone(), row.construct))
        .collect();
    for (scenario, construct) in constructs {
        let rate = |table: &BTreeMap<(String, String), (u32, u32)>, arm: &str| {
            table
                .get(&(scenario.clone(), arm.to_owned()))
                .copied()
                .unwrap_or_default()
        };
        let oracle = share(rate(&all, "oracle"));
        assert!(oracle >= 0.95, "{scenario}: oracle completes {oracle:.2}");
        if construct == Construct::Control {
            assert_eq!(
                rate(&all, "none"),
                rate(&all, "oracle"),
                "{scenario} needs no memory"
            );
            assert_eq!(rate(&probes, "none").1, 0, "{scenario} has no probe");
        } else {
            let probes = rate(&probes, "none");
            assert!(
                probes.1 >= 4 * REPETITIONS,
                "{scenario} has {} probes",
                probes.1 / REPETITIONS
            );
            assert!(
                share(probes) <= 0.1,
                "{scenario}: none completes {:.2} of the probes",
                share(probes)
            );
        }
    }
}

/// The truth cannot be guessed from the brief: without memory no probe is right at the first try.
#[test]
fn nothing_gives_a_probe_away() {
    let mut plan = plan("standard.yaml", REPETITIONS, |_| true);
    plan.trials
        .retain(|trial| plan.experiment.arms[trial.arm].id.as_str() == "none");
    let guessed: Vec<String> = rows(plan)
        .into_iter()
        .filter(|row| row.done.probe && row.done.first_try)
        .map(|row| format!("{} session {}", row.scenario, row.session))
        .collect();
    assert!(guessed.is_empty(), "{guessed:?}");
}

/// A dream over one session alone draws no rule from it: whoever has seen one correction has not seen
/// a rule.
#[test]
fn no_single_session_gives_a_synthesis_rule_away() {
    let mut plan = plan("standard.yaml", 1, |name| name.ends_with("synthesis"));
    plan.trials
        .retain(|trial| plan.experiment.arms[trial.arm].id.as_str() == "none");
    let plan = Arc::new(plan);
    let dreamer = Consolidator::new(Reference::default());
    let mut corrections = 0;
    for done in sessions(&plan) {
        let scenario = &plan.scenarios[plan.trials[done.trial].scenario].scenario;
        let session = &scenario.sessions[done.session as usize - 1];
        corrections += done.tasks.iter().map(|task| task.corrections).sum::<u32>();
        let transcript = Arc::new(Transcript {
            session: done.session,
            brief: Arc::new(session.brief.clone()),
            entries: done.entries,
        });
        let request = DreamRequest {
            store: &Store::default(),
            transcripts: &[transcript],
            policy: &Policy::default(),
            date: session.brief.date,
            seed: Seed(7),
        };
        let dream = dreamer.consolidate(&request).unwrap();
        for truth in session.tasks.iter().flat_map(|task| &task.truths) {
            let Truth::Fact(fact) = truth else { continue };
            let (_, form) = &scenario.forms[0];
            let field = form.field(&scenario.facts[*fact].field).unwrap();
            let told = dream.store.lines().find(|(_, line)| {
                line.force == Force::Standing && field.slot().value_in(&line.statement).is_some()
            });
            assert!(
                told.is_none(),
                "{} session {}: {:?}",
                scenario.id,
                done.session,
                told.map(|(_, line)| line.statement.text())
            );
        }
    }
    assert!(
        corrections > 30,
        "the sessions do teach by correction: {corrections}"
    );
}
