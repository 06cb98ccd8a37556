//! What is graded, and by what: the deliverables of records, and the scenarios and rubrics of their plan.

use std::collections::BTreeMap;

use crate::{
    analyse::{
        calibrate::Unit,
        regrade::{Grading, Task},
    },
    brief::Deliverable,
    command::{Failure, load, run::failed, tell},
    experiment::Experiment,
    grade::GradeRequest,
    ident::{Digest, RubricId, TrialId},
    plan::{Prepared, rubric_digests, serial, session_seed},
    quantity::Seed,
    record::{Manifest, Record, RecordError},
    report::regrade::RubricChange,
    rubric::{Rubric, Verdicts},
    source::Problems,
    transcript::submissions,
};

/// The scenarios of a run with rubrics that may be others than its own.
pub(super) struct World {
    /// In the order of the manifest.
    scenarios: Vec<Prepared>,
    pub(super) rubrics: BTreeMap<RubricId, Digest>,
    seed: Seed,
}

impl World {
    /// Reads the files; `None` after their problems were told. Scenarios must be those of the run, since
    /// tasks and truths are made from them.
    pub(super) fn read(
        manifest: &Manifest,
        experiment: &Experiment,
    ) -> Result<Option<Self>, Failure> {
        let mut problems = Problems::default();
        let planned = || manifest.scenarios.iter();
        let found = load::scenarios(
            &experiment.scenarios,
            |id| planned().any(|scenario| scenario.id == *id),
            &mut problems,
        );
        if problems.has_errors() {
            tell(&problems.render(true));
            return Ok(None);
        }
        let changed: Vec<String> = planned()
            .filter_map(
                |scenario| match found.iter().find(|one| one.id == scenario.id) {
                    None => Some(format!("`{}` is not there", scenario.id)),
                    Some(one) if one.digest.to_string() != scenario.digest => {
                        Some(format!("`{}` has changed", scenario.id))
                    }
                    Some(_) => None,
                },
            )
            .collect();
        if !changed.is_empty() {
            return Err(Failure::usage(format!(
                "the scenarios below `{}` are not those of the run: {}",
                experiment.scenarios.display(),
                changed.join(", ")
            ))
            .hint("give the experiment of the run with `--experiment`; rubrics may differ, scenarios may not"));
        }
        let rubrics = load::rubrics(&experiment.rubrics, &found, &mut problems);
        if problems.has_errors() {
            tell(&problems.render(true));
            return Ok(None);
        }
        let mut prepared = BTreeMap::new();
        for scenario in found {
            let id = scenario.id.clone();
            let one = Prepared::new(scenario, &rubrics)
                .map_err(|error| Failure::usage(error.to_string()))?;
            prepared.insert(id, one);
        }
        let scenarios: Vec<Prepared> = planned()
            .filter_map(|scenario| prepared.remove(&scenario.id))
            .collect();
        Ok(Some(Self {
            rubrics: rubric_digests(&scenarios, &rubrics),
            scenarios,
            seed: Seed(manifest.seed),
        }))
    }

    /// The rubrics that are not those of the run; `None` if its record does not name them.
    pub(super) fn changes(&self, manifest: &Manifest) -> Option<Vec<RubricChange>> {
        if manifest.rubrics.is_empty() {
            return None;
        }
        let changes = self.rubrics.iter().filter_map(|(id, digest)| {
            let now = digest.to_string();
            let run = manifest.rubrics.get(id);
            (run != Some(&now)).then(|| RubricChange {
                id: id.clone(),
                run: run.cloned(),
                now,
            })
        });
        Some(changes.collect())
    }

    fn rubric(&self, unit: &Unit) -> Rubric {
        let prepared = &self.scenarios[unit.scenario];
        let id = &prepared.scenario.id;
        let seed = session_seed(self.seed, id, unit.repetition, unit.session);
        prepared
            .rubric(unit.session, unit.task as usize, &serial(seed))
            .into_owned()
    }

    /// What a grader is asked about a piece.
    pub(super) fn request<'p>(&'p self, piece: &'p Piece) -> Option<GradeRequest<'p>> {
        let unit = &piece.unit;
        let session = &self.scenarios[unit.scenario].scenario.sessions[unit.session as usize - 1];
        let brief = &session.brief.tasks[unit.task as usize];
        Some(GradeRequest {
            brief: brief.text.text(),
            rubric: &piece.rubric,
            deliverable: piece.deliverable.as_ref()?,
            form: &brief.form,
        })
    }
}

/// A task of a record.
pub(super) struct Piece {
    pub(super) rerun: usize,
    pub(super) unit: Unit,
    pub(super) rubric: Rubric,
    /// What was handed in last.
    pub(super) deliverable: Option<Deliverable>,
    recorded: Option<Verdicts>,
}

/// A session of a trial: its tasks are graded on one account.
pub(super) struct Sitting {
    pub(super) rerun: usize,
    pub(super) trial: TrialId,
    pub(super) session: u32,
    /// Its tasks, as positions among the pieces.
    pub(super) pieces: Vec<usize>,
}

/// All that is to be graded.
pub(super) struct Material {
    /// By run, then in the order of its record.
    pub(super) pieces: Vec<Piece>,
    /// By run, trial and session.
    pub(super) sittings: Vec<Sitting>,
}

impl Material {
    /// Reads the records: the run, then its re-runs.
    pub(super) fn read(runs: &[&Record], world: &World) -> Result<Self, Failure> {
        let mut material = Self {
            pieces: Vec::new(),
            sittings: Vec::new(),
        };
        for (rerun, record) in runs.iter().enumerate() {
            material.add(rerun, record, world).map_err(failed)?;
        }
        Ok(material)
    }

    fn add(&mut self, rerun: usize, record: &Record, world: &World) -> Result<(), RecordError> {
        let manifest = record.manifest();
        let mut sessions: BTreeMap<(usize, u32), Vec<usize>> = BTreeMap::new();
        record.for_each_task(|row| {
            let at = sessions.entry((row.trial, row.session)).or_default();
            at.push(self.pieces.len());
            let unit = Unit::from(&row);
            self.pieces.push(Piece {
                rerun,
                unit,
                rubric: world.rubric(&unit),
                deliverable: None,
                recorded: None,
            });
        })?;
        for ((trial, session), pieces) in sessions {
            let entries = record.transcript(trial, session)?.unwrap_or_default();
            let mut handed_in = submissions(&entries);
            let mut recorded = record.verdicts(trial, session)?;
            recorded.resize(pieces.len(), None);
            for (at, recorded) in pieces.iter().zip(recorded) {
                let piece = &mut self.pieces[*at];
                piece.deliverable = handed_in.remove(&(piece.unit.task as usize)).cloned();
                piece.recorded = recorded;
            }
            let unit = self.pieces[pieces[0]].unit;
            self.sittings.push(Sitting {
                rerun,
                trial: TrialId {
                    scenario: manifest.scenarios[unit.scenario].id.clone(),
                    arm: manifest.arms[unit.arm].id.clone(),
                    repetition: unit.repetition,
                },
                session,
                pieces,
            });
        }
        Ok(())
    }

    /// The tasks with their gradings, one list for each piece.
    pub(super) fn graded(&self, gradings: Vec<Vec<Grading>>) -> Vec<Task> {
        let tasks = self.pieces.iter().zip(gradings);
        tasks
            .map(|(piece, gradings)| Task {
                rerun: piece.rerun,
                unit: piece.unit,
                recorded: piece.recorded.clone(),
                gradings,
            })
            .collect()
    }
}
