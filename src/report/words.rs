//! Numbers, names and prices as a reader says them.

use crate::{
    analyse::{Caution, Estimate, Metric},
    price::PriceList,
    quantity::Usd,
    record::Manifest,
};

/// `62.1%`. A share that is not quite 0 or 1 never reads as if it were.
pub(super) fn percent(share: f64) -> String {
    match share {
        _ if share > 0.0 && share < 0.0005 => "<0.1%".to_owned(),
        _ if (0.9995..1.0).contains(&share) => ">99.9%".to_owned(),
        _ => format!("{:.1}%", share * 100.0),
    }
}

/// A difference of shares in percentage points: `+28.2`, `-3.1`, `0.0`.
pub(super) fn points(share: f64) -> String {
    let text = format!("{:+.1}", share * 100.0);
    match text.as_str() {
        "+0.0" | "-0.0" => "0.0".to_owned(),
        _ => text,
    }
}

/// `1 scenario`, `24 scenarios`.
pub(super) fn count(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

/// The text with a capital at its beginning.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// A value of a metric with its usual precision.
pub(super) fn value(metric: Metric, value: f64) -> String {
    match metric {
        Metric::Completion | Metric::FirstTry => percent(value),
        Metric::Tokens => grouped(whole(value)),
        Metric::ActiveSeconds => format!("{value:.1}"),
        Metric::CostPerSession | Metric::CostPerCompletedTask => format!("{value:.4}"),
        Metric::CostPerSessionHour
        | Metric::ClarificationRounds
        | Metric::AvoidableClarifications
        | Metric::CorrectionRounds
        | Metric::WrongAssumptions
        | Metric::StaleUses
        | Metric::ScopeErrors => format!("{value:.2}"),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an amount, zero or more"
)]
pub(super) fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// The value, or why there is none.
pub(super) fn shown(metric: Metric, estimate: &Estimate) -> String {
    estimate.value.map_or_else(
        || Caution::NotEstimable.to_string(),
        |number| value(metric, number),
    )
}

/// `[55.3, 73.1]` in the metric's unit, or nothing.
pub(super) fn interval(metric: Metric, estimate: &Estimate) -> Option<String> {
    let (lower, upper) = estimate.interval?;
    let plain = |number: f64| {
        if metric.more_is_better() {
            // A limit is no observation, so it may read as 100.0.
            format!("{:.1}", number * 100.0)
        } else {
            value(metric, number)
        }
    };
    Some(format!("[{}, {}]", plain(lower), plain(upper)))
}

/// A difference in percentage points or in the metric's unit, with its sign and interval.
pub(super) fn difference(metric: Metric, estimate: &Estimate) -> String {
    let Some(number) = estimate.value else {
        return Caution::NotEstimable.to_string();
    };
    let points = metric.more_is_better();
    let one = |number: f64| {
        if points {
            self::points(number)
        } else {
            signed(metric, number)
        }
    };
    let limits = estimate
        .interval
        .map_or_else(String::new, |(lower, upper)| {
            format!(" [{}, {}]", one(lower), one(upper))
        });
    format!(
        "{}{}{limits}",
        one(number),
        if points { " points" } else { "" }
    )
}

/// A difference in the metric's unit, with its sign.
pub(super) fn signed(metric: Metric, number: f64) -> String {
    sign(number, &value(metric, number.abs()))
}

/// A number as short as it can be: `6`, `0.3226`.
pub(super) fn plain(number: f64) -> String {
    format!("{number}")
}

fn sign(number: f64, text: &str) -> String {
    if text.chars().all(|c| matches!(c, '0' | '.')) {
        text.to_owned()
    } else if number < 0.0 {
        format!("-{text}")
    } else {
        format!("+{text}")
    }
}

/// `2.5x [1.8, 3.4]`; an upper limit that is infinite is said in words.
pub(super) fn ratio(estimate: &Estimate) -> String {
    match (estimate.value, estimate.interval) {
        (Some(number), Some((lower, upper))) if number.is_finite() && upper.is_finite() => {
            format!("{number:.2}x [{lower:.2}, {upper:.2}]")
        }
        (_, Some((lower, _))) => format!("at least {lower:.2}x, no upper limit"),
        (Some(number), None) if number.is_finite() => format!("{number:.2}x"),
        (_, None) => Caution::NotEstimable.to_string(),
    }
}

/// `p = 0.003`, `p < 0.0001`.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.0001 {
        "p < 0.0001".to_owned()
    } else {
        format!("p = {p:.4}")
    }
}

/// `12,345`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A text of at most so many characters, so that there is room for what stands beside it.
pub(super) fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        text.to_owned()
    } else {
        text.chars().take(most - 1).chain(['…']).collect()
    }
}

/// What an answer rests on, so that somebody else can come to it: the run, without a full stop.
pub(super) fn evidence(manifest: &Manifest) -> String {
    format!(
        "Evidence: plan {}, seed {}, dreamtrial {}",
        manifest.plan_digest.chars().take(12).collect::<String>(),
        manifest.seed,
        manifest.version
    )
}

/// By which prices costs are counted, in words. A price of the experiment's own is no list price.
pub(super) fn prices(manifest: &Manifest) -> String {
    let name = &manifest.priced_as;
    let tokens = if PriceList::embedded().model(name) == Ok(manifest.price) {
        format!("the list prices of {name} ({})", manifest.price_date)
    } else {
        format!("the prices that the experiment gives for {name}")
    };
    let hour = match manifest.price.session_hour {
        0 => "active time free".to_owned(),
        hour => format!("active time at {} USD an hour", Usd(hour).dollars()),
    };
    format!("{tokens}, {hour}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_determined_is_said_in_words() {
        let nothing = Estimate::default();
        assert_eq!(shown(Metric::Completion, &nothing), "not estimable");
        assert_eq!(difference(Metric::Tokens, &nothing), "not estimable");
        assert_eq!(ratio(&nothing), "not estimable");
        let open = Estimate {
            value: Some(f64::INFINITY),
            interval: Some((0.81, f64::INFINITY)),
            ..Estimate::default()
        };
        assert_eq!(ratio(&open), "at least 0.81x, no upper limit");
    }

    #[test]
    fn numbers_have_their_unit_and_sign() {
        let estimate = |value, lower, upper| Estimate {
            value: Some(value),
            interval: Some((lower, upper)),
            ..Estimate::default()
        };
        assert_eq!(
            difference(Metric::Completion, &estimate(0.352, 0.28, 0.424)),
            "+35.2 points [+28.0, +42.4]"
        );
        assert_eq!(
            difference(Metric::CostPerSession, &estimate(-0.01, -0.02, 0.001)),
            "-0.0100 [-0.0200, +0.0010]"
        );
        assert_eq!(
            interval(Metric::Completion, &estimate(0.5, 0.25, 0.75)).as_deref(),
            Some("[25.0, 75.0]")
        );
        assert_eq!(ratio(&estimate(2.5, 1.25, 5.0)), "2.50x [1.25, 5.00]");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(p_value(0.000_01), "p < 0.0001");
    }
}
