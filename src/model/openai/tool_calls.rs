//! Calls as they come: whole, or in fragments whose order and marks differ between servers.

use serde_json::{Map, Value};

use crate::{
    http::Wrong,
    model::{
        Call,
        calls::{distinct_ids, object, read_arguments},
        wrong::malformed,
    },
};

/// Calls that are being gathered.
#[derive(Debug, Default)]
pub(super) struct ToolCalls {
    calls: Vec<Gathered>,
}

#[derive(Debug, Default)]
struct Gathered {
    index: u64,
    id: String,
    name: String,
    json: String,
    /// Arguments that came as a value, as servers send them that depart from the format.
    value: Option<Value>,
}

impl ToolCalls {
    /// Takes the calls of a whole message, each of them complete.
    pub(super) fn whole(&mut self, list: &Value) {
        for call in list.as_array().into_iter().flatten() {
            let index = self.calls.len() as u64;
            self.calls.push(Gathered {
                index,
                ..Gathered::default()
            });
            self.fill(self.calls.len() - 1, call);
        }
    }

    /// Takes fragments of calls.
    pub(super) fn fragments(&mut self, list: &Value) {
        for fragment in list.as_array().into_iter().flatten() {
            let at = self.continued(fragment).unwrap_or_else(|| {
                let next = self.calls.iter().map(|call| call.index + 1).max();
                self.calls.push(Gathered {
                    index: index(fragment).or(next).unwrap_or(0),
                    ..Gathered::default()
                });
                self.calls.len() - 1
            });
            self.fill(at, fragment);
        }
    }

    /// The call that a fragment goes on with; `None` where it begins one. A fragment that brings a name
    /// and an id of its own begins one even under an index that was used: some servers give every call
    /// the index 0, or none.
    fn continued(&self, fragment: &Value) -> Option<usize> {
        let named = !text(&fragment["function"]["name"]).is_empty();
        let at = match index(fragment) {
            Some(index) => self.calls.iter().rposition(|call| call.index == index)?,
            None => self.calls.len().checked_sub(1)?,
        };
        let (call, id) = (&self.calls[at], text(&fragment["id"]));
        let other_id = !id.is_empty() && !call.id.is_empty() && id != call.id;
        let begins = named && (other_id || (index(fragment).is_none() && id.is_empty()));
        (!begins).then_some(at)
    }

    fn fill(&mut self, at: usize, fragment: &Value) {
        let call = &mut self.calls[at];
        if call.id.is_empty() {
            text(&fragment["id"]).clone_into(&mut call.id);
        }
        // Some servers repeat the name with every fragment.
        let name = text(&fragment["function"]["name"]);
        if name != call.name {
            call.name.push_str(name);
        }
        match &fragment["function"]["arguments"] {
            Value::String(json) => call.json.push_str(json),
            Value::Null => {}
            value @ (Value::Object(_) | Value::Array(_) | Value::Bool(_) | Value::Number(_)) => {
                call.value = Some(value.clone());
            }
        }
    }

    /// The calls, in order.
    pub(super) fn finish(mut self) -> Result<Vec<Call>, Wrong> {
        self.calls.sort_by_key(|call| call.index);
        self.calls.retain(|call| !call.is_empty());
        let given: Vec<&str> = self.calls.iter().map(|call| call.id.as_str()).collect();
        let ids = distinct_ids(&given);
        ids.into_iter()
            .zip(self.calls)
            .map(|(id, call)| {
                if call.name.trim().is_empty() {
                    return Err(malformed("a call has no name"));
                }
                Ok(Call {
                    id,
                    arguments: call.arguments(),
                    name: call.name,
                })
            })
            .collect()
    }
}

impl Gathered {
    /// Whether nothing is called: some servers send a list with an empty object in it.
    fn is_empty(&self) -> bool {
        self.name.is_empty() && self.json.is_empty() && self.value.is_none()
    }

    fn arguments(&self) -> Result<Map<String, Value>, String> {
        match &self.value {
            Some(value) => object(value.clone()),
            None => read_arguments(&self.json),
        }
    }
}

fn index(fragment: &Value) -> Option<u64> {
    // The bound keeps room for the index of a call that follows.
    fragment["index"].as_u64().filter(|&index| index < 1 << 32)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
