//! Keys of a table with one row to an arm and several measures.

use super::{
    Keys, Options,
    comparison::{
        Judged, LEVEL, OF_TIME, claims, of_difference, of_ratio, rate, rates, resampled, tests,
    },
    cost, gate,
    paired::{as_number, design},
    rows::{Trial, TrialTable},
};
use crate::stats::{
    Arm, Paired, Scale, StatsError,
    bootstrap::Statistic,
    curve::{self, Curve, CurveCell},
    difference, effect_size, geometric, ratio,
    survival::{self, KaplanMeier, Unit},
};

/// Numerator and denominator of every row, summed over streams and arms.
pub(super) fn pair(
    table: &TrialTable,
    of: impl Fn(&Trial) -> (f64, f64),
) -> Result<Paired, StatsError> {
    let mut sums = [
        vec![(0.0, 0.0); table.streams],
        vec![(0.0, 0.0); table.streams],
    ];
    for row in &table.rows {
        let (sum, count) = of(row);
        let slot = &mut sums[usize::from(row.treated)][row.place.stream];
        slot.0 += sum;
        slot.1 += count;
    }
    let [base, treat] = sums;
    Paired::new(Arm::from_pairs(base)?, Arm::from_pairs(treat)?)
}

pub(super) fn keys(
    keys: &mut Keys,
    table: &TrialTable,
    options: &Options,
) -> Result<(), StatsError> {
    keys.count("n", table.rows.len());
    keys.count("streams", table.streams);
    let rows = table.rows.iter().map(|row| (&row.place, row.treated));
    design(keys, rows);
    keys.count("dropped.streams", table.dropped.len());
    keys.count("dropped.rows", table.dropped_rows);
    keys.count("dropped.rows_of_other_arms", table.other_rows);
    let success = pair(table, |row| (as_number(row.success), 1.0))?;
    for (name, arm) in [
        (&table.base, success.base()),
        (&table.treat, success.treat()),
    ] {
        rate(keys, &format!("success.{name}."), arm, false)?;
        keys.whole(format!("success.{name}.x"), arm.total_sum());
        keys.whole(format!("success.{name}.n"), arm.total_count());
    }
    let rd = rates(keys, "success.", &success, options)?;
    let means = success.mean_differences();
    let weights = means.iter().map(|_| 1.0).sum::<f64>();
    let mean = means.iter().sum::<f64>() / weights;
    keys.number("success.rd.stream_weighted", mean);
    gate::keys(keys, "success.", &rd, &means, options)?;
    for measure in ["clarifications", "minutes", "tokens_out", "hours"] {
        if table.has(measure) {
            of_measure(keys, table, measure, options)?;
        }
    }
    if ["tokens_in", "tokens_out", "hours"]
        .iter()
        .all(|name| table.has(name))
    {
        cost::keys(keys, table, options)?;
    }
    curves(keys, table)?;
    if table.has("clarifications") {
        until_first(keys, table)?;
    }
    Ok(())
}

/// Means of a measure; minutes with tests and claims.
fn of_measure(
    keys: &mut Keys,
    table: &TrialTable,
    measure: &str,
    options: &Options,
) -> Result<(), StatsError> {
    let value = |row: &Trial| row.measure(measure).unwrap_or(0.0);
    let paired = pair(table, |row| (value(row), 1.0))?;
    keys.number(
        format!("{measure}.{}.mean", table.base),
        paired.base().mean(),
    );
    keys.number(
        format!("{measure}.{}.mean", table.treat),
        paired.treat().mean(),
    );
    let difference = difference::difference(&paired, Scale::Unbounded, LEVEL)?;
    of_difference(keys, &format!("{measure}.diff."), &difference);
    let ratio = ratio::ratio(&paired, Scale::Unbounded, LEVEL)?;
    of_ratio(keys, &format!("{measure}.ratio."), &ratio);
    if measure != "minutes" {
        return Ok(());
    }
    let means = paired.mean_differences();
    tests(keys, "minutes.", &means, &means, options)?;
    claims(
        keys,
        "",
        "minutes_ratio",
        &OF_TIME,
        Judged::of_ratio(&ratio),
    )?;
    keys.number(
        "minutes.hodges_lehmann",
        effect_size::hodges_lehmann(&means),
    );
    let delta = effect_size::cliffs_delta(&paired);
    keys.number("minutes.cliffs_delta_streams", delta);
    let positive = table.rows.iter().all(|row| value(row) > 0.0);
    let geometric = if positive {
        let logs = pair(table, |row| (value(row).ln(), 1.0))?;
        geometric::geometric_ratio(&logs, LEVEL)?
    } else {
        None
    };
    keys.number(
        "minutes.geo_ratio.est",
        geometric.map(|ratio| ratio.estimate),
    );
    let interval = geometric.and_then(|ratio| ratio.interval);
    keys.limits("minutes.geo_ratio.", interval.as_ref());
    resampled(
        keys,
        "",
        "minutes.diff",
        &paired,
        Statistic::Difference,
        options,
    )?;
    resampled(
        keys,
        "",
        "minutes.ratio",
        &paired,
        Statistic::Ratio,
        options,
    )
}

/// Rates by session; nothing where both arms share fewer than two sessions.
fn curves(keys: &mut Keys, table: &TrialTable) -> Result<(), StatsError> {
    let of = |treated: bool| {
        let rows = table.rows.iter().filter(|row| row.treated == treated);
        let cells = rows.map(|row| CurveCell {
            stream: row.place.stream,
            index: row.place.session,
            sum: as_number(row.success),
            count: 1.0,
        });
        Curve::new(table.streams, cells)
    };
    let (base, treat) = (of(false)?, of(true)?);
    let Some(compared) = curve::compare(&base, &treat, LEVEL)? else {
        return Ok(());
    };
    for (name, curve, shape) in [
        (&table.base, &base, compared.base),
        (&table.treat, &treat, compared.treat),
    ] {
        for point in curve.points(LEVEL)? {
            let key = format!("curve.{name}.p_session_{}", point.index);
            keys.number(key, point.rate.estimate);
        }
        keys.number(format!("curve.{name}.auc"), shape.area);
        keys.number(format!("curve.{name}.slope"), shape.slope);
    }
    let last = compared.indices.last().copied().map(f64::from);
    keys.number("curve.tau", last);
    for (name, contrast) in [("auc", compared.area), ("slope", compared.slope)] {
        let prefix = format!("curve.{name}_diff.");
        keys.number(format!("{prefix}est"), contrast.estimate);
        keys.number(format!("{prefix}se"), contrast.se);
        keys.limits(&prefix, contrast.interval.as_ref());
    }
    Ok(())
}

/// Sessions until the first one that succeeds without a clarification. A unit is a repetition of a
/// stream; one without such a session is cut off at its last.
fn until_first(keys: &mut Keys, table: &TrialTable) -> Result<(), StatsError> {
    let units = |treated: bool| {
        let mut units = std::collections::BTreeMap::new();
        for row in table.rows.iter().filter(|row| row.treated == treated) {
            let unit = units
                .entry((row.place.stream, row.place.rep.as_str()))
                .or_insert((0, None));
            let session = row.place.session;
            unit.0 = session.max(unit.0);
            let alone = row
                .measure("clarifications")
                .is_some_and(|asked| asked <= 0.0);
            if row.success && alone {
                unit.1 = Some(unit.1.map_or(session, |first: u32| first.min(session)));
            }
        }
        let units = units.into_iter().map(|((stream, _), (last, first))| Unit {
            stream,
            time: first.unwrap_or(last),
            event: first.is_some(),
        });
        units.collect::<Vec<_>>()
    };
    let (base, treat) = (units(false), units(true));
    let horizon = table.rows.iter().map(|row| row.place.session).max();
    let horizon = horizon.unwrap_or(0);
    for (name, units) in [(&table.base, &base), (&table.treat, &treat)] {
        let curve = KaplanMeier::new(units)?;
        let prefix = format!("survival.{name}.");
        keys.count(format!("{prefix}events"), curve.events());
        keys.count(format!("{prefix}units"), curve.units());
        let median = curve.median().map(f64::from);
        keys.number(format!("{prefix}median"), median);
        let mean = curve.restricted_mean(horizon);
        keys.number(format!("{prefix}rmst"), mean);
        for step in curve.steps() {
            keys.number(format!("{prefix}S_{}", step.time), step.survival);
        }
    }
    let contrast =
        survival::restricted_mean_difference(&base, &treat, table.streams, horizon, LEVEL)?;
    keys.number("survival.rmst_diff.est", contrast.estimate);
    keys.number("survival.rmst_diff.se", contrast.se);
    keys.limits("survival.rmst_diff.", contrast.interval.as_ref());
    let test = survival::log_rank(&base, &treat);
    keys.number(
        "survival.logrank_naive.chi2",
        test.map(|test| test.chi_squared),
    );
    keys.number("survival.logrank_naive.p", test.map(|test| test.p));
    Ok(())
}
