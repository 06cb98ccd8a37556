//! An agent whose sessions speak through events only, as a client of the service does.

use std::sync::{Arc, Mutex};

use dreamtrial::{
    agent::{Agent, AgentSession, Message, Opening, SessionEnd, Step, Tools, Turn},
    brief::{Deliverable, SessionBrief},
    experiment::{Limits, Reference},
    managed::{tools, words},
    quantity::Milliseconds,
    serve::play::{Emission, Event, Mount, Setting, Stop, next, transcript},
    transcript::{Entry, Failure, Pending, Usage},
};
use serde_json::Value;

/// A session that has ended.
pub(crate) struct Ended {
    pub(crate) setting: Setting,
    pub(crate) history: Vec<Event>,
    pub(crate) brief: Arc<SessionBrief>,
}

pub(crate) struct PlayedAgent {
    limits: Limits,
    habits: Reference,
    ended: Arc<Mutex<Vec<Ended>>>,
}

impl PlayedAgent {
    pub(crate) fn new(limits: Limits, habits: Reference, ended: Arc<Mutex<Vec<Ended>>>) -> Self {
        Self {
            limits,
            habits,
            ended,
        }
    }
}

impl Agent for PlayedAgent {
    fn open(&self, opening: Opening) -> Pending<'_, Result<Box<dyn AgentSession>, Failure>> {
        let declared = tools::declared(&opening.brief.tools, opening.memory.is_some());
        let setting = Setting {
            memory: opening.memory.map(|access| Mount {
                path: "/mnt/memory/team-notes".to_owned(),
                access,
            }),
            tools: tools::deployment(&declared).into(),
            seed: opening.seed,
            limits: self.limits,
            habits: self.habits,
        };
        let session: Box<dyn AgentSession> = Box::new(PlayedSession {
            client: Client::new(setting, opening.brief, opening.tools),
            ended: Arc::clone(&self.ended),
        });
        Box::pin(std::future::ready(Ok(session)))
    }
}

struct PlayedSession {
    client: Client,
    ended: Arc<Mutex<Vec<Ended>>>,
}

impl AgentSession for PlayedSession {
    fn say(&mut self, message: Message) -> Pending<'_, Result<Turn, Failure>> {
        let begins = matches!(message, Message::Task(_));
        let words = match message {
            Message::Task(number) => {
                self.client.task = number;
                words::message(&self.client.brief, number)
            }
            Message::Answer(text) => text,
            Message::Finding(text) => words::finding(&text),
            Message::Correction(text) => words::correction(&text),
            Message::Over(true) => words::ACCEPTED.to_owned(),
            Message::Over(false) => words::GIVEN_UP.to_owned(),
        };
        self.client.tell(words);
        let mut turn = self.client.work();
        if begins {
            turn.entries.splice(0..0, self.client.recall());
        }
        Box::pin(std::future::ready(Ok(turn)))
    }

    fn close(mut self: Box<Self>) -> Pending<'static, Result<SessionEnd, Failure>> {
        let memory = self.client.setting.memory.as_ref();
        let mut end = SessionEnd::default();
        if memory.is_some_and(|mount| mount.access.writable) {
            self.client.tell(words::CLOSING.to_owned());
            let turn = self.client.work();
            assert_eq!((turn.step, turn.entries), (Step::Idle, Vec::new()));
            end = SessionEnd {
                notes: self.client.notes,
                usage: turn.usage,
                active: turn.active,
            };
        }
        self.ended.lock().unwrap().push(Ended {
            setting: self.client.setting,
            history: self.client.history,
            brief: self.client.brief,
        });
        Box::pin(std::future::ready(Ok(end)))
    }
}

/// A client with what it has on its side: documents, tools, the ids of events.
pub(crate) struct Client {
    pub(crate) setting: Setting,
    pub(crate) brief: Arc<SessionBrief>,
    tools: Box<dyn Tools>,
    pub(crate) history: Vec<Event>,
    pub(crate) task: usize,
    waiting: Option<String>,
    notes: Vec<(String, String)>,
}

impl Client {
    pub(crate) fn new(setting: Setting, brief: Arc<SessionBrief>, tools: Box<dyn Tools>) -> Self {
        Self {
            setting,
            brief,
            tools,
            history: Vec::new(),
            task: 0,
            waiting: None,
            notes: Vec::new(),
        }
    }

    /// Says something: as the answer to the call that waits for one, otherwise as a message.
    pub(crate) fn tell(&mut self, text: String) {
        self.history.push(match self.waiting.take() {
            Some(call) => Event::Result {
                call,
                text,
                failed: false,
            },
            None => Event::Message(text),
        });
    }

    /// How much the present task found in memory: nothing that an event says, so the history is asked.
    fn recall(&self) -> Option<Entry> {
        let read = transcript(&self.setting, 1, &self.history)
            .unwrap()
            .unwrap();
        let at = read
            .entries
            .iter()
            .rposition(|entry| matches!(entry, Entry::Task(_)))
            .unwrap();
        assert_eq!(read.entries[at], Entry::Task(self.task));
        let next = read.entries[at + 1].clone();
        matches!(next, Entry::Recall(_)).then_some(next)
    }

    /// Answers documents and tools until the agent waits for a person.
    pub(crate) fn work(&mut self) -> Turn {
        let mut entries = Vec::new();
        let mut sums = (Usage::default(), Milliseconds::default());
        loop {
            let calls = self.step(&mut sums);
            let mut step = calls.is_empty().then_some(Step::Idle);
            for (id, name, input) in calls {
                match name.as_str() {
                    tools::ASK_USER => {
                        step = Some(Step::Question(questions(&input)));
                        self.waiting = Some(id);
                    }
                    tools::SUBMIT => {
                        step = Some(Step::Submission(self.deliverable(&input)));
                        self.waiting = Some(id);
                    }
                    tools::READ_DOCUMENT => {
                        let document = self
                            .brief
                            .documents
                            .iter()
                            .find(|document| input["name"] == document.name.as_str())
                            .unwrap();
                        entries.push(Entry::Read(document.name.clone()));
                        self.history.push(Event::Result {
                            call: id,
                            text: document.text.text().to_owned(),
                            failed: false,
                        });
                    }
                    _ => entries.push(self.call(id, name, &input)),
                }
            }
            if let Some(step) = step {
                return Turn {
                    entries,
                    step,
                    usage: sums.0,
                    active: sums.1,
                };
            }
        }
    }

    /// Lets the agent do what it does next, writes it down, and gives its calls.
    fn step(&mut self, sums: &mut (Usage, Milliseconds)) -> Vec<(String, String, Value)> {
        let done = next(&self.setting, &self.history).unwrap();
        let mut calls = Vec::new();
        for emission in done.emissions {
            let id = format!("sevt_{}", self.history.len());
            self.history.push(match emission {
                Emission::Request { usage, active } => {
                    sums.0 += usage;
                    sums.1 += active;
                    Event::Request { usage, active }
                }
                Emission::Said(text) => Event::Said(text),
                Emission::File(file) => {
                    if file.name == "write" {
                        let path = file.input["file_path"].as_str().unwrap();
                        let path = path.strip_prefix("/mnt/memory/team-notes/").unwrap();
                        let content = file.input["content"].as_str().unwrap();
                        self.notes.push((path.to_owned(), content.to_owned()));
                    }
                    Event::File {
                        name: file.name.to_owned(),
                        path: file.path().to_owned(),
                        failed: false,
                    }
                }
                Emission::Call { name, input } => {
                    calls.push((id.clone(), name.clone(), input.clone()));
                    Event::Call { id, name, input }
                }
                Emission::Evaluation(evaluation) => Event::Evaluation(evaluation),
            });
        }
        // Nothing is done twice, whoever asks again.
        let again = next(&self.setting, &self.history).unwrap();
        assert_eq!(again.emissions, []);
        let waiting: Vec<String> = calls.iter().map(|(id, ..)| id.clone()).collect();
        assert_eq!(
            again.stop,
            if waiting.is_empty() {
                Stop::EndTurn
            } else {
                Stop::RequiresAction(waiting)
            }
        );
        assert_eq!((again.usage, again.active), (done.usage, done.active));
        calls
    }

    fn call(&mut self, id: String, name: String, input: &Value) -> Entry {
        let options: Vec<(String, String)> = input
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        let result = self.tools.call(&name, &options);
        let worked = result.is_ok();
        let (Ok(answer) | Err(answer)) = result;
        self.history.push(Event::Result {
            call: id,
            text: answer.clone(),
            failed: !worked,
        });
        Entry::Call {
            tool: name,
            options,
            worked,
            answer,
        }
    }

    fn deliverable(&self, input: &Value) -> Deliverable {
        let fields = self.brief.tasks[self.task]
            .form
            .fields()
            .iter()
            .filter_map(|field| {
                let value = input["fields"].get(field.name().as_str())?;
                Some((field.name().clone(), value.as_str()?.to_owned()))
            })
            .collect();
        Deliverable {
            fields,
            body: input["body"].as_str().unwrap().to_owned(),
        }
    }
}

fn questions(input: &Value) -> Vec<String> {
    serde_json::from_value(input["questions"].clone()).unwrap()
}

/// Whether two briefs tell an agent the same.
pub(crate) fn is_the_same(one: &SessionBrief, other: &SessionBrief) {
    assert_eq!(
        (one.date, &one.user, &one.about, &one.case),
        (other.date, &other.user, &other.about, &other.case)
    );
    assert_eq!(one.documents, other.documents);
    assert_eq!(one.tools, other.tools);
    assert_eq!(one.tasks.len(), other.tasks.len());
    for (one, other) in one.tasks.iter().zip(&other.tasks) {
        assert_eq!(
            (&one.title, &one.text, &one.asides),
            (&other.title, &other.text, &other.asides)
        );
        assert_eq!(one.form.fields().len(), other.form.fields().len());
        for (one, other) in one.form.fields().iter().zip(other.form.fields()) {
            assert_eq!(
                (one.name(), one.label(), one.cues(), one.kind()),
                (other.name(), other.label(), other.cues(), other.kind())
            );
        }
    }
}
