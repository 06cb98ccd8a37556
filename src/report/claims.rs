//! Judged claims in words: for a terminal, for the page, as rows.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    terminal::wrapped,
    words::{self, count, percent, plain},
};
use crate::{
    analyse::{
        Group,
        claim::{Claim, Contrast, Facts, Form, Judged, Judgement, On},
    },
    record::Manifest,
    stats::verdict::{MINIMUM_STREAMS, Reason, StreamsNeeded, Verdict},
};

/// The sentence that goes with every claim that is judged on the reference backend.
pub(super) const NO_EVIDENCE: &str =
    "Judged on the reference agent: no evidence about any product.";

/// Above this many scenarios "how many would decide" is said to be out of reach.
const OUT_OF_REACH: u64 = 1_000_000;

/// The verdict on a claim; a claim on arms that the run lacks was not tested.
pub(super) fn verdict_of(judged: &Judged) -> String {
    if judged.missing.is_some() {
        "not tested".to_owned()
    } else {
        verdict(judged.verdict)
    }
}

/// "supported", "refuted", "inconclusive: too few scenarios".
fn verdict(verdict: Verdict) -> String {
    match verdict.reason() {
        None => verdict.as_str().to_owned(),
        Some(Reason::TooFewStreams) => "inconclusive: too few scenarios".to_owned(),
        Some(Reason::NotEstimable) => "inconclusive: not estimable".to_owned(),
        Some(_) => "inconclusive".to_owned(),
    }
}

/// A value on the claim's scale: `3.83x`, `+10.1 points`, `-0.0016`.
fn amount(claim: &Claim, value: f64) -> String {
    match claim.on {
        On::Ratio if value.is_infinite() => "infinitely many times".to_owned(),
        On::Ratio => format!("{value:.2}x"),
        On::Difference if claim.metric.more_is_better() => {
            format!("{} points", words::points(value))
        }
        On::Difference => words::signed(claim.metric, value),
    }
}

/// A claimed value, as the file gives it.
fn claimed(claim: &Claim, value: f64) -> String {
    match claim.on {
        On::Ratio => format!("{}x", plain(value)),
        On::Difference if claim.metric.more_is_better() => {
            format!("{} points", plain(value))
        }
        On::Difference => plain(value),
    }
}

/// What the claim says, in the words of the trial.
pub(super) fn statement(claim: &Claim) -> String {
    let over = match claim.group {
        Group::All => "all scenarios".to_owned(),
        group @ (Group::Domain(_) | Group::Construct(_)) => format!("{group} scenarios"),
    };
    let contrast = match &claim.contrast {
        Contrast::Arms { base, treat } => format!("`{treat}` against `{base}`"),
        Contrast::Dreaming => "main effect of dreaming".to_owned(),
        Contrast::Outcomes => "main effect of outcomes".to_owned(),
    };
    let form = match claim.form {
        Form::AtLeast(value) => format!("at least {}", claimed(claim, value)),
        Form::AtMost(value) => format!("at most {}", claimed(claim, value)),
        Form::About { value, factor } => {
            format!(
                "about {}, up to a factor of {factor}",
                claimed(claim, value)
            )
        }
        Form::More => "more".to_owned(),
        Form::Less => "less".to_owned(),
    };
    format!("{}, {over}, {contrast}: {form}", claim.metric.label())
}

fn found(claim: &Claim, facts: &Facts) -> String {
    let Some(estimate) = facts.estimate else {
        return "not estimable".to_owned();
    };
    let mut text = amount(claim, estimate);
    if let Some(interval) = facts.interval {
        let upper = if interval.upper().is_finite() {
            format!("to {}", amount(claim, interval.upper()))
        } else {
            "and no upper limit".to_owned()
        };
        let _ = write!(text, " ({} {upper})", amount(claim, interval.lower()));
    }
    if let Some((Some(base), Some(treat))) = facts.values {
        let _ = write!(
            text,
            ", from {} to {}",
            words::value(claim.metric, base),
            words::value(claim.metric, treat)
        );
    }
    let _ = write!(text, ", over {}", count(facts.scenarios as u64, "scenario"));
    text
}

/// What the interval establishes on the side of the claim.
fn established(claim: &Claim, facts: &Facts) -> Option<String> {
    let interval = facts
        .interval
        .filter(|_| facts.scenarios >= MINIMUM_STREAMS)?;
    let (lower, upper) = (interval.lower(), interval.upper());
    let at_least = || format!("at least {}", amount(claim, lower));
    let at_most = || {
        if upper.is_finite() {
            format!("at most {}", amount(claim, upper))
        } else {
            "no upper limit".to_owned()
        }
    };
    Some(match claim.form {
        Form::AtLeast(_) | Form::More => at_least(),
        Form::AtMost(_) | Form::Less => at_most(),
        Form::About { .. } => format!("{}, {}", at_least(), at_most()),
    })
}

fn to_decide(judged: &Judged, facts: &Facts) -> Option<String> {
    Some(match judged.needed? {
        StreamsNeeded::Never => {
            "no number of scenarios would decide if the truth is the estimate".to_owned()
        }
        StreamsNeeded::Streams(streams) if streams > OUT_OF_REACH => {
            "more than a million scenarios if the truth is the estimate".to_owned()
        }
        StreamsNeeded::Streams(streams) => {
            let more = streams.saturating_sub(facts.scenarios as u64);
            if more == 0 {
                "as many scenarios again, at 80% power".to_owned()
            } else {
                format!(
                    "about {} if the truth is the estimate (80% power)",
                    count(more, "more scenario")
                )
            }
        }
    })
}

/// The lines of a claim: a label and a text.
pub(super) fn lines(
    judged: &Judged,
    registered: bool,
    family: usize,
) -> Vec<(&'static str, String)> {
    let claim = &judged.claim;
    let mut lines = vec![("claim", statement(claim))];
    match (&judged.facts, &judged.missing) {
        (Some(facts), _) => {
            lines.push(("found", found(claim, facts)));
            let established = established(claim, facts);
            lines.extend(established.map(|text| ("established", text)));
            if let (Some(inside), Some(value)) = (judged.inside, claim.value()) {
                let side = if inside { "inside" } else { "outside" };
                let text = format!("{} lies {side} the interval", claimed(claim, value));
                lines.push(("claimed value", text));
            }
            let more = if judged.wants_more { "more" } else { "less" };
            let difference = facts.difference.map_or_else(String::new, |interval| {
                let one = |value: f64| {
                    if claim.metric.more_is_better() {
                        format!("{} points", words::points(value))
                    } else {
                        words::signed(claim.metric, value)
                    }
                };
                format!(
                    " (difference {} to {})",
                    one(interval.lower()),
                    one(interval.upper())
                )
            });
            let text = format!("{more}: {}{difference}", verdict(judged.direction));
            lines.push(("direction alone", text));
            if let (Some(ceiling), Some((Some(base), _))) = (judged.ceiling, facts.values) {
                let text = format!(
                    "a base of {} leaves room for {} at most, so this claim cannot hold on these scenarios",
                    percent(base),
                    amount(claim, ceiling)
                );
                lines.push(("ceiling", text));
            }
            let needed = to_decide(judged, facts);
            lines.extend(needed.map(|text| ("to decide", text)));
        }
        (None, why) => lines.push(("found", why.clone().unwrap_or_default())),
    }
    if let Some(adjusted) = judged.adjusted {
        let (method, kind) = if registered {
            ("Holm", "registered")
        } else {
            ("Benjamini-Hochberg", "exploratory")
        };
        lines.push((
            "one-sided p",
            format!(
                "{}; {} by {method} over {} {kind} claims",
                words::p_value(adjusted.p),
                words::p_value(adjusted.adjusted),
                family
            ),
        ));
    }
    lines.extend(claim.note.clone().map(|note| ("note", note)));
    lines
}

/// How many claims are adjusted together.
pub(super) fn family(judgement: &Judgement) -> usize {
    let claims = judgement.claims.iter();
    claims.filter(|judged| judged.adjusted.is_some()).count()
}

/// Where a file's claims stand in time.
pub(super) fn standing(judgement: &Judgement) -> String {
    let digest = &judgement.digest[..12];
    if judgement.registered {
        format!("Registered before the run (digest {digest}).")
    } else {
        format!(
            "Exploratory: not registered before the run (digest {digest}), so a verdict here is a hint for the next run."
        )
    }
}

/// The claims for a terminal.
pub fn text(manifest: &Manifest, judgement: &Judgement) -> String {
    let mut text = String::new();
    let family = family(judgement);
    text.push_str(&wrapped(&standing(judgement), "", ""));
    for judged in &judgement.claims {
        let heading = format!(
            "{}: {}",
            judged.claim.name,
            verdict_of(judged).to_uppercase()
        );
        let _ = write!(text, "\n{}", wrapped(&heading, "", ""));
        let source = judged.claim.source.as_ref();
        let says = source.map_or_else(
            || judged.claim.says.clone(),
            |source| format!("{} ({source})", judged.claim.says),
        );
        text.push_str(&wrapped(&says, "  ", "  "));
        for (label, line) in lines(judged, judgement.registered, family) {
            let first = format!("  {label:<16}");
            text.push_str(&wrapped(&line, &first, &" ".repeat(18)));
        }
        if manifest.is_reference() {
            text.push_str(&wrapped(NO_EVIDENCE, "  ", "  "));
        }
    }
    let _ = write!(
        text,
        "\n{}",
        wrapped(
            &(words::evidence(manifest) + ", 95% intervals by scenario."),
            "",
            ""
        )
    );
    text
}

fn finite(value: Option<f64>) -> Value {
    match value {
        Some(value) if value.is_infinite() => json!(if value > 0.0 { "inf" } else { "-inf" }),
        Some(value) if value.is_finite() => json!(value),
        Some(_) | None => Value::Null,
    }
}

/// The claims as JSON: shares and their differences between 0 and 1, `"inf"` for infinity.
pub fn json(manifest: &Manifest, judgement: &Judgement) -> Value {
    let claims: Vec<Value> = judgement
        .claims
        .iter()
        .map(|judged| {
            let facts = judged.facts.clone().unwrap_or_default();
            let (base, treat) = facts.values.unwrap_or_default();
            json!({
                "name": judged.claim.name,
                "metric": judged.claim.metric.as_str(),
                "group": judged.claim.group.to_string(),
                "scale": match judged.claim.on { On::Ratio => "ratio", On::Difference => "difference" },
                "claimed": judged.claim.value(),
                "verdict": if judged.missing.is_some() { "not_tested" } else { judged.verdict.as_str() },
                "reason": judged.verdict.reason().filter(|_| judged.missing.is_none()).map(Reason::as_str),
                "direction": judged.direction.as_str(),
                "estimate": finite(facts.estimate),
                "lower": finite(facts.interval.map(|interval| interval.lower())),
                "upper": finite(facts.interval.map(|interval| interval.upper())),
                "method": facts.method,
                "scenarios": facts.scenarios,
                "base_value": finite(base),
                "treat_value": finite(treat),
                "claimed_value_inside": judged.inside,
                "ceiling": judged.ceiling,
                "scenarios_needed": finite(judged.needed.map(StreamsNeeded::as_f64)),
                "p": judged.adjusted.map(|adjusted| adjusted.p),
                "p_adjusted": judged.adjusted.map(|adjusted| adjusted.adjusted),
                "missing": judged.missing,
            })
        })
        .collect();
    json!({
        "registered": judgement.registered,
        "adjustment": if judgement.registered { "holm" } else { "benjamini_hochberg" },
        "claims_digest": judgement.digest,
        "plan_digest": manifest.plan_digest,
        "seed": manifest.seed,
        "version": manifest.version,
        "backend": manifest.backend,
        "evidence_about_a_product": !manifest.is_reference(),
        "claims": claims,
    })
}
