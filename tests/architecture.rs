//! Who may import whom, as data, and the test that the sources keep to it.
//!
//! [`TABLE`] is in an order in which each module imports earlier ones only, so that data flows one way.
//! The sources are read as text: every path through `crate::` counts, in `use` or in code, and every
//! chain of `super` that climbs to the crate root.
//!
//! Comments are left out, and so are tests: everything behind a `#[cfg(test)]` with a `mod … {` in the
//! next line, and files named `tests.rs` or below a folder `tests`. A path inside a string counts as an
//! import; that errs on the strict side.
#![expect(clippy::panic, reason = "a test may fail loudly")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What a module may import.
#[derive(Debug, Clone, Copy)]
enum May {
    /// These modules.
    Import(&'static [&'static str]),
    /// Every module: this is where the stages are put together.
    ImportAll,
}

use May::{Import, ImportAll};

/// The modules of `src/lib.rs`. `docs/architecture.md` shows the same table, with the duty of each.
const TABLE: &[(&str, May)] = &[
    ("ident", Import(&[])),
    ("quantity", Import(&[])),
    ("text", Import(&[])),
    ("source", Import(&[])),
    ("stats", Import(&[])),
    ("table", Import(&["stats", "source"])),
    ("form", Import(&["ident", "text"])),
    ("brief", Import(&["ident", "form", "text"])),
    ("transcript", Import(&["ident", "quantity", "brief"])),
    ("price", Import(&["quantity", "transcript", "source"])),
    (
        "scenario",
        Import(&["ident", "brief", "form", "source", "text"]),
    ),
    ("rubric", Import(&["ident", "source", "text"])),
    (
        "experiment",
        Import(&["ident", "source", "price", "transcript"]),
    ),
    ("budget", Import(&["quantity"])),
    ("http", Import(&["quantity"])),
    (
        "model",
        Import(&[
            "ident",
            "quantity",
            "text",
            "transcript",
            "price",
            "experiment",
            "budget",
            "http",
        ]),
    ),
    ("process", Import(&["quantity", "transcript", "experiment"])),
    ("memory", Import(&["text"])),
    (
        "managed",
        Import(&["ident", "form", "brief", "text", "experiment"]),
    ),
    (
        "platform",
        Import(&["ident", "quantity", "transcript", "memory", "http"]),
    ),
    (
        "agent",
        Import(&[
            "brief",
            "form",
            "quantity",
            "text",
            "transcript",
            "memory",
            "experiment",
            "price",
            "budget",
            "model",
            "process",
            "managed",
            "platform",
        ]),
    ),
    (
        "dream",
        Import(&[
            "agent",
            "brief",
            "form",
            "quantity",
            "text",
            "transcript",
            "memory",
            "experiment",
            "price",
            "budget",
            "model",
            "process",
            "managed",
            "platform",
        ]),
    ),
    (
        "user",
        Import(&[
            "scenario",
            "form",
            "text",
            "quantity",
            "transcript",
            "ident",
            "brief",
            "rubric",
            "model",
        ]),
    ),
    (
        "plan",
        Import(&[
            "ident",
            "quantity",
            "scenario",
            "rubric",
            "experiment",
            "price",
            "source",
            "brief",
            "form",
            "text",
            "transcript",
            "user",
        ]),
    ),
    (
        "grade",
        Import(&[
            "ident",
            "quantity",
            "rubric",
            "form",
            "brief",
            "transcript",
            "model",
            "agent",
        ]),
    ),
    (
        "serve",
        Import(&[
            "ident",
            "quantity",
            "text",
            "form",
            "brief",
            "transcript",
            "price",
            "rubric",
            "experiment",
            "memory",
            "agent",
            "dream",
            "grade",
            "managed",
        ]),
    ),
    (
        "event",
        Import(&[
            "ident",
            "quantity",
            "plan",
            "transcript",
            "memory",
            "rubric",
            "dream",
            "grade",
            "user",
            "brief",
            "model",
        ]),
    ),
    (
        "run",
        Import(&[
            "ident",
            "quantity",
            "text",
            "form",
            "brief",
            "transcript",
            "price",
            "scenario",
            "rubric",
            "experiment",
            "memory",
            "agent",
            "dream",
            "user",
            "plan",
            "grade",
            "event",
            "budget",
            "model",
        ]),
    ),
    (
        "record",
        Import(&[
            "ident",
            "quantity",
            "plan",
            "transcript",
            "memory",
            "rubric",
            "event",
            "dream",
            "brief",
            "experiment",
            "scenario",
            "price",
            "run",
            "user",
            "model",
            "budget",
        ]),
    ),
    (
        "analyse",
        Import(&[
            "ident",
            "source",
            "table",
            "text",
            "brief",
            "memory",
            "transcript",
            "quantity",
            "plan",
            "rubric",
            "record",
            "stats",
            "dream",
            "price",
            "experiment",
            "scenario",
            "model",
        ]),
    ),
    (
        "report",
        Import(&[
            "ident",
            "quantity",
            "analyse",
            "stats",
            "scenario",
            "record",
            "price",
            "experiment",
            "dream",
            "brief",
            "transcript",
        ]),
    ),
    ("progress", Import(&["ident", "quantity", "event"])),
    ("cli", ImportAll),
    ("command", ImportAll),
];

/// An import: the line it stands on, from 1, and the top-level name that it takes.
type Found = (usize, String);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// All Rust files below a folder, in order.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The names of the modules that `src/lib.rs` declares.
fn declared(lib: &str) -> BTreeSet<String> {
    lib.lines()
        .map(str::trim)
        .map(|line| line.strip_prefix("pub ").unwrap_or(line))
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

/// The source without comments and without a test module at its end; line numbers stay.
fn code(source: &str) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let opens_tests = |at: usize| {
        lines[at].trim() == "#[cfg(test)]"
            && lines.get(at + 1).is_some_and(|next| {
                let next = next.trim();
                next.starts_with("mod ") && next.ends_with('{')
            })
    };
    let end = (0..lines.len())
        .find(|&at| opens_tests(at))
        .unwrap_or(lines.len());
    let mut code = String::new();
    for line in &lines[..end] {
        // `https://` is no comment.
        let comment = line
            .match_indices("//")
            .find(|(at, _)| !line[..*at].ends_with(':'));
        code.push_str(comment.map_or(line, |(at, _)| &line[..at]));
        code.push('\n');
    }
    code
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

/// The first names of a path's rest: one, or those of a group `{a, b::{c, d}, e}`.
fn heads(rest: &str) -> Vec<String> {
    let head = |text: &str| {
        text.trim_start()
            .chars()
            .take_while(|&letter| is_word(letter) || letter == '*')
            .collect::<String>()
    };
    let Some(group) = rest.trim_start().strip_prefix('{') else {
        return vec![head(rest)];
    };
    let mut names = Vec::new();
    let (mut depth, mut start) = (0_u32, 0);
    for (at, letter) in group.char_indices() {
        match (letter, depth) {
            ('{', _) => depth += 1,
            ('}', 1..) => depth -= 1,
            (',' | '}', 0) => {
                names.push(head(&group[start..at]));
                start = at + 1;
                if letter == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Every name that the code takes from the crate root. `depth` is how many `super`s lead there.
fn imports(code: &str, depth: usize) -> Vec<Found> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate") {
        let stands_alone = !code[..at].ends_with(is_word) && !code[at + 5..].starts_with(is_word);
        let Some(rest) = code[at + 5..].strip_prefix("::").filter(|_| stands_alone) else {
            // `use crate as other` and `extern crate self as other` would hide what is imported.
            if stands_alone
                && (code[at + 5..].trim_start().starts_with("as ")
                    || code[..at].trim_end().ends_with("extern"))
            {
                found.push((line_of(code, at), "crate itself".to_owned()));
            }
            continue;
        };
        found.extend(
            heads(rest)
                .into_iter()
                .map(|name| (line_of(code, at), name)),
        );
    }
    let modules: BTreeSet<&str> = TABLE.iter().map(|(name, _)| *name).collect();
    let climb = "super::".repeat(depth);
    for (at, _) in code.match_indices(&climb) {
        if !code[..at].ends_with("super::") && !code[..at].ends_with(is_word) {
            // Inside a module that is written in place, `super` is that file and its names are its own.
            let names = heads(&code[at + climb.len()..])
                .into_iter()
                .filter(|name| modules.contains(name.as_str()));
            found.extend(names.map(|name| (line_of(code, at), name)));
        }
    }
    found
}

/// The top-level module of a file below `src`, and how many `super`s lead from it to the crate root.
fn module_of(inside: &Path) -> (String, usize) {
    let mut parts: Vec<String> = inside
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    let depth = parts.len();
    (parts.into_iter().next().unwrap_or_default(), depth)
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let source = root().join("src");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in rust_files(&source) {
        let inside = file.strip_prefix(&source).unwrap_or(&file);
        let (module, depth) = module_of(inside);
        let is_test = inside
            .components()
            .any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs");
        if is_test || (depth == 1 && (module == "lib" || module == "main")) {
            continue;
        }
        let allowed = match TABLE.iter().find(|(name, _)| *name == module) {
            Some((_, Import(allowed))) => *allowed,
            Some((_, ImportAll)) => continue,
            None => {
                wrong.push(format!(
                    "{}: `{module}` is not in the table",
                    inside.display()
                ));
                continue;
            }
        };
        for (line, name) in imports(&code(&read(&file)), depth) {
            seen += 1;
            if name != module && !allowed.contains(&name.as_str()) {
                wrong.push(format!(
                    "src/{}:{line}: `{module}` may not import `{name}`",
                    inside.display()
                ));
            }
        }
    }
    assert!(seen > 0, "no import was found below {}", source.display());
    assert!(
        wrong.is_empty(),
        "{}\n\nhint: move the code, or change the table here and in docs/architecture.md and say why in the commit",
        wrong.join("\n")
    );
}

#[test]
fn the_table_goes_one_way() {
    for (at, (module, may)) in TABLE.iter().enumerate() {
        let Import(allowed) = may else { continue };
        for name in *allowed {
            let position = TABLE.iter().position(|(other, _)| other == name);
            assert!(
                position.is_some_and(|position| position < at),
                "`{module}` imports `{name}`, which does not stand before it"
            );
        }
    }
}

#[test]
fn the_table_is_the_list_of_modules() {
    let declared = declared(&read(&root().join("src/lib.rs")));
    let table: BTreeSet<String> = TABLE.iter().map(|(name, _)| (*name).to_owned()).collect();
    let missing: Vec<&String> = declared.difference(&table).collect();
    let extra: Vec<&String> = table.difference(&declared).collect();
    assert!(
        missing.is_empty(),
        "in src/lib.rs and not in the table: {missing:?}"
    );
    assert!(
        extra.is_empty(),
        "in the table and not in src/lib.rs: {extra:?}"
    );
}

#[test]
fn the_document_shows_the_table() {
    let document = read(&root().join("docs/architecture.md"));
    let row = |module: &str| {
        let start = format!("| `{module}` |");
        document
            .lines()
            .find(|line| line.starts_with(&start))
            .map(|line| {
                let last = line
                    .trim()
                    .trim_end_matches('|')
                    .rsplit('|')
                    .next()
                    .unwrap_or("");
                last.trim().to_owned()
            })
    };
    for (module, may) in TABLE {
        let expected = match may {
            Import([]) => "–".to_owned(),
            Import(allowed) => allowed.join(", "),
            ImportAll => "everything".to_owned(),
        };
        assert_eq!(
            row(module).as_deref(),
            Some(expected.as_str()),
            "row of `{module}` in docs/architecture.md"
        );
    }
    let rows = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(name, _)| name);
    for module in rows {
        assert!(
            TABLE.iter().any(|(name, _)| *name == module),
            "docs/architecture.md has a row for `{module}`, the table has none"
        );
    }
}

#[test]
fn imports_are_found_wherever_they_stand() {
    let source = "//! See crate::report.\n\
                  use crate::{\n    plan::{Plan, Trial},\n    text,\n};\n\
                  use super::super::ident; // crate::record\n\
                  use super::user;\n\
                  fn f() -> crate::memory::Store { supercrate::x(\"https://a\", crate::grade::Checks) }\n\
                  use crate as other;\n\
                  #[cfg(test)]\nmod tests {\n    use crate::command;\n}\n";
    let found = imports(&code(source), 2);
    let names: Vec<(usize, &str)> = found
        .iter()
        .map(|(line, name)| (*line, name.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            (2, "plan"),
            (2, "text"),
            (8, "memory"),
            (8, "grade"),
            (9, "crate itself"),
            (6, "ident")
        ]
    );
    assert_eq!(
        module_of(Path::new("agent/reference/mod.rs")),
        ("agent".to_owned(), 2)
    );
    assert_eq!(module_of(Path::new("plan.rs")), ("plan".to_owned(), 1));
    assert_eq!(
        declared("pub mod a;\nmod b;\npub use c;\n"),
        BTreeSet::from(["a".to_owned(), "b".to_owned()])
    );
}
