//! Patterns: what recurs in distinct sessions becomes a rule, what worked again and again a playbook.
//!
//! Corrections of one field in several cases are the evidence. A rule is drawn when the same value was
//! wanted in enough distinct sessions, and it is drawn no wider than the evidence lets it: of everybody
//! if nobody wanted otherwise, else of the attribute that tells these cases from the others. A one-off
//! is no evidence.

use std::collections::BTreeMap;

use super::{
    super::EditKind,
    statement::{Kind, Statement},
};
use crate::text::Force;

pub(super) fn promote(statements: &mut Vec<Statement>, least: u32) {
    let mut by_field: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, statement) in statements.iter().enumerate() {
        if statement.kind == Kind::Value
            && statement.force == Force::Case
            && !statement.seen_in.is_empty()
        {
            by_field.entry(statement.field).or_default().push(at);
        }
    }
    let mut rules = Vec::new();
    for cases in by_field.values() {
        let mut by_value: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &at in cases {
            by_value
                .entry(statements[at].value.to_lowercase())
                .or_default()
                .push(at);
        }
        for (value, support) in &by_value {
            let against: Vec<&Statement> = by_value
                .iter()
                .filter(|(other, _)| *other != value)
                .flat_map(|(_, cases)| cases)
                .map(|&at| &statements[at])
                .collect();
            let support: Vec<&Statement> = support.iter().map(|&at| &statements[at]).collect();
            rules.extend(rule(&support, &against, least));
        }
    }
    // A rule that was drawn on less evidence goes when a case since then speaks against it.
    for rule in rules {
        statements.retain(|statement| {
            !(statement.kind == Kind::Value
                && statement.force == Force::Standing
                && statement.field == rule.field
                && !statement.stated
                && statement.value.to_lowercase() != rule.value.to_lowercase()
                && statement
                    .scopes
                    .iter()
                    .all(|scope| rule.scopes.contains(scope)))
        });
        let known = statements.iter_mut().find(|statement| {
            statement.kind == Kind::Value
                && statement.force == Force::Standing
                && statement.field == rule.field
                && statement.scopes == rule.scopes
                && statement.value.to_lowercase() == rule.value.to_lowercase()
        });
        match known {
            Some(known) => known.absorb(rule),
            None => statements.push(rule),
        }
    }
    playbooks(statements, least);
}

/// The rule that these cases of one value support, if they are from enough sessions.
fn rule(support: &[&Statement], against: &[&Statement], least: u32) -> Option<Statement> {
    let mut sessions: Vec<u32> = support
        .iter()
        .flat_map(|case| case.seen_in.iter().copied())
        .collect();
    sessions.sort_unstable();
    sessions.dedup();
    if u32::try_from(sessions.len()).unwrap_or(u32::MAX) < least {
        return None;
    }
    let newest = support.iter().max_by_key(|case| case.last)?;
    let mut common = support.first()?.context.clone();
    common.retain(|value| support.iter().all(|case| case.context.contains(value)));
    let tells_apart = |value: &&String| against.iter().all(|case| !case.context.contains(*value));
    let scopes = if against.is_empty() {
        Vec::new()
    } else {
        vec![common.iter().find(tells_apart)?.clone()]
    };
    let whom = scopes.first().map_or_else(
        || "all cases".to_owned(),
        |scope| format!("cases of {scope}"),
    );
    let mut rule = (*newest).clone();
    rule.first = support.iter().map(|case| case.first).min()?;
    rule.sessions = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
    rule.change = Some((
        EditKind::Promoted,
        format!(
            "wanted in {} sessions, and nothing else in {whom}",
            sessions.len()
        ),
    ));
    rule.seen_in = sessions;
    rule.sources = support
        .iter()
        .flat_map(|case| case.sources.iter().cloned())
        .collect();
    (rule.scopes, rule.case, rule.force, rule.stated) = (scopes, None, Force::Standing, false);
    Some(rule)
}

/// A way to call a tool that worked in enough sessions is a playbook. Where it worked under several
/// attributes and no other way did, it holds for all of them.
fn playbooks(statements: &mut [Statement], least: u32) {
    for statement in statements
        .iter_mut()
        .filter(|statement| statement.kind == Kind::Way && statement.sessions >= least)
    {
        if statement
            .change
            .as_ref()
            .is_some_and(|(kind, _)| *kind != EditKind::Promoted)
        {
            statement.change = Some((
                EditKind::Promoted,
                format!("worked in {} sessions", statement.sessions),
            ));
        }
    }
}
