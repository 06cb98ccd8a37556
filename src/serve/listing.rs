//! What lists of objects can be asked for alike: a page, a time of creation, the archived ones too.

use rusqlite::{Row, Transaction};

use super::{
    ApiError,
    page::{List, Page, Window},
    query::Parameters,
};

/// A question for a list whose newest objects come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listing {
    list: List,
    window: Window<i64>,
    include_archived: bool,
    from: Option<i64>,
    until: Option<i64>,
}

impl Listing {
    /// Reads the question for the list of this name.
    pub(super) fn read(name: &'static str, parameters: &Parameters) -> Result<Self, ApiError> {
        let list = List::newest_first(name);
        Ok(Self {
            list,
            window: list.numbered(parameters)?,
            include_archived: parameters.flag("include_archived")?,
            from: parameters.time("created_at[gte]")?,
            until: parameters.time("created_at[lte]")?,
        })
    }

    /// The page of an owner's objects. `select` chooses the columns that `read` reads, the number of the
    /// row first, from a table `object` with columns `owner`, `number`, `created` and `archived`, and
    /// ends before `WHERE`.
    pub(super) fn page<T>(
        &self,
        transaction: &Transaction<'_>,
        owner: &str,
        select: &str,
        read: impl Fn(&Row<'_>) -> Result<T, ApiError>,
    ) -> Result<Page<T>, ApiError> {
        let mut statement = transaction.prepare_cached(&format!(
            "{select} WHERE object.owner = ?1
                AND (?2 IS NULL OR object.number < ?2)
                AND (?3 OR object.archived IS NULL)
                AND (?4 IS NULL OR object.created >= ?4)
                AND (?5 IS NULL OR object.created <= ?5)
            ORDER BY object.number DESC LIMIT ?6"
        ))?;
        let mut rows = statement.query(rusqlite::params![
            owner,
            self.window.after,
            self.include_archived,
            self.from,
            self.until,
            self.window.rows(),
        ])?;
        let mut found: Vec<(i64, T)> = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((row.get(0)?, read(row)?));
        }
        Ok(self.list.page(found, self.window.limit))
    }
}
