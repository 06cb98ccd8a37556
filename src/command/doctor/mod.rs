//! `dreamtrial doctor`: what would be wrong with a run, before it is paid for.
//!
//! Each model that a part uses is asked for one small answer, two if it must both call tools and keep to
//! a form, and each program for its greeting. What always holds: a trouble with one does not keep the
//! others from being checked, nothing is recorded, and no key is shown.

mod course;
mod listed;
mod managed;
mod measures;
mod model;
mod questions;

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::{
    Environment, Exit, Failure, cast, load, print,
    run::prepared,
    staff::{Agency, Cassettes},
    tell,
};
use crate::{
    cli::DoctorArguments,
    experiment::{
        self, AgentPart, DreamerPart, Experiment, GraderPart, UserPart,
        live::{Cast, Program},
    },
    plan::Plan,
    process::Launch,
    report::doctor::{Check, Diagnosis, Level, Subject},
    source::Problems,
    transcript::Role,
};

/// How often a call is tried again: what fails twice at once is worth saying.
const RETRIES: u32 = 1;

pub(super) fn doctor(
    arguments: &DoctorArguments,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let mut problems = Problems::default();
    let Some(mut experiment) = experiment::load(&arguments.experiment, &mut problems) else {
        tell(&problems.render(true));
        return Ok(Exit::Invalid);
    };
    cast::choose(&mut experiment, &arguments.cast)?;
    let plan = plan(&experiment, &mut problems);
    for settings in experiment.models.values_mut() {
        settings.retries = settings.retries.min(RETRIES);
    }
    let cast = experiment.cast();
    let mut agency = Agency::new(&experiment, environment, Cassettes::default());
    let managed_parts = managed::parts(&cast);
    let mut asked = cast.models();
    asked.retain(|part| !managed_parts.contains(part));
    let patients = model::patients(&mut agency, &experiment.models, &asked);
    let account = managed::account(&mut agency, &cast);
    let programs = programs(&agency, &cast);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::new)?;
    let clock = &*environment.clock;
    let dreams = matches!(cast.dreamer, DreamerPart::Managed(_));
    let (examined, greeted, account) = runtime.block_on(async {
        let models = join_all(patients.into_iter().map(|patient| patient.examine(clock)));
        let programs = join_all(
            programs
                .iter()
                .map(|(role, program, launch)| greet(*role, program, launch, environment)),
        );
        let (examined, greeted) = (models.await, programs.await);
        let account = match account {
            Some(account) => Some(managed::examine(account, dreams).await),
            None => None,
        };
        (examined, greeted, account)
    });
    let measured: BTreeMap<String, _> = examined
        .iter()
        .filter_map(|(name, subject)| Some((name.clone(), subject.measured?)))
        .collect();
    let mut subjects: Vec<Subject> = examined.into_iter().map(|(_, subject)| subject).collect();
    subjects.extend(greeted);
    subjects.extend(account);
    subjects.push(Subject {
        name: "the run".to_owned(),
        checks: match &plan {
            Ok(Some(plan)) => course::course(plan, &agency, &measured),
            Ok(None) => vec![Check::new(
                "plan",
                Level::Wrong,
                "there are problems with the scenarios or rubrics, told above",
            )],
            Err(failure) => vec![
                Check::new("plan", Level::Wrong, failure.message.clone())
                    .hint(failure.hint.clone()),
            ],
        },
        measured: None,
    });
    let diagnosis = Diagnosis {
        title: experiment.title.clone(),
        parts: parts(&cast),
        subjects,
    };
    if arguments.json {
        let text = serde_json::to_string_pretty(&diagnosis.json()).map_err(Failure::new)?;
        print(&(text + "\n"))?;
    } else {
        print(&diagnosis.text())?;
    }
    Ok(if diagnosis.is_ready() {
        Exit::Done
    } else {
        Exit::Unready
    })
}

/// The whole plan of the experiment, for what it would take.
fn plan(experiment: &Experiment, problems: &mut Problems) -> Result<Option<Plan>, Failure> {
    let scenarios = load::scenarios(&experiment.scenarios, |_| true, problems);
    prepared(experiment.clone(), scenarios, problems)
}

/// Each part and who plays it.
fn parts(cast: &Cast) -> Vec<(&'static str, String)> {
    let model = |name: &str| format!("model `{name}`");
    let managed = |name: &str| format!("managed, with model `{name}`");
    let program = || "a program".to_owned();
    let grader = |part: &GraderPart| match part {
        GraderPart::Embedded => "embedded".to_owned(),
        GraderPart::Judge(judge) => model(&judge.model),
    };
    vec![
        (
            "agent",
            match &cast.agent {
                AgentPart::Reference => "embedded".to_owned(),
                AgentPart::Model(name) => model(name),
                AgentPart::Managed(name) => managed(name),
                AgentPart::Process(_) => program(),
            },
        ),
        (
            "dreamer",
            match &cast.dreamer {
                DreamerPart::Embedded => "embedded".to_owned(),
                DreamerPart::Model(name) => model(name),
                DreamerPart::Managed(name) => managed(name),
                DreamerPart::Process(_) => program(),
            },
        ),
        ("in-session grader", grader(&cast.in_session_grader)),
        ("final grader", grader(&cast.grader)),
        (
            "user",
            match &cast.user {
                UserPart::Scripted => "scripted".to_owned(),
                UserPart::Model(name) => format!("scripted, in the words of model `{name}`"),
            },
        ),
    ]
}

/// The programs that play parts.
fn programs<'c>(agency: &Agency<'_>, cast: &'c Cast) -> Vec<(Role, &'c Program, Launch)> {
    let mut programs = Vec::new();
    if let AgentPart::Process(program) = &cast.agent {
        programs.push((Role::Agent, program, agency.launch(program)));
    }
    if let DreamerPart::Process(program) = &cast.dreamer {
        programs.push((Role::Dreamer, program, agency.launch(program)));
    }
    programs
}

/// Starts a program, hears its greeting, and ends it.
async fn greet(
    role: Role,
    program: &Program,
    launch: &Launch,
    environment: &Environment,
) -> Subject {
    let mut checks = Vec::new();
    for name in &program.environment {
        if environment.variable(name).is_none() {
            checks.push(
                Check::new(
                    "variable",
                    Level::Doubtful,
                    format!("`{name}`, which the program is to be given, is not set"),
                )
                .hint(Some("set it, or take it out of `environment`")),
            );
        }
    }
    match launch.start(role).await {
        Err(failure) => checks.push(
            Check::new("greeting", Level::Wrong, failure.to_string()).hint(Some(
                "a program answers `{\"ready\":true}` first; see docs/plugins.md",
            )),
        ),
        Ok(child) => {
            let words = match child.called() {
                "" => "it starts and answers, without a name".to_owned(),
                called => format!("it starts and answers as `{called}`"),
            };
            checks.push(Check::new("greeting", Level::Good, words));
            if let Err(failure) = child.finish().await {
                checks.push(Check::new("end", Level::Doubtful, failure.to_string()));
            }
        }
    }
    Subject {
        name: format!("the program of the {}", role.as_str()),
        checks,
        measured: None,
    }
}

/// A length of time as people say it, in its largest unit of which it has one or nearly.
fn length(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..=99 => (seconds, "second"),
        100..=3_299 => ((seconds + 30) / 60, "minute"),
        3_300..=129_599 => ((seconds + 1_800) / 3_600, "hour"),
        _ => ((seconds + 43_200) / 86_400, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn lengths_are_in_units_that_people_use() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (99, "99 seconds"),
            (100, "2 minutes"),
            (3_299, "55 minutes"),
            (3_300, "1 hour"),
            (3_600, "1 hour"),
            (7_000, "2 hours"),
            (129_600, "2 days"),
            (u64::from(u32::MAX), "49710 days"),
        ] {
            assert_eq!(length(seconds), words, "{seconds}");
        }
    }
}
