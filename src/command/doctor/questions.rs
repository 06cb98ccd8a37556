//! What a model is asked to see whether it can play its parts: little, and cheap.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    model::{Completion, Content, Model, Request, Stop, Structure, Tool, Turn, structured},
    price::Price,
    quantity::Seed,
    report::doctor::{Check, Level, Measured},
    transcript::{Failure, Role},
};

/// The most tokens that an answer may have, and the most where that was not enough: a model that thinks
/// does so within it.
const MOST_TOKENS: [u64; 2] = [64, 1_024];

const SYSTEM: &str =
    "This is a check before a trial. Do what the user says at once, and nothing else.";

const TOOL: &str = "report";

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// For a call of a tool, as agents make them.
    Tool,
    /// For an answer in a form, as dreamers and judges give them.
    Structure,
    /// For words, as users say them.
    Words,
}

/// The form of an answer.
#[derive(Deserialize)]
struct Verdict {
    #[serde(rename = "met")]
    _met: bool,
}

impl Question {
    /// What is asked of a model that plays these roles, at least one thing.
    pub(super) fn of(roles: &[Role]) -> Vec<Self> {
        let mut questions: Vec<Self> = roles
            .iter()
            .map(|role| match role {
                Role::Agent => Self::Tool,
                Role::Dreamer | Role::InSessionGrader | Role::FinalGrader => Self::Structure,
                Role::User => Self::Words,
            })
            .collect();
        questions.dedup();
        // Whatever calls tools and keeps to a form has words too.
        if questions.len() > 1 {
            questions.retain(|question| *question != Self::Words);
        }
        questions
    }

    fn name(self) -> &'static str {
        match self {
            Self::Tool => "tools",
            Self::Structure => "structure",
            Self::Words => "words",
        }
    }

    fn request(self, model: &str, max_output_tokens: u64) -> Request {
        let (role, words) = match self {
            Self::Tool => (Role::Agent, "Call the tool `report` with the word `ready`."),
            Self::Structure => (
                Role::FinalGrader,
                "Is 2 less than 3? Answer with a JSON object that has one field, `met`, true or false.",
            ),
            Self::Words => (Role::User, "Answer with the one word `ready`."),
        };
        let tools = if self == Self::Tool {
            vec![Tool {
                name: TOOL.to_owned(),
                description: "Reports a word.".to_owned(),
                parameters: json!({
                    "type": "object",
                    "properties": {"word": {"type": "string"}},
                    "required": ["word"],
                    "additionalProperties": false,
                }),
            }]
        } else {
            Vec::new()
        };
        let structure = (self == Self::Structure).then(|| {
            Arc::new(Structure {
                name: "verdict",
                schema: json!({
                    "type": "object",
                    "properties": {"met": {"type": "boolean"}},
                    "required": ["met"],
                    "additionalProperties": false,
                }),
            })
        });
        Request {
            role,
            system: SYSTEM.into(),
            tools: tools.into(),
            turns: vec![Turn::User(vec![Content::Text(words.to_owned())])],
            structure,
            max_output_tokens,
            seed: Seed(0).derive("doctor").derive(model).derive(self.name()),
        }
    }

    /// What is wrong with an answer, in words of this program and of the service.
    fn fault(self, answer: &Completion) -> Option<String> {
        let said = &answer.assistant;
        if answer.stop == Stop::Refusal {
            return Some("it refuses to answer".to_owned());
        }
        match self {
            Self::Tool => match said.calls.first() {
                None => Some(format!(
                    "it was asked to call a tool and called none; it said `{}`",
                    said.text.trim()
                )),
                Some(call) if call.name != TOOL => Some(format!(
                    "it called `{}`, which is no tool that it was given",
                    call.name
                )),
                Some(call) => match &call.arguments {
                    Ok(arguments) if arguments.get("word").is_some_and(Value::is_string) => None,
                    Ok(_) => Some("it called a tool without the argument `word`".to_owned()),
                    Err(text) => Some(format!(
                        "it called a tool with arguments that are no JSON object: `{text}`"
                    )),
                },
            },
            Self::Structure => structured::parse::<Verdict>(&said.text).err(),
            Self::Words => said
                .text
                .trim()
                .is_empty()
                .then(|| "it was asked for a word and said nothing".to_owned()),
        }
    }

    fn good(self) -> &'static str {
        match self {
            Self::Tool => "it calls a tool as it is asked to",
            Self::Structure => "it keeps to the form that is asked for",
            Self::Words => "it says what it is asked to",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Tool => {
                "an agent works by tools: use a model that has them, or a server that passes them on"
            }
            Self::Structure => {
                "dreams and verdicts are JSON: use a model or a server that keeps to a form"
            }
            Self::Words => "use another model for the user",
        }
    }
}

/// What all questions to a model came to.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) measured: Measured,
    /// How many completions have tokens that the service did not count.
    pub(super) estimated: u64,
    /// The model as the service names it.
    pub(super) answered_as: Option<String>,
    /// Why a question got no answer.
    pub(super) failed: Option<Failure>,
    pub(super) checks: Vec<Check>,
}

/// Asks a model everything that its roles need; `clean` makes words of the service fit to be shown.
/// After a failure it is asked nothing more.
pub(super) async fn ask(
    model: &dyn Model,
    name: &str,
    roles: &[Role],
    price: Option<Price>,
    clean: impl Fn(&str) -> String,
) -> Asked {
    let mut asked = Asked::default();
    for question in Question::of(roles) {
        let mut fault = None;
        let mut cut = false;
        for most in MOST_TOKENS {
            let answer = match model.complete(&question.request(name, most)).await {
                Ok(answer) => answer,
                Err(failure) => {
                    asked.failed = Some(failure);
                    return asked;
                }
            };
            asked.note(&answer, price);
            fault = question.fault(&answer);
            cut = answer.stop == Stop::OutputLimit;
            if fault.is_none() || !cut {
                break;
            }
        }
        asked.checks.push(match fault {
            None => Check::new(question.name(), Level::Good, question.good()),
            Some(_) if cut => Check::new(
                question.name(),
                Level::Unknown,
                "it came to the most tokens that a check lets it write, and to no answer",
            )
            .hint(Some(
                "it may think a lot: see `effort` and `max_output_tokens`",
            )),
            Some(fault) => {
                Check::new(question.name(), Level::Wrong, clean(&fault)).hint(Some(question.hint()))
            }
        });
    }
    asked
}

impl Asked {
    fn note(&mut self, answer: &Completion, price: Option<Price>) {
        let measured = &mut self.measured;
        measured.calls += 1;
        measured.output += answer.usage.output;
        measured.active += answer.active;
        if let Some(price) = price {
            measured.cost += price.of_tokens(&answer.usage);
        }
        self.estimated += u64::from(answer.estimated);
        self.answered_as = Some(answer.model.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Assistant, Call},
        quantity::Milliseconds,
        transcript::Usage,
    };

    #[test]
    fn each_role_is_asked_for_what_it_needs_and_nothing_twice() {
        for (roles, questions) in [
            (&[Role::Agent][..], &[Question::Tool][..]),
            (
                &[Role::Agent, Role::Dreamer, Role::FinalGrader, Role::User],
                &[Question::Tool, Question::Structure],
            ),
            (
                &[Role::InSessionGrader, Role::FinalGrader],
                &[Question::Structure],
            ),
            (&[Role::Agent, Role::User], &[Question::Tool]),
            (&[Role::User], &[Question::Words]),
        ] {
            assert_eq!(Question::of(roles), questions, "{roles:?}");
        }
    }

    fn answer(text: &str, call: Option<(&str, Result<Value, &str>)>) -> Completion {
        let calls = call.map(|(name, arguments)| Call {
            id: "1".to_owned(),
            name: name.to_owned(),
            arguments: arguments
                .map(|value| value.as_object().cloned().unwrap_or_default())
                .map_err(str::to_owned),
        });
        Completion {
            assistant: Assistant {
                text: text.to_owned(),
                calls: calls.into_iter().collect(),
                ..Assistant::default()
            },
            stop: Stop::End,
            usage: Usage::default(),
            estimated: false,
            model: String::new(),
            active: Milliseconds::default(),
            attempts: 1,
        }
    }

    #[test]
    fn what_is_wrong_with_an_answer_is_said() {
        let ready = json!({"word": "ready"});
        for (question, answer, fault) in [
            (
                Question::Tool,
                answer("", Some(("report", Ok(ready.clone())))),
                None,
            ),
            (Question::Tool, answer("ready", None), Some("called none")),
            (
                Question::Tool,
                answer("", Some(("say", Ok(ready)))),
                Some("`say`, which is no tool"),
            ),
            (
                Question::Tool,
                answer("", Some(("report", Ok(json!({}))))),
                Some("without the argument"),
            ),
            (
                Question::Tool,
                answer("", Some(("report", Err("{\"word")))),
                Some("no JSON object: `{\"word`"),
            ),
            (
                Question::Structure,
                answer("```json\n{\"met\": false}\n```", None),
                None,
            ),
            (
                Question::Structure,
                answer("{\"met\": 1}", None),
                Some("expected a boolean"),
            ),
            (Question::Words, answer("Ready!", None), None),
            (Question::Words, answer(" ", None), Some("said nothing")),
        ] {
            let found = question.fault(&answer);
            assert_eq!(found.is_some(), fault.is_some(), "{found:?}");
            if let (Some(found), Some(fault)) = (found, fault) {
                assert!(found.contains(fault), "{found}");
            }
        }
        let mut refused = answer("ready", None);
        refused.stop = Stop::Refusal;
        assert!(Question::Words.fault(&refused).is_some());
    }
}
