//! Lists of dreams, the newest first, by status and time.

use rusqlite::{Transaction, params};

use super::{
    shapes::{Dream, Status},
    table::{DREAM, read},
};
use crate::serve::{
    ApiError,
    page::{List, Page, Window},
    query::Parameters,
};

const LIST: List = List::newest_first("dreams");

/// A question for dreams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    window: Window<i64>,
    include_archived: bool,
    created: (i64, i64),
    /// Names of statuses, as JSON; absent: any.
    statuses: Option<String>,
}

impl Question {
    pub(super) fn read(parameters: &Parameters) -> Result<Self, ApiError> {
        let statuses = parameters.all("statuses[]");
        if let Some(other) = statuses.iter().find(|name| Status::of(name).is_none()) {
            let known = Status::ALL.map(Status::as_str).join("`, `");
            return Err(ApiError::invalid(format!(
                "statuses[]: `{other}` is none of `{known}`"
            )));
        }
        Ok(Self {
            window: LIST.numbered(parameters)?,
            include_archived: parameters.flag("include_archived")?,
            created: parameters.created()?,
            statuses: if statuses.is_empty() {
                None
            } else {
                Some(serde_json::to_string(&statuses)?)
            },
        })
    }

    /// The page of an owner's dreams.
    pub(super) fn page(
        &self,
        transaction: &Transaction<'_>,
        owner: &str,
    ) -> Result<Page<Dream>, ApiError> {
        let mut statement = transaction.prepare_cached(&format!(
            "SELECT {DREAM} WHERE owner = ?1
                AND (?2 IS NULL OR number < ?2)
                AND (?3 OR archived IS NULL)
                AND created BETWEEN ?4 AND ?5
                AND (?6 IS NULL OR status IN (SELECT value FROM json_each(?6)))
            ORDER BY number DESC LIMIT ?7"
        ))?;
        let mut rows = statement.query(params![
            owner,
            self.window.after,
            self.include_archived,
            self.created.0,
            self.created.1,
            self.statuses,
            self.window.rows(),
        ])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let dream = read(row)?;
            found.push((dream.number, dream));
        }
        Ok(LIST.page(found, self.window.limit))
    }
}
