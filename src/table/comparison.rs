//! What every comparison of two arms has: rates, difference, ratio, tests, claims, resampling.

use super::{Keys, Options};
use crate::stats::{
    Arm, Interval, Level, Paired, Scale, StatsError,
    bootstrap::{self, Bootstrap, Resampling, Statistic},
    difference::{self, Difference},
    exact::{self, MonteCarlo},
    proportion,
    ratio::{self, Ratio},
    verdict::{self, Claim, Side, StreamsNeeded},
};

/// The level of everything that is printed.
pub(super) const LEVEL: Level = Level::NINETY_FIVE;
/// The power at which the needed number of streams is given.
pub(super) const POWER: f64 = 0.8;

/// A claim of at least or at most some value, and how it is written in keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Threshold {
    pub(super) written: &'static str,
    pub(super) value: f64,
    pub(super) side: Side,
}

/// "At least" in a table of thresholds.
const fn at_least(written: &'static str, value: f64) -> Threshold {
    Threshold {
        written,
        value,
        side: Side::Above,
    }
}

/// "At most" in a table of thresholds.
const fn at_most(written: &'static str, value: f64) -> Threshold {
    Threshold {
        written,
        value,
        side: Side::Below,
    }
}

/// Thresholds of a ratio of rates.
pub(super) const OF_RATIO: [Threshold; 3] =
    [at_least("1", 1.0), at_least("2", 2.0), at_least("6", 6.0)];
/// Thresholds of a difference of rates.
pub(super) const OF_DIFFERENCE: [Threshold; 2] = [at_least("0", 0.0), at_least("0.101", 0.101)];
/// Thresholds of a ratio of times.
pub(super) const OF_TIME: [Threshold; 2] = [at_most("0.5", 0.5), at_most("0.8", 0.8)];

/// One clustered rate; with `all`, the intervals that ignore streams beside it.
pub(super) fn rate(keys: &mut Keys, prefix: &str, arm: &Arm, all: bool) -> Result<(), StatsError> {
    let clustered = proportion::cluster_wilson(arm, LEVEL)?;
    keys.number(format!("{prefix}est"), clustered.estimate);
    let own = format!("{prefix}cluster_wilson.");
    keys.limits(&own, clustered.interval.as_ref());
    keys.number(format!("{own}deff"), clustered.deff);
    keys.number(format!("{own}neff"), clustered.n_eff);
    if all {
        let (x, n) = (arm.total_sum(), arm.total_count());
        for (name, interval) in [
            ("wilson", proportion::wilson(x, n, LEVEL)?),
            ("clopper_pearson", proportion::clopper_pearson(x, n, LEVEL)?),
            ("jeffreys", proportion::jeffreys(x, n, LEVEL)?),
        ] {
            keys.limits(&format!("{prefix}{name}."), Some(&interval));
        }
        keys.number(format!("{prefix}se_cr1"), proportion::se_cr1(arm));
        keys.number(format!("{prefix}icc_anova"), proportion::icc_anova(arm)?);
    }
    Ok(())
}

/// Everything about two rates over the same streams. Returns the difference for whoever goes on.
pub(super) fn rates(
    keys: &mut Keys,
    prefix: &str,
    paired: &Paired,
    options: &Options,
) -> Result<Difference, StatsError> {
    let rd = difference::difference(paired, Scale::Proportion, LEVEL)?;
    of_difference(keys, &format!("{prefix}rd."), &rd);
    let rr = ratio::ratio(paired, Scale::Proportion, LEVEL)?;
    of_ratio(keys, &format!("{prefix}rr."), &rr);
    let means = paired.mean_differences();
    let equal = paired
        .pairs()
        .all(|(base, treat)| base.count().total_cmp(&treat.count()).is_eq());
    let signs = if equal {
        paired.sum_differences()
    } else {
        means.clone()
    };
    tests(keys, prefix, &signs, &means, options)?;
    claims(keys, prefix, "rr", &OF_RATIO, Judged::of_ratio(&rr))?;
    let judged = Judged::of_difference(&rd);
    claims(keys, prefix, "rd", &OF_DIFFERENCE, judged)?;
    let direction = verdict::judge(Claim::Increase, rd.interval.as_ref(), rd.streams);
    keys.word(format!("{prefix}verdict.direction"), direction.as_str());
    resampled(keys, prefix, "rd", paired, Statistic::Difference, options)?;
    resampled(keys, prefix, "rr", paired, Statistic::Ratio, options)?;
    Ok(rd)
}

pub(super) fn of_difference(keys: &mut Keys, prefix: &str, result: &Difference) {
    keys.number(format!("{prefix}est"), result.estimate);
    keys.number(format!("{prefix}se"), result.se);
    keys.limits(prefix, result.interval.as_ref());
    keys.number(format!("{prefix}se_cr1"), result.se_cr1);
    keys.number(format!("{prefix}p"), result.p);
    keys.flag(format!("{prefix}degenerate"), result.degenerate);
    keys.word(format!("{prefix}method"), result.method.as_str());
}

pub(super) fn of_ratio(keys: &mut Keys, prefix: &str, result: &Ratio) {
    keys.number(format!("{prefix}est"), result.estimate);
    keys.number(format!("{prefix}log_se"), result.log_se);
    keys.limits(prefix, result.interval.as_ref());
    keys.word(format!("{prefix}method"), result.method.as_str());
    keys.number(format!("{prefix}log_se_cr1"), result.log_se_cr1);
    fieller(keys, prefix, &result.fieller);
}

pub(super) fn fieller(keys: &mut Keys, prefix: &str, set: &ratio::Fieller) {
    keys.word(format!("{prefix}fieller.kind"), set.kind());
    let (lower, upper) = set.limits().unzip();
    keys.number(format!("{prefix}fieller.lo"), lower);
    keys.number(format!("{prefix}fieller.hi"), upper);
}

/// Sign flip and Wilcoxon over streams.
pub(super) fn tests(
    keys: &mut Keys,
    prefix: &str,
    signs: &[f64],
    ranks: &[f64],
    options: &Options,
) -> Result<(), StatsError> {
    let flip = exact::sign_flip(signs, MonteCarlo::with_seed(options.seed))?;
    keys.number(format!("{prefix}signflip.p"), flip.p);
    keys.word(format!("{prefix}signflip.method"), flip.null.as_str());
    let rank = exact::wilcoxon(ranks)?;
    keys.number(format!("{prefix}wilcoxon.w_plus"), rank.w_plus);
    keys.count(format!("{prefix}wilcoxon.n_used"), rank.n_used);
    keys.number(format!("{prefix}wilcoxon.p"), rank.p);
    keys.number(format!("{prefix}wilcoxon.p_asym"), rank.p_asymptotic);
    Ok(())
}

/// What a claim is judged by, on the scale of the standard error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub(super) theta: Option<f64>,
    pub(super) se: Option<f64>,
    pub(super) interval: Option<Interval>,
    pub(super) streams: usize,
    pub(super) logarithm: bool,
}

impl Judged {
    pub(super) fn of_difference(result: &Difference) -> Self {
        Self {
            theta: result.estimate,
            se: result.se,
            interval: result.interval,
            streams: result.streams,
            logarithm: false,
        }
    }

    pub(super) fn of_ratio(result: &Ratio) -> Self {
        Self {
            theta: result.estimate.map(f64::ln),
            se: result.log_se,
            interval: result.interval,
            streams: result.streams,
            logarithm: true,
        }
    }
}

/// The one-sided p-value of a claimed value, on the scale of the standard error.
pub(super) fn claims_p(
    judged: Judged,
    claimed: f64,
    side: Side,
) -> Result<Option<f64>, StatsError> {
    let (Some(theta), Some(se)) = (judged.theta, judged.se) else {
        return Ok(None);
    };
    verdict::one_sided_p(theta, se, claimed, judged.streams, side)
}

/// Verdict, p-value and needed streams of every threshold.
pub(super) fn claims(
    keys: &mut Keys,
    prefix: &str,
    quantity: &str,
    thresholds: &[Threshold],
    judged: Judged,
) -> Result<(), StatsError> {
    for threshold in thresholds {
        let (tag, claim) = match threshold.side {
            Side::Above => ("ge", Claim::AtLeast(threshold.value)),
            Side::Below => ("le", Claim::AtMost(threshold.value)),
        };
        let name = format!("{quantity}_{tag}_{}", threshold.written);
        let verdict = verdict::judge(claim, judged.interval.as_ref(), judged.streams);
        let claimed = if judged.logarithm {
            threshold.value.ln()
        } else {
            threshold.value
        };
        let p = claims_p(judged, claimed, threshold.side)?;
        let mut needed = None;
        if let (Some(theta), Some(se)) = (judged.theta, judged.se) {
            needed = verdict::streams_needed(theta, se, judged.streams, claimed, LEVEL, POWER)?;
        }
        keys.word(format!("{prefix}verdict.{name}"), verdict.as_str());
        keys.number(format!("{prefix}claim_p.{name}"), p);
        let needed = needed.map(StreamsNeeded::as_f64);
        keys.number(format!("{prefix}streams_needed.{name}"), needed);
    }
    Ok(())
}

/// Bootstrap limits of one statistic; nothing with one stream.
pub(super) fn resampled(
    keys: &mut Keys,
    prefix: &str,
    name: &str,
    paired: &Paired,
    statistic: Statistic,
    options: &Options,
) -> Result<(), StatsError> {
    if let Some(result) = bootstrap::bootstrap(paired, statistic, resampling(options))? {
        of_bootstrap(keys, &format!("{prefix}boot.{name}."), &result);
    }
    Ok(())
}

pub(super) fn resampling(options: &Options) -> Resampling {
    Resampling {
        seed: options.seed,
        replicates: options.replicates,
        level: LEVEL,
    }
}

pub(super) fn of_bootstrap(keys: &mut Keys, prefix: &str, result: &Bootstrap) {
    keys.limits(&format!("{prefix}pct_"), Some(&result.percentile));
    keys.number(format!("{prefix}undefined_frac"), result.undefined_fraction);
    keys.limits(&format!("{prefix}bca_"), Some(&result.bca));
    keys.flag(format!("{prefix}bca_fallback"), result.bca_fallback);
    keys.number(format!("{prefix}z0"), result.z0);
    keys.number(format!("{prefix}acc"), result.acceleration);
}
