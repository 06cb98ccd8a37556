//! The gate one look at a time, and when streams are missing.

use super::simulate::Normals;
use super::simulate::as_float;

use dreamtrial::stats::Level;
use dreamtrial::stats::StatsError;
use dreamtrial::stats::break_even;
use dreamtrial::stats::eprocess;
use dreamtrial::stats::eprocess::BettingGate;
use dreamtrial::stats::gate::Decision;
use dreamtrial::stats::gate::Gate;
use dreamtrial::stats::gate::GateRule;
use dreamtrial::stats::gate::Step;
use dreamtrial::stats::planning;
use dreamtrial::stats::planning::Size;
use dreamtrial::stats::planning_pairs;
use dreamtrial::stats::planning_pairs::PairRates;
use dreamtrial::stats::planning_pairs::QuestionVariance;
use dreamtrial::stats::planning_rates::Assumed;
use dreamtrial::stats::planning_rates::Quantity;
use dreamtrial::stats::sequential;
use dreamtrial::stats::sequential::Spending;
use dreamtrial::stats::verdict::Reason;
use dreamtrial::stats::verdict::Side;
use proptest::prelude::*;

fn gate(streams: usize) -> Gate {
    Gate::new(GateRule::with_margin(0.1), streams).unwrap()
}

fn series(data_set: u64, streams: usize) -> Vec<f64> {
    let mut normals = Normals::new(3, data_set);
    (0..streams).map(|_| -0.05 + 0.2 * normals.next()).collect()
}

#[test]
fn one_look_at_a_time_is_the_whole_series() {
    let mut stopped_early = 0;
    for (data_set, streams) in (0..60).zip([7, 12, 13, 24, 59].into_iter().cycle()) {
        let gate = gate(streams);
        let series = series(data_set, streams);
        let Step::Stop(whole) = gate.step(&series).unwrap() else {
            panic!("the series is complete");
        };
        let mut seen = 0;
        let stop = loop {
            match gate.step(&series[..seen]).unwrap() {
                Step::Continue { next_look } => {
                    assert!(next_look > seen && next_look <= streams);
                    // Between two looks nothing is decided.
                    let between = gate.step(&series[..next_look - 1]).unwrap();
                    assert_eq!(between, Step::Continue { next_look });
                    seen = next_look;
                }
                Step::Stop(stop) => break stop,
            }
        };
        assert_eq!(stop, whole, "{data_set}");
        assert_eq!(gate.close(&series), Ok(whole));
        stopped_early += u32::from(whole.streams < streams);
    }
    assert!(stopped_early > 0);
}

#[test]
fn looks_are_where_they_were_planned() {
    let at = |streams| {
        let gate = gate(streams);
        gate.plan()
            .iter()
            .map(|look| look.streams)
            .collect::<Vec<_>>()
    };
    assert_eq!(at(60), [15, 30, 45, 60]);
    assert_eq!(at(13), [4, 7, 10, 13]);
    assert_eq!(at(11), [11]);
    assert_eq!(at(1), [1]);
}

#[test]
fn too_few_streams_and_no_variation_decide_nothing() {
    let stop = |series: &[f64]| match gate(series.len()).step(series).unwrap() {
        Step::Stop(stop) => stop.decision,
        Step::Continue { .. } => panic!("the series is complete"),
    };
    let few = stop(&[0.5, 0.4, 0.5, 0.6, 0.5]);
    assert_eq!(few, Decision::Inconclusive(Reason::TooFewStreams));
    let same = stop(&[0.0; 12]);
    assert_eq!(same, Decision::Inconclusive(Reason::NotEstimable));
    assert_eq!(stop(&[0.0; 40]), Decision::Pass);
    assert_eq!(stop(&[-0.5; 40]), Decision::Fail);
    let on_the_margin = stop(&[-0.1; 40]);
    assert_eq!(on_the_margin, Decision::Inconclusive(Reason::NotEstimable));
    let wide = stop(&[0.5, -0.7, 0.4, -0.5, 0.3, -0.6]);
    assert_eq!(wide, Decision::Inconclusive(Reason::IntervalTooWide));
    let one = stop(&[0.3, 0.2, 0.25, 0.3, 0.2, 0.25]);
    assert_eq!(one, Decision::Pass);
}

#[test]
fn closing_early_uses_what_there_is() {
    let gate = gate(60);
    // Passes neither at 15 nor at 30, and would with the streams up to 40.
    let mut series = [0.3, -0.5].repeat(15);
    assert_eq!(gate.step(&series), Ok(Step::Continue { next_look: 45 }));
    series.extend([0.5; 10]);
    assert_eq!(gate.step(&series), Ok(Step::Continue { next_look: 45 }));
    let closed = gate.close(&series).unwrap();
    assert_eq!((closed.decision, closed.streams), (Decision::Pass, 40));
    let few = gate.close(&series[..5]).unwrap();
    assert_eq!(few.decision, Decision::Inconclusive(Reason::TooFewStreams));
    let none = gate.close(&[]).unwrap();
    assert_eq!(none.decision, Decision::Inconclusive(Reason::TooFewStreams));
}

#[test]
fn refuses_malformed_plans_and_data() {
    let rule = GateRule::with_margin(0.1);
    assert_eq!(Gate::new(rule, 0), Err(StatsError::Empty));
    for bad in [
        GateRule::with_margin(0.0),
        GateRule::with_margin(f64::NAN),
        GateRule { alpha: 0.5, ..rule },
        GateRule { looks: 0, ..rule },
        GateRule { looks: 31, ..rule },
    ] {
        assert!(Gate::new(bad, 60).is_err(), "{bad:?}");
    }
    assert!(gate(6).step(&[0.0; 7]).is_err());
    assert!(gate(6).step(&[f64::NAN]).is_err());
}

/// Any number, often one that a probability or a margin could be.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        -1.0..1.0_f64,
        Just(0.0),
        Just(1.0),
        Just(f64::INFINITY)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn mirrored_differences_swap_pass_and_fail(
        differences in prop::collection::vec(-1.0..1.0_f64, 1..40),
    ) {
        let gate = gate(differences.len());
        let mirrored = differences.iter().map(|d| -0.2 - d).collect::<Vec<_>>();
        let swapped = match gate.close(&mirrored).unwrap().decision {
            Decision::Pass => Decision::Fail,
            Decision::Fail => Decision::Pass,
            undecided @ Decision::Inconclusive(_) => undecided,
        };
        prop_assert_eq!(gate.close(&differences).unwrap().decision, swapped);
    }

    #[test]
    fn evidence_is_a_product_of_fair_bets(
        differences in prop::collection::vec(-1.0..1.0_f64, 0..40),
        next in -1.0..1.0_f64,
    ) {
        // At the boundary the expected e-value does not grow: here with a next
        // difference that is either of two values around -0.1.
        let mut gate = BettingGate::with_margin(0.1).unwrap();
        for difference in differences {
            gate.push(difference).unwrap();
        }
        let other = if next < -0.1 { 1.0 } else { -1.0 };
        let chance = (-0.1 - other) / (next - other);
        prop_assume!((0.0..=1.0).contains(&chance));
        let [mut a, mut b] = [gate.clone(), gate.clone()];
        a.push(next).unwrap();
        b.push(other).unwrap();
        for side in [BettingGate::pass, BettingGate::fail] {
            let before = side(&gate).log_e();
            let growth = |after: &BettingGate| (side(after).log_e() - before).exp();
            let mean = chance * growth(&a) + (1.0 - chance) * growth(&b);
            prop_assert!((mean - 1.0).abs() < 1e-9, "{}", mean);
        }
    }

    #[test]
    fn nothing_panics_on_arbitrary_numbers(
        x in number(), y in number(), z in number(), p in number(),
        values in prop::collection::vec(number(), 0..14),
        count in 0_usize..60,
    ) {
        let rule = GateRule { margin: x, alpha: p, looks: count % 7, spending: Spending::Pocock };
        if let Ok(gate) = Gate::new(rule, count) {
            let _ = gate.step(&values);
            let _ = gate.close(&values);
        }
        let _ = sequential::bounds(Spending::ObrienFleming, &[x, y], p);
        let _ = sequential::crossing(&[0.5, 1.0], &[x, y], z);
        let _ = planning::gate_streams_needed(y, z, rule, p);
        if let Ok(mut gate) = BettingGate::new(x, p, y) {
            for value in &values {
                let _ = gate.push(*value);
            }
            prop_assert!(!gate.pass().log_e().is_nan() && !gate.fail().log_e().is_nan());
        }
        let _ = eprocess::msprt_normal(&values, x, y);
        let _ = eprocess::discordance_e_value(x, y);
        let _ = break_even::one_off(x, y);
        let every = u32::try_from(count).unwrap();
        let _ = break_even::periodic(x, y, every);
        let level = Level::NINETY_FIVE;
        let rates = PairRates { both: x, treat_only: y, base_only: z };
        let _ = planning_pairs::connor_pairs(rates, level, p);
        let _ = planning_pairs::ratio_pairs(rates, x, level, p);
        let _ = planning_pairs::mcnemar_power(rates, every, level);
        let _ = planning_pairs::non_inferiority_pairs(x, y, z, level, p);
        let variance = QuestionVariance {
            between: x, within_a: y, answers_a: z, within_b: y, answers_b: 1.0,
        };
        let _ = planning_pairs::miller_questions(variance, z, level, p);
        let _ = planning_pairs::miller_detectable(variance, as_float(count), level, p);
        let assumed = Assumed {
            base: x, treat: y, icc: z, rows: 8.0, rows_variation: 0.2, correlation: p,
        };
        let size = Size { streams: count, level, power: p };
        for quantity in [Quantity::Difference, Quantity::Ratio] {
            let _ = assumed.streams_needed(quantity, z, level, p);
            for side in [Side::Above, Side::Below] {
                let _ = assumed.detectable(quantity, z, side, size);
            }
        }
        let _ = planning::streams_needed(x, y, z, level, p);
        let _ = planning::detectable_distance(x, size);
    }
}
