//! Budgets: the most that a session may cost.

use serde::Deserialize;

use super::session::Session;
use crate::{price::PriceList, serve::ApiError};

/// A budget as it is given.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Budget {
    #[serde(rename = "type")]
    _kind: Kind,
    max_list_cost: Amount,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Limit,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    amount: String,
    #[serde(rename = "currency")]
    _currency: Currency,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Currency {
    #[serde(rename = "USD")]
    Usd,
}

impl Budget {
    /// The cents: one or more.
    pub(super) fn cents(&self) -> Result<i64, ApiError> {
        let text = &self.max_list_cost.amount;
        let cents = text
            .bytes()
            .all(|digit| digit.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten();
        match cents {
            Some(cents) if cents > 0 => Ok(cents),
            Some(_) | None => Err(ApiError::invalid(format!(
                "budget.max_list_cost.amount: `{}` is no whole number of cents above 0",
                text.escape_debug()
            ))),
        }
    }
}

/// Refuses a budget for a model without a price, which nobody could hold it to.
pub(super) fn must_be_priced(session: &Session, prices: &PriceList) -> Result<(), ApiError> {
    match prices.model(session.model()) {
        Ok(_) => Ok(()),
        Err(known) => Err(ApiError::invalid(format!(
            "budget: model `{}` has no list price; leave the budget out or use one of `{}`",
            session.model(),
            known.join("`, `")
        ))
        .coded("model_not_budgetable")),
    }
}

/// Gives a session another budget. It can only be raised or taken away.
pub(super) fn change(session: &mut Session, to: Option<i64>) -> Result<(), ApiError> {
    match (session.budget, to) {
        (None, Some(_)) => Err(ApiError::invalid(
            "budget: a session gets one when it is created, or never",
        )
        .coded("budget_create_only")),
        (Some(old), Some(new)) if new <= old => Err(ApiError::invalid(format!(
            "budget.max_list_cost.amount: `{new}` is not above `{old}`, which holds now"
        ))
        .coded("budget_not_raised")),
        (Some(_) | None, to) => {
            session.budget = to;
            Ok(())
        }
    }
}
