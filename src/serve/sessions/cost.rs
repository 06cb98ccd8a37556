//! What a session has used and what that costs at list price, as it is sent.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::session::Session;
use crate::{price::PriceList, quantity::Milliseconds, transcript::Usage};

/// Micro-dollars in a cent.
const CENT: i64 = 10_000;

/// What a session has cost, in micro-dollars; absent for a model without a price.
fn cost(session: &Session, prices: &PriceList) -> Option<i64> {
    let price = prices.model(session.model()).ok()?;
    let tokens = price.of_tokens(&session.usage).0;
    Some(tokens.saturating_add(price.of_time(session.active).0))
}

/// Whether a session's budget is spent.
pub(super) fn is_spent(session: &Session, prices: &PriceList) -> bool {
    session
        .budget
        .zip(cost(session, prices))
        .is_some_and(|(budget, cost)| cost >= budget.saturating_mul(CENT))
}

fn amount(cents: i64) -> Value {
    json!({"amount": cents.to_string(), "currency": "USD"})
}

/// A budget as it is sent.
pub(super) fn budget(cents: Option<i64>) -> Value {
    cents.map_or(
        Value::Null,
        |cents| json!({"type": "limit", "max_list_cost": amount(cents)}),
    )
}

/// The usage of a session as it is sent. The cost is rounded to the nearest cent.
pub(super) fn usage(session: &Session, prices: &PriceList) -> Value {
    let cents = cost(session, prices).map(|cost| cost.saturating_add(CENT / 2) / CENT);
    json!({
        "input_tokens": session.usage.uncached_input.0,
        "output_tokens": session.usage.output.0,
        "cache_read_input_tokens": session.usage.cache_read.0,
        "cache_creation": {
            "ephemeral_5m_input_tokens": session.usage.cache_write.0,
            "ephemeral_1h_input_tokens": 0,
        },
        "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0},
        "active_seconds": session.active.seconds(),
        "list_cost": cents.map(amount),
    })
}

/// The usage of one request as it is sent.
pub(super) fn span_usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.uncached_input.0,
        "output_tokens": usage.output.0,
        "cache_read_input_tokens": usage.cache_read.0,
        "cache_creation_input_tokens": usage.cache_write.0,
    })
}

/// How long a session has been there, and how much of that it worked. A session that was terminated ages
/// no more.
pub(super) fn stats(session: &Session, now: Timestamp) -> Value {
    let until = session.ended.unwrap_or(now);
    let lasted = until.as_microsecond() - session.created.as_microsecond();
    let lasted = Milliseconds(u64::try_from(lasted / 1_000).unwrap_or(0));
    json!({
        "active_seconds": session.active.seconds(),
        "duration_seconds": lasted.seconds(),
    })
}
