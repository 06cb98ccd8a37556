//! A program as a part of a trial: a child process that speaks JSON lines on its standard input and
//! output.
//!
//! Knows how a program is started, asked, limited and ended, and nothing of what is asked: messages are
//! those of `agent::process` and `dream::process`; `docs/plugins.md` describes them to authors of
//! programs. What always holds: a program sees an empty folder and the variables that it was given,
//! nothing else of the host's; it is asked one thing at a time; it does not outlive its [`Child`]; and
//! whatever it does, a crash or an endless line, comes out as a [`Failure`] that says what it did.

mod child;
mod lines;
mod shown;

use std::{collections::BTreeMap, ffi::OsString, time::Duration};

use serde::{Deserialize, Serialize};

use self::shown::Shown;
use crate::{
    experiment::live::Program,
    quantity::{Milliseconds, Tokens},
    transcript::{Failure, Role, Usage},
};

pub use child::Child;

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;

/// The variables that every program is given, where the host has them: those without which
/// interpreters do not find themselves.
const ALWAYS: [&str; 7] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "SystemRoot",
];

/// The longest time that is waited for an answer, whatever the settings say.
const A_DAY: Duration = Duration::from_hours(24);

/// A program that can be started, as often as there are sessions or dreams.
#[derive(Debug, Clone)]
pub struct Launch {
    program: Program,
    environment: BTreeMap<String, OsString>,
    shown: Shown,
}

impl Launch {
    /// A program with these settings; `variable` looks a variable up in the host's environment. The
    /// values of the variables that the settings name are taken for secrets: no failure shows them.
    pub fn new(program: Program, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let given = |names: &mut dyn Iterator<Item = &str>| -> BTreeMap<String, OsString> {
            names
                .filter_map(|name| variable(name).map(|value| (name.to_owned(), value)))
                .collect()
        };
        let named = given(&mut program.environment.iter().map(String::as_str));
        let mut environment = given(&mut ALWAYS.into_iter());
        let shown = Shown::new(
            &program.command,
            named
                .iter()
                .map(|(name, value)| (name.as_str(), value.to_string_lossy().into_owned())),
        );
        environment.extend(named);
        Self {
            program,
            environment,
            shown,
        }
    }

    /// Starts the program for this part and waits until it says that it is ready. It runs in a new,
    /// empty folder, which is removed when it has ended. The runtime must have its input, output and
    /// timers enabled.
    pub async fn start(&self, part: Role) -> Result<Child, Failure> {
        let mut child = Child::spawn(self)?;
        let hello = Hello {
            dreamtrial: PROTOCOL,
            kind: part.as_str(),
        };
        let answer = child.ask(&hello).await?;
        match serde_json::from_value::<Greeting>(answer) {
            Ok(greeting) if greeting.ready => {
                child.call_it(&greeting.name, &greeting.version);
                Ok(child)
            }
            Ok(_) => Err(child.fail("says that it is not ready").await),
            Err(error) => Err(child
                .fail(&format!(
                    "did not answer the greeting with `{{\"ready\":true}}`: {error}"
                ))
                .await),
        }
    }

    /// How long an answer may take.
    fn time_limit(&self) -> Duration {
        Duration::try_from_secs_f64(self.program.seconds).map_or(A_DAY, |limit| limit.min(A_DAY))
    }
}

/// What a program is told first.
#[derive(Serialize)]
struct Hello {
    dreamtrial: u32,
    kind: &'static str,
}

/// What it answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Greeting {
    ready: bool,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

/// The most tokens that one message of a program may claim: far above what any service sells at once,
/// and far below where sums overflow.
const MAX_TOKENS: u64 = 1_000_000_000_000;

/// Tokens as a program reports them; a class that it leaves out is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportedUsage {
    uncached_input: u64,
    cache_write: u64,
    cache_read: u64,
    output: u64,
}

impl ReportedUsage {
    /// The tokens, or what is wrong with them.
    pub fn checked(self) -> Result<Usage, String> {
        let classes = [
            self.uncached_input,
            self.cache_write,
            self.cache_read,
            self.output,
        ];
        match classes.into_iter().find(|tokens| *tokens > MAX_TOKENS) {
            Some(tokens) => Err(format!(
                "`usage` has {tokens} tokens of one class, more than {MAX_TOKENS}"
            )),
            None => Ok(Usage {
                uncached_input: Tokens(self.uncached_input),
                cache_write: Tokens(self.cache_write),
                cache_read: Tokens(self.cache_read),
                output: Tokens(self.output),
            }),
        }
    }
}

/// The time from one moment to another; none where the clock went backwards.
pub fn elapsed(from: jiff::Timestamp, to: jiff::Timestamp) -> Milliseconds {
    Milliseconds(u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(text: &str) -> Result<Usage, String> {
        serde_json::from_str::<ReportedUsage>(text)
            .map_err(|error| error.to_string())?
            .checked()
    }

    #[test]
    fn tokens_are_whole_numbers_within_reason() {
        assert_eq!(
            usage(r#"{"output":7}"#),
            Ok(Usage {
                output: Tokens(7),
                ..Usage::default()
            })
        );
        for bad in [
            r#"{"output":-1}"#,
            r#"{"output":1.5}"#,
            r#"{"output":1e300}"#,
            r#"{"output":"7"}"#,
            r#"{"outputs":7}"#,
            r#"{"cache_read":18446744073709551615}"#,
            r#"{"cache_read":18446744073709551616}"#,
        ] {
            assert!(usage(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn time_does_not_run_backwards() {
        let at = |second| jiff::Timestamp::from_second(second).unwrap();
        assert_eq!(elapsed(at(10), at(12)), Milliseconds(2_000));
        assert_eq!(elapsed(at(12), at(10)), Milliseconds(0));
    }
}
