//! A program that runs: what it is asked, what it answers, and how it ends.

use std::{
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{ChildStdin, ChildStdout, Command},
    task::JoinSet,
    time::timeout,
};

use super::{
    Launch,
    lines::{Line, Lines},
    shown::Shown,
};
use crate::transcript::Failure;

/// How long is waited for a program that should end by itself, and for the last of its words.
const ENDING: Duration = Duration::from_secs(2);

/// A running program. When this is dropped, the program and whatever it started are killed.
pub struct Child {
    process: tokio::process::Child,
    /// The process group that it leads, as long as it may still run.
    group: Option<u32>,
    input: Option<ChildStdin>,
    output: Lines<ChildStdout>,
    errors: Arc<Mutex<End>>,
    /// Reads standard error as long as there is some, so that the program never waits for that.
    reading: JoinSet<()>,
    shown: Shown,
    /// What the program calls itself, in brackets.
    name: String,
    time_limit: Duration,
    max_bytes: usize,
    asked: String,
    answered: String,
    /// Goes last: the program must not lose its folder before it is killed.
    _folder: TempDir,
}

/// The end of what was written to standard error.
#[derive(Default)]
struct End {
    bytes: Vec<u8>,
    cut: bool,
}

impl Child {
    pub(super) fn spawn(launch: &Launch) -> Result<Self, Failure> {
        let shown = launch.shown.clone();
        let failure =
            |why: String| Failure::Backend(format!("cannot start `{}`: {why}", shown.command()));
        let (program, arguments) = launch
            .program
            .command
            .split_first()
            .ok_or_else(|| failure("its `command` is empty".to_owned()))?;
        let folder = TempDir::with_prefix("dreamtrial-")
            .map_err(|error| failure(format!("no folder for it: {error}")))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(&launch.environment)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A group of its own, so that what it starts ends with it.
        #[cfg(unix)]
        command.process_group(0);
        let mut process = command
            .spawn()
            .map_err(|error| failure(error.to_string()))?;
        let (Some(input), Some(output), Some(errors)) = (
            process.stdin.take(),
            process.stdout.take(),
            process.stderr.take(),
        ) else {
            return Err(Failure::Internal("a child without pipes".to_owned()));
        };
        let end = Arc::new(Mutex::new(End::default()));
        let mut reading = JoinSet::new();
        reading.spawn(keep_the_end(errors, Arc::clone(&end), shown.kept()));
        Ok(Self {
            group: process.id(),
            process,
            input: Some(input),
            output: Lines::new(output, launch.program.max_bytes),
            errors: end,
            reading,
            shown,
            name: String::new(),
            time_limit: launch.time_limit(),
            max_bytes: launch.program.max_bytes,
            asked: String::new(),
            answered: String::new(),
            _folder: folder,
        })
    }

    /// Adds what the program calls itself to how failures name it.
    pub(super) fn call_it(&mut self, name: &str, version: &str) {
        let both = format!("{name} {version}");
        if !both.trim().is_empty() {
            self.name = format!(" ({})", self.shown.message(both.trim().as_bytes()));
        }
    }

    /// What the program calls itself, name and version; empty where it says neither.
    pub fn called(&self) -> &str {
        self.name
            .strip_prefix(" (")
            .and_then(|name| name.strip_suffix(')'))
            .unwrap_or("")
    }

    /// Sends a message and waits for the line that answers it. After a failure the program is gone.
    pub async fn ask(&mut self, message: &impl Serialize) -> Result<Value, Failure> {
        let mut line = serde_json::to_vec(message)
            .map_err(|error| Failure::Internal(format!("a message is no JSON: {error}")))?;
        // Whatever has come already cannot be an answer to what is said now.
        if let Some(unread) = self.output.unread() {
            self.answered = self.shown.message(&unread);
            return Err(self.fail("wrote more than it was asked for").await);
        }
        self.asked = self.shown.message(&line);
        self.answered.clear();
        line.push(b'\n');
        let Some(mut input) = self.input.take() else {
            return Err(self.fail("was ended before").await);
        };
        let output = &mut self.output;
        // Both at a time: a program may answer before it has read all, or break off instead of reading.
        let exchange = async {
            let write = async {
                // A pipe that is closed shows in what is read: an answer, or the end.
                let _ = input.write_all(&line).await;
                let _ = input.flush().await;
                Ok(())
            };
            let read = async {
                match output.next().await {
                    Ok(Line::Whole(line)) => Ok(line),
                    Ok(other) => Err(Ok(other)),
                    Err(error) => Err(Err(error)),
                }
            };
            tokio::try_join!(read, write)
        };
        let exchanged = timeout(self.time_limit, exchange).await;
        self.input = Some(input);
        let answer = match exchanged {
            Ok(Ok((answer, ()))) => answer,
            Ok(Err(Ok(Line::TooLong(head)))) => {
                self.answered = self.shown.message(&head);
                let why = format!("wrote a line of more than {} bytes", self.max_bytes);
                return Err(self.fail(&why).await);
            }
            Ok(Err(Ok(Line::End | Line::Whole(_)))) => {
                return Err(self.fail_at_the_end().await);
            }
            Ok(Err(Err(error))) => {
                return Err(self.fail(&format!("could not be read: {error}")).await);
            }
            Err(_) => {
                let why = format!("gave no answer within {} s", self.time_limit.as_secs_f64());
                return Err(self.fail(&why).await);
            }
        };
        self.answered = self.shown.message(&answer);
        match serde_json::from_slice(&answer) {
            Ok(value) => Ok(value),
            Err(error) => {
                let why = if std::str::from_utf8(&answer).is_err() {
                    "wrote a line that is not UTF-8".to_owned()
                } else {
                    format!("wrote a line that is not JSON: {error}")
                };
                Err(self.fail(&why).await)
            }
        }
    }

    /// The program has closed its output: most likely it has ended, and its status says more.
    async fn fail_at_the_end(&mut self) -> Failure {
        let _ = timeout(ENDING, self.process.wait()).await;
        self.fail("ended its output without an answer").await
    }

    /// Ends the program because of what it did, `why` as a fragment that goes on from its name, and
    /// says so with what it was asked, what it answered, how it ended and what it wrote to standard
    /// error.
    pub async fn fail(&mut self, why: &str) -> Failure {
        let status = self.process.try_wait().ok().flatten();
        self.end().await;
        let errors = {
            let end = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
            self.shown.end(&end.bytes, end.cut)
        };
        let part = |what: &str, text: &str| {
            if text.is_empty() {
                String::new()
            } else {
                format!("; {what}: `{text}`")
            }
        };
        Failure::Backend(format!(
            "`{}`{} {why}{}{}; {}{}",
            self.shown.command(),
            self.name,
            part("it was asked", &self.asked),
            part("it wrote", &self.answered),
            status.map_or_else(
                || "it still ran and was killed".to_owned(),
                |status: ExitStatus| format!("it had ended with {status}")
            ),
            part("standard error", &errors),
        ))
    }

    /// Kills what still runs and waits, within a limit, until nothing is left of it.
    async fn end(&mut self) {
        self.input = None;
        self.kill();
        let _ = timeout(ENDING, self.process.wait()).await;
        let _ = timeout(ENDING, self.reading.join_next()).await;
    }

    /// Ends a program that has done all that it was asked: its input is closed, and it has a little time
    /// to end by itself. More output, or a status other than 0, is a failure; a program that stays is
    /// killed.
    pub async fn finish(mut self) -> Result<(), Failure> {
        self.input = None;
        let limit = self.time_limit.min(ENDING);
        let ended = timeout(limit, async {
            match self.output.next().await {
                Ok(Line::End) | Err(_) => Ok(self.process.wait().await.ok()),
                Ok(Line::Whole(line) | Line::TooLong(line)) => Err(line),
            }
        })
        .await;
        match ended {
            Ok(Err(line)) => {
                self.answered = self.shown.message(&line);
                Err(self.fail("wrote more than it was asked for").await)
            }
            Ok(Ok(Some(status))) if !status.success() => {
                Err(self.fail("gave its answers and then failed").await)
            }
            Ok(Ok(_)) | Err(_) => {
                self.end().await;
                Ok(())
            }
        }
    }

    /// Kills the program and whatever it started.
    fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self
            .group
            .take()
            .and_then(|group| i32::try_from(group).ok())
            .and_then(rustix::process::Pid::from_raw)
        {
            // An error says that nothing is left of the group.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        // Where there are no groups, the program alone.
        let _ = self.process.start_kill();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads to the end and keeps the last `kept` bytes.
async fn keep_the_end(
    mut errors: impl AsyncRead + Unpin + Send,
    end: Arc<Mutex<End>>,
    kept: usize,
) {
    let mut piece = vec![0; 8_192];
    while let Ok(length @ 1..) = errors.read(&mut piece).await {
        let mut end = end.lock().unwrap_or_else(PoisonError::into_inner);
        end.bytes.extend_from_slice(&piece[..length]);
        let surplus = end.bytes.len().saturating_sub(kept);
        if surplus > 0 {
            end.bytes.drain(..surplus);
            end.cut = true;
        }
    }
}
