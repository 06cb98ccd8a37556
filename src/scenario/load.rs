//! From a folder to a checked scenario.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::civil::Date;

use super::{
    Fact, FactToday, Person, Quirk, SERIAL, Scenario, Session, Task, Tool, Truth,
    check::{self, Checker},
    fits, legible,
    wire::{WireScenario, WireSession, WireTask, WireTool, WireTruth},
};
use crate::{
    brief::{Attribute, Document, SessionBrief, TaskBrief, ToolDeclaration, ToolOption},
    form::{Field, Form},
    ident::{Digest, FieldName, ScenarioId},
    source::{
        Located, MAX_DOCUMENT_BYTES, MAX_FILE_BYTES, Problem, Problems, Templates, Values,
        read_inside, read_text,
    },
    text::Passage,
};

/// The scenario folders below `root`, by name; a folder counts when it has a `scenario.yaml`.
pub fn find(root: &Path) -> Result<Vec<(ScenarioId, PathBuf)>, Problem> {
    fn walk(
        folder: &Path,
        name: &str,
        depth: u8,
        found: &mut Vec<(ScenarioId, PathBuf)>,
    ) -> Result<(), Problem> {
        if folder.join("scenario.yaml").is_file() {
            let id = name
                .parse()
                .map_err(|error| Problem::error(folder, format!("{error}")))?;
            found.push((id, folder.to_owned()));
            return Ok(());
        }
        if depth == 0 {
            return Ok(());
        }
        let failed = |error: std::io::Error| {
            Problem::error(
                folder,
                format!("cannot read `{}`: {error}", folder.display()),
            )
        };
        let mut entries: Vec<_> = fs::read_dir(folder)
            .map_err(failed)?
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries.iter().filter(|entry| entry.path().is_dir()) {
            let part = entry.file_name().to_string_lossy().into_owned();
            let name = if name.is_empty() {
                part
            } else {
                format!("{name}/{part}")
            };
            walk(&entry.path(), &name, depth - 1, found)?;
        }
        Ok(())
    }
    let mut found = Vec::new();
    walk(root, "", 3, &mut found)?;
    Ok(found)
}

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

    fn tools(&mut self) -> Vec<Tool> {
        let mut tools = Vec::new();
        for tool in &self.wire.tools {
            let fills: Option<FieldName> = tool
                .fills
                .as_ref()
                .and_then(|fills| self.checker.name(fills));
            let label = fills.as_ref().and_then(|name| {
                self.wire
                    .forms
                    .values()
                    .flat_map(|fields| &fields.0)
                    .find(|field| field.field.value == name.as_str())
            });
            if let (Some(fills), None) = (&tool.fills, label) {
                let known = self
                    .wire
                    .forms
                    .values()
                    .flat_map(|fields| &fields.0)
                    .map(|field| field.field.value.as_str());
                self.checker.unknown(fills, "field", known);
            }
            let mut values = Values::default();
            values.set("serial", SERIAL);
            let returns = tool
                .returns
                .as_ref()
                .map_or_else(String::new, |returns| self.render(returns, &values));
            let quirks = tool
                .quirks
                .into_iter()
                .filter_map(|quirk| self.quirk(tool, quirk))
                .collect();
            tools.push(Tool {
                declaration: ToolDeclaration {
                    name: tool.name.value.clone(),
                    does: tool.does.clone(),
                    returns: label.map(|field| field.label.value.clone()),
                    options: tool
                        .options
                        .iter()
                        .map(|(name, values)| ToolOption {
                            name: name.clone(),
                            values: values.clone(),
                        })
                        .collect(),
                },
                fills,
                returns,
                quirks,
            });
        }
        tools
    }

    fn quirk(&mut self, tool: &WireTool, quirk: &super::wire::WireQuirk) -> Option<Quirk> {
        for (option, value) in &quirk.works {
            if !tool
                .options
                .get(option)
                .is_some_and(|values| values.contains(value))
            {
                let message = format!(
                    "`{}` has no option `{option}` with the value `{value}`",
                    tool.name.value
                );
                self.checker.error(
                    &quirk.id.span,
                    message,
                    "name an option and a value that the tool declares",
                );
            }
        }
        if let Some(first) = &quirk.first {
            self.checker.known(
                first,
                "tool",
                self.wire
                    .tools
                    .into_iter()
                    .map(|tool| tool.name.value.as_str()),
            );
        }
        Some(Quirk {
            id: self.checker.name(&quirk.id)?,
            when: attributes(&quirk.when),
            error: quirk.error.clone(),
            works: quirk.works.clone().into_iter().collect(),
            first: quirk.first.as_ref().map(|first| first.value.clone()),
            when_asked: quirk.when_asked,
            says: quirk
                .says
                .into_iter()
                .map(|say| say.value.clone())
                .collect(),
        })
    }

    fn session(
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
        wire: &super::wire::WireDocument,
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
