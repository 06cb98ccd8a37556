//! Planned sizes against simulation: what is planned for a power has it.

use super::simulate::Design;
use super::simulate::Normals;
use super::simulate::Rates;
use super::simulate::as_float;
use super::simulate::joint_ranks;

use dreamtrial::stats::Level;
use dreamtrial::stats::Scale;
use dreamtrial::stats::difference;
use dreamtrial::stats::gate::Decision;
use dreamtrial::stats::gate::Gate;
use dreamtrial::stats::gate::GateRule;
use dreamtrial::stats::gate::Step;
use dreamtrial::stats::planning;
use dreamtrial::stats::planning::Size;
use dreamtrial::stats::planning_rates::Assumed;
use dreamtrial::stats::planning_rates::Quantity;
use dreamtrial::stats::ratio;
use dreamtrial::stats::verdict;
use dreamtrial::stats::verdict::Claim;
use dreamtrial::stats::verdict::Side;
use dreamtrial::stats::verdict::StreamsNeeded;
use dreamtrial::stats::verdict::Verdict;

const LEVEL: Level = Level::NINETY_FIVE;
const LATENT: f64 = 0.5;
const SEED: u64 = 7;
/// Three standard errors of a share near 0.8 in this many data sets are 0.022.
const DATA_SETS: u64 = 3000;

fn streams(needed: StreamsNeeded) -> usize {
    match needed {
        StreamsNeeded::Streams(streams) => usize::try_from(streams).unwrap(),
        StreamsNeeded::Never => panic!("some number decides"),
    }
}

/// The correlation of two arms' rates that the copula brings about.
fn correlation(base: &Rates, treat: &Rates) -> f64 {
    let mut normals = Normals::new(SEED, u64::MAX);
    let [mut xy, mut xx, mut yy] = [0.0; 3];
    for _ in 0..200_000 {
        let [b, t] = joint_ranks(&mut normals, LATENT);
        let (x, y) = (base.values[b] - base.mean, treat.values[t] - treat.mean);
        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    xy / (xx * yy).sqrt()
}

/// The share of data sets in which the claim is decided as `expected`.
fn share_decided(
    rates: (f64, f64),
    icc: f64,
    streams_for: impl Fn(&Assumed) -> usize,
    quantity: Quantity,
    claim: Claim,
    expected: Verdict,
) -> (usize, f64) {
    let (base, treat) = (Rates::new(rates.0, icc), Rates::new(rates.1, icc));
    let mut design = Design {
        streams: 0,
        blocks: (4, 12),
        repetitions: 3,
        correlation: LATENT,
        // Rows depend on each other through the stream only, as assumed.
        shared: 0.0,
    };
    let assumed = Assumed {
        base: base.mean,
        treat: treat.mean,
        icc,
        rows: 24.0,
        // Blocks are uniform on 4..=12: variance 20/3, mean 8.
        rows_variation: (20.0_f64 / 3.0).sqrt() / 8.0,
        correlation: correlation(&base, &treat),
    };
    design.streams = streams_for(&assumed);
    let mut decided = 0_u32;
    for data_set in 0..DATA_SETS {
        let data = design.draw(&base, &treat, &mut Normals::new(SEED, data_set));
        let interval = match quantity {
            Quantity::Difference => {
                difference::difference(&data, Scale::Proportion, LEVEL)
                    .unwrap()
                    .interval
            }
            Quantity::Ratio => {
                ratio::ratio(&data, Scale::Proportion, LEVEL)
                    .unwrap()
                    .interval
            }
        };
        let verdict = verdict::judge(claim, interval.as_ref(), design.streams);
        decided += u32::from(verdict == expected);
    }
    (
        design.streams,
        f64::from(decided) / as_float(usize::try_from(DATA_SETS).unwrap()),
    )
}

/// Power of the size planned for a claim.
fn power_of(rates: (f64, f64), quantity: Quantity, claim: Claim, power: f64) -> (usize, f64) {
    let (claimed, expected) = match claim {
        Claim::AtLeast(value) | Claim::AtMost(value) => {
            let truth = match quantity {
                Quantity::Difference => rates.1 - rates.0,
                Quantity::Ratio => rates.1 / rates.0,
            };
            let holds = (truth > value) == matches!(claim, Claim::AtLeast(_));
            let expected = if holds {
                Verdict::Supported
            } else {
                Verdict::Refuted
            };
            (value, expected)
        }
        Claim::Increase => (0.0, Verdict::Supported),
        other => panic!("{other:?} is not planned here"),
    };
    let plan = |assumed: &Assumed| {
        streams(
            assumed
                .streams_needed(quantity, claimed, LEVEL, power)
                .unwrap()
                .unwrap(),
        )
    };
    share_decided(rates, 0.1, plan, quantity, claim, expected)
}

#[test]
fn sizes_for_differences_have_their_power() {
    for (rates, claim, power) in [
        ((0.30, 0.45), Claim::Increase, 0.8),
        ((0.30, 0.45), Claim::Increase, 0.9),
        ((0.60, 0.60), Claim::AtLeast(-0.10), 0.8),
        ((0.40, 0.45), Claim::AtLeast(0.20), 0.8),
    ] {
        let (streams, share) = power_of(rates, Quantity::Difference, claim, power);
        println!("{rates:?} {claim:?} {power}: {streams} streams, power {share:.3}");
        assert!((share - power).abs() < 0.035, "{claim:?}: {share}");
    }
}

#[test]
fn sizes_for_ratios_have_their_power() {
    for (rates, claim, power) in [
        ((0.20, 0.60), Claim::AtLeast(2.0), 0.8),
        ((0.10, 0.60), Claim::AtLeast(4.0), 0.8),
        ((0.20, 0.40), Claim::AtLeast(3.0), 0.8),
        ((0.60, 0.40), Claim::AtMost(0.8), 0.9),
    ] {
        let (streams, share) = power_of(rates, Quantity::Ratio, claim, power);
        println!("{rates:?} {claim:?} {power}: {streams} streams, power {share:.3}");
        // The log ratio is linearised, so the tolerance is wider.
        assert!((share - power).abs() < 0.05, "{claim:?}: {share}");
    }
}

#[test]
fn a_detectable_effect_is_the_inverse_of_a_size() {
    let assumed = Assumed {
        base: 0.3,
        treat: 0.5,
        icc: 0.15,
        rows: 24.0,
        rows_variation: 0.3,
        correlation: 0.5,
    };
    for (quantity, claimed, side) in [
        (Quantity::Difference, 0.0, Side::Above),
        (Quantity::Difference, 0.0, Side::Below),
        (Quantity::Difference, -0.1, Side::Above),
        (Quantity::Ratio, 1.0, Side::Above),
        (Quantity::Ratio, 1.5, Side::Above),
        (Quantity::Ratio, 1.0, Side::Below),
    ] {
        let size = Size {
            streams: 40,
            level: LEVEL,
            power: 0.8,
        };
        let found = assumed.detectable(quantity, claimed, side, size);
        let treat = found.unwrap().unwrap().treat;
        let back = Assumed { treat, ..assumed };
        let needed = back.streams_needed(quantity, claimed, LEVEL, 0.8);
        assert_eq!(
            streams(needed.unwrap().unwrap()),
            40,
            "{quantity:?} {claimed}"
        );
        let spread = back.spread(quantity).unwrap();
        let distance = planning::detectable_distance(spread, size).unwrap();
        let (truth, claimed) = match quantity {
            Quantity::Difference => (treat - 0.3, claimed),
            Quantity::Ratio => ((treat / 0.3).ln(), claimed.ln()),
        };
        assert!(((truth - claimed).abs() - distance).abs() < 1e-9);
    }
}

#[test]
fn effects_that_cannot_be_shown_are_none() {
    let assumed = Assumed {
        base: 0.3,
        treat: 0.5,
        icc: 0.3,
        rows: 3.0,
        rows_variation: 0.0,
        correlation: 0.0,
    };
    let size = Size {
        streams: 6,
        level: LEVEL,
        power: 0.9,
    };
    // A ratio of four would need a rate above 1.
    let none = assumed.detectable(Quantity::Ratio, 4.0, Side::Above, size);
    assert_eq!(none, Ok(None));
    let few = Size { streams: 5, ..size };
    assert!(
        assumed
            .detectable(Quantity::Ratio, 1.0, Side::Above, few)
            .is_err()
    );
    assert!(
        assumed
            .streams_needed(Quantity::Ratio, 0.0, LEVEL, 0.8)
            .is_err()
    );
    let bad = Assumed {
        icc: 1.5,
        ..assumed
    };
    assert!(bad.spread(Quantity::Difference).is_err());
}

#[test]
fn sizes_for_gates_have_their_power() {
    // Truth, spread, power: pass without a change, fail at a large loss.
    for (mean, sd, power) in [(0.0, 0.21, 0.9), (0.0, 0.30, 0.8), (-0.25, 0.21, 0.9)] {
        let rule = GateRule::with_margin(0.1);
        let needed = planning::gate_streams_needed(mean, sd, rule, power).unwrap();
        let streams = streams(needed);
        let gate = Gate::new(rule, streams).unwrap();
        let expected = if mean < -0.1 {
            Decision::Fail
        } else {
            Decision::Pass
        };
        let mut decided = 0_u32;
        let data_sets = 10_000_u32;
        for data_set in 0..data_sets {
            let mut normals = Normals::new(SEED, u64::from(data_set));
            let series = (0..streams).map(|_| mean + sd * normals.next());
            let Step::Stop(stop) = gate.step(&series.collect::<Vec<_>>()).unwrap() else {
                panic!("the series is complete");
            };
            decided += u32::from(stop.decision == expected);
        }
        let share = f64::from(decided) / f64::from(data_sets);
        println!("gate {mean} {sd} {power}: {streams} streams, power {share:.3}");
        assert!((share - power).abs() < 0.025, "{mean} {sd}: {share}");
    }
    let rule = GateRule::with_margin(0.1);
    let never = planning::gate_streams_needed(-0.1, 0.2, rule, 0.8);
    assert_eq!(never, Ok(StreamsNeeded::Never));
    // One look is enough, and few streams have one look only.
    let few = planning::gate_streams_needed(0.5, 0.2, rule, 0.8).unwrap();
    assert_eq!(streams(few), verdict::MINIMUM_STREAMS);
}

#[test]
fn a_pilot_plans_like_the_verdict() {
    let spread = planning::pilot_spread(Some(0.05), 16).unwrap();
    assert!((spread - 0.2).abs() < 1e-15);
    let planned = planning::streams_needed(0.1, spread, 0.0, LEVEL, 0.8);
    assert_eq!(
        planned,
        verdict::streams_needed(0.1, 0.05, 16, 0.0, LEVEL, 0.8)
    );
    assert_eq!(planning::pilot_spread(Some(0.0), 16), None);
    assert_eq!(planning::pilot_spread(None, 16), None);
}
