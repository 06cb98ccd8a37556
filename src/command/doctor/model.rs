//! One model: its key, its address, the service's list, and a call or two.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    listed::{self, Listed},
    measures::{clocks, counted, speed},
    questions::{self, Asked},
};
use crate::{
    command::{Failure, staff::Agency},
    experiment::{ModelSettings, live::Provider},
    http::{CallError, CallErrorKind, Service},
    model::Model,
    price::{Price, PriceList},
    quantity::{Clock, Usd},
    report::doctor::{Check, Level, Subject},
    transcript::{self, Role},
};

/// A model that is about to be examined: whatever needs no call is known.
pub(super) struct Patient {
    name: String,
    settings: ModelSettings,
    roles: Vec<Role>,
    /// How it is reached, if it is.
    reached: Option<(Arc<Service>, Arc<dyn Model>)>,
    /// Whether it is where its provider's models usually are.
    usual_address: bool,
    checks: Vec<Check>,
}

/// The models that parts use, each with the roles that it plays, in the order of their names.
pub(super) fn patients(
    agency: &mut Agency<'_>,
    models: &BTreeMap<String, ModelSettings>,
    cast: &[(Role, &str)],
) -> Vec<Patient> {
    let mut roles: BTreeMap<&str, Vec<Role>> = BTreeMap::new();
    for (role, name) in cast {
        roles.entry(name).or_default().push(*role);
    }
    roles
        .into_iter()
        .filter_map(|(name, mut roles)| {
            let settings = models.get(name)?.clone();
            roles.sort_unstable();
            Some(admit(agency, name, settings, roles))
        })
        .collect()
}

fn admit(
    agency: &mut Agency<'_>,
    name: &str,
    settings: ModelSettings,
    roles: Vec<Role>,
) -> Patient {
    let usual_address = agency.base_url(&settings) == settings.provider.base_url();
    let mut checks = Vec::new();
    let variable = settings.key_variable();
    let has_key = match agency.key(name) {
        Ok(key) => {
            let words = if key.is_some() {
                format!("`{variable}` is set")
            } else {
                format!("none, as `{variable}` is not set; a server of one's own needs none")
            };
            checks.push(Check::new("key", Level::Good, words));
            true
        }
        Err(failure) => {
            checks.push(of_failure("key", failure));
            false
        }
    };
    let mut reached = None;
    if has_key {
        let service = agency.service(name);
        match service.and_then(|service| Ok((service, agency.live(name)?))) {
            Ok((service, model)) => {
                checks.push(Check::new("address", Level::Good, service.address()));
                reached = Some((service, model));
            }
            Err(failure) => checks.push(of_failure("address", failure)),
        }
    }
    Patient {
        name: name.to_owned(),
        settings,
        roles,
        reached,
        usual_address,
        checks,
    }
}

pub(super) fn of_failure(name: &'static str, failure: Failure) -> Check {
    Check::new(name, Level::Wrong, failure.message).hint(failure.hint)
}

impl Patient {
    /// Makes the calls and says what came of them.
    pub(super) async fn examine(self, clock: &dyn Clock) -> (String, Subject) {
        let price = self.settings.price().ok();
        let mut checks = self.checks.clone();
        let mut measured = None;
        if let Some((service, model)) = &self.reached {
            let path = listed::path(self.settings.provider);
            let got = service.get(&self.name, path).await;
            let now = clock.now();
            let date = got
                .as_ref()
                .map_or_else(|error| error.date, |called| called.date);
            let list = got.map(|called| listed::read(&called.output));
            let clean = |text: &str| service.words(text);
            let asked = questions::ask(&**model, &self.name, &self.roles, price, clean).await;
            checks.push(self.id(&list, &asked, &clean));
            checks.extend(self.answer(&list, &asked, &clean));
            checks.extend(asked.checks.iter().cloned());
            checks.extend(counted(&asked));
            checks.extend(speed(&asked));
            if let Ok(Some(list)) = &list
                && let Some(listed) = list.iter().find(|model| model.id == self.settings.id)
            {
                checks.extend(self.sizes(listed));
            }
            checks.push(clocks(date, now));
            measured = Some(asked.measured);
        }
        checks.push(self.price(price));
        let name = format!("model `{}`", self.name);
        let subject = Subject {
            name,
            checks,
            measured,
        };
        (self.name, subject)
    }

    /// Whether the service knows the id.
    fn id(
        &self,
        list: &Result<Option<Vec<Listed>>, CallError>,
        asked: &Asked,
        clean: &impl Fn(&str) -> String,
    ) -> Check {
        let id = &self.settings.id;
        let check = |level, words: String| Check::new("model id", level, words);
        let answers = asked.failed.is_none();
        let models = match list {
            Ok(Some(models)) => models,
            Ok(None) | Err(_) if answers => {
                return check(
                    Level::Good,
                    format!("`{id}` answers; the service shows no list of its models"),
                );
            }
            Ok(None) | Err(_) => {
                return check(
                    Level::Unknown,
                    format!("`{id}`; the service shows no list of its models"),
                );
            }
        };
        if models.iter().any(|model| model.id == *id) {
            return check(
                Level::Good,
                format!("`{id}` is in the service's list of {}", models.len()),
            );
        }
        let near: Vec<String> = listed::nearest(id, models)
            .into_iter()
            .map(|id| format!("`{}`", clean(id)))
            .collect();
        let near = if near.is_empty() {
            "the list is empty".to_owned()
        } else {
            format!("the nearest there are {}", near.join(", "))
        };
        if answers {
            check(
                Level::Good,
                format!("`{id}` answers, and is not in the service's list; {near}"),
            )
        } else {
            check(
                Level::Wrong,
                format!("the service has no `{id}` in its list of {}", models.len()),
            )
            .hint(Some(near))
        }
    }

    /// Whether it answers at all.
    fn answer(
        &self,
        list: &Result<Option<Vec<Listed>>, CallError>,
        asked: &Asked,
        clean: &impl Fn(&str) -> String,
    ) -> Option<Check> {
        if let Some(failure) = &asked.failed {
            let check = Check::new("answer", Level::Wrong, failure.to_string());
            return Some(check.hint(self.advice(list, failure)));
        }
        let called = asked.answered_as.as_deref()?;
        let words = if called.is_empty() || called == self.settings.id {
            "it answers".to_owned()
        } else {
            format!("it answers, and calls itself `{}`", clean(called))
        };
        Some(Check::new("answer", Level::Good, words))
    }

    fn advice(
        &self,
        list: &Result<Option<Vec<Listed>>, CallError>,
        failure: &transcript::Failure,
    ) -> Option<String> {
        let variable = self.settings.key_variable();
        match list {
            Err(error) if matches!(error.status, Some(401 | 403)) => {
                Some(format!("see whether the key in `{variable}` is one of this service"))
            }
            Err(error) if error.status.is_none() && error.kind == CallErrorKind::Exhausted => Some(
                "see whether the service runs at this address; `base_url` or `--base-url` gives another"
                    .to_owned(),
            ),
            Err(error) if error.status == Some(404) => Some(match self.settings.provider {
                Provider::Anthropic => "the address is that before `/v1/messages`".to_owned(),
                Provider::Openai => {
                    "the address is that before `/chat/completions`, and often ends in `/v1`"
                        .to_owned()
                }
            }),
            Ok(Some(models))
                if matches!(failure, transcript::Failure::Refused(_))
                    && models.iter().any(|model| model.id == self.settings.id) =>
            {
                Some(format!(
                    "see whether the key in `{variable}` may use this model, and has credit"
                ))
            }
            Ok(_) | Err(_) => None,
        }
    }

    /// Whether it is as large as the experiment takes it to be.
    fn sizes(&self, listed: &Listed) -> Vec<Check> {
        let settings = &self.settings;
        let mut checks = Vec::new();
        if let Some(context) = listed.context {
            checks.push(if settings.context_tokens > context {
                Check::new(
                    "context",
                    Level::Doubtful,
                    format!(
                        "the service says {context} tokens, the experiment {}",
                        settings.context_tokens
                    ),
                )
                .hint(Some(format!("set `context_tokens: {context}`")))
            } else {
                Check::new(
                    "context",
                    Level::Good,
                    format!(
                        "the service says {context} tokens, of which {} are used",
                        settings.context_tokens
                    ),
                )
            });
        }
        if let Some(output) = listed
            .output
            .filter(|output| settings.max_output_tokens > *output)
        {
            checks.push(
                Check::new(
                    "output",
                    Level::Wrong,
                    format!(
                        "it writes at most {output} tokens, and the experiment asks for up to {}",
                        settings.max_output_tokens
                    ),
                )
                .hint(Some(format!("set `max_output_tokens: {output}`"))),
            );
        }
        checks
    }

    fn price(&self, price: Option<Price>) -> Check {
        let check = |level, words: String| Check::new("price", level, words);
        let Some(price) = price else {
            return check(
                Level::Wrong,
                format!("none is known of `{}`", self.settings.priced_as()),
            )
            .hint(Some(
                "give the model a `price`, or a known one by `priced_as`",
            ));
        };
        let dollars = format!(
            "${:.2} for a million tokens read, ${:.2} written",
            Usd(price.input).dollars(),
            Usd(price.output).dollars()
        );
        if self.settings.price.is_none() {
            let date = PriceList::embedded().date;
            let name = self.settings.priced_as();
            return check(
                Level::Good,
                format!("of `{name}` in the list of {date}: {dollars}"),
            );
        }
        let nothing = [
            price.input,
            price.output,
            price.cache_write,
            price.cache_read,
            price.session_hour,
        ]
        .iter()
        .all(|rate| *rate == 0);
        match (nothing, self.usual_address) {
            (true, true) => check(
                Level::Doubtful,
                "0, at a service that asks for money: no cap on money can hold".to_owned(),
            )
            .hint(Some("give the model its `price`")),
            (true, false) => check(Level::Good, "0, by the experiment".to_owned()),
            (false, _) => check(Level::Good, format!("by the experiment: {dollars}")),
        }
    }
}
