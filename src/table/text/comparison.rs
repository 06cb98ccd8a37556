//! Two arms: rates, difference, ratio, claims, and what to be careful about.

use std::fmt::Write as _;

use super::{
    Page,
    numbers::{counted, limits, p_value, percent, points, times, whole},
};
use crate::{
    stats::{exact, verdict::MINIMUM_STREAMS},
    table::{Keys, Options},
};

/// Below this many streams, the smallest p-value that is possible is shown.
const FEW_STREAMS: f64 = 8.0;

/// What the names of the keys of a comparison begin with.
pub(super) struct Names<'a> {
    pub(super) prefix: &'a str,
    pub(super) base: String,
    pub(super) treat: String,
    pub(super) base_label: &'a str,
    pub(super) treat_label: &'a str,
}

pub(super) fn paired(page: &mut Page, keys: &Keys, options: &Options) {
    let names = Names {
        prefix: "",
        base: "p_base.".to_owned(),
        treat: "p_treat.".to_owned(),
        base_label: "base",
        treat_label: "treat",
    };
    let rows = keys.get("n").unwrap_or(0.0);
    let counts = [keys.get("x_base"), keys.get("x_treat")].map(|x| (x.unwrap_or(0.0), rows));
    effects(page, keys, &names, counts);
    page.entry(
        "paired rows",
        &format!(
            "{} better, {} worse of {}; McNemar mid-p {} if rows were independent",
            whole(keys.get("table.b").unwrap_or(0.0)),
            whole(keys.get("table.c").unwrap_or(0.0)),
            whole(rows),
            p_value(keys.get("naive.mcnemar.midp").unwrap_or(1.0)),
        ),
    );
    claims(page, keys, names.prefix, options);
    cautions(page, keys, names.prefix);
}

/// Rates, difference, ratio and tests; counts are successes and rows, base first.
pub(super) fn effects(page: &mut Page, keys: &Keys, names: &Names<'_>, counts: [(f64, f64); 2]) {
    let prefix = names.prefix;
    let own = |key: &str| keys.get(&format!("{prefix}{key}"));
    let streams = keys.get("streams").unwrap_or(0.0);
    let rate = |arm: &str| {
        format!(
            "{} {}",
            percent(keys.get(&format!("{arm}est"))),
            limits(keys, &format!("{arm}cluster_wilson."), |v| format!(
                "{:.1}",
                100.0 * v
            )),
        )
    };
    page.entry(
        "completion",
        &format!(
            "{} {} vs {} {}",
            names.treat_label,
            rate(&names.treat),
            names.base_label,
            rate(&names.base),
        ),
    );
    let deff = keys.get(&format!("{}cluster_wilson.deff", names.treat));
    page.entry(
        "",
        &format!(
            "({}, {}, {}{}; 95%, not adjusted for other comparisons, \
             no correction for grader errors)",
            counted(streams, "stream"),
            counted(keys.get("sessions").unwrap_or(0.0), "session"),
            counted(keys.get("repetitions.max").unwrap_or(0.0), "repetition"),
            deff.map_or_else(String::new, |deff| format!(", deff {deff:.1}")),
        ),
    );
    let difference = own("rd.est").map_or_else(|| "-".to_owned(), points);
    page.entry(
        "difference",
        &format!(
            "{difference} points {} ({})",
            limits(keys, &format!("{prefix}rd."), points),
            method(keys, &format!("{prefix}rd."), streams),
        ),
    );
    page.entry("ratio", &ratio(keys, prefix, counts, streams));
    let mut flip = format!(
        "p {} ({})",
        own("signflip.p").map_or_else(|| "-".to_owned(), p_value),
        if keys.as_word(&format!("{prefix}signflip.method")) == Some("exact") {
            "exact"
        } else {
            "by random sign patterns"
        },
    );
    if streams < FEW_STREAMS {
        let _ = write!(
            flip,
            "; {} cannot give less than {}",
            counted(streams, "stream"),
            p_value(exact::attainable_minimum_p(keys.as_count("streams"))),
        );
    }
    page.entry("sign flip", &flip);
    if own("boot.rd.bca_lo").is_some() && !keys.is_set(&format!("{prefix}rd.degenerate")) {
        page.entry(
            "bootstrap",
            &format!(
                "difference {}, ratio {} (second opinion, never the judge)",
                limits(keys, &format!("{prefix}boot.rd.bca_"), points),
                limits(keys, &format!("{prefix}boot.rr.bca_"), times),
            ),
        );
    }
}

/// How an interval was obtained.
fn method(keys: &Keys, prefix: &str, streams: f64) -> String {
    match keys.as_word(&format!("{prefix}method")) {
        Some("cv3_t") => format!("jackknife, t{}", streams - 1.0),
        Some("cv3_log_t") => format!("log-jackknife, t{}", streams - 1.0),
        Some("tango_on_stream_signs") => "all streams agree: Tango on signs of streams".to_owned(),
        Some("bonferroni_cp") => "conservative: two exact limits".to_owned(),
        _ if streams < 2.0 => "one stream says nothing about others".to_owned(),
        _ => "not estimable".to_owned(),
    }
}

fn ratio(keys: &Keys, prefix: &str, counts: [(f64, f64); 2], streams: f64) -> String {
    let own = |key: &str| keys.get(&format!("{prefix}rr.{key}"));
    let [(base, of_base), (treat, of_treat)] = counts;
    let reason = if base <= 0.0 && treat <= 0.0 {
        format!("both arms 0 of {}", whole(of_base.max(of_treat)))
    } else if base <= 0.0 {
        format!("baseline 0 of {}", whole(of_base))
    } else {
        let estimate = own("est").map_or_else(|| "-".to_owned(), times);
        return format!(
            "{estimate} {} ({})",
            limits(keys, &format!("{prefix}rr."), times),
            method(keys, &format!("{prefix}rr."), streams),
        );
    };
    let lower = match own("lo") {
        Some(lower) if lower > 0.0 => format!("; at least {} (conservative)", times(lower)),
        Some(_) => "; nothing is excluded".to_owned(),
        None => String::new(),
    };
    let difference = keys.get(&format!("{prefix}rd.est"));
    format!(
        "not estimable ({reason}){lower}, no upper limit; difference {} points {}",
        difference.map_or_else(|| "-".to_owned(), points),
        limits(keys, &format!("{prefix}rd."), points),
    )
}

/// Whether there are fewer streams than a verdict needs.
pub(super) fn is_few(keys: &Keys) -> bool {
    keys.as_count("streams") < MINIMUM_STREAMS
}

pub(super) fn claims(page: &mut Page, keys: &Keys, prefix: &str, options: &Options) {
    page.blank();
    let verdict = |name: &str| {
        let verdict = keys.as_word(&format!("{prefix}verdict.{name}"));
        verdict.unwrap_or("inconclusive").to_uppercase()
    };
    page.line(&format!(
        "  claim \"better at all\": {}",
        verdict("direction")
    ));
    let few = is_few(keys);
    let (lower, upper) = (
        keys.get(&format!("{prefix}rr.lo")),
        keys.get(&format!("{prefix}rr.hi")),
    );
    for (name, value) in [("rr_ge_2", 2.0), ("rr_ge_6", 6.0)] {
        let mut text = format!("  claim \"at least {value}x\": {}", verdict(name));
        if few {
            text.push_str(" - too few streams");
        } else if let (Some(lower), Some(upper)) = (lower, upper) {
            if lower > 0.0 {
                let _ = write!(text, " - at least {} established", times(lower));
            } else {
                text.push_str(" - no lower limit established");
            }
            let inside = if (lower..=upper).contains(&value) {
                "inside"
            } else {
                "outside"
            };
            let _ = write!(text, ", {value}x is {inside} the interval");
        }
        let needed = keys.get(&format!("{prefix}streams_needed.{name}"));
        let estimate = keys.get(&format!("{prefix}rr.est"));
        if let (Some(needed), Some(estimate), "INCONCLUSIVE") =
            (needed, estimate, verdict(name).as_str())
            && !few
        {
            if needed.is_finite() {
                let _ = write!(
                    text,
                    "; about {} needed if {} is the truth",
                    counted(needed, "stream"),
                    times(estimate)
                );
            } else {
                text.push_str("; no number of streams decides it if the estimate is the truth");
            }
        }
        page.line(&text);
    }
    for margin in &options.margins {
        let pass = keys.is_set(&format!("{prefix}ni.margin_{margin}.pass_fixed"));
        page.line(&format!(
            "  claim \"no loss of more than {} points\": {} (looking once)",
            (1000.0 * margin).round() / 10.0,
            if pass { "SUPPORTED" } else { "NOT SHOWN" },
        ));
    }
}

pub(super) fn cautions(page: &mut Page, keys: &Keys, prefix: &str) {
    let streams = keys.get("streams").unwrap_or(0.0);
    let mut first = true;
    let mut caution = |text: String| {
        if std::mem::take(&mut first) {
            page.blank();
        }
        page.line(&format!("  note: {text}"));
    };
    if is_few(keys) {
        caution(format!(
            "too few streams: {} of the {MINIMUM_STREAMS} that a verdict needs, so every claim is \
             inconclusive",
            whole(streams),
        ));
    }
    let dropped = keys.get("dropped.streams").unwrap_or(0.0);
    if dropped > 0.0 {
        caution(format!(
            "{} with {} left out: only one of both arms has rows there",
            counted(dropped, "stream"),
            counted(keys.get("dropped.rows").unwrap_or(0.0), "row"),
        ));
    }
    let others = keys.get("dropped.rows_of_other_arms").unwrap_or(0.0);
    if others > 0.0 {
        caution(format!(
            "{} of other arms not compared",
            counted(others, "row")
        ));
    }
    if keys.is_set(&format!("{prefix}rd.degenerate")) {
        caution("all streams agree, so their spread says nothing".to_owned());
    }
    let share = keys.get("largest_stream_share").unwrap_or(0.0);
    if keys.is_set("sizes_differ") {
        let weighted = keys.get(&format!("{prefix}rd.stream_weighted"));
        caution(format!(
            "streams differ in size, the largest has {} of the rows; with every stream counted \
             once the difference is {} points",
            percent(Some(share)),
            weighted.map_or_else(|| "-".to_owned(), points),
        ));
    }
    let (least, most) = (keys.get("repetitions.min"), keys.get("repetitions.max"));
    if let (Some(least), Some(most)) = (least, most)
        && least < most
    {
        caution(format!(
            "sessions have {} to {} repetitions",
            whole(least),
            whole(most)
        ));
    }
    let undefined = keys.get(&format!("{prefix}boot.rr.undefined_frac"));
    if let Some(undefined) = undefined.filter(|share| *share > 0.0) {
        caution(format!(
            "the ratio does not exist in {} of the resamples",
            percent(Some(undefined))
        ));
    }
}
