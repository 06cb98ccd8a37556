//! The commands: the only place where the stages are put together, and where errors become words and
//! exit codes.

mod calibrate;
mod cast;
mod check;
mod claims;
mod clean;
mod cost;
mod doctor;
mod dreams;
mod early;
mod execute;
mod funds;
mod gate;
mod grade;
pub mod load;
mod managed;
mod power;
mod report;
mod run;
mod schema;
mod serve;
mod staff;
mod stats;

use std::{fmt, io::Write, path::PathBuf, process::ExitCode, sync::Arc};

use crate::{
    analyse::gate::Status,
    cli::{Arguments, Command},
    quantity::{Clock, SystemClock},
};

/// Looks an environment variable up.
pub type Variables = Box<dyn Fn(&str) -> Option<String>>;

/// What a command may know of its surroundings, read once.
pub struct Environment {
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// The command line as typed.
    pub command_line: Vec<String>,
    /// Whether standard error is a terminal.
    pub terminal: bool,
    /// Whether somebody is there who can be asked.
    pub questions: bool,
    /// Environment variables by name.
    pub variables: Variables,
}

impl Environment {
    /// An environment variable that is set to some text. Keys are read so, and held by nobody but the
    /// service that they open.
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.as_ref()(name)
    }

    /// The surroundings of this process.
    pub fn from_process() -> Self {
        use std::io::IsTerminal as _;
        Self {
            clock: Arc::new(SystemClock),
            command_line: std::env::args().collect(),
            terminal: std::io::stderr().is_terminal(),
            questions: std::io::stderr().is_terminal() && std::io::stdin().is_terminal(),
            variables: Box::new(|name| std::env::var_os(name)?.into_string().ok()),
        }
    }
}

/// How a command ended, as an exit code. Documented at [`Arguments`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// A scenario, rubric, experiment or table is invalid.
    Invalid,
    /// Some trials could not be run or graded.
    Incomplete,
    /// A gate found a regression.
    Regressed,
    /// A gate could not conclude.
    Inconclusive,
    /// Interrupted; what was done is kept.
    Interrupted,
    /// A run would fail.
    Unready,
}

impl Exit {
    /// How a command ends whose gate says this.
    fn of_gate(status: Status) -> Self {
        match status {
            Status::Improved | Status::Equivalent => Self::Done,
            Status::Regressed => Self::Regressed,
            Status::Inconclusive | Status::TooFewScenarios => Self::Inconclusive,
        }
    }

    /// The code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Invalid => 3,
            Self::Incomplete => 4,
            Self::Regressed => 5,
            Self::Inconclusive => 6,
            Self::Interrupted => 130,
            Self::Unready => 1,
        }
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// An unexpected failure, or one of the surroundings: exit code 1.
    pub fn new(error: impl std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self {
            code: 1,
            message,
            hint: None,
        }
    }

    /// Wrong usage: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            code: 2,
            message: message.into(),
            hint: None,
        }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self {
            code: 1,
            message: format!("cannot write `{}`: {error}", path.display()),
            hint: None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// Writes to standard output; a reader that has gone away ends the command quietly.
fn print(text: &str) -> Result<(), Failure> {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::io("standard output")(error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes to standard error; there is nobody to tell if that fails.
fn tell(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Carries out a command.
pub fn dispatch(arguments: &Arguments, environment: &Environment) -> ExitCode {
    let result = match &arguments.command {
        Command::Check(arguments) => check::check(arguments),
        Command::Schema(arguments) => schema::schema(arguments),
        Command::Run(arguments) => run::run(arguments, environment),
        Command::Doctor(arguments) => doctor::doctor(arguments, environment),
        Command::Report(arguments) => report::report(arguments),
        Command::Claims(arguments) => claims::claims(arguments),
        Command::Cost(arguments) => cost::cost(arguments),
        Command::Gate(arguments) => gate::gate(arguments),
        Command::Power(arguments) => power::power(arguments),
        Command::Grade(arguments) => grade::grade(arguments, environment),
        Command::Calibrate(arguments) => calibrate::calibrate(arguments),
        Command::Stats(arguments) => stats::stats(arguments),
        Command::Clean(arguments) => clean::clean(arguments, environment),
        Command::Serve(arguments) => serve::serve(arguments, environment),
    };
    match result {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(failure) => {
            tell(&format!("{failure}\n"));
            ExitCode::from(failure.code)
        }
    }
}
