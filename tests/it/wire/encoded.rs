//! Bodies of requests, by the rules that services hold them to.

use dreamtrial::{
    experiment::live::{ApiVersion, Provider, Sampling},
    model::{Assistant, Request, Turn, openai},
    quantity::Seed,
    transcript::Role,
};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{body, call, conversation, encode, question, result, settings, user};
use crate::support::wire_formats::breakpoints;

#[test]
fn settings_that_a_service_takes_are_sent_and_others_are_not() {
    let mut anthropic = settings(Provider::Anthropic);
    anthropic.sampling = Sampling {
        temperature: Some(0.5),
        top_p: Some(0.9),
        seed: Some(false),
    };
    anthropic.effort = Some("low".to_owned());
    anthropic.stream = false;
    anthropic.max_output_tokens = 50;
    let mut openai = anthropic.clone();
    openai.provider = Provider::Openai;
    let request = question();

    let sent = body(&request, &anthropic);
    assert_eq!(sent["output_config"], json!({"effort": "low"}));
    assert_eq!(sent["max_tokens"], 50);
    assert_eq!(sent["stream"], false);
    assert_eq!(sent["temperature"], Value::Null);
    assert_eq!(sent["top_p"], Value::Null);
    anthropic.version = ApiVersion::June2023;
    let sent = body(&request, &anthropic);
    assert_eq!(sent["temperature"], 0.5);
    assert_eq!(sent["top_p"], 0.9);

    assert_snapshot!(body(&request, &openai), @r#"{"model":"some-model","messages":[{"role":"user","content":"Is it good?"}],"max_tokens":50,"temperature":0.5,"top_p":0.9,"reasoning_effort":"low","stream":false}"#);
}

#[test]
fn the_limit_has_the_name_that_the_service_reads() {
    let names = |base_url: &str| {
        let sent = openai::encode(&question(), &settings(Provider::Openai), base_url)
            .expect("something is said");
        let sent: Value = serde_json::from_slice(&sent).expect("a body is JSON");
        let has = |name: &str| sent.get(name).is_some();
        (has("max_tokens"), has("max_completion_tokens"))
    };
    for original in [
        "https://api.openai.com/v1",
        "https://API.openai.com:443/v1/",
    ] {
        assert_eq!(names(original), (false, true), "{original}");
    }
    for other in [
        "http://localhost:11434/v1",
        "https://example.org/api.openai.com/v1",
        "https://api.openai.com.example.org/v1",
        "not an address",
    ] {
        assert_eq!(names(other), (true, false), "{other}");
    }
}

/// Where the breakpoints of a body stand, as paths.
fn marked(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if map.contains_key("cache_control") {
                found.push(path.to_owned());
            }
            for (key, value) in map {
                marked(value, &format!("{path}/{key}"), found);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                marked(value, &format!("{path}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn breakpoints_of(request: &Request) -> Vec<String> {
    let body = body(request, &settings(Provider::Anthropic));
    let mut found = Vec::new();
    marked(&body, "", &mut found);
    assert_eq!(found.len(), breakpoints(&body));
    found
}

#[test]
fn each_request_reads_from_the_cache_where_the_one_before_it_wrote() {
    let mut request = conversation();
    let all = request.turns.clone();
    let mut written: Option<String> = None;
    for length in [1, 3, 5] {
        request.turns = all[..length].to_vec();
        let found = breakpoints_of(&request);
        assert!(found.contains(&"/system/0".to_owned()));
        if let Some(written) = written {
            assert!(found.contains(&written), "{written} in {found:?}");
        }
        written = found.last().cloned();
    }
    assert_eq!(
        breakpoints_of(&request),
        [
            "/system/0",
            "/messages/2/content/1",
            "/messages/4/content/1"
        ]
    );
    request.system = "".into();
    assert_eq!(breakpoints_of(&request)[0], "/tools/0");
}

#[test]
fn nothing_blank_is_sent_and_turns_alternate() {
    let mut request = question();
    request.system = " ".into();
    request.turns = vec![
        user("One."),
        user("\n"),
        Turn::Assistant(Assistant::default()),
        user("Two."),
        Turn::Assistant(Assistant {
            calls: vec![call("call_a", "look", &json!({}))],
            text: "\t".to_owned(),
            verbatim: Value::Null,
        }),
        user("Three."),
        Turn::User(vec![result("call_a", "seen", false)]),
    ];
    let sent = body(&request, &settings(Provider::Anthropic));
    assert_snapshot!(sent["messages"], @r#"[{"role":"user","content":[{"type":"text","text":"One."},{"type":"text","text":"Two.","cache_control":{"type":"ephemeral"}}]},{"role":"assistant","content":[{"type":"tool_use","id":"call_a","name":"look","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_a","content":"seen"},{"type":"text","text":"Three.","cache_control":{"type":"ephemeral"}}]}]"#);
    assert_eq!(sent.get("system"), None);
    let sent = body(&request, &settings(Provider::Openai));
    assert_snapshot!(sent["messages"], @r#"[{"role":"user","content":"One.\n\nTwo."},{"role":"assistant","content":null,"tool_calls":[{"id":"call_a","type":"function","function":{"name":"look","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_a","content":"seen"},{"role":"user","content":"Three."}]"#);
}

#[test]
fn a_conversation_that_says_nothing_is_an_error() {
    let mut request = question();
    request.turns = vec![user(" "), Turn::Assistant(Assistant::default())];
    for provider in [Provider::Anthropic, Provider::Openai] {
        let failure = encode(&request, &settings(provider)).expect_err("nothing is said");
        assert_eq!(
            failure.to_string(),
            "internal failure: a model is asked with a conversation that says nothing"
        );
    }
}

#[test]
fn thoughts_are_sent_back_as_they_came_less_what_the_service_refuses() {
    let thought = json!({"type": "thinking", "thinking": "", "signature": "c2ln"});
    let text = json!({"type": "text", "text": "Yes.", "citations": null});
    let blank = json!({"type": "text", "text": ""});
    let content = |own: Value| {
        let mut request = question();
        request.turns.push(Turn::Assistant(Assistant {
            text: "Yes.".to_owned(),
            calls: Vec::new(),
            verbatim: own,
        }));
        request.turns.push(user("Sure?"));
        body(&request, &settings(Provider::Anthropic))["messages"][1].clone()
    };
    let returned = |blocks: &[&Value]| json!({"role": "assistant", "content": blocks});
    assert_eq!(
        content(json!([thought, text])),
        returned(&[&thought, &text])
    );
    assert_eq!(
        content(json!([thought, blank, text])),
        returned(&[&thought, &text])
    );
    assert_eq!(content(json!([text, thought])), returned(&[&text]));
    // A turn that was cut off while thinking has nothing to send back, and the user's turns meet.
    assert_eq!(content(json!([thought, blank])), Value::Null);
}

#[test]
fn a_model_is_not_told_whom_it_works_for() {
    for provider in [Provider::Anthropic, Provider::Openai] {
        let sent = |role: Role| {
            let request = Request {
                role,
                ..conversation()
            };
            encode(&request, &settings(provider)).expect("something is said")
        };
        assert_eq!(sent(Role::Agent), sent(Role::FinalGrader));
        assert_eq!(sent(Role::Agent), sent(Role::Dreamer));
    }
}

#[test]
fn both_providers_get_the_same_seed_and_it_survives_doubles() {
    for seed in [0, 7, 1 << 53, u64::MAX, 0x0123_4567_89ab_cdef] {
        let request = Request {
            seed: Seed(seed),
            ..question()
        };
        let name = body(&request, &settings(Provider::Anthropic))["metadata"]["user_id"].clone();
        let name = name.as_str().expect("a name");
        assert_eq!(name.len(), 16);
        let number = &body(&request, &settings(Provider::Openai))["seed"];
        assert_eq!(u64::from_str_radix(name, 16).ok(), number.as_u64());
        assert_eq!(number.as_f64().map(|double| double as u64), number.as_u64());
    }
}
