//! What the reference agent, the embedded dreamer and the embedded grader answer to a request of a model.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use dreamtrial::{
    agent::{Agent, MemoryAccess, Message, Opening, Step, Tools, reference::ReferenceAgent},
    brief::SessionBrief,
    dream::{DreamRequest, consolidate::Consolidator},
    experiment::Policy,
    grade::{Checks, GradeRequest},
    memory::Store,
    plan::{Plan, Trial},
    quantity::Seed,
    run::brief_of,
    transcript::{Entry, Transcript},
};
use futures_util::FutureExt as _;
use serde_json::{Map, Value, json};

use super::{
    model_server::{Noise, seeds},
    wire_formats::{SeenRequest, SeenTurn},
};

const BUILT_IN: [&str; 6] = [
    "read_document",
    "ask_user",
    "submit",
    "list_memory",
    "read_memory",
    "write_memory",
];

/// What is answered: words, and calls by name and arguments.
#[derive(Debug, Default)]
pub(crate) struct Played {
    pub(crate) text: String,
    pub(crate) calls: Vec<(String, Value)>,
}

impl Played {
    fn call(name: &str, arguments: Value) -> Self {
        Self {
            text: String::new(),
            calls: vec![(name.to_owned(), arguments)],
        }
    }

    fn text(text: String) -> Self {
        Self {
            text,
            calls: Vec::new(),
        }
    }
}

/// The sessions of a plan by the seeds of their requests.
pub(crate) struct World {
    plan: Arc<Plan>,
    agents: BTreeMap<u64, (usize, u32, u32)>,
    dreamers: BTreeMap<u64, (usize, u32, u32)>,
    noise: Noise,
}

/// A call that was made, and what it gave.
#[derive(Debug, Clone)]
struct Made {
    name: String,
    arguments: Map<String, Value>,
    result: Option<(String, bool)>,
}

/// Whether a request is of no session, but sees whether the service works.
pub(super) fn is_check(seen: &SeenRequest) -> bool {
    seen.system.starts_with("This is a check before a trial.")
}

/// A check asks for a tool with a word, for the form of a verdict, or for a word, in few tokens.
fn check(seen: &SeenRequest) -> Played {
    assert!(seen.max_tokens <= 64, "a check is cheap");
    match (&seen.tools[..], &seen.structure) {
        ([(name, ..)], None) => Played::call(name, json!({"word": "ready"})),
        ([], Some((_, schema))) => {
            assert_eq!(schema["required"], json!(["met"]));
            Played::text(json!({"met": true}).to_string())
        }
        ([], None) => Played::text("ready".to_owned()),
        _ => panic!("a check is of one thing"),
    }
}

impl World {
    pub(crate) fn new(plan: Arc<Plan>, noise: Noise) -> Self {
        Self {
            agents: seeds(&plan, "agent"),
            dreamers: seeds(&plan, "dreamer"),
            plan,
            noise,
        }
    }

    pub(crate) fn play(&self, seen: &SeenRequest) -> Played {
        if is_check(seen) {
            return check(seen);
        }
        match &seen.structure {
            None => self.agent(seen),
            Some((_, schema)) if schema["properties"].get("edits").is_some() => self.dream(seen),
            Some(_) => self.judge(seen),
        }
    }

    fn brief(
        &self,
        (scenario, repetition, session): (usize, u32, u32),
    ) -> (Arc<SessionBrief>, Seed) {
        let trial = Trial {
            scenario,
            arm: 0,
            repetition,
            placebo: None,
        };
        let seed = self.plan.seed(&trial, session);
        (
            brief_of(&self.plan.scenarios[scenario], session, seed),
            seed.derive("agent"),
        )
    }

    fn agent(&self, seen: &SeenRequest) -> Played {
        let place = self.agents[&seen.seed.unwrap()];
        let (brief, draws) = self.brief(place);
        let told = told(seen);
        let first = first_text(seen);
        assert!(
            first.starts_with(&brief.header()),
            "the head is not the session's"
        );
        check_tools(seen, &brief);
        let writable = seen.tools.iter().any(|(name, ..)| name == "write_memory");
        let memory = match memory(first, &told) {
            Memory::None => None,
            Memory::Whole(store) => Some(MemoryAccess { store, writable }),
            Memory::Unread(calls) => {
                return Played {
                    text: String::new(),
                    calls,
                };
            }
        };
        let experiment = &self.plan.experiment;
        let pending: Arc<Mutex<Option<(String, Value)>>> = Arc::default();
        let tools = Box::new(Replayed {
            made: told
                .iter()
                .filter_map(|item| match item {
                    Told::Call(made) if !BUILT_IN.contains(&made.name.as_str()) => {
                        Some(made.clone())
                    }
                    _ => None,
                })
                .collect(),
            pending: Arc::clone(&pending),
        });
        let opening = Opening {
            brief: Arc::clone(&brief),
            memory,
            tools,
            seed: draws,
        };
        let mut session = ReferenceAgent::new(experiment.limits, experiment.reference)
            .open(opening)
            .now_or_never()
            .unwrap()
            .unwrap();
        let mut step = Step::Idle;
        let mut since: Vec<&Made> = Vec::new();
        for item in &told {
            let message = match item {
                Told::Call(made) => {
                    since.push(made);
                    continue;
                }
                Told::Close => {
                    let notes = session.close().now_or_never().unwrap().unwrap().notes;
                    return close(&told, notes);
                }
                Told::Message(message) => message.clone(),
            };
            since.clear();
            if let Message::Task(number) = &message {
                check_task(seen, &brief, *number);
            }
            step = session.say(message).now_or_never().unwrap().unwrap().step;
        }
        // Documents are read at the beginning of each task, as the embedded agent does.
        let begins = told
            .iter()
            .rev()
            .find_map(|item| match item {
                Told::Message(message) => Some(matches!(message, Message::Task(_))),
                _ => None,
            })
            .unwrap();
        let read: Vec<&&Made> = since
            .iter()
            .filter(|made| made.name == "read_document")
            .collect();
        if begins && read.is_empty() && !brief.documents.is_empty() {
            let calls = brief
                .documents
                .iter()
                .map(|document| ("read_document".to_owned(), json!({"name": document.name})))
                .collect();
            return Played {
                text: String::new(),
                calls,
            };
        }
        for made in read {
            let document = brief
                .documents
                .iter()
                .find(|document| made.arguments["name"] == document.name.as_str())
                .unwrap();
            assert_eq!(made.result.as_ref().unwrap().0, document.text.text());
        }
        if let Some((tool, options)) = pending.lock().unwrap().take() {
            return Played::call(&tool, options);
        }
        sent(step)
    }

    fn dream(&self, seen: &SeenRequest) -> Played {
        let (scenario, repetition, _) = self.dreamers[&seen.seed.unwrap()];
        let text = first_text(seen);
        let (store, lines) = listed(text);
        let transcripts: Vec<Arc<Transcript>> = sessions(text)
            .into_iter()
            .map(|(session, entries)| {
                let (brief, _) = self.brief((scenario, repetition, session));
                Arc::new(Transcript {
                    session,
                    brief,
                    entries,
                })
            })
            .collect();
        let Some(last) = transcripts.last() else {
            return Played::text(json!({"edits": []}).to_string());
        };
        for transcript in &transcripts {
            for line in transcript.brief.header().lines() {
                assert!(text.contains(line), "the brief's head lacks `{line}`");
            }
        }
        let experiment = &self.plan.experiment;
        let policy = experiment
            .policies
            .first()
            .map_or_else(Policy::default, |(_, policy)| policy.clone());
        let dream = Consolidator::new(experiment.reference)
            .consolidate(&DreamRequest {
                store: &store,
                transcripts: &transcripts,
                policy: &policy,
                date: last.brief.date,
                seed: Seed(0),
            })
            .unwrap();
        let source = format!("S{}.0", last.session);
        Played::text(json!({"edits": edits(&store, &dream.store, &lines, &source)}).to_string())
    }

    fn judge(&self, seen: &SeenRequest) -> Played {
        let text = first_text(seen);
        for prepared in &self.plan.scenarios {
            for (at, session) in prepared.scenario.sessions.iter().enumerate() {
                for (number, task) in session.brief.tasks.iter().enumerate() {
                    let rubric = &prepared.rubrics[at][number];
                    if let Some(rubric) = super::judged::fits(text, task.text.text(), rubric) {
                        let deliverable = super::judged::deliverable(text);
                        let mut graded = Checks::verdicts(&GradeRequest {
                            brief: task.text.text(),
                            rubric: &rubric,
                            deliverable: &deliverable,
                            form: &task.form,
                        });
                        let drawn = Seed(seen.seed.unwrap());
                        for (at, verdict) in (0..).zip(&mut graded.verdicts.verdicts) {
                            verdict.met = (self.noise)(drawn, at, verdict.met);
                        }
                        return Played::text(super::judged::verdicts(&graded.verdicts));
                    }
                }
            }
        }
        panic!("no task of the plan has this brief and rubric");
    }
}

/// What an agent sends that waits so.
fn sent(step: Step) -> Played {
    match step {
        Step::Question(questions) => Played::call("ask_user", json!({"questions": questions})),
        Step::Submission(deliverable) | Step::Reviewed(deliverable, _) => {
            let fields: Map<String, Value> = deliverable
                .fields
                .iter()
                .map(|(name, value)| (name.to_string(), json!(value)))
                .collect();
            Played::call(
                "submit",
                json!({"fields": fields, "body": deliverable.body}),
            )
        }
        Step::Idle => Played::text("I am done.".to_owned()),
    }
}

/// What a request tells, in order.
#[derive(Debug)]
enum Told {
    Message(Message),
    Call(Made),
    Close,
}

fn told(seen: &SeenRequest) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    let mut open: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for turn in &seen.turns {
        match turn {
            SeenTurn::Assistant { calls, .. } => {
                for (id, name, arguments) in calls {
                    open.insert(id.clone(), (name.clone(), told.len()));
                    told.push(Told::Call(Made {
                        name: name.clone(),
                        arguments: arguments.clone(),
                        result: None,
                    }));
                }
            }
            SeenTurn::User { results, texts } => {
                for (id, text, failed) in results {
                    let (name, at) = open.remove(id).unwrap();
                    if let Told::Call(made) = &mut told[at] {
                        made.result = Some((text.clone(), *failed));
                    }
                    if name == "ask_user" || name == "submit" {
                        told.push(Told::Message(reply(&name, text)));
                    }
                }
                for text in texts {
                    if text.starts_with("The session is over.") {
                        told.push(Told::Close);
                    } else if let Some(number) = task_number(text) {
                        told.push(Told::Message(Message::Task(number)));
                    } else {
                        panic!("an unexpected text: {text}");
                    }
                }
            }
        }
    }
    told
}

fn reply(call: &str, text: &str) -> Message {
    if text.starts_with("The user took it.") {
        Message::Over(true)
    } else if text.starts_with("The user has ended this task") {
        Message::Over(false)
    } else if call == "ask_user" {
        Message::Answer(text.to_owned())
    } else if let Some(said) = text.strip_prefix("The user says: ") {
        Message::Correction(said.to_owned())
    } else {
        let inner = text
            .strip_prefix("A review, before the user sees it, asks for a revision:\n")
            .and_then(|text| text.strip_suffix("\nRevise, and submit again."))
            .unwrap();
        Message::Finding(inner.to_owned())
    }
}

fn task_number(text: &str) -> Option<usize> {
    text.lines().find_map(|line| {
        let (number, rest) = line.strip_prefix("Task ")?.split_once(" of ")?;
        rest.contains(": ").then_some(())?;
        number.parse::<usize>().ok().map(|number| number - 1)
    })
}

fn first_text(seen: &SeenRequest) -> &str {
    match &seen.turns[0] {
        SeenTurn::User { texts, .. } => texts.first().map_or("", String::as_str),
        SeenTurn::Assistant { .. } => "",
    }
}

/// The tools of the deployment are offered as the brief declares them.
fn check_tools(seen: &SeenRequest, brief: &SessionBrief) {
    for declared in brief.tools.iter() {
        let offered = seen.tools.iter().find(|(name, ..)| *name == declared.name);
        let (_, description, parameters) = offered.unwrap();
        assert!(description.contains(&declared.does));
        for option in &declared.options {
            assert_eq!(
                parameters["properties"][&option.name]["enum"],
                json!(option.values)
            );
        }
    }
}

fn check_task(seen: &SeenRequest, brief: &SessionBrief, number: usize) {
    let task = &brief.tasks[number];
    let has = |words: &str| {
        seen.turns.iter().any(|turn| match turn {
            SeenTurn::User { texts, .. } => texts.iter().any(|text| text.contains(words)),
            SeenTurn::Assistant { .. } => false,
        })
    };
    for words in [task.title.as_str(), task.text.text(), task.asides.text()] {
        assert!(has(words), "a task lacks `{words}`");
    }
    assert!(has(&task.form.render()), "a task lacks its form");
}

enum Memory {
    None,
    Whole(Store),
    Unread(Vec<(String, Value)>),
}

fn memory(first: &str, told: &[Told]) -> Memory {
    let mut store = Store::default();
    if first.contains("\nYour memory is empty.\n") {
        return Memory::Whole(store);
    }
    if let Some((_, text)) = first.split_once("\nYour memory:\n") {
        let mut path: Option<&str> = None;
        let mut content: Vec<&str> = Vec::new();
        for line in text.lines() {
            if let Some(next) = line.strip_prefix("## ") {
                if let Some(path) = path.replace(next) {
                    store.write(path, content.join("\n")).unwrap();
                }
                content.clear();
            } else if let Some(line) = line.strip_prefix("| ") {
                content.push(line);
            } else {
                break;
            }
        }
        store.write(path.unwrap(), content.join("\n")).unwrap();
        return Memory::Whole(store);
    }
    let Some((_, list)) = first.split_once("to be read with `read_memory`:\n") else {
        return Memory::None;
    };
    let paths = list
        .lines()
        .map_while(|line| line.strip_prefix("- "))
        .map(|line| line.rsplit_once(" (").unwrap().0);
    let mut unread = Vec::new();
    for path in paths {
        let read = told.iter().find_map(|item| match item {
            Told::Call(made) if made.name == "read_memory" && made.arguments["path"] == path => {
                made.result.as_ref()
            }
            _ => None,
        });
        match read {
            Some((content, false)) => store.write(path, content.clone()).unwrap(),
            Some((content, true)) => panic!("{path}: {content}"),
            None => unread.push(("read_memory".to_owned(), json!({"path": path}))),
        }
    }
    if unread.is_empty() {
        Memory::Whole(store)
    } else {
        Memory::Unread(unread)
    }
}

/// The tools as the conversation has them; the first call beyond it is what is answered next.
struct Replayed {
    made: VecDeque<Made>,
    pending: Arc<Mutex<Option<(String, Value)>>>,
}

impl Tools for Replayed {
    fn call(&mut self, tool: &str, options: &[(String, String)]) -> Result<String, String> {
        let asked: Map<String, Value> = options
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        if let Some(made) = self.made.pop_front() {
            assert_eq!((made.name.as_str(), &made.arguments), (tool, &asked));
            let (text, failed) = made.result.unwrap();
            return if failed { Err(text) } else { Ok(text) };
        }
        let mut pending = self.pending.lock().unwrap();
        if pending.is_none() {
            *pending = Some((tool.to_owned(), Value::Object(asked)));
        }
        Err("not called yet".to_owned())
    }
}

fn close(told: &[Told], notes: Vec<(String, String)>) -> Played {
    let written = told
        .iter()
        .any(|item| matches!(item, Told::Call(made) if made.name == "write_memory"));
    if written || notes.is_empty() {
        return Played::text("Done.".to_owned());
    }
    let calls = notes
        .into_iter()
        .map(|(path, content)| {
            (
                "write_memory".to_owned(),
                json!({"path": path, "content": content}),
            )
        })
        .collect();
    Played {
        text: String::new(),
        calls,
    }
}

/// The store as a dreamer is shown it, and the numbers of its lines by path.
fn listed(text: &str) -> (Store, BTreeMap<String, Vec<(usize, String)>>) {
    let mut lines: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    let mut path: Option<&str> = None;
    for line in text.lines() {
        if let Some(next) = line.strip_prefix("ENTRY ") {
            path = Some(next);
        } else if let Some((number, content)) = line
            .strip_prefix('M')
            .and_then(|line| line.split_once(' '))
            .and_then(|(number, content)| Some((number.parse::<usize>().ok()?, content)))
        {
            lines
                .entry(path.unwrap().to_owned())
                .or_default()
                .push((number, content.to_owned()));
        }
    }
    let mut store = Store::default();
    for (path, lines) in &lines {
        let content: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        store.write(path, content.join("\n")).unwrap();
    }
    (store, lines)
}

/// The sessions as a dreamer is shown them: their numbers and entries.
fn sessions(text: &str) -> Vec<(u32, Vec<Entry>)> {
    let mut found: Vec<(u32, Vec<Entry>)> = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("SESSION ") {
            let number = rest.split(' ').next().unwrap();
            found.push((number.parse().unwrap(), Vec::new()));
        } else if let Some((session, entry, content)) = line.strip_prefix('S').and_then(|line| {
            let (mark, content) = line.split_once(' ')?;
            let (session, entry) = mark.split_once('.')?;
            Some((
                session.parse::<u32>().ok()?,
                entry.parse::<usize>().ok()?,
                content,
            ))
        }) && entry > 0
        {
            let (number, entries) = found.last_mut().unwrap();
            assert_eq!((*number, entries.len() + 1), (session, entry));
            entries.push(serde_json::from_str(content).unwrap());
        }
    }
    found
}

/// Edits that make one store of another: common beginnings stay, the rest of an entry is written anew.
fn edits(
    before: &Store,
    after: &Store,
    lines: &BTreeMap<String, Vec<(usize, String)>>,
    source: &str,
) -> Vec<Value> {
    let mut edits = Vec::new();
    let mut paths: Vec<&str> = before.entries().map(|(path, _)| path).collect();
    paths.extend(after.entries().map(|(path, _)| path));
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        let none = Vec::new();
        let old = lines.get(path).unwrap_or(&none);
        let new: Vec<&str> = after
            .get(path)
            .map_or_else(Vec::new, |entry| entry.content().lines().collect());
        let same = old
            .iter()
            .zip(&new)
            .take_while(|((_, old), new)| old == *new)
            .count();
        let gone: Vec<String> = old[same..]
            .iter()
            .map(|(number, _)| format!("M{number}"))
            .collect();
        if !gone.is_empty() {
            edits.push(json!({
                "kind": "removed", "removes": gone, "path": "", "text": "",
                "reason": "written anew", "sources": [],
            }));
        }
        if same < new.len() {
            edits.push(json!({
                "kind": "added", "removes": [], "path": path, "text": new[same..].join("\n"),
                "reason": "as the sessions show", "sources": [source],
            }));
        }
    }
    edits
}
