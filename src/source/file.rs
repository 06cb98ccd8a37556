//! Files from disk: within size limits, in UTF-8, and inside the folder they belong to.

use std::{
    fs,
    io::Read,
    path::{Component, Path, PathBuf},
};

use super::Problem;

/// The most bytes that a scenario, rubric or experiment file may have.
pub const MAX_FILE_BYTES: u64 = 10 * 1024 * 1024;
/// The most bytes that a document of a scenario may have.
pub const MAX_DOCUMENT_BYTES: u64 = 1024 * 1024;

/// The text of a file of at most `limit` bytes.
pub fn read_text(path: &Path, limit: u64) -> Result<String, Problem> {
    let failed = |error: std::io::Error| {
        Problem::error(path, format!("cannot read `{}`: {error}", path.display()))
    };
    let file = fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(Problem::error(
            path,
            format!("file is larger than {} MB", limit / (1024 * 1024)),
        )
        .hint("split it, or move long text into documents"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]);
        let line = before.matches('\n').count() + 1;
        Problem::error(
            path,
            format!("line {line} is not valid UTF-8 (byte {valid})"),
        )
        .hint("save the file as UTF-8")
    })
}

/// The text of the file `name` inside `folder`. The name must be relative, without `..`, and no
/// symbolic link on the way may lead out of the folder.
pub fn read_inside(folder: &Path, name: &str, limit: u64) -> Result<(PathBuf, String), Problem> {
    let path = folder.join(name);
    let plain = !name.is_empty()
        && Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
    if !plain || name.contains('\\') {
        return Err(
            Problem::error(folder, format!("path `{name}` leads out of its folder"))
                .hint("name a file below the folder, without `..` and without a leading `/`"),
        );
    }
    let real = fs::canonicalize(&path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            Problem::error(
                folder,
                format!("no file `{name}` in `{}`", folder.display()),
            )
            .hint("create it, or correct the name")
        } else {
            Problem::error(folder, format!("cannot read `{name}`: {error}"))
        }
    })?;
    let home = fs::canonicalize(folder).map_err(|error| {
        Problem::error(
            folder,
            format!("cannot read `{}`: {error}", folder.display()),
        )
    })?;
    if !real.starts_with(&home) {
        return Err(Problem::error(
            folder,
            format!("path `{name}` leads out of its folder through a symbolic link"),
        )
        .hint("copy the file into the folder"));
    }
    read_text(&path, limit).map(|text| (path, text))
}
