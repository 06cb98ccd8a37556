//! The sessions of a scenario, rendered for their days: documents, facts, tasks.

use std::{collections::BTreeMap, sync::Arc};

use jiff::civil::Date;

use super::{
    super::{
        Fact, FactToday, Session, Task, Tool, Truth, fits,
        wire::{WireDocument, WireSession, WireTask, WireTruth},
    },
    Builder, attributes,
};
use crate::{
    brief::{Attribute, Document, SessionBrief, TaskBrief, ToolDeclaration},
    form::Form,
    source::{Located, MAX_DOCUMENT_BYTES, Values, read_inside},
    text::Passage,
};

impl Builder<'_, '_> {
    pub(super) fn session(
        &mut self,
        wire: &WireSession,
        facts: &[Fact],
        forms: &BTreeMap<String, Arc<Form>>,
        tools: &[Tool],
        declarations: &Arc<[ToolDeclaration]>,
        digest_parts: &mut Vec<Vec<u8>>,
    ) -> Option<Session> {
        let date = self.checker.date(&wire.date)?;
        let about = attributes(&wire.about);
        let mut values = Values::default();
        for fact in facts {
            values.set(fact.id.as_str(), fact.on(date).0);
        }
        values.set("date", &date.to_string());
        values.set("case", &wire.case);
        values.set_all(
            "about",
            wire.about
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        values.set_all(
            "user",
            [
                ("name", self.wire.user.name.as_str()),
                ("role", self.wire.user.role.as_str()),
            ],
        );

        let facts_today = self.facts_today(facts, date, &values);
        let mut reveals = Vec::new();
        let quirk_ids: Vec<&str> = tools
            .iter()
            .flat_map(|tool| &tool.quirks)
            .map(|quirk| quirk.id.as_str())
            .collect();
        for reveal in &wire.reveals {
            let ids = facts
                .iter()
                .map(|fact| fact.id.as_str())
                .chain(quirk_ids.iter().copied());
            match ids.clone().position(|id| id == reveal.value) {
                Some(number) => reveals.push(number),
                None => self.checker.unknown(reveal, "fact or quirk", ids),
            }
        }
        let documents: Vec<Document> = wire
            .documents
            .into_iter()
            .filter_map(|document| self.document(document, &values, digest_parts))
            .collect();
        let asides: Vec<String> = wire
            .asides
            .into_iter()
            .map(|aside| self.render(aside, &values))
            .collect();
        let mut tasks = Vec::new();
        let mut briefs = Vec::new();
        for task in &wire.tasks {
            if let Some(form) = self
                .checker
                .known(&task.form, "form", forms.keys().map(String::as_str))
                .and_then(|name| forms.get(name))
            {
                let text = self.render(&task.brief, &values);
                briefs.push(TaskBrief {
                    title: task.title.clone(),
                    text: Passage::new(text),
                    asides: Passage::new(asides.join("\n")),
                    form: form.clone(),
                });
                tasks.extend(self.task(task, form, facts, tools, &about));
            }
        }
        let brief = SessionBrief {
            date,
            user: format!("{}, {}", self.wire.user.name, self.wire.user.role),
            about,
            case: wire.case.clone(),
            documents,
            tools: declarations.clone(),
            tasks: briefs,
        };
        Some(Session {
            brief,
            asides,
            reveals,
            facts: facts_today,
            tasks,
        })
    }

    fn facts_today(&mut self, facts: &[Fact], date: Date, values: &Values) -> Vec<FactToday> {
        let mut today = Vec::new();
        for fact in facts {
            let Some(wire) = self
                .wire
                .facts
                .into_iter()
                .find(|wire| wire.id.value == fact.id.as_str())
            else {
                continue;
            };
            let (value, earlier) = fact.on(date);
            let mut values = values.clone();
            values.set("value", value);
            let says: Vec<String> = wire
                .says
                .into_iter()
                .map(|say| self.render(say, &values))
                .collect();
            let corrects: Vec<String> = wire
                .corrects
                .into_iter()
                .map(|say| self.render(say, &values))
                .collect();
            today.push(FactToday {
                value: value.to_owned(),
                earlier: earlier.into_iter().map(str::to_owned).collect(),
                corrects: if corrects.is_empty() {
                    says.clone()
                } else {
                    corrects
                },
                says,
            });
        }
        today
    }

    fn document(
        &mut self,
        wire: &WireDocument,
        values: &Values,
        digest_parts: &mut Vec<Vec<u8>>,
    ) -> Option<Document> {
        match read_inside(
            &self.folder.join("documents"),
            &wire.name.value,
            MAX_DOCUMENT_BYTES,
        ) {
            Ok((path, text)) => {
                digest_parts.push(wire.name.value.as_bytes().to_vec());
                digest_parts.push(text.as_bytes().to_vec());
                let text = self
                    .checker
                    .render_file(&self.templates, &path, text, values)?;
                Some(Document {
                    name: wire.name.value.clone(),
                    title: wire.title.clone(),
                    text: Passage::new(text),
                })
            }
            Err(problem) => {
                self.checker.error(
                    &wire.name.span,
                    problem.message,
                    problem.hint.as_deref().unwrap_or(""),
                );
                None
            }
        }
    }

    fn task(
        &mut self,
        wire: &WireTask,
        form: &Form,
        facts: &[Fact],
        tools: &[Tool],
        about: &[Attribute],
    ) -> Option<Task> {
        let rubric = self.checker.name(&wire.rubric)?;
        for (name, truth) in &wire.truth {
            if !form
                .fields()
                .iter()
                .any(|field| field.name().as_str() == name)
            {
                self.checker.error(
                    &truth.span,
                    format!("form `{}` has no field `{name}`", wire.form.value),
                    "name a field of the task's form",
                );
            }
        }
        let mut truths = Vec::new();
        for field in form.fields() {
            let truth = match wire.truth.get(field.name().as_str()) {
                Some(Located {
                    value: WireTruth::Tool(tool),
                    span,
                }) => {
                    let located = Located {
                        value: tool.clone(),
                        span: span.clone(),
                    };
                    let number = tools
                        .iter()
                        .position(|tool| tool.declaration.name == *located.value);
                    match number {
                        Some(number) if tools[number].fills.as_ref() == Some(field.name()) => {
                            Some(Truth::Tool(number))
                        }
                        Some(_) => {
                            self.checker.error(
                                span,
                                format!("tool `{tool}` does not fill `{}`", field.name()),
                                "say so with `fills` at the tool",
                            );
                            None
                        }
                        None => {
                            self.checker.unknown(
                                &located,
                                "tool",
                                tools.iter().map(|tool| tool.declaration.name.as_str()),
                            );
                            None
                        }
                    }
                }
                Some(Located {
                    value: WireTruth::Value(value),
                    span,
                }) => self.stated(field, value, span).map(Truth::Stated),
                Some(Located {
                    value: WireTruth::Once(value),
                    span,
                }) => self.stated(field, value, span).map(Truth::Once),
                None => facts
                    .iter()
                    .enumerate()
                    .filter(|(_, fact)| fact.field == *field.name() && fits(&fact.about, about))
                    .max_by_key(|(number, fact)| (fact.about.len(), usize::MAX - number))
                    .map(|(number, _)| Truth::Fact(number))
                    .or_else(|| {
                        let message = format!(
                            "field `{}` has no truth in the task `{}`",
                            field.name(),
                            wire.title
                        );
                        self.checker.error(
                            &wire.form.span,
                            message,
                            "add a fact for it, or name it under `truth`",
                        );
                        None
                    }),
            };
            truths.extend(truth);
        }
        let patience = u32::from(wire.patience.unwrap_or(self.wire.user.patience));
        Some(Task {
            rubric,
            patience,
            truths,
        })
    }
}
