//! Answers: a whole body, or the chunks of a stream, gathered into the same parts.

use serde_json::Value;

use super::tool_calls::ToolCalls;
use crate::{
    http::{Answer, Progress, Wrong},
    model::{
        Answered, Assistant, Stop,
        calls::fitting,
        counts::{Count, usage},
        wrong::{malformed, reported},
    },
    transcript::Usage,
};

/// Reads one answer.
#[derive(Debug, Default)]
pub struct Reading {
    text: String,
    refusal: String,
    calls: ToolCalls,
    /// Why the model stopped, by the service's name; empty while it has not said.
    finish: String,
    usage: Option<Usage>,
    model: String,
    begun: bool,
    ended: bool,
}

impl Answer for Reading {
    type Output = Answered;

    fn body(&mut self, body: &[u8]) -> Result<(), Wrong> {
        let value: Value = serde_json::from_slice(body)
            .map_err(|error| malformed(format!("the answer is no JSON: {error}")))?;
        fail_if_reported("message", &value)?;
        let choice = &value["choices"][0];
        let message = &choice["message"];
        if !message.is_object() {
            return Err(malformed("the answer has no `choices` with a `message`"));
        }
        self.head(&value, choice);
        self.words(message);
        self.calls.whole(&message["tool_calls"]);
        self.ended = true;
        Ok(())
    }

    fn event(&mut self, name: &str, data: &str) -> Result<Progress, Wrong> {
        if self.ended {
            return Ok(Progress::Whole);
        }
        if data.trim() == "[DONE]" {
            self.ended = true;
            return Ok(Progress::Whole);
        }
        let value: Value = serde_json::from_str(data)
            .map_err(|error| malformed(format!("a chunk is no JSON: {error}")))?;
        fail_if_reported(name, &value)?;
        let choice = &value["choices"][0];
        self.head(&value, choice);
        self.words(&choice["delta"]);
        self.calls.fragments(&choice["delta"]["tool_calls"]);
        Ok(Progress::More)
    }

    fn finish(self) -> Result<Answered, Wrong> {
        if !self.ended && self.finish.is_empty() {
            return Err(malformed(
                "stream ended before a finish_reason and `[DONE]`",
            ));
        }
        if !self.begun {
            return Err(malformed("stream ended without `choices`"));
        }
        let calls = self.calls.finish()?;
        let stop = match self.finish.as_str() {
            _ if !self.refusal.is_empty() => Stop::Refusal,
            "stop" | "" => Stop::End,
            "length" => Stop::OutputLimit,
            "tool_calls" | "function_call" => Stop::Calls,
            "content_filter" => Stop::Refusal,
            other => Stop::Other(other.to_owned()),
        };
        let words = without_thoughts(&self.text);
        let text = if words.is_empty() {
            self.refusal
        } else {
            words.to_owned()
        };
        Ok(Answered {
            stop: fitting(stop, &calls),
            assistant: Assistant {
                text,
                calls,
                verbatim: Value::Null,
            },
            usage: self.usage,
            model: self.model,
        })
    }

    fn tokens(output: &Answered) -> (u64, u64) {
        output.limited_tokens()
    }
}

impl Reading {
    /// Takes what stands beside the words. A stream may state the usage in each chunk: the last holds.
    fn head(&mut self, value: &Value, choice: &Value) {
        if let Some(model) = value["model"].as_str()
            && self.model.is_empty()
        {
            model.clone_into(&mut self.model);
        }
        self.begun |= choice.is_object();
        if let Some(reason) = choice["finish_reason"].as_str()
            && !reason.is_empty()
        {
            reason.clone_into(&mut self.finish);
        }
        if value["usage"].is_object() {
            self.usage = counted(&value["usage"]);
        }
    }

    /// Takes the words of a message or of a piece of one: a string, or a list of parts.
    fn words(&mut self, message: &Value) {
        let content = &message["content"];
        self.text.push_str(content.as_str().unwrap_or_default());
        for part in content.as_array().into_iter().flatten() {
            // Parts of other types, as thoughts, have their words elsewhere.
            if matches!(part["type"].as_str(), Some("text" | "output_text") | None) {
                self.text
                    .push_str(part["text"].as_str().unwrap_or_default());
            }
            self.refusal
                .push_str(part["refusal"].as_str().unwrap_or_default());
        }
        self.refusal
            .push_str(message["refusal"].as_str().unwrap_or_default());
    }
}

/// An error within an answer that began well. Old servers send it as the body itself.
fn fail_if_reported(name: &str, value: &Value) -> Result<(), Wrong> {
    let error = &value["error"];
    if !error.is_null() {
        return Err(reported(error));
    }
    if name == "error" || value["object"] == "error" {
        return Err(reported(value));
    }
    Ok(())
}

/// The usage that is stated. What was read from a cache is part of the prompt here.
fn counted(stated: &Value) -> Option<Usage> {
    let prompt = Count::of(&stated["prompt_tokens"]).stated()?;
    let output = Count::of(&stated["completion_tokens"]).stated()?;
    let cached = Count::of(&stated["prompt_tokens_details"]["cached_tokens"])
        .or_none()?
        .min(prompt);
    usage(prompt - cached, 0, cached, output)
}

/// The words behind the thoughts that some servers leave at the start of the text, as the model wrote
/// them.
fn without_thoughts(text: &str) -> &str {
    text.trim_start()
        .strip_prefix("<think>")
        .and_then(|rest| rest.split_once("</think>"))
        .map_or(text, |(_, words)| words.trim_start())
}
