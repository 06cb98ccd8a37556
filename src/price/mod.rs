//! Price tables × usage = money.
//!
//! Prices are data with a date and a source. A cost is computed in millionths of a micro-dollar and
//! rounded once, half up, to a micro-dollar.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    quantity::{Milliseconds, Usd},
    transcript::{Role, Usage},
};

/// What a million tokens of each class cost, in micro-dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Uncached input.
    pub input: i64,
    /// Output.
    pub output: i64,
    /// Input written to a cache that lives five minutes.
    pub cache_write: i64,
    /// Input read from a cache.
    pub cache_read: i64,
    /// An hour in which a session is active.
    pub session_hour: i64,
}

impl Price {
    /// A price by its dollars: for a million tokens read, written, written to a cache and read from one,
    /// and for an hour in which a session is active.
    pub fn of_dollars(
        input: f64,
        output: f64,
        cache_write: f64,
        cache_read: f64,
        session_hour: f64,
    ) -> Self {
        Self {
            input: micro(input),
            output: micro(output),
            cache_write: micro(cache_write),
            cache_read: micro(cache_read),
            session_hour: micro(session_hour),
        }
    }

    /// What these tokens cost.
    pub fn of_tokens(&self, usage: &Usage) -> Usd {
        let part = |tokens: u64, rate: i64| i128::from(tokens) * i128::from(rate);
        let sum = part(usage.uncached_input.0, self.input)
            + part(usage.cache_write.0, self.cache_write)
            + part(usage.cache_read.0, self.cache_read)
            + part(usage.output.0, self.output);
        Usd(i64::try_from((sum + 500_000) / 1_000_000).unwrap_or(i64::MAX))
    }

    /// What this much active time costs.
    pub fn of_time(&self, active: Milliseconds) -> Usd {
        let sum = i128::from(active.0) * i128::from(self.session_hour);
        Usd(i64::try_from((sum + 1_800_000) / 3_600_000).unwrap_or(i64::MAX))
    }
}

/// The prices of a run: the agent's, and those of other roles that are played by something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prices {
    /// The agent's, which also hold for every role that has none of its own.
    pub agent: Price,
    /// Those of other roles.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<Role, Price>,
}

impl Prices {
    /// One price for everybody.
    pub fn all(price: Price) -> Self {
        Self {
            agent: price,
            others: BTreeMap::new(),
        }
    }

    /// The price of a role.
    pub fn of(&self, role: Role) -> &Price {
        self.others.get(&role).unwrap_or(&self.agent)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireList {
    date: String,
    source: String,
    session_hour: f64,
    models: BTreeMap<String, WirePrice>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct WirePrice {
    input: f64,
    output: f64,
    cache_write: f64,
    cache_read: f64,
}

/// A dated list of prices.
#[derive(Debug, Clone)]
pub struct PriceList {
    /// The day on which it was read.
    pub date: String,
    /// Where.
    pub source: String,
    models: BTreeMap<String, Price>,
}

/// Dollars as micro-dollars; prices have at most six decimals.
#[expect(clippy::cast_possible_truncation, reason = "prices are small")]
fn micro(dollars: f64) -> i64 {
    (dollars * 1e6).round() as i64
}

impl PriceList {
    /// The list that comes with the program. A test reads it, so it cannot be broken; if it were, it
    /// would be empty, and every model unknown.
    pub fn embedded() -> Self {
        let text: std::sync::Arc<str> = include_str!("list-2026-11-20.yaml").into();
        let mut problems = crate::source::Problems::default();
        let list: Option<WireList> = crate::source::parse(
            "list-2026-11-20.yaml".as_ref(),
            &text,
            0..text.len(),
            &mut problems,
        );
        let list = list.unwrap_or(WireList {
            date: String::new(),
            source: String::new(),
            session_hour: 0.0,
            models: BTreeMap::new(),
        });
        let models = list
            .models
            .into_iter()
            .map(|(name, price)| {
                let price = Price::of_dollars(
                    price.input,
                    price.output,
                    price.cache_write,
                    price.cache_read,
                    list.session_hour,
                );
                (name, price)
            })
            .collect();
        Self {
            date: list.date,
            source: list.source,
            models,
        }
    }

    /// The prices of a model; of an unknown one, the names of those that are known.
    pub fn model(&self, name: &str) -> Result<Price, Vec<String>> {
        self.models
            .get(name)
            .copied()
            .ok_or_else(|| self.models.keys().cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Tokens;

    #[test]
    fn a_session_costs_tokens_and_active_time() {
        // The vendor's worked example: an hour on Opus 5 with 50,000 tokens in and 15,000 out is $0.705.
        let price = PriceList::embedded().model("claude-opus-5").unwrap();
        let usage = Usage {
            uncached_input: Tokens(50_000),
            output: Tokens(15_000),
            ..Usage::default()
        };
        assert_eq!(price.of_tokens(&usage), Usd(625_000));
        assert_eq!(price.of_time(Milliseconds(3_600_000)), Usd(80_000));
    }

    #[test]
    fn cache_classes_have_rates_of_their_own() {
        let price = PriceList::embedded().model("claude-sonnet-5-5").unwrap();
        let usage = Usage {
            cache_write: Tokens(1_000_000),
            cache_read: Tokens(1_000_000),
            ..Usage::default()
        };
        assert_eq!(price.of_tokens(&usage), Usd(2_600_000));
        assert!(PriceList::embedded().model("claude-sonnet").is_err());
    }
}
