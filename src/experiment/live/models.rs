//! Models and how they are reached: wire format, address, limits, prices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::price::{Price, PriceList};

/// A wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// The Messages API.
    Anthropic,
    /// Chat completions, as many servers speak them.
    Openai,
}

impl Provider {
    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Openai => "openai",
        }
    }

    /// Where it is, if nothing else is said.
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Anthropic => "https://api.anthropic.com",
            Self::Openai => "https://api.openai.com/v1",
        }
    }

    /// The environment variable that says where it is.
    pub fn base_url_variable(self) -> &'static str {
        match self {
            Self::Anthropic => "ANTHROPIC_BASE_URL",
            Self::Openai => "OPENAI_BASE_URL",
        }
    }

    /// The environment variable that has its key, if nothing else is said.
    pub fn key_variable(self) -> &'static str {
        match self {
            Self::Anthropic => "ANTHROPIC_API_KEY",
            Self::Openai => "OPENAI_API_KEY",
        }
    }
}

/// How a key is sent to the Messages API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// As `authorization: Bearer`.
    #[default]
    Bearer,
    /// As `x-api-key`.
    XApiKey,
}

/// The version of the Messages API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// `2026-10-21`, without sampling parameters.
    #[default]
    #[serde(rename = "2026-10-21")]
    October2026,
    /// `2023-06-01`.
    #[serde(rename = "2023-06-01")]
    June2023,
}

impl ApiVersion {
    /// As it stands in the header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::October2026 => "2026-10-21",
            Self::June2023 => "2023-06-01",
        }
    }
}

/// How long is waited for what.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// For a connection, in seconds.
    pub connect_seconds: f64,
    /// For the head of the answer, in seconds.
    pub response_seconds: f64,
    /// Between two pieces of the answer, in seconds.
    pub idle_seconds: f64,
    /// For the whole answer, in seconds.
    pub total_seconds: f64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect_seconds: 10.0,
            response_seconds: 120.0,
            idle_seconds: 60.0,
            total_seconds: 600.0,
        }
    }
}

/// Limits of a service, as its owner states them; absent: none. Models with the same address and key
/// share them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// Requests a minute.
    #[schemars(range(min = 1))]
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute that are read, without those from a cache.
    #[schemars(range(min = 1))]
    pub input_tokens_per_minute: Option<u64>,
    /// Tokens a minute that are written.
    #[schemars(range(min = 1))]
    pub output_tokens_per_minute: Option<u64>,
    /// Requests in flight. It is lowered when the service says that it is overloaded, and raised again.
    #[schemars(range(min = 1))]
    pub concurrency: Option<u32>,
}

/// What a million tokens cost, in USD.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnPrice {
    /// Read, neither from a cache nor into one.
    pub input: f64,
    /// Written.
    pub output: f64,
    /// Written to a cache; absent: as `input`.
    #[serde(default)]
    pub cache_write: Option<f64>,
    /// Read from a cache; absent: as `input`.
    #[serde(default)]
    pub cache_read: Option<f64>,
    /// An hour in which a session is active; absent: nothing.
    #[serde(default)]
    pub session_hour: Option<f64>,
}

/// How sampling is done, for services that let one say so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sampling {
    /// Temperature.
    pub temperature: Option<f64>,
    /// Nucleus.
    pub top_p: Option<f64>,
    /// Whether the seed of the session is sent, for services that take one.
    pub seed: Option<bool>,
}

/// A model and how it is reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSettings {
    /// The wire format.
    pub provider: Provider,
    /// The model's id at the service.
    pub id: String,
    /// Where the service is; absent: the provider's environment variable, or its usual address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The environment variable that has the key; absent: the provider's usual one. A service without
    /// keys needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// How the key is sent (`anthropic` only).
    #[serde(default)]
    pub authentication: Authentication,
    /// The version of the API (`anthropic` only).
    #[serde(default)]
    pub version: ApiVersion,
    /// The model of the price list whose prices it has; absent: its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priced_as: Option<String>,
    /// Its prices, in place of the price list's; all 0 for a model that costs nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<OwnPrice>,
    /// How many tokens its context holds.
    #[serde(default = "context_tokens")]
    #[schemars(range(min = 1000))]
    pub context_tokens: u64,
    /// The most tokens that it may write at a time.
    #[serde(default = "max_output_tokens")]
    #[schemars(range(min = 1))]
    pub max_output_tokens: u64,
    /// How much it thinks, as the service calls it (`low`, `high`); absent: as the service does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// How sampling is done.
    #[serde(default)]
    pub sampling: Sampling,
    /// Whether answers are streamed.
    #[serde(default = "yes")]
    pub stream: bool,
    /// The service's limits.
    #[serde(default)]
    pub rates: Rates,
    /// How long is waited for what.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// How often a call is tried again that failed for a reason that may pass.
    #[serde(default = "retries")]
    pub retries: u32,
}

impl ModelSettings {
    /// A model of this id, reached as the provider's usually are.
    pub fn new(provider: Provider, id: String) -> Self {
        Self {
            provider,
            id,
            base_url: None,
            key: None,
            authentication: Authentication::default(),
            version: ApiVersion::default(),
            priced_as: None,
            price: None,
            context_tokens: context_tokens(),
            max_output_tokens: max_output_tokens(),
            effort: None,
            sampling: Sampling::default(),
            stream: yes(),
            rates: Rates::default(),
            timeouts: Timeouts::default(),
            retries: retries(),
        }
    }

    /// The name under which it is priced.
    pub fn priced_as(&self) -> &str {
        self.priced_as.as_deref().unwrap_or(&self.id)
    }

    /// The environment variable that has its key.
    pub fn key_variable(&self) -> &str {
        let usual = self.provider.key_variable();
        self.key.as_deref().unwrap_or(usual)
    }

    /// What it costs; of a model whose prices are not known, the names of those whose are.
    pub fn price(&self) -> Result<Price, Vec<String>> {
        self.price.map_or_else(
            || PriceList::embedded().model(self.priced_as()),
            |own| {
                Ok(Price::of_dollars(
                    own.input,
                    own.output,
                    own.cache_write.unwrap_or(own.input),
                    own.cache_read.unwrap_or(own.input),
                    own.session_hour.unwrap_or(0.0),
                ))
            },
        )
    }
}

fn context_tokens() -> u64 {
    200_000
}

fn max_output_tokens() -> u64 {
    8_192
}

fn retries() -> u32 {
    5
}

fn yes() -> bool {
    true
}
