//! Computes golden keys from the fixtures.

mod calls;
mod trials;

pub(crate) use calls::call;
pub(crate) use trials::trials_keys;

use dreamtrial::stats::Arm;
use dreamtrial::stats::Interval;
use dreamtrial::stats::Level;
use dreamtrial::stats::Paired;
use dreamtrial::stats::Scale;
use dreamtrial::stats::bootstrap;
use dreamtrial::stats::bootstrap::Resampling;
use dreamtrial::stats::bootstrap::Statistic;
use dreamtrial::stats::difference;
use dreamtrial::stats::difference::Difference;
use dreamtrial::stats::exact;
use dreamtrial::stats::exact::MonteCarlo;
use dreamtrial::stats::ideal_bootstrap;
use dreamtrial::stats::multiplicity;
use dreamtrial::stats::proportion;
use dreamtrial::stats::ratio;
use dreamtrial::stats::ratio::Ratio;
use dreamtrial::stats::verdict;
use dreamtrial::stats::verdict::Claim;
use dreamtrial::stats::verdict::Side;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;

const LEVEL: Level = Level::NINETY_FIVE;
const SEED: u64 = 20_260_101;

type Keys = Map<String, Value>;
type Row = BTreeMap<String, String>;

pub(crate) fn fixture(path: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/stats/");
    std::fs::read_to_string(format!("{root}{path}")).unwrap()
}

fn rows(name: &str) -> Vec<Row> {
    let text = fixture(&format!("datasets/{name}.csv"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

fn field(row: &Row, name: &str) -> f64 {
    row[name].parse().unwrap()
}

/// A number as the golden file writes it.
fn number(value: impl Into<Option<f64>>) -> Value {
    match value.into() {
        None => Value::Null,
        Some(value) if value == f64::INFINITY => json!("inf"),
        Some(value) if value == f64::NEG_INFINITY => json!("-inf"),
        Some(value) => json!(value),
    }
}

fn limits(keys: &mut Keys, prefix: &str, interval: Option<Interval>) {
    let [lower, upper] = [Interval::lower, Interval::upper].map(|f| interval.as_ref().map(f));
    keys.insert(format!("{prefix}lo"), number(lower));
    keys.insert(format!("{prefix}hi"), number(upper));
}

/// Position of every row's stream, in order of first appearance.
fn streams(rows: &[Row]) -> (Vec<usize>, usize) {
    let mut seen = Vec::new();
    let position = rows
        .iter()
        .map(|row| {
            let name = &row["stream"];
            seen.iter().position(|s| s == name).unwrap_or_else(|| {
                seen.push(name.clone());
                seen.len() - 1
            })
        })
        .collect();
    (position, seen.len())
}

/// Sums of numerator and denominator over the rows of an arm.
fn arm(rows: &[Row], of: impl Fn(&Row) -> Option<(f64, f64)>) -> Arm {
    let (position, count) = streams(rows);
    let mut sums = vec![(0.0, 0.0); count];
    for (row, stream) in rows.iter().zip(position) {
        if let Some((sum, weight)) = of(row) {
            sums[stream].0 += sum;
            sums[stream].1 += weight;
        }
    }
    Arm::from_pairs(sums).unwrap()
}

fn proportion_keys(keys: &mut Keys, prefix: &str, arm: &Arm, all: bool) {
    let clustered = proportion::cluster_wilson(arm, LEVEL).unwrap();
    keys.insert(format!("{prefix}est"), number(clustered.estimate));
    limits(
        keys,
        &format!("{prefix}cluster_wilson."),
        clustered.interval,
    );
    keys.insert(
        format!("{prefix}cluster_wilson.deff"),
        number(clustered.deff),
    );
    keys.insert(
        format!("{prefix}cluster_wilson.neff"),
        number(clustered.n_eff),
    );
    if all {
        let (x, n) = (arm.total_sum(), arm.total_count());
        for (name, interval) in [
            ("wilson", proportion::wilson(x, n, LEVEL)),
            ("clopper_pearson", proportion::clopper_pearson(x, n, LEVEL)),
            ("jeffreys", proportion::jeffreys(x, n, LEVEL)),
        ] {
            limits(keys, &format!("{prefix}{name}."), Some(interval.unwrap()));
        }
        keys.insert(format!("{prefix}se_cr1"), number(proportion::se_cr1(arm)));
        let icc = proportion::icc_anova(arm).unwrap();
        keys.insert(format!("{prefix}icc_anova"), number(icc));
    }
}

fn difference_keys(keys: &mut Keys, prefix: &str, result: &Difference) {
    keys.insert(format!("{prefix}est"), number(result.estimate));
    keys.insert(format!("{prefix}se"), number(result.se));
    keys.insert(format!("{prefix}se_cr1"), number(result.se_cr1));
    keys.insert(format!("{prefix}p"), number(result.p));
    keys.insert(format!("{prefix}degenerate"), json!(result.degenerate));
    keys.insert(format!("{prefix}method"), json!(result.method.as_str()));
    limits(keys, prefix, result.interval);
}

fn ratio_keys(keys: &mut Keys, prefix: &str, result: &Ratio) {
    keys.insert(format!("{prefix}est"), number(result.estimate));
    keys.insert(format!("{prefix}log_se"), number(result.log_se));
    keys.insert(format!("{prefix}log_se_cr1"), number(result.log_se_cr1));
    keys.insert(format!("{prefix}method"), json!(result.method.as_str()));
    limits(keys, prefix, result.interval);
    keys.insert(
        format!("{prefix}fieller.kind"),
        json!(result.fieller.kind()),
    );
    let set = result.fieller.limits();
    keys.insert(format!("{prefix}fieller.lo"), number(set.map(|s| s.0)));
    keys.insert(format!("{prefix}fieller.hi"), number(set.map(|s| s.1)));
}

fn bootstrap_keys(keys: &mut Keys, name: &str, paired: &Paired, statistic: Statistic) {
    let mut resampling = Resampling {
        seed: SEED,
        replicates: 2000,
        level: LEVEL,
    };
    let Some(result) = bootstrap::bootstrap(paired, statistic, resampling).unwrap() else {
        return;
    };
    let prefix = format!("boot.{name}.");
    limits(keys, &format!("{prefix}pct_"), Some(result.percentile));
    limits(keys, &format!("{prefix}bca_"), Some(result.bca));
    keys.insert(format!("{prefix}bca_fallback"), json!(result.bca_fallback));
    keys.insert(format!("{prefix}z0"), number(result.z0));
    keys.insert(format!("{prefix}acc"), number(result.acceleration));
    let undefined = number(result.undefined_fraction);
    keys.insert(format!("{prefix}undefined_frac"), undefined);
    resampling.replicates = 10_000;
    let large = bootstrap::bootstrap(paired, statistic, resampling).unwrap();
    limits(
        keys,
        &format!("boot_ref.{name}.pct_"),
        large.map(|r| r.percentile),
    );
}

fn exact_keys(keys: &mut Keys, prefix: &str, signs: &[f64], ranks: &[f64]) {
    let flip = exact::sign_flip(signs, MonteCarlo::with_seed(SEED)).unwrap();
    keys.insert(format!("{prefix}signflip.p"), number(flip.p));
    keys.insert(
        format!("{prefix}signflip.method"),
        json!(flip.null.as_str()),
    );
    let rank = exact::wilcoxon(ranks).unwrap();
    keys.insert(format!("{prefix}wilcoxon.w_plus"), number(rank.w_plus));
    keys.insert(format!("{prefix}wilcoxon.n_used"), json!(rank.n_used));
    keys.insert(format!("{prefix}wilcoxon.p"), number(rank.p));
    keys.insert(
        format!("{prefix}wilcoxon.p_asym"),
        number(rank.p_asymptotic),
    );
}

/// Verdict, p-value and size of every claim named in the expected keys.
fn claim_keys(keys: &mut Keys, expect: &Keys, quantity: &str, result: Estimate, log: bool) {
    let scale = |value: f64| if log { value.ln() } else { value };
    for (tag, side) in [("_ge_", Side::Above), ("_le_", Side::Below)] {
        let prefix = format!("verdict.{quantity}{tag}");
        for value in expect.keys().filter_map(|key| key.strip_prefix(&prefix)) {
            let claimed = value.parse::<f64>().unwrap();
            let claim = match side {
                Side::Above => Claim::AtLeast(claimed),
                Side::Below => Claim::AtMost(claimed),
            };
            let judged = verdict::judge(claim, result.interval.as_ref(), result.streams);
            keys.insert(format!("{prefix}{value}"), json!(judged.as_str()));
            let (theta, se) = (result.theta.map(scale), result.se);
            let name = format!("{quantity}{tag}{value}");
            let (mut p, mut needed) = (None, None);
            if let (Some(theta), Some(se)) = (theta, se) {
                let claimed = scale(claimed);
                p = verdict::one_sided_p(theta, se, claimed, result.streams, side).unwrap();
                needed = verdict::streams_needed(theta, se, result.streams, claimed, LEVEL, 0.8)
                    .unwrap();
            }
            keys.insert(format!("claim_p.{name}"), number(p));
            let needed = number(needed.map(verdict::StreamsNeeded::as_f64));
            keys.insert(format!("streams_needed.{name}"), needed);
        }
    }
}

#[derive(Clone, Copy)]
struct Estimate {
    theta: Option<f64>,
    se: Option<f64>,
    interval: Option<Interval>,
    streams: usize,
}

impl From<&Difference> for Estimate {
    fn from(result: &Difference) -> Self {
        Self {
            theta: result.estimate,
            se: result.se,
            interval: result.interval,
            streams: result.streams,
        }
    }
}

impl From<&Ratio> for Estimate {
    fn from(result: &Ratio) -> Self {
        Self {
            theta: result.estimate,
            se: result.log_se,
            interval: result.interval,
            streams: result.streams,
        }
    }
}

pub(crate) fn paired_keys(name: &str, expect: &Keys) -> Keys {
    let rows = rows(name);
    let base = arm(&rows, |row| Some((field(row, "base"), 1.0)));
    let treat = arm(&rows, |row| Some((field(row, "treat"), 1.0)));
    let paired = Paired::new(base, treat).unwrap();
    let mut keys = Keys::new();
    keys.insert("n".into(), json!(rows.len()));
    keys.insert("streams".into(), json!(paired.stream_count()));
    keys.insert("x_base".into(), number(paired.base().total_sum()));
    keys.insert("x_treat".into(), number(paired.treat().total_sum()));
    proportion_keys(&mut keys, "p_base.", paired.base(), true);
    proportion_keys(&mut keys, "p_treat.", paired.treat(), true);
    let rd = difference::difference(&paired, Scale::Proportion, LEVEL).unwrap();
    difference_keys(&mut keys, "rd.", &rd);
    let rr = ratio::ratio(&paired, Scale::Proportion, LEVEL).unwrap();
    ratio_keys(&mut keys, "rr.", &rr);
    exact_keys(
        &mut keys,
        "",
        &paired.sum_differences(),
        &paired.mean_differences(),
    );
    claim_keys(&mut keys, expect, "rd", (&rd).into(), false);
    claim_keys(&mut keys, expect, "rr", (&rr).into(), true);
    let direction = verdict::judge(Claim::Increase, rd.interval.as_ref(), rd.streams);
    keys.insert("verdict.direction".into(), json!(direction.as_str()));
    bootstrap_keys(&mut keys, "rd", &paired, Statistic::Difference);
    bootstrap_keys(&mut keys, "rr", &paired, Statistic::Ratio);
    if let Some(ideal) = ideal_bootstrap::ideal_difference(&paired, LEVEL) {
        keys.insert("boot.rd.ideal.mean".into(), number(ideal.mean));
        keys.insert("boot.rd.ideal.sd".into(), number(ideal.sd));
        keys.insert("boot.rd.ideal.q025".into(), number(ideal.lower));
        keys.insert("boot.rd.ideal.q975".into(), number(ideal.upper));
    }
    keys
}

pub(crate) fn p_value_keys(name: &str) -> Keys {
    let rows = rows(name);
    let values = rows.iter().map(|row| field(row, "p")).collect::<Vec<_>>();
    let holm = multiplicity::holm(&values).unwrap();
    let bh = multiplicity::benjamini_hochberg(&values).unwrap();
    let mut keys = Keys::new();
    for (row, (holm, bh)) in rows.iter().zip(holm.into_iter().zip(bh)) {
        keys.insert(format!("holm.{}", row["name"]), number(holm));
        keys.insert(format!("bh.{}", row["name"]), number(bh));
    }
    keys
}
