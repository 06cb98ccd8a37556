//! Programs as agents and dreamers, on a shipped scenario:
//!
//! - `broken`: what becomes of programs that crash, hang, babble or lie.
//! - `session`: what an agent is told; `steps`: what it may do.
//! - `host`: what a program gets to know of its host.
//! - `dreams`: what a dreamer is told, and what is made of its answer.
//! - `examples`: the programs of `examples/plugins` at work. They need `python3` and are left out, with a
//!   word, where there is none.
//!
//! All other programs here are lines of shell.

mod broken;
mod dreams;
mod examples;
mod host;
mod session;
mod steps;

use std::{path::Path, sync::Arc};

use dreamtrial::{
    agent::{
        Agent, MemoryAccess, Message, Opening, SessionEnd, Tools, Turn, process::ProcessAgent,
    },
    experiment::{Limits, live::Program},
    memory::Store,
    plan::Plan,
    process::Launch,
    quantity::{FixedClock, Seed},
    run::brief_of,
    transcript::Failure,
};
use jiff::Timestamp;

use crate::world::plan;

/// A tool that works when it is called with `mode: right`.
struct Stubborn;

impl Tools for Stubborn {
    fn call(&mut self, tool: &str, options: &[(String, String)]) -> Result<String, String> {
        match options {
            [(name, value)] if tool == "fetch" && name == "mode" && value == "right" => {
                Ok("the register says 7".to_owned())
            }
            _ => Err(format!("{tool} is busy")),
        }
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock(Timestamp::UNIX_EPOCH))
}

fn program(command: &[&str]) -> Program {
    Program {
        command: command.iter().map(|&part| part.to_owned()).collect(),
        environment: Vec::new(),
        seconds: 20.0,
        max_bytes: 1_000_000,
    }
}

/// A launch with the surroundings of the test.
fn launch(program: Program) -> Launch {
    Launch::new(program, |name| std::env::var_os(name))
}

fn agent(program: Program) -> ProcessAgent {
    ProcessAgent::new(launch(program), Limits::default(), clock())
}

/// A program that greets as it should and then does as `script` says.
fn shell(script: &str) -> Program {
    let greeting = r#"read -r hello; echo '{"ready":true,"name":"zoo","version":"3"}'"#;
    program(&["sh", "-c", &format!("{greeting}\n{script}")])
}

/// A program that also opens the session as it should.
fn opened(script: &str) -> Program {
    shell(&format!("read -r open; echo '{{\"done\":{{}}}}'\n{script}"))
}

fn world() -> Plan {
    plan("standard.yaml", 1, |id| id == "legal/retention")
}

fn opening(plan: &Plan, session: u32, memory: Option<MemoryAccess>) -> Opening {
    Opening {
        brief: brief_of(
            &plan.scenarios[0],
            session,
            plan.seed(&plan.trials[0], session),
        ),
        memory,
        tools: Box::new(Stubborn),
        seed: Seed(u64::MAX),
    }
}

/// A memory with these entries that may be written.
fn writable(entries: &[(&str, &str)]) -> MemoryAccess {
    let mut store = Store::default();
    for (path, content) in entries {
        store.write(path, (*content).to_owned()).unwrap();
    }
    MemoryAccess {
        store,
        writable: true,
    }
}

/// The session up to the end of its first task, which is one turn, and its close.
async fn one_turn(
    program: Program,
    memory: Option<MemoryAccess>,
) -> Result<(Turn, SessionEnd), Failure> {
    let plan = world();
    let mut session = agent(program).open(opening(&plan, 1, memory)).await?;
    let turn = session.say(Message::Task(0)).await?;
    session.say(Message::Over(false)).await?;
    let end = session.close().await?;
    Ok((turn, end))
}

/// What the failure of an agent says.
fn agents_failure(program: Program) -> String {
    match wait(one_turn(program, None)) {
        Ok(done) => panic!("no failure but {done:?}"),
        Err(Failure::Backend(text)) => text,
        Err(other) => panic!("another failure: {other:?}"),
    }
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

/// Every line that a program writes is a step of this script, and what it is told goes to a file.
fn recorded(steps: &[&str], told: &Path) -> Program {
    let mut script = format!("exec 9>'{}'\n", told.display());
    for step in steps {
        script.push_str("read -r told; printf '%s\\n' \"$told\" >&9; echo '");
        script.push_str(step);
        script.push_str("'\n");
    }
    program(&["sh", "-c", &script])
}
