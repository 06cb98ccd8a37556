//! Hires who plays the parts: services, models, cassettes, programs.
//!
//! Keys are read from the environment here, once, and go into the headers of a service and nowhere else.

mod cassettes;

use std::{collections::BTreeMap, sync::Arc};

use secrecy::SecretString;

pub(in crate::command) use cassettes::Cassettes;

use super::{Environment, Failure};
use crate::{
    agent::{
        Agent, chat::ChatAgent, managed::ManagedAgent, process::ProcessAgent,
        reference::ReferenceAgent,
    },
    dream::{
        Dreamer,
        consolidate::Consolidator,
        managed::ManagedDreamer,
        process::ProcessDreamer,
        prompted::{PromptedDreamer, PromptedLimits},
    },
    experiment::{
        AgentPart, DreamerPart, Experiment, GraderPart, ModelSettings, Regime, UserPart,
        live::{Judge as JudgePart, Program, Provider},
    },
    grade::{Checks, Grader, Judge},
    http::Service,
    managed::guidance,
    model::{
        LiveModel, Metered, Model,
        cassette::{Recording, Replaying},
        live,
    },
    platform::{Account, Client},
    price::Price,
    process::Launch,
    run::Staff,
    transcript::Role,
    user::rephrase::Rephraser,
};

/// The service of managed agents for whoever is no part of an experiment.
pub(in crate::command) fn platform_service(
    base_url: Option<&str>,
    environment: &Environment,
) -> Result<Arc<Service>, Failure> {
    let provider = Provider::Anthropic;
    let settings = ModelSettings::new(provider, String::new());
    let base_url = base_url
        .map(str::to_owned)
        .or_else(|| environment.variable(provider.base_url_variable()))
        .unwrap_or_else(|| provider.base_url().to_owned());
    let variable = provider.key_variable();
    let key = environment
        .variable(variable)
        .filter(|key| !key.trim().is_empty())
        .ok_or_else(|| {
            Failure::usage(format!("`{variable}` is not set")).hint(format!(
                "set it to the key that the runs had: `export {variable}=…`"
            ))
        })?;
    let key = SecretString::from(key.trim().to_owned());
    let clock = Arc::clone(&environment.clock);
    live::service(&settings, &base_url, Some(key), clock)
        .map(Arc::new)
        .map_err(Failure::new)
}

fn price(name: &str, settings: &ModelSettings) -> Result<Price, Failure> {
    settings
        .price()
        .map_err(|_| Failure::usage(format!("no price for the model `{name}`")))
}

/// A model as the API of managed agents wants it.
fn managed_model(settings: &ModelSettings) -> serde_json::Value {
    let mut model = serde_json::json!({"id": settings.id});
    if let Some(effort) = &settings.effort {
        model["effort"] = effort.as_str().into();
    }
    model
}

/// Services and models of an experiment, each made once.
pub(in crate::command) struct Agency<'e> {
    experiment: &'e Experiment,
    environment: &'e Environment,
    cassettes: Cassettes,
    services: BTreeMap<(String, String), Arc<Service>>,
    account: Option<((String, String), Arc<Account>)>,
}

impl<'e> Agency<'e> {
    pub(in crate::command) fn new(
        experiment: &'e Experiment,
        environment: &'e Environment,
        cassettes: Cassettes,
    ) -> Self {
        Self {
            experiment,
            environment,
            cassettes,
            services: BTreeMap::new(),
            account: None,
        }
    }

    /// Everybody whom the experiment names, but that somebody else may dream: then no key of the
    /// experiment's dreamer is asked for.
    pub(in crate::command) fn staff(
        &mut self,
        dreamer: Option<Box<dyn Dreamer>>,
    ) -> Result<Staff, Failure> {
        let experiment = self.experiment;
        let cast = experiment.cast();
        let agent: Box<dyn Agent> = match &cast.agent {
            AgentPart::Reference => {
                Box::new(ReferenceAgent::new(experiment.limits, experiment.reference))
            }
            AgentPart::Model(name) => Box::new(ChatAgent::new(
                self.model(name)?,
                cast.limits,
                self.settings(name)?.max_output_tokens,
            )),
            AgentPart::Managed(name) => {
                let settings = self.settings(name)?;
                Box::new(ManagedAgent::new(
                    self.account(name)?,
                    name.clone(),
                    managed_model(settings),
                    price(name, settings)?,
                    (cast.limits, cast.managed),
                ))
            }
            AgentPart::Process(program) => Box::new(ProcessAgent::new(
                self.launch(program),
                experiment.limits,
                Arc::clone(&self.environment.clock),
            )),
        };
        let dreamer: Box<dyn Dreamer> = match (dreamer, &cast.dreamer) {
            (Some(dreamer), _) => dreamer,
            (None, DreamerPart::Embedded) => Box::new(Consolidator::new(experiment.reference)),
            (None, DreamerPart::Model(name)) => {
                let settings = self.settings(name)?;
                let limits = PromptedLimits {
                    context_tokens: settings.context_tokens,
                    max_output_tokens: settings.max_output_tokens,
                };
                Box::new(PromptedDreamer::new(self.model(name)?, limits))
            }
            (None, DreamerPart::Managed(name)) => {
                let settings = self.settings(name)?;
                self.short_enough()?;
                Box::new(ManagedDreamer::new(
                    self.account(name)?,
                    name.clone(),
                    // A dream has no effort to choose.
                    settings.id.as_str().into(),
                    price(name, settings)?,
                    cast.managed,
                ))
            }
            (None, DreamerPart::Process(program)) => Box::new(ProcessDreamer::new(
                self.launch(program),
                Arc::clone(&self.environment.clock),
            )),
        };
        let rephraser = match &cast.user {
            UserPart::Scripted => None,
            UserPart::Model(name) => Some(Rephraser::new(self.model(name)?)),
        };
        Ok(Staff {
            agent,
            dreamer,
            in_session_grader: self.grader(&cast.in_session_grader, Role::InSessionGrader)?,
            final_grader: self.grader(&cast.grader, Role::FinalGrader)?,
            rephraser,
        })
    }

    /// The account of managed agents, once one of the parts was made that uses it.
    pub(in crate::command) fn managed(&self) -> Option<Arc<Account>> {
        self.account
            .as_ref()
            .map(|(_, account)| Arc::clone(account))
    }

    /// The account that a managed part works in: one for agent and dreamer.
    pub(in crate::command) fn account(&mut self, name: &str) -> Result<Arc<Account>, Failure> {
        if self.cassettes.is_any() {
            return Err(Failure::usage(
                "cassettes hold the completions of models, and a managed agent's are the service's own",
            )
            .hint("leave `--record` and `--replay` out, or run the models with `--backend anthropic:MODEL`"));
        }
        let settings = self.settings(name)?;
        if settings.provider != Provider::Anthropic {
            return Err(Failure::usage(format!(
                "model `{name}` is reached as `{}`, and managed agents are of `anthropic`",
                settings.provider.as_str()
            )));
        }
        let at = (self.base_url(settings), settings.key_variable().to_owned());
        if let Some((known, account)) = &self.account {
            if *known == at {
                return Ok(Arc::clone(account));
            }
            return Err(Failure::usage(
                "the managed agent and the managed dreamer are in two accounts, and a dream reads the agent's sessions",
            )
            .hint("give both models the same `base_url` and `key`"));
        }
        let client = Client::new(self.service(name)?, name);
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(Failure::new)?;
        let nonce = format!("{:016x}", u64::from_le_bytes(bytes));
        let account = Arc::new(Account::new(client, nonce));
        self.account = Some((at, Arc::clone(&account)));
        Ok(account)
    }

    /// Refuses a dream policy that the service would refuse, before anything is paid for.
    fn short_enough(&self) -> Result<(), Failure> {
        for arm in &self.experiment.arms {
            if arm.memory != Regime::Dreamed {
                continue;
            }
            guidance::write(&self.experiment.policy(arm))
                .map_err(|error| Failure::usage(format!("arm `{}`: {error}", arm.id)))?;
        }
        Ok(())
    }

    /// A grader.
    pub(in crate::command) fn grader(
        &mut self,
        part: &GraderPart,
        role: Role,
    ) -> Result<Box<dyn Grader>, Failure> {
        Ok(match part {
            GraderPart::Embedded => Box::new(Checks),
            GraderPart::Judge(judge) => Box::new(self.judge(judge, role)?),
        })
    }

    /// A judge.
    pub(in crate::command) fn judge(
        &mut self,
        judge: &JudgePart,
        role: Role,
    ) -> Result<Judge, Failure> {
        Ok(Judge::new(self.model(&judge.model)?, role, judge.repeats))
    }

    /// How a program is started.
    pub(in crate::command) fn launch(&self, program: &Program) -> Launch {
        Launch::new(program.clone(), |name| {
            self.environment.variable(name).map(Into::into)
        })
    }

    /// The settings of a model.
    pub(in crate::command) fn settings(&self, name: &str) -> Result<&'e ModelSettings, Failure> {
        self.experiment.models.get(name).ok_or_else(|| {
            Failure::usage(format!("no model `{name}` in this experiment"))
                .hint("name it under `models`, with `provider` and `id`")
        })
    }

    /// A model within budgets, on cassettes where the command line says so.
    fn model(&mut self, name: &str) -> Result<Arc<dyn Model>, Failure> {
        let settings = self.settings(name)?;
        let identity = live::identity(settings);
        let inner: Arc<dyn Model> =
            match (self.cassettes.replay.clone(), self.cassettes.record.clone()) {
                (Some(replay), None) => Arc::new(Replaying::new(identity, replay, None)),
                (Some(replay), Some(record)) => Arc::new(Replaying::new(
                    identity,
                    replay,
                    Some((self.live(name)?, record)),
                )),
                (None, Some(record)) => {
                    Arc::new(Recording::new(self.live(name)?, identity, record))
                }
                (None, None) => self.live(name)?,
            };
        let price = price(name, settings)?;
        Ok(Arc::new(Metered::new(
            inner,
            name.to_owned(),
            price,
            settings.max_output_tokens,
        )))
    }

    /// A model as it is, on nobody's account.
    pub(in crate::command) fn live(&mut self, name: &str) -> Result<Arc<dyn Model>, Failure> {
        let settings = self.settings(name)?;
        let base_url = self.base_url(settings);
        let service = self.service(name)?;
        Ok(Arc::new(LiveModel::new(
            service,
            name.to_owned(),
            settings.clone(),
            base_url,
        )))
    }

    /// Where the service of a model is.
    pub(in crate::command) fn base_url(&self, settings: &ModelSettings) -> String {
        settings.base_url.clone().unwrap_or_else(|| {
            let provider = settings.provider;
            self.environment
                .variable(provider.base_url_variable())
                .unwrap_or_else(|| provider.base_url().to_owned())
        })
    }

    /// The service of a model; models with the same address and key share one.
    pub(in crate::command) fn service(&mut self, name: &str) -> Result<Arc<Service>, Failure> {
        let settings = self.settings(name)?;
        let base_url = self.base_url(settings);
        let at = (base_url.clone(), settings.key_variable().to_owned());
        if let Some(service) = self.services.get(&at) {
            return Ok(Arc::clone(service));
        }
        let key = self.key(name)?;
        let service = live::service(
            settings,
            &base_url,
            key,
            Arc::clone(&self.environment.clock),
        )
        .map_err(Failure::new)?;
        let service = Arc::new(service);
        self.services.insert(at, Arc::clone(&service));
        Ok(service)
    }

    /// The key of a model; `None` for a server of one's own that needs none.
    pub(in crate::command) fn key(&self, name: &str) -> Result<Option<SecretString>, Failure> {
        let settings = self.settings(name)?;
        let variable = settings.key_variable();
        let key = self
            .environment
            .variable(variable)
            .filter(|key| !key.trim().is_empty());
        let own_server = self.base_url(settings) != settings.provider.base_url();
        // A server of one's own needs no key, unless a variable was named for one.
        if key.is_none() && (settings.key.is_some() || !own_server) {
            let hint = match settings.provider {
                Provider::Anthropic | Provider::Openai => format!(
                    "set it to your key: `export {variable}=…`; keys are read from the environment only"
                ),
            };
            return Err(Failure::usage(format!(
                "model `{name}` needs a key, and `{variable}` is not set"
            ))
            .hint(hint));
        }
        Ok(key.map(|key| SecretString::from(key.trim().to_owned())))
    }
}
