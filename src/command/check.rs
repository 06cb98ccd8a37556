//! `dreamtrial check`: every problem of scenarios, rubrics, experiments and claims.

use std::path::{Path, PathBuf};

use super::{Exit, Failure, load, print, tell};
use crate::{
    analyse::claim,
    cli::CheckArguments,
    experiment, rubric, scenario,
    source::{self, Problem, Problems, Severity},
};

pub(super) fn check(arguments: &CheckArguments) -> Result<Exit, Failure> {
    let mut problems = Problems::default();
    let mut files = 0;
    for path in &arguments.paths {
        files += check_path(path, &mut problems);
    }
    tell(&problems.render(true));
    let (errors, warnings) = (
        problems.count(Severity::Error),
        problems.count(Severity::Warning),
    );
    print(&format!(
        "{files} {} checked: {errors} {}, {warnings} {}\n",
        plural(files, "file"),
        plural(errors, "error"),
        plural(warnings, "warning")
    ))?;
    Ok(if errors > 0 {
        Exit::Invalid
    } else {
        Exit::Done
    })
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        noun.to_owned()
    } else {
        format!("{noun}s")
    }
}

/// Checks what is at a path; returns how many files that were.
fn check_path(path: &Path, problems: &mut Problems) -> usize {
    let extension = path.extension().and_then(|extension| extension.to_str());
    if path.is_file() {
        match extension {
            Some("md") => {
                check_rubric(path, problems);
                return 1;
            }
            Some("yaml") if path.file_name().is_some_and(|name| name == "scenario.yaml") => {
                return check_path(path.parent().unwrap_or(Path::new(".")), problems);
            }
            Some("yaml") => {
                check_yaml(path, problems);
                return 1;
            }
            Some(_) | None => {
                problems.push(
                    Problem::error(path, "not a scenario, rubric, experiment or claims file")
                        .hint("name a folder of scenarios, a `.md` rubric or a `.yaml` experiment or claims file"),
                    None,
                );
                return 0;
            }
        }
    }
    if path.join("scenario.yaml").is_file() {
        return check_scenarios(
            path.ancestors()
                .find(|above| above.file_name().is_some_and(|name| name == "scenarios")),
            &[path.to_owned()],
            problems,
        );
    }
    let scenarios = match scenario::find(path) {
        Ok(found) => found,
        Err(problem) => {
            problems.push(
                problem.hint("name a folder of scenarios, a rubric file or an experiment file"),
                None,
            );
            return 0;
        }
    };
    if !scenarios.is_empty() {
        let folders: Vec<PathBuf> = scenarios.into_iter().map(|(_, folder)| folder).collect();
        let root = path
            .ancestors()
            .find(|above| above.file_name().is_some_and(|name| name == "scenarios"));
        return check_scenarios(root, &folders, problems);
    }
    let mut count = 0;
    if let Ok(rubrics) = load::find_rubrics(path) {
        for (_, file) in &rubrics {
            check_rubric(file, problems);
        }
        count += rubrics.len();
    }
    let experiments = std::fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let mut experiments: Vec<PathBuf> = experiments
        .filter(|file| {
            file.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    experiments.sort();
    for file in &experiments {
        check_yaml(file, problems);
    }
    count += experiments.len();
    if count == 0 {
        problems.push(
            Problem::error(path, "no scenario, rubric, experiment or claims file here"),
            None,
        );
    }
    count
}

/// Checks an experiment or a claims file: the latter has a key `claims` and nothing else.
fn check_yaml(file: &Path, problems: &mut Problems) {
    match source::read_text(file, source::MAX_FILE_BYTES) {
        Ok(text) if text.lines().any(|line| line.starts_with("claims:")) => {
            claim::load(file, problems);
        }
        Ok(_) => {
            experiment::load(file, problems);
        }
        Err(problem) => problems.push(problem, None),
    }
}

/// Checks scenarios, and the rubrics that they name when these are where the layout has them: in
/// `rubrics/` beside `scenarios/`.
fn check_scenarios(root: Option<&Path>, folders: &[PathBuf], problems: &mut Problems) -> usize {
    let mut loaded = Vec::new();
    for folder in folders {
        let name = match root.and_then(|root| folder.strip_prefix(root).ok()) {
            Some(inside) => inside.to_string_lossy().replace('\\', "/"),
            None => folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        };
        match name.parse() {
            Ok(id) => loaded.extend(scenario::load(folder, &id, problems)),
            Err(error) => problems.push(Problem::error(folder, format!("{error}")), None),
        }
    }
    let rubrics = root
        .and_then(Path::parent)
        .map(|above| above.join("rubrics"))
        .filter(|rubrics| rubrics.is_dir());
    if let Some(rubrics) = rubrics {
        load::rubrics(&rubrics, &loaded, problems);
    }
    folders.len()
}

fn check_rubric(path: &Path, problems: &mut Problems) {
    let stem = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    match stem.parse() {
        Ok(id) => {
            rubric::load(path, &id, problems);
        }
        Err(error) => problems.push(Problem::error(path, format!("{error}")), None),
    }
}
