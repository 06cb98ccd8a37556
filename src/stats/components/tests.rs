use super::{
    Separation::{Alone, MixedWith, MixedWithCells},
    *,
};
use crate::stats::{Level, random::SplitMix};

fn resampling(replicates: usize) -> Resampling {
    Resampling {
        seed: 7,
        replicates,
        level: Level::NINETY_FIVE,
    }
}

fn of(streams: &[Vec<Cell>]) -> Components {
    components(streams, resampling(200))
        .expect("finite values")
        .expect("some values")
}

fn variances(found: &Components) -> [Option<f64>; 3] {
    found.components.map(|one| one.variance)
}

fn assert_near(found: Option<f64>, expected: f64) {
    let found = found.expect("an estimate");
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

/// By hand: four draws of two re-runs of two measurements. Squares: 8 pairs of 2 * 0.5 = 8 within (8
/// degrees); 4 draws of 2 * 2 * 8 = 128 between re-runs (4); 4 * 4 * 25 = 400 between draws (3).
#[test]
fn a_balanced_design_has_the_mean_squares_of_the_textbook() {
    let pair = |mean: f64| vec![mean - 0.5f64.sqrt(), mean + 0.5f64.sqrt()];
    let draw = |mean: f64| {
        let half = 8f64.sqrt();
        vec![pair(mean - half), pair(mean + half)]
    };
    let cell: Cell = [-5.0, 5.0, -5.0, 5.0].into_iter().map(draw).collect();
    let found = of(&[vec![cell]]);
    assert_near(found.components[2].variance, 1.0);
    assert_near(found.components[1].variance, (32.0 - 1.0) / 2.0);
    assert_near(found.components[0].variance, (400.0 / 3.0 - 32.0) / 4.0);
    assert_eq!(
        found.components.map(|one| one.degrees.to_string()),
        ["3", "4", "8"]
    );
    assert_eq!(found.values, 16);
    assert!(found.components.iter().all(|one| one.interval.is_none()));
}

/// By hand: a draw with re-runs {1, 3} and {5}, and a draw with {9}.
/// Within 2 (1 degree). Between re-runs: means 2 and 5 around 3, 2*1 + 1*4 = 6 (1 degree), coefficient
/// 3 - 5/3 = 4/3. Between draws: means 3 and 9 around 4.5, 3*2.25 + 20.25 = 27 (1 degree), coefficients
/// 5/3 + 1 - (4+1+1)/4 = 7/6 and 4 - (9+1)/4 = 1.5.
#[test]
fn an_unbalanced_design_has_the_coefficients_of_its_numbers() {
    let cell: Cell = vec![vec![vec![1.0, 3.0], vec![5.0]], vec![vec![9.0]]];
    let found = of(&[vec![cell]]);
    assert_near(found.components[2].variance, 2.0);
    assert_near(found.components[1].variance, (6.0 - 2.0) / (4.0 / 3.0));
    assert_near(
        found.components[0].variance,
        (27.0 - 2.0 - 7.0 / 6.0 * 3.0) / 1.5,
    );
}

#[test]
fn cells_may_differ_as_they_like() {
    let cell = |mean: f64| -> Cell { vec![vec![vec![mean, mean + 1.0]], vec![vec![mean + 3.0]]] };
    let one = of(&[vec![cell(0.0)]]);
    let many = of(&[vec![cell(100.0), cell(-7.0)], vec![cell(0.0)]]);
    for (one, many) in variances(&one).into_iter().zip(variances(&many)) {
        match (one, many) {
            (Some(one), Some(many)) => assert!((one - many).abs() < 1e-9),
            (one, many) => assert_eq!(one, many),
        }
    }
    assert_eq!((many.streams, many.cells, many.values), (2, 3, 9));
}

#[test]
fn what_nothing_repeats_is_mixed_with_the_level_around_it() {
    let mixed = |cell: Cell| of(&[vec![cell]]).components.map(|one| one.separation);
    assert_eq!(
        mixed(vec![vec![vec![0.0, 1.0]], vec![vec![1.0, 1.0]]]),
        [Alone, MixedWith(Stage::Draw), Alone]
    );
    assert_eq!(
        mixed(vec![vec![vec![0.0], vec![1.0]]]),
        [MixedWithCells, Alone, MixedWith(Stage::Rerun)]
    );
    assert_eq!(
        mixed(vec![vec![vec![0.0]], vec![vec![1.0]]]),
        [Alone, MixedWith(Stage::Draw), MixedWith(Stage::Draw)]
    );
    assert_eq!(
        mixed(vec![vec![vec![0.0]]]),
        [MixedWithCells, MixedWithCells, MixedWithCells]
    );
    // One value for each draw: the variance of the values.
    let found = of(&[vec![vec![
        vec![vec![0.0]],
        vec![vec![2.0]],
        vec![vec![7.0]],
    ]]]);
    assert_near(found.components[0].variance, 13.0);
}

#[test]
fn an_estimate_below_zero_is_zero_and_says_so() {
    // Draws agree more than their measurements allow.
    let cell: Cell = vec![vec![vec![0.0, 1.0]], vec![vec![1.0, 0.0]]];
    let found = of(&[vec![cell.clone()], vec![cell]]);
    assert_near(found.components[0].variance, 0.0);
    assert!(found.components[0].was_negative);
    assert_near(found.components[2].variance, 0.5);
    assert!(!found.components[2].was_negative);
    assert_near(found.share(Stage::Measurement), 1.0);
    // All the same is no variance, and not below zero.
    let same: Cell = vec![vec![vec![0.1; 3]; 2]; 4];
    let found = of(&[vec![same.clone()], vec![same]]);
    assert!(found.components.iter().all(|one| !one.was_negative));
    assert_eq!(found.share(Stage::Draw), None);
}

#[test]
fn nothing_and_what_is_not_finite_are_told_apart() {
    assert_eq!(components(&[], resampling(10)), Ok(None));
    assert_eq!(
        components(&[vec![vec![vec![vec![]]]]], resampling(10)),
        Ok(None)
    );
    let cell: Cell = vec![vec![vec![0.0, f64::NAN]]];
    assert!(matches!(
        components(&[vec![cell]], resampling(10)),
        Err(StatsError::NotFinite { index: 1, .. })
    ));
}

/// A draw from the standard normal distribution.
fn normal(generator: &mut SplitMix) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
    let uniform = ((generator.next_bits() >> 11) as f64 + 0.5) / 2f64.powi(53);
    crate::stats::distribution::normal_quantile(uniform).expect("between 0 and 1")
}

/// Streams with these standard deviations of draw, re-run and measurement, unbalanced.
fn simulated(generator: &mut SplitMix, deviations: [f64; 3], streams: usize) -> Vec<Vec<Cell>> {
    let [of_draw, of_rerun, of_measurement] = deviations;
    let mut all = Vec::new();
    for _ in 0..streams {
        let mut cells = Vec::new();
        for _ in 0..4 {
            let mean = 10.0 * normal(generator);
            let mut cell: Cell = Vec::new();
            for _ in 0..2 + generator.next_index(3) {
                let draw = mean + of_draw * normal(generator);
                let mut reruns = Vec::new();
                for _ in 0..=generator.next_index(3) {
                    let rerun = draw + of_rerun * normal(generator);
                    let count = 1 + generator.next_index(3);
                    let value = |_| rerun + of_measurement * normal(generator);
                    reruns.push((0..count).map(value).collect());
                }
                cell.push(reruns);
            }
            cells.push(cell);
        }
        all.push(cells);
    }
    all
}

#[test]
fn what_was_put_in_comes_out() {
    let mut generator = SplitMix::new(20_260_101);
    let expected = [4.0, 1.0, 2.25];
    let streams = simulated(&mut generator, expected.map(f64::sqrt), 2_000);
    let found = components(&streams, resampling(1))
        .expect("finite")
        .expect("values");
    for (found, expected) in variances(&found).into_iter().zip(expected) {
        let found = found.expect("an estimate");
        assert!(
            (found / expected - 1.0).abs() < 0.06,
            "{found} is not near {expected}"
        );
    }
}

#[test]
fn limits_cover_what_was_put_in() {
    let mut generator = SplitMix::new(3);
    let expected = [4.0, 1.0, 2.25];
    let mut covered = [0; 3];
    for _ in 0..200 {
        let streams = simulated(&mut generator, expected.map(f64::sqrt), 24);
        let found = of(&streams);
        for (at, component) in found.components.iter().enumerate() {
            let interval = component.interval.expect("two streams or more");
            covered[at] += u32::from(interval.contains(expected[at]));
        }
    }
    // 95% of 200 is 190; the bootstrap over 24 streams is a little short of that.
    assert!(
        covered.iter().all(|covered| (174..=200).contains(covered)),
        "{covered:?}"
    );
}
