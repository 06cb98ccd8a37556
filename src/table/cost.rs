//! Keys on money: what a session costs, what the outlay buys, when it has paid for itself.

use super::{
    Keys, Options,
    comparison::{LEVEL, fieller, of_difference},
    paired::as_number,
    rows::{Trial, TrialTable},
    trials::pair,
};
use crate::stats::{
    Interval, StatsError, break_even, interval::Method, ratio_of_differences, ratio_of_totals,
};

/// Prices apply to every row; the outlay is spread over the rows of the treated arm.
pub(super) fn keys(
    keys: &mut Keys,
    table: &TrialTable,
    options: &Options,
) -> Result<(), StatsError> {
    let prices = options.prices;
    let measure = |row: &Trial, name: &str| row.measure(name).unwrap_or(0.0);
    let price = |row: &Trial| {
        measure(row, "tokens_in") / 1e6 * prices.input
            + measure(row, "tokens_out") / 1e6 * prices.output
            + measure(row, "hours") * prices.hour
    };
    let spread = prices.outlay / f64::from(prices.every.max(1));
    let amortised = |row: &Trial| price(row) + if row.treated { spread } else { 0.0 };
    let session = pair(table, |row| (price(row), 1.0))?;
    let hour = pair(table, |row| (price(row), measure(row, "hours")))?;
    let with_outlay = pair(table, |row| (amortised(row), 1.0))?;
    let completion = pair(table, |row| (amortised(row), as_number(row.success)))?;
    for treated in [false, true] {
        let name = if treated { &table.treat } else { &table.base };
        for (unit, paired) in [
            ("session", &session),
            ("session_hour", &hour),
            ("session_amortised", &with_outlay),
            ("completion_amortised", &completion),
        ] {
            let arm = if treated {
                paired.treat()
            } else {
                paired.base()
            };
            let result = ratio_of_totals::ratio_of_totals(arm, LEVEL)?;
            let prefix = format!("cost.{name}.usd_per_{unit}");
            keys.number(&prefix, result.estimate);
            keys.limits(&format!("{prefix}."), result.interval.as_ref());
        }
    }
    let difference = ratio_of_totals::difference_of_ratios(&session, LEVEL)?;
    of_difference(keys, "cost.diff_per_session.", &difference);
    let saving = difference
        .interval
        .map(|more| Interval::new(-more.upper(), -more.lower(), LEVEL, Method::Cv3T))
        .transpose()?;
    let once = difference
        .estimate
        .map(|more| break_even::one_off(prices.outlay, -more))
        .transpose()?;
    keys.number("cost.breakeven.one_off", once);
    let limits = saving
        .map(|saving| break_even::one_off_interval(prices.outlay, &saving))
        .transpose()?;
    keys.limits("cost.breakeven.one_off_", limits.as_ref());
    let again = difference
        .estimate
        .map(|more| break_even::periodic(prices.outlay, -more, prices.every.max(1)))
        .transpose()?;
    keys.number("cost.breakeven.periodic", again);
    let success = pair(table, |row| (as_number(row.success), 1.0))?;
    let extra = ratio_of_differences::ratio_of_differences(&with_outlay, &success, LEVEL)?;
    keys.number("cost.icer.est", extra.estimate);
    fieller(keys, "cost.icer.", &extra.fieller);
    Ok(())
}
