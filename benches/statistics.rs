//! The methods of a report, on stream sums.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use dreamtrial::stats::{
    Arm, Level, Paired, Scale, StreamSums,
    bootstrap::{Resampling, Statistic, bootstrap},
    difference::difference,
    ratio::ratio,
};

fn paired(streams: u32) -> Paired {
    let arm = |shift: u32| {
        let sums = (0..streams).map(|stream| {
            StreamSums::new(f64::from((stream * 7 + shift) % 90), 100.0).expect("a sum")
        });
        Arm::new(sums.collect()).expect("an arm")
    };
    Paired::new(arm(5), arm(31)).expect("a pair")
}

fn methods(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("statistics");
    for streams in [24, 200, 1000] {
        let paired = paired(streams);
        group.bench_function(BenchmarkId::new("difference", streams), |bencher| {
            bencher.iter(|| difference(&paired, Scale::Proportion, Level::NINETY_FIVE));
        });
        group.bench_function(BenchmarkId::new("ratio", streams), |bencher| {
            bencher.iter(|| ratio(&paired, Scale::Proportion, Level::NINETY_FIVE));
        });
    }
    group.sample_size(10);
    let paired = paired(1000);
    group.bench_function("bootstrap 10,000 resamples of 1,000 streams", |bencher| {
        let resampling = Resampling {
            seed: 1,
            replicates: 10_000,
            level: Level::NINETY_FIVE,
        };
        bencher.iter(|| bootstrap(&paired, Statistic::Ratio, resampling));
    });
    group.finish();
}

criterion_group!(benches, methods);
criterion_main!(benches);
