//! Whether the rules by which the reference agent reads can read this scenario.
//!
//! All findings are warnings: a live model may well understand what these rules do not.

use super::{Scenario, Truth, wire::WireScenario};
use crate::{
    form::Field,
    scenario::check::Checker,
    text::{Force, Passage, Sentence, force, mentions, stems},
};

/// The value that the sentences of these passages give to a field: the first that names it and has one.
fn read<'p>(field: &Field, passages: impl IntoIterator<Item = &'p Passage>) -> Option<String> {
    passages
        .into_iter()
        .flat_map(Passage::sentences)
        .find_map(|sentence| field.slot().value_in(sentence))
}

pub(super) fn check(scenario: &Scenario, wire: &WireScenario, checker: &mut Checker<'_>) {
    phrasings(scenario, wire, checker);
    for (session, wire_session) in scenario.sessions.iter().zip(&wire.sessions) {
        let documents = session
            .brief
            .documents
            .iter()
            .map(|document| &document.text);
        for (number, wire_task) in (&wire_session.tasks).into_iter().enumerate() {
            let (Some(task), Some(brief)) =
                (session.tasks.get(number), session.brief.tasks.get(number))
            else {
                continue;
            };
            let passages: Vec<&Passage> = [&brief.text, &brief.asides]
                .into_iter()
                .chain(documents.clone())
                .collect();
            for (field, truth) in brief.form.fields().iter().zip(&task.truths) {
                let found = read(field, passages.iter().copied());
                match truth {
                    Truth::Stated(value) | Truth::Once(value) if found.as_ref() != Some(value) => {
                        let message = format!(
                            "the reference agent does not read `{value}` for `{}` ({})",
                            field.name(),
                            found
                                .as_deref()
                                .map_or("it finds nothing".to_owned(), |found| format!(
                                    "it finds `{found}`"
                                ))
                        );
                        checker.warn(&wire_task.form.span, message, &format!("put the words `{}` and the value into one sentence of the brief or a document", field.label()));
                    }
                    Truth::Fact(fact) if session.reveals.contains(fact) => {
                        let value = &session.facts[*fact].value;
                        if found.as_ref() != Some(value) {
                            let message = format!(
                                "the reference agent does not read `{value}` for `{}`, which this session reveals ({})",
                                field.name(),
                                found
                                    .as_deref()
                                    .map_or("it finds nothing".to_owned(), |found| format!(
                                        "it finds `{found}`"
                                    ))
                            );
                            checker.warn(&wire_task.form.span, message, &format!("put the words `{}` and the value into one sentence of the brief or a document", field.label()));
                        }
                    }
                    Truth::Fact(fact) if found.as_ref() == Some(&session.facts[*fact].value) => {
                        let message = format!(
                            "the brief or a document gives `{}` away, which this session does not reveal",
                            field.name()
                        );
                        checker.warn(
                            &wire_task.form.span,
                            message,
                            "take it out, or name the fact under `reveals`",
                        );
                    }
                    Truth::Stated(_) | Truth::Once(_) | Truth::Fact(_) | Truth::Tool(_) => {}
                }
            }
        }
        reveals(scenario, session, wire_session, checker);
    }
}

/// What a session reveals must be stated as a rule, whether its own task needs it or not.
fn reveals(
    scenario: &Scenario,
    session: &super::Session,
    wire: &super::wire::WireSession,
    checker: &mut Checker<'_>,
) {
    let briefs = session.brief.tasks.iter().map(|task| &task.text);
    let sentences: Vec<&Sentence> = briefs
        .chain(
            session
                .brief
                .documents
                .iter()
                .map(|document| &document.text),
        )
        .flat_map(Passage::sentences)
        .collect();
    for reveal in &wire.reveals {
        let Some(number) = scenario
            .facts
            .iter()
            .position(|fact| fact.id.as_str() == reveal.value)
        else {
            continue;
        };
        let fact = &scenario.facts[number];
        let value = &session.facts[number].value;
        let Some(field) = scenario
            .forms
            .iter()
            .find_map(|(_, form)| form.field(&fact.field))
        else {
            continue;
        };
        let stating: Vec<&&Sentence> = sentences
            .iter()
            .filter(|sentence| field.slot().value_in(sentence).as_ref() == Some(value))
            .collect();
        if stating.is_empty() {
            checker.warn(
                &reveal.span,
                format!(
                    "no sentence of this session states `{}` as `{value}`",
                    fact.id
                ),
                &format!(
                    "put the words `{}` and the value into one sentence",
                    field.label()
                ),
            );
        } else if stating
            .iter()
            .all(|sentence| force(sentence) != Force::Standing)
        {
            checker.warn(
                &reveal.span,
                format!("`{}` is stated, but not as a rule", fact.id),
                "say `always`, `as a rule`, `from now on` or the like in the same sentence",
            );
        }
    }
}

fn phrasings(scenario: &Scenario, wire: &WireScenario, checker: &mut Checker<'_>) {
    let Some(last) = scenario.sessions.last() else {
        return;
    };
    for ((fact, today), wire) in scenario.facts.iter().zip(&last.facts).zip(&wire.facts) {
        for (_, form) in &scenario.forms {
            let Some(field) = form.field(&fact.field) else {
                continue;
            };
            let texts = today
                .says
                .iter()
                .zip(&wire.says)
                .chain(today.corrects.iter().zip(&wire.corrects));
            for (text, place) in texts {
                let passage = Passage::new(text.clone());
                if read(field, [&passage]).as_ref() != Some(&today.value) {
                    checker.warn(&place.span, format!("the reference agent does not read `{}` in this phrasing", fact.field), &format!("put the words `{}` and the value into one sentence, without a `not` before it", field.label()));
                }
            }
            for (text, place) in today.says.iter().zip(&wire.says) {
                let sentence = Sentence::new(text.clone());
                if fact
                    .about
                    .iter()
                    .any(|attribute| !mentions(&sentence, &stems(&attribute.value)))
                {
                    checker.warn(
                        &place.span,
                        "this phrasing does not name its scope".into(),
                        "a fact with `about` names each attribute's value in every phrasing",
                    );
                }
            }
        }
    }
}
