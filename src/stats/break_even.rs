//! After how many units an outlay has paid for itself.
//!
//! *What it is for.* An outlay made once, or again every so many units, set
//! against a saving per unit. *What it is not.* An estimate of the saving; it
//! comes with its interval from [`super::difference`], base minus treated.
//! *What always holds.* No saving is never paid back: the answer is infinite,
//! not an error.

use super::error::StatsError;
use super::interval::Interval;

/// Quotients this close above a whole number are that number.
const SLACK: f64 = 1e-12;

/// The fewest units with `units * saving >= outlay`, for an outlay made once;
/// infinite without a saving.
///
/// Outlay and saving per unit are amounts of the same currency. Refuses an
/// outlay that is negative and values that are not finite.
pub fn one_off(outlay: f64, saving: f64) -> Result<f64, StatsError> {
    require(outlay, saving)?;
    Ok(quotient(outlay, saving).map_or(f64::INFINITY, |units| {
        (units - SLACK * units).ceil().max(0.0)
    }))
}

/// The interval of `outlay / saving` from that of the saving, not rounded.
///
/// The quotient falls as the saving grows, so that limits change places; it is
/// infinite where the saving is not above 0. Level and method are those of the
/// saving.
pub fn one_off_interval(outlay: f64, saving: &Interval) -> Result<Interval, StatsError> {
    require(outlay, 0.0)?;
    let at = |saving: f64| quotient(outlay, saving).unwrap_or(f64::INFINITY);
    Interval::new(
        at(saving.upper()),
        at(saving.lower()),
        saving.level(),
        saving.method(),
    )
}

/// The fewest units, at least 1, with
/// `units * saving >= ceil(units / every) * outlay`: the outlay is made again
/// at the start of every `every` units.
///
/// If the saving of one period covers its outlay, the first period pays for
/// itself within its units. If it does not, no later one will: infinite.
/// Refuses as [`one_off`] does, and an `every` of 0.
pub fn periodic(outlay: f64, saving: f64, every: u32) -> Result<f64, StatsError> {
    if every == 0 {
        return Err(StatsError::OutOfRange {
            name: "every",
            value: 0.0,
            expected: "a whole number above 0",
        });
    }
    let units = one_off(outlay, saving)?.max(1.0);
    Ok(if units <= f64::from(every) {
        units
    } else {
        f64::INFINITY
    })
}

/// Units until a saving above 0 covers the outlay.
fn quotient(outlay: f64, saving: f64) -> Option<f64> {
    (saving > 0.0).then(|| outlay / saving)
}

fn require(outlay: f64, saving: f64) -> Result<(), StatsError> {
    for (index, value) in [outlay, saving].into_iter().enumerate() {
        if !value.is_finite() {
            return Err(StatsError::NotFinite { index, value });
        }
    }
    if outlay < 0.0 {
        return Err(StatsError::OutOfRange {
            name: "outlay",
            value: outlay,
            expected: "a number of 0 or more",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::interval::Level;
    use crate::stats::interval::Method;

    #[test]
    fn periodic_is_the_smallest_that_pays() {
        for every in 1..12_u32 {
            for outlay in [0.0, 0.5, 1.0, 2.5, 7.0] {
                for saving in [-1.0, 0.25, 0.5, 1.0, 3.0] {
                    let pays = |units: u32| {
                        f64::from(units) * saving >= f64::from(units.div_ceil(every)) * outlay
                    };
                    let want = (1..1000).find(|units| pays(*units));
                    let got = periodic(outlay, saving, every).unwrap();
                    let want = want.map_or(f64::INFINITY, f64::from);
                    assert!(got.total_cmp(&want).is_eq(), "{outlay} {saving} {every}");
                }
            }
        }
    }

    #[test]
    fn rounding_adds_no_unit() {
        assert_eq!(one_off(1.1, 0.1), Ok(11.0));
        assert_eq!(one_off(0.32, 0.2 - 0.12), Ok(4.0));
        assert_eq!(one_off(0.0, 1.0), Ok(0.0));
    }

    #[test]
    fn a_saving_that_may_be_a_loss_has_no_upper_limit() {
        let saving = Interval::new(-0.1, 0.5, Level::NINETY_FIVE, Method::Cv3T).unwrap();
        let units = one_off_interval(2.0, &saving).unwrap();
        assert!((units.lower() - 4.0).abs() < 1e-12 && units.upper().is_infinite());
        let loss = Interval::new(-0.5, -0.1, Level::NINETY_FIVE, Method::Cv3T).unwrap();
        assert!(one_off_interval(2.0, &loss).unwrap().lower().is_infinite());
    }

    #[test]
    fn refuses_malformed_input() {
        assert!(one_off(-1.0, 1.0).is_err() && one_off(f64::NAN, 1.0).is_err());
        assert!(periodic(1.0, 1.0, 0).is_err());
    }
}
