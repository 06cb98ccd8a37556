//! A service's list of its models.

use serde_json::Value;

use crate::experiment::live::Provider;

/// How many ids are named that are like the one that is not there.
const NEAREST: usize = 3;

/// A model of a service's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) id: String,
    /// How many tokens its context holds, where the list says so.
    pub(super) context: Option<u64>,
    /// The most tokens that it can write, where the list says so.
    pub(super) output: Option<u64>,
}

/// Where the list is, below the base URL.
pub(super) fn path(provider: Provider) -> &'static str {
    match provider {
        Provider::Anthropic => "/v1/models?limit=1000",
        Provider::Openai => "/models",
    }
}

/// Reads a list; `None` where it is none. Services have sizes under names of their own.
pub(super) fn read(body: &[u8]) -> Option<Vec<Listed>> {
    let whole: Value = serde_json::from_slice(body).ok()?;
    let size = |model: &Value, names: &[&str]| {
        let mut sizes = names
            .iter()
            .filter_map(|name| model.pointer(name)?.as_u64());
        sizes.find(|size| *size > 0)
    };
    let models = whole.get("data")?.as_array()?;
    Some(
        models
            .iter()
            .filter_map(|model| {
                Some(Listed {
                    id: model.get("id")?.as_str()?.to_owned(),
                    context: size(
                        model,
                        &[
                            "/max_input_tokens",
                            "/max_model_len",
                            "/context_length",
                            "/context_window",
                            "/max_context_length",
                        ],
                    ),
                    output: size(model, &["/max_tokens", "/max_completion_tokens"]),
                })
            })
            .collect(),
    )
}

/// The ids that are most like one that is not there, the most like first.
pub(super) fn nearest<'l>(id: &str, listed: &'l [Listed]) -> Vec<&'l str> {
    let mut ids: Vec<(usize, &str)> = listed
        .iter()
        .map(|model| (strsim::osa_distance(id, &model.id), model.id.as_str()))
        .collect();
    ids.sort_unstable();
    ids.into_iter().take(NEAREST).map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(id: &str, context: Option<u64>, output: Option<u64>) -> Listed {
        Listed {
            id: id.to_owned(),
            context,
            output,
        }
    }

    #[test]
    fn a_list_is_read_in_every_dialect() {
        for (body, wanted) in [
            (
                r#"{"data":[{"type":"model","id":"a","max_input_tokens":1000000,"max_tokens":128000}],"has_more":false}"#,
                Some(vec![listed("a", Some(1_000_000), Some(128_000))]),
            ),
            (
                r#"{"object":"list","data":[{"id":"a","object":"model","max_model_len":32768},{"id":"b"}]}"#,
                Some(vec![
                    listed("a", Some(32_768), None),
                    listed("b", None, None),
                ]),
            ),
            (
                r#"{"data":[{"id":"a","context_length":0,"max_tokens":-1},{"name":"b"},7]}"#,
                Some(vec![listed("a", None, None)]),
            ),
            (r#"{"data":[]}"#, Some(vec![])),
            (r#"{"data":{}}"#, None),
            ("[]", None),
            ("<html>", None),
        ] {
            assert_eq!(read(body.as_bytes()), wanted, "{body}");
        }
    }

    #[test]
    fn the_nearest_ids_come_first() {
        let list = ["large-2", "small-1", "small-2", "tiny"].map(|id| listed(id, None, None));
        assert_eq!(nearest("smal-2", &list), ["small-2", "small-1", "large-2"]);
        assert_eq!(nearest("x", &[]), [""; 0]);
    }
}
