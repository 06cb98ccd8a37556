//! Algebraic properties that hold for all inputs.

use dreamtrial::stats::Arm;
use dreamtrial::stats::Interval;
use dreamtrial::stats::Level;
use dreamtrial::stats::Paired;
use dreamtrial::stats::Scale;
use dreamtrial::stats::bootstrap;
use dreamtrial::stats::bootstrap::Resampling;
use dreamtrial::stats::bootstrap::Statistic;
use dreamtrial::stats::difference;
use dreamtrial::stats::exact;
use dreamtrial::stats::exact::MonteCarlo;
use dreamtrial::stats::multiplicity;
use dreamtrial::stats::proportion;
use dreamtrial::stats::ratio;
use dreamtrial::stats::ratio_of_totals;
use dreamtrial::stats::verdict;
use dreamtrial::stats::verdict::Claim;
use proptest::prelude::*;

const LEVEL: Level = Level::NINETY_FIVE;

/// Successes in both arms and rows per arm of one stream.
type Stream = ((u32, u32), (u32, u32));

fn stream() -> impl Strategy<Value = Stream> {
    let arm = || (1_u32..12).prop_flat_map(|n| (0..=n, Just(n)));
    (arm(), arm())
}

fn streams() -> impl Strategy<Value = Vec<Stream>> {
    prop::collection::vec(stream(), 1..30)
}

fn arm(pairs: impl Iterator<Item = (u32, u32)>) -> Arm {
    Arm::from_pairs(pairs.map(|(x, n)| (f64::from(x), f64::from(n)))).unwrap()
}

fn paired(streams: &[Stream]) -> Paired {
    let base = arm(streams.iter().map(|s| s.0));
    let treat = arm(streams.iter().map(|s| s.1));
    Paired::new(base, treat).unwrap()
}

/// Values of a mean that is no proportion, positive.
fn means(streams: &[Stream]) -> Paired {
    let amounts = |of: fn(&Stream) -> (u32, u32)| {
        let values = streams.iter().map(of);
        Arm::from_pairs(values.map(|(x, n)| (3.7 * f64::from(x) + 0.1, f64::from(n)))).unwrap()
    };
    Paired::new(amounts(|s| s.0), amounts(|s| s.1)).unwrap()
}

fn close(a: f64, b: f64) -> bool {
    a.total_cmp(&b).is_eq() || (a - b).abs() <= 1e-7 * a.abs().max(b.abs()).max(1.0)
}

fn same_limits(a: Option<Interval>, b: Option<Interval>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => close(a.lower(), b.lower()) && close(a.upper(), b.upper()),
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn within(inner: Option<Interval>, outer: Option<Interval>) -> bool {
    match (inner, outer) {
        (Some(inner), Some(outer)) => {
            inner.lower() >= outer.lower() - 1e-9 && inner.upper() <= outer.upper() + 1e-9
        }
        (inner, outer) => inner.is_none() && outer.is_none(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn order_of_streams_does_not_matter(
        (streams, shuffled) in streams().prop_flat_map(|s| (Just(s.clone()), Just(s).prop_shuffle()))
    ) {
        let (a, b) = (paired(&streams), paired(&shuffled));
        for scale in [Scale::Proportion, Scale::Unbounded] {
            let (x, y) = (difference::difference(&a, scale, LEVEL).unwrap(),
                          difference::difference(&b, scale, LEVEL).unwrap());
            prop_assert!(same_limits(x.interval, y.interval));
            prop_assert_eq!(x.method, y.method);
            let (x, y) = (ratio::ratio(&a, scale, LEVEL).unwrap(), ratio::ratio(&b, scale, LEVEL).unwrap());
            prop_assert!(same_limits(x.interval, y.interval));
            prop_assert_eq!(x.method, y.method);
        }
        let (x, y) = (proportion::cluster_wilson(a.base(), LEVEL).unwrap(),
                      proportion::cluster_wilson(b.base(), LEVEL).unwrap());
        prop_assert!(same_limits(x.interval, y.interval));
        let sampling = MonteCarlo::with_seed(1);
        let flip = |p: &Paired| exact::sign_flip(&p.sum_differences(), sampling).unwrap().p;
        prop_assert!(close(flip(&a), flip(&b)));
        let rank = |p: &Paired| exact::wilcoxon(&p.mean_differences()).unwrap().p.unwrap();
        prop_assert!(close(rank(&a), rank(&b)));
    }

    #[test]
    fn intervals_contain_their_estimate(streams in streams()) {
        for data in [paired(&streams), means(&streams)] {
            let scale = if data.base().require_proportion().is_ok()
                && data.treat().require_proportion().is_ok() { Scale::Proportion } else { Scale::Unbounded };
            let d = difference::difference(&data, scale, LEVEL).unwrap();
            prop_assert!(d.interval.is_none_or(|i| i.contains(d.estimate.unwrap())));
            let r = ratio::ratio(&data, scale, LEVEL).unwrap();
            if let (Some(interval), Some(estimate)) = (r.interval, r.estimate) {
                prop_assert!(interval.contains(estimate), "{:?} {}", interval, estimate);
            }
            let t = ratio_of_totals::ratio_of_totals(data.base(), LEVEL).unwrap();
            prop_assert!(t.interval.is_none_or(|i| i.contains(t.estimate.unwrap())));
        }
        let data = paired(&streams);
        let p = proportion::cluster_wilson(data.base(), LEVEL).unwrap();
        prop_assert!(p.interval.is_none_or(|i| i.contains(p.estimate.unwrap())));
        let (x, n) = (data.base().total_sum(), data.base().total_count());
        for interval in [proportion::wilson(x, n, LEVEL), proportion::clopper_pearson(x, n, LEVEL),
                         proportion::jeffreys(x, n, LEVEL)] {
            prop_assert!(interval.unwrap().contains(x / n));
        }
    }

    #[test]
    fn a_higher_level_gives_a_wider_interval(streams in streams(), low in 0.5..0.98_f64, step in 0.0..0.019_f64) {
        let (low, high) = (Level::new(low).unwrap(), Level::new(low + step).unwrap());
        let data = paired(&streams);
        for scale in [Scale::Proportion, Scale::Unbounded] {
            let d = |level| difference::difference(&data, scale, level).unwrap().interval;
            prop_assert!(within(d(low), d(high)));
            let r = |level| ratio::ratio(&data, scale, level).unwrap().interval;
            prop_assert!(within(r(low), r(high)), "{:?} {:?}", r(low), r(high));
        }
        let p = |level| proportion::cluster_wilson(data.base(), level).unwrap().interval;
        prop_assert!(within(p(low), p(high)));
        let t = |level| ratio_of_totals::ratio_of_totals(data.base(), level).unwrap().interval;
        prop_assert!(within(t(low), t(high)));
    }

    #[test]
    fn swapping_arms_negates_and_inverts(streams in streams()) {
        for data in [paired(&streams), means(&streams)] {
            let swapped = data.swapped();
            let d = difference::difference(&data, Scale::Unbounded, LEVEL).unwrap();
            let e = difference::difference(&swapped, Scale::Unbounded, LEVEL).unwrap();
            prop_assert!(close(d.estimate.unwrap(), -e.estimate.unwrap()));
            if let (Some(d), Some(e)) = (d.interval, e.interval) {
                prop_assert!(close(d.lower(), -e.upper()) && close(d.upper(), -e.lower()));
            }
            let r = ratio::ratio(&data, Scale::Unbounded, LEVEL).unwrap();
            let s = ratio::ratio(&swapped, Scale::Unbounded, LEVEL).unwrap();
            if let (Some(r), Some(s)) = (r.interval, s.interval) {
                prop_assert!(close(r.lower() * s.upper(), 1.0) && close(r.upper() * s.lower(), 1.0));
            }
        }
        let data = paired(&streams);
        let d = difference::difference(&data, Scale::Proportion, LEVEL).unwrap();
        let e = difference::difference(&data.swapped(), Scale::Proportion, LEVEL).unwrap();
        prop_assert_eq!(d.method, e.method);
        if let (Some(d), Some(e)) = (d.interval, e.interval) {
            prop_assert!(close(d.lower(), -e.upper()) && close(d.upper(), -e.lower()));
        }
    }

    #[test]
    fn claims_and_p_values_agree(streams in prop::collection::vec(stream(), 6..20), claimed in -0.9..0.9_f64) {
        let d = difference::difference(&paired(&streams), Scale::Unbounded, LEVEL).unwrap();
        if let (Some(estimate), Some(se), Some(interval)) = (d.estimate, d.se, d.interval) {
            let p = verdict::one_sided_p(estimate, se, claimed, d.streams, verdict::Side::Above).unwrap().unwrap();
            let supported = verdict::judge(Claim::AtLeast(claimed), Some(&interval), d.streams)
                == verdict::Verdict::Supported;
            prop_assert!((p - 0.025).abs() < 1e-9 || supported == (p <= 0.025));
        }
    }

    #[test]
    fn p_values_lie_between_the_attainable_minimum_and_one(
        values in prop::collection::vec(-5.0..5.0_f64, 1..14)
    ) {
        let flip = exact::sign_flip(&values, MonteCarlo::with_seed(3)).unwrap();
        let minimum = exact::attainable_minimum_p(values.len());
        prop_assert!(flip.p >= minimum - 1e-12 && flip.p <= 1.0);
        let rank = exact::wilcoxon(&values).unwrap();
        prop_assert!(rank.p.unwrap() >= minimum - 1e-12);
    }

    #[test]
    fn adjusted_p_values_are_ordered_and_never_smaller(
        values in prop::collection::vec(0.0..=1.0_f64, 0..12)
    ) {
        let holm = multiplicity::holm(&values).unwrap();
        let bh = multiplicity::benjamini_hochberg(&values).unwrap();
        for (i, p) in values.iter().enumerate() {
            prop_assert!(*p <= bh[i] && bh[i] <= holm[i] && holm[i] <= 1.0);
            for (j, q) in values.iter().enumerate() {
                prop_assert!(p > q || (holm[i] <= holm[j] && bh[i] <= bh[j]));
            }
        }
    }

    #[test]
    fn nothing_panics_on_arbitrary_numbers(
        pairs in prop::collection::vec((any::<f64>(), any::<f64>()), 0..6),
        other in prop::collection::vec((-9.0..9.0_f64, 0.0..9.0_f64), 0..6),
        p in any::<f64>(), a in any::<f64>(), b in any::<f64>(),
    ) {
        let _ = dreamtrial::stats::distribution::beta_quantile(p, a, b);
        let _ = difference::tango(a, b, p, LEVEL);
        let _ = proportion::wilson(a, b, LEVEL);
        let values = pairs.iter().map(|pair| pair.0).collect::<Vec<_>>();
        let _ = exact::sign_flip(&values, MonteCarlo::with_seed(1));
        let _ = exact::wilcoxon(&values);
        for pairs in [pairs, other] {
            let Ok(arm) = Arm::from_pairs(pairs) else { continue };
            let data = Paired::new(arm.clone(), arm).unwrap();
            let _ = ratio_of_totals::ratio_of_totals(data.base(), LEVEL);
            let resampling = Resampling { seed: 1, replicates: 20, level: LEVEL };
            for statistic in [Statistic::Difference, Statistic::Ratio] {
                let _ = bootstrap::bootstrap(&data, statistic, resampling);
            }
            for scale in [Scale::Proportion, Scale::Unbounded] {
                let _ = difference::difference(&data, scale, LEVEL);
                let _ = ratio::ratio(&data, scale, LEVEL);
            }
        }
    }
}
