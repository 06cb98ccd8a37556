//! A table of trials: which arms are compared, and on which streams.

use super::{
    Options,
    read::{Streams, complete},
    rows::{MEASURES, Trial, TrialTable},
    sheet::{Check, Fields, Seen, Sheet},
};

/// Names of arms that would make keys of two meanings.
const RESERVED: [&str; 22] = [
    "rd",
    "rr",
    "signflip",
    "wilcoxon",
    "verdict",
    "claim_p",
    "streams_needed",
    "boot",
    "ni",
    "diff",
    "ratio",
    "geo_ratio",
    "hodges_lehmann",
    "cliffs_delta_streams",
    "diff_per_session",
    "breakeven",
    "icer",
    "auc_diff",
    "slope_diff",
    "tau",
    "rmst_diff",
    "logrank_naive",
];

/// Reads the rows of both arms; `None` if it is not clear which those are.
pub(super) fn trials(
    check: &mut Check<'_>,
    sheet: &Sheet,
    options: &Options,
) -> Option<TrialTable> {
    let mut arms = Vec::new();
    for row in &sheet.rows {
        let arm = Fields::of(sheet, row).text("arm").to_owned();
        if !arm.is_empty() && !arms.contains(&arm) {
            arms.push(arm);
        }
    }
    let compared = compared(check, sheet, &arms, options);
    let (mut streams, mut seen) = (Streams::default(), Seen::default());
    let mut rows = Vec::new();
    for row in &sheet.rows {
        let fields = Fields::of(sheet, row);
        let place = streams.of(check, &fields);
        let arm = fields.name(check, "arm");
        let success = fields.outcome(check, "success");
        let measures = MEASURES.map(|name| {
            sheet.column(name)?;
            fields.amount(check, name)
        });
        seen.is_new(check, &fields, &["stream", "session", "rep", "arm"]);
        if let (Some(place), Some(arm), Some(success)) = (place, arm, success) {
            rows.push((place, arm, success, measures));
        }
    }
    let (base, treat) = compared?;
    let all = rows.len();
    let mut present = vec![[false; 2]; streams.1.len()];
    let mut kept = Vec::new();
    for (place, arm, success, measures) in rows {
        let treated = arm == treat;
        if treated || arm == base {
            present[place.stream][usize::from(treated)] = true;
            kept.push(Trial {
                place,
                treated,
                success,
                measures,
            });
        }
    }
    let other_rows = all - kept.len();
    let (places, dropped) = complete(&present, &streams.1);
    let compared_rows = kept.len();
    let rows = kept
        .into_iter()
        .filter_map(|mut row| {
            row.place.stream = places[row.place.stream]?;
            Some(row)
        })
        .collect::<Vec<_>>();
    if rows.is_empty() && check.problems.is_empty() {
        check.whole(
            format!("no stream has rows of both `{base}` and `{treat}`"),
            "arms are compared inside a stream: give both the same stream names",
        );
    }
    Some(TrialTable {
        streams: places.iter().flatten().count(),
        dropped_rows: compared_rows - rows.len(),
        base,
        treat,
        rows,
        dropped,
        other_rows,
    })
}

/// Which arms are compared: those that are asked for, or `none` and the only other one.
fn compared(
    check: &mut Check<'_>,
    sheet: &Sheet,
    arms: &[String],
    options: &Options,
) -> Option<(String, String)> {
    let listed = format!("arms of the file: `{}`", arms.join("`, `"));
    let mut found = true;
    for wanted in [&options.base, &options.treat].into_iter().flatten() {
        if !arms.contains(wanted) {
            check.whole(format!("no arm `{wanted}`"), listed.clone());
            found = false;
        }
    }
    let other = |one: &str| {
        let mut others = arms.iter().filter(|arm| *arm != one);
        others.next().filter(|_| others.next().is_none()).cloned()
    };
    let (base, treat) = match (&options.base, &options.treat) {
        (Some(base), Some(treat)) => (Some(base.clone()), Some(treat.clone())),
        (Some(base), None) => (Some(base.clone()), other(base)),
        (None, Some(treat)) => (other(treat), Some(treat.clone())),
        (None, None) => {
            let none = arms.iter().find(|arm| *arm == "none").cloned();
            (none, other("none"))
        }
    };
    match (base, treat) {
        _ if !found => None,
        (Some(base), Some(treat)) if base == treat => {
            check.whole(format!("arm `{base}` is compared with itself"), listed);
            None
        }
        (Some(base), Some(treat)) => {
            for arm in [&base, &treat] {
                if RESERVED.contains(&arm.split('.').next().unwrap_or(arm)) {
                    check.whole(
                        format!("arm `{arm}` has the name of a result"),
                        "give the arm another name in the file",
                    );
                }
            }
            Some((base, treat))
        }
        (None, _) | (_, None) => {
            check.at(
                &sheet.head,
                "it is not clear which arms to compare",
                format!("give `--base ARM --treat ARM`; {listed}"),
            );
            None
        }
    }
}
