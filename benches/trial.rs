//! How fast trials run, without a record: agent, user, grader and dreams on one thread.

mod common;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn trials(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("trial");
    for name in [
        "legal/retention",
        "medical/interference",
        "coding/procedure",
    ] {
        let plan = common::plan(1, |id| id == name || id == "legal/control");
        group.throughput(Throughput::Elements(plan.size().1 as u64));
        group.bench_function(name, |bencher| bencher.iter(|| common::run(&plan).len()));
    }
    group.finish();
}

criterion_group!(benches, trials);
criterion_main!(benches);
