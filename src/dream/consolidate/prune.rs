//! Prune: what is superseded, past its date, covered by a rule, or says nothing is taken out.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};

use super::{
    super::{Edit, EditKind},
    statement::{Kind, Statement},
};
use crate::{experiment::Policy, text::Force};

pub(super) fn prune(
    statements: &[Statement],
    policy: &Policy,
    today: Date,
    removed: &mut Vec<Edit>,
) -> Vec<Statement> {
    let newest = newest_values(statements);
    let mut kept = Vec::with_capacity(statements.len());
    for statement in statements {
        let reason = past(statement, policy, today)
            .or_else(|| {
                (statement.kind == Kind::Chatter)
                    .then(|| "says nothing that could be used again".to_owned())
            })
            .or_else(|| superseded(statement, &newest, statements))
            .or_else(|| covered(statement, statements));
        if let Some(reason) = reason {
            // What never stood in the store needs no word that it left.
            if statement
                .change
                .as_ref()
                .is_none_or(|(kind, _)| *kind != EditKind::Added)
            {
                removed.push(Edit {
                    kind: EditKind::Removed,
                    text: statement.sentence.text().to_owned(),
                    reason,
                    sources: statement.sources.clone(),
                });
            }
        } else {
            let mut statement = statement.clone();
            note_replacement(&mut statement, statements, &newest);
            kept.push(statement);
        }
    }
    kept
}

type Place = (usize, Vec<String>);

fn place(statement: &Statement) -> Option<Place> {
    (statement.kind == Kind::Value
        && statement.force == Force::Standing
        && statement.until.is_none())
    .then(|| (statement.field, statement.scopes.clone()))
}

/// For each field and scope, the number of the statement with the newest value; of one day, what was
/// said goes before what was merely used again, then the later one.
fn newest_values(statements: &[Statement]) -> BTreeMap<Place, usize> {
    let mut newest: BTreeMap<Place, usize> = BTreeMap::new();
    for (at, statement) in statements.iter().enumerate() {
        if let Some(place) = place(statement) {
            let best = newest.entry(place).or_insert(at);
            let rank = |statement: &Statement| (statement.last, statement.stated);
            if rank(statement) >= rank(&statements[*best]) {
                *best = at;
            }
        }
    }
    newest
}

fn superseded(
    statement: &Statement,
    newest: &BTreeMap<Place, usize>,
    statements: &[Statement],
) -> Option<String> {
    let best = &statements[*newest.get(&place(statement)?)?];
    (best.value.to_lowercase() != statement.value.to_lowercase()).then(|| {
        format!(
            "superseded by \"{}\" of {}",
            best.sentence.text(),
            best.last
        )
    })
}

fn note_replacement(
    statement: &mut Statement,
    statements: &[Statement],
    newest: &BTreeMap<Place, usize>,
) {
    let Some(place) = place(statement) else {
        return;
    };
    let older = statements.iter().find(|other| {
        self::place(other).as_ref() == Some(&place)
            && other.value.to_lowercase() != statement.value.to_lowercase()
    });
    if let (Some(older), true) = (older, newest.contains_key(&place)) {
        statement.change = Some((
            EditKind::Replaced,
            format!("newer than \"{}\" of {}", older.sentence.text(), older.last),
        ));
    }
}

fn past(statement: &Statement, policy: &Policy, today: Date) -> Option<String> {
    if let Some(last) = statement.until.filter(|last| *last < today) {
        return Some(format!("held until {last}"));
    }
    let older_than = |days: u32| {
        today
            .checked_sub(i64::from(days).min(100_000).days())
            .is_ok_and(|limit| statement.last <= limit)
    };
    if policy.keep_days.is_some_and(older_than) {
        return Some(format!("older than {} days", policy.keep_days.unwrap_or(0)));
    }
    (statement.case.is_some() && older_than(policy.keep_case_days)).then(|| {
        format!(
            "about a case, and older than {} days",
            policy.keep_case_days
        )
    })
}

/// A case that a rule explains need not be kept beside it.
fn covered(statement: &Statement, statements: &[Statement]) -> Option<String> {
    if statement.kind != Kind::Value || statement.force != Force::Case {
        return None;
    }
    statements
        .iter()
        .find(|rule| {
            rule.kind == Kind::Value
                && rule.force == Force::Standing
                && rule.field == statement.field
                && rule.value.to_lowercase() == statement.value.to_lowercase()
                && rule
                    .scopes
                    .iter()
                    .all(|scope| statement.context.contains(scope))
        })
        .map(|rule| format!("covered by the rule \"{}\"", rule.sentence.text()))
}
