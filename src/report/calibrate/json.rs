//! A calibration as JSON.

use serde_json::{Value, json};

use super::name;
use crate::{
    analyse::calibrate::{ArmAnswer, Calibration, Correction, PairAnswer, Share},
    record::Manifest,
    stats::Interval,
};

fn method(correction: Correction) -> &'static str {
    match correction {
        Correction::Powered { .. } => "ppi_plus_plus",
        Correction::RoganGladen { pooled: false } => "rogan_gladen",
        Correction::RoganGladen { pooled: true } => "rogan_gladen_pooled_errors",
        Correction::None => "none",
    }
}

fn finite(value: f64) -> Value {
    if value.is_infinite() {
        json!(if value > 0.0 { "inf" } else { "-inf" })
    } else {
        json!(value)
    }
}

fn interval_json(interval: Option<Interval>) -> Value {
    interval.map_or(Value::Null, |interval| {
        json!({
            "lower": finite(interval.lower()),
            "upper": finite(interval.upper()),
            "method": interval.method().as_str(),
        })
    })
}

fn share_json(share: &Share) -> Value {
    json!({
        "met": share.met,
        "of": share.of,
        "value": share.value(),
        "interval": interval_json(share.interval),
    })
}

fn arm_json(manifest: &Manifest, arm: &ArmAnswer) -> Value {
    json!({
        "arm": name(manifest, arm.arm),
        "labels": arm.labels,
        "sensitivity": share_json(&arm.sensitivity),
        "specificity": share_json(&arm.specificity),
        "grader": arm.seen,
        "corrected": arm.corrected,
        "interval": interval_json(arm.interval),
        "method": method(arm.correction),
        "weight": match arm.correction {
            Correction::Powered { weight } => Some(weight),
            Correction::RoganGladen { .. } | Correction::None => None,
        },
    })
}

fn pair_json(manifest: &Manifest, pair: &PairAnswer) -> Value {
    let needs: Vec<Value> = pair
        .holds
        .iter()
        .map(|holds| {
            json!({
                "arm": name(manifest, holds.arm),
                "ratio": holds.ratio,
                "least_specificity": holds.least,
            })
        })
        .collect();
    json!({
        "base": name(manifest, pair.base),
        "treat": name(manifest, pair.treat),
        "scenarios": pair.scenarios,
        "grader_difference": pair.seen_difference,
        "grader_ratio": pair.seen_ratio,
        "difference": pair.difference,
        "difference_interval": interval_json(pair.difference_interval),
        "ratio": pair.ratio,
        "ratio_interval": interval_json(pair.ratio_interval),
        "ranking": pair.ranking.as_str(),
        "reason": pair.ranking.why(),
        "needs": needs,
    })
}

/// The calibration as JSON: shares and their differences between 0 and 1.
pub fn json(manifest: &Manifest, found: &Calibration) -> Value {
    let agreement = found.agreement.as_ref().map(|found| {
        json!({
            "tasks": found.units,
            "agreed": found.agreed,
            "kappa": found.kappa,
            "kappa_interval": interval_json(found.interval),
            "ac1": found.ac1,
            "prevalence_people": found.people,
            "prevalence_grader": found.grader,
            "alpha": found.alpha,
            "tasks_rated_twice": found.rated_twice,
        })
    });
    let arms: Vec<Value> = found
        .arms
        .iter()
        .map(|arm| arm_json(manifest, arm))
        .collect();
    let pairs: Vec<Value> = found
        .pairs
        .iter()
        .map(|pair| pair_json(manifest, pair))
        .collect();
    json!({
        "labels": found.labels,
        "tasks": found.units,
        "tied": found.tied,
        "drawn": found.drawn,
        "sampled": found.sampled,
        "raters": found.raters,
        "agreement": agreement,
        "arms": arms,
        "pairs": pairs,
        "plan_digest": manifest.plan_digest,
        "seed": manifest.seed,
        "version": manifest.version,
        "backend": manifest.backend,
        "evidence_about_a_product": !manifest.is_reference(),
    })
}
