//! What holds for every chart.

mod arithmetic;

use super::*;

const ARMS: [&str; 3] = ["none", "a & <b> \"c\"'", "dreamed+outcomes"];

fn series() -> Vec<Series> {
    ARMS.iter()
        .enumerate()
        .map(|(index, name)| Series::new(*name, index))
        .collect()
}

/// The five charts, with the same estimate everywhere but one missing one.
fn charts(value: Estimate) -> Vec<(&'static str, Result<String, ChartError>)> {
    let (title, subtitle, note) = ("T & <i>", "24 > 3", "Reference agent");
    let values = || vec![Estimate::missing(), value, value];
    let bars = IntervalBars {
        title: title.into(),
        subtitle: subtitle.into(),
        note: note.into(),
        value_label: "Completed".into(),
        interval_label: "95% interval".into(),
        series: series(),
        groups: vec![BarGroup {
            name: "legal".into(),
            values: values(),
        }],
    };
    let row = |group: &str, base| DumbbellRow {
        group: group.into(),
        label: "recall".into(),
        base,
        treat: value.value,
    };
    let dumbbell = Dumbbell {
        title: title.into(),
        subtitle: subtitle.into(),
        note: note.into(),
        value_label: "Completed".into(),
        base: Series::new(ARMS[1], 1),
        treat: Series::new(ARMS[2], 2),
        rows: vec![row("legal", Some(0.4)), row("legal", None)],
    };
    let curve = LearningCurve {
        title: title.into(),
        subtitle: subtitle.into(),
        note: note.into(),
        step_label: "Session".into(),
        value_label: "Completed".into(),
        interval_label: "95% interval".into(),
        case_label: "scenarios".into(),
        cases: vec![24, 24, 3],
        curves: series()
            .into_iter()
            .map(|series| Curve {
                series,
                band: true,
                values: values(),
            })
            .collect(),
    };
    let heat = HeatMap {
        title: title.into(),
        subtitle: subtitle.into(),
        note: note.into(),
        value_label: "Completed".into(),
        interval_label: "95% interval".into(),
        series: series(),
        rows: vec![HeatRow {
            name: "recall".into(),
            values: values(),
        }],
    };
    let points = series().into_iter().zip(values());
    let scatter = Scatter {
        title: title.into(),
        subtitle: subtitle.into(),
        note: note.into(),
        value_label: "Completed".into(),
        interval_label: "95% interval".into(),
        panels: vec![ScatterPanel {
            amount_label: "Tokens".into(),
            prefix: String::new(),
            points: points
                .map(|(series, rate)| ScatterPoint {
                    series,
                    amount: Estimate::new(100.0, 90.0, 120.0),
                    rate,
                })
                .collect(),
        }],
    };
    vec![
        ("bars", bars.draw()),
        ("dumbbell", dumbbell.draw()),
        ("curve", curve.draw()),
        ("heat", heat.draw()),
        ("scatter", scatter.draw()),
    ]
}

fn usual() -> Vec<(&'static str, String)> {
    charts(Estimate::new(0.6, 0.45, 0.8))
        .into_iter()
        .map(|(name, svg)| (name, svg.unwrap()))
        .collect()
}

/// All text that is drawn, the words of wrapped lines joined by spaces.
fn drawn(svg: &str) -> String {
    let document = roxmltree::Document::parse(svg).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    texts
        .filter_map(|node| node.text())
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn is_accessible_responsive_and_without_ids() {
    for (name, svg) in usual() {
        let document = roxmltree::Document::parse(&svg).unwrap();
        let root = document.root_element();
        let child = |tag: &str| {
            let node = root.children().find(|node| node.has_tag_name(tag));
            node.and_then(|node| node.text()).unwrap().to_owned()
        };
        assert_eq!(root.attribute("role"), Some("img"), "{name}");
        assert_eq!(root.attribute("width"), Some("100%"), "{name}");
        assert_eq!(root.attribute("height"), None, "{name}");
        assert!(
            root.attribute("viewBox").unwrap().starts_with("0 0 800 "),
            "{name}"
        );
        assert_eq!(child("title"), "T & <i>", "{name}");
        let alt = child("desc");
        for part in [ARMS[1], ARMS[2], "n/a", "60%", "24 > 3", "Reference agent"] {
            assert!(alt.contains(part), "{name}: `{part}` not in {alt}");
        }
        let with_id = document.descendants().find(|node| node.has_attribute("id"));
        assert_eq!(with_id, None, "{name}");
    }
}

#[test]
fn draws_every_label_and_the_missing_value() {
    for (name, svg) in usual() {
        let drawn = drawn(&svg);
        for part in [
            "T & <i>",
            "24 > 3",
            "Reference agent",
            ARMS[1],
            "n/a",
            "outcomes",
        ] {
            assert!(drawn.contains(part), "{name}: `{part}` not in {drawn}");
        }
        assert!(!svg.contains("NaN"), "{name}");
    }
}

#[test]
fn is_deterministic() {
    assert_eq!(usual(), usual());
}

#[test]
fn missing_is_not_zero() {
    let zero = charts(Estimate::new(0.0, 0.0, 0.1));
    let missing = charts(Estimate::missing());
    for ((name, zero), (_, missing)) in zero.into_iter().zip(missing) {
        let (zero, missing) = (zero.unwrap(), missing.unwrap());
        let shapes = |svg: &str| svg.matches("<circle").count() + svg.matches("<polygon").count();
        let count = |svg: &str| drawn(svg).matches("n/a").count();
        assert!(count(&missing) > count(&zero), "{name}");
        assert!(
            name == "heat" || name == "curve" || shapes(&missing) < shapes(&zero),
            "{name}"
        );
    }
}

#[test]
fn text_is_large_enough_and_inside() {
    for (name, svg) in usual() {
        let document = roxmltree::Document::parse(&svg).unwrap();
        let texts = document
            .descendants()
            .filter(|node| node.has_tag_name("text"));
        for node in texts {
            let number = |key: &str| node.attribute(key).unwrap().parse::<f64>().unwrap();
            let size = number("font-size");
            assert!(size >= 13.0, "{name}");
            let width = text::width(node.text().unwrap().trim(), size);
            let start = match node.attribute("text-anchor") {
                Some("start") => number("x"),
                Some("middle") => number("x") - width / 2.0,
                _ => number("x") - width,
            };
            assert!(start >= 0.0, "{name}: {:?}", node.text());
            assert!(start + width <= 800.0, "{name}: {:?}", node.text());
        }
    }
}

#[test]
fn refuses_what_cannot_be_drawn() {
    for (name, svg) in charts(Estimate::new(1.2, 0.9, 1.3)) {
        assert!(matches!(svg, Err(ChartError::OutOfRange { .. })), "{name}");
    }
    for (name, svg) in charts(Estimate::new(f64::NAN, 0.0, 1.0)) {
        assert!(matches!(svg, Err(ChartError::NotFinite { .. })), "{name}");
    }
    for (name, svg) in charts(Estimate::new(0.5, 0.9, 0.1)) {
        // A dumbbell has no intervals.
        let refused = matches!(svg, Err(ChartError::InvertedInterval { .. }));
        assert!(refused || name == "dumbbell", "{name}");
    }
}

#[test]
fn refuses_empty_and_ragged_data() {
    let mut heat = HeatMap {
        title: "t".into(),
        subtitle: String::new(),
        note: String::new(),
        value_label: String::new(),
        interval_label: String::new(),
        series: series(),
        rows: Vec::new(),
    };
    let error = heat.draw().unwrap_err();
    assert_eq!(error.to_string(), "the chart `t` has no data to draw");
    heat.rows.push(HeatRow {
        name: "row".into(),
        values: vec![Estimate::missing()],
    });
    let error = heat.draw().unwrap_err();
    assert_eq!(error.to_string(), "`row` has 1 values, expected 3");
}

#[test]
fn survives_control_characters() {
    let mut name = String::from("a\u{0}\u{1b}\n\u{fffe}b");
    name.push_str(&"x".repeat(500));
    let heat = HeatMap {
        title: name.clone(),
        subtitle: name.clone(),
        note: name.clone(),
        value_label: name.clone(),
        interval_label: name.clone(),
        series: vec![Series::new(name.clone(), usize::MAX)],
        rows: vec![HeatRow {
            name,
            values: vec![Estimate::new(0.5, 0.4, 0.6)],
        }],
    };
    roxmltree::Document::parse(&heat.draw().unwrap()).unwrap();
}

#[test]
fn points_in_one_place_share_a_label() {
    let point = |name: &str| ScatterPoint {
        series: Series::new(name, 0),
        amount: Estimate::new(0.0, 0.0, 0.0),
        rate: Estimate::new(0.0, 0.0, 0.0),
    };
    let scatter = Scatter {
        title: "t".into(),
        subtitle: String::new(),
        note: String::new(),
        value_label: String::new(),
        interval_label: String::new(),
        panels: vec![ScatterPanel {
            amount_label: String::new(),
            prefix: "$".into(),
            points: vec![point("one"), point("two")],
        }],
    };
    assert!(drawn(&scatter.draw().unwrap()).contains("one two"));
}

#[cfg(feature = "png")]
#[test]
fn png_has_the_size_asked_for() {
    for (name, svg) in usual() {
        let document = roxmltree::Document::parse(&svg).unwrap();
        let view = document.root_element().attribute("viewBox").unwrap();
        let height: u32 = view.rsplit(' ').next().unwrap().parse().unwrap();
        let png = png(&svg, 2.0).unwrap();
        let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!((side(16), side(20)), (1600, 2 * height), "{name}");
        assert!(png.len() > 10_000, "{name}: no text?");
    }
}

#[cfg(feature = "png")]
#[test]
fn png_refuses_bad_input() {
    let (_, svg) = usual().remove(0);
    for scale in [0.0, -1.0, 1e6, f32::NAN] {
        assert!(
            matches!(png(&svg, scale), Err(ChartError::Size { .. })),
            "{scale}"
        );
    }
    assert!(matches!(png("<p>", 1.0), Err(ChartError::Svg(_))));
}
