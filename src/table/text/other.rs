//! Factors, attempts, raters and p-values.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    Page,
    comparison::is_few,
    numbers::{counted, limits, p_value, percent, plain, points, times, whole},
};
use crate::{
    stats::verdict::MINIMUM_STREAMS,
    table::{Keys, Options},
};

pub(super) fn factorial(page: &mut Page, keys: &Keys, options: &Options) {
    let streams = keys.get("streams").unwrap_or(0.0);
    let cell = |name: &str| percent(keys.get(&format!("cell.{name}.p")));
    page.entry(
        "completion",
        &format!(
            "neither {}, dream {}, outcomes {}, both {} ({})",
            cell("d0o0"),
            cell("d1o0"),
            cell("d0o1"),
            cell("d1o1"),
            counted(streams, "stream"),
        ),
    );
    let logarithm = !keys.is_set("logrr.undefined");
    for (label, name) in [
        ("dream, mean of both", "dream_main"),
        ("dream without outcomes", "dream_given_no_outcomes"),
        ("dream with outcomes", "dream_given_outcomes"),
        ("outcomes, mean of both", "outcomes_main"),
        ("outcomes without dream", "outcomes_given_no_dream"),
        ("outcomes with dream", "outcomes_given_dream"),
        ("interaction", "interaction"),
        ("both against neither", "total"),
    ] {
        let prefix = format!("rd.{name}.");
        let estimate = keys.get(&format!("{prefix}est"));
        let mut text = format!(
            "  {label:<23} {} points {}",
            estimate.map_or_else(|| "-".to_owned(), points),
            limits(keys, &prefix, points),
        );
        if let Some(ratio) = keys.get(&format!("rr.{name}.est")).filter(|_| logarithm) {
            let limits = limits(keys, &format!("rr.{name}."), times);
            let _ = write!(text, "; {} {limits}", times(ratio));
        }
        page.line(&text);
    }
    page.blank();
    let total = keys.get("rd.total.lo").zip(keys.get("rd.total.hi"));
    if let (Some((lower, upper)), Some(share)) = (total, keys.get("shapley.share_dream"))
        && !(lower..=upper).contains(&0.0)
    {
        page.line(&format!(
            "  share of the total (Shapley, difference scale): dream {}, outcomes {}",
            percent(Some(share)),
            percent(Some(1.0 - share)),
        ));
    }
    page.line(
        "  note: an interaction depends on the scale, and needs about four times the streams of \
         a main effect of its size",
    );
    if !logarithm {
        page.line("  note: ratio: not estimable (a cell has no success); the differences stand");
    }
    few(page, keys, streams);
    let dropped = keys.get("dropped.streams").unwrap_or(0.0);
    if dropped > 0.0 {
        page.line(&format!(
            "  note: {} left out: not all four cells have rows there",
            counted(dropped, "stream")
        ));
    }
    page.line(&format!(
        "  limits: jackknife over streams, t; 95%; seed {}",
        options.seed
    ));
}

fn few(page: &mut Page, keys: &Keys, streams: f64) {
    if is_few(keys) {
        page.line(&format!(
            "  note: too few streams: {} of the {MINIMUM_STREAMS} that a verdict needs",
            whole(streams)
        ));
    }
}

pub(super) fn attempts(page: &mut Page, keys: &Keys) {
    page.line(&format!(
        "  {} in {}; at least once or always in k; -+ one standard error",
        counted(keys.get("tasks").unwrap_or(0.0), "task"),
        counted(keys.get("streams").unwrap_or(0.0), "stream")
    ));
    for k in [1, 2, 3, 4, 5, 8] {
        let of = |kind: &str| {
            let prefix = format!("pass_{kind}_{k}.");
            let mean = percent(keys.get(&format!("{prefix}mean")));
            let se = percent(keys.get(&format!("{prefix}se")));
            format!("{mean} -+ {se}")
        };
        let number = |part: &str| keys.get(&format!("pass_at_{k}.{part}")).unwrap_or(0.0);
        let (used, left_out) = (number("tasks"), number("left_out"));
        if used <= 0.0 {
            page.line(&format!(
                "  k = {k}  not estimable: no task has {k} attempts"
            ));
            continue;
        }
        let mut text = format!(
            "  k = {k}  once {}, always {}  ({}",
            of("at"),
            of("hat"),
            counted(used, "task")
        );
        if left_out > 0.0 {
            let _ = write!(text, ", {} too short", whole(left_out));
        }
        page.line(&format!("{text})"));
    }
}

pub(super) fn agreement(page: &mut Page, keys: &Keys) {
    page.line(&format!(
        "  {}{}",
        counted(keys.get("n").unwrap_or(0.0), "unit"),
        keys.get("labelled").map_or_else(String::new, |labelled| {
            format!(", {} with a known truth", whole(labelled))
        }),
    ));
    let value = |key: &str| match keys.get(key) {
        Some(value) => format!("{value:.3}"),
        None => "not estimable (ratings do not vary)".to_owned(),
    };
    for key in keys.as_map().keys() {
        if let Some(prefix) = key
            .strip_suffix("kappa")
            .filter(|_| key.starts_with("kappa."))
        {
            let limits = if keys.get(key).is_some() {
                format!(" {}", limits(keys, prefix, |v| format!("{v:.3}")))
            } else {
                String::new()
            };
            page.line(&format!(
                "  {}  {}{limits}; raw agreement {}",
                prefix.trim_end_matches('.'),
                value(key),
                percent(keys.get(&format!("{prefix}po"))),
            ));
        }
        if ["ac1.", "pabak.", "alpha.", "fleiss.complete"]
            .iter()
            .any(|start| key.starts_with(start))
        {
            page.line(&format!("  {key}  {}", value(key)));
        }
    }
    let Some(labelled) = keys.get("labelled") else {
        return;
    };
    page.blank();
    if keys.as_map().contains_key("rogan_gladen") {
        page.line(
            "  rate corrected for grader errors: not estimable (the labelled units have one truth \
             only, or the grader is no better than chance)",
        );
    } else {
        page.line(&format!(
            "  rate corrected for grader errors: {} [{}, {}]; seen {}, sensitivity {}, \
             specificity {}",
            percent(keys.get("rogan_gladen.est")),
            percent(keys.get("rogan_gladen.lo_lr")),
            percent(keys.get("rogan_gladen.hi_lr")),
            percent(keys.get("rogan_gladen.apparent")),
            percent(keys.get("rogan_gladen.se")),
            percent(keys.get("rogan_gladen.sp")),
        ));
    }
    if keys.get("ppi.tuned.lo") < keys.get("ppi.tuned.hi") {
        page.line(&format!(
            "  rate from labels and verdicts together (PPI++): {} {}",
            percent(keys.get("ppi.tuned.est")),
            limits(keys, "ppi.tuned.", |v| percent(Some(v))),
        ));
    }
    if labelled > 0.0 {
        page.line(&format!(
            "  rate among labelled units alone: {} {}",
            percent(keys.get("labelled_only.est")),
            limits(keys, "labelled_only.wilson.", |v| percent(Some(v))),
        ));
    }
}

pub(super) fn p_values(page: &mut Page, keys: &Keys) {
    page.line(&format!(
        "  {}; Holm for a set fixed in advance, Benjamini-Hochberg for a grid",
        counted(keys.get("claims").unwrap_or(0.0), "claim")
    ));
    let names = keys
        .as_map()
        .keys()
        .filter_map(|key| key.strip_prefix("holm."));
    let mut seen = BTreeSet::new();
    for name in names.filter(|name| seen.insert(*name)) {
        let of = |kind: &str| {
            let value = keys.get(&format!("{kind}.{name}"));
            value.map_or_else(|| plain(f64::NAN), p_value)
        };
        page.line(&format!("  {name}: Holm {}, BH {}", of("holm"), of("bh")));
    }
}
