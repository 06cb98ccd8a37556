//! What always holds of a dream, whatever it is made from.

use std::{collections::BTreeSet, sync::Arc};

use dreamtrial::{
    dream::{Dream, DreamRequest, EditKind, Source, consolidate::Consolidator},
    experiment::{Policy, Reference},
    memory::Store,
    quantity::Seed,
    run::brief_of,
    text::Force,
    transcript::Transcript,
};
use jiff::civil::date;
use proptest::prelude::*;

use crate::world::{plan, sessions};

fn dream(store: &Store, transcripts: &[Arc<Transcript>], policy: &Policy) -> Dream {
    let request = DreamRequest {
        store,
        transcripts,
        policy,
        date: date(2026, 12, 1),
        seed: Seed(7),
    };
    Consolidator::new(Reference::default())
        .consolidate(&request)
        .unwrap()
}

fn store(lines: &[String]) -> Store {
    let mut store = Store::default();
    for (number, chunk) in lines.chunks(3).enumerate() {
        let text = format!("- {}\n", chunk.join("\n- "));
        store
            .write(&format!("notes/2026-01-{:02}.md", number % 28 + 1), text)
            .unwrap();
    }
    store
}

fn line() -> impl Strategy<Value = String> {
    let whom = prop_oneof![
        Just(""),
        Just("For Northwind: "),
        Just("For Halyard: "),
        Just("On Case 7 (2026-01-03): ")
    ];
    let what = prop_oneof![
        Just("always sign every page"),
        Just("as a rule use form"),
        Just("policy: ask desk"),
        Just("had lunch with"),
        Just("we use ledger")
    ];
    (
        whom,
        what,
        0..6u32,
        prop_oneof![
            Just(""),
            Just(" until 2026-03-01"),
            Just(", just this once")
        ],
    )
        .prop_map(|(whom, what, number, tail)| format!("{whom}{what} {number}{tail}."))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_dream_leaves_its_input_alone_and_is_the_same_twice(lines in proptest::collection::vec(line(), 0..40)) {
        let before = store(&lines);
        let kept = before.clone();
        let one = dream(&before, &[], &Policy::default());
        let two = dream(&before, &[], &Policy::default());
        prop_assert_eq!(&before, &kept);
        prop_assert_eq!(&one.store, &two.store);
        prop_assert_eq!(&one.edits, &two.edits);
    }

    #[test]
    fn dreaming_again_changes_nothing_more(lines in proptest::collection::vec(line(), 0..40)) {
        let once = dream(&store(&lines), &[], &Policy::default()).store;
        let twice = dream(&once, &[], &Policy::default()).store;
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn scopes_are_kept_apart_and_exceptions_stay_exceptions(lines in proptest::collection::vec(line(), 0..40)) {
        let before = store(&lines);
        let after = dream(&before, &[], &Policy::default()).store;
        let claims = |store: &Store, force: Force| -> BTreeSet<(Vec<String>, String)> {
            store.lines().filter(|(_, line)| line.force == force).map(|(_, line)| (line.scopes.clone(), line.statement.text().to_owned())).collect()
        };
        let rules = claims(&before, Force::Standing);
        for (scopes, text) in claims(&after, Force::Standing) {
            prop_assert!(rules.iter().any(|(of, said)| *of == scopes && *said == text), "{scopes:?}: {text}");
        }
        for (_, text) in claims(&after, Force::OneOff) {
            prop_assert!(text.contains("just this once"), "{}", text);
        }
    }

    #[test]
    fn every_removal_has_a_reason_and_a_source_that_exists(lines in proptest::collection::vec(line(), 0..40)) {
        let before = store(&lines);
        for edit in dream(&before, &[], &Policy::default()).edits {
            prop_assert!(!edit.reason.is_empty());
            prop_assert!(!edit.sources.is_empty());
            for source in &edit.sources {
                let Source::Memory { path, line } = source else { panic!("no session was given") };
                let content = before.get(path).map(|entry| entry.content().to_owned()).unwrap_or_default();
                prop_assert!(content.lines().nth(*line as usize - 1).is_some(), "{path}:{line}");
            }
        }
    }
}

/// The transcripts of a shipped scenario in the accumulated arm, and the store that its agent left.
fn lived(name: &str) -> (Vec<Arc<Transcript>>, Store) {
    let mut plan = plan("standard.yaml", 1, |id| id == name);
    plan.trials
        .retain(|trial| plan.experiment.arms[trial.arm].id.as_str() == "accumulated");
    let plan = Arc::new(plan);
    let mut store = Store::default();
    let mut transcripts = Vec::new();
    for done in sessions(&plan) {
        let brief = brief_of(
            &plan.scenarios[0],
            done.session,
            plan.seed(&plan.trials[0], done.session),
        );
        for entry in &done.entries {
            if let dreamtrial::transcript::Entry::Note { path, text } = entry {
                store.write(path, text.clone()).unwrap();
            }
        }
        transcripts.push(Arc::new(Transcript {
            session: done.session,
            brief,
            entries: done.entries,
        }));
    }
    (transcripts, store)
}

#[test]
fn corrections_that_recur_become_rules_of_the_attribute_that_tells_them_apart() {
    let (transcripts, store) = lived("legal/synthesis");
    let dreamed = dream(&store, &transcripts, &Policy::default());
    let rules: Vec<(Vec<String>, String)> = dreamed
        .store
        .lines()
        .filter(|(_, line)| line.statement.text().starts_with("liability cap: "))
        .map(|(_, line)| (line.scopes.clone(), line.statement.text().to_owned()))
        .collect();
    assert!(
        rules.contains(&(vec!["SaaS".into()], "liability cap: 225 percent".into())),
        "{rules:?}"
    );
    assert!(
        rules.contains(&(
            vec!["on-premises".into()],
            "liability cap: 140 percent".into()
        )),
        "{rules:?}"
    );
    assert_eq!(rules.len(), 2, "{rules:?}");
    let promoted = dreamed
        .edits
        .iter()
        .find(|edit| edit.kind == EditKind::Promoted && edit.text.contains("225 percent"))
        .unwrap();
    let sessions: BTreeSet<u32> = promoted
        .sources
        .iter()
        .filter_map(|source| match source {
            Source::Session { session, .. } => Some(*session),
            Source::Memory { .. } => None,
        })
        .collect();
    assert!(
        sessions.len() >= 2 && promoted.reason.starts_with("wanted in "),
        "{promoted:?}"
    );

    let off = Policy {
        stages: dreamtrial::experiment::Stages {
            patterns: false,
            ..Default::default()
        },
        ..Policy::default()
    };
    assert!(
        dream(&store, &transcripts, &off)
            .edits
            .iter()
            .all(|edit| edit.kind != EditKind::Promoted)
    );
}

#[test]
fn a_newer_value_replaces_the_older_one_and_says_so() {
    let (transcripts, store) = lived("legal/update");
    let dreamed = dream(&store, &transcripts, &Policy::default());
    assert!(
        dreamed
            .edits
            .iter()
            .any(|edit| edit.kind == EditKind::Replaced && edit.reason.starts_with("newer than ")),
        "{:#?}",
        dreamed.edits
    );
    assert!(dreamed.edits.iter().any(|edit| edit.kind == EditKind::Removed && edit.reason.starts_with("superseded by ")));
    assert!(
        dreamed.store.tokens() * 2 < store.tokens(),
        "{} of {}",
        dreamed.store.tokens(),
        store.tokens()
    );
}

#[test]
fn the_amnesiac_forgets_and_the_scope_blind_confuses() {
    let (transcripts, store) = lived("legal/scope");
    let amnesiac = Policy {
        keep_days: Some(0),
        ..Policy::default()
    };
    assert!(dream(&store, &transcripts, &amnesiac).store.is_empty());
    let blind = Policy {
        keep_scopes: false,
        ..Policy::default()
    };
    assert!(
        dream(&store, &transcripts, &blind)
            .store
            .lines()
            .all(|(_, line)| line.scopes.is_empty() && line.case.is_none())
    );
}
