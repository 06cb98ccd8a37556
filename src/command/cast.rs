//! Who plays which part, as the command line changes it.

use super::Failure;
use crate::{
    cli::CastArguments,
    experiment::{
        AgentPart, Backend, DreamerPart, Experiment, GraderPart, ModelSettings, live,
        live::{Judge, Provider},
    },
};

/// Applies the flags of the command line to an experiment.
pub(super) fn choose(experiment: &mut Experiment, flags: &CastArguments) -> Result<(), Failure> {
    if flags.backend.is_none() && flags.dreamer.is_none() && flags.judge.is_none() {
        if flags.base_url.is_some() {
            return Err(Failure::usage(
                "`--base-url` goes with a model that the command line names",
            )
            .hint("as `--backend openai:qwen3:8b --base-url http://localhost:11434/v1`"));
        }
        return Ok(());
    }
    let mut cast = experiment.cast();
    if let Some(who) = &flags.backend {
        match part(experiment, flags, "--backend", who, "reference")? {
            Who::Embedded => {
                cast.agent = AgentPart::Reference;
                cast.dreamer = DreamerPart::Embedded;
            }
            Who::Model(name) => {
                cast.agent = AgentPart::Model(name.clone());
                cast.dreamer = DreamerPart::Model(name);
            }
            Who::Managed(name) => {
                cast.agent = AgentPart::Managed(name.clone());
                cast.dreamer = DreamerPart::Managed(name);
            }
            Who::Program(program) => cast.agent = AgentPart::Process(program),
        }
    }
    if let Some(who) = &flags.dreamer {
        cast.dreamer = match part(experiment, flags, "--dreamer", who, "embedded")? {
            Who::Embedded => DreamerPart::Embedded,
            Who::Model(name) => DreamerPart::Model(name),
            Who::Managed(name) => DreamerPart::Managed(name),
            Who::Program(program) => DreamerPart::Process(program),
        };
    }
    if let Some(who) = &flags.judge {
        let judge = match part(experiment, flags, "--judge", who, "embedded")? {
            Who::Embedded => GraderPart::Embedded,
            Who::Model(model) => GraderPart::Judge(Judge {
                model,
                repeats: flags.judge_repeats.unwrap_or(1),
            }),
            Who::Program(_) | Who::Managed(_) => {
                return Err(Failure::usage("the judge is embedded or a model")
                    .hint("use `embedded`, a model's name, or `PROVIDER:MODEL`"));
            }
        };
        cast.grader = judge.clone();
        cast.in_session_grader = judge;
    }
    if matches!(cast.dreamer, DreamerPart::Managed(_))
        && !matches!(cast.agent, AgentPart::Managed(_))
    {
        return Err(Failure::usage(
            "the dreamer is managed and the agent is not: managed dreams read managed sessions",
        )
        .hint("use `--backend managed`, or another dreamer"));
    }
    experiment.backend = if cast == live::Cast::embedded() {
        Backend::Reference
    } else {
        Backend::Live(Box::new(cast))
    };
    Ok(())
}

enum Who {
    Embedded,
    Model(String),
    Managed(String),
    Program(live::Program),
}

/// What a flag names: the embedded part, a model of the experiment, `PROVIDER:MODEL`, `managed` with or
/// without a model, or `process:COMMAND`.
fn part(
    experiment: &mut Experiment,
    flags: &CastArguments,
    flag: &str,
    text: &str,
    embedded: &str,
) -> Result<Who, Failure> {
    if text == embedded {
        return Ok(Who::Embedded);
    }
    if experiment.models.contains_key(text) {
        return Ok(Who::Model(text.to_owned()));
    }
    let known = || {
        let names: Vec<String> = experiment
            .models
            .keys()
            .map(|name| format!("`{name}`"))
            .collect();
        let models = if names.is_empty() {
            String::new()
        } else {
            format!("{}, ", names.join(", "))
        };
        format!(
            "use {models}`{embedded}`, `anthropic:MODEL`, `openai:MODEL`, `managed:MODEL` or `process:COMMAND`"
        )
    };
    if text == "managed" {
        let name = experiment.priced_as.clone();
        return managed(experiment, flags, flag, &name);
    }
    let Some((kind, rest)) = text.split_once(':').filter(|(_, rest)| !rest.is_empty()) else {
        return Err(Failure::usage(format!("`{flag} {text}`: nobody is called so")).hint(known()));
    };
    let provider = match kind {
        "anthropic" => Provider::Anthropic,
        "openai" => Provider::Openai,
        "process" => return Ok(Who::Program(program(rest))),
        "managed" => return managed(experiment, flags, flag, rest),
        _ => {
            return Err(
                Failure::usage(format!("`{flag} {text}`: no provider `{kind}`")).hint(known()),
            );
        }
    };
    let mut model = ModelSettings::new(provider, rest.to_owned());
    model.base_url.clone_from(&flags.base_url);
    if model.price().is_err() {
        match (provider, &flags.base_url) {
            // A server of one's own has no price list; what it costs can be said in the file.
            (Provider::Openai, Some(_)) => model.price = Some(live::OwnPrice::default()),
            (Provider::Anthropic | Provider::Openai, _) => {
                return Err(Failure::usage(format!("no price for the model `{rest}`")).hint(
                    "name it under `models` in the experiment file, with `price` or `priced_as`",
                ));
            }
        }
    }
    experiment.models.insert(text.to_owned(), model);
    Ok(Who::Model(text.to_owned()))
}

/// A model of the managed service: one that the experiment names, or one of this id.
fn managed(
    experiment: &mut Experiment,
    flags: &CastArguments,
    flag: &str,
    model: &str,
) -> Result<Who, Failure> {
    if let Some(settings) = experiment.models.get(model) {
        if settings.provider == Provider::Anthropic {
            let Some(base_url) = &flags.base_url else {
                return Ok(Who::Managed(model.to_owned()));
            };
            let mut settings = settings.clone();
            settings.base_url = Some(base_url.clone());
            let name = format!("managed:{model}");
            experiment.models.insert(name.clone(), settings);
            return Ok(Who::Managed(name));
        }
        return Err(Failure::usage(format!(
            "`{flag}`: the model `{model}` is reached as `{}`, and managed agents are of `anthropic`",
            settings.provider.as_str()
        )));
    }
    let mut settings = ModelSettings::new(Provider::Anthropic, model.to_owned());
    settings.base_url.clone_from(&flags.base_url);
    if let Err(known) = settings.price() {
        return Err(
            Failure::usage(format!("no price for the model `{model}`")).hint(format!(
                "known: {}; or name it under `models` in the experiment file, with `price` or `priced_as`",
                known.join(", ")
            )),
        );
    }
    let name = format!("managed:{model}");
    experiment.models.insert(name.clone(), settings);
    Ok(Who::Managed(name))
}

/// A command, split at spaces; a part that is a file is made absolute, as programs run elsewhere.
fn program(command: &str) -> live::Program {
    live::Program::new(
        command
            .split_whitespace()
            .map(|part| {
                let path = std::path::Path::new(part);
                if path.is_relative() && path.is_file() {
                    std::path::absolute(path)
                        .map_or_else(|_| part.to_owned(), |path| path.display().to_string())
                } else {
                    part.to_owned()
                }
            })
            .collect(),
    )
}
