//! Scenarios and rubrics from their folders, for the commands that need them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{
    ident::{RubricId, ScenarioId},
    rubric::{self, RubricTemplate},
    scenario::{self, Scenario},
    source::{Problem, Problems, Severity, closest},
};

/// The rubric files below `root`, by name.
pub fn find_rubrics(root: &Path) -> Result<Vec<(RubricId, PathBuf)>, Problem> {
    fn walk(
        folder: &Path,
        prefix: &str,
        depth: u8,
        found: &mut Vec<(RubricId, PathBuf)>,
    ) -> Result<(), Problem> {
        let failed = |error: std::io::Error| {
            Problem::error(
                folder,
                format!("cannot read `{}`: {error}", folder.display()),
            )
        };
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
            .map_err(failed)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        paths.sort();
        for path in paths {
            let stem = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let name = if prefix.is_empty() {
                stem.clone()
            } else {
                format!("{prefix}/{stem}")
            };
            if path.is_dir() {
                if depth > 0 {
                    walk(&path, &name, depth - 1, found)?;
                }
            } else if path.extension().is_some_and(|extension| extension == "md")
                && stem != "README"
            {
                let id = name
                    .parse()
                    .map_err(|error| Problem::error(&path, format!("{error}")))?;
                found.push((id, path));
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    walk(root, "", 3, &mut found)?;
    Ok(found)
}

/// All scenarios below a folder that `wanted` lets through.
pub fn scenarios(
    root: &Path,
    wanted: impl Fn(&ScenarioId) -> bool,
    problems: &mut Problems,
) -> Vec<Scenario> {
    match scenario::find(root) {
        Ok(found) => found
            .into_iter()
            .filter(|(id, _)| wanted(id))
            .filter_map(|(id, folder)| scenario::load(&folder, &id, problems))
            .collect(),
        Err(problem) => {
            problems.push(problem, None);
            Vec::new()
        }
    }
}

/// The rubrics below a folder that `scenarios` need; one that is missing or does not fit is a problem.
pub fn rubrics(
    root: &Path,
    scenarios: &[Scenario],
    problems: &mut Problems,
) -> BTreeMap<RubricId, RubricTemplate> {
    let found = match find_rubrics(root) {
        Ok(found) => found,
        Err(problem) => {
            problems.push(problem, None);
            return BTreeMap::new();
        }
    };
    let mut rubrics = BTreeMap::new();
    for scenario in scenarios {
        for (session, tasks) in scenario
            .sessions
            .iter()
            .map(|session| (session, &session.tasks))
        {
            for (task, brief) in tasks.iter().zip(&session.brief.tasks) {
                let known = found.iter().find(|(id, _)| *id == task.rubric);
                let Some((id, path)) = known else {
                    let like = closest(
                        task.rubric.as_str(),
                        found.iter().map(|(id, _)| id.as_str()),
                    );
                    let mut problem = Problem::error(
                        Path::new(&format!("scenarios/{}/scenario.yaml", scenario.id)),
                        format!("no rubric `{}` in `{}`", task.rubric, root.display()),
                    );
                    problem.hint = like.map(|like| format!("did you mean `{like}`?"));
                    if !problems.iter().any(|before| *before == problem) {
                        problems.push(problem, None);
                    }
                    continue;
                };
                if !rubrics.contains_key(id) {
                    rubrics.extend(
                        rubric::load(path, id, problems).map(|rubric| (id.clone(), rubric)),
                    );
                }
                if let Some(rubric) = rubrics.get(id) {
                    for field in rubric
                        .criteria
                        .iter()
                        .flat_map(|criterion| criterion.check.fields())
                    {
                        if brief.form.field(field).is_none() {
                            let problem = Problem::error(
                                path,
                                format!("field `{field}` is not in the form of `{}`", brief.title),
                            )
                            .hint(format!(
                                "the form of scenario `{}` has {}",
                                scenario.id,
                                brief
                                    .form
                                    .fields()
                                    .iter()
                                    .map(|field| format!("`{}`", field.name()))
                                    .collect::<Vec<_>>()
                                    .join(", ")
                            ));
                            if !problems.iter().any(|before| *before == problem) {
                                problems.push(problem, None);
                            }
                        }
                    }
                    if let Err(problem) =
                        crate::plan::render_rubric(rubric, scenario, session, task, brief)
                    {
                        let problem = Problem::error(
                            path,
                            format!(
                                "{} (for scenario `{}`, session of {})",
                                problem.message, scenario.id, session.brief.date
                            ),
                        );
                        if problems
                            .iter()
                            .filter(|before| {
                                before.file == *path && before.severity == Severity::Error
                            })
                            .count()
                            < 20
                        {
                            problems.push(problem.hint("a rubric may use `truth.<field>`, `date`, `case` and `about.<attribute>`"), None);
                        }
                    }
                }
            }
        }
    }
    rubrics
}
