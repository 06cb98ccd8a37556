//! `dreamtrial grade`: the deliverables of a run, graded again.

mod material;
mod output;
mod work;

use std::collections::BTreeMap;

use super::{
    Environment, Exit, Failure, cast,
    claims::open,
    funds, print,
    staff::{Agency, Cassettes},
    tell,
};
use crate::{
    analyse::regrade::{Grading, Task, regrade},
    cli::{CastArguments, GradeArguments, LiveArguments},
    experiment::{self, Experiment, GraderPart, ModelSettings},
    price::Price,
    record::{Manifest, NoHistory, Record},
    report::regrade::{About, json, text},
    source::Problems,
    transcript::Role,
};
use material::{Material, World};
use work::{Graders, Work};

/// Who grades.
struct Grader<'e> {
    /// In words.
    name: String,
    part: GraderPart,
    /// A judge's model and its price.
    model: Option<(&'e ModelSettings, Price)>,
}

impl<'e> Grader<'e> {
    fn of(experiment: &'e Experiment) -> Result<Self, Failure> {
        let part = experiment.cast().grader;
        let GraderPart::Judge(judge) = &part else {
            return Ok(Self {
                name: "the checks of the rubrics".to_owned(),
                part,
                model: None,
            });
        };
        let settings = experiment.models.get(&judge.model).ok_or_else(|| {
            Failure::usage(format!("no model `{}` in this experiment", judge.model))
        })?;
        let price = settings
            .price()
            .map_err(|_| Failure::usage(format!("no price for the model `{}`", judge.model)))?;
        let mut name = format!("{}:{}", settings.provider.as_str(), settings.id);
        if judge.repeats > 1 {
            name = format!("{name}, the majority of {}", judge.repeats);
        }
        Ok(Self {
            name,
            part,
            model: Some((settings, price)),
        })
    }

    fn repeats(&self) -> u32 {
        match &self.part {
            GraderPart::Embedded => 1,
            GraderPart::Judge(judge) => judge.repeats,
        }
    }

    /// What it is called in the name of a folder.
    fn slug(&self) -> String {
        match self.model {
            None => "embedded".to_owned(),
            Some((settings, _)) => settings
                .id
                .chars()
                .map(|letter| match letter {
                    'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' => letter,
                    _ => '-',
                })
                .collect(),
        }
    }

    /// Whoever grades.
    fn hire(&self, agency: &mut Agency<'_>) -> Result<Graders, Failure> {
        Ok(match &self.part {
            GraderPart::Embedded => Graders::Checks,
            GraderPart::Judge(judge) => Graders::Judge(agency.judge(judge, Role::FinalGrader)?),
        })
    }
}

/// The flags that name who plays, as a run has them.
fn live(arguments: &GradeArguments) -> LiveArguments {
    LiveArguments {
        cast: CastArguments {
            backend: None,
            dreamer: None,
            judge: arguments.judge.clone(),
            judge_repeats: arguments.judge_repeats,
            base_url: arguments.base_url.clone(),
        },
        record: arguments.record.clone(),
        replay: arguments.replay.clone(),
    }
}

pub(super) fn grade(
    arguments: &GradeArguments,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let record = open(&arguments.run)?;
    let reruns = reruns(arguments, record.manifest())?;
    let mut problems = Problems::default();
    let Some(mut experiment) = experiment::load(&arguments.experiment, &mut problems) else {
        tell(&problems.render(true));
        return Ok(Exit::Invalid);
    };
    let live = live(arguments);
    cast::choose(&mut experiment, &live.cast)?;
    if let Some(folder) = &arguments.rubrics {
        experiment.rubrics.clone_from(folder);
    }
    let Some(world) = World::read(record.manifest(), &experiment)? else {
        return Ok(Exit::Invalid);
    };
    let runs: Vec<&Record> = std::iter::once(&record).chain(&reruns).collect();
    let material = Material::read(&runs, &world)?;
    let grader = Grader::of(&experiment)?;
    let cassettes = Cassettes::of(&live, false)?;
    let closed = cassettes.is_closed();
    let mut agency = Agency::new(&experiment, environment, cassettes);
    let graders = grader.hire(&mut agency)?;
    let work = Work {
        material: &material,
        world: &world,
        graders,
        times: arguments.times,
        price: grader.model.map(|(_, price)| price),
        funds: funds::funds(&arguments.budget, &NoHistory, 0)?,
        jobs: usize::from(arguments.jobs),
    };
    let out = output::folder(arguments, &grader.slug())?;
    if !closed {
        let basis = "from the sizes of the requests";
        funds::agree(work.forecast(), basis, &arguments.budget, environment)?;
    }
    let done = work.run()?;
    let manifest = record.manifest();
    let tasks = material.graded(done.gradings);
    let found = regrade(manifest, &tasks).map_err(Failure::new)?;
    let about = About {
        grader: grader.name.clone(),
        embedded: grader.model.is_none(),
        repeats: grader.repeats(),
        times: arguments.times,
        reruns: reruns.len(),
        rubrics: world.changes(manifest),
        spent: done.spent,
        failures: failures(&tasks),
        folder: out.display().to_string(),
    };
    let report = json(manifest, &about, &found);
    let made = output::Made {
        runs: &runs,
        model: grader.model.map(|(settings, _)| settings),
        about: &about,
        world: &world,
        interrupted: done.interrupted,
    };
    output::write(&out, &made, &tasks, &found)?;
    if arguments.json {
        print(&(serde_json::to_string_pretty(&report).map_err(Failure::new)? + "\n"))?;
    } else {
        print(&text(manifest, &about, &found))?;
    }
    Ok(if done.interrupted && found.counts.failed > 0 {
        tell("\ninterrupted; what was graded is kept\n");
        Exit::Interrupted
    } else if found.counts.failed > 0 {
        Exit::Incomplete
    } else {
        Exit::Done
    })
}

/// The records of the re-runs, each of which took its dreams from the run.
fn reruns(arguments: &GradeArguments, manifest: &Manifest) -> Result<Vec<Record>, Failure> {
    let mut records: Vec<Record> = Vec::new();
    for folder in &arguments.reruns {
        let record = open(folder)?;
        let other = record.manifest();
        let same_plan = other.plan_digest == manifest.plan_digest;
        let source = other.dreams_of.as_ref();
        if !same_plan || source.is_none_or(|source| source.started_at != manifest.started_at) {
            let why = if same_plan {
                "its dreams are not from"
            } else {
                "its plan is not that of"
            };
            return Err(Failure::usage(format!(
                "`{}` is no re-run: {why} `{}`",
                folder.display(),
                arguments.run.display()
            ))
            .hint(format!(
                "make one with `dreamtrial run … --dreams-of {}`",
                arguments.run.display()
            )));
        }
        let again = |before: &Record| before.manifest().started_at == other.started_at;
        if records.iter().any(again) {
            return Err(Failure::usage(format!(
                "`{}` is given twice",
                folder.display()
            )));
        }
        records.push(record);
    }
    Ok(records)
}

/// Why gradings failed, and how many for each reason.
fn failures(tasks: &[Task]) -> Vec<(String, u64)> {
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for grading in tasks.iter().flat_map(|task| &task.gradings) {
        if let Grading::Failed(reason) = grading {
            *reasons.entry(reason).or_insert(0) += 1;
        }
    }
    reasons
        .into_iter()
        .map(|(reason, times)| (reason.to_owned(), times))
        .collect()
}
