//! Agents as they are made and changed.

use serde_json::json;

use super::*;

fn create(body: Value) -> Result<Definition, String> {
    let body = serde_json::from_value(body).map_err(|error| error.to_string())?;
    Definition::create(body).map_err(|error| error.message)
}

#[test]
fn what_is_left_out_has_its_default_and_what_is_kept_is_read_back() {
    let definition = create(json!({
        "name": "triage",
        "model": {"id": "claude-sonnet-5-5", "effort": "medium"},
        "tools": [
            {"type": "agent_toolset_20260401", "configs": [{"name": "web_search", "enabled": false}]},
            {"type": "custom", "name": "submit", "description": "d", "input_schema": {"type": "object"}},
        ],
    }))
    .expect("a definition");
    let sent = serde_json::to_value(&definition).expect("JSON");
    assert_eq!(
        sent,
        json!({
            "name": "triage", "description": null, "system": null,
            "model": {"id": "claude-sonnet-5-5", "effort": {"type": "medium"}, "speed": "standard"},
            "tools": [
                {
                    "type": "agent_toolset_20260401",
                    "default_config": {"enabled": true, "permission_policy": {"type": "always_allow"}},
                    "configs": [{
                        "type": "web_search", "name": "web_search", "enabled": false,
                        "permission_policy": {"type": "always_allow"}
                    }]
                },
                {"type": "custom", "name": "submit", "description": "d", "input_schema": {"type": "object"}},
            ],
            "mcp_servers": [], "skills": [], "metadata": {}, "multiagent": null,
            "execution_identity": {"type": "service_account"},
        })
    );
    let kept: Definition = serde_json::from_value(sent).expect("a definition");
    assert_eq!(kept, definition);
}

#[test]
fn an_agent_needs_a_name_and_a_model_and_keeps_to_the_limits() {
    let tool = |name: &str| json!({"type": "custom", "name": name, "description": "", "input_schema": {"type": "object"}});
    let with = |name: &str, value: Value| {
        let mut body = json!({"name": "a", "model": "m"});
        body[name] = value;
        body
    };
    for (body, wanted) in [
        (json!({"model": "m"}), "name: missing"),
        (json!({"name": "a"}), "model: missing"),
        (with("name", json!("")), "name: the name has 0 characters"),
        (
            with("name", json!("é".repeat(257))),
            "name: the name has 257",
        ),
        (with("name", json!(null)), "name: `null` is not a value"),
        (with("model", json!(5)), "not the name of a model"),
        (
            with("model", json!({"id": "m", "effort": "huge"})),
            "effort: unknown variant",
        ),
        (
            with("description", json!("x".repeat(2_049))),
            "description: the text has 2049",
        ),
        (
            with("multiagent", json!({"type": "coordinator"})),
            "multiagent: this server",
        ),
        (with("version", json!(1)), "version: only an update has one"),
        (with("tools", json!([tool("a b")])), "tools[0].name: `a b`"),
        (
            with("tools", json!([tool("a"), tool("a")])),
            "tools[1].name: `a` is given twice",
        ),
        (
            with(
                "tools",
                json!([{"type": "mcp_toolset", "mcp_server_name": "x"}]),
            ),
            "tools[0].mcp_server_name: `x`",
        ),
        (
            with("name", json!("a\nb")),
            "name: `a\\nb` has a control character",
        ),
        (
            with("model", json!("m\0")),
            "model: `m\\0` has a control character",
        ),
        (with("skils", json!([])), "unknown field `skils`"),
    ] {
        let error = create(body.clone()).expect_err("a refusal");
        assert!(error.starts_with(wanted), "{body}: {error}");
    }
    let fits = create(with("name", json!("é".repeat(256)))).expect("a definition");
    let model = serde_json::to_value(&fits.model).expect("JSON");
    assert_eq!(
        model,
        json!({"id": "m", "effort": {"type": "high"}, "speed": "standard"})
    );
}

#[test]
fn an_update_replaces_lists_and_patches_metadata() {
    let mut definition = create(json!({
        "name": "a", "model": "m", "system": "s", "metadata": {"k": "1", "l": "2"},
        "tools": [{"type": "agent_toolset_20260401"}],
    }))
    .expect("a definition");
    let before = definition.clone();
    let mut apply = |body: Value| {
        let body = serde_json::from_value(body).expect("a body");
        definition.apply(body).expect("an update");
        definition.clone()
    };
    assert_eq!(apply(json!({"name": "a", "system": "s"})), before);
    let after = apply(json!({"system": null, "tools": [], "metadata": {"k": null}}));
    assert_eq!((after.system, after.tools.len()), (None, 0));
    assert_eq!(
        after.metadata,
        Metadata::from([("l".to_owned(), "2".to_owned())])
    );
}
