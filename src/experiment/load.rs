//! From an experiment file to a checked experiment.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    AgentPart, Arm, Backend, Cast, DreamerPart, Experiment, GraderPart, Limits, ModelSettings,
    Outcomes, Policy, Reference, Regime,
};
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
    backend: Located<Backend>,
    /// The models that parts may be given to, by name.
    #[serde(default)]
    models: BTreeMap<String, Located<ModelSettings>>,
    /// The model whose prices the tokens of embedded parts and programs are costed with; needed where
    /// the agent is not a model.
    #[serde(default)]
    priced_as: Option<Located<String>>,
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
    let folder = file.parent().map_or_else(PathBuf::new, Path::to_owned);
    let mut backend = wire.backend.value;
    if let Backend::Live(cast) = &mut backend {
        for (_, name) in cast.models() {
            if !wire.models.contains_key(name) {
                let names = || wire.models.keys().map(String::as_str);
                let hint = closest(name, names()).map_or_else(
                    || "name it under `models`, with `provider` and `id`".to_owned(),
                    |like| format!("did you mean `{like}`?"),
                );
                error(
                    &wire.backend.span,
                    format!("no model `{name}` in this experiment"),
                    hint,
                );
            }
        }
        for message in cast_faults(cast) {
            error(
                &wire.backend.span,
                message,
                "see `dreamtrial schema experiment` for the ranges".into(),
            );
        }
        let programs = [
            match &mut cast.agent {
                AgentPart::Process(program) => Some(program),
                AgentPart::Reference | AgentPart::Model(_) | AgentPart::Managed(_) => None,
            },
            match &mut cast.dreamer {
                DreamerPart::Process(program) => Some(program),
                DreamerPart::Embedded | DreamerPart::Model(_) | DreamerPart::Managed(_) => None,
            },
        ];
        for program in programs.into_iter().flatten() {
            for part in &mut program.command {
                // Programs run in folders of their own, so that a path must not depend on where.
                let beside = folder.join(&*part);
                if !Path::new(part).is_absolute() && beside.is_file() {
                    *part = std::path::absolute(&beside)
                        .unwrap_or(beside)
                        .display()
                        .to_string();
                }
            }
        }
    }
    for (name, model) in &wire.models {
        for message in model_faults(&model.value) {
            error(
                &model.span,
                format!("model `{name}`: {message}"),
                "see `dreamtrial schema experiment` for the ranges".into(),
            );
        }
        if let Err(known) = model.value.price() {
            let priced_as = model.value.priced_as();
            let hint = closest(priced_as, known.iter().map(String::as_str)).map_or_else(
                || {
                    "name another model's prices with `priced_as`, or give its own: `price: {input: 0, output: 0}` in USD for a million tokens".to_owned()
                },
                |like| format!("did you mean `{like}`? or give its own prices with `price`"),
            );
            error(
                &model.span,
                format!("model `{name}`: no price for the model `{priced_as}`"),
                hint,
            );
        }
    }
    let agent_is_model = match &backend {
        Backend::Live(cast) => matches!(cast.agent, AgentPart::Model(_) | AgentPart::Managed(_)),
        Backend::Reference => false,
    };
    let known = crate::price::PriceList::embedded();
    let priced_as = match &wire.priced_as {
        Some(priced_as) => {
            if let Err(models) = known.model(&priced_as.value) {
                let hint = closest(&priced_as.value, models.iter().map(String::as_str))
                    .map_or_else(
                        || format!("known: {}", models.join(", ")),
                        |like| format!("did you mean `{like}`?"),
                    );
                error(
                    &priced_as.span,
                    format!("no price for the model `{}`", priced_as.value),
                    hint,
                );
            }
            priced_as.value.clone()
        }
        None if agent_is_model => DEFAULT_PRICES.to_owned(),
        None => {
            error(
                &wire.backend.span,
                "`priced_as` is missing".into(),
                format!(
                    "name the model whose prices the agent's tokens are costed with, as `priced_as: {DEFAULT_PRICES}`"
                ),
            );
            DEFAULT_PRICES.to_owned()
        }
    };
    Experiment {
        title: wire.title,
        scenarios: tidy(&folder.join(wire.scenarios)),
        rubrics: tidy(&folder.join(wire.rubrics)),
        seed: wire.seed,
        repetitions: wire.repetitions.value,
        backend,
        models: wire
            .models
            .into_iter()
            .map(|(name, model)| (name, model.value))
            .collect(),
        priced_as,
        limits: wire.limits,
        reference: wire
            .reference
            .map_or_else(Reference::default, |reference| reference.value),
        arms,
        policies,
    }
}

/// Whose prices the embedded parts beside a model have, if nothing else is said.
const DEFAULT_PRICES: &str = "claude-sonnet-5-5";

fn cast_faults(cast: &Cast) -> Vec<String> {
    let mut found = Vec::new();
    for part in [&cast.grader, &cast.in_session_grader] {
        if let GraderPart::Judge(judge) = part
            && !(1..=25).contains(&judge.repeats)
        {
            found.push(format!("`repeats` is {}, not 1 to 25", judge.repeats));
        }
    }
    let program = match &cast.agent {
        AgentPart::Process(program) => Some(program),
        AgentPart::Reference | AgentPart::Model(_) | AgentPart::Managed(_) => None,
    };
    let other = match &cast.dreamer {
        DreamerPart::Process(program) => Some(program),
        DreamerPart::Embedded | DreamerPart::Model(_) | DreamerPart::Managed(_) => None,
    };
    for program in program.into_iter().chain(other) {
        if program.command.first().is_none_or(String::is_empty) {
            found.push("`command` names no program".to_owned());
        }
        if !(program.seconds > 0.0 && program.seconds.is_finite()) {
            found.push(format!("`seconds` is {}, not above 0", program.seconds));
        }
    }
    if matches!(cast.dreamer, DreamerPart::Managed(_))
        && !matches!(cast.agent, AgentPart::Managed(_))
    {
        found.push(
            "the dreamer is `managed` and the agent is not: managed dreams read managed sessions"
                .to_owned(),
        );
    }
    let managed = &cast.managed;
    for (name, value, least) in [
        // A budget is in whole cents.
        ("usd_per_session", managed.usd_per_session, 0.01),
        ("usd_per_dream", managed.usd_per_dream, 0.01),
        ("seconds_per_dream", managed.seconds_per_dream, 1.0),
        ("poll_seconds", managed.poll_seconds, 0.01),
    ] {
        if !(value >= least && value.is_finite()) {
            found.push(format!("`{name}` is {value}, not {least} or more"));
        }
    }
    let limits = &cast.limits;
    if limits.calls_per_task == 0 || limits.tokens_per_session == 0 {
        found.push("`calls_per_task` and `tokens_per_session` are at least 1".to_owned());
    }
    if !(limits.seconds_per_session > 0.0 && limits.seconds_per_session.is_finite()) {
        found.push(format!(
            "`seconds_per_session` is {}, not above 0",
            limits.seconds_per_session
        ));
    }
    found
}

fn model_faults(model: &ModelSettings) -> Vec<String> {
    let mut found = Vec::new();
    if model.id.trim().is_empty() {
        found.push("`id` is empty".to_owned());
    }
    if let Some(url) = model
        .base_url
        .as_ref()
        .filter(|url| !(url.starts_with("http://") || url.starts_with("https://")))
    {
        found.push(format!(
            "`base_url` is `{url}`, not an http or https address"
        ));
    }
    if model.context_tokens < 1_000 || model.max_output_tokens == 0 {
        found.push("`context_tokens` is at least 1000, `max_output_tokens` at least 1".to_owned());
    }
    let timeouts = &model.timeouts;
    for (name, seconds) in [
        ("connect_seconds", timeouts.connect_seconds),
        ("response_seconds", timeouts.response_seconds),
        ("idle_seconds", timeouts.idle_seconds),
        ("total_seconds", timeouts.total_seconds),
    ] {
        if !(seconds > 0.0 && seconds <= 86_400.0) {
            found.push(format!(
                "`{name}` is {seconds}, not above 0 and at most 86400"
            ));
        }
    }
    if let Some(price) = model.price
        && [
            Some(price.input),
            Some(price.output),
            price.cache_write,
            price.cache_read,
            price.session_hour,
        ]
        .into_iter()
        .flatten()
        .any(|dollars| !(0.0..=1e6).contains(&dollars))
    {
        found.push("a price is below 0 or absurd".to_owned());
    }
    let rates = &model.rates;
    if rates.requests_per_minute == Some(0)
        || rates.input_tokens_per_minute == Some(0)
        || rates.output_tokens_per_minute == Some(0)
        || rates.concurrency == Some(0)
    {
        found.push("a rate is 0".to_owned());
    }
    if model.key.as_ref().is_some_and(|name| {
        name.is_empty()
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }) {
        found.push("`key` names an environment variable, and is never the key itself".to_owned());
    }
    found
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
