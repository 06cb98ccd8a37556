//! Bodies of requests.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    experiment::live::{ApiVersion, ModelSettings},
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
    max_tokens: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'r>>,
    messages: Vec<Message<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'r>>,
    metadata: Metadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    stream: bool,
}

/// A breakpoint: everything up to the block that has it is cached.
#[derive(Serialize)]
struct CacheControl {
    r#type: &'static str,
}

const BREAKPOINT: CacheControl = CacheControl {
    r#type: "ephemeral",
};

#[derive(Serialize)]
struct Tool<'r> {
    name: &'r str,
    description: &'r str,
    input_schema: &'r Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'r> {
    Text {
        text: &'r str,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl>,
    },
    ToolUse {
        id: &'r str,
        name: &'r str,
        input: Cow<'r, Map<String, Value>>,
    },
    ToolResult {
        tool_use_id: &'r str,
        #[serde(skip_serializing_if = "str::is_empty")]
        content: &'r str,
        #[serde(skip_serializing_if = "is_false")]
        is_error: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl>,
    },
    /// A block in the service's own form.
    #[serde(untagged)]
    Verbatim(&'r Value),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(value: &bool) -> bool {
    !value
}

#[derive(Serialize)]
struct Message<'r> {
    role: &'static str,
    content: Vec<Block<'r>>,
}

#[derive(Serialize)]
struct OutputConfig<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'r>>,
}

#[derive(Serialize)]
struct Format<'r> {
    r#type: &'static str,
    schema: &'r Value,
}

#[derive(Serialize)]
struct Metadata {
    user_id: String,
}

/// The body of a request, as JSON; equal requests under equal settings give equal bytes. The seed goes as
/// the opaque name of the asker, as the service samples without one.
///
/// A conversation in which nothing is said is a [`Failure::Internal`].
pub fn encode(request: &Request, settings: &ModelSettings) -> Result<Vec<u8>, Failure> {
    let body = Body {
        model: &settings.id,
        max_tokens: request.max_output_tokens.min(settings.max_output_tokens),
        tools: tools(request),
        system: text(&request.system, Some(BREAKPOINT))
            .into_iter()
            .collect(),
        messages: messages(request)?,
        output_config: output_config(request, settings),
        metadata: Metadata {
            user_id: format!("{:016x}", request.sent_seed()),
        },
        temperature: settings.sampling.temperature.filter(|_| samples(settings)),
        top_p: settings.sampling.top_p.filter(|_| samples(settings)),
        stream: settings.stream,
    };
    serde_json::to_vec(&body)
        .map_err(|error| Failure::Internal(format!("cannot write a request as JSON: {error}")))
}

/// Whether the version of the API lets one say how sampling is done.
fn samples(settings: &ModelSettings) -> bool {
    match settings.version {
        ApiVersion::October2026 => false,
        ApiVersion::June2023 => true,
    }
}

/// A text block, unless it would be blank, which the service refuses.
fn text(text: &str, cache_control: Option<CacheControl>) -> Option<Block<'_>> {
    (!text.trim().is_empty()).then_some(Block::Text {
        text,
        cache_control,
    })
}

/// The tools stand before the system text in what is cached, so that its breakpoint covers them too; the
/// last one has a breakpoint only where there is no such text.
fn tools(request: &Request) -> Vec<Tool<'_>> {
    let mut tools: Vec<Tool<'_>> = request
        .tools
        .iter()
        .map(|tool| Tool {
            name: &tool.name,
            description: &tool.description,
            input_schema: &tool.parameters,
            cache_control: None,
        })
        .collect();
    if let Some(last) = tools.last_mut()
        && request.system.trim().is_empty()
    {
        last.cache_control = Some(BREAKPOINT);
    }
    tools
}

/// The last two user turns end in a breakpoint: the later one writes what this request adds to the
/// cache, the earlier one stands where the previous request wrote, and so reads it.
fn messages(request: &Request) -> Result<Vec<Message<'_>>, Failure> {
    let said = said(&request.turns, |assistant| !blocks(assistant).is_empty())?;
    let mut messages: Vec<Message<'_>> = said
        .into_iter()
        .map(|turn| match turn {
            Said::Assistant(assistant) => Message {
                role: "assistant",
                content: blocks(assistant),
            },
            Said::User { results, texts } => Message {
                role: "user",
                content: results
                    .into_iter()
                    .map(result)
                    .chain(texts.into_iter().filter_map(|words| text(words, None)))
                    .collect(),
            },
        })
        .collect();
    let users = messages
        .iter_mut()
        .rev()
        .filter(|message| message.role == "user");
    for message in users.take(2) {
        match message.content.last_mut() {
            Some(Block::Text { cache_control, .. } | Block::ToolResult { cache_control, .. }) => {
                *cache_control = Some(BREAKPOINT);
            }
            Some(Block::ToolUse { .. } | Block::Verbatim(_)) | None => {}
        }
    }
    Ok(messages)
}

fn result(given: Given<'_>) -> Block<'_> {
    Block::ToolResult {
        tool_use_id: given.call,
        content: given.text,
        is_error: given.failed,
        cache_control: None,
    }
}

/// The blocks of an assistant turn: the service's own where it gave some that must come back.
fn blocks(assistant: &Assistant) -> Vec<Block<'_>> {
    if let Some(own) = assistant.verbatim.as_array() {
        return returned(own);
    }
    let calls = assistant.calls.iter().map(|call| Block::ToolUse {
        id: &call.id,
        name: &call.name,
        input: as_object(call),
    });
    text(&assistant.text, None)
        .into_iter()
        .chain(calls)
        .collect()
}

/// The service's own blocks, less those that it gives and does not take: blank texts, and thoughts that
/// nothing follows (a turn that was cut off while thinking).
fn returned(own: &[Value]) -> Vec<Block<'_>> {
    let kind = |block: &Value| block["type"].as_str().unwrap_or_default().to_owned();
    let mut kept: Vec<&Value> = own
        .iter()
        .filter(|block| {
            let blank = block["text"]
                .as_str()
                .is_none_or(|text| text.trim().is_empty());
            !(kind(block) == "text" && blank)
        })
        .collect();
    while kept
        .last()
        .is_some_and(|last| matches!(kind(last).as_str(), "thinking" | "redacted_thinking"))
    {
        kept.pop();
    }
    kept.into_iter().map(Block::Verbatim).collect()
}

fn output_config<'r>(
    request: &'r Request,
    settings: &'r ModelSettings,
) -> Option<OutputConfig<'r>> {
    let format = request.structure.as_ref().map(|structure| Format {
        r#type: "json_schema",
        schema: &structure.schema,
    });
    let effort = settings.effort.as_deref();
    (format.is_some() || effort.is_some()).then_some(OutputConfig { effort, format })
}
