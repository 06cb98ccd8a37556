//! A model behind a service: encoder, transport and decoder put together.

use std::{sync::Arc, time::Duration};

use secrecy::SecretString;

use super::{
    Answered, Assistant, Completion, Model, Request, Stop, anthropic, metered::sent_tokens, openai,
};
use crate::{
    experiment::live::{Authentication, ModelSettings, Provider},
    http::{
        Answer, Call, CallError, CallErrorKind, Called, Header, HeaderText, HttpError, Rates,
        Service, Settings, Timeouts,
    },
    quantity::{Clock, Milliseconds},
    text::estimate_tokens,
    transcript::{Failure, Pending, Usage},
};

/// A model behind a service.
pub struct LiveModel {
    service: Arc<Service>,
    name: String,
    settings: ModelSettings,
    base_url: String,
}

/// How the service of a model is reached.
pub fn service(
    settings: &ModelSettings,
    base_url: &str,
    key: Option<SecretString>,
    clock: Arc<dyn Clock>,
) -> Result<Service, HttpError> {
    let mut headers = Vec::new();
    let plain = |name, value: &str| Header {
        name,
        value: HeaderText::Plain(value.to_owned()),
    };
    if settings.provider == Provider::Anthropic {
        headers.push(plain("anthropic-version", settings.version.as_str()));
    }
    if let Some(key) = key {
        use secrecy::ExposeSecret as _;
        let bearer = || SecretString::from(format!("Bearer {}", key.expose_secret()));
        let (name, value) = match (settings.provider, settings.authentication) {
            (Provider::Anthropic, Authentication::XApiKey) => ("x-api-key", key),
            (Provider::Anthropic, Authentication::Bearer) | (Provider::Openai, _) => {
                ("authorization", bearer())
            }
        };
        headers.push(Header {
            name,
            value: HeaderText::Secret(value),
        });
    }
    let rates = &settings.rates;
    let timeouts = &settings.timeouts;
    let seconds = |seconds: f64| Duration::from_secs_f64(seconds.clamp(0.001, 86_400.0));
    Service::new(
        Settings {
            headers,
            rates: Rates {
                requests_per_minute: rates.requests_per_minute,
                input_tokens_per_minute: rates.input_tokens_per_minute,
                output_tokens_per_minute: rates.output_tokens_per_minute,
                concurrency: rates.concurrency,
            },
            timeouts: Timeouts {
                connect: seconds(timeouts.connect_seconds),
                response: seconds(timeouts.response_seconds),
                idle: seconds(timeouts.idle_seconds),
                total: seconds(timeouts.total_seconds),
            },
            retries: settings.retries,
            ..Settings::new(base_url)
        },
        clock,
    )
}

/// Everything of a model that decides its answers, for cassettes: not where it is, what it costs, or how
/// fast it may be asked.
pub fn identity(settings: &ModelSettings) -> String {
    serde_json::json!({
        "provider": settings.provider,
        "id": settings.id,
        "effort": settings.effort,
        "sampling": settings.sampling,
        "max_output_tokens": settings.max_output_tokens,
    })
    .to_string()
}

impl LiveModel {
    /// A model of a service, under its name in the experiment.
    pub fn new(
        service: Arc<Service>,
        name: String,
        settings: ModelSettings,
        base_url: String,
    ) -> Self {
        Self {
            service,
            name,
            settings,
            base_url,
        }
    }

    async fn ask<A: Answer<Output = Answered>>(
        &self,
        path: &str,
        body: Vec<u8>,
        request: &Request,
        make: impl Fn() -> A + Send + Sync,
    ) -> Result<Called<Answered>, CallError> {
        let call = Call {
            name: &self.name,
            path,
            body: body.into(),
            stream: self.settings.stream,
            input_tokens: sent_tokens(request),
            output_tokens: request
                .max_output_tokens
                .min(self.settings.max_output_tokens),
            seed: request.seed,
        };
        self.service.call(call, make).await
    }
}

impl Model for LiveModel {
    fn complete<'m>(&'m self, request: &'m Request) -> Pending<'m, Result<Completion, Failure>> {
        Box::pin(async move {
            let called = match self.settings.provider {
                Provider::Anthropic => {
                    let body = anthropic::encode(request, &self.settings)?;
                    self.ask(anthropic::PATH, body, request, anthropic::Reading::default)
                        .await
                }
                Provider::Openai => {
                    let body = openai::encode(request, &self.settings, &self.base_url)?;
                    self.ask(openai::PATH, body, request, openai::Reading::default)
                        .await
                }
            };
            match called {
                Ok(called) => Ok(completion(called, request)),
                Err(error) if is_too_long(&error) => {
                    Ok(too_long(&self.settings.id, error.attempts))
                }
                Err(error) => Err(match error.kind {
                    CallErrorKind::Refused => Failure::Refused(error.to_string()),
                    CallErrorKind::Rejected
                    | CallErrorKind::Exhausted
                    | CallErrorKind::Unsettled => Failure::Backend(error.to_string()),
                }),
            }
        })
    }
}

/// A completion from an answer. Where the service did not count tokens, they are estimated from lengths.
fn completion(called: Called<Answered>, request: &Request) -> Completion {
    let Answered {
        assistant,
        stop,
        usage,
        model,
    } = called.output;
    let estimated = usage.is_none();
    let usage = usage.unwrap_or_else(|| {
        let calls: u64 = assistant
            .calls
            .iter()
            .map(|call| {
                let arguments = match &call.arguments {
                    Ok(arguments) => serde_json::to_string(arguments).unwrap_or_default(),
                    Err(text) => text.clone(),
                };
                estimate_tokens(&call.name) + estimate_tokens(&arguments)
            })
            .sum();
        Usage {
            uncached_input: crate::quantity::Tokens(sent_tokens(request)),
            output: crate::quantity::Tokens(estimate_tokens(&assistant.text) + calls),
            ..Usage::default()
        }
    });
    Completion {
        assistant,
        stop,
        usage,
        estimated,
        model,
        active: called.active,
        attempts: called.attempts,
    }
}

/// Whether a service says that the conversation does not fit its context: each has words of its own.
fn is_too_long(error: &CallError) -> bool {
    const WORDS: [&str; 6] = [
        "prompt is too long",
        "exceed_context_size",
        "exceeds the available context size",
        "context_length_exceeded",
        "maximum context length",
        "exceed context limit",
    ];
    let text = error.to_string().to_lowercase();
    error.kind == CallErrorKind::Rejected && WORDS.iter().any(|words| text.contains(words))
}

fn too_long(model: &str, attempts: u32) -> Completion {
    Completion {
        assistant: Assistant::default(),
        stop: Stop::ContextLimit,
        usage: Usage::default(),
        estimated: false,
        model: model.to_owned(),
        active: Milliseconds::default(),
        attempts,
    }
}
