//! How long is waited before another attempt. Nothing here waits.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

use crate::quantity::Seed;

/// The longest that a service may ask to wait; one that asks for more is not coming back soon.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_mins(10);

const LONGEST_WAIT: Duration = Duration::from_secs(8);
const LONGEST_WAIT_FOR_OVERLOAD: Duration = Duration::from_secs(30);

/// The wait after attempt number `attempt`, from 1: `first`, doubled for each attempt before it, up to 8
/// seconds, or 30 where the service is overloaded; of that between three and five quarters, as the seed
/// of the call says. The same seed waits the same.
pub(super) fn back_off(first: Duration, attempt: u32, overloaded: bool, seed: Seed) -> Duration {
    let longest = if overloaded {
        LONGEST_WAIT_FOR_OVERLOAD
    } else {
        LONGEST_WAIT
    };
    let doubled = first.saturating_mul(1 << attempt.saturating_sub(1).min(30));
    let jitter = seed.derive_number(u64::from(attempt)).below(501);
    let thousandths = 750 + u32::try_from(jitter).unwrap_or(0);
    doubled.min(longest).saturating_mul(thousandths) / 1000
}

/// How long the service asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date. `None`
/// where it does not ask, or asks for nothing that can be understood or for no time at all.
pub(super) fn asked(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let seconds = |text: &str, unit: f64| {
        let number = text.parse::<f64>().ok()? * unit;
        // What does not fit is longer than any wait.
        (number > 0.0).then(|| Duration::try_from_secs_f64(number).unwrap_or(Duration::MAX))
    };
    if let Some(wait) = text("retry-after-ms").and_then(|text| seconds(text, 1e-3)) {
        return Some(wait);
    }
    let after = text("retry-after")?;
    if after.parse::<f64>().is_ok() {
        return seconds(after, 1.0);
    }
    Duration::try_from(date(after)?.duration_since(now))
        .ok()
        .filter(|wait| !wait.is_zero())
}

/// A date as headers write it; `None` where it is none.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    const HALF: Duration = Duration::from_millis(500);

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn the_waits_of_a_seed_are_pinned() {
        let waits: Vec<Duration> = (1..=7)
            .map(|attempt| back_off(HALF, attempt, false, Seed(7)))
            .collect();
        insta::assert_snapshot!(format!("{waits:?}"), @"[610.5ms, 890ms, 1.586s, 4.348s, 7.896s, 6.328s, 6.024s]");
        let waits: Vec<Duration> = (1..=8)
            .map(|attempt| back_off(HALF, attempt, true, Seed(7)))
            .collect();
        insta::assert_snapshot!(format!("{waits:?}"), @"[610.5ms, 890ms, 1.586s, 4.348s, 7.896s, 12.656s, 22.59s, 25.32s]");
    }

    proptest! {
        #[test]
        fn a_wait_is_within_a_quarter_of_the_doubled_one(seed: u64, attempt in 1u32..100, overloaded: bool) {
            let longest = if overloaded { 30_000 } else { 8_000 };
            let middle = (500u64 << (attempt - 1).min(20)).min(longest);
            let wait = back_off(HALF, attempt, overloaded, Seed(seed)).as_millis();
            prop_assert!((u128::from(middle) * 3 / 4..=u128::from(middle) * 5 / 4).contains(&wait));
        }
    }

    #[test]
    fn what_a_service_asks_for_is_read_in_each_of_its_forms() {
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().expect("a time");
        let read = |pairs: &[(&'static str, &'static str)]| asked(&headers(pairs), now);
        assert_eq!(read(&[("retry-after", "2")]), Some(Duration::from_secs(2)));
        assert_eq!(
            read(&[("retry-after", "1.5")]),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(
            read(&[("retry-after-ms", "250"), ("retry-after", "9")]),
            Some(Duration::from_millis(250))
        );
        assert_eq!(
            read(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]),
            Some(Duration::from_secs(30))
        );
        assert_eq!(read(&[("retry-after", "1e300")]), Some(Duration::MAX));
        for nothing in [
            "0",
            "-3",
            "NaN",
            "soon",
            "",
            "Sun, 06 Nov 1994 08:48:37 GMT",
        ] {
            assert_eq!(read(&[("retry-after", nothing)]), None, "{nothing}");
        }
        assert_eq!(read(&[]), None);
    }
}
