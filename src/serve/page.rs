//! Lists page by page. A cursor is opaque to clients and names the list, its order and the last key of
//! the page before; one that was made up, or belongs to another list or order, is refused.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use super::{ApiError, query::Parameters};

/// How many objects a page has, if nothing is said.
pub(super) const DEFAULT_LIMIT: usize = 20;
/// How many objects a page has at most.
pub(super) const MAX_LIMIT: usize = 100;
/// How many objects a page has, and how many at most, where pages are long.
pub(super) const LONG_LIMIT: usize = 1_000;

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// By key, the least first.
    Ascending,
    /// By key, the greatest first: the newest.
    Descending,
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }

    /// The order that is asked for.
    pub(super) fn read(parameters: &Parameters, default: Self) -> Result<Self, ApiError> {
        match parameters.one("order")? {
            None => Ok(default),
            Some("asc") => Ok(Self::Ascending),
            Some("desc") => Ok(Self::Descending),
            Some(other) => Err(ApiError::invalid(format!(
                "order: `{other}` is not `asc` or `desc`"
            ))),
        }
    }
}

/// A list that is shown in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct List {
    /// Its name, which its cursors hold.
    pub(super) name: &'static str,
    /// Its order.
    pub(super) order: Order,
}

impl List {
    /// A list whose newest objects come first.
    pub(super) const fn newest_first(name: &'static str) -> Self {
        Self {
            name,
            order: Order::Descending,
        }
    }

    /// The cursor behind the object with this key.
    pub(super) fn cursor(self, key: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {} {key}", self.name, self.order.name()))
    }

    /// The key in a cursor.
    fn key(self, cursor: &str) -> Result<String, ApiError> {
        let wrong = |why: &str| {
            ApiError::invalid(format!(
                "page: {why}; take the `next_page` of the page before as it is"
            ))
        };
        let text = URL_SAFE_NO_PAD
            .decode(cursor)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| wrong("not a cursor"))?;
        let mut parts = text.splitn(3, ' ');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(name), Some(order), Some(key)) if name == self.name => {
                if order == self.order.name() {
                    Ok(key.to_owned())
                } else {
                    Err(wrong("a cursor of the other order"))
                }
            }
            (Some(_), Some(_), Some(_)) => Err(wrong("a cursor of another list")),
            _ => Err(wrong("not a cursor")),
        }
    }

    /// Which page is asked for, where keys are texts.
    pub(super) fn window(self, parameters: &Parameters) -> Result<Window<String>, ApiError> {
        self.window_of(parameters, DEFAULT_LIMIT, MAX_LIMIT)
    }

    /// The same where a page has another size.
    fn window_of(
        self,
        parameters: &Parameters,
        default: usize,
        most: usize,
    ) -> Result<Window<String>, ApiError> {
        let limit = parameters.whole("limit", 1..=most)?;
        let after = parameters.one("page")?.map(|cursor| self.key(cursor));
        Ok(Window {
            limit: limit.unwrap_or(default),
            after: after.transpose()?,
        })
    }

    /// Which page is asked for, where keys are numbers of rows.
    pub(super) fn numbered(self, parameters: &Parameters) -> Result<Window<i64>, ApiError> {
        Self::with_numbers(self.window(parameters)?)
    }

    /// The same where pages are long.
    pub(super) fn numbered_long(self, parameters: &Parameters) -> Result<Window<i64>, ApiError> {
        Self::with_numbers(self.window_of(parameters, LONG_LIMIT, LONG_LIMIT)?)
    }

    /// The same where a page may be long, and is short if nothing is said.
    pub(super) fn numbered_up_to_long(
        self,
        parameters: &Parameters,
    ) -> Result<Window<i64>, ApiError> {
        Self::with_numbers(self.window_of(parameters, DEFAULT_LIMIT, LONG_LIMIT)?)
    }

    fn with_numbers(window: Window<String>) -> Result<Window<i64>, ApiError> {
        let Window { limit, after } = window;
        let after = after.map(|key| {
            key.parse()
                .map_err(|_| ApiError::invalid("page: not a cursor"))
        });
        Ok(Window {
            limit,
            after: after.transpose()?,
        })
    }

    /// The page of objects with their keys, of which there is one more than fits if there is more.
    pub(super) fn page<T, K: ToString>(self, mut found: Vec<(K, T)>, limit: usize) -> Page<T> {
        let more = found.len() > limit;
        found.truncate(limit);
        let next_page = found
            .last()
            .filter(|_| more)
            .map(|(key, _)| self.cursor(&key.to_string()));
        Page {
            data: found.into_iter().map(|(_, object)| object).collect(),
            next_page,
        }
    }
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window<K> {
    /// How many objects at most.
    pub(super) limit: usize,
    /// The last key of the page before.
    pub(super) after: Option<K>,
}

impl<K> Window<K> {
    /// How many rows are read: one more than fits says whether there is another page.
    pub(super) fn rows(&self) -> i64 {
        i64::try_from(self.limit)
            .unwrap_or(i64::MAX)
            .saturating_add(1)
    }
}

/// A page as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Page<T> {
    /// The objects.
    pub(super) data: Vec<T>,
    /// The cursor of the next page; null on the last one.
    pub(super) next_page: Option<String>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NEWEST: List = List::newest_first("things");

    #[test]
    fn cursors_of_others_are_refused() {
        let other_order = List {
            name: "things",
            order: Order::Ascending,
        };
        assert_eq!(NEWEST.key(&NEWEST.cursor("7")), Ok("7".to_owned()));
        for (cursor, why) in [
            (String::new(), "not a cursor"),
            ("7".to_owned(), "not a cursor"),
            ("§".to_owned(), "not a cursor"),
            (URL_SAFE_NO_PAD.encode([0xff, 0xfe]), "not a cursor"),
            (URL_SAFE_NO_PAD.encode("things desc"), "not a cursor"),
            (List::newest_first("others").cursor("7"), "another list"),
            (other_order.cursor("7"), "other order"),
        ] {
            let error = NEWEST.key(&cursor).expect_err(&cursor);
            assert!(error.message.contains(why), "{}", error.message);
        }
        let text = Parameters::of(&[("page", &NEWEST.cursor("seven"))]);
        assert!(NEWEST.numbered(&text).is_err());
    }

    proptest! {
        #[test]
        fn a_key_comes_back_whatever_is_in_it(key in any::<String>()) {
            prop_assert_eq!(NEWEST.key(&NEWEST.cursor(&key)), Ok(key));
        }

        #[test]
        fn pages_put_together_are_the_list(length in 0i64..30, limit in 1usize..12) {
            let mut seen = Vec::new();
            let mut window = Window { limit, after: None };
            loop {
                let found: Vec<(i64, i64)> = (0..length)
                    .rev()
                    .filter(|key| window.after.is_none_or(|after| *key < after))
                    .take(usize::try_from(window.rows()).expect("small"))
                    .map(|key| (key, key))
                    .collect();
                let page = NEWEST.page(found, limit);
                prop_assert!(page.data.len() <= limit);
                seen.extend(page.data);
                let Some(cursor) = page.next_page else { break };
                window = NEWEST
                    .numbered(&Parameters::of(&[("page", &cursor)]))
                    .map(|next| Window { limit, ..next })
                    .expect("a cursor of this list");
            }
            prop_assert_eq!(seen, (0..length).rev().collect::<Vec<_>>());
        }
    }
}
