//! Bodies of requests in full.

use dreamtrial::{experiment::live::Provider, model::Request};
use insta::assert_snapshot;

use super::{body, conversation, question, settings};

/// A body with a line for each member, and for each element of a list.
fn lines(request: &Request, provider: Provider) -> String {
    let mut lines = Vec::new();
    for (key, value) in super::object(&body(request, &settings(provider))) {
        if let Some(elements) = value.as_array() {
            lines.push(key);
            lines.extend(elements.iter().map(|element| format!("  {element}")));
        } else {
            lines.push(format!("{key} {value}"));
        }
    }
    lines.join("\n")
}

#[test]
fn a_conversation_for_the_messages_api() {
    assert_snapshot!(lines(&conversation(), Provider::Anthropic), @r#"
    model "some-model"
    max_tokens 2000
    tools
      {"name":"lookup_order","description":"Looks up an order.","input_schema":{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}}
    system
      {"type":"text","text":"You work for Northwind.","cache_control":{"type":"ephemeral"}}
    messages
      {"role":"user","content":[{"type":"text","text":"What of orders 7 and 8?"}]}
      {"role":"assistant","content":[{"type":"text","text":"I look them up."},{"type":"tool_use","id":"call_a","name":"lookup_order","input":{"id":"7"}},{"type":"tool_use","id":"call_b","name":"lookup_order","input":{"invalid_arguments":"{\"id\": "}}]}
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"call_a","content":"sent"},{"type":"tool_result","tool_use_id":"call_b","content":"the arguments are no JSON object","is_error":true,"cache_control":{"type":"ephemeral"}}]}
      {"role":"assistant","content":[{"type":"tool_use","id":"call_c","name":"lookup_order","input":{"id":"8"}}]}
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"call_c"},{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}]}
    output_config {"format":{"type":"json_schema","schema":{"type":"object","properties":{"7":{"type":"string"}},"required":["7"],"additionalProperties":false}}}
    metadata {"user_id":"0000000000000007"}
    stream true
    "#);
}

#[test]
fn a_conversation_for_chat_completions() {
    assert_snapshot!(lines(&conversation(), Provider::Openai), @r#"
    model "some-model"
    messages
      {"role":"system","content":"You work for Northwind."}
      {"role":"user","content":"What of orders 7 and 8?"}
      {"role":"assistant","content":"I look them up.","tool_calls":[{"id":"call_a","type":"function","function":{"name":"lookup_order","arguments":"{\"id\":\"7\"}"}},{"id":"call_b","type":"function","function":{"name":"lookup_order","arguments":"{\"invalid_arguments\":\"{\\\"id\\\": \"}"}}]}
      {"role":"tool","tool_call_id":"call_a","content":"sent"}
      {"role":"tool","tool_call_id":"call_b","content":"error: the arguments are no JSON object"}
      {"role":"assistant","content":null,"tool_calls":[{"id":"call_c","type":"function","function":{"name":"lookup_order","arguments":"{\"id\":\"8\"}"}}]}
      {"role":"tool","tool_call_id":"call_c","content":""}
      {"role":"user","content":"Be brief."}
    tools
      {"type":"function","function":{"name":"lookup_order","description":"Looks up an order.","parameters":{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}}}
    response_format {"type":"json_schema","json_schema":{"name":"states","schema":{"type":"object","properties":{"7":{"type":"string"}},"required":["7"],"additionalProperties":false},"strict":true}}
    max_tokens 2000
    seed 7
    stream true
    stream_options {"include_usage":true}
    "#);
}

#[test]
fn a_bare_question() {
    let request = question();
    assert_snapshot!(body(&request, &settings(Provider::Anthropic)), @r#"{"model":"some-model","max_tokens":8192,"messages":[{"role":"user","content":[{"type":"text","text":"Is it good?","cache_control":{"type":"ephemeral"}}]}],"metadata":{"user_id":"001fffffffffffff"},"stream":true}"#);
    assert_snapshot!(body(&request, &settings(Provider::Openai)), @r#"{"model":"some-model","messages":[{"role":"user","content":"Is it good?"}],"max_tokens":8192,"seed":9007199254740991,"stream":true,"stream_options":{"include_usage":true}}"#);
}
