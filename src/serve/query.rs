//! The parameters behind the `?` of a request. Names that nobody asks for are left alone, as `beta` is.

use std::{ops::RangeInclusive, str::FromStr};

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use jiff::Timestamp;

use super::ApiError;

/// The parameters in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(pairs)) => Ok(Self(pairs)),
            Err(error) => Err(ApiError::invalid(format!("the query: {error}"))),
        }
    }
}

impl Parameters {
    /// Parameters of a test.
    #[cfg(test)]
    pub(super) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(
            pairs
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// A parameter that may stand once.
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let mut values = self
            .0
            .iter()
            .filter(|(given, _)| given == name)
            .map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(ApiError::invalid(format!("{name}: given more than once")));
        }
        Ok(first)
    }

    /// The values of a list: a parameter that may stand several times, as `types[]`.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    fn parsed<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, ApiError> {
        let Some(text) = self.one(name)? else {
            return Ok(None);
        };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(ApiError::invalid(format!("{name}: `{text}` is not {what}"))),
        }
    }

    /// A whole number within bounds.
    pub(super) fn whole(
        &self,
        name: &str,
        bounds: RangeInclusive<usize>,
    ) -> Result<Option<usize>, ApiError> {
        let what = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        match self.parsed(name, &what)? {
            Some(value) if !bounds.contains(&value) => Err(ApiError::invalid(format!(
                "{name}: `{value}` is not {what}"
            ))),
            value => Ok(value),
        }
    }

    /// `true` or `false`; false if it is left out.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        Ok(self.parsed(name, "`true` or `false`")?.unwrap_or(false))
    }

    /// The bounds of `created_at`: from and to, both within, in microseconds.
    pub(super) fn created(&self) -> Result<(i64, i64), ApiError> {
        let bound = |name: &str| self.time(&format!("created_at[{name}]"));
        let above = bound("gt")?.map_or(i64::MIN, |time| time.saturating_add(1));
        let below = bound("lt")?.map_or(i64::MAX, |time| time.saturating_sub(1));
        Ok((
            bound("gte")?.map_or(above, |time| time.max(above)),
            bound("lte")?.map_or(below, |time| time.min(below)),
        ))
    }

    /// A point in time, in microseconds.
    pub(super) fn time(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let time: Option<Timestamp> = self.parsed(name, "a time as `2026-11-20T09:00:00Z`")?;
        Ok(time.map(Timestamp::as_microsecond))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_value_is_named_with_what_would_be() {
        let parameters = Parameters::of(&[
            ("limit", "0"),
            ("include_archived", "yes"),
            ("created_at[gte]", "2026-11-20"),
            ("page", "a"),
            ("page", "b"),
        ]);
        let messages = [
            parameters.whole("limit", 1..=100).map(|_| ()),
            parameters.flag("include_archived").map(|_| ()),
            parameters.time("created_at[gte]").map(|_| ()),
            parameters.one("page").map(|_| ()),
        ]
        .map(|result| result.map_err(|error| error.message));
        assert_eq!(
            messages,
            [
                "limit: `0` is not a whole number from 1 to 100",
                "include_archived: `yes` is not `true` or `false`",
                "created_at[gte]: `2026-11-20` is not a time as `2026-11-20T09:00:00Z`",
                "page: given more than once",
            ]
            .map(|message| Err(message.to_owned()))
        );
        assert_eq!(parameters.whole("depth", 0..=1), Ok(None));
    }
}
