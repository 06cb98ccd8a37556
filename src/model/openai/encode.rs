//! Bodies of requests.

use std::borrow::Cow;

use reqwest::Url;
use serde::Serialize;
use serde_json::Value;

use crate::{
    experiment::live::ModelSettings,
    model::{
        Assistant, Request,
        calls::as_object,
        said::{Given, Said, said},
    },
    transcript::Failure,
};

#[derive(Serialize)]
struct Body<'r> {
    model: &'r str,
    messages: Vec<Message<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'r str>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'r> {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'r str>,
    content: Option<Cow<'r, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'r>>,
}

#[derive(Serialize)]
struct ToolCall<'r> {
    id: &'r str,
    r#type: &'static str,
    function: CalledFunction<'r>,
}

#[derive(Serialize)]
struct CalledFunction<'r> {
    name: &'r str,
    /// JSON within JSON.
    arguments: String,
}

#[derive(Serialize)]
struct Tool<'r> {
    r#type: &'static str,
    function: Function<'r>,
}

#[derive(Serialize)]
struct Function<'r> {
    name: &'r str,
    description: &'r str,
    parameters: &'r Value,
}

#[derive(Serialize)]
struct ResponseFormat<'r> {
    r#type: &'static str,
    json_schema: JsonSchema<'r>,
}

#[derive(Serialize)]
struct JsonSchema<'r> {
    name: &'r str,
    schema: &'r Value,
    strict: bool,
}

/// The body of a request, as JSON; equal arguments give equal bytes. `base_url` is the address that is
/// really asked, wherever it was set: `OpenAI`'s own service wants the limit of the output under another
/// name than the servers that speak its format.
///
/// A conversation in which nothing is said is a [`Failure::Internal`].
pub fn encode(
    request: &Request,
    settings: &ModelSettings,
    base_url: &str,
) -> Result<Vec<u8>, Failure> {
    let limit = request.max_output_tokens.min(settings.max_output_tokens);
    let original = is_original(base_url);
    let body = Body {
        model: &settings.id,
        messages: messages(request)?,
        tools: tools(request),
        response_format: response_format(request),
        max_tokens: (!original).then_some(limit),
        max_completion_tokens: original.then_some(limit),
        temperature: settings.sampling.temperature,
        top_p: settings.sampling.top_p,
        seed: (settings.sampling.seed != Some(false)).then(|| request.sent_seed()),
        reasoning_effort: settings.effort.as_deref(),
        stream: settings.stream,
        stream_options: settings.stream.then_some(StreamOptions {
            include_usage: true,
        }),
    };
    serde_json::to_vec(&body).map_err(|error| unwritable(&error))
}

fn unwritable(error: &serde_json::Error) -> Failure {
    Failure::Internal(format!("cannot write a request as JSON: {error}"))
}

/// Whether this is `OpenAI`'s own service. Its reasoning models refuse `max_tokens`, and Ollama does not
/// read `max_completion_tokens`.
fn is_original(base_url: &str) -> bool {
    Url::parse(base_url).is_ok_and(|url| url.host_str() == Some("api.openai.com"))
}

fn messages(request: &Request) -> Result<Vec<Message<'_>>, Failure> {
    let said = said(&request.turns, |assistant| {
        !assistant.text.trim().is_empty() || !assistant.calls.is_empty()
    })?;
    let mut messages = Vec::with_capacity(said.len() + 1);
    if !request.system.trim().is_empty() {
        messages.push(message("system", Cow::Borrowed(&request.system)));
    }
    for turn in said {
        match turn {
            Said::Assistant(turn) => messages.push(assistant(turn)?),
            Said::User { results, texts } => {
                messages.extend(results.into_iter().map(result));
                if !texts.is_empty() {
                    messages.push(message("user", joined(&texts)));
                }
            }
        }
    }
    Ok(messages)
}

fn message<'r>(role: &'static str, content: Cow<'r, str>) -> Message<'r> {
    Message {
        role,
        tool_call_id: None,
        content: Some(content),
        tool_calls: Vec::new(),
    }
}

/// One message for all texts of a turn: many chat templates want roles to alternate.
fn joined<'r>(texts: &[&'r str]) -> Cow<'r, str> {
    match texts {
        [one] => Cow::Borrowed(one),
        several => Cow::Owned(several.join("\n\n")),
    }
}

/// The format has no mark for a call that failed, so its words say so.
fn result(given: Given<'_>) -> Message<'_> {
    let content = if given.failed {
        Cow::Owned(format!("error: {}", given.text))
    } else {
        Cow::Borrowed(given.text)
    };
    Message {
        tool_call_id: Some(given.call),
        ..message("tool", content)
    }
}

fn assistant(turn: &Assistant) -> Result<Message<'_>, Failure> {
    let tool_calls = turn
        .calls
        .iter()
        .map(|call| {
            Ok(ToolCall {
                id: &call.id,
                r#type: "function",
                function: CalledFunction {
                    name: &call.name,
                    arguments: serde_json::to_string(&as_object(call))
                        .map_err(|error| unwritable(&error))?,
                },
            })
        })
        .collect::<Result<_, Failure>>()?;
    let text = Some(turn.text.as_str()).filter(|text| !text.trim().is_empty());
    Ok(Message {
        role: "assistant",
        tool_call_id: None,
        content: text.map(Cow::Borrowed),
        tool_calls,
    })
}

fn tools(request: &Request) -> Vec<Tool<'_>> {
    request
        .tools
        .iter()
        .map(|tool| Tool {
            r#type: "function",
            function: Function {
                name: &tool.name,
                description: &tool.description,
                parameters: &tool.parameters,
            },
        })
        .collect()
}

fn response_format(request: &Request) -> Option<ResponseFormat<'_>> {
    request.structure.as_ref().map(|structure| ResponseFormat {
        r#type: "json_schema",
        json_schema: JsonSchema {
            name: structure.name,
            schema: &structure.schema,
            strict: true,
        },
    })
}
