//! Keys of data sets with one row per arm and several measures.

use super::Keys;
use super::LEVEL;
use super::Row;
use super::arm;
use super::bootstrap_keys;
use super::claim_keys;
use super::difference_keys;
use super::exact_keys;
use super::field;
use super::limits;
use super::number;
use super::proportion_keys;
use super::ratio_keys;
use super::rows;
use super::streams;

use dreamtrial::stats::Arm;
use dreamtrial::stats::Paired;
use dreamtrial::stats::Scale;
use dreamtrial::stats::bootstrap::Statistic;
use dreamtrial::stats::curve;
use dreamtrial::stats::curve::Curve;
use dreamtrial::stats::curve::CurveCell;
use dreamtrial::stats::difference;
use dreamtrial::stats::ratio;
use dreamtrial::stats::ratio_of_totals;
use serde_json::json;

/// Prices of the golden file: input and output per million, per hour, and the
/// cost of a run that is shared by four rows.
const PRICES: [f64; 4] = [3.0, 15.0, 0.08, 0.35 / 4.0];

/// One arm's sums of a column.
fn column(rows: &[Row], name: &str, of: impl Fn(&Row) -> (f64, f64)) -> Arm {
    arm(rows, |row| (row["arm"] == name).then(|| of(row)))
}

fn price(row: &Row) -> f64 {
    field(row, "tokens_in") / 1e6 * PRICES[0]
        + field(row, "tokens_out") / 1e6 * PRICES[1]
        + field(row, "hours") * PRICES[2]
}

pub(crate) fn trials_keys(name: &str, expect: &Keys) -> Keys {
    let rows = rows(name);
    let mut keys = Keys::new();
    keys.insert("n".into(), json!(rows.len()));
    keys.insert("streams".into(), json!(streams(&rows).1));
    let pair = |of: &dyn Fn(&Row) -> (f64, f64)| {
        Paired::new(column(&rows, "none", of), column(&rows, "dream", of)).unwrap()
    };
    let success = pair(&|row| (field(row, "success"), 1.0));
    proportion_keys(&mut keys, "success.none.", success.base(), false);
    proportion_keys(&mut keys, "success.dream.", success.treat(), false);
    let rd = difference::difference(&success, Scale::Proportion, LEVEL).unwrap();
    difference_keys(&mut keys, "success.rd.", &rd);
    let rr = ratio::ratio(&success, Scale::Proportion, LEVEL).unwrap();
    ratio_keys(&mut keys, "success.rr.", &rr);
    for metric in ["clarifications", "minutes", "tokens_out", "hours"] {
        let paired = pair(&|row| (field(row, metric), 1.0));
        keys.insert(format!("{metric}.none.mean"), number(paired.base().mean()));
        keys.insert(
            format!("{metric}.dream.mean"),
            number(paired.treat().mean()),
        );
        let diff = difference::difference(&paired, Scale::Unbounded, LEVEL).unwrap();
        difference_keys(&mut keys, &format!("{metric}.diff."), &diff);
        let ratio = ratio::ratio(&paired, Scale::Unbounded, LEVEL).unwrap();
        ratio_keys(&mut keys, &format!("{metric}.ratio."), &ratio);
        if metric == "minutes" {
            let differences = paired.mean_differences();
            exact_keys(&mut keys, "minutes.", &differences, &differences);
            claim_keys(&mut keys, expect, "minutes_ratio", (&ratio).into(), true);
            bootstrap_keys(&mut keys, "minutes.diff", &paired, Statistic::Difference);
            bootstrap_keys(&mut keys, "minutes.ratio", &paired, Statistic::Ratio);
        }
    }
    cost_keys(&mut keys, &rows);
    curve_keys(&mut keys, &rows);
    keys
}

fn cost_keys(keys: &mut Keys, rows: &[Row]) {
    for (name, shared) in [("none", 0.0), ("dream", PRICES[3])] {
        let totals = |of: &dyn Fn(&Row) -> (f64, f64)| {
            let arm = column(rows, name, of);
            let result = ratio_of_totals::ratio_of_totals(&arm, LEVEL).unwrap();
            if let (Some(estimate), Some(interval)) = (result.estimate, result.interval) {
                assert!(interval.contains(estimate));
            }
            number(result.estimate)
        };
        let prefix = format!("cost.{name}.usd_per_");
        keys.insert(format!("{prefix}session"), totals(&|r| (price(r), 1.0)));
        let hourly = totals(&|r| (price(r), field(r, "hours")));
        keys.insert(format!("{prefix}session_hour"), hourly);
        let amortised = totals(&|r| (price(r) + shared, 1.0));
        keys.insert(format!("{prefix}session_amortised"), amortised);
        let completion = totals(&|r| (price(r) + shared, field(r, "success")));
        keys.insert(format!("{prefix}completion_amortised"), completion);
    }
    let cost = |row: &Row| (price(row), 1.0);
    let paired = Paired::new(column(rows, "none", cost), column(rows, "dream", cost)).unwrap();
    let result = ratio_of_totals::difference_of_ratios(&paired, LEVEL).unwrap();
    difference_keys(keys, "cost.diff_per_session.", &result);
}

fn curve_keys(keys: &mut Keys, rows: &[Row]) {
    let (position, count) = streams(rows);
    let curve = |name: &str| {
        let cells = rows
            .iter()
            .zip(&position)
            .filter(|(row, _)| row["arm"] == name);
        let cells = cells.map(|(row, &stream)| CurveCell {
            stream,
            index: row["session"].parse().unwrap(),
            sum: field(row, "success"),
            count: 1.0,
        });
        Curve::new(count, cells).unwrap()
    };
    let (base, treat) = (curve("none"), curve("dream"));
    let compared = curve::compare(&base, &treat, LEVEL).unwrap().unwrap();
    for (name, curve, shape) in [
        ("none", &base, compared.base),
        ("dream", &treat, compared.treat),
    ] {
        for point in curve.points(LEVEL).unwrap() {
            let key = format!("curve.{name}.p_session_{}", point.index);
            keys.insert(key, number(point.rate.estimate));
        }
        keys.insert(format!("curve.{name}.auc"), number(shape.area));
        keys.insert(format!("curve.{name}.slope"), number(shape.slope));
    }
    let last = compared.indices.last().copied().map(f64::from);
    keys.insert("curve.tau".into(), number(last));
    for (name, contrast) in [("auc", compared.area), ("slope", compared.slope)] {
        let prefix = format!("curve.{name}_diff.");
        keys.insert(format!("{prefix}est"), number(contrast.estimate));
        keys.insert(format!("{prefix}se"), number(contrast.se));
        limits(keys, &prefix, contrast.interval);
    }
}
