//! What holds of any answer: cut into events anywhere it says the same, and nothing is too odd to read.

use std::collections::BTreeSet;

use dreamtrial::{
    experiment::live::Provider,
    http::{Answer, Progress},
    model::{Answered, anthropic, openai},
    quantity::Seed,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    conversation,
    drawn::{chunks, completion, message, message_events, name, odd_data},
    encode, read_events, read_whole, settings,
};

/// Reads on behind errors and ends, as no transport does: whether anything said that it is whole, and
/// whether there is an answer.
fn read_all<R: Answer + Default>(body: &[u8], events: &[(&str, String)]) -> (bool, bool) {
    let mut reading = R::default();
    let mut whole = false;
    for (name, data) in events {
        whole |= reading.event(name, data) == Ok(Progress::Whole);
    }
    whole |= reading.body(body).is_ok();
    (whole, reading.finish().is_ok())
}

/// Whether each call has an id that no other has.
fn has_distinct_ids(answered: &Answered) -> bool {
    let calls = &answered.assistant.calls;
    let ids: BTreeSet<&str> = calls.iter().map(|call| call.id.as_str()).collect();
    ids.len() == calls.len() && !ids.contains("")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn a_message_says_the_same_however_it_is_cut(message in message(), seed: u64) {
        let text = message.to_string();
        let events: Vec<(String, String)> = message_events(&message, Seed(seed))
            .iter()
            .map(|event| (event["type"].as_str().expect("a type").to_owned(), event.to_string()))
            .collect();
        let events = events.iter().map(|(name, data)| (name.as_str(), data.as_str()));
        let whole = read_whole::<anthropic::Reading>(text.as_bytes());
        prop_assert!(whole.as_ref().is_ok_and(has_distinct_ids));
        prop_assert_eq!(read_events::<anthropic::Reading>(events), whole);
    }

    #[test]
    fn a_completion_says_the_same_however_it_is_cut(completion in completion(), seed: u64) {
        let text = completion.to_string();
        let chunks = chunks(&completion, Seed(seed));
        let whole = read_whole::<openai::Reading>(text.as_bytes());
        prop_assert!(whole.as_ref().is_ok_and(has_distinct_ids));
        // The same without `[DONE]`.
        for length in [chunks.len(), chunks.len() - 1] {
            let events = chunks[..length].iter().map(|data| ("message", data.as_str()));
            prop_assert_eq!(&read_events::<openai::Reading>(events), &whole);
        }
    }

    #[test]
    fn a_stream_that_breaks_off_is_no_answer(message in message(), seed: u64, at in 0..100_usize) {
        let events = message_events(&message, Seed(seed));
        let length = at % events.len();
        let events: Vec<String> = events[..length].iter().map(Value::to_string).collect();
        let events = events.iter().map(|data| ("message", data.as_str()));
        prop_assert!(read_events::<anthropic::Reading>(events).is_err());
    }

    #[test]
    fn nothing_is_too_odd_to_read(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..60),
            odd_data().prop_map(String::into_bytes),
        ],
        events in proptest::collection::vec((name(), odd_data()), 0..8),
    ) {
        let started = [("message_start", json!({"message": {}}).to_string())];
        let events: Vec<(&str, String)> = started.into_iter().chain(events).collect();
        let (whole, answered) = read_all::<anthropic::Reading>(&bytes, &events);
        prop_assert!(whole || !answered);
        // A reason to stop is an end too here, so that it is enough not to break.
        read_all::<openai::Reading>(&bytes, &events[1..]);
    }

    #[test]
    fn equal_requests_have_equal_bodies(seed: u64, turns in 1..6_usize, stream: bool) {
        for provider in [Provider::Anthropic, Provider::Openai] {
            let mut settings = settings(provider);
            settings.stream = stream;
            let sent = || {
                let mut request = conversation();
                request.seed = Seed(seed);
                request.turns.truncate(turns);
                encode(&request, &settings)
            };
            prop_assert_eq!(sent(), sent());
        }
    }
}
