//! Memory as files: what a session shows of its reading, and how a note is written.
//!
//! The embedded agent searches its whole memory by itself. So that whoever watches sees that it does,
//! each task begins with a list of the files and a look into the first of them.

use serde_json::json;

use super::{FileUse, Mount};

/// How many files are read where anybody can see it.
const SHOWN: usize = 20;

/// The uses of files with which a task begins.
pub(super) fn lookups(mount: &Mount) -> Vec<FileUse> {
    let store = &mount.access.store;
    let file = |path: &str| format!("{}/{path}", mount.path);
    let files: Vec<String> = store.entries().map(|(path, _)| file(path)).collect();
    let list = FileUse {
        name: "glob",
        input: json!({"pattern": "**/*", "path": mount.path}),
        text: if files.is_empty() {
            "no files".to_owned()
        } else {
            files.join("\n")
        },
    };
    let reads = store.entries().take(SHOWN).map(|(path, entry)| FileUse {
        name: "read",
        input: json!({"file_path": file(path)}),
        text: entry.content().to_owned(),
    });
    std::iter::once(list).chain(reads).collect()
}

/// The use of a file that writes a note.
pub(super) fn write(mount: &Mount, path: &str, content: &str) -> FileUse {
    FileUse {
        name: "write",
        input: json!({"file_path": format!("{}/{path}", mount.path), "content": content}),
        text: "written".to_owned(),
    }
}
