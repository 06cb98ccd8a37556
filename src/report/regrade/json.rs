//! Gradings as JSON.

use serde_json::{Value, json};

use super::{About, name, variance::stage_name};
use crate::{
    analyse::{
        Estimate,
        regrade::{ArmComponents, Regrading},
    },
    ident::CriterionId,
    record::Manifest,
    stats::components::Separation,
};

fn estimate(estimate: &Estimate) -> Value {
    json!({
        "value": estimate.value,
        "lower": estimate.interval.map(|limits| limits.0),
        "upper": estimate.interval.map(|limits| limits.1),
        "method": estimate.method,
        "caution": estimate.caution.map(|caution| caution.to_string()),
    })
}

fn components(manifest: &Manifest, arm: &ArmComponents) -> Value {
    let memory = manifest.arms[arm.arm].memory;
    let levels: Vec<Value> = arm
        .components
        .components
        .iter()
        .map(|one| {
            let mixed = match one.separation {
                Separation::Alone => None,
                Separation::MixedWith(stage) => Some(stage_name(stage, memory)),
                Separation::MixedWithCells => Some("tasks"),
            };
            json!({
                "level": stage_name(one.stage, memory),
                "variance": one.variance,
                "lower": one.interval.map(|interval| interval.lower()),
                "upper": one.interval.map(|interval| interval.upper()),
                "method": one.interval.map(|interval| interval.method().as_str()),
                "share": arm.components.share(one.stage),
                "degrees_of_freedom": one.degrees,
                "was_negative": one.was_negative,
                "mixed_with": mixed,
            })
        })
        .collect();
    json!({
        "arm": name(manifest, arm.arm),
        "levels": levels,
        "tasks": arm.components.cells,
        "scenarios": arm.components.streams,
        "values": arm.components.values,
    })
}

fn criteria(found: &Regrading) -> Vec<Value> {
    found
        .by_criterion
        .iter()
        .map(|one| {
            let flips = found.flips.by_criterion.get(&one.criterion);
            json!({
                "criterion": one.criterion.as_str(),
                "judged": one.judged,
                "agreed": one.agreed,
                "kappa": one.kappa,
                "flip_pairs": flips.map(|flips| flips.pairs),
                "flips": flips.map(|flips| flips.different),
            })
        })
        .collect()
}

fn turned(manifest: &Manifest, found: &Regrading) -> Vec<Value> {
    found
        .turned
        .iter()
        .map(|one| {
            let criteria: Vec<&str> = one.criteria.iter().map(CriterionId::as_str).collect();
            json!({
                "rerun": one.rerun,
                "repetition": one.unit.repetition,
                "scenario": manifest.scenarios[one.unit.scenario].id.as_str(),
                "session": one.unit.session,
                "task": one.unit.task + 1,
                "arm": name(manifest, one.unit.arm),
                "recorded": one.was_completed,
                "against": one.against,
                "gradings": one.of,
                "criteria": criteria,
            })
        })
        .collect()
}

/// The gradings as JSON: shares and their differences between 0 and 1.
pub fn json(manifest: &Manifest, about: &About, found: &Regrading) -> Value {
    let counts = &found.counts;
    let agreement = found.agreement.as_ref().map(|one| {
        json!({
            "gradings": one.gradings,
            "agreed": one.agreed,
            "share": estimate(&one.share),
            "kappa": one.kappa,
        })
    });
    let arms: Vec<Value> = found
        .arms
        .iter()
        .map(|arm| {
            json!({
                "arm": name(manifest, arm.arm),
                "tasks": arm.tasks,
                "recorded": estimate(&arm.recorded),
                "regraded": estimate(&arm.regraded),
            })
        })
        .collect();
    let differences: Vec<Value> = found
        .changes
        .iter()
        .map(|change| {
            json!({
                "base": name(manifest, change.base),
                "treat": name(manifest, change.treat),
                "scenarios": change.scenarios,
                "recorded": estimate(&change.recorded),
                "regraded": estimate(&change.regraded),
            })
        })
        .collect();
    let variance: Vec<Value> = found
        .components
        .iter()
        .map(|arm| components(manifest, arm))
        .collect();
    let rubrics = about.rubrics.as_ref().map(|changes| {
        let one = |change: &super::RubricChange| {
            json!({"rubric": change.id.as_str(), "run": change.run, "now": change.now})
        };
        changes.iter().map(one).collect::<Vec<Value>>()
    });
    json!({
        "grader": about.grader,
        "times": about.times,
        "repeats": about.repeats,
        "reruns": about.reruns,
        "rubrics_changed": rubrics,
        "tasks": counts.tasks,
        "nothing_handed_in": counts.nothing_handed_in,
        "graded": counts.graded,
        "failed": counts.failed,
        "verdicts": counts.criteria,
        "undecided": counts.undecided,
        "abstentions": counts.abstained,
        "tokens": found.usage.total().0,
        "usd": found.cost.dollars(),
        "usd_with_failed": about.spent.dollars(),
        "agreement": agreement,
        "flip_pairs": found.flips.overall.pairs,
        "flip_rate": found.flips.overall.rate(),
        "completion_flip_rate": found.completion_flips.rate(),
        "criteria": criteria(found),
        "arms": arms,
        "differences": differences,
        "turned": turned(manifest, found),
        "variance": variance,
        "plan_digest": manifest.plan_digest,
        "seed": manifest.seed,
        "version": manifest.version,
        "backend": manifest.backend,
        "evidence_about_a_product": !manifest.is_reference(),
    })
}
