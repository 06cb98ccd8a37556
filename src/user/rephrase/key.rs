//! The answer key that new words are held against: what of a text a reader can act on.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::{
    brief::SessionBrief,
    form::Form,
    scenario::Scenario,
    text::{Force, Passage, Sentence, dates_in, force, is_general, mentions, stems, until, words},
};

/// What must be the same in the script's words and in others: the values of a form, and names.
#[derive(Debug, Clone)]
pub struct AnswerKey<'k> {
    form: &'k Form,
    names: BTreeSet<String>,
}

/// What a sentence lays down.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    /// The fields that it gives a value to, by their place in the form.
    gives: Vec<(usize, String)>,
    names: Vec<String>,
    force: Force,
    general: bool,
    until: Option<Date>,
}

/// What of a text a reader can act on.
#[derive(Debug, Default)]
struct Reading {
    claims: BTreeSet<Claim>,
    /// Every value of the form's kinds, whatever it is said of.
    values: BTreeSet<String>,
    names: BTreeSet<String>,
    figures: BTreeSet<String>,
}

impl<'k> AnswerKey<'k> {
    /// The key to a task: its form, and the names of attributes, cases and tools in the scenario.
    pub fn of(scenario: &Scenario, brief: &SessionBrief, form: &'k Form) -> Self {
        let mut names: BTreeSet<String> = BTreeSet::from([brief.case.clone()]);
        let quirks = || scenario.tools.iter().flat_map(|tool| &tool.quirks);
        let attributes = scenario.facts.iter().flat_map(|fact| &fact.about);
        let attributes = attributes
            .chain(quirks().flat_map(|quirk| &quirk.when))
            .chain(&brief.about);
        names.extend(attributes.map(|attribute| attribute.value.clone()));
        names.extend(
            scenario
                .tools
                .iter()
                .map(|tool| tool.declaration.name.clone()),
        );
        // An option and its value are one name, so that two options cannot swap their values.
        let options = quirks().flat_map(|quirk| &quirk.works);
        names.extend(options.map(|(option, value)| format!("{option} {value}")));
        Self { form, names }
    }

    /// A key of this form and these names.
    pub fn new(form: &'k Form, names: impl IntoIterator<Item = String>) -> Self {
        Self {
            form,
            names: names.into_iter().collect(),
        }
    }

    /// What of the script's words is lost or changed in others; `None` if nothing is.
    pub fn difference(&self, said: &str, words: &str) -> Option<String> {
        let lines = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
        if lines(said) != lines(words) {
            return Some(format!(
                "it has {} lines and not {}",
                lines(words),
                lines(said)
            ));
        }
        let (before, after) = (self.read(said), self.read(words));
        let sets = [
            ("value", &before.values, &after.values),
            ("name", &before.names, &after.names),
            ("figure", &before.figures, &after.figures),
        ];
        for (what, before, after) in sets {
            if let Some(lost) = before.difference(after).next() {
                return Some(format!("the {what} `{lost}` is lost"));
            }
            if let Some(new) = after.difference(before).next() {
                return Some(format!("the {what} `{new}` is new"));
            }
        }
        (before.claims != after.claims)
            .then(|| "what the values are of, or how far they reach, has changed".to_owned())
    }

    fn read(&self, text: &str) -> Reading {
        let mut reading = Reading {
            figures: figures(text),
            ..Reading::default()
        };
        for line in text.lines() {
            for sentence in Passage::new(line).sentences() {
                self.read_sentence(sentence, &mut reading);
            }
        }
        reading
    }

    fn read_sentence(&self, sentence: &Sentence, reading: &mut Reading) {
        let mut gives = Vec::new();
        for (at, field) in self.form.fields().iter().enumerate() {
            reading.values.extend(field.slot().values_in(sentence));
            gives.extend(field.slot().value_in(sentence).map(|value| (at, value)));
        }
        let names: Vec<String> = self
            .names
            .iter()
            .filter(|name| mentions(sentence, &stems(name)))
            .cloned()
            .collect();
        reading.names.extend(names.iter().cloned());
        if !gives.is_empty() || !names.is_empty() {
            reading.claims.insert(Claim {
                gives,
                names,
                force: force(sentence),
                general: is_general(sentence),
                until: until(sentence),
            });
        }
    }
}

/// The days and the numbers of a text, each written in one way.
fn figures(text: &str) -> BTreeSet<String> {
    let words = words(text);
    let dates = dates_in(text, &words);
    let numbers = words.iter().enumerate().filter_map(|(at, word)| {
        let in_date = dates
            .iter()
            .any(|(first, end, _)| (*first..*end).contains(&at));
        let number: f64 = word.of(text).replace(',', "").parse().ok()?;
        (!in_date && number.is_finite()).then(|| number.to_string())
    });
    numbers
        .chain(dates.iter().map(|(_, _, date)| date.to_string()))
        .collect()
}
