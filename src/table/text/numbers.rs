//! How numbers are written.

use crate::table::Keys;

/// A rate in percent.
pub(super) fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{:.1}%", 100.0 * value))
}

/// A difference of rates in points, with its sign.
pub(super) fn points(value: f64) -> String {
    format!("{:+.1}", 100.0 * value)
}

/// Three digits that matter; a word for what is not finite.
pub(super) fn plain(value: f64) -> String {
    let size = value.abs();
    if value.is_infinite() {
        return if value > 0.0 { "infinite" } else { "-infinite" }.to_owned();
    }
    if size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size >= 0.01 || size <= 0.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.1e}")
    }
}

/// A factor.
pub(super) fn times(value: f64) -> String {
    if value.is_infinite() {
        "no limit".to_owned()
    } else if value >= 100.0 {
        format!("{value:.0}x")
    } else if value >= 1.95 {
        format!("{value:.1}x")
    } else {
        format!("{value:.2}x")
    }
}

/// A p-value.
pub(super) fn p_value(value: f64) -> String {
    if value < 0.001 {
        format!("{value:.1e}")
    } else {
        format!("{value:.3}")
    }
}

/// A whole number with commas.
pub(super) fn whole(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things.
pub(super) fn counted(count: f64, noun: &str) -> String {
    let number = whole(count);
    if number == "1" {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// Limits in brackets, written by `write`; words if there are none.
pub(super) fn limits(keys: &Keys, prefix: &str, write: impl Fn(f64) -> String) -> String {
    let lower = keys.get(&format!("{prefix}lo"));
    let upper = keys.get(&format!("{prefix}hi"));
    match (lower, upper) {
        (Some(lower), Some(upper)) if lower.is_infinite() => {
            format!("[{}, {}]", plain(lower), plain(upper))
        }
        (Some(lower), Some(upper)) if upper.is_infinite() => {
            format!("[{}, no limit]", write(lower))
        }
        (Some(lower), Some(upper)) => format!("[{}, {}]", write(lower), write(upper)),
        (_, _) => "(no interval)".to_owned(),
    }
}
