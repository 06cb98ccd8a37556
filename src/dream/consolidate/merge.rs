//! Merge: what says the same of the same becomes one statement with all its sources.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    super::{Edit, EditKind},
    statement::{Kind, Statement},
};
use crate::text::{Candidates, Force, Signature, Word, jaccard, shingles};

/// Statements of a field's value are the same when field, value, scope, case and term are; others when
/// their words are alike, they are said of the same, and no number or quoted text tells them apart.
/// Candidates for likeness come from an index, so the cost is that of n signatures.
pub(super) fn merge(
    statements: Vec<Statement>,
    likeness: f64,
    removed: &mut Vec<Edit>,
) -> Vec<Statement> {
    type Key = (
        usize,
        String,
        Vec<String>,
        Option<String>,
        Force,
        Option<Date>,
    );
    let mut kept: Vec<Statement> = Vec::with_capacity(statements.len());
    let mut values: BTreeMap<Key, usize> = BTreeMap::new();
    let mut index = Candidates::default();
    let mut prints: BTreeMap<usize, (Vec<u64>, Vec<String>)> = BTreeMap::new();
    for statement in statements {
        let same = if statement.kind == Kind::Value {
            let key = (
                statement.field,
                statement.value.to_lowercase(),
                statement.scopes.clone(),
                statement.case.clone(),
                statement.force,
                statement.until,
            );
            let next = kept.len();
            let at = *values.entry(key).or_insert(next);
            (at != next).then_some(at)
        } else {
            let print = shingles(statement.sentence.words());
            let figures = figures(&statement);
            let signature = Signature::of(&print);
            let like = signature
                .iter()
                .flat_map(|signature| index.like(signature))
                .map(|number| number as usize)
                .find(|at| {
                    let other = &kept[*at];
                    other.scopes == statement.scopes
                        && other.case == statement.case
                        && other.force == statement.force
                        && other.kind == statement.kind
                        && prints
                            .get(at)
                            .is_some_and(|(print_of_other, figures_of_other)| {
                                *figures_of_other == figures
                                    && jaccard(print_of_other, &print) >= likeness
                            })
                });
            if let (None, Some(signature)) = (like, signature) {
                index.insert(u32::try_from(kept.len()).unwrap_or(u32::MAX), &signature);
                prints.insert(kept.len(), (print, figures));
            }
            like
        };
        match same {
            Some(at) => {
                if statement.change.is_none() && kept[at].change.is_none() {
                    removed.push(Edit {
                        kind: EditKind::Removed,
                        text: statement.sentence.text().to_owned(),
                        reason: format!("says the same as \"{}\"", kept[at].sentence.text()),
                        sources: statement.sources.clone(),
                    });
                }
                kept[at].absorb(statement);
                let sources = kept[at].sources.len();
                kept[at].change =
                    Some((EditKind::Merged, format!("{sources} statements say this")));
            }
            None => kept.push(statement),
        }
    }
    kept
}

/// Numbers and names in lower case do not make two notes differ, but different figures do.
fn figures(statement: &Statement) -> Vec<String> {
    let text = statement.sentence.text();
    let of = |word: &Word| word.of(text).to_owned();
    let mut figures: Vec<String> = statement
        .sentence
        .words()
        .iter()
        .map(of)
        .filter(|word| word.bytes().any(|byte| byte.is_ascii_digit()))
        .collect();
    figures.sort();
    figures
}
