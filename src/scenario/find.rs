//! Which folders are scenarios.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{ident::ScenarioId, source::Problem};

/// The scenario folders below `root`, by name; a folder counts when it has a `scenario.yaml`.
pub fn find(root: &Path) -> Result<Vec<(ScenarioId, PathBuf)>, Problem> {
    fn walk(
        folder: &Path,
        name: &str,
        depth: u8,
        found: &mut Vec<(ScenarioId, PathBuf)>,
    ) -> Result<(), Problem> {
        if folder.join("scenario.yaml").is_file() {
            let id = name
                .parse()
                .map_err(|error| Problem::error(folder, format!("{error}")))?;
            found.push((id, folder.to_owned()));
            return Ok(());
        }
        if depth == 0 {
            return Ok(());
        }
        let failed = |error: std::io::Error| {
            Problem::error(
                folder,
                format!("cannot read `{}`: {error}", folder.display()),
            )
        };
        let mut entries: Vec<_> = fs::read_dir(folder)
            .map_err(failed)?
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries.iter().filter(|entry| entry.path().is_dir()) {
            let part = entry.file_name().to_string_lossy().into_owned();
            let name = if name.is_empty() {
                part
            } else {
                format!("{name}/{part}")
            };
            walk(&entry.path(), &name, depth - 1, found)?;
        }
        Ok(())
    }
    let mut found = Vec::new();
    walk(root, "", 3, &mut found)?;
    Ok(found)
}
