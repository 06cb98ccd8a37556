//! One trial: all sessions of a scenario under one arm, in order, with the dreams between them.

use std::sync::Arc;

use super::{
    schedule::{Cancel, Settled, Staff},
    session::{Minutes, Room, brief_of},
    tools::Workshop,
};
use crate::{
    agent::{MemoryAccess, Opening, Outcomes},
    budget::Purse,
    dream::DreamRequest,
    event::{DreamDone, Lost, PastSession, Remark, SessionDone, TrialOutcome},
    experiment::{Policy, Regime},
    memory::Store,
    model::caller::{Account, Caller},
    plan::{Plan, Trial},
    rubric::markdown,
    scenario::{Scenario, Truth},
    transcript::{Entry, Failure, Role, Transcript},
    user::Said,
};

/// The stores that a placebo is made of, by session: the text of another scenario's, the size of this
/// one's.
pub(super) type Stores = Arc<Vec<Store>>;

/// A trial under way.
pub(super) struct Course {
    plan: Arc<Plan>,
    trial: Trial,
    number: usize,
    store: Store,
    said: Said,
    transcripts: Vec<Arc<Transcript>>,
    /// The store as it was found at the start of each session, where somebody needs it.
    found: Vec<Store>,
    next: u32,
}

impl Course {
    /// A trial as it stands behind the sessions that a record has of it.
    pub(super) fn new(plan: Arc<Plan>, number: usize, past: Vec<PastSession>) -> Self {
        let trial = plan.trials[number];
        let mut course = Self {
            trial,
            number,
            store: Store::default(),
            said: Said::default(),
            transcripts: Vec::new(),
            found: Vec::new(),
            next: 1,
            plan,
        };
        for session in past {
            course.found.push(course.store.clone());
            for entry in &session.entries {
                if let Entry::Note { path, text } = entry {
                    // It was within the limits when it was written.
                    let _ = course.store.write(path, text.clone());
                }
            }
            let brief = brief_of(
                &course.plan.scenarios[trial.scenario],
                course.next,
                course.plan.seed(&trial, course.next),
            );
            course.transcripts.push(Arc::new(Transcript {
                session: course.next,
                brief,
                entries: session.entries,
            }));
            course.said = session.said;
            if let Some(store) = session.dreamed {
                course.store = store;
            }
            course.next += 1;
        }
        course
    }

    /// The store as it was found at the start of each session.
    pub(super) fn into_found(self) -> Vec<Store> {
        self.found
    }

    /// Runs what is left. Sessions go to `emit`, and the trial goes on when
    /// `settled` says that they are kept; `placebo` are the stores of the trials that it needs;
    /// `purse` is what the trial may spend. Returns how it ended, and what was spent on a session that
    /// did not come to its end.
    pub(super) async fn run(
        &mut self,
        staff: &Staff,
        placebo: Option<(Stores, Stores)>,
        purse: &Purse,
        cancel: &Cancel,
        (emit, settled): (&(dyn Fn(SessionDone) + Send + Sync), Option<&Settled>),
    ) -> (TrialOutcome, Option<Lost>) {
        let sessions = self.plan.scenarios[self.trial.scenario]
            .scenario
            .sessions
            .len();
        while (self.next as usize) <= sessions {
            if cancel.is_set() {
                return (TrialOutcome::Canceled, None);
            }
            let trial = self.plan.id(&self.trial);
            let caller = Arc::new(Caller::new(trial, self.next, purse.clone()));
            let session = self.session(staff, placebo.as_ref());
            match caller.on_account(session).await {
                Ok(mut done) => {
                    done.account = caller.account();
                    done.evidence = caller.evidence();
                    done.remarks.extend(
                        caller
                            .remarks()
                            .into_iter()
                            .map(|(role, text)| Remark { role, text }),
                    );
                    emit(done);
                    if let Some(settled) = settled {
                        settled().await;
                    }
                }
                Err(failure) => {
                    let lost = Lost {
                        session: self.next,
                        account: caller.account(),
                        evidence: caller.evidence(),
                    };
                    return (TrialOutcome::of(failure), Some(lost));
                }
            }
            self.next += 1;
        }
        (TrialOutcome::Graded, None)
    }

    #[expect(
        clippy::too_many_lines,
        reason = "the stations of one session in their order"
    )]
    async fn session(
        &mut self,
        staff: &Staff,
        placebo: Option<&(Stores, Stores)>,
    ) -> Result<SessionDone, Failure> {
        let plan = Arc::clone(&self.plan);
        let prepared = &plan.scenarios[self.trial.scenario];
        let scenario = &prepared.scenario;
        let arm = plan.arm(&self.trial);
        let seed = plan.seed(&self.trial, self.next);
        let at = self.next as usize - 1;
        let serial = crate::plan::serial(seed);
        let brief = brief_of(prepared, self.next, seed);
        let store = match arm.memory {
            Regime::None => Store::default(),
            Regime::Accumulated | Regime::Dreamed => self.store.clone(),
            Regime::Oracle => oracle(scenario, at, &self.said),
            Regime::Placebo => {
                placebo.map_or_else(Store::default, |(donor, own)| foreign(donor, own, at))
            }
        };
        self.found.push(store.clone());
        for reveal in &scenario.sessions[at].reveals {
            self.said.note(*reveal, self.next);
        }
        let memory = (arm.memory != Regime::None).then(|| MemoryAccess {
            store: store.clone(),
            writable: matches!(arm.memory, Regime::Accumulated | Regime::Dreamed),
        });
        let tools = Box::new(Workshop::new(
            Arc::clone(&plan),
            self.trial.scenario,
            at,
            serial.clone(),
        ));
        let opening = Opening {
            brief: Arc::clone(&brief),
            memory,
            tools,
            seed: seed.derive("agent"),
        };
        // A service's own grader is given the rubric within the session, and with it the truth of the day:
        // a dream that reads the session must not meet it there.
        let told = arm.memory == Regime::Dreamed && staff.dreamer.reads_sessions();
        let service = staff.agent.reviewing().filter(|_| !told);
        let mut agent = match (arm.outcomes, service) {
            (Some(outcomes), Some(service)) => {
                let rubrics = (0..brief.tasks.len())
                    .map(|task| markdown::write(&prepared.rubric(self.next, task, &serial)))
                    .collect();
                let outcomes = Outcomes {
                    rubrics,
                    max_iterations: outcomes.max_iterations.into(),
                };
                service.open_reviewed(opening, outcomes).await?
            }
            (_, _) => staff.agent.open(opening).await?,
        };
        let room = Room {
            prepared,
            session: self.next,
            seed,
            serial: &serial,
            in_session_grader: staff.in_session_grader.as_ref(),
            final_grader: staff.final_grader.as_ref(),
            rephraser: staff.rephraser.as_ref(),
            outcomes: arm.outcomes,
        };
        let mut minutes = Minutes::default();
        let mut tasks = Vec::new();
        for task in 0..brief.tasks.len() {
            tasks.push(
                room.task(task, &mut agent, &mut self.said, &mut minutes)
                    .await?,
            );
        }
        let end = agent.close().await?;
        if let Some(last) = tasks.last_mut() {
            last.agent += end.usage;
            last.active += end.active;
        }
        for (path, text) in end.notes {
            self.store
                .write(&path, text.clone())
                .map_err(|error| Failure::Memory(error.to_string()))?;
            minutes.entries.push(Entry::Note { path, text });
        }
        let transcript = Arc::new(Transcript {
            session: self.next,
            brief,
            entries: std::mem::take(&mut minutes.entries),
        });
        if arm.memory == Regime::Dreamed {
            self.transcripts.push(Arc::clone(&transcript));
        }
        let due = at + 1 < scenario.sessions.len()
            && self
                .next
                .is_multiple_of(plan.experiment.policy(arm).every_sessions);
        let dream = if arm.memory == Regime::Dreamed && due {
            Some(
                self.dream(
                    staff,
                    &plan.experiment.policy(arm),
                    transcript.brief.date,
                    &mut minutes.remarks,
                )
                .await?,
            )
        } else {
            None
        };
        let entries = match Arc::try_unwrap(transcript) {
            Ok(transcript) => transcript.entries,
            Err(shared) => shared.entries.clone(),
        };
        Ok(SessionDone {
            trial: self.number,
            session: self.next,
            entries,
            tasks,
            said: self.said.clone(),
            memory: (store.len(), store.tokens()),
            in_session_grader: minutes.in_session_grader,
            dream,
            account: Account::new(),
            evidence: Vec::new(),
            remarks: minutes.remarks,
        })
    }

    async fn dream(
        &mut self,
        staff: &Staff,
        policy: &Policy,
        date: jiff::civil::Date,
        remarks: &mut Vec<Remark>,
    ) -> Result<DreamDone, Failure> {
        let before = (self.store.len(), self.store.tokens());
        let request = DreamRequest {
            store: &self.store,
            transcripts: &self.transcripts,
            policy,
            date,
            seed: self.plan.seed(&self.trial, self.next).derive("dreamer"),
        };
        let dream = staff.dreamer.dream(request).await?;
        remarks.extend(dream.refused.into_iter().map(|text| Remark {
            role: Role::Dreamer,
            text,
        }));
        self.store = dream.store.clone();
        Ok(DreamDone {
            before,
            store: dream.store,
            edits: dream.edits,
            usage: dream.usage,
            active: dream.active,
        })
    }
}

/// Every fact that has been said or shown before this session, with today's value: said or shown in
/// this trial, or needed by a task of an earlier session, whose proper deliverable shows it.
fn oracle(scenario: &Scenario, at: usize, said: &Said) -> Store {
    let needed = |fact: usize| {
        scenario.sessions[..at].iter().any(|session| {
            session
                .tasks
                .iter()
                .any(|task| task.truths.contains(&Truth::Fact(fact)))
        })
    };
    let about = |attributes: &[crate::brief::Attribute]| {
        let names: Vec<&str> = attributes
            .iter()
            .map(|attribute| attribute.value.as_str())
            .collect();
        if names.is_empty() {
            String::new()
        } else {
            format!("For {}: ", names.join(" / "))
        }
    };
    let mut text = String::new();
    for (number, fact) in scenario.facts.iter().enumerate() {
        if said.0.contains_key(&number) || needed(number) {
            let says = scenario.sessions[at].facts[number]
                .says
                .first()
                .map_or("", String::as_str);
            text.push_str(&format_line(&about(&fact.about), says));
        }
    }
    for number in said
        .0
        .keys()
        .filter(|number| **number >= scenario.facts.len())
    {
        if let Some((_, quirk)) = scenario.quirk(number - scenario.facts.len()) {
            text.push_str(&format_line(
                &about(&quirk.when),
                quirk.says.first().map_or("", String::as_str),
            ));
        }
    }
    single(text)
}

fn format_line(head: &str, says: &str) -> String {
    format!("- {head}{says}\n")
}

fn single(text: String) -> Store {
    let mut store = Store::default();
    if !text.is_empty() {
        // A few lines at a path of ours: within every limit.
        let _ = store.write("facts.md", text);
    }
    store
}

/// A store of the size of `own` made of the lines of `donor`, repeated where it is smaller.
fn foreign(donor: &Stores, own: &Stores, at: usize) -> Store {
    let size = own.get(at).map_or(0, Store::tokens);
    let lines: Vec<String> = donor
        .get(at.min(donor.len().saturating_sub(1)))
        .into_iter()
        .flat_map(Store::entries)
        .flat_map(|(_, entry)| {
            entry
                .content()
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter(|line| !line.trim().is_empty())
        .collect();
    let mut text = String::new();
    let mut tokens = 0;
    for line in lines
        .iter()
        .cycle()
        .take(if lines.is_empty() { 0 } else { 100_000 })
    {
        if tokens >= size {
            break;
        }
        tokens += crate::text::estimate_tokens(line) + 1;
        text.push_str(line);
        text.push('\n');
    }
    single(text)
}
