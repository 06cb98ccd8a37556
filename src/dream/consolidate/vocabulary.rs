//! The words of a deployment: the fields, attributes, cases and tools that its sessions name.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    brief::{Attribute, ToolDeclaration},
    form::{Field, FieldKind, Form},
    text::{Sentence, mentions, stems},
    transcript::Transcript,
};

/// What can be recognised in the statements of a deployment.
pub(super) struct Vocabulary {
    forms: Vec<Arc<Form>>,
    fields: Vec<(usize, usize)>,
    scopes: Vec<(String, Vec<u64>)>,
    tools: Vec<(ToolDeclaration, Vec<u64>)>,
}

impl Vocabulary {
    pub(super) fn of(transcripts: &[Arc<Transcript>]) -> Self {
        let mut forms: Vec<Arc<Form>> = Vec::new();
        let mut scopes: BTreeSet<&str> = BTreeSet::new();
        let mut tools: Vec<(ToolDeclaration, Vec<u64>)> = Vec::new();
        for transcript in transcripts {
            for task in &transcript.brief.tasks {
                if !forms.iter().any(|form| Arc::ptr_eq(form, &task.form)) {
                    forms.push(task.form.clone());
                }
            }
            scopes.extend(
                transcript
                    .brief
                    .about
                    .iter()
                    .map(|attribute| attribute.value.as_str()),
            );
            for tool in transcript.brief.tools.iter() {
                if !tools.iter().any(|(known, _)| known.name == tool.name) {
                    tools.push((tool.clone(), stems(&tool.name)));
                }
            }
        }
        let mut fields: Vec<(usize, usize)> = Vec::new();
        for (at, form) in forms.iter().enumerate() {
            for (number, field) in form.fields().iter().enumerate() {
                if !fields
                    .iter()
                    .any(|&(form, known)| forms[form].fields()[known].label() == field.label())
                {
                    fields.push((at, number));
                }
            }
        }
        Self {
            forms,
            fields,
            scopes: scopes
                .into_iter()
                .map(|name| (name.to_owned(), stems(name)))
                .collect(),
            tools,
        }
    }

    fn field(&self, number: usize) -> Option<&Field> {
        let (form, field) = self.fields.get(number)?;
        self.forms[*form].fields().get(*field)
    }

    /// The fields that the sentence gives a value to, with the values.
    pub(super) fn values(&self, sentence: &Sentence) -> Vec<(usize, String)> {
        (0..self.fields.len())
            .filter_map(|number| {
                self.field(number)?
                    .slot()
                    .value_in(sentence)
                    .map(|value| (number, value))
            })
            .collect()
    }

    /// How a field with a value is written in a store.
    pub(super) fn phrase(&self, field: usize, value: &str) -> String {
        match self.field(field) {
            Some(field) if *field.kind() == FieldKind::Text => {
                format!("{}: \"{value}\"", field.label())
            }
            Some(field) => format!("{}: {value}", field.label()),
            None => value.to_owned(),
        }
    }

    /// The attributes' values that the sentence names, in alphabetical order.
    pub(super) fn scopes_in(&self, sentence: &Sentence) -> Vec<String> {
        self.scopes
            .iter()
            .filter(|(_, name)| mentions(sentence, name))
            .map(|(value, _)| value.clone())
            .collect()
    }

    /// Whether the sentence shows how to call a tool: its name and an option with a value, or another
    /// tool besides.
    pub(super) fn shows_a_way(&self, sentence: &Sentence) -> bool {
        let named: Vec<&(ToolDeclaration, Vec<u64>)> = self
            .tools
            .iter()
            .filter(|(_, name)| mentions(sentence, name))
            .collect();
        let with_option = named.iter().any(|(tool, _)| {
            tool.options.iter().any(|option| {
                sentence.has_all(&stems(&option.name))
                    && option
                        .values
                        .iter()
                        .any(|value| mentions(sentence, &stems(value)))
            })
        });
        with_option || named.len() > 1
    }

    /// The default value of a tool's option.
    pub(super) fn default_of(&self, tool: &str, option: &str) -> Option<&str> {
        let (tool, _) = self.tools.iter().find(|(known, _)| known.name == tool)?;
        tool.options
            .iter()
            .find(|known| known.name == option)?
            .values
            .first()
            .map(String::as_str)
    }
}

/// The values of attributes.
pub(super) fn values_of(about: &[Attribute]) -> Vec<String> {
    let mut values: Vec<String> = about
        .iter()
        .map(|attribute| attribute.value.clone())
        .collect();
    values.sort();
    values
}
