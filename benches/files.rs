//! How fast scenario files are read and checked.

use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use dreamtrial::{scenario, source::Problems};

fn files(criterion: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/legal/interference");
    let id = "legal/interference".parse().expect("a name");
    criterion.bench_function("scenario from file", |bencher| {
        bencher.iter(|| {
            scenario::load(&folder, &id, &mut Problems::default())
                .expect("a whole scenario")
                .sessions
                .len()
        });
    });
}

criterion_group!(benches, files);
criterion_main!(benches);
