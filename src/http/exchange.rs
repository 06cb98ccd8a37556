//! One attempt: a request goes out, an answer comes in, within its limits of time and size.
//!
//! What was read of an answer that went wrong is gone with the attempt.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{
    Client, Request, Response,
    header::{CONTENT_TYPE, DATE, HeaderMap, LOCATION},
};
use tokio::time::timeout;

use super::{
    Answer, Progress, Timeouts, Wrong,
    client::{is_distrust, root_cause, shown},
    events::Events,
    failure::{Limit, Trouble},
    said::{Said, Secrets, request_id},
    waits,
};
use crate::quantity::Clock;

/// The most bytes of an error that are read.
const MOST_OF_AN_ERROR: usize = 64_000;

/// The most bytes that are read of an answer that is of no use, and the most characters that are shown.
const MOST_OF_A_PAGE: (usize, usize) = (4_000, 200);

/// How long the end of a stream is waited for that says nothing more, so that its connection can be used
/// again.
const LINGER: Duration = Duration::from_millis(20);

/// The header that names the account.
const ORGANIZATION: &str = "anthropic-organization-id";

/// What attempts have in common.
pub(super) struct Exchange<'e> {
    pub(super) client: &'e Client,
    pub(super) clock: &'e dyn Clock,
    pub(super) secrets: &'e Secrets,
    pub(super) timeouts: Timeouts,
    pub(super) max_body_bytes: usize,
}

/// An attempt that went well.
pub(super) struct Done<T> {
    pub(super) output: T,
    /// When its last byte was there.
    pub(super) ended: Timestamp,
    pub(super) head: Head,
}

/// An attempt that went wrong.
pub(super) struct Failed {
    pub(super) trouble: Trouble,
    pub(super) head: Head,
}

/// What the head of an answer says, whatever follows it; nothing where none came.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// The service's name of the request.
    pub(super) request_id: Option<String>,
    /// When it answered, by its own clock.
    pub(super) date: Option<Timestamp>,
    /// Whose account it worked on, where it says so.
    pub(super) organization: Option<String>,
}

/// How an answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Whole,
    Stream,
}

/// The form of an answer: what it says of itself, or what was asked for where it says nothing useful.
/// `None` where it is neither, as a page of a proxy.
fn form(content_type: &str, stream: bool) -> Option<Form> {
    let kind = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match kind.as_str() {
        "text/event-stream" => Some(Form::Stream),
        "" | "text/plain" | "application/octet-stream" => {
            Some(if stream { Form::Stream } else { Form::Whole })
        }
        json if json == "application/json" || json.ends_with("+json") => Some(Form::Whole),
        _ => None,
    }
}

impl Exchange<'_> {
    pub(super) async fn attempt<A: Answer>(
        &self,
        request: Request,
        stream: bool,
        answer: A,
    ) -> Result<Done<A::Output>, Failed> {
        let mut head = Head::default();
        let limit = self.timeouts.total;
        let whole = timeout(limit, self.exchange(request, stream, answer, &mut head)).await;
        match whole.unwrap_or(Err(Trouble::Late(Limit::Total, limit))) {
            Ok((output, ended)) => Ok(Done {
                output,
                ended,
                head,
            }),
            Err(trouble) => Err(Failed { trouble, head }),
        }
    }

    async fn exchange<A: Answer>(
        &self,
        request: Request,
        stream: bool,
        answer: A,
        head: &mut Head,
    ) -> Result<(A::Output, Timestamp), Trouble> {
        let mut response = self.head(request, head).await?;
        let content_type = text(response.headers(), &CONTENT_TYPE);
        match form(&content_type, stream) {
            Some(Form::Whole) => self.whole(&mut response, answer).await,
            Some(Form::Stream) => self.stream(&mut response, answer).await,
            None => Err(self.page(response, &content_type).await),
        }
    }

    /// Sends a request and reads the head of the answer, which is one that went well.
    async fn head(&self, request: Request, head: &mut Head) -> Result<Response, Trouble> {
        let limit = self.timeouts.response;
        let response = timeout(limit, self.client.execute(request))
            .await
            .map_err(|_| Trouble::Late(Limit::Response, limit))?
            .map_err(|error| {
                if is_distrust(&error) {
                    Trouble::Untrusted(root_cause(&error))
                } else if error.is_connect() {
                    Trouble::Unreachable(root_cause(&error))
                } else {
                    Trouble::Broken(root_cause(&error))
                }
            })?;
        let headers = response.headers();
        *head = Head {
            request_id: request_id(headers, self.secrets),
            date: waits::date(&text(headers, &DATE)),
            organization: headers.get(ORGANIZATION).map(|value| {
                self.secrets
                    .words(&String::from_utf8_lossy(value.as_bytes()))
            }),
        };
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(self.refusal(response).await)
        }
    }

    /// Opens a stream that may stay open; its events are the caller's to read.
    pub(super) async fn open(&self, request: Request) -> Result<Response, Failed> {
        let mut head = Head::default();
        let opened = async {
            let response = self.head(request, &mut head).await?;
            let content_type = text(response.headers(), &CONTENT_TYPE);
            match form(&content_type, true) {
                Some(Form::Stream) => Ok(response),
                Some(Form::Whole) | None => Err(self.page(response, &content_type).await),
            }
        };
        match opened.await {
            Ok(response) => Ok(response),
            Err(trouble) => Err(Failed { trouble, head }),
        }
    }

    /// What is wrong with an answer of a type that was not asked for.
    async fn page(&self, response: Response, content_type: &str) -> Trouble {
        let (most, characters) = MOST_OF_A_PAGE;
        let page = self.beginning(response, most).await;
        Trouble::ContentType(
            self.secrets.clean(content_type, characters),
            self.secrets
                .clean(&String::from_utf8_lossy(&page), characters),
        )
    }

    /// The next piece of an answer; `None` at its end.
    async fn piece(
        &self,
        response: &mut Response,
    ) -> Result<Option<impl AsRef<[u8]> + use<>>, Trouble> {
        let limit = self.timeouts.idle;
        timeout(limit, response.chunk())
            .await
            .map_err(|_| Trouble::Late(Limit::Idle, limit))?
            .map_err(|error| Trouble::Broken(root_cause(&error)))
    }

    async fn whole<A: Answer>(
        &self,
        response: &mut Response,
        mut answer: A,
    ) -> Result<(A::Output, Timestamp), Trouble> {
        let too_long = Trouble::TooLong(self.max_body_bytes);
        let announced = response.content_length().unwrap_or(0);
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        if announced > self.max_body_bytes {
            return Err(too_long);
        }
        // What is announced need not come.
        let mut body = Vec::with_capacity(announced.min(64_000));
        while let Some(piece) = self.piece(response).await? {
            let piece = piece.as_ref();
            if body.len() + piece.len() > self.max_body_bytes {
                return Err(too_long);
            }
            body.extend_from_slice(piece);
        }
        let ended = self.clock.now();
        answer.body(&body).map_err(|wrong| self.wrong(wrong))?;
        Ok((self.finish(answer)?, ended))
    }

    async fn stream<A: Answer>(
        &self,
        response: &mut Response,
        mut answer: A,
    ) -> Result<(A::Output, Timestamp), Trouble> {
        let mut events = Events::default();
        let mut length = 0;
        while let Some(piece) = self.piece(response).await? {
            let piece = piece.as_ref();
            length += piece.len();
            if length > self.max_body_bytes {
                return Err(Trouble::TooLong(self.max_body_bytes));
            }
            let progress = events
                .read(piece, |name, data| answer.event(name, data))
                .map_err(|wrong| self.wrong(wrong))?;
            if progress == Progress::Whole {
                let ended = self.clock.now();
                let output = self.finish(answer)?;
                let rest = async { while let Ok(Some(_)) = response.chunk().await {} };
                // Without it, only this one connection is closed.
                let _ = timeout(LINGER, rest).await;
                return Ok((output, ended));
            }
        }
        let ended = self.clock.now();
        Ok((self.finish(answer)?, ended))
    }

    fn finish<A: Answer>(&self, answer: A) -> Result<A::Output, Trouble> {
        answer.finish().map_err(|wrong| self.wrong(wrong))
    }

    /// An answer's own words may repeat those of the service.
    fn wrong(&self, wrong: Wrong) -> Trouble {
        Trouble::Wrong(match wrong {
            Wrong::Malformed(problem) => Wrong::Malformed(self.secrets.words(&problem)),
            Wrong::Reported { kind, message } => Wrong::Reported {
                kind: self.secrets.words(&kind),
                message: self.secrets.words(&message),
            },
        })
    }

    /// Reads an answer that is an error.
    async fn refusal(&self, response: Response) -> Trouble {
        let status = response.status();
        let headers = response.headers();
        if status.is_redirection() {
            // It may be relative.
            let to = response.url().join(&text(headers, &LOCATION));
            let to = to.map_or_else(|_| String::new(), |to| shown(&to));
            return Trouble::Redirect {
                status,
                to: self.secrets.words(&to),
            };
        }
        let asked = waits::asked(headers, self.clock.now());
        let retry = headers
            .get("x-should-retry")
            .and_then(|word| match word.as_bytes() {
                b"true" => Some(true),
                b"false" => Some(false),
                _ => None,
            });
        let said = Said::read(
            &self.beginning(response, MOST_OF_AN_ERROR).await,
            self.secrets,
        );
        Trouble::Status {
            status,
            said,
            asked,
            retry,
        }
    }

    /// The first bytes of an answer, as far as they come.
    async fn beginning(&self, mut response: Response, most: usize) -> Vec<u8> {
        let mut body = Vec::new();
        while body.len() < most
            && let Ok(Some(piece)) = self.piece(&mut response).await
        {
            body.extend_from_slice(piece.as_ref());
        }
        body.truncate(most);
        body
    }
}

fn text(headers: &HeaderMap, name: &reqwest::header::HeaderName) -> String {
    headers.get(name).map_or_else(String::new, |value| {
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_what_it_says_it_is() {
        for stream in [false, true] {
            let asked = Some(if stream { Form::Stream } else { Form::Whole });
            for (content_type, wanted) in [
                ("text/event-stream", Some(Form::Stream)),
                ("Text/Event-Stream; charset=utf-8", Some(Form::Stream)),
                ("application/json", Some(Form::Whole)),
                ("application/json;charset=UTF-8", Some(Form::Whole)),
                ("application/problem+json", Some(Form::Whole)),
                ("", asked),
                ("text/plain; charset=utf-8", asked),
                ("application/octet-stream", asked),
                ("text/html", None),
                ("application/x-ndjson", None),
                ("image/png", None),
            ] {
                assert_eq!(form(content_type, stream), wanted, "{content_type}");
            }
        }
    }
}
