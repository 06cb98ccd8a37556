//! The body of a request, up to a size and within a time: JSON is read into a type, with the field at fault
//! in the error.

use std::time::Duration;

use axum::{
    Json,
    body::{Body, BodyDataStream, Bytes},
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt as _;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::time::timeout;

use super::{ApiError, error::ErrorKind};

/// The most bytes of a body: 32 MB.
pub(super) const MAX_BYTES: usize = 32 * 1024 * 1024;

/// How much of a body that is too large is read and thrown away, so that a client that writes before it
/// reads sees the answer.
const MAX_DISCARDED: usize = 4 * MAX_BYTES;

/// How long is waited for a body.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// While nothing comes.
    pause: Duration,
    /// In all.
    whole: Duration,
}

const PATIENCE: Patience = Patience {
    pause: Duration::from_secs(30),
    whole: Duration::from_mins(1),
};

/// A body that was read. An empty one counts as `{}`: clients send none where nothing is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Given<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let bytes = whole(request.into_body(), MAX_BYTES).await?;
        parse(&bytes).map(Self)
    }
}

/// A body of at most so many bytes, within the time that every body has.
pub(super) async fn whole(body: Body, most: usize) -> Result<Bytes, ApiError> {
    read(body, most, MAX_DISCARDED, PATIENCE).await
}

async fn read(
    body: Body,
    most: usize,
    most_discarded: usize,
    patience: Patience,
) -> Result<Bytes, ApiError> {
    let chunks = body.into_data_stream();
    let reading = read_chunks(chunks, most, most_discarded, patience.pause);
    timeout(patience.whole, reading)
        .await
        .unwrap_or_else(|_| Err(slow("is not there", patience.whole)))
}

fn slow(what: &str, limit: Duration) -> ApiError {
    ApiError::new(
        ErrorKind::TooSlow,
        format!("the body {what} after {limit:?}"),
    )
}

async fn read_chunks(
    mut stream: BodyDataStream,
    most: usize,
    most_discarded: usize,
    pause: Duration,
) -> Result<Bytes, ApiError> {
    let mut bytes = Vec::new();
    let mut size = 0usize;
    while let Some(chunk) = timeout(pause, stream.next())
        .await
        .map_err(|_| slow("does not go on", pause))?
    {
        let chunk =
            chunk.map_err(|error| ApiError::invalid(format!("the body ended early: {error}")))?;
        size = size.saturating_add(chunk.len());
        if size <= most {
            bytes.extend_from_slice(&chunk);
        } else if size > most_discarded {
            break;
        }
    }
    if size > most {
        return Err(ApiError::new(
            ErrorKind::TooLarge,
            format!("the body has more than {most} bytes"),
        ));
    }
    Ok(bytes.into())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| ApiError::invalid(format!("the body is not JSON: {error}")))?;
    // A list would be read as the fields of a structure in their order.
    if !value.is_object() {
        return Err(ApiError::invalid("the body is not a JSON object"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let what = error.into_inner();
        ApiError::invalid(if path == "." {
            what.to_string()
        } else {
            format!("{path}: {what}")
        })
    })
}

/// The answer to a request that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        Json(self.0).into_response()
    }
}

/// What a route gives.
pub(super) type Found<T> = Result<Answer<T>, ApiError>;

/// What is left of an object that was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Deleted {
    /// Its id.
    pub(super) id: String,
    /// What it was.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wire {
        #[serde(rename = "list")]
        _list: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[serde(rename = "name")]
        _name: String,
    }

    #[test]
    fn the_field_at_fault_is_named() {
        let message = |text: &str| {
            parse::<Wire>(text.as_bytes())
                .map(|_| ())
                .map_err(|error| error.message)
        };
        assert_eq!(message(r#"{"list": [{"name": "a"}]}"#), Ok(()));
        for (text, wanted) in [
            ("{", "the body is not JSON: "),
            ("[[]]", "the body is not a JSON object"),
            ("\"\\ud800\"", "the body is not JSON: "),
            ("", "missing field `list`"),
            (
                r#"{"list": [{"name": "a"}, {"name": 5}]}"#,
                "list[1].name: invalid type: integer `5`, expected a string",
            ),
            (
                r#"{"list": [], "lisst": 1}"#,
                "lisst: unknown field `lisst`",
            ),
        ] {
            let found = message(text).expect_err(text);
            assert!(found.starts_with(wanted), "{text}: {found}");
        }
        assert!(message(&"[".repeat(100_000)).is_err());
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit_and_not_for_ever() {
        let body = |chunks: usize| {
            Body::from_stream(stream::iter(
                (0..chunks).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b"12345"))),
            ))
        };
        let whole = read(body(2), 10, 20, PATIENCE)
            .await
            .expect("as much as fits");
        assert_eq!(&whole[..], b"1234512345");
        for chunks in [3, 100_000] {
            let refused = read(body(chunks), 10, 20, PATIENCE)
                .await
                .expect_err("too much");
            assert_eq!(refused.kind, ErrorKind::TooLarge);
        }
        let endless = Body::from_stream(stream::repeat_with(|| {
            Ok::<_, std::io::Error>(Bytes::from_static(b"12345"))
        }));
        assert!(read(endless, 10, 20, PATIENCE).await.is_err());
    }

    #[tokio::test]
    async fn a_body_that_stops_or_trickles_is_given_up() {
        let chunk = || Ok::<_, std::io::Error>(Bytes::from_static(b"x"));
        let stopped = stream::iter([chunk()]).chain(stream::pending());
        let trickle = stream::repeat_with(chunk).then(|chunk| async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            chunk
        });
        let short = Duration::from_millis(20);
        for (body, patience, words) in [
            (
                Body::from_stream(stopped),
                Patience {
                    pause: short,
                    ..PATIENCE
                },
                "the body does not go on after 20ms",
            ),
            (
                Body::from_stream(trickle),
                Patience {
                    whole: short,
                    ..PATIENCE
                },
                "the body is not there after 20ms",
            ),
        ] {
            let refused = read(body, MAX_BYTES, MAX_DISCARDED, patience)
                .await
                .expect_err(words);
            assert_eq!(
                (refused.kind, refused.message.as_str()),
                (ErrorKind::TooSlow, words)
            );
        }
    }
}
