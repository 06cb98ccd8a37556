//! A service, and calls to it.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::{
    Body, Client, Method, Request, Url,
    header::{ACCEPT, HeaderValue},
};

use super::{
    Answer, CallError, CallErrorKind, HttpError, Progress, Settings, Wrong,
    client::{Address, client, shown},
    exchange::{Exchange, Failed},
    failure::Verdict,
    limits::Limits,
    said::Secrets,
    waits::{LONGEST_PAUSE, back_off},
};
use crate::quantity::{Clock, Milliseconds, Seed};

/// A service. Models with the same address and key share one, because its limits are one for all.
pub struct Service {
    settings: Settings,
    address: Address,
    secrets: Secrets,
    limits: Limits,
    client: Client,
    clock: Arc<dyn Clock>,
}

/// What is asked of a service.
#[derive(Debug, Clone)]
pub struct Call<'c> {
    /// Who asks, for errors: the model's name.
    pub name: &'c str,
    /// The path after the service's address: `/v1/messages`.
    pub path: &'c str,
    /// The body, JSON.
    pub body: Bytes,
    /// Whether a stream is asked for. An answer is read as what it says it is.
    pub stream: bool,
    /// About how many tokens will be read, for the limits.
    pub input_tokens: u64,
    /// The most tokens that will be written, for the limits.
    pub output_tokens: u64,
    /// What the waits between attempts are drawn from.
    pub seed: Seed,
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called<T> {
    /// What the answer came to.
    pub output: T,
    /// From the first byte sent of the attempt that succeeded to the last byte received.
    pub active: Milliseconds,
    /// How many attempts it took.
    pub attempts: u32,
    /// The service's name of the request that succeeded.
    pub request_id: Option<String>,
    /// When it answered by its own clock, where it says so.
    pub date: Option<Timestamp>,
}

/// An answer that is kept as it is.
struct Raw(Vec<u8>);

impl Answer for Raw {
    type Output = Vec<u8>;

    fn body(&mut self, body: &[u8]) -> Result<(), Wrong> {
        self.0.extend_from_slice(body);
        Ok(())
    }

    fn event(&mut self, _name: &str, _data: &str) -> Result<Progress, Wrong> {
        Err(Wrong::Malformed(
            "it is a stream, and none was asked for".to_owned(),
        ))
    }

    fn finish(self) -> Result<Self::Output, Wrong> {
        Ok(self.0)
    }

    fn tokens(_output: &Self::Output) -> (u64, u64) {
        (0, 0)
    }
}

impl Service {
    /// A service that nothing was asked of. No connection is made yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, HttpError> {
        let address = Address::parse(&settings.base_url)?;
        Ok(Self {
            limits: Limits::new(&settings.rates)?,
            client: client(&settings, &address)?,
            secrets: Secrets::of(&settings),
            address,
            settings,
            clock,
        })
    }

    /// Its address as it may be shown: without a query, which may be secret.
    pub fn address(&self) -> String {
        shown(&self.address.join(""))
            .trim_end_matches('/')
            .to_owned()
    }

    /// Words of the service as they may be shown: on one line, without secrets, and cut.
    pub fn words(&self, text: &str) -> String {
        self.secrets.words(text)
    }

    /// Sends a body and reads the answer, with a fresh reader for every attempt.
    pub async fn call<A: Answer>(
        &self,
        call: Call<'_>,
        make: impl Fn() -> A + Send + Sync,
    ) -> Result<Called<A::Output>, CallError> {
        self.ask(Method::POST, &call, make).await
    }

    /// Gets the body at a path, as it is. `name` is who asks, for errors.
    pub async fn get(&self, name: &str, path: &str) -> Result<Called<Vec<u8>>, CallError> {
        let call = Call {
            name,
            path,
            body: Bytes::new(),
            stream: false,
            input_tokens: 0,
            output_tokens: 0,
            seed: Seed(0).derive(path),
        };
        self.ask(Method::GET, &call, || Raw(Vec::new())).await
    }

    // Not `backon`: whether there is a wait, and how long, hangs on what went wrong, a wait that the
    // service asks for holds for every call, and none of its limits may be held during a wait.
    async fn ask<A: Answer>(
        &self,
        method: Method,
        call: &Call<'_>,
        make: impl Fn() -> A + Send + Sync,
    ) -> Result<Called<A::Output>, CallError> {
        let url = self.address.join(call.path);
        let exchange = Exchange {
            client: &self.client,
            clock: &*self.clock,
            secrets: &self.secrets,
            timeouts: self.settings.timeouts,
            max_body_bytes: self.settings.max_body_bytes,
        };
        let mut attempts = 0;
        loop {
            attempts += 1;
            let permit = self
                .limits
                .admit(call.input_tokens, call.output_tokens)
                .await;
            let begun = self.clock.now();
            let request = request(&method, &url, call);
            let failed = match exchange.attempt(request, call.stream, make()).await {
                Ok(done) => {
                    let (input, output) = A::tokens(&done.output);
                    permit.went_well(input, output);
                    let active = done.ended.duration_since(begun).as_millis();
                    return Ok(Called {
                        output: done.output,
                        // A clock may be set back.
                        active: Milliseconds(u64::try_from(active).unwrap_or(0)),
                        attempts,
                        request_id: done.head.request_id,
                        date: done.head.date,
                    });
                }
                Err(failed) => failed,
            };
            let verdict = failed.trouble.verdict();
            if verdict.overloaded {
                permit.overloaded();
            }
            if !verdict.counted {
                permit.turned_away();
            }
            let asked = verdict.asked.filter(|_| verdict.again);
            if let Some(wait) = asked.filter(|wait| *wait <= LONGEST_PAUSE) {
                self.limits.pause(wait);
            }
            drop(permit);
            let absurd = asked.is_some_and(|wait| wait > LONGEST_PAUSE);
            if !verdict.again || absurd || attempts > self.settings.retries {
                let request = format!("`{}`: {method} {}", call.name, shown(&url));
                return Err(error(request, &failed, verdict, attempts));
            }
            if asked.is_none() {
                let wait = back_off(
                    self.settings.first_wait,
                    attempts,
                    verdict.overloaded,
                    call.seed,
                );
                tokio::time::sleep(wait).await;
            }
        }
    }
}

fn request(method: &Method, url: &Url, call: &Call<'_>) -> Request {
    let mut request = Request::new(method.clone(), url.clone());
    let accept = if call.stream {
        "text/event-stream"
    } else {
        "application/json"
    };
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static(accept));
    if method == Method::POST {
        // The bytes are shared, not copied.
        *request.body_mut() = Some(Body::from(call.body.clone()));
    }
    request
}

fn error(request: String, failed: &Failed, verdict: Verdict, attempts: u32) -> CallError {
    let mut problem = failed.trouble.to_string();
    if let Some(wait) = verdict
        .asked
        .filter(|wait| verdict.again && *wait > LONGEST_PAUSE)
    {
        problem = format!(
            "{problem}; the service asks to wait {} seconds, and no more than {} are waited",
            wait.as_secs(),
            LONGEST_PAUSE.as_secs()
        );
    } else if verdict.kind == CallErrorKind::Exhausted && !verdict.again {
        problem = format!("{problem}; the service says not to try again");
    }
    CallError {
        kind: verdict.kind,
        attempts,
        status: failed.trouble.status(),
        service_error: failed.trouble.service_error().map(str::to_owned),
        request_id: failed.head.request_id.clone(),
        date: failed.head.date,
        request,
        problem,
    }
}
