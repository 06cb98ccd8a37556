//! The new store: statements as a well-organised set of Markdown files.

use std::collections::BTreeMap;

use super::{
    super::{Edit, EditKind},
    statement::{Kind, Statement},
    vocabulary::Vocabulary,
};
use crate::{
    memory::{MAX_ENTRY_BYTES, Store},
    text::Force,
    transcript::Failure,
};

/// Writes the statements into files by what they are and whom they are said of, and lists what changed.
pub(super) fn write(
    statements: &[Statement],
    vocabulary: &Vocabulary,
) -> Result<(Store, Vec<Edit>), Failure> {
    let mut files: BTreeMap<String, (String, Vec<&Statement>)> = BTreeMap::new();
    for statement in statements {
        let (path, title) = file_of(statement);
        files
            .entry(path)
            .or_insert_with(|| (title, Vec::new()))
            .1
            .push(statement);
    }
    let mut store = Store::default();
    let mut edits = Vec::new();
    for (path, (title, mut statements)) in files {
        statements.sort_by(|one, other| {
            (one.field, one.first, one.sentence.text()).cmp(&(
                other.field,
                other.first,
                other.sentence.text(),
            ))
        });
        let mut part = 1;
        let mut content = format!("# {title}\n\n");
        for statement in statements {
            let text = statement.text(|field, value| vocabulary.phrase(field, value));
            let line = line(statement, &text);
            if content.len() + line.len() > MAX_ENTRY_BYTES {
                save(
                    &mut store,
                    &path,
                    part,
                    std::mem::replace(&mut content, format!("# {title}\n\n")),
                )?;
                part += 1;
            }
            content.push_str(&line);
            if let Some((kind, reason)) = &statement.change {
                // A line that stands as it stood, and of which only the days grew, is no change.
                let news = *kind != EditKind::Merged || statement.sources.len() > 1;
                if news {
                    edits.push(Edit {
                        kind: *kind,
                        text,
                        reason: reason.clone(),
                        sources: statement.sources.clone(),
                    });
                }
            }
        }
        save(&mut store, &path, part, content)?;
    }
    Ok((store, edits))
}

fn save(store: &mut Store, path: &str, part: u32, content: String) -> Result<(), Failure> {
    let path = if part == 1 {
        format!("{path}.md")
    } else {
        format!("{path}-{part}.md")
    };
    store
        .write(&path, content)
        .map_err(|error| Failure::Memory(error.to_string()))
}

/// The file of a statement, without extension, and its title. A title `For …` is the scope of all lines
/// below it.
fn file_of(statement: &Statement) -> (String, String) {
    let for_whom = |folder: &str, general: &str| {
        if statement.scopes.is_empty() {
            (format!("{folder}/general"), general.to_owned())
        } else {
            let names = statement.scopes.join(" / ");
            (format!("{folder}/{}", slug(&names)), format!("For {names}"))
        }
    };
    match (statement.force, statement.kind) {
        (Force::Standing, Kind::Way) => for_whom("playbooks", "Ways that work"),
        (Force::Standing, Kind::Value | Kind::Remark) => for_whom("conventions", "Conventions"),
        (Force::OneOff, _) => (
            "cases/exceptions".to_owned(),
            "Exceptions, each for one case".to_owned(),
        ),
        (Force::Case, Kind::Value | Kind::Way | Kind::Remark) => {
            ("cases/corrections".to_owned(), "Cases".to_owned())
        }
        (Force::Standing | Force::Case, Kind::Chatter) => ("log".to_owned(), "Log".to_owned()),
    }
}

fn line(statement: &Statement, text: &str) -> String {
    let head = match &statement.case {
        Some(case) => format!("On {case} ({}): ", statement.last),
        None if statement.kind == Kind::Chatter && !statement.scopes.is_empty() => {
            format!("For {}: ", statement.scopes.join(" / "))
        }
        None => String::new(),
    };
    let mark = if statement.case.is_some() {
        String::new()
    } else if statement.sessions > 1 && statement.first < statement.last {
        format!(
            " [{} sessions, {} to {}]",
            statement.sessions, statement.first, statement.last
        )
    } else {
        format!(" [{}]", statement.last)
    };
    format!("- {head}{text}{mark}\n")
}

fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() {
            slug.push(letter);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.truncate(slug.char_indices().nth(60).map_or(slug.len(), |(at, _)| at));
    slug.trim_end_matches('-').to_owned()
}
