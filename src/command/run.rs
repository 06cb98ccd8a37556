//! `dreamtrial run`: an experiment, from files to report.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::runtime::Runtime;

use super::{
    Environment, Exit, Failure, cast,
    dreams::{self, RecordedDreams},
    early,
    execute::{self, Execution, Work},
    funds, load,
    managed::Managed,
    print, report,
    staff::{Agency, Cassettes},
    tell,
};
use crate::{
    analyse::claim,
    cli::RunArguments,
    dream::Dreamer,
    experiment::{self, Backend, DreamerPart, Experiment, GraderPart, Regime},
    grade::Judge,
    plan::{Plan, PlanError},
    quantity::Usd,
    record::{Host, Manifest, NoHistory, Record, RecordError, Recorder, RegisteredClaims, Resumed},
    run::{Halt, History, Staff},
    scenario::Scenario,
    source::Problems,
};

/// How many live trials run at a time, if nothing else is said.
pub(super) const LIVE_JOBS: u16 = 16;

/// The record's name in the folder of a run.
pub(super) const RECORD: &str = "run.sqlite";

pub(super) fn run(arguments: &RunArguments, environment: &Environment) -> Result<Exit, Failure> {
    let Some(plan) = plan(arguments)? else {
        return Ok(Exit::Invalid);
    };
    let mut problems = Problems::default();
    let registered = match &arguments.claims {
        Some(file) => {
            let Some((claims, text)) = claim::load(file, &mut problems) else {
                tell(&problems.render(true));
                return Ok(Exit::Invalid);
            };
            Some(RegisteredClaims {
                digest: claims.digest,
                text,
            })
        }
        None => None,
    };
    let live = matches!(plan.experiment.backend, Backend::Live(_));
    let jobs = usize::from(
        arguments
            .jobs
            .unwrap_or_else(|| if live { LIVE_JOBS } else { cores() }),
    );
    if arguments.dry_run {
        print(&dry_run(&plan, jobs, arguments.dreams_of.is_none()))?;
        return Ok(Exit::Done);
    }
    let plan = Arc::new(plan);
    let early = early::Early::of(arguments, &plan)?;
    let folder = folder(arguments, environment);
    let file = folder.join(RECORD);
    if file.exists() && !arguments.resume {
        return Err(
            Failure::usage(format!("`{}` has a run already", folder.display()))
                .hint("add `--resume` to continue it, or give another folder with `--out`"),
        );
    }
    let runtime = execute::runtime(jobs)?;
    let mut manifest = manifest(&plan, environment);
    manifest.claims = registered;
    let (staff, managed) = staff(arguments, &plan, environment, &runtime, &mut manifest)?;
    if let Some(managed) = &managed {
        managed.begin(&manifest, file.exists().then_some(&file), arguments.keep)?;
    }
    std::fs::create_dir_all(&folder).map_err(Failure::io(&folder))?;
    let (recorder, history) = opened(&file, &manifest)?;
    let funds = funds::funds(&arguments.budget, history.as_ref(), plan.trials.len())?;
    let work = Work {
        jobs,
        staff: Arc::new(staff),
        funds,
        live,
        abandon: managed.as_ref().map(Managed::abandon),
    };
    let mut execution = Execution::new(
        &plan,
        work,
        recorder,
        history.as_ref(),
        runtime,
        environment,
    );
    let stop = if let Some(early) = &early {
        early.run(&mut execution, &file)?
    } else {
        execution.run(|_| true)?;
        None
    };
    let (canceled, halt) = execution.finish()?;
    let incomplete = report::report_on(&folder, &folder)?;
    if let Some(managed) = managed {
        let over = !arguments.keep && !canceled && halt.is_none() && !incomplete;
        managed.end(Record::open(&file).map_err(failed)?.manifest(), over);
    }
    if let Some(stop) = stop.filter(|_| !canceled) {
        print(&format!("\n{}\n", stop.words()))?;
        return Ok(stop.exit());
    }
    if let Some(halt) = &halt {
        tell(&format!("\n{}\n", ended_early(halt, arguments, &folder)));
    }
    Ok(match (canceled && halt.is_none(), incomplete) {
        (true, _) => {
            tell(&format!(
                "\ninterrupted; continue with `dreamtrial run {} --out {} --resume`\n",
                arguments.experiment.display(),
                folder.display()
            ));
            Exit::Interrupted
        }
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Done,
    })
}

/// The record of a run, new or gone on with, and what is in it.
fn opened(file: &Path, manifest: &Manifest) -> Result<(Recorder, Box<dyn History>), Failure> {
    if !file.exists() {
        let recorder = Recorder::create(file, manifest).map_err(failed)?;
        return Ok((recorder, Box::new(NoHistory)));
    }
    same_claims(file, manifest)?;
    dreams::same_dreams(file, manifest)?;
    let recorder = Recorder::resume(file, manifest).map_err(failed)?;
    let history = Resumed::open(file).map_err(failed)?;
    Ok((recorder, Box::new(history)))
}

/// Who plays the parts, after somebody agreed to what that costs; the account of those that are managed.
/// The manifest learns whose dreams are taken, and what is behind the service.
/// Whatever is wrong with keys and models shows before anything is made or asked.
fn staff(
    arguments: &RunArguments,
    plan: &Plan,
    environment: &Environment,
    runtime: &Arc<Runtime>,
    manifest: &mut Manifest,
) -> Result<(Staff, Option<Managed>), Failure> {
    let cassettes = Cassettes::of(&arguments.live, arguments.resume)?;
    let closed = cassettes.is_closed();
    let folder = arguments.dreams_of.as_deref();
    let dreams = folder
        .map(|folder| RecordedDreams::open(folder, plan))
        .transpose()?;
    manifest.dreams_of = dreams.as_ref().map(RecordedDreams::source);
    let dreamer = dreams.map(|dreams| Box::new(dreams) as Box<dyn Dreamer>);
    let mut agency = Agency::new(&plan.experiment, environment, cassettes);
    let staff = agency.staff(dreamer)?;
    let managed = agency
        .managed()
        .map(|account| Managed::new(account, Arc::clone(runtime)));
    if let Some(managed) = &managed {
        let cast = plan.experiment.cast();
        let dreams = matches!(cast.dreamer, DreamerPart::Managed(_))
            && plan
                .experiment
                .arms
                .iter()
                .any(|arm| arm.memory == Regime::Dreamed)
            && manifest.dreams_of.is_none();
        managed.look(manifest, dreams)?;
    }
    if !closed {
        let cost = funds::live_cost(plan, manifest.dreams_of.is_none());
        let basis = "from the sizes of the texts; see `--dry-run`";
        funds::agree(cost, basis, &arguments.budget, environment)?;
    }
    Ok((staff, managed))
}

/// What the run is, but for claims and dreams that it takes from elsewhere.
fn manifest(plan: &Plan, environment: &Environment) -> Manifest {
    let host = Host {
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cores: cores().into(),
    };
    let mut manifest = Manifest::of(
        plan,
        environment.clock.now(),
        environment.command_line.clone(),
        host,
    );
    if let Some(live) = &mut manifest.live {
        let judges = [&live.cast.grader, &live.cast.in_session_grader];
        live.judge_digest = judges
            .into_iter()
            .any(|part| matches!(part, GraderPart::Judge(_)))
            .then(|| Judge::digest().to_string());
    }
    manifest
}

/// Why a run ended before its plan was done, and how it goes on.
fn ended_early(halt: &Halt, arguments: &RunArguments, folder: &Path) -> String {
    let again = format!(
        "dreamtrial run {} --out {} --resume",
        arguments.experiment.display(),
        folder.display()
    );
    match halt {
        Halt::Budget(reason) => format!(
            "stopped: {reason}; what was done is kept and analysed\nhint: continue with a higher cap: `{again} --max-usd …`"
        ),
        Halt::Refused(reason) => format!(
            "stopped, as every other trial would end the same: {reason}\nhint: `dreamtrial doctor` looks for what is wrong; continue with `{again}`"
        ),
    }
}

/// Refuses claims that were not registered when the run began: results are there already.
fn same_claims(file: &Path, manifest: &Manifest) -> Result<(), Failure> {
    let Some(given) = &manifest.claims else {
        return Ok(());
    };
    let record = Record::open(file).map_err(failed)?;
    let registered = record.manifest().claims.as_ref();
    if registered.is_some_and(|claims| claims.digest == given.digest) {
        return Ok(());
    }
    Err(
        Failure::usage("claims are registered when a run begins, not when it goes on").hint(
            "leave `--claims` out, or begin a run in another folder; `dreamtrial claims` judges any file, as exploratory",
        ),
    )
}

pub(super) fn failed(error: RecordError) -> Failure {
    let hint = error.hint();
    let failure = Failure::new(error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

pub(super) fn cores() -> u16 {
    std::thread::available_parallelism()
        .map_or(1, |cores| u16::try_from(cores.get()).unwrap_or(1024))
}

/// The plan that the arguments ask for; `None` after its files' problems were told.
fn plan(arguments: &RunArguments) -> Result<Option<Plan>, Failure> {
    let mut problems = Problems::default();
    let Some(mut experiment) = experiment::load(&arguments.experiment, &mut problems) else {
        tell(&problems.render(true));
        return Ok(None);
    };
    experiment.seed = arguments.seed.unwrap_or(experiment.seed);
    experiment.repetitions = arguments.repetitions.unwrap_or(experiment.repetitions);
    cast::choose(&mut experiment, &arguments.live.cast)?;
    choose_arms(&mut experiment, &arguments.arms)?;
    let patterns = arguments
        .only
        .iter()
        .map(|text| {
            glob::Pattern::new(text).map_err(|error| {
                Failure::usage(format!("`{text}` is not a pattern: {error}"))
                    .hint("use `*` and `?`, as in `legal/*`")
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let wanted =
        |name: &str| patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name));
    let scenarios = load::scenarios(
        &experiment.scenarios,
        |id| wanted(id.as_str()),
        &mut problems,
    );
    if scenarios.is_empty() && !problems.has_errors() && !patterns.is_empty() {
        return Err(Failure::usage(format!(
            "no scenario below `{}` matches `{}`",
            experiment.scenarios.display(),
            arguments.only.join("`, `")
        ))
        .hint("names are folders below it, as `legal/retention`; patterns use `*` and `?`"));
    }
    prepared(experiment, scenarios, &mut problems)
}

/// The plan of an experiment on these scenarios; `None` after its files' problems were told.
pub(super) fn prepared(
    mut experiment: Experiment,
    scenarios: Vec<Scenario>,
    problems: &mut Problems,
) -> Result<Option<Plan>, Failure> {
    let rubrics = load::rubrics(&experiment.rubrics, &scenarios, problems);
    if problems.has_errors() {
        tell(&problems.render(true));
        return Ok(None);
    }
    if scenarios.len() == 1
        && experiment
            .arms
            .iter()
            .any(|arm| arm.memory == Regime::Placebo)
    {
        tell(
            "note: a placebo takes its text from another scenario, so with one scenario it is left out\n",
        );
        experiment.arms.retain(|arm| arm.memory != Regime::Placebo);
    }
    match Plan::new(experiment, scenarios, &rubrics) {
        Ok(plan) => Ok(Some(plan)),
        Err(error @ PlanError::NoTwin(_)) => {
            Err(Failure::usage(error.to_string()).hint("add the dreamed arm with another `--arm`"))
        }
        Err(
            error @ (PlanError::NoScenario
            | PlanError::NoDonor(_)
            | PlanError::NoPrice(_)
            | PlanError::Rubric(_)),
        ) => Err(Failure::usage(error.to_string())),
    }
}

fn choose_arms(experiment: &mut Experiment, wanted: &[String]) -> Result<(), Failure> {
    let known = || {
        experiment
            .arms
            .iter()
            .map(|arm| format!("`{}`", arm.id))
            .collect::<Vec<_>>()
            .join(", ")
    };
    if let Some(unknown) = wanted
        .iter()
        .find(|name| !experiment.arms.iter().any(|arm| arm.id.as_str() == **name))
    {
        return Err(
            Failure::usage(format!("no arm `{unknown}` in this experiment"))
                .hint(format!("known: {}", known())),
        );
    }
    if !wanted.is_empty() {
        experiment
            .arms
            .retain(|arm| wanted.iter().any(|name| name == arm.id.as_str()));
    }
    Ok(())
}

/// `1 arm`, `7 arms`.
fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

fn dry_run(plan: &Plan, jobs: usize, dreams: bool) -> String {
    let experiment = &plan.experiment;
    let (sessions, tasks) = plan.size();
    let forecast = plan.forecast();
    let (usage, cost) = (forecast.total(), forecast.cost);
    let arms = experiment
        .arms
        .iter()
        .map(|arm| arm.id.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let mut text = format!(
        "{}: would run {} x {} x {}\n  arms      {arms}\n  trials    {}\n  sessions  {sessions}\n  tasks     {tasks}\n  jobs      {jobs}\n  seed      {}\n  backend   {}\n",
        experiment.title,
        counted(plan.scenarios.len() as u64, "scenario"),
        counted(experiment.arms.len() as u64, "arm"),
        counted(u64::from(experiment.repetitions), "repetition"),
        plan.trials.len(),
        experiment.seed,
        experiment.agent_name(),
    );
    let million = |tokens: u64| {
        let hundredths = tokens / 10_000;
        format!("{}.{:02} million", hundredths / 100, hundredths % 100)
    };
    let _ = write!(
        text,
        "forecast (estimated from the sizes of the texts, priced as {})\n  tokens    {} (of them written to a cache {}, read from one {}, output {})\n  cost      {cost}; {}\nscenarios\n",
        experiment.agent_price_name(),
        million(usage.total().0),
        million(usage.cache_write.0),
        million(usage.cache_read.0),
        million(usage.output.0),
        match funds::live_cost(plan, dreams) {
            Usd(0) => "the reference backend costs nothing".to_owned(),
            paid => format!("of it for live models {paid}"),
        },
    );
    for prepared in &plan.scenarios {
        let _ = writeln!(
            text,
            "  {:<24} {:>2} sessions  {}",
            prepared.scenario.id.as_str(),
            prepared.scenario.sessions.len(),
            prepared.scenario.title
        );
    }
    text
}

fn folder(arguments: &RunArguments, environment: &Environment) -> PathBuf {
    arguments.out.clone().unwrap_or_else(|| {
        let stem = arguments
            .experiment
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy();
        let time = environment.clock.now().strftime("%Y%m%d-%H%M%S");
        let base = Path::new("results/local").join(format!("{time}-{stem}"));
        (2..100)
            .map(|number| base.with_file_name(format!("{time}-{stem}-{number}")))
            .fold(base.clone(), |free, next| {
                if free.join(RECORD).exists() {
                    next
                } else {
                    free
                }
            })
    })
}
