//! Managed agents: the key, the address, and whether each family of the API lets this account in. Nothing
//! is made and nothing is paid for.

use std::{collections::BTreeSet, sync::Arc};

use super::{Check, Level, Subject, model::of_failure};
use crate::{
    command::{managed::DREAMS_HINT, staff::Agency},
    experiment::{AgentPart, DreamerPart, live::Cast},
    platform::{Account, Family, PlatformError},
    serve::ORGANIZATION,
    transcript::Role,
};

/// The models whose service runs the loop or dreams, by the parts that they play.
pub(super) fn parts(cast: &Cast) -> Vec<(Role, &str)> {
    let mut parts = Vec::new();
    if let AgentPart::Managed(name) = &cast.agent {
        parts.push((Role::Agent, name.as_str()));
    }
    if let DreamerPart::Managed(name) = &cast.dreamer {
        parts.push((Role::Dreamer, name.as_str()));
    }
    parts
}

/// The account of managed parts, or what is wrong with it before anybody was asked.
pub(super) fn account(
    agency: &mut Agency<'_>,
    cast: &Cast,
) -> Option<(Vec<Check>, Option<Arc<Account>>)> {
    let names: BTreeSet<&str> = parts(cast).into_iter().map(|(_, name)| name).collect();
    let mut checks = Vec::new();
    let mut account = None;
    for name in names {
        match agency.account(name) {
            Ok(made) => account = Some(made),
            Err(failure) => checks.push(of_failure("account", failure)),
        }
    }
    (!checks.is_empty() || account.is_some()).then_some((checks, account))
}

/// Asks each family that the parts need.
pub(super) async fn examine(
    (mut checks, account): (Vec<Check>, Option<Arc<Account>>),
    dreams: bool,
) -> Subject {
    if let Some(account) = account {
        let client = &account.client;
        checks.push(Check::new("address", Level::Good, client.address()));
        for (name, family, needed) in [
            ("agents", Family::Agents, true),
            ("memory", Family::Memory, true),
            ("dreams", Family::Dreams, dreams),
        ] {
            if needed {
                checks.push(let_in(name, family, client.account_name(family).await));
            }
        }
    }
    Subject {
        name: "managed agents".to_owned(),
        checks,
        measured: None,
    }
}

fn let_in(
    name: &'static str,
    family: Family,
    answer: Result<Option<String>, PlatformError>,
) -> Check {
    match answer {
        Ok(Some(organization)) if organization == ORGANIZATION => Check::new(
            name,
            Level::Good,
            "they answer; behind them is `dreamtrial serve`, which is no evidence about a product",
        ),
        Ok(_) => Check::new(name, Level::Good, "they answer"),
        Err(error) => {
            let hint = match (family, error.status()) {
                (_, Some(401)) => Some("the key is none of this service"),
                (Family::Dreams, Some(403 | 404)) => Some(DREAMS_HINT),
                (_, Some(404)) => Some("is this the address of the Managed Agents API?"),
                _ => None,
            };
            Check::new(name, Level::Wrong, error.to_string()).hint(hint)
        }
    }
}
