//! Puts the runner, the record and the progress line together, in one go or block by block.
//!
//! What always holds: a session is on record before the next block begins, and whatever ends a block
//! early, what was done before is kept.

use std::sync::{Arc, Mutex, mpsc};

use super::{Environment, Failure, run::failed, tell};
use crate::{
    event::{Event, PastSession},
    plan::Plan,
    progress::Progress,
    record::{RecordError, Recorder},
    run::{Cancel, History, Runner},
};

/// How many events may wait for the disk before trials wait too.
const QUEUE: usize = 512;

/// A plan that is being run into a record.
pub(super) struct Execution<'e> {
    plan: Arc<Plan>,
    jobs: usize,
    history: &'e dyn History,
    cancel: Cancel,
    /// Gone while a block runs, and for good after a failed write.
    writer: Option<(Recorder, Progress)>,
    canceled: bool,
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
}

impl<'e> Execution<'e> {
    pub(super) fn new(
        plan: &Arc<Plan>,
        jobs: usize,
        recorder: Recorder,
        history: &'e dyn History,
        environment: &Environment,
    ) -> Self {
        let (sessions, _) = plan.size();
        let there: usize = (0..plan.trials.len())
            .map(|trial| history.count(trial))
            .sum();
        let progress = Progress::new(sessions as u64, there as u64, environment.terminal);
        Self {
            plan: Arc::clone(plan),
            jobs,
            history,
            cancel: Cancel::default(),
            writer: Some((recorder, progress)),
            canceled: false,
        }
    }

    /// Runs the trials of the scenarios that are wanted, by number; returns whether that was interrupted.
    pub(super) fn run(&mut self, wanted: impl Fn(usize) -> bool) -> Result<bool, Failure> {
        let Some((mut recorder, mut progress)) = self.writer.take() else {
            return Err(Failure::usage("the record's writer broke off"));
        };
        let trials = self.plan.trials.iter();
        let block = Block {
            history: self.history,
            wanted: trials.map(|trial| wanted(trial.scenario)).collect(),
        };
        let (sender, receiver) = mpsc::sync_channel::<Event>(QUEUE);
        let problem: Arc<Mutex<Option<RecordError>>> = Arc::default();
        let writer = {
            let (cancel, problem) = (self.cancel.clone(), Arc::clone(&problem));
            std::thread::spawn(move || {
                let mut result = Ok(());
                for event in receiver {
                    if result.is_ok() {
                        result = recorder.keep(&event);
                        if result.is_err() {
                            cancel.set();
                        }
                    }
                    if let Some(line) = progress.event(&event) {
                        tell(&format!("{line}\n"));
                    }
                }
                if let Err(error) = result.and_then(|()| recorder.flush())
                    && let Ok(mut slot) = problem.lock()
                {
                    *slot = Some(error);
                }
                (recorder, progress)
            })
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(self.jobs)
            .enable_all()
            .build()
            .map_err(Failure::new)?;
        let cancel = self.cancel.clone();
        let runner = Runner::new(Arc::clone(&self.plan), self.jobs, cancel.clone());
        let summary = runtime.block_on(async {
            let running = runner.run(&block, move |event| {
                // The writer goes only after all senders, so this cannot fail while trials run.
                let _ = sender.send(event);
            });
            tokio::pin!(running);
            loop {
                tokio::select! {
                    summary = &mut running => break summary,
                    interrupted = tokio::signal::ctrl_c() => {
                        if interrupted.is_ok() && !cancel.is_set() {
                            tell("\nstopping: sessions under way are finished and kept\n");
                        }
                        cancel.set();
                    }
                }
            }
        });
        drop(runtime);
        let Ok((recorder, progress)) = writer.join() else {
            return Err(Failure::usage("the record's writer broke off"));
        };
        if let Some(error) = problem.lock().ok().and_then(|mut slot| slot.take()) {
            progress.finish();
            return Err(failed(error));
        }
        self.writer = Some((recorder, progress));
        self.canceled |= summary.canceled > 0;
        Ok(self.canceled)
    }

    /// Closes the record; returns whether the run was interrupted.
    pub(super) fn finish(self) -> Result<bool, Failure> {
        if let Some((recorder, progress)) = self.writer {
            progress.finish();
            recorder.finish().map_err(failed)?;
        }
        Ok(self.canceled)
    }
}
