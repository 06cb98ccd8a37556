//! Keys of a table with both arms in one row.

use std::collections::BTreeMap;

use super::{
    Keys, Options,
    comparison::{LEVEL, rate, rates},
    gate,
    lists::K_OF_PAIRS,
    rows::{PairedTable, Place},
};
use crate::stats::{
    Arm, Paired, StatsError,
    attempts::{self, Success, Task},
    clt, difference, durkalski, effect_size, ideal_bootstrap,
    independent::{self, PairTable},
};

/// 0 or 1.
pub(super) fn as_number(success: bool) -> f64 {
    f64::from(u8::from(success))
}

pub(super) fn keys(
    keys: &mut Keys,
    table: &PairedTable,
    options: &Options,
) -> Result<(), StatsError> {
    let mut sums = vec![[0.0; 3]; table.streams];
    for row in &table.rows {
        let stream = &mut sums[row.place.stream];
        stream[0] += as_number(row.base);
        stream[1] += as_number(row.treat);
        stream[2] += 1.0;
    }
    let paired = Paired::new(
        Arm::from_pairs(sums.iter().map(|[base, _, rows]| (*base, *rows)))?,
        Arm::from_pairs(sums.iter().map(|[_, treat, rows]| (*treat, *rows)))?,
    )?;
    keys.count("n", table.rows.len());
    keys.count("streams", table.streams);
    design(keys, table.rows.iter().map(|row| (&row.place, false)));
    keys.whole("x_base", paired.base().total_sum());
    keys.whole("x_treat", paired.treat().total_sum());
    rate(keys, "p_base.", paired.base(), true)?;
    rate(keys, "p_treat.", paired.treat(), true)?;
    of_pairs(keys, table)?;
    let rd = rates(keys, "", &paired, options)?;
    rows_and_streams(keys, table, &paired)?;
    if let Some(ideal) = ideal_bootstrap::ideal_difference(&paired, LEVEL) {
        keys.number("boot.rd.ideal.mean", ideal.mean);
        keys.number("boot.rd.ideal.sd", ideal.sd);
        keys.number("boot.rd.ideal.q025", ideal.lower);
        keys.number("boot.rd.ideal.q975", ideal.upper);
    }
    gate::keys(keys, "", &rd, &paired.mean_differences(), options)?;
    repeated(keys, table)
}

/// Sessions, repetitions and sizes of streams: what a reader needs to judge the design. The flag of a
/// row says whether it is of the treated arm.
pub(super) fn design<'a>(keys: &mut Keys, rows: impl Iterator<Item = (&'a Place, bool)>) {
    let (mut cells, mut streams) = (BTreeMap::new(), BTreeMap::new());
    let mut all = 0_usize;
    for (place, treated) in rows {
        *cells
            .entry((place.stream, place.session, treated))
            .or_insert(0_usize) += 1;
        *streams.entry(place.stream).or_insert(0_usize) += 1;
        all += 1;
    }
    let mut sessions = cells.keys().map(|(stream, session, _)| (stream, session));
    let mut distinct = 0;
    let mut last = None;
    for session in sessions.by_ref() {
        distinct += usize::from(last != Some(session));
        last = Some(session);
    }
    keys.count("sessions", distinct);
    keys.count(
        "repetitions.max",
        cells.values().copied().max().unwrap_or(0),
    );
    keys.count(
        "repetitions.min",
        cells.values().copied().min().unwrap_or(0),
    );
    let largest = streams.values().copied().max().unwrap_or(0);
    let smallest = streams.values().copied().min().unwrap_or(0);
    keys.number("largest_stream_share", share(largest, all));
    keys.flag("sizes_differ", largest > 2 * smallest);
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of rows are far below 2^53"
)]
fn share(part: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

/// The table of pairs and the methods that take pairs as independent.
fn of_pairs(keys: &mut Keys, table: &PairedTable) -> Result<(), StatsError> {
    let count = |base: bool, treat: bool| {
        let rows = table.rows.iter();
        let rows = rows.filter(|row| (row.base, row.treat) == (base, treat));
        rows.map(|_| 1.0).sum::<f64>()
    };
    let pairs = PairTable::new(
        count(true, true),
        count(false, true),
        count(true, false),
        count(false, false),
    )?;
    keys.whole("table.a", pairs.both());
    keys.whole("table.b", pairs.treat_only());
    keys.whole("table.c", pairs.base_only());
    keys.whole("table.d", pairs.neither());
    let (better, worse) = (pairs.treat_only(), pairs.base_only());
    for (name, interval) in [
        (
            "rd.tango",
            difference::tango(better, worse, pairs.pairs(), LEVEL)?,
        ),
        ("rd.newcombe", independent::newcombe(&pairs, LEVEL)?),
        (
            "rd.bonett_price",
            independent::bonett_price_difference(&pairs, LEVEL)?,
        ),
        ("rr.tang_score", independent::tang_score(&pairs, LEVEL)?),
        (
            "rr.bonett_price",
            independent::bonett_price_ratio(&pairs, LEVEL)?,
        ),
        ("rr.mover_wilson", independent::mover_wilson(&pairs, LEVEL)?),
        ("rr.wald_log", independent::log_wald(&pairs, LEVEL)?),
    ] {
        keys.limits(&format!("naive.{name}."), Some(&interval));
    }
    let test = independent::mcnemar(&pairs)?;
    keys.number("naive.mcnemar.exact", test.exact);
    keys.number("naive.mcnemar.midp", test.mid_p);
    keys.number("naive.mcnemar.chi2", test.chi_squared);
    keys.number("naive.mcnemar.asym", test.asymptotic);
    let odds = independent::conditional_odds(&pairs, LEVEL)?;
    keys.number("naive.or_cond.est", odds.estimate);
    keys.limits("naive.or_cond.cp_", Some(&odds.exact));
    keys.limits("naive.or_cond.midp_", Some(&odds.mid_p));
    keys.number("naive.evalue_beta_mix", independent::e_value(&pairs)?);
    Ok(())
}

/// Standard errors over rows, and tests and effect sizes over streams.
fn rows_and_streams(
    keys: &mut Keys,
    table: &PairedTable,
    paired: &Paired,
) -> Result<(), StatsError> {
    for (name, base, treat) in [
        ("base", 1.0, 0.0),
        ("treat", 0.0, 1.0),
        ("paired", -1.0, 1.0),
    ] {
        let mut streams = vec![Vec::new(); table.streams];
        for row in &table.rows {
            let value = base * as_number(row.base) + treat * as_number(row.treat);
            streams[row.place.stream].push(value);
        }
        let errors = clt::standard_errors(&streams)?;
        let (plain, clustered) = errors.map(|e| (e.plain, e.clustered)).unzip();
        keys.number(format!("miller.{name}.se_clt"), plain);
        keys.number(format!("miller.{name}.se_clustered"), clustered);
    }
    let means = paired.mean_differences();
    let (chi_squared, p) = durkalski::durkalski(&means)?
        .map(|result| (result.chi_squared, result.p))
        .unzip();
    keys.number("durkalski.chi2", chi_squared);
    keys.number("durkalski.p", p);
    keys.number("hodges_lehmann", effect_size::hodges_lehmann(&means));
    if let (Some(base), Some(treat)) = (paired.base().mean(), paired.treat().mean()) {
        keys.number("cohens_h", effect_size::cohens_h(base, treat)?);
        let odds = effect_size::marginal_odds_ratio(base, treat);
        keys.number("or_marginal", odds);
    }
    keys.number("cliffs_delta_streams", effect_size::cliffs_delta(paired));
    let weights = means.iter().map(|_| 1.0).sum::<f64>();
    keys.number("rd.stream_weighted", means.iter().sum::<f64>() / weights);
    Ok(())
}

/// Success in several repetitions; a task is a session of a stream.
fn repeated(keys: &mut Keys, table: &PairedTable) -> Result<(), StatsError> {
    let mut tasks = BTreeMap::new();
    for row in &table.rows {
        let entry = tasks
            .entry((row.place.stream, row.place.session))
            .or_insert([0_u32; 3]);
        entry[0] += 1;
        entry[1] += u32::from(row.base);
        entry[2] += u32::from(row.treat);
    }
    for (name, column) in [("base", 1), ("treat", 2)] {
        let mut streams = vec![Vec::new(); table.streams];
        for ((stream, _), counts) in &tasks {
            streams[*stream].push(Task::new(counts[0], counts[column])?);
        }
        for k in K_OF_PAIRS {
            for (kind, success) in [("hat", Success::Always), ("at", Success::Once)] {
                let average = attempts::average(&streams, success, k)?;
                keys.number(format!("pass_{kind}_{k}.{name}"), average.mean);
            }
        }
    }
    Ok(())
}
