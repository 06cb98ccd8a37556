//! Calls to a service that does wrong: what comes of them, how many attempts the service saw, and that no
//! answer is made of two.

mod answers;
mod environment;
mod limits;
mod troubles;

use std::{sync::Arc, time::Duration};

use dreamtrial::{
    http::{
        Answer, Call, CallError, Called, Header, HeaderText, Progress, Service, Settings, Wrong,
    },
    quantity::{FixedClock, Seed},
};
use jiff::Timestamp;
use serde_json::Value;

const KEY: &str = "sk-test-0123456789abcdef";

/// A reader of the tiny format of these tests: text by `t`, `done` for the end.
#[derive(Debug, Default)]
struct Words {
    text: String,
    done: bool,
}

fn malformed(error: &serde_json::Error) -> Wrong {
    Wrong::Malformed(error.to_string())
}

impl Answer for Words {
    type Output = String;

    fn body(&mut self, body: &[u8]) -> Result<(), Wrong> {
        let body: Value = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
        self.text.push_str(body["t"].as_str().unwrap_or_default());
        self.done = true;
        Ok(())
    }

    fn event(&mut self, name: &str, data: &str) -> Result<Progress, Wrong> {
        let data: Value = serde_json::from_str(data).map_err(|error| malformed(&error))?;
        match name {
            "error" => Err(Wrong::Reported {
                kind: data["type"].as_str().unwrap_or_default().to_owned(),
                message: data["message"].as_str().unwrap_or_default().to_owned(),
            }),
            "done" => {
                self.done = true;
                Ok(Progress::Whole)
            }
            _ => {
                self.text.push_str(data["t"].as_str().unwrap_or_default());
                // Some services leave out the end.
                self.done |= data["last"] == true;
                Ok(Progress::More)
            }
        }
    }

    fn finish(self) -> Result<String, Wrong> {
        if self.done {
            Ok(self.text)
        } else {
            Err(Wrong::Malformed("it ends too early".to_owned()))
        }
    }

    fn tokens(_: &String) -> (u64, u64) {
        (10, 10)
    }
}

/// Settings that retry twice and hardly wait.
fn settings(url: &str) -> Settings {
    let mut settings = Settings::new(url);
    settings.retries = 2;
    settings.first_wait = Duration::from_millis(1);
    settings.headers.push(Header {
        name: "authorization",
        value: HeaderText::Secret(format!("Bearer {KEY}").into()),
    });
    settings
}

fn service(settings: Settings) -> Service {
    let noon: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    Service::new(settings, Arc::new(FixedClock(noon)))
        .map_err(|error| error.to_string())
        .unwrap()
}

fn call(stream: bool) -> Call<'static> {
    Call {
        name: "sonnet",
        path: "/v1/messages?beta=true",
        body: br#"{"ask":1}"#.as_slice().into(),
        stream,
        input_tokens: 10,
        output_tokens: 10,
        seed: Seed(1),
    }
}

async fn ask(service: &Service, stream: bool) -> Result<Called<String>, CallError> {
    service.call(call(stream), Words::default).await
}

/// The error in words, without the port of the server.
fn words(error: &CallError, server: &str) -> String {
    format!(
        "{:?}: {}",
        error.kind,
        error.to_string().replace(server, "SERVER")
    )
}
