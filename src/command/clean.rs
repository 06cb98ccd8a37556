//! `dreamtrial clean`: takes away what runs have left in an account of managed agents.

use std::{collections::BTreeSet, fmt::Write as _, io::BufRead as _};

use super::{
    Environment, Exit, Failure, execute, managed, print,
    run::{RECORD, failed},
    staff, tell,
};
use crate::{
    cli::CleanArguments,
    platform::{Client, Found, Kind, Mark, PlatformError, sweep},
    record::Record,
};

pub(super) fn clean(
    arguments: &CleanArguments,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let mark = arguments.run.as_deref().map(mark_of).transpose()?;
    let service = staff::platform_service(arguments.base_url.as_deref(), environment)?;
    let client = Client::new(service, "clean");
    let runtime = execute::runtime(1)?;
    let refused = |error: PlatformError| Failure::new(error).hint(managed::KEY_HINT);
    let found = runtime
        .block_on(client.find(mark.as_ref()))
        .map_err(refused)?;
    if found.is_empty() {
        print(&format!("nothing of dreamtrial at {}\n", client.address()))?;
        return Ok(Exit::Done);
    }
    print(&listed(&found, &client.address()))?;
    if arguments.dry_run {
        return Ok(Exit::Done);
    }
    let runs: BTreeSet<&str> = found.iter().map(|one| one.mark.as_str()).collect();
    if runs.len() > 1 && mark.is_none() && !arguments.all {
        return Err(Failure::usage(format!(
            "{} runs have left something, and one of them may still be under way",
            runs.len()
        ))
        .hint("name one with `--run`, or take all of it away with `--all`"));
    }
    if !arguments.yes {
        if !environment.questions {
            return Err(Failure::usage(
                "this takes things away, and nobody is there to agree to it",
            )
            .hint("add `--yes`, or `--dry-run` to look only"));
        }
        tell("take all of it away? [y/N] ");
        let mut answer = String::new();
        // No answer is no.
        let _ = std::io::stdin().lock().read_line(&mut answer);
        if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            return Err(Failure::usage("not agreed to; nothing was taken away"));
        }
    }
    let swept = runtime.block_on(sweep(&client, found));
    print(managed::words(&swept).trim_start())?;
    Ok(if swept.left.is_empty() {
        Exit::Done
    } else {
        Exit::Incomplete
    })
}

/// The mark of a run, by its folder or as it was told.
fn mark_of(run: &str) -> Result<Mark, Failure> {
    let file = std::path::Path::new(run).join(RECORD);
    if file.is_file() {
        let record = Record::open(&file).map_err(failed)?;
        return Ok(managed::mark(record.manifest()));
    }
    if run.len() == 16 && run.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Mark::written(run));
    }
    Err(Failure::usage(format!(
        "`{run}` is neither the folder of a run nor a run's mark"
    ))
    .hint("give the folder that the run was kept in, or the 16 digits that it ended with"))
}

/// What is there, by run and by kind.
fn listed(found: &[Found], address: &str) -> String {
    let mut text = format!("of dreamtrial at {address}:\n");
    let marks: BTreeSet<&str> = found.iter().map(|one| one.mark.as_str()).collect();
    for mark in marks {
        let _ = writeln!(text, "run {mark}");
        for kind in Kind::ALL {
            let of_kind: Vec<&Found> = found
                .iter()
                .filter(|one| one.kind == kind && one.mark == mark)
                .collect();
            if of_kind.is_empty() {
                continue;
            }
            let _ = writeln!(text, "  {} {}", of_kind.len(), kind.words(of_kind.len()));
            for one in of_kind.iter().take(SHOWN) {
                let trial = one
                    .trial
                    .as_ref()
                    .map_or_else(String::new, |trial| format!("  {trial}"));
                let _ = writeln!(text, "    {}{trial}", one.id);
            }
            if of_kind.len() > SHOWN {
                let _ = writeln!(text, "    … and {} more", of_kind.len() - SHOWN);
            }
        }
    }
    text
}

/// How many objects of a kind are named.
const SHOWN: usize = 5;
