//! What agent, dreamer and grader may know.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use dreamtrial::{
    agent::{
        Agent, AgentSession, MemoryAccess, Message, Opening, Step, Tools, reference::ReferenceAgent,
    },
    brief::{Deliverable, SessionBrief},
    experiment::{Limits, Reference},
    grade::{GradeRequest, Grader, Judge},
    memory::Store,
    model::{Assistant, Completion, Model, Request, Stop},
    quantity::{Milliseconds, Seed},
    scenario::{self, Scenario},
    source::Problems,
    transcript::{Failure, Pending, Role, Usage},
};

use crate::world::{plan, root, sessions};

struct NoTools;

impl Tools for NoTools {
    fn call(&mut self, tool: &str, _: &[(String, String)]) -> Result<String, String> {
        Err(format!("no such tool: {tool}"))
    }
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// Everything that the reference agent says and does in a session up to its first deliverable.
fn behaviour(brief: &SessionBrief, memory: &str) -> String {
    let mut store = Store::default();
    if !memory.is_empty() {
        store.write("notes.md", memory.to_owned()).unwrap();
    }
    let agent = ReferenceAgent::new(Limits::default(), Reference::default());
    let opening = Opening {
        brief: Arc::new(brief.clone()),
        memory: Some(MemoryAccess {
            store,
            writable: true,
        }),
        tools: Box::new(NoTools),
        seed: Seed(7),
    };
    ready(async {
        let mut session: Box<dyn AgentSession> = agent.open(opening).await.unwrap();
        let mut turn = session.say(Message::Task(0)).await.unwrap();
        let mut log = format!("{turn:?}\n");
        while let Step::Question(questions) = &turn.step {
            turn = session
                .say(Message::Answer(
                    vec!["I don't know."; questions.len()].join("\n"),
                ))
                .await
                .unwrap();
            log.push_str(&format!("{turn:?}\n"));
        }
        session.say(Message::Over(true)).await.unwrap();
        let end = session.close().await.unwrap();
        log + &format!("{end:?}")
    })
}

fn load(folder: &Path) -> Scenario {
    let mut problems = Problems::default();
    let scenario = scenario::load(folder, &"legal/scope".parse().unwrap(), &mut problems);
    scenario.unwrap_or_else(|| panic!("{}", problems.render(false)))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).map(|_| ()).unwrap();
        }
    }
}

/// Replaces whole words.
fn rename(text: &str, from: &str, to: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let free = !rest[..at].ends_with(is_word) && !rest[at + from.len()..].starts_with(is_word);
        result.push_str(&rest[..at]);
        result.push_str(if free { to } else { from });
        rest = &rest[at + from.len()..];
    }
    result + rest
}

/// Fact ids reach neither the agent nor the dreamer: with all of them renamed, every byte that the
/// agent sees and does is the same.
#[test]
fn renamed_ids_give_the_same_bytes() {
    let from = root().join("scenarios/legal/scope");
    let before = load(&from);
    let folder = tempfile::TempDir::new().unwrap();
    let to = folder.path().join("scope");
    copy(&from, &to);
    // A field's name is no secret: an id that is also one stays.
    let is_field = |id: &str| {
        before.forms.iter().any(|(_, form)| {
            form.fields()
                .iter()
                .any(|field| field.name().as_str() == id)
        })
    };
    let renamed: Vec<_> = before
        .facts
        .iter()
        .filter(|fact| !is_field(fact.id.as_str()))
        .collect();
    assert!(renamed.len() >= 8);
    let mut files = vec![to.join("scenario.yaml")];
    files.extend(
        fs::read_dir(to.join("documents"))
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    for file in files {
        let mut text = fs::read_to_string(&file).unwrap();
        for (number, fact) in renamed.iter().enumerate() {
            text = rename(&text, fact.id.as_str(), &format!("renamed_{number}"));
        }
        fs::write(&file, text).unwrap();
    }
    let after = load(&to);
    assert_eq!(
        after
            .facts
            .iter()
            .filter(|fact| fact.id.as_str().starts_with("renamed_"))
            .count(),
        renamed.len()
    );
    for (one, other) in before.sessions.iter().zip(&after.sessions) {
        let bytes = behaviour(&one.brief, "- the payment window is 30 days.\n");
        assert_eq!(
            bytes,
            behaviour(&other.brief, "- the payment window is 30 days.\n")
        );
        for fact in &renamed {
            assert!(
                rename(&bytes, fact.id.as_str(), "") == bytes,
                "`{}` shows",
                fact.id
            );
        }
    }
}

#[test]
fn memory_text_decides_what_the_agent_does() {
    let plan = plan("standard.yaml", 1, |name| name == "legal/scope");
    let scenario = &plan.scenarios[0].scenario;
    let session = scenario.sessions.len() - 1;
    let fact = scenario.hidden_in(session, 0).next().unwrap();
    let brief = &scenario.sessions[session].brief;
    let says = &scenario.sessions[session].facts[fact].says[0];
    let value = &scenario.sessions[session].facts[fact].value;
    let whom = scenario.facts[fact]
        .about
        .first()
        .map_or(String::new(), |about| format!("For {}: ", about.value));
    let field = scenario
        .forms
        .iter()
        .find_map(|(_, form)| form.field(&scenario.facts[fact].field))
        .unwrap();
    let other = scenario
        .facts
        .iter()
        .enumerate()
        .find(|(number, other)| other.field == *field.name() && *number != fact)
        .unwrap()
        .0;
    let other = &scenario.sessions[session].facts[other].value;
    let given = |memory: &str| behaviour(brief, memory);
    let right = given(&format!("- {whom}{says}\n"));
    let wrong = given(&format!("- {whom}{}\n", says.replace(value, other)));
    let nothing = given("");
    let entry = |value: &str| format!("FieldName({value:?})");
    assert!(
        right != wrong && right != nothing && wrong != nothing,
        "{} {}",
        entry(value),
        entry(other)
    );
    assert!(right.contains(value) && wrong.contains(other) && !nothing.contains(value));
}

/// A model that says nothing and keeps the bytes of what it is asked.
#[derive(Default)]
struct Listener(Mutex<Vec<Vec<u8>>>);

impl Model for Listener {
    fn complete<'m>(&'m self, request: &'m Request) -> Pending<'m, Result<Completion, Failure>> {
        let bytes = serde_json::to_vec(request).unwrap();
        self.0.lock().unwrap().push(bytes);
        Box::pin(std::future::ready(Ok(Completion {
            assistant: Assistant::default(),
            stop: Stop::Refusal,
            usage: Usage::default(),
            estimated: false,
            model: "listener".to_owned(),
            active: Milliseconds(0),
            attempts: 1,
        })))
    }
}

/// All that a judge is sent for a request, byte by byte.
fn judged(request: GradeRequest<'_>) -> Vec<u8> {
    let listener = Arc::new(Listener::default());
    let judge = Judge::new(
        Arc::clone(&listener) as Arc<dyn Model>,
        Role::FinalGrader,
        2,
    );
    ready(judge.grade(request)).unwrap();
    let asked = listener.0.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert_ne!(asked[0], asked[1], "each repeat has a seed of its own");
    asked.concat()
}

/// Two arms that hand in the same for the same task give the grader the same bytes, and a judge behind
/// it too.
#[test]
fn the_grader_cannot_tell_arms_apart() {
    let mut plan = plan("standard.yaml", 1, |name| name.ends_with("control"));
    plan.trials.retain(|trial| trial.placebo.is_none());
    let plan = Arc::new(plan);
    let mut requests: BTreeMap<(usize, u32), Vec<Vec<u8>>> = BTreeMap::new();
    for done in sessions(&plan) {
        let trial = &plan.trials[done.trial];
        let prepared = &plan.scenarios[trial.scenario];
        let at = done.session as usize - 1;
        let task = &prepared.scenario.sessions[at].brief.tasks[0];
        let deliverable: &Deliverable = done
            .entries
            .iter()
            .rev()
            .find_map(|entry| match entry {
                dreamtrial::transcript::Entry::Submission(deliverable) => Some(deliverable),
                _ => None,
            })
            .unwrap();
        let request = GradeRequest {
            brief: task.text.text(),
            rubric: &prepared.rubrics[at][0],
            deliverable,
            form: &task.form,
        };
        requests
            .entry((trial.scenario, done.session))
            .or_default()
            .push([serde_json::to_vec(&request).unwrap(), judged(request)].concat());
    }
    for (task, bytes) in requests {
        assert_eq!(bytes.len(), plan.experiment.arms.len() - 1);
        assert!(bytes.windows(2).all(|pair| pair[0] == pair[1]), "{task:?}");
        let text = String::from_utf8(bytes[0].clone()).unwrap();
        for arm in &plan.experiment.arms {
            assert!(
                !text.contains(&format!("\"{}\"", arm.id)),
                "the request names the arm `{}`",
                arm.id
            );
        }
    }
}
