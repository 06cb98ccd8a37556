//! A service, and calls to it.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::{
    Body, Client, Method, Request, Url,
    header::{ACCEPT, HeaderName, HeaderValue},
};
use serde_json::Value;

use super::{
    Answer, CallError, CallErrorKind, EventStream, HttpError, Progress, Settings, Wrong,
    client::{Address, client, shown},
    exchange::{Exchange, Failed},
    failure::{Effect, Verdict},
    limits::{Limits, Permit},
    said::Secrets,
    waits::{LONGEST_PAUSE, back_off},
};
use crate::quantity::{Clock, Milliseconds, Seed};

const JSON: &str = "application/json";
const STREAM: &str = "text/event-stream";

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

/// What is asked of a service about an object that it keeps.
#[derive(Debug, Clone)]
pub struct Ask<'c> {
    /// Who asks, for errors.
    pub name: &'c str,
    /// What is done with the object.
    pub method: Method,
    /// The path after the service's address.
    pub path: &'c str,
    /// Headers of this request alone.
    pub headers: &'c [(&'static str, &'static str)],
    /// The body, JSON; empty: none.
    pub body: Bytes,
    /// Whether it is not to be sent again unless it is certain that nothing was carried out. Where that is
    /// not certain, the error is [`CallErrorKind::Unsettled`].
    pub once: bool,
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
    /// Whose account it worked on, where it says so.
    pub organization: Option<String>,
}

/// A request as it goes out, once for each attempt.
struct Outgoing<'c> {
    name: &'c str,
    url: Url,
    method: Method,
    accept: &'static str,
    headers: &'c [(&'static str, &'static str)],
    body: Bytes,
    once: bool,
    seed: Seed,
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

/// An answer that is JSON.
struct Object(Value);

impl Answer for Object {
    type Output = Value;

    fn body(&mut self, body: &[u8]) -> Result<(), Wrong> {
        self.0 = serde_json::from_slice(body)
            .map_err(|error| Wrong::Malformed(format!("it is no JSON: {error}")))?;
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
        let outgoing = Outgoing {
            name: call.name,
            url: self.address.join(call.path),
            method: Method::POST,
            accept: if call.stream { STREAM } else { JSON },
            headers: &[],
            // The bytes are shared, not copied.
            body: call.body.clone(),
            once: false,
            seed: call.seed,
        };
        let tokens = (call.input_tokens, call.output_tokens);
        self.carry(&outgoing, tokens, make).await
    }

    /// Gets the body at a path, as it is. `name` is who asks, for errors.
    pub async fn get(&self, name: &str, path: &str) -> Result<Called<Vec<u8>>, CallError> {
        let ask = Ask {
            name,
            method: Method::GET,
            path,
            headers: &[],
            body: Bytes::new(),
            once: false,
            seed: Seed(0).derive(path),
        };
        let outgoing = self.outgoing(&ask, JSON);
        self.carry(&outgoing, (0, 0), || Raw(Vec::new())).await
    }

    /// Asks for an object, and gives the answer. One that is no JSON is as good as one that broke off.
    pub async fn ask(&self, ask: &Ask<'_>) -> Result<Called<Value>, CallError> {
        let outgoing = self.outgoing(ask, JSON);
        self.carry(&outgoing, (0, 0), || Object(Value::Null)).await
    }

    /// Opens a stream of events that may stay open for as long as it likes. It counts as a request when it
    /// is opened, and as none in flight.
    pub async fn stream(&self, ask: &Ask<'_>) -> Result<EventStream, CallError> {
        let outgoing = self.outgoing(ask, STREAM);
        let exchange = self.exchange();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let permit = self.limits.admit(0, 0).await;
            match exchange.open(outgoing.request()).await {
                Ok(response) => {
                    permit.went_well(0, 0);
                    return Ok(EventStream::new(response, self.settings.timeouts.idle));
                }
                Err(failed) => self.overcome(&outgoing, failed, permit, attempts).await?,
            }
        }
    }

    fn outgoing<'a>(&self, ask: &'a Ask<'_>, accept: &'static str) -> Outgoing<'a> {
        Outgoing {
            name: ask.name,
            url: self.address.join(ask.path),
            method: ask.method.clone(),
            accept,
            headers: ask.headers,
            body: ask.body.clone(),
            once: ask.once,
            seed: ask.seed,
        }
    }

    fn exchange(&self) -> Exchange<'_> {
        Exchange {
            client: &self.client,
            clock: &*self.clock,
            secrets: &self.secrets,
            timeouts: self.settings.timeouts,
            max_body_bytes: self.settings.max_body_bytes,
        }
    }

    async fn carry<A: Answer>(
        &self,
        outgoing: &Outgoing<'_>,
        (input, output): (u64, u64),
        make: impl Fn() -> A + Send + Sync,
    ) -> Result<Called<A::Output>, CallError> {
        let exchange = self.exchange();
        let stream = outgoing.accept == STREAM;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let permit = self.limits.admit(input, output).await;
            let begun = self.clock.now();
            match exchange.attempt(outgoing.request(), stream, make()).await {
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
                        organization: done.head.organization,
                    });
                }
                Err(failed) => self.overcome(outgoing, failed, permit, attempts).await?,
            }
        }
    }

    /// Waits until another attempt makes sense; the error is that none does.
    ///
    // Not `backon`: whether there is a wait, and how long, hangs on what went wrong, a wait that the
    // service asks for holds for every call, and none of its limits may be held during a wait.
    async fn overcome(
        &self,
        outgoing: &Outgoing<'_>,
        failed: Failed,
        permit: Permit<'_>,
        attempts: u32,
    ) -> Result<(), CallError> {
        let mut verdict = failed.trouble.verdict();
        if outgoing.once
            && verdict.kind == CallErrorKind::Exhausted
            && verdict.effect != Effect::Nothing
        {
            verdict.kind = CallErrorKind::Unsettled;
            verdict.again = false;
        }
        if verdict.overloaded {
            permit.overloaded();
        }
        if verdict.effect != Effect::Worked {
            permit.turned_away();
        }
        let asked = verdict.asked.filter(|_| verdict.again);
        if let Some(wait) = asked.filter(|wait| *wait <= LONGEST_PAUSE) {
            self.limits.pause(wait);
        }
        drop(permit);
        let absurd = asked.is_some_and(|wait| wait > LONGEST_PAUSE);
        if !verdict.again || absurd || attempts > self.settings.retries {
            let request = format!(
                "`{}`: {} {}",
                outgoing.name,
                outgoing.method,
                shown(&outgoing.url)
            );
            return Err(error(request, &failed, verdict, attempts));
        }
        if asked.is_none() {
            let wait = back_off(
                self.settings.first_wait,
                attempts,
                verdict.overloaded,
                outgoing.seed,
            );
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }
}

impl Outgoing<'_> {
    fn request(&self) -> Request {
        let mut request = Request::new(self.method.clone(), self.url.clone());
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static(self.accept));
        for &(name, value) in self.headers {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        if self.method == Method::POST {
            // The bytes are shared, not copied.
            *request.body_mut() = Some(Body::from(self.body.clone()));
        }
        request
    }
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
