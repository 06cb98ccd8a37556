//! From an experiment file to a checked experiment.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Arm, Backend, Experiment, Limits, Outcomes, Policy, Reference, Regime};
use crate::{
    ident::PolicyId,
    source::{
        Each, Located, MAX_FILE_BYTES, Problem, Problems, Severity, closest, parse, read_text,
    },
};

/// An experiment file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "dreamtrial experiment")]
struct WireExperiment {
    /// What it is of.
    title: String,
    /// The folder of scenarios, relative to this file.
    scenarios: String,
    /// The folder of rubrics, relative to this file.
    rubrics: String,
    /// Seed of all draws.
    seed: u64,
    /// Repetitions of each scenario in each arm.
    #[schemars(range(min = 1, max = 100_000))]
    repetitions: Located<u32>,
    /// What everything runs on.
    backend: Backend,
    /// The model whose prices tokens are costed with.
    priced_as: Located<String>,
    /// Limits of the agent.
    #[serde(default)]
    limits: Limits,
    /// What the reference backend declares of itself.
    #[serde(default)]
    reference: Option<Located<Reference>>,
    /// The treatments, in the order of reports.
    arms: Each<WireArm>,
    /// The dream policies by name.
    #[serde(default)]
    policies: BTreeMap<String, Located<Policy>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WireArm {
    /// Its name.
    name: Located<String>,
    /// What the agent finds at the start of a session.
    memory: Regime,
    /// How dreams are made, for the regimes `dreamed` and `placebo`.
    #[serde(default)]
    policy: Option<Located<String>>,
    /// The in-session grader.
    #[serde(default)]
    outcomes: Option<Located<Outcomes>>,
}

/// The JSON Schema of an experiment file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(WireExperiment).to_value()
}

/// Reads and checks an experiment file. All its problems go into `problems`.
pub fn load(file: &Path, problems: &mut Problems) -> Option<Experiment> {
    let text: Arc<str> = match read_text(file, MAX_FILE_BYTES) {
        Ok(text) => text.into(),
        Err(problem) => {
            problems.push(
                problem.hint("name an experiment file, as experiments/standard.yaml"),
                None,
            );
            return None;
        }
    };
    let mut own = Problems::default();
    let wire: Option<WireExperiment> = parse(file, &text, 0..text.len(), &mut own);
    let experiment = wire.map(|wire| build(file, &text, wire, &mut own));
    let experiment = experiment.filter(|_| own.count(Severity::Error) == 0);
    problems.extend(own);
    experiment
}

#[expect(
    clippy::too_many_lines,
    reason = "one check after another, each a few lines"
)]
fn build(
    file: &Path,
    text: &Arc<str>,
    wire: WireExperiment,
    problems: &mut Problems,
) -> Experiment {
    let mut error = |span: &std::ops::Range<usize>, message: String, hint: String| {
        problems.push(
            Problem::error(file, message).at(span.clone()).hint(hint),
            Some(text),
        );
    };
    let mut policies: Vec<(PolicyId, Policy)> = Vec::new();
    for (name, policy) in &wire.policies {
        for message in faults(&policy.value) {
            error(
                &policy.span,
                format!("policy `{name}`: {message}"),
                "see `dreamtrial schema experiment` for the ranges".into(),
            );
        }
        match name.parse() {
            Ok(id) => policies.push((id, policy.value.clone())),
            Err(fault) => error(&policy.span, fault.to_string(), "rename the policy".into()),
        }
    }
    let mut arms: Vec<Arm> = Vec::new();
    for arm in &wire.arms {
        if let Some(outcomes) = arm
            .outcomes
            .as_ref()
            .filter(|outcomes| !(1..=20).contains(&outcomes.value.max_iterations))
        {
            error(
                &outcomes.span,
                format!("`max_iterations` is {}", outcomes.value.max_iterations),
                "it is 1 to 20".into(),
            );
        }
        let dreams = matches!(arm.memory, Regime::Dreamed | Regime::Placebo);
        let policy: Option<PolicyId> = match &arm.policy {
            Some(name) if !dreams => {
                error(
                    &name.span,
                    format!("arm `{}` has a policy and no dreams", arm.name.value),
                    "a policy goes with `memory: dreamed` or `memory: placebo`".into(),
                );
                None
            }
            Some(name) => {
                let found = policies
                    .iter()
                    .find(|(id, _)| id.as_str() == name.value)
                    .map(|(id, _)| id.clone());
                if found.is_none() {
                    let names = || policies.iter().map(|(id, _)| id.as_str());
                    let hint = closest(&name.value, names()).map_or_else(
                        || {
                            format!(
                                "known: {}",
                                names()
                                    .map(|name| format!("`{name}`"))
                                    .collect::<Vec<_>>()
                                    .join(", ")
                            )
                        },
                        |like| format!("did you mean `{like}`?"),
                    );
                    error(
                        &name.span,
                        format!("no policy `{}` in this experiment", name.value),
                        hint,
                    );
                }
                found
            }
            None => None,
        };
        match arm.name.value.parse() {
            Ok(id) if arms.iter().any(|known| known.id == id) => {
                error(
                    &arm.name.span,
                    format!("arm `{id}` is there twice"),
                    "give each arm a name of its own".into(),
                );
            }
            Ok(id) => arms.push(Arm {
                id,
                memory: arm.memory,
                policy,
                outcomes: arm.outcomes.as_ref().map(|outcomes| outcomes.value),
            }),
            Err(fault) => error(&arm.name.span, fault.to_string(), "rename the arm".into()),
        }
    }
    for arm in wire
        .arms
        .0
        .iter()
        .filter(|arm| arm.memory == Regime::Placebo)
    {
        let twin = wire.arms.0.iter().any(|other| {
            other.memory == Regime::Dreamed
                && other.outcomes.is_none()
                && other.policy.as_ref().map(|p| &p.value) == arm.policy.as_ref().map(|p| &p.value)
        });
        if !twin {
            error(
                &arm.name.span,
                format!(
                    "placebo arm `{}` has no dreamed arm to take its store from",
                    arm.name.value
                ),
                "add an arm with `memory: dreamed`, the same policy and no outcomes".into(),
            );
        }
    }
    if wire.arms.0.is_empty() {
        error(
            &(0..0),
            "experiment has no arm".into(),
            "add two or more under `arms`".into(),
        );
    }
    if !(1..=100_000).contains(&wire.repetitions.value) {
        error(
            &wire.repetitions.span,
            format!("`repetitions` is {}", wire.repetitions.value),
            "it is 1 to 100000".into(),
        );
    }
    if let Some(reference) = &wire.reference {
        let Reference {
            output_tokens_per_second: output,
            input_tokens_per_second: input,
            seconds_per_tool_call: call,
            slip,
        } = reference.value;
        if !(output > 0.0
            && input > 0.0
            && call >= 0.0
            && (0.0..=1.0).contains(&slip)
            && output.is_finite()
            && input.is_finite()
            && call.is_finite())
        {
            error(
                &reference.span,
                "a speed or a probability is out of range".into(),
                "speeds are above 0, `slip` is 0 to 1".into(),
            );
        }
    }
    if let Err(models) = crate::price::PriceList::embedded().model(&wire.priced_as.value) {
        let hint = closest(&wire.priced_as.value, models.iter().map(String::as_str)).map_or_else(
            || format!("known: {}", models.join(", ")),
            |like| format!("did you mean `{like}`?"),
        );
        error(
            &wire.priced_as.span,
            format!("no price for the model `{}`", wire.priced_as.value),
            hint,
        );
    }
    let folder = file.parent().map_or_else(PathBuf::new, Path::to_owned);
    Experiment {
        title: wire.title,
        scenarios: tidy(&folder.join(wire.scenarios)),
        rubrics: tidy(&folder.join(wire.rubrics)),
        seed: wire.seed,
        repetitions: wire.repetitions.value,
        backend: wire.backend,
        priced_as: wire.priced_as.value,
        limits: wire.limits,
        reference: wire
            .reference
            .map_or_else(Reference::default, |reference| reference.value),
        arms,
        policies,
    }
}

/// `experiments/../scenarios` as `scenarios`.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir if tidy.file_name().is_some() => {
                tidy.pop();
            }
            std::path::Component::CurDir => {}
            std::path::Component::Prefix(_)
            | std::path::Component::RootDir
            | std::path::Component::ParentDir
            | std::path::Component::Normal(_) => tidy.push(part),
        }
    }
    tidy
}

fn faults(policy: &Policy) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in [
        ("every_sessions", policy.every_sessions),
        ("window_sessions", policy.window_sessions),
        ("pattern_sessions", policy.pattern_sessions),
    ] {
        if !(1..=100).contains(&value) {
            found.push(format!("`{name}` is {value}, not 1 to 100"));
        }
    }
    if !(policy.merge_likeness > 0.0 && policy.merge_likeness <= 1.0) {
        found.push(format!(
            "`merge_likeness` is {}, not above 0 and up to 1",
            policy.merge_likeness
        ));
    }
    if let Some(length) = policy
        .instructions
        .as_ref()
        .map(|text| text.chars().count())
        .filter(|length| *length > 4096)
    {
        found.push(format!(
            "`instructions` has {length} characters, not at most 4096"
        ));
    }
    found
}
