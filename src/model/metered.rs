//! A model within a budget, whose use is booked on the caller's account.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Completion, Content, Model, Request, Turn,
    caller::{Caller, Spent},
};
use crate::{
    budget::{Amount, Reached},
    price::Price,
    quantity::Tokens,
    text::estimate_tokens,
    transcript::{Failure, Pending, Usage},
};

/// A model whose calls are paid from the caller's purse.
pub struct Metered {
    inner: Arc<dyn Model>,
    name: String,
    price: Price,
    max_output_tokens: u64,
}

impl Metered {
    /// This model under a name, at a price, writing at most this many tokens at a time.
    pub fn new(inner: Arc<dyn Model>, name: String, price: Price, max_output_tokens: u64) -> Self {
        Self {
            inner,
            name,
            price,
            max_output_tokens,
        }
    }

    /// The most that a call may take: all that is sent written to a cache or read anew, whichever is
    /// dearer, and as much written as is allowed.
    fn most(&self, request: &Request) -> Amount {
        let sent = Tokens(sent_tokens(request));
        let output = Tokens(request.max_output_tokens.min(self.max_output_tokens));
        let read = Usage {
            uncached_input: sent,
            output,
            ..Usage::default()
        };
        let cached = Usage {
            cache_write: sent,
            output,
            ..Usage::default()
        };
        Amount {
            usd: self
                .price
                .of_tokens(&read)
                .max(self.price.of_tokens(&cached)),
            tokens: sent + output,
        }
    }
}

/// How a trial ends whose purse allows no more.
pub fn over_budget(reached: &Reached) -> Failure {
    if reached.of_run {
        Failure::RunBudget(reached.to_string())
    } else {
        Failure::TrialBudget(reached.to_string())
    }
}

/// Tokens of everything that is sent, estimated from its length. A third is added: services frame what
/// they are sent, and newer tokenizers cut finer.
pub fn sent_tokens(request: &Request) -> u64 {
    let tools: u64 = request
        .tools
        .iter()
        .map(|tool| {
            let parameters = json_length(&tool.parameters).div_ceil(4) as u64;
            estimate_tokens(&tool.description) + parameters
        })
        .sum();
    let turns: u64 = request.turns.iter().map(turn_tokens).sum();
    (estimate_tokens(&request.system) + tools + turns) * 4 / 3
}

/// How long a value is as JSON, but for what must be escaped in its texts. Nothing is written for it:
/// this is asked of every tool at every call.
fn json_length(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => text.len() + 2,
        Value::Array(values) => {
            let inner: usize = values.iter().map(json_length).sum();
            inner + values.len().saturating_sub(1) + 2
        }
        Value::Object(members) => {
            let inner: usize = members
                .iter()
                .map(|(name, value)| name.len() + 3 + json_length(value))
                .sum();
            inner + members.len().saturating_sub(1) + 2
        }
    }
}

fn turn_tokens(turn: &Turn) -> u64 {
    match turn {
        Turn::User(contents) => contents
            .iter()
            .map(|content| match content {
                Content::Text(text) | Content::Result { text, .. } => estimate_tokens(text) + 4,
            })
            .sum(),
        Turn::Assistant(said) => {
            let calls: usize = said
                .calls
                .iter()
                .map(|call| {
                    let arguments = match &call.arguments {
                        Ok(arguments) => arguments
                            .iter()
                            .map(|(name, value)| name.len() + json_length(value) + 4)
                            .sum(),
                        Err(text) => text.len(),
                    };
                    call.name.len() + arguments
                })
                .sum();
            estimate_tokens(&said.text) + (calls as u64).div_ceil(4)
        }
    }
}

impl Model for Metered {
    fn complete<'m>(&'m self, request: &'m Request) -> Pending<'m, Result<Completion, Failure>> {
        Box::pin(async move {
            let Some(caller) = Caller::current() else {
                return self.inner.complete(request).await;
            };
            let reserved = caller
                .purse
                .reserve(self.most(request))
                .await
                .map_err(|reached| over_budget(&reached))?;
            let completion = self.inner.complete(request).await?;
            let spent = Spent {
                calls: 1,
                attempts: completion.attempts.into(),
                usage: completion.usage,
                cost: self.price.of_tokens(&completion.usage),
                estimated: completion.estimated.into(),
                served: [completion.model.clone()].into(),
            };
            reserved.settle(Amount {
                usd: spent.cost,
                tokens: completion.usage.total(),
            });
            caller.note(request.role, &self.name, &spent);
            Ok(completion)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_length_of_json_is_that_of_its_text() {
        for value in [
            json!(null),
            json!([true, false, 0, -1.5e300, "é"]),
            json!([]),
            json!({}),
            json!({"type": "object", "properties": {"a": {"enum": ["x", "y"]}, "b": []}}),
        ] {
            assert_eq!(json_length(&value), value.to_string().len(), "{value}");
        }
    }
}
