//! `scenario.yaml` as it is written. `scenarios/README.md` explains each key to authors.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Construct, Domain};
use crate::{
    form::FieldKind,
    source::{Each, Located},
};

/// A scenario file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "dreamtrial scenario")]
pub(crate) struct WireScenario {
    /// What the deployment is, in a few words.
    pub(super) title: String,
    /// The trade.
    pub(super) domain: Domain,
    /// The ability that the scenario is built to test.
    pub(super) construct: Construct,
    /// For readers of the report; no agent sees it.
    pub(super) summary: String,
    /// The scripted user.
    pub(super) user: WireUser,
    /// What the people know and the agent must learn.
    #[serde(default)]
    pub(super) facts: Each<WireFact>,
    /// What deliverables look like, by name.
    pub(super) forms: BTreeMap<String, Each<WireField>>,
    /// What this deployment has besides the tools that every agent has.
    #[serde(default)]
    pub(super) tools: Each<WireTool>,
    /// The stream of dated sessions.
    pub(super) sessions: Each<WireSession>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireUser {
    /// Their name.
    pub(super) name: String,
    /// What they do.
    pub(super) role: String,
    /// Rounds (questions and corrections) that a task may take.
    #[schemars(range(max = 20))]
    pub(super) patience: u8,
    /// How many wrong things they name at once.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 20))]
    pub(super) corrections_per_round: u8,
}

fn one() -> u8 {
    1
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireFact {
    /// A name in `snake_case`, also the name of its value in templates.
    pub(super) id: Located<String>,
    /// The form field whose truth it is.
    pub(super) field: Located<String>,
    /// Its scope; empty: the whole deployment.
    #[serde(default)]
    pub(super) about: BTreeMap<String, String>,
    /// The truth over time.
    pub(super) values: Each<WireValue>,
    /// What the user does when asked for it.
    #[serde(default)]
    pub(super) when_asked: WhenAsked,
    /// Phrasings by which it is stated.
    pub(super) says: Each<Located<String>>,
    /// Phrasings by which a wrong deliverable is corrected; by default those of `says`.
    #[serde(default)]
    pub(super) corrects: Each<Located<String>>,
}

/// What the user does when asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenAsked {
    /// Says it.
    Answer,
    /// Says to do it the usual way.
    #[default]
    Usual,
    /// Says that they do not know.
    Unknown,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireValue {
    /// The value.
    pub(super) value: Located<String>,
    /// The first day on which it holds; the first value of a fact has none.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    pub(super) from: Option<Located<String>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireField {
    /// The name under which a deliverable gives its value.
    pub(super) field: Located<String>,
    /// The words by which people speak of it.
    pub(super) label: Located<String>,
    /// Other words for it.
    #[serde(default)]
    pub(super) cues: Vec<String>,
    /// What a value of it looks like.
    pub(super) kind: FieldKind,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireTool {
    /// The tool's name.
    pub(super) name: Located<String>,
    /// What it does.
    pub(super) does: String,
    /// The form field that its result answers.
    #[serde(default)]
    pub(super) fills: Option<Located<String>>,
    /// A template of its result; `serial` is a new number for each task.
    #[serde(default)]
    pub(super) returns: Option<Located<String>>,
    /// How it can be called: names and possible values, the default first.
    #[serde(default)]
    pub(super) options: BTreeMap<String, Vec<String>>,
    /// Cases in which it fails.
    #[serde(default)]
    pub(super) quirks: Each<WireQuirk>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireQuirk {
    /// A name, among those of the facts.
    pub(super) id: Located<String>,
    /// Attributes of the session in which it fails; empty: always.
    #[serde(default)]
    pub(super) when: BTreeMap<String, String>,
    /// What the tool answers then.
    pub(super) error: String,
    /// The options with which it works.
    pub(super) works: BTreeMap<String, String>,
    /// Another tool that must be called before it.
    #[serde(default)]
    pub(super) first: Option<Located<String>>,
    /// What the user does when asked for the way.
    #[serde(default = "unknown")]
    pub(super) when_asked: WhenAsked,
    /// Phrasings of the way that works.
    pub(super) says: Each<Located<String>>,
}

fn unknown() -> WhenAsked {
    WhenAsked::Unknown
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireSession {
    /// The day.
    #[schemars(extend("format" = "date"))]
    pub(super) date: Located<String>,
    /// Standing attributes of the work, shown to the agent.
    #[serde(default)]
    pub(super) about: BTreeMap<String, String>,
    /// The one piece of work at hand.
    pub(super) case: String,
    /// Facts and quirks that this brief or these documents state.
    #[serde(default)]
    pub(super) reveals: Each<Located<String>>,
    /// Documents that come with it.
    #[serde(default)]
    pub(super) documents: Each<WireDocument>,
    /// Small talk, added to the brief in an order that changes with the repetition.
    #[serde(default)]
    pub(super) asides: Each<Located<String>>,
    /// The work.
    pub(super) tasks: Each<WireTask>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireDocument {
    /// The file below `documents/`.
    pub(super) name: Located<String>,
    /// What it is.
    pub(super) title: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WireTask {
    /// What is wanted, in a few words.
    pub(super) title: String,
    /// The name of the form.
    pub(super) form: Located<String>,
    /// The name of the rubric.
    pub(super) rubric: Located<String>,
    /// Rounds that this task may take, if not as many as the user's patience.
    #[serde(default)]
    pub(super) patience: Option<u8>,
    /// The user's words.
    pub(super) brief: Located<String>,
    /// Fields whose truth is not a fact.
    #[serde(default)]
    pub(super) truth: BTreeMap<String, Located<WireTruth>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WireTruth {
    /// Stated in the brief or a document of the session.
    Value(String),
    /// An exception for this task alone, stated in the brief.
    Once(String),
    /// The result of this tool.
    Tool(String),
}
