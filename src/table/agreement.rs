//! Keys of graders with a truth, and of raters without one.

use super::{Keys, comparison::LEVEL, rows::RatingTable};
use crate::stats::{
    StatsError,
    agreement::{self, Kappa, Metric, Weights},
    calibration::{self, TestedCounts, Trust},
    proportion,
};

/// Pairs of ratings as positions among the sorted values of both columns, and how many those are.
fn pairs(table: &RatingTable, one: usize, other: usize) -> (Vec<(usize, usize)>, usize) {
    let both = table
        .units
        .iter()
        .filter_map(|unit| Some((unit[one]?, unit[other]?)))
        .collect::<Vec<_>>();
    let mut values = both.iter().flat_map(|(a, b)| [*a, *b]).collect::<Vec<_>>();
    values.sort_by(f64::total_cmp);
    values.dedup_by(|a, b| a.total_cmp(b).is_eq());
    let place = |value: f64| values.partition_point(|known| known.total_cmp(&value).is_lt());
    let places = both.iter().map(|(a, b)| (place(*a), place(*b))).collect();
    (places, values.len())
}

fn of_kappa(keys: &mut Keys, prefix: &str, result: &Kappa) {
    keys.number(format!("{prefix}kappa"), result.kappa);
    keys.number(format!("{prefix}po"), result.observed);
    keys.number(format!("{prefix}pe"), result.expected);
    keys.number(format!("{prefix}se"), result.se);
    keys.limits(prefix, result.interval.as_ref());
}

/// The ratings of every unit in some columns.
fn given(table: &RatingTable, from: usize) -> Vec<Vec<f64>> {
    let units = table.units.iter();
    units
        .map(|unit| unit[from..].iter().flatten().copied().collect())
        .collect()
}

/// Column 0 is the truth, the others are graders; the first grader is the one that is calibrated.
pub(super) fn graders(keys: &mut Keys, table: &RatingTable) -> Result<(), StatsError> {
    let names = &table.columns;
    keys.count("n", table.units.len());
    let (of_graders, size) = pairs(table, 1, 2);
    if !of_graders.is_empty() {
        let prefix = format!("kappa.{}_{}.", names[1], names[2]);
        let result = agreement::kappa(&of_graders, size, Weights::None, LEVEL)?;
        of_kappa(keys, &prefix, &result);
    }
    let (with_truth, size_of_truth) = pairs(table, 1, 0);
    keys.count("labelled", with_truth.len());
    if !with_truth.is_empty() {
        let prefix = format!("kappa.{}_truth.", names[1]);
        let result = agreement::kappa(&with_truth, size_of_truth, Weights::None, LEVEL)?;
        of_kappa(keys, &prefix, &result);
    }
    if !of_graders.is_empty() {
        let name = format!("{}_{}", names[1], names[2]);
        keys.number(format!("ac1.{name}"), agreement::ac1(&of_graders, size)?);
        keys.number(
            format!("pabak.{name}"),
            agreement::pabak(&of_graders, size)?,
        );
    }
    let complete = given(table, 1)
        .into_iter()
        .filter(|ratings| ratings.len() + 1 == names.len())
        .map(|ratings| {
            ratings
                .into_iter()
                .map(|rating| usize::from(rating > 0.5))
                .collect()
        })
        .collect::<Vec<_>>();
    let fleiss = if complete.is_empty() {
        None
    } else {
        agreement::fleiss(&complete, 2)?
    };
    keys.number("fleiss.complete", fleiss);
    keys.count("fleiss.units", complete.len());
    let alpha = agreement::alpha(&given(table, 1), Metric::Nominal)?;
    keys.number("alpha.nominal", alpha);
    calibrated(keys, table)
}

/// The rate behind the first grader's verdicts, from the units with a known truth.
fn calibrated(keys: &mut Keys, table: &RatingTable) -> Result<(), StatsError> {
    let labelled = table
        .units
        .iter()
        .filter_map(|unit| Some((unit[0]?, unit[1]?)));
    let labelled = labelled.collect::<Vec<_>>();
    let unlabelled = table.units.iter().filter(|unit| unit[0].is_none());
    let unlabelled = unlabelled.filter_map(|unit| unit[1]).collect::<Vec<_>>();
    let count = |truth: f64, verdict: Option<f64>| {
        let same = |a: f64, b: f64| a.total_cmp(&b).is_eq();
        let rows = labelled.iter().filter(|(known, seen)| {
            same(*known, truth) && verdict.is_none_or(|verdict| same(*seen, verdict))
        });
        rows.map(|_| 1.0).sum::<f64>()
    };
    let counts = TestedCounts {
        positive: unlabelled.iter().sum(),
        tested: unlabelled.iter().map(|_| 1.0).sum(),
        true_positive: count(1.0, Some(1.0)),
        positives: count(1.0, None),
        true_negative: count(0.0, Some(0.0)),
        negatives: count(0.0, None),
    };
    match calibration::rogan_gladen(&counts, LEVEL)? {
        None => keys.number("rogan_gladen", None),
        Some(result) => {
            let prefix = "rogan_gladen.";
            keys.number(format!("{prefix}se"), result.sensitivity);
            keys.number(format!("{prefix}sp"), result.specificity);
            keys.number(format!("{prefix}apparent"), result.apparent);
            keys.number(format!("{prefix}est_raw"), result.raw);
            keys.number(format!("{prefix}est"), result.estimate);
            keys.number(format!("{prefix}se_delta"), result.se);
            keys.number(format!("{prefix}lo_delta"), result.delta.lower());
            keys.number(format!("{prefix}hi_delta"), result.delta.upper());
            keys.number(format!("{prefix}lo_lr"), result.interval.lower());
            keys.number(format!("{prefix}hi_lr"), result.interval.upper());
        }
    }
    if labelled.is_empty() {
        return Ok(());
    }
    if !unlabelled.is_empty() {
        for (name, trust) in [("lambda1", Trust::Full), ("tuned", Trust::Tuned)] {
            let result = calibration::prediction_powered(&labelled, &unlabelled, trust, LEVEL)?;
            let prefix = format!("ppi.{name}.");
            if trust == Trust::Tuned {
                keys.number(format!("{prefix}lambda"), result.lambda);
            }
            keys.number(format!("{prefix}est"), result.estimate);
            keys.number(format!("{prefix}se"), result.se);
            keys.limits(&prefix, Some(&result.interval));
        }
    }
    let positives = count(1.0, None);
    let all = positives + count(0.0, None);
    keys.number("labelled_only.est", positives / all);
    let wilson = proportion::wilson(positives, all, LEVEL)?;
    keys.limits("labelled_only.wilson.", Some(&wilson));
    Ok(())
}

/// Alpha over all raters, kappa of the first two.
pub(super) fn ratings(keys: &mut Keys, table: &RatingTable) -> Result<(), StatsError> {
    keys.count("n", table.units.len());
    for (name, metric) in [
        ("nominal", Metric::Nominal),
        ("ordinal", Metric::Ordinal),
        ("interval", Metric::Interval),
    ] {
        let alpha = agreement::alpha(&given(table, 0), metric)?;
        keys.number(format!("alpha.{name}"), alpha);
    }
    let (pairs, size) = pairs(table, 0, 1);
    if pairs.is_empty() {
        return Ok(());
    }
    for (name, weights) in [
        ("unweighted", Weights::None),
        ("linear", Weights::Linear),
        ("quadratic", Weights::Quadratic),
    ] {
        let result = agreement::kappa(&pairs, size, weights, LEVEL)?;
        let prefix = format!("kappa.{}_{}.{name}.", table.columns[0], table.columns[1]);
        of_kappa(keys, &prefix, &result);
    }
    Ok(())
}
