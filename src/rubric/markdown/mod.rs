//! A filled rubric as the Markdown that the service's grader is given, and read back from it.
//!
//! The body stands first, as a model grader gets it elsewhere; then a bullet for each criterion with its
//! weight and its test in words. A rubric that somebody else wrote has no tests: of it, each bullet is a
//! criterion of weight 1 that must be met, and the embedded grader can only look for its words. A bullet
//! is met when the body of the deliverable has every phrase that it quotes; where it quotes none, when
//! the body has at least one of its words of five letters or more.

mod check;

use std::fmt::Write as _;

use super::{Check, Criterion, Rubric};
use crate::text::blocks;

/// From how many letters on a word of a free bullet is looked for.
const LONG_WORD: usize = 5;
const HEADING: &str = "\n\n# How each criterion of `";
const HEADING_END: &str = "` is decided\n\n";

/// The rubric as Markdown.
pub fn write(rubric: &Rubric) -> String {
    let mut text = format!("{}{HEADING}{}{HEADING_END}", rubric.body, rubric.id);
    for criterion in &rubric.criteria {
        let need = if criterion.required {
            "required"
        } else {
            "optional"
        };
        let _ = writeln!(
            text,
            "- `{}` ({need}, weight {}) {}: {}",
            criterion.id,
            criterion.weight,
            check::quoted(&criterion.title),
            check::write(&criterion.check)
        );
    }
    text
}

/// The rubric of a text; `None` where it holds nothing that could be decided.
pub fn read(text: &str) -> Option<Rubric> {
    ours(text).or_else(|| free(text))
}

fn ours(text: &str) -> Option<Rubric> {
    let (body, rest) = text.rsplit_once(HEADING)?;
    let (id, lines) = rest.split_once(HEADING_END)?;
    let criteria: Vec<Criterion> = lines.lines().map(criterion).collect::<Option<_>>()?;
    (!criteria.is_empty()).then_some(Rubric {
        id: id.parse().ok()?,
        criteria,
        body: body.to_owned(),
    })
}

fn criterion(line: &str) -> Option<Criterion> {
    let (id, rest) = line.strip_prefix("- `")?.split_once("` (")?;
    let (need, rest) = rest.split_once(", weight ")?;
    let (weight, rest) = rest.split_once(") ")?;
    let (title, rest) = check::quotation(rest)?;
    Some(Criterion {
        id: id.parse().ok()?,
        title,
        required: match need {
            "required" => true,
            "optional" => false,
            _ => return None,
        },
        weight: weight.parse().ok()?,
        check: check::read(rest.strip_prefix(": ")?)?,
    })
}

fn free(text: &str) -> Option<Rubric> {
    let criteria: Vec<Criterion> = blocks(text)
        .into_iter()
        .filter(|block| block.item)
        .enumerate()
        .filter_map(|(at, block)| {
            Some(Criterion {
                id: format!("bullet-{}", at + 1).parse().ok()?,
                check: looked_for(&block.text)?,
                title: block.text,
                required: true,
                weight: 1,
            })
        })
        .collect();
    (!criteria.is_empty()).then_some(Rubric {
        id: "free-form".parse().ok()?,
        criteria,
        body: text.to_owned(),
    })
}

/// The test of a free bullet; `None` where it has no word to look for.
fn looked_for(bullet: &str) -> Option<Check> {
    let has = |text: &str| Check::BodyContains {
        text: text.to_owned(),
    };
    let phrases: Vec<Check> = ['"', '`']
        .into_iter()
        .flat_map(|mark| bullet.split(mark).skip(1).step_by(2))
        .filter(|phrase| !phrase.trim().is_empty())
        .map(has)
        .collect();
    if !phrases.is_empty() {
        return Some(Check::All(phrases));
    }
    let words: Vec<Check> = bullet
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.chars().count() >= LONG_WORD)
        .map(has)
        .collect();
    (!words.is_empty()).then_some(Check::Any(words))
}

#[cfg(test)]
mod tests;
