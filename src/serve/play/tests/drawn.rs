//! Whatever is sent to a session, in whatever order, the agent goes on from where the history stands.

use proptest::prelude::*;

use super::*;
use crate::brief::ToolOption;

#[derive(Debug, Clone)]
enum Sent {
    Message(&'static str),
    Outcome(&'static str, u32),
    Answer(usize, &'static str, bool),
    Interrupt,
}

const WORDS: [&str; 6] = [
    LEASE,
    words::ACCEPTED,
    words::GIVEN_UP,
    words::RECEIVED,
    "The user says: The notice period is 60 days.",
    "R-117",
];

fn sent() -> impl Strategy<Value = Sent> {
    let message = prop_oneof![
        4 => Just(TASK),
        1 => Just("Hello!"),
        1 => Just(words::CLOSING),
        1 => Just("The user says: The governing law is New York."),
        1 => Just(words::ACCEPTED),
    ];
    prop_oneof![
        3 => message.prop_map(Sent::Message),
        1 => (prop_oneof![Just(TASK), Just("A poem")], 0..3_u32)
            .prop_map(|(text, most)| Sent::Outcome(text, most)),
        8 => (0..3_usize, proptest::sample::select(&WORDS[..]), any::<bool>())
            .prop_map(|(back, text, failed)| Sent::Answer(back, text, failed)),
        1 => Just(Sent::Interrupt),
    ]
}

/// An agent with memory and with a tool that it has to call.
fn equipped() -> Setting {
    Setting {
        memory: Some(Mount {
            path: "/mnt/memory/team".to_owned(),
            access: MemoryAccess {
                store: Store::default(),
                writable: true,
            },
        }),
        tools: Arc::new([ToolDeclaration {
            name: "send".to_owned(),
            does: "Sends the sheet.".to_owned(),
            returns: Some("notice period".to_owned()),
            options: vec![ToolOption {
                name: "mode".to_owned(),
                values: vec!["plain".to_owned(), "sealed".to_owned()],
            }],
        }]),
        ..setting()
    }
}

proptest! {
    #[test]
    fn every_history_goes_on_and_every_token_is_booked_once(
        sent in proptest::collection::vec(proptest::collection::vec(sent(), 1..3), 1..14),
    ) {
        let setting = equipped();
        let mut history = Vec::new();
        for batch in sent {
            for one in batch {
                let calls: Vec<String> = history
                    .iter()
                    .rev()
                    .filter_map(|event| {
                        if let Event::Call { id, .. } = event {
                            Some(id.clone())
                        } else {
                            None
                        }
                    })
                    .collect();
                history.push(match one {
                    Sent::Message(text) => message(text),
                    Sent::Outcome(text, most) => outcome(text, RUBRIC, most),
                    Sent::Answer(back, text, failed) => Event::Result {
                        call: calls.get(back).cloned().unwrap_or_default(),
                        text: text.to_owned(),
                        failed,
                    },
                    Sent::Interrupt => Event::Interrupt,
                });
            }
            goes_on(&setting, &mut history);
            let all = next(&setting, &history).expect("the history is of this agent");
            prop_assert_eq!(history::booked(&history), (all.usage, all.active));
        }
    }
}
