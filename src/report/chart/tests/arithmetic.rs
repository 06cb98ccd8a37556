//! Wording, widths, axes and colours.

use super::super::palette;
use super::super::scale;
use super::super::text;

#[test]
fn percents_and_amounts() {
    let rates = [0.0, 0.001, 0.005, 0.125, 0.999, 1.0].map(text::percent);
    assert_eq!(
        rates,
        ["0%", "<1%", "1%", "13%", ">99%", "100%"].map(String::from)
    );
    let amounts = [0.0, 0.034_56, 1.5, 12.0, 8200.0, 21_500.0, 1_234_567.0];
    let dollars = amounts.map(|number| text::amount("$", number));
    let expected = [
        "$0", "$0.0346", "$1.50", "$12.0", "$8200", "$21.5k", "$1.23M",
    ];
    assert_eq!(dollars, expected.map(String::from));
}

#[test]
fn wraps_within_the_limit() {
    assert_eq!(
        text::wrap("dreamed+outcomes", 14.0, 90.0, 3),
        ["dreamed", "+outcomes"]
    );
    for limit in [40.0, 80.0, 160.0] {
        for line in text::wrap("some long_identifier/with parts of it", 14.0, limit, 2) {
            assert!(text::width(&line, 14.0) <= limit, "{line}");
        }
    }
    assert_eq!(text::wrap("", 14.0, 90.0, 2), [""]);
}

#[test]
fn ticks_start_at_zero_and_cover_the_data() {
    for max in [0.0, 0.000_3, 0.09, 1.0, 23_000.0, 7e9] {
        let ticks = scale::ticks(max, 4.0);
        assert!(ticks[0].abs() < 1e-12);
        assert!(*ticks.last().unwrap() >= max * 0.999);
        assert!((2..=6).contains(&ticks.len()), "{ticks:?}");
        let labels = scale::tick_labels("$", &ticks);
        let mut unique = labels.clone();
        unique.dedup();
        assert_eq!(labels, unique);
    }
    assert_eq!(scale::tick_labels("", &[0.0, 5e3, 1e4]), ["0", "5k", "10k"]);
}

#[test]
fn spread_keeps_order_distance_and_bounds() {
    let wanted = [0.0, 0.0, 1.0, 50.0, 99.0, 100.0, 100.0];
    let placed = scale::spread(&wanted, &[10.0; 7], 0.0, 100.0);
    assert!(placed[0] >= 5.0 && placed[6] <= 95.0, "{placed:?}");
    assert!(
        placed
            .windows(2)
            .all(|pair| pair[1] - pair[0] >= 10.0 - 1e-9),
        "{placed:?}"
    );
    let free = scale::spread(&[20.0, 60.0], &[10.0, 10.0], 0.0, 100.0);
    assert_eq!(free, [20.0, 60.0]);
}

#[test]
fn text_on_every_colour_has_contrast() {
    for step in 0..=100 {
        let colour = palette::cividis(f64::from(step) / 100.0);
        let (light, ink) = (
            palette::luminance(colour),
            palette::luminance(palette::text_on(colour)),
        );
        let contrast = (light.max(ink) + 0.05) / (light.min(ink) + 0.05);
        assert!(contrast >= 4.0, "{step}: {contrast}");
    }
}

#[test]
fn lightness_grows_with_the_rate() {
    let light = |step: i32| palette::luminance(palette::cividis(f64::from(step) / 50.0));
    assert!((0..50).all(|step| light(step) < light(step + 1)));
}
