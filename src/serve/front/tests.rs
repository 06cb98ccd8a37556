//! Who is let in with which headers.

use super::*;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for &(name, value) in pairs {
        headers.append(name, HeaderValue::from_static(value));
    }
    headers
}

#[test]
fn a_key_is_found_in_either_header() {
    for (pairs, wanted) in [
        (&[("x-api-key", "k")][..], Some("k")),
        (&[("authorization", "Bearer k")], Some("k")),
        (&[("authorization", "bearer  k ")], Some("k")),
        (&[("authorization", "Basic k")], None),
        (&[("authorization", "Bearer ")], None),
        (&[("x-api-key", " ")], None),
        (
            &[("x-api-key", ""), ("authorization", "Bearer k")],
            Some("k"),
        ),
        (
            &[("x-api-key", "k"), ("authorization", "Bearer other")],
            Some("k"),
        ),
        (&[], None),
    ] {
        assert_eq!(key(&headers(pairs)), wanted, "{pairs:?}");
    }
}

#[test]
fn a_list_of_keys_lets_nobody_else_in() {
    let keys = Keys::read("# team\n\n one \ntwo\n");
    let owner = |key| keys.admit(key).map(|caller| caller.owner);
    assert!(owner("one").is_some() && owner("two").is_some());
    assert_ne!(owner("one"), owner("two"));
    assert_eq!(owner("# team"), None);
    assert_eq!(owner("three"), None);
    assert!(Keys::read("# nobody\n").is_empty());
    assert_eq!(
        Keys::Any.admit("one").map(|caller| caller.owner),
        owner("one")
    );
}

#[test]
fn each_family_has_its_beta_header() {
    let memory = "agent-memory-2026-07-22";
    let agents = "managed-agents-2026-04-01";
    let dreams = "dreaming-2026-04-21";
    let both = "managed-agents-2026-04-01, dreaming-2026-04-21";
    let status = |path, values: &[&'static str]| {
        let pairs: Vec<_> = values
            .iter()
            .map(|value| ("anthropic-beta", *value))
            .collect();
        check_betas(&headers(&pairs), path)
            .map_or_else(|error| error.answer("req_1").status().as_u16(), |()| 200)
    };
    for (path, values, wanted) in [
        ("/v1/agents", &[agents][..], 200),
        ("/v1/agents", &[], 404),
        ("/v1/agents/a", &[memory], 404),
        ("/v1/environments", &[agents, dreams], 200),
        ("/v1/sessions", &[agents, "other-2026"], 400),
        ("/v1/memory_stores", &[memory], 200),
        ("/v1/memory_stores", &[agents], 200),
        ("/v1/memory_stores/m", &[agents, memory], 400),
        ("/v1/memory_stores/m", &[], 404),
        ("/v1/dreams", &[dreams], 200),
        ("/v1/dreams", &[agents], 404),
        ("/v1/dreams", &[both], 200),
        ("/v1/files", &[], 200),
        ("/v1/files", &["files-api-2025-04-14"], 200),
    ] {
        assert_eq!(status(path, values), wanted, "{path} {values:?}");
    }
}

#[test]
fn both_versions_are_spoken() {
    for (pairs, wanted) in [
        (&[("anthropic-version", "2026-10-21")][..], true),
        (&[("anthropic-version", "2023-06-01")], true),
        (&[("anthropic-version", "2022-01-01")], false),
        (&[], false),
    ] {
        assert_eq!(check_version(&headers(pairs)).is_ok(), wanted, "{pairs:?}");
    }
}
