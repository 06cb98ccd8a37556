//! How long a dream takes, and how that grows: 100 sessions and 2,000 memories, then 2, 5 and 10 times
//! as much.

mod common;

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use dreamtrial::{
    dream::{DreamRequest, consolidate::Consolidator},
    experiment::{Policy, Reference},
    memory::Store,
    quantity::Seed,
    run::brief_of,
    transcript::Transcript,
};

/// Transcripts of the shipped scenarios' accumulated arm, told again until there are so many.
fn transcripts(count: usize) -> Vec<Arc<Transcript>> {
    let plan = common::plan(1, |_| true);
    let mut found: Vec<Arc<Transcript>> = Vec::new();
    for done in common::run(&plan) {
        let trial = &plan.trials[done.trial];
        if plan.arm(trial).id.as_str() == "accumulated" {
            let brief = brief_of(
                &plan.scenarios[trial.scenario],
                done.session,
                plan.seed(trial, done.session),
            );
            found.push(Arc::new(Transcript {
                session: done.session,
                brief,
                entries: done.entries,
            }));
        }
    }
    (0..count)
        .map(|number| {
            // Every hundred has the same mix of scenarios, so that a larger input is only larger.
            let one = &found[(number % 100 * found.len() / 100 + number / 100) % found.len()];
            Arc::new(Transcript {
                session: u32::try_from(number + 1).expect("a small number"),
                brief: Arc::clone(&one.brief),
                entries: one.entries.clone(),
            })
        })
        .collect()
}

/// A store of so many memories in 2,000 entries: half of them near-duplicates of another, a fifth of
/// them values of fields, the rest remarks of their own.
fn store(memories: usize) -> Store {
    const ENTRIES: usize = 2_000;
    let words = [
        "lease", "audit", "ward", "invoice", "branch", "filing", "chart", "release", "tenant",
        "payer", "draft", "review",
    ];
    let line = |number: usize| {
        let word = |salt: usize| words[(number / 2 * 31 + salt * 7 + number / 24) % words.len()];
        match number % 10 {
            0 | 1 => format!("- the notice period is {} days.\n", 10 + number % 50),
            _ => format!(
                "- As a rule the {} of the {} goes to desk {} before the {} of group {}{}.\n",
                word(1),
                word(2),
                number / 2 % 97,
                word(3),
                number / 2,
                if number.is_multiple_of(2) {
                    ""
                } else {
                    ", please"
                }
            ),
        }
    };
    let mut store = Store::default();
    for entry in 0..ENTRIES {
        let content: String = (0..memories / ENTRIES)
            .map(|part| line(entry * (memories / ENTRIES) + part))
            .collect();
        store
            .write(&format!("notes/{entry:04}.md"), content)
            .expect("within the limits");
    }
    store
}

fn dreams(criterion: &mut Criterion) {
    let dreamer = Consolidator::new(Reference::default());
    let policy = Policy {
        window_sessions: 100_000,
        ..Policy::default()
    };
    let mut group = criterion.benchmark_group("dream");
    group.sample_size(10);
    for times in [1, 2, 5, 10] {
        let (store, transcripts) = (store(2_000 * times), transcripts(100 * times));
        let request = DreamRequest {
            store: &store,
            transcripts: &transcripts,
            policy: &policy,
            date: jiff::civil::date(2026, 12, 31),
            seed: Seed(7),
        };
        group.bench_function(
            BenchmarkId::from_parameter(format!("{}x{}", times * 100, times * 2_000)),
            |bencher| {
                bencher.iter(|| dreamer.consolidate(&request).expect("a dream").store.len());
            },
        );
    }
    group.finish();
}

criterion_group!(benches, dreams);
criterion_main!(benches);
