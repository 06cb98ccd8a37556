//! The events of a stream, gathered into the blocks that a whole body would have had.

use serde_json::Value;

use super::read::{Block, Message, block, kind};
use crate::{
    http::{Progress, Wrong},
    model::wrong::{malformed, reported},
};

/// The events that say something. Others are passed over, whatever their data.
const EVENTS: [&str; 7] = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "error",
];

/// What was gathered so far.
#[derive(Debug, Default)]
pub(super) struct Stream {
    message: Message,
    /// For each block, the JSON of its input so far; `None` once it is finished.
    inputs: Vec<Option<String>>,
    started: bool,
    ended: bool,
}

impl Stream {
    /// Takes one event.
    pub(super) fn event(&mut self, name: &str, data: &str) -> Result<Progress, Wrong> {
        if self.ended {
            return Ok(Progress::Whole);
        }
        let known = EVENTS.contains(&name);
        let mut value: Value = match serde_json::from_str(data) {
            Ok(value) => value,
            // `message` is what an event without a name is called.
            Err(error) if known || name == "message" => {
                return Err(malformed(format!(
                    "`{name}` has data that are no JSON: {error}"
                )));
            }
            Err(_) => return Ok(Progress::More),
        };
        // Some servers leave the name out; the data state it too.
        let event = value["type"].as_str().unwrap_or(name).to_owned();
        if event == "error" {
            return Err(reported(&value["error"]));
        }
        if EVENTS.contains(&event.as_str()) && self.started == (event == "message_start") {
            return Err(malformed(format!("`{event}` is out of order")));
        }
        match event.as_str() {
            "message_start" => self.start(&value["message"]),
            "content_block_start" => self.begin(&mut value)?,
            "content_block_delta" => self.delta(&value)?,
            "content_block_stop" => self.end(&value)?,
            "message_delta" => {
                if let Some(stop) = value["delta"]["stop_reason"].as_str() {
                    stop.clone_into(&mut self.message.stop);
                }
                self.message.counts.update(&value["usage"]);
            }
            "message_stop" => {
                if let Some(index) = self.inputs.iter().position(Option::is_some) {
                    return Err(malformed(format!("block {index} is not finished")));
                }
                self.ended = true;
                return Ok(Progress::Whole);
            }
            _ => {}
        }
        Ok(Progress::More)
    }

    /// The message, if it is whole.
    pub(super) fn finish(self) -> Result<Message, Wrong> {
        if self.ended {
            Ok(self.message)
        } else {
            Err(malformed("stream ended before message_stop"))
        }
    }

    fn start(&mut self, message: &Value) {
        self.started = true;
        message["model"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut self.message.model);
        self.message.counts.update(&message["usage"]);
    }

    fn begin(&mut self, value: &mut Value) -> Result<(), Wrong> {
        let (index, next) = (index(value)?, self.message.blocks.len());
        if index != next {
            return Err(malformed(format!(
                "block {index} begins where block {next} is next"
            )));
        }
        let content = value.get_mut("content_block").map(Value::take);
        self.message
            .blocks
            .push(block(content.unwrap_or_default())?);
        self.inputs.push(Some(String::new()));
        Ok(())
    }

    /// The block of an event, with the JSON of its input; it must have begun and not be finished.
    fn open(&mut self, value: &Value) -> Result<(&mut Block, &mut Option<String>), Wrong> {
        let index = index(value)?;
        let input = self.inputs.get_mut(index).filter(|input| input.is_some());
        self.message
            .blocks
            .get_mut(index)
            .zip(input)
            .ok_or_else(|| malformed(format!("an event of block {index}, which is not open")))
    }

    fn delta(&mut self, value: &Value) -> Result<(), Wrong> {
        let (block, input) = self.open(value)?;
        let delta = &value["delta"];
        let change = delta["type"].as_str().unwrap_or_default();
        let fits = match change {
            "text_delta" | "citations_delta" => !matches!(kind(block), "thinking" | "tool_use"),
            "thinking_delta" | "signature_delta" => !matches!(kind(block), "text" | "tool_use"),
            "input_json_delta" => !matches!(kind(block), "text" | "thinking"),
            _ => return Ok(()),
        };
        if !fits {
            return Err(malformed(format!("`{change}` in a block of another kind")));
        }
        let more = |key: &str| delta[key].as_str().unwrap_or_default();
        match change {
            "text_delta" => append(block, "text", more("text")),
            "thinking_delta" => append(block, "thinking", more("thinking")),
            // A signature comes as a whole; the last one holds.
            "signature_delta" => {
                block.insert("signature".to_owned(), more("signature").into());
            }
            "citations_delta" => cite(block, &delta["citation"]),
            _ => {
                if let Some(input) = input {
                    input.push_str(more("partial_json"));
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, value: &Value) -> Result<(), Wrong> {
        let (block, input) = self.open(value)?;
        let json = input.take().unwrap_or_default();
        // Without any JSON the input is the one that the block began with, `{}`.
        if !json.trim().is_empty() {
            let input = serde_json::from_str(&json).unwrap_or(Value::String(json));
            block.insert("input".to_owned(), input);
        }
        Ok(())
    }
}

/// The block that an event is about.
fn index(value: &Value) -> Result<usize, Wrong> {
    value["index"]
        .as_u64()
        .and_then(|index| usize::try_from(index).ok())
        .ok_or_else(|| malformed("an event of a block has no `index`"))
}

fn append(block: &mut Block, key: &str, more: &str) {
    if let Some(Value::String(text)) = block.get_mut(key) {
        text.push_str(more);
    } else {
        block.insert(key.to_owned(), more.into());
    }
}

fn cite(block: &mut Block, citation: &Value) {
    if let Some(Value::Array(citations)) = block.get_mut("citations") {
        citations.push(citation.clone());
    } else {
        block.insert("citations".to_owned(), vec![citation.clone()].into());
    }
}
