//! Every cell once, in an order that does not move; worlds that do not know the arm.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::world::plan;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_plan_has_every_cell_once_and_needs_only_what_comes_before(repetitions in 1u32..5, construct in 0usize..8) {
        let constructs = ["retention", "update", "scope", "interference", "synthesis", "procedure", "one_off", "control"];
        let whole = plan("standard.yaml", repetitions, |name| name.ends_with(constructs[construct]));
        let mut cells = BTreeSet::new();
        for (number, trial) in whole.trials.iter().enumerate() {
            prop_assert!(cells.insert((trial.scenario, trial.arm, trial.repetition)), "twice");
            prop_assert!((1..=repetitions).contains(&trial.repetition));
            if let Some((donor, own)) = trial.placebo {
                prop_assert!(donor < number && own < number && donor != own);
                prop_assert_eq!(whole.trials[own].scenario, trial.scenario);
                prop_assert_ne!(whole.trials[donor].scenario, trial.scenario);
                prop_assert_eq!(whole.trials[donor].repetition, trial.repetition);
            }
        }
        prop_assert_eq!(cells.len(), whole.scenarios.len() * whole.experiment.arms.len() * repetitions as usize);
        let again = plan("standard.yaml", repetitions, |name| name.ends_with(constructs[construct]));
        prop_assert_eq!(again.digest, whole.digest);
        for (one, other) in whole.trials.iter().zip(&again.trials) {
            prop_assert_eq!((one.scenario, one.arm, one.repetition), (other.scenario, other.arm, other.repetition));
        }
    }
}

#[test]
fn arms_of_a_repetition_share_their_world_and_repetitions_do_not() {
    let plan = plan("standard.yaml", 2, |name| name.ends_with("scope"));
    let mut seeds = BTreeSet::new();
    for trial in &plan.trials {
        let seed = plan.seed(trial, 3);
        for other in plan
            .trials
            .iter()
            .filter(|other| other.scenario == trial.scenario)
        {
            assert_eq!(
                plan.seed(other, 3) == seed,
                other.repetition == trial.repetition
            );
        }
        seeds.insert((trial.scenario, trial.repetition, seed.0));
    }
    assert_eq!(seeds.len(), 3 * 2);
}

#[test]
fn what_decides_the_results_decides_the_digest() {
    let base = plan("standard.yaml", 2, |name| name.ends_with("scope"));
    assert_ne!(
        base.digest,
        plan("standard.yaml", 3, |name| name.ends_with("scope")).digest
    );
    assert_ne!(
        base.digest,
        plan("standard.yaml", 2, |name| name.ends_with("update")).digest
    );
    assert_ne!(
        base.digest,
        plan("ablation.yaml", 2, |name| name.ends_with("scope")).digest
    );
}
