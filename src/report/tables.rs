//! `summary.csv`, `comparisons.csv` and `attribution.csv`.

use super::ReportError;
use crate::{
    analyse::{Analysis, Estimate, attribution},
    stats::{factorial::Effect, jackknife::Contrast},
};

/// The shortest text that reads back as the number; infinities as `inf`, nothing where undetermined.
fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value}"))
}

fn limits(estimate: &Estimate) -> [String; 2] {
    [
        number(estimate.interval.map(|(lower, _)| lower)),
        number(estimate.interval.map(|(_, upper)| upper)),
    ]
}

fn caution(estimate: &Estimate) -> String {
    estimate
        .caution
        .map_or_else(String::new, |caution| caution.to_string())
}

pub(super) fn summary(analysis: &Analysis) -> Result<Vec<u8>, ReportError> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "group_by",
        "group",
        "arm",
        "metric",
        "unit",
        "value",
        "lower",
        "upper",
        "method",
        "caution",
        "scenarios",
        "tasks",
        "design_effect",
    ])?;
    for summary in &analysis.summaries {
        let [lower, upper] = limits(&summary.estimate);
        out.write_record([
            summary.group.kind(),
            &summary.group.to_string(),
            analysis.manifest.arms[summary.arm].id.as_str(),
            summary.metric.as_str(),
            summary.metric.label(),
            &number(summary.estimate.value),
            &lower,
            &upper,
            &summary.estimate.method,
            &caution(&summary.estimate),
            &summary.scenarios.to_string(),
            &summary.tasks.to_string(),
            &number(summary.design_effect),
        ])?;
    }
    finish(out)
}

pub(super) fn comparisons(analysis: &Analysis) -> Result<Vec<u8>, ReportError> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "group_by",
        "group",
        "metric",
        "base",
        "treatment",
        "base_value",
        "treatment_value",
        "difference",
        "difference_lower",
        "difference_upper",
        "difference_method",
        "ratio",
        "ratio_lower",
        "ratio_upper",
        "ratio_method",
        "sign_flip_p",
        "sign_flip_p_adjusted",
        "verdict",
        "scenarios",
        "pairs",
        "unpaired",
    ])?;
    for one in &analysis.comparisons {
        let [lower, upper] = limits(&one.difference);
        let [ratio_lower, ratio_upper] = limits(&one.ratio);
        out.write_record([
            one.group.kind(),
            &one.group.to_string(),
            one.metric.as_str(),
            analysis.manifest.arms[one.base].id.as_str(),
            analysis.manifest.arms[one.treat].id.as_str(),
            &number(one.base_value),
            &number(one.treat_value),
            &number(one.difference.value),
            &lower,
            &upper,
            &one.difference.method,
            &number(one.ratio.value),
            &ratio_lower,
            &ratio_upper,
            &one.ratio.method,
            &number(one.p),
            &number(one.adjusted_p),
            one.direction.as_str(),
            &one.scenarios.to_string(),
            &one.pairs.to_string(),
            &one.unpaired.to_string(),
        ])?;
    }
    finish(out)
}

/// The contrasts of dreaming × outcomes, a row for each on both scales.
pub(super) fn attribution(analysis: &Analysis) -> Result<Vec<u8>, ReportError> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "group_by",
        "group",
        "metric",
        "effect",
        "difference",
        "difference_lower",
        "difference_upper",
        "ratio",
        "ratio_lower",
        "ratio_upper",
        "shapley_share",
        "caution",
        "scenarios",
    ])?;
    for one in &analysis.attributions {
        for effect in &one.effects {
            let interval = |contrast: &Option<Contrast>, scale: fn(f64) -> f64| {
                let value = contrast.as_ref().map(|contrast| scale(contrast.estimate));
                let limits = contrast.as_ref().and_then(|contrast| contrast.interval);
                [
                    number(value),
                    number(limits.map(|limits| scale(limits.lower()))),
                    number(limits.map(|limits| scale(limits.upper()))),
                ]
            };
            let [difference, lower, upper] = interval(&effect.difference, |value| value);
            let [ratio, ratio_lower, ratio_upper] = interval(&effect.log_ratio, f64::exp);
            let share = one
                .shares
                .and_then(|(dreaming, outcomes)| match effect.effect {
                    Effect::FirstMain => Some(dreaming),
                    Effect::SecondMain => Some(outcomes),
                    Effect::FirstWithoutSecond
                    | Effect::FirstWithSecond
                    | Effect::SecondWithoutFirst
                    | Effect::SecondWithFirst
                    | Effect::Interaction
                    | Effect::Total => None,
                });
            out.write_record([
                one.group.kind(),
                &one.group.to_string(),
                one.metric.as_str(),
                attribution::name(effect.effect),
                &difference,
                &lower,
                &upper,
                &ratio,
                &ratio_lower,
                &ratio_upper,
                &number(share),
                &one.caution
                    .map_or_else(String::new, |caution| caution.to_string()),
                &one.scenarios.to_string(),
            ])?;
        }
    }
    finish(out)
}

fn finish(out: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, ReportError> {
    out.into_inner()
        .map_err(|error| ReportError::Table(csv::Error::from(error.into_error())))
}
