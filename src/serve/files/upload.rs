//! The form that a file is uploaded with.

use axum::{
    body::{Body, Bytes},
    extract::{
        DefaultBodyLimit, FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
};

use crate::serve::{ApiError, ErrorKind, body};

/// The most bytes of a file: 32 MB.
const MAX_BYTES: usize = body::MAX_BYTES;

/// The most bytes of the form around it.
const MAX_FRAME: usize = 64 * 1024;

/// The most characters of a name or a type.
const MAX_NAME: usize = 255;

/// For how long a file may be kept, in seconds: an hour to ninety days.
const LIFETIMES: std::ops::RangeInclusive<i64> = 3_600..=7_776_000;

/// The type of a file of which none is given.
pub(super) const UNKNOWN_TYPE: &str = "application/octet-stream";

/// The endings of files that have a type and no name.
const ENDINGS: [(&str, &str); 10] = [
    ("text/plain", ".txt"),
    ("text/markdown", ".md"),
    ("text/csv", ".csv"),
    ("text/html", ".html"),
    ("application/json", ".json"),
    ("application/pdf", ".pdf"),
    ("image/png", ".png"),
    ("image/jpeg", ".jpg"),
    ("image/gif", ".gif"),
    ("image/webp", ".webp"),
];

/// A file as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upload {
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) content: Bytes,
    /// After how many seconds it expires; absent: never.
    pub(super) lifetime: Option<i64>,
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let bytes = body::whole(body, MAX_BYTES + MAX_FRAME).await?;
        let mut request = Request::from_parts(parts, Body::from(bytes));
        // The size is known already, and the framework's own limit is a smaller one.
        DefaultBodyLimit::disable().apply(&mut request);
        let form = Multipart::from_request(request, state).await;
        let form = form.map_err(|_| {
            ApiError::invalid("content-type: not `multipart/form-data` with a `boundary`")
        })?;
        read(form).await
    }
}

async fn read(mut form: Multipart) -> Result<Upload, ApiError> {
    let mut file = None;
    let mut lifetime = None;
    while let Some(field) = form.next_field().await.map_err(|error| no_form(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        let is_given = match name.as_str() {
            "file" => file.replace(read_file(field).await?).is_some(),
            "expires_in_seconds" => lifetime.replace(read_lifetime(field).await?).is_some(),
            other => {
                return Err(ApiError::invalid(format!(
                    "`{}`: unknown field; a form has `file` and `expires_in_seconds`",
                    shown(other)
                )));
            }
        };
        if is_given {
            return Err(ApiError::invalid(format!("{name}: given more than once")));
        }
    }
    let upload = file.ok_or_else(|| ApiError::invalid("file: missing"))?;
    Ok(Upload { lifetime, ..upload })
}

async fn read_file(field: Field<'_>) -> Result<Upload, ApiError> {
    let media_type = field.content_type().unwrap_or(UNKNOWN_TYPE).to_owned();
    let name = name(field.file_name().unwrap_or_default(), &media_type);
    let content = field.bytes().await.map_err(|error| no_form(&error))?;
    if content.len() > MAX_BYTES {
        return Err(ApiError::new(
            ErrorKind::TooLarge,
            format!(
                "file: {} bytes, and this server keeps at most {MAX_BYTES}",
                content.len()
            ),
        ));
    }
    if media_type.chars().count() > MAX_NAME {
        return Err(ApiError::invalid(format!(
            "file: the type has more than {MAX_NAME} characters"
        )));
    }
    Ok(Upload {
        name: name?,
        media_type,
        content,
        lifetime: None,
    })
}

async fn read_lifetime(field: Field<'_>) -> Result<i64, ApiError> {
    let text = field.text().await.map_err(|error| no_form(&error))?;
    let seconds = text.parse().ok();
    seconds
        .filter(|seconds| LIFETIMES.contains(seconds))
        .ok_or_else(|| {
            ApiError::invalid(format!(
                "expires_in_seconds: `{}` is not a whole number from {} to {}",
                shown(&text),
                LIFETIMES.start(),
                LIFETIMES.end()
            ))
        })
}

/// The name of a file without its folders, or one that is made up from its type.
fn name(given: &str, media_type: &str) -> Result<String, ApiError> {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    if last.is_empty() {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let known = ENDINGS.iter().find(|(kind, _)| *kind == essence);
        return Ok(format!("unnamed{}", known.map_or("", |(_, ending)| ending)));
    }
    let fault = if last.chars().count() > MAX_NAME {
        "has more than 255 characters"
    } else if last.contains(|letter: char| letter.is_control() || "<>:\"|?*".contains(letter)) {
        "has a control character or one of `<>:\"|?*`"
    } else if matches!(last, "." | "..") {
        "is a folder"
    } else {
        return Ok(last.to_owned());
    };
    Err(ApiError::invalid(format!(
        "file: the name `{}` {fault}",
        shown(last)
    )))
}

/// The beginning of a text that may be anything.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(100).collect();
    start.escape_debug().to_string()
}

fn no_form(error: &MultipartError) -> ApiError {
    let why = std::error::Error::source(error).map_or_else(String::new, |why| format!(": {why}"));
    ApiError::invalid(format!("the body is no `multipart/form-data`{why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_last_part_of_a_path_and_can_be_a_file_anywhere() {
        let long = "n".repeat(MAX_NAME);
        for (given, media_type, wanted) in [
            ("letter.md", "text/markdown", "letter.md"),
            ("/home/me/letter.md", "text/markdown", "letter.md"),
            ("C:\\Users\\me\\letter.md", "text/markdown", "letter.md"),
            ("Grüße 日本.txt", "text/plain", "Grüße 日本.txt"),
            ("", "text/plain; charset=utf-8", "unnamed.txt"),
            ("folder/", "application/pdf", "unnamed.pdf"),
            ("", "application/x-other", "unnamed"),
            (&long, "text/plain", &long),
        ] {
            assert_eq!(name(given, media_type).as_deref(), Ok(wanted), "{given}");
        }
        for (given, why) in [
            ("a\0b", "control character"),
            ("a\nb", "control character"),
            ("a:b", "one of"),
            ("a?", "one of"),
            ("/..", "is a folder"),
            (".", "is a folder"),
            (&format!("{long}n"), "more than 255"),
        ] {
            let error = name(given, "text/plain").expect_err(given);
            assert!(error.message.contains(why), "{}", error.message);
        }
    }
}
