//! Coverage of the reported intervals on seeded synthetic data, and edge cases
//! by number of streams.

use dreamtrial::stats::Arm;
use dreamtrial::stats::Level;
use dreamtrial::stats::Method;
use dreamtrial::stats::Paired;
use dreamtrial::stats::Scale;
use dreamtrial::stats::difference;
use dreamtrial::stats::exact;
use dreamtrial::stats::exact::MonteCarlo;
use dreamtrial::stats::proportion;
use dreamtrial::stats::random::SplitMix;
use dreamtrial::stats::ratio;
use dreamtrial::stats::verdict;
use dreamtrial::stats::verdict::Claim;

const LEVEL: Level = Level::NINETY_FIVE;
const STREAMS: usize = 20;
const DATA_SETS: u64 = 1500;

/// A number in `0..1`.
fn uniform(generator: &mut SplitMix) -> f64 {
    f64::from(u32::try_from(generator.next_bits() >> 32).unwrap()) / 4_294_967_296.0
}

/// Twenty streams of unequal length, whose rates spread around a mean rate and
/// share part of that spread between the arms.
fn simulate(data_set: u64, base: f64, treat: f64) -> Paired {
    let mut generator = SplitMix::for_replicate(11, data_set);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..STREAMS {
        let rows = 6 + generator.next_index(5);
        let shared = 0.3 * (uniform(&mut generator) - 0.5);
        for (rate, list) in [(base, &mut first), (treat, &mut second)] {
            let rate = rate + shared + 0.2 * (uniform(&mut generator) - 0.5);
            let hits = (0..rows).filter(|_| uniform(&mut generator) < rate).count();
            let as_float = |n: usize| f64::from(u32::try_from(n).unwrap());
            list.push((as_float(hits), as_float(rows)));
        }
    }
    let arm = |pairs| Arm::from_pairs(pairs).unwrap();
    Paired::new(arm(first), arm(second)).unwrap()
}

fn share(hits: u32) -> f64 {
    f64::from(hits) / f64::from(u32::try_from(DATA_SETS).unwrap())
}

#[test]
fn intervals_cover_at_their_level() {
    let [mut differences, mut ratios, mut rates] = [0_u32; 3];
    for data_set in 0..DATA_SETS {
        let data = simulate(data_set, 0.30, 0.50);
        let d = difference::difference(&data, Scale::Proportion, LEVEL).unwrap();
        differences += u32::from(d.interval.unwrap().contains(0.20));
        let r = ratio::ratio(&data, Scale::Proportion, LEVEL).unwrap();
        ratios += u32::from(r.interval.unwrap().contains(0.50 / 0.30));
        let p = proportion::cluster_wilson(data.base(), LEVEL).unwrap();
        rates += u32::from(p.interval.unwrap().contains(0.30));
    }
    for (name, hits) in [
        ("difference", differences),
        ("ratio", ratios),
        ("rate", rates),
    ] {
        let coverage = share(hits);
        assert!((0.92..=0.98).contains(&coverage), "{name}: {coverage}");
    }
}

#[test]
fn tests_keep_their_level_without_an_effect() {
    let [mut flips, mut ts] = [0_u32; 2];
    for data_set in 0..DATA_SETS {
        let data = simulate(data_set, 0.40, 0.40);
        let flip = exact::sign_flip(&data.sum_differences(), MonteCarlo::with_seed(1)).unwrap();
        flips += u32::from(flip.p <= 0.05);
        let d = difference::difference(&data, Scale::Proportion, LEVEL).unwrap();
        ts += u32::from(d.p.unwrap() <= 0.05);
    }
    // Three standard errors above 0.05 are 0.067.
    assert!(share(flips) <= 0.067 && share(ts) <= 0.067, "{flips} {ts}");
    assert!(share(ts) >= 0.03, "{ts}");
}

#[test]
fn few_streams_are_never_decided() {
    assert!(Arm::from_pairs([]).is_err());
    for streams in 1..verdict::MINIMUM_STREAMS {
        for (base, treat) in [(0.0, 9.0), (0.0, 0.0), (9.0, 9.0), (3.0, 3.0), (1.0, 8.0)] {
            let arm = |sum| Arm::from_pairs(vec![(sum, 9.0); streams]).unwrap();
            let data = Paired::new(arm(base), arm(treat)).unwrap();
            let d = difference::difference(&data, Scale::Proportion, LEVEL).unwrap();
            let r = ratio::ratio(&data, Scale::Proportion, LEVEL).unwrap();
            for interval in [d.interval, r.interval] {
                let judged = verdict::judge(Claim::AtLeast(0.0), interval.as_ref(), streams);
                assert_eq!(judged.reason(), Some(verdict::Reason::TooFewStreams));
                assert_eq!(interval.is_some(), streams > 1);
                assert!(interval.is_none_or(|i| i.width() > 0.0));
            }
            if streams == 1 {
                assert_eq!((d.method, r.method), (Method::Undefined, Method::Undefined));
            }
            let flip = exact::sign_flip(&data.sum_differences(), MonteCarlo::with_seed(1));
            assert!(flip.unwrap().p >= exact::attainable_minimum_p(streams));
        }
    }
}
