//! Answers: a whole body, or the events of a stream, which come to the same blocks.

use serde_json::{Map, Value};

use super::stream::Stream;
use crate::{
    http::{Answer, Progress, Wrong},
    model::{
        Answered, Assistant, Call, Stop,
        calls::{MAX_DEPTH, distinct_ids, fitting, is_shallow, object, wrapped},
        counts::{Count, usage},
        wrong::{malformed, reported},
    },
    transcript::Usage,
};

/// A block of content, as it was received.
pub(super) type Block = Map<String, Value>;

/// Reads one answer.
#[derive(Debug, Default)]
pub struct Reading {
    stream: Stream,
    whole: Option<Message>,
}

/// What an answer says, in the service's terms.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) model: String,
    pub(super) blocks: Vec<Block>,
    pub(super) stop: String,
    pub(super) counts: Counts,
}

/// The counts of the classes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    uncached_input: Count,
    cache_write: Count,
    cache_read: Count,
    output: Count,
}

impl Counts {
    /// Takes a usage object; what it does not state stays.
    pub(super) fn update(&mut self, stated: &Value) {
        self.uncached_input.update(&stated["input_tokens"]);
        self.cache_write
            .update(&stated["cache_creation_input_tokens"]);
        self.cache_read.update(&stated["cache_read_input_tokens"]);
        self.output.update(&stated["output_tokens"]);
    }

    fn usage(self) -> Option<Usage> {
        usage(
            self.uncached_input.stated()?,
            self.cache_write.or_none()?,
            self.cache_read.or_none()?,
            self.output.stated()?,
        )
    }
}

impl Answer for Reading {
    type Output = Answered;

    fn body(&mut self, body: &[u8]) -> Result<(), Wrong> {
        let mut value: Value = serde_json::from_slice(body)
            .map_err(|error| malformed(format!("the answer is no JSON: {error}")))?;
        if !value["error"].is_null() {
            return Err(reported(&value["error"]));
        }
        let Some(Value::Array(content)) = value.get_mut("content").map(Value::take) else {
            return Err(malformed("the answer has no list `content`"));
        };
        let mut counts = Counts::default();
        counts.update(&value["usage"]);
        self.whole = Some(Message {
            model: value["model"].as_str().unwrap_or_default().to_owned(),
            blocks: content.into_iter().map(block).collect::<Result<_, _>>()?,
            stop: value["stop_reason"].as_str().unwrap_or_default().to_owned(),
            counts,
        });
        Ok(())
    }

    fn event(&mut self, name: &str, data: &str) -> Result<Progress, Wrong> {
        self.stream.event(name, data)
    }

    fn finish(self) -> Result<Answered, Wrong> {
        let message = match self.whole {
            Some(message) => message,
            None => self.stream.finish()?,
        };
        let stop = match message.stop.as_str() {
            "end_turn" | "stop_sequence" => Stop::End,
            "tool_use" => Stop::Calls,
            "max_tokens" => Stop::OutputLimit,
            "model_context_window_exceeded" => Stop::ContextLimit,
            "refusal" => Stop::Refusal,
            "pause_turn" => Stop::Pause,
            "" => return Err(malformed("the answer has no `stop_reason`")),
            other => Stop::Other(other.to_owned()),
        };
        let assistant = assistant(message.blocks)?;
        Ok(Answered {
            stop: fitting(stop, &assistant.calls),
            assistant,
            usage: message.counts.usage(),
            model: message.model,
        })
    }

    fn tokens(output: &Answered) -> (u64, u64) {
        output.limited_tokens()
    }
}

/// A value as a block.
pub(super) fn block(value: Value) -> Result<Block, Wrong> {
    match value {
        Value::Object(block) if block.get("type").is_some_and(Value::is_string) => Ok(block),
        Value::Object(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_) => Err(malformed("a block of content has no `type`")),
    }
}

/// The kind of a block.
pub(super) fn kind(block: &Block) -> &str {
    word(block, "type")
}

fn word<'b>(block: &'b Block, key: &str) -> &'b str {
    block.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What the blocks say. They are kept as they are where there is one that must be sent back unchanged:
/// thoughts, whose signature is checked, or anything unknown.
fn assistant(mut blocks: Vec<Block>) -> Result<Assistant, Wrong> {
    let given: Vec<&str> = blocks
        .iter()
        .filter(|block| kind(block) == "tool_use")
        .map(|block| word(block, "id"))
        .collect();
    let mut ids = distinct_ids(&given).into_iter();
    let mut said = Assistant::default();
    let (mut keep, mut apart) = (false, false);
    for block in &mut blocks {
        match kind(block) {
            "text" => {
                // Blocks that follow each other are one text; what stands between others is not.
                if apart && !said.text.is_empty() && !word(block, "text").is_empty() {
                    said.text.push_str("\n\n");
                }
                said.text.push_str(word(block, "text"));
                apart = false;
            }
            "tool_use" => {
                said.calls
                    .push(call(block, ids.next().unwrap_or_default())?);
                apart = true;
            }
            _ => {
                keep = true;
                apart = true;
            }
        }
    }
    if keep {
        let own = Value::Array(blocks.into_iter().map(Value::Object).collect());
        if !is_shallow(&own, MAX_DEPTH + 2) {
            return Err(malformed(format!(
                "a block of content is nested more than {MAX_DEPTH} levels deep"
            )));
        }
        said.verbatim = own;
    }
    Ok(said)
}

/// The call of a block. Where its id was made up or its input is no object the block is put right too,
/// so that the turn can be sent back.
fn call(block: &mut Block, id: String) -> Result<Call, Wrong> {
    let name = word(block, "name").to_owned();
    if name.trim().is_empty() {
        return Err(malformed("a call has no name"));
    }
    let arguments = object(block.get("input").cloned().unwrap_or_default());
    let sound = match &arguments {
        Ok(map) => map.clone(),
        Err(text) => wrapped(text),
    };
    block.insert("id".to_owned(), Value::String(id.clone()));
    block.insert("input".to_owned(), Value::Object(sound));
    Ok(Call {
        id,
        name,
        arguments,
    })
}
