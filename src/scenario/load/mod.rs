//! From a folder to a checked scenario: the whole, its forms and its facts.
//!
//! Tools are made in [`tools`], sessions with their documents and tasks in [`sessions`].

mod sessions;
mod tools;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use jiff::civil::Date;

use super::{
    Fact, Person, Scenario,
    check::{self, Checker},
    legible,
    wire::WireScenario,
};
use crate::{
    brief::{Attribute, ToolDeclaration},
    form::{Field, Form},
    ident::{Digest, ScenarioId},
    source::{Located, MAX_FILE_BYTES, Problems, Templates, Values, read_text},
};

/// Reads and checks the scenario in `folder`. All its problems go into `problems`; the scenario comes
/// back if none of them is an error.
pub fn load(folder: &Path, id: &ScenarioId, problems: &mut Problems) -> Option<Scenario> {
    let file = folder.join("scenario.yaml");
    let text: Arc<str> = match read_text(&file, MAX_FILE_BYTES) {
        Ok(text) => text.into(),
        Err(problem) => {
            problems.push(problem, None);
            return None;
        }
    };
    let mut own = Problems::default();
    let wire: Option<WireScenario> = crate::source::parse(&file, &text, 0..text.len(), &mut own);
    let scenario = wire.and_then(|wire| {
        let mut checker = Checker::new(&file, &text, &mut own);
        Builder {
            folder,
            wire: &wire,
            templates: Templates::default(),
            checker: &mut checker,
        }
        .build(id, &text)
    });
    let scenario = scenario.filter(|_| !own.has_errors());
    problems.extend(own);
    scenario
}

struct Builder<'b, 'c> {
    folder: &'b Path,
    wire: &'b WireScenario,
    templates: Templates,
    checker: &'b mut Checker<'c>,
}

fn attributes(map: &BTreeMap<String, String>) -> Vec<Attribute> {
    map.iter()
        .map(|(name, value)| Attribute {
            name: name.clone(),
            value: value.clone(),
        })
        .collect()
}

impl Builder<'_, '_> {
    fn build(mut self, id: &ScenarioId, text: &str) -> Option<Scenario> {
        let wire = self.wire;
        check::structure(wire, self.checker);
        let forms = self.forms();
        let facts = self.facts(&forms);
        let tools = self.tools();
        if self.checker.has_errors() {
            return None;
        }
        let declarations: Arc<[ToolDeclaration]> =
            tools.iter().map(|tool| tool.declaration.clone()).collect();
        let mut digest_parts = vec![text.as_bytes().to_vec()];
        let mut sessions = Vec::new();
        for session in &wire.sessions {
            sessions.extend(self.session(
                session,
                &facts,
                &forms,
                &tools,
                &declarations,
                &mut digest_parts,
            ));
        }
        if self.checker.has_errors() {
            return None;
        }
        let user = Person {
            name: wire.user.name.clone(),
            role: wire.user.role.clone(),
            patience: u32::from(wire.user.patience),
            corrections_per_round: usize::from(wire.user.corrections_per_round.max(1)),
        };
        let scenario = Scenario {
            id: id.clone(),
            title: wire.title.clone(),
            domain: wire.domain,
            construct: wire.construct,
            summary: wire
                .summary
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
            user,
            facts,
            forms: forms.into_iter().collect(),
            tools,
            sessions,
            digest: Digest::of_parts(digest_parts.iter().map(Vec::as_slice)),
        };
        check::whole(&scenario, wire, self.checker);
        legible::check(&scenario, wire, self.checker);
        Some(scenario)
    }

    fn forms(&mut self) -> BTreeMap<String, Arc<Form>> {
        let mut forms = BTreeMap::new();
        for (name, fields) in &self.wire.forms {
            let fields = fields.into_iter().filter_map(|field| {
                let id = self.checker.name(&field.field)?;
                Some(Field::new(
                    id,
                    field.label.value.clone(),
                    &field.cues,
                    field.kind.clone(),
                ))
            });
            forms.insert(name.clone(), Arc::new(Form::new(fields.collect())));
        }
        forms
    }

    fn facts(&mut self, forms: &BTreeMap<String, Arc<Form>>) -> Vec<Fact> {
        let mut facts = Vec::new();
        for fact in &self.wire.facts {
            let (Some(id), Some(field)) =
                (self.checker.name(&fact.id), self.checker.name(&fact.field))
            else {
                continue;
            };
            let kind = forms
                .values()
                .find_map(|form| form.field(&field))
                .map(|field| field.kind().clone());
            let Some(kind) = kind else {
                let known = self
                    .wire
                    .forms
                    .values()
                    .flat_map(|fields| &fields.0)
                    .map(|field| field.field.value.as_str());
                self.checker.unknown(&fact.field, "field", known);
                continue;
            };
            let mut values: Vec<(Date, String)> = Vec::new();
            for (number, value) in fact.values.into_iter().enumerate() {
                let from = match &value.from {
                    Some(from) => self.checker.date(from),
                    None if number == 0 => Some(Date::MIN),
                    None => {
                        self.checker.error(
                            &value.value.span,
                            "missing key `from`".into(),
                            "say from which day this value holds",
                        );
                        None
                    }
                };
                let normal = kind.normalise(&value.value.value);
                if normal.is_none() {
                    let message = format!("`{}` is no value of `{field}`", value.value.value);
                    self.checker.error(
                        &value.value.span,
                        message,
                        &format!("the field takes {kind}"),
                    );
                }
                if let (Some(from), Some(normal)) = (from, normal) {
                    if values.last().is_some_and(|(last, _)| *last >= from) {
                        self.checker.error(
                            &value.value.span,
                            "value is not later than the one before".into(),
                            "put the values in the order of their days",
                        );
                    }
                    values.push((from, normal));
                }
            }
            if !values.is_empty() {
                facts.push(Fact {
                    id,
                    field,
                    about: attributes(&fact.about),
                    when_asked: fact.when_asked,
                    values,
                });
            }
        }
        facts
    }

    fn stated(
        &mut self,
        field: &Field,
        value: &str,
        span: &std::ops::Range<usize>,
    ) -> Option<String> {
        let normal = field.kind().normalise(value);
        if normal.is_none() {
            self.checker.error(
                span,
                format!("`{value}` is no value of `{}`", field.name()),
                &format!("the field takes {}", field.kind()),
            );
        }
        normal
    }

    fn render(&mut self, template: &Located<String>, values: &Values) -> String {
        self.checker.render(&self.templates, template, values)
    }
}
