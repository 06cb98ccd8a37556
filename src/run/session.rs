//! One session: the agent, the user, the in-session grader and the final grader at its tasks.

use std::sync::Arc;

use crate::{
    agent::{AgentSession, Message, Step, Turn},
    brief::Deliverable,
    event::{Remark, TaskDone},
    experiment::Outcomes,
    grade::{GradeRequest, Grader, findings},
    plan::Prepared,
    quantity::Seed,
    rubric::{Rubric, Verdicts},
    transcript::{Entry, Failure, Role, Usage},
    user::{
        Clarification, Desk, Mistake, Said,
        rephrase::{AnswerKey, Audited, Rephraser},
        truths,
    },
};

/// The place and the people of a session.
pub(super) struct Room<'r> {
    pub(super) prepared: &'r Prepared,
    /// The session, from 1.
    pub(super) session: u32,
    pub(super) seed: Seed,
    pub(super) serial: &'r str,
    pub(super) in_session_grader: &'r dyn Grader,
    pub(super) final_grader: &'r dyn Grader,
    pub(super) rephraser: Option<&'r Rephraser>,
    pub(super) outcomes: Option<Outcomes>,
}

/// What is kept of a session while it goes.
#[derive(Default)]
pub(super) struct Minutes {
    pub(super) entries: Vec<Entry>,
    pub(super) in_session_grader: Usage,
    pub(super) remarks: Vec<Remark>,
}

impl Room<'_> {
    /// Goes through one task and says how it ended.
    pub(super) async fn task(
        &self,
        task: usize,
        agent: &mut Box<dyn AgentSession>,
        said: &mut Said,
        minutes: &mut Minutes,
    ) -> Result<TaskDone, Failure> {
        let at = self.session as usize - 1;
        let scenario = &self.prepared.scenario;
        let session = &scenario.sessions[at];
        let truths = truths(scenario, session, task, self.serial);
        let desk = Desk::new(scenario, self.session, task, &truths, self.seed);
        let filled = self.prepared.rubric(self.session, task, self.serial);
        let rubric: &Rubric = &filled;
        let patience = session.tasks[task].patience;
        let mut done = TaskDone {
            probe: scenario.is_probe(at, task),
            ..TaskDone::default()
        };
        let mut asked: Vec<String> = Vec::new();
        let mut rounds = 0;

        let before = minutes.entries.len();
        minutes.entries.push(Entry::Task(task));
        let mut turn = agent.say(Message::Task(task)).await?;
        loop {
            let deliverable = match take(&mut done, minutes, turn) {
                Step::Question(questions) => {
                    minutes.entries.push(Entry::Question(questions.clone()));
                    rounds += 1;
                    // What is asked past the user's patience is not answered, so nothing is said by it.
                    let mut heard = said.clone();
                    let (text, kind) = desk.answer(&questions, &mut heard);
                    done.clarifications[index(kind)] += 1;
                    asked.extend(questions);
                    if rounds > patience {
                        break;
                    }
                    *said = heard;
                    let text = self.voiced(text, task, rounds, minutes).await?;
                    minutes.entries.push(Entry::Answer(text.clone()));
                    turn = agent.say(Message::Answer(text)).await?;
                    continue;
                }
                Step::Submission(deliverable) => {
                    self.revised(task, rubric, deliverable, agent, &mut done, minutes)
                        .await?
                }
                Step::Reviewed(deliverable, review) => {
                    done.revisions += review.revisions;
                    minutes.in_session_grader += review.usage;
                    deliverable
                }
                Step::Idle => break,
            };
            if done.verdicts.is_none() {
                count_mistakes(&desk, &deliverable, &asked, &mut done);
            }
            let graded = self
                .grade(self.final_grader, task, rubric, &deliverable)
                .await?;
            done.final_grader += graded.1;
            let satisfied = graded.0.satisfied;
            let unmet: Vec<String> = rubric
                .criteria
                .iter()
                .zip(&graded.0.verdicts)
                .filter(|(criterion, verdict)| criterion.required && !verdict.met)
                .map(|(criterion, _)| criterion.title.clone())
                .collect();
            done.verdicts = Some(graded.0);
            if satisfied {
                done.completed = true;
                break;
            }
            rounds += 1;
            if rounds > patience {
                break;
            }
            done.corrections += 1;
            let text = desk.correct(&deliverable, &unmet, rounds, said);
            let text = self.voiced(text, task, rounds, minutes).await?;
            minutes.entries.push(Entry::Correction(text.clone()));
            turn = agent.say(Message::Correction(text)).await?;
        }
        done.first_try = done.completed && rounds == 0;
        minutes.entries.push(if done.completed {
            Entry::Accepted
        } else {
            Entry::GivenUp
        });
        let last = agent.say(Message::Over(done.completed)).await?;
        take(&mut done, minutes, last);
        done.failed_calls = u32::try_from(
            minutes.entries[before..]
                .iter()
                .filter(|entry| matches!(entry, Entry::Call { worked: false, .. }))
                .count(),
        )
        .unwrap_or(u32::MAX);
        Ok(done)
    }

    /// What the user says, in a model's words where one plays the user. Its tokens stand on the caller's
    /// account and in no task: it is a part of the trial, and none of a deployment.
    async fn voiced(
        &self,
        text: String,
        task: usize,
        round: u32,
        minutes: &mut Minutes,
    ) -> Result<String, Failure> {
        let Some(rephraser) = self.rephraser else {
            return Ok(text);
        };
        let scenario = &self.prepared.scenario;
        let brief = &scenario.sessions[self.session as usize - 1].brief;
        let key = AnswerKey::of(scenario, brief, &brief.tasks[task].form);
        let seed = self
            .seed
            .derive("voice")
            .derive_number(task as u64)
            .derive_number(round.into());
        let said = rephraser.rephrase(&text, &key, seed).await?;
        if let Audited::Replaced(why) = said.audited {
            minutes.remarks.push(Remark {
                role: Role::User,
                text: why,
            });
        }
        Ok(said.text)
    }

    /// The outcomes loop: the in-session grader asks for revision until it is satisfied or may ask no
    /// more. Returns what goes to the user.
    async fn revised(
        &self,
        task: usize,
        rubric: &Rubric,
        mut deliverable: Deliverable,
        agent: &mut Box<dyn AgentSession>,
        done: &mut TaskDone,
        minutes: &mut Minutes,
    ) -> Result<Deliverable, Failure> {
        minutes.entries.push(Entry::Submission(deliverable.clone()));
        for _ in 0..self.outcomes.map_or(0, |outcomes| outcomes.max_iterations) {
            let (verdicts, usage) = self
                .grade(self.in_session_grader, task, rubric, &deliverable)
                .await?;
            minutes.in_session_grader += usage;
            if verdicts.satisfied {
                break;
            }
            done.revisions += 1;
            let text = findings(rubric, &verdicts);
            minutes.entries.push(Entry::Finding(text.clone()));
            let turn = agent.say(Message::Finding(text)).await?;
            match take(done, minutes, turn) {
                Step::Submission(next) | Step::Reviewed(next, _) => {
                    minutes.entries.push(Entry::Submission(next.clone()));
                    if next == deliverable {
                        break;
                    }
                    deliverable = next;
                }
                Step::Question(questions) => {
                    // Nobody is there to answer before the deliverable is with the user.
                    minutes.entries.push(Entry::Question(questions));
                    break;
                }
                Step::Idle => break,
            }
        }
        Ok(deliverable)
    }

    async fn grade(
        &self,
        grader: &dyn Grader,
        task: usize,
        rubric: &Rubric,
        deliverable: &Deliverable,
    ) -> Result<(Verdicts, Usage), Failure> {
        let brief = &self.prepared.scenario.sessions[self.session as usize - 1]
            .brief
            .tasks[task];
        let request = GradeRequest {
            brief: brief.text.text(),
            rubric,
            deliverable,
            form: &brief.form,
        };
        let done = grader.grade(request).await?;
        Ok((done.verdicts, done.usage))
    }
}

fn index(kind: Clarification) -> usize {
    match kind {
        Clarification::Necessary => 0,
        Clarification::Avoidable => 1,
        Clarification::Repeated => 2,
        Clarification::Unanswerable => 3,
    }
}

/// Books a turn and returns what the agent waits for.
fn take(done: &mut TaskDone, minutes: &mut Minutes, turn: Turn) -> Step {
    minutes.entries.extend(turn.entries);
    done.agent += turn.usage;
    done.active += turn.active;
    turn.step
}

fn count_mistakes(
    desk: &Desk<'_>,
    deliverable: &Deliverable,
    asked: &[String],
    done: &mut TaskDone,
) {
    for position in desk.wrong(deliverable) {
        let Some((_, given)) = deliverable
            .fields
            .get(position)
            .filter(|(_, given)| is_a_value(given))
        else {
            continue;
        };
        if !desk.was_asked(position, asked) {
            done.wrong_assumptions += 1;
        }
        match desk.mistake(position, given) {
            Mistake::Stale => done.stale_uses += 1,
            Mistake::OtherScope => done.scope_errors += 1,
            Mistake::Plain => {}
        }
    }
}

fn is_a_value(given: &str) -> bool {
    !given.is_empty() && !given.eq_ignore_ascii_case(crate::form::PLACEHOLDER)
}

/// The brief of a session with its asides in the order of this repetition.
pub fn brief_of(prepared: &Prepared, session: u32, seed: Seed) -> Arc<crate::brief::SessionBrief> {
    let session = &prepared.scenario.sessions[session as usize - 1];
    let mut brief = session.brief.clone();
    if session.asides.len() > 1 {
        let order = seed.derive("asides").permutation(session.asides.len());
        let text = order
            .into_iter()
            .map(|at| session.asides[at].as_str())
            .collect::<Vec<_>>()
            .join("\n\n");
        for task in &mut brief.tasks {
            task.asides = crate::text::Passage::new(text.clone());
        }
    }
    Arc::new(brief)
}
