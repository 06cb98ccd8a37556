//! A table of trials: the comparison, then measures, money and sessions.

use std::fmt::Write as _;

use super::{
    Page,
    comparison::{Names, cautions, claims, effects},
    numbers::{counted, limits, plain, points, times, whole},
};
use crate::table::{Keys, Options, Summary};

pub(super) fn trials(page: &mut Page, summary: &Summary, options: &Options) {
    let (keys, (base, treat)) = (&summary.keys, &summary.arms);
    let names = Names {
        prefix: "success.",
        base: format!("success.{base}."),
        treat: format!("success.{treat}."),
        base_label: base,
        treat_label: treat,
    };
    let counts = [&names.base, &names.treat].map(|prefix| {
        let number = |part: &str| keys.get(&format!("{prefix}{part}")).unwrap_or(0.0);
        (number("x"), number("n"))
    });
    effects(page, keys, &names, counts);
    for measure in ["clarifications", "minutes", "tokens_out", "hours"] {
        let mean = |arm: &str| keys.get(&format!("{measure}.{arm}.mean"));
        if let (Some(of_base), Some(of_treat)) = (mean(base), mean(treat)) {
            let mut text = format!(
                "{} vs {} a row; difference {} {}; ",
                plain(of_treat),
                plain(of_base),
                plain(of_treat - of_base),
                limits(keys, &format!("{measure}.diff."), plain),
            );
            text.push_str(&ratio_of_means(keys, measure));
            if let Some(typical) = keys.get(&format!("{measure}.geo_ratio.est")) {
                let limits = limits(keys, &format!("{measure}.geo_ratio."), times);
                let _ = write!(text, "; of geometric means {} {limits}", times(typical));
            }
            page.entry(measure, &text);
        }
    }
    cost(page, keys, base, treat);
    if let Some(area) = keys.get("curve.auc_diff.est") {
        page.entry(
            "by session",
            &format!(
                "mean rate along the curve {} points {}",
                points(area),
                limits(keys, "curve.auc_diff.", points),
            ),
        );
    }
    if let Some(mean) = keys.get("survival.rmst_diff.est") {
        page.entry(
            "first clean",
            &format!(
                "sessions until one succeeds without a question: difference {} {}",
                plain(mean),
                limits(keys, "survival.rmst_diff.", plain),
            ),
        );
    }
    claims(page, keys, names.prefix, options);
    cautions(page, keys, names.prefix);
}

/// A ratio of means with its interval, or why there is none.
fn ratio_of_means(keys: &Keys, measure: &str) -> String {
    let prefix = format!("{measure}.ratio.");
    match keys.get(&format!("{prefix}est")) {
        Some(ratio) if keys.get(&format!("{prefix}lo")).is_some() => {
            format!("ratio {} {}", times(ratio), limits(keys, &prefix, times))
        }
        _ => "ratio: not estimable (an arm is zero in all streams but one, or streams do not \
              differ)"
            .to_owned(),
    }
}

fn cost(page: &mut Page, keys: &Keys, base: &str, treat: &str) {
    let usd = |arm: &str, unit: &str| keys.get(&format!("cost.{arm}.usd_per_{unit}"));
    let unit = "session_amortised";
    let (Some(of_base), Some(of_treat)) = (usd(base, unit), usd(treat, unit)) else {
        return;
    };
    let money = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("${v:.3}"));
    page.entry(
        "cost",
        &format!(
            "${of_treat:.3} vs ${of_base:.3} a session, {} vs {} a completion, outlay included",
            money(usd(treat, "completion_amortised")),
            money(usd(base, "completion_amortised")),
        ),
    );
    let even = keys.get("cost.breakeven.one_off");
    let text = match even {
        Some(even) if even.is_finite() => format!(
            "one outlay is saved after {} {}",
            counted(even, "session"),
            limits(keys, "cost.breakeven.one_off_", |n| whole(n.ceil())),
        ),
        _ => "one outlay is never saved: a session does not cost less".to_owned(),
    };
    page.entry("", &format!("break-even: {text}"));
    if let Some(extra) = keys.get("cost.icer.est") {
        let text = if keys.as_word("cost.icer.fieller.kind") == Some("interval") {
            format!(
                "${extra:.3} {}",
                limits(keys, "cost.icer.fieller.", |v| format!("${v:.3}"))
            )
        } else {
            "not estimable (the gain in completions may be zero)".to_owned()
        };
        page.entry("", &format!("per extra completion: {text}"));
    }
}
