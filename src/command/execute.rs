//! Puts the runner, the record and the progress line together, in one go or block by block.
//!
//! What always holds: a session is on record before the next block begins, and whatever ends a block
//! early, what was done before is kept.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use tokio::{runtime::Runtime, sync::oneshot};

use super::{
    Environment, Failure,
    run::{cores, failed},
    tell,
};
use crate::{
    budget::Amount,
    event::{Event, PastSession},
    plan::Plan,
    progress::Progress,
    record::{RecordError, Recorder},
    run::{Cancel, Funds, Halt, History, Runner, Staff, Summary},
    transcript::Pending,
};

/// How many events may wait for the disk before trials wait too.
const QUEUE: usize = 512;

/// How many trials at most wait for one commit.
const GROUP: usize = 256;

/// How long a service is given to hear that its work is not wanted any more.
const ABANDONED_WITHIN: Duration = Duration::from_secs(10);

/// What the writer of the record is sent.
enum Note {
    Event(Event),
    /// Somebody who waits until everything before this is on disk.
    Wait(oneshot::Sender<()>),
}

/// Who does the work, and within which limits.
pub(super) struct Work {
    /// Trials at a time.
    pub(super) jobs: usize,
    /// Who plays the parts.
    pub(super) staff: Arc<Staff>,
    /// What may be spent.
    pub(super) funds: Funds,
    /// Whether sessions are paid for, so that each must be on disk before the next costs anything.
    pub(super) live: bool,
    /// What is done about work of a service that nobody waits for any more.
    pub(super) abandon: Option<Abandon>,
}

/// Tells a service that nobody waits for its work any more.
pub(super) type Abandon = Arc<dyn Fn() -> Pending<'static, ()> + Send + Sync>;

/// What runs with so many trials at a time run in.
pub(super) fn runtime(jobs: usize) -> Result<Arc<Runtime>, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(jobs.min(usize::from(cores())))
        .enable_all()
        .build()
        .map(Arc::new)
        .map_err(Failure::new)
}

/// A plan that is being run into a record.
pub(super) struct Execution<'e> {
    plan: Arc<Plan>,
    work: Work,
    /// One for all blocks: connections to services live in it.
    runtime: Arc<Runtime>,
    history: &'e dyn History,
    cancel: Cancel,
    /// Gone while a block runs, and for good after a failed write.
    writer: Option<(Recorder, Progress)>,
    canceled: bool,
    halt: Option<Halt>,
}

/// The history of a block: trials of other blocks count as done, whether they are or not.
struct Block<'h> {
    history: &'h dyn History,
    wanted: Vec<bool>,
}

impl History for Block<'_> {
    fn is_done(&self, trial: usize) -> bool {
        !self.wanted[trial] || self.history.is_done(trial)
    }

    fn count(&self, trial: usize) -> usize {
        self.history.count(trial)
    }

    fn past(&self, trial: usize) -> Vec<PastSession> {
        self.history.past(trial)
    }

    fn spent(&self, trial: usize) -> Amount {
        self.history.spent(trial)
    }
}

impl<'e> Execution<'e> {
    pub(super) fn new(
        plan: &Arc<Plan>,
        work: Work,
        recorder: Recorder,
        history: &'e dyn History,
        runtime: Arc<Runtime>,
        environment: &Environment,
    ) -> Self {
        let (sessions, _) = plan.size();
        let there: usize = (0..plan.trials.len())
            .map(|trial| history.count(trial))
            .sum();
        let progress = Progress::new(sessions as u64, there as u64, environment.terminal);
        Self {
            plan: Arc::clone(plan),
            work,
            runtime,
            history,
            cancel: Cancel::default(),
            writer: Some((recorder, progress)),
            canceled: false,
            halt: None,
        }
    }

    /// Runs the trials of the scenarios that are wanted, by number; returns whether that ended
    /// before all of them were run.
    pub(super) fn run(&mut self, wanted: impl Fn(usize) -> bool) -> Result<bool, Failure> {
        let Some((recorder, progress)) = self.writer.take() else {
            return Err(Failure::usage("the record's writer broke off"));
        };
        let trials = self.plan.trials.iter();
        let block = Block {
            history: self.history,
            wanted: trials.map(|trial| wanted(trial.scenario)).collect(),
        };
        let (sender, receiver) = mpsc::sync_channel::<Note>(QUEUE);
        let problem: Arc<Mutex<Option<RecordError>>> = Arc::default();
        let writer = {
            let (cancel, problem) = (self.cancel.clone(), Arc::clone(&problem));
            std::thread::spawn(move || write(recorder, progress, &receiver, &cancel, &problem))
        };
        let cancel = self.cancel.clone();
        let mut runner = Runner::new(Arc::clone(&self.plan), self.work.jobs, cancel.clone())
            .staffed(Arc::clone(&self.work.staff))
            .funded(self.work.funds.clone());
        if self.work.live {
            // A trial goes on, and pays, only when its session is on disk.
            let sender = sender.clone();
            runner = runner.settled(Arc::new(move || {
                let (told, kept) = oneshot::channel();
                let _ = sender.send(Note::Wait(told));
                Box::pin(async move {
                    let _ = kept.await;
                })
            }));
        }
        let abandon = self.work.abandon.clone();
        let summary = self.runtime.block_on(async {
            let running = runner.run(&block, move |event| {
                // The writer goes only after all senders, so this cannot fail while trials run.
                let _ = sender.send(Note::Event(event));
            });
            let mut running = Box::pin(running);
            loop {
                tokio::select! {
                    summary = &mut running => break summary,
                    interrupted = tokio::signal::ctrl_c() => {
                        if interrupted.is_ok() && cancel.is_set() {
                            tell("\ndropped what was under way\n");
                            // First, so that nothing goes on with what is stopped below.
                            drop(running);
                            if let Some(abandon) = &abandon {
                                // Whatever is not told in time is found by `dreamtrial clean`.
                                let _ = tokio::time::timeout(ABANDONED_WITHIN, abandon()).await;
                            }
                            break Summary {
                                canceled: 1,
                                ..Summary::default()
                            };
                        }
                        tell("\nstopping: sessions under way are finished and kept; once more drops them\n");
                        cancel.set();
                    }
                }
            }
        });
        let Ok((recorder, progress)) = writer.join() else {
            return Err(Failure::usage("the record's writer broke off"));
        };
        if let Some(error) = problem.lock().ok().and_then(|mut slot| slot.take()) {
            progress.finish();
            return Err(failed(error));
        }
        self.writer = Some((recorder, progress));
        self.canceled |= summary.canceled > 0;
        if self.halt.is_none() {
            self.halt = summary.halt;
        }
        Ok(self.canceled || self.halt.is_some())
    }

    /// Closes the record; returns whether the run was interrupted, and why it ended early otherwise.
    pub(super) fn finish(self) -> Result<(bool, Option<Halt>), Failure> {
        if let Some((recorder, progress)) = self.writer {
            progress.finish();
            recorder.finish().map_err(failed)?;
        }
        Ok((self.canceled, self.halt))
    }
}

/// Writes what it is sent until nobody is left to send. After a failed write the run is stopped, and
/// nothing more is written.
fn write(
    mut recorder: Recorder,
    mut progress: Progress,
    receiver: &mpsc::Receiver<Note>,
    cancel: &Cancel,
    problem: &Mutex<Option<RecordError>>,
) -> (Recorder, Progress) {
    let mut result = Ok(());
    while let Ok(first) = receiver.recv() {
        let mut waiting = Vec::new();
        // What came meanwhile is committed together.
        for note in std::iter::once(first).chain(receiver.try_iter()) {
            match note {
                Note::Event(event) => {
                    if result.is_ok() {
                        result = recorder.keep(&event);
                    }
                    if let Some(line) = progress.event(&event) {
                        tell(&format!("{line}\n"));
                    }
                }
                Note::Wait(told) => waiting.push(told),
            }
            if waiting.len() >= GROUP {
                break;
            }
        }
        if !waiting.is_empty() && result.is_ok() {
            result = recorder.flush();
        }
        if result.is_err() {
            cancel.set();
        }
        for told in waiting {
            // Whoever waits for this may have broken off.
            let _ = told.send(());
        }
    }
    if let Err(error) = result.and_then(|()| recorder.flush())
        && let Ok(mut slot) = problem.lock()
    {
        *slot = Some(error);
    }
    (recorder, progress)
}
