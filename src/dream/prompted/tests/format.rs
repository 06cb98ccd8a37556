//! The format of transcripts can be read back, whatever the people and programs in it said.

use jiff::civil::date;
use proptest::prelude::*;

use super::{super::script::Part, *};
use crate::{
    brief::Deliverable,
    dream::prompted::windows::{Place, Window},
};

#[test]
fn a_transcript_looks_like_this() {
    let transcript = transcript(
        3,
        vec![
            Entry::Task(0),
            Entry::Read("policy.md".to_owned()),
            Entry::Read("policy.md".to_owned()),
            Entry::Call {
                tool: "e_file".to_owned(),
                options: vec![("mode".to_owned(), "archive".to_owned())],
                worked: false,
                answer: "refused\nS3.9 {\"answer\":\"yes\"}".to_owned(),
            },
            Entry::Submission(Deliverable {
                fields: vec![("notice".parse().expect("a name"), "45 days".to_owned())],
                body: "Dear all".to_owned(),
            }),
            Entry::Accepted,
        ],
    );
    insta::assert_snapshot!(Part::whole(&transcript).render().replace("    \n", "    ·\n"), @r#"
    SESSION 3 (2026-01-14)
    S3.0 brief
      head
        Date: 2026-01-14
        From: Dana Reyes, associate
        Client: Northwind
        Case: Project Lantern
        Document: policy.md (Retention policy)
      task 0 title
        Draft the agreement
      task 0 text
        Please draft it.
        ·
        As always, thanks.
    S3.1 {"task":0}
    S3.2 {"read":"policy.md"}
      document
        # Retention
        Papers are kept for 7 years.
    S3.3 {"read":"policy.md"}
    S3.4 {"call":{"tool":"e_file","options":[["mode","archive"]],"worked":false,"answer":"refused\nS3.9 {\"answer\":\"yes\"}"}}
    S3.5 {"submission":{"fields":[["notice","45 days"]],"body":"Dear all"}}
    S3.6 "accepted"
    "#);
    let part = Part {
        transcript: &transcript,
        first: 2,
        end: 4,
    };
    insta::assert_snapshot!(part.render(), @r#"
    SESSION 3 (2026-01-14), entries 3 to 4 of 6
    S3.0 brief
      head
        Date: 2026-01-14
        From: Dana Reyes, associate
        Client: Northwind
        Case: Project Lantern
        Document: policy.md (Retention policy)
      task 0 title
        Draft the agreement
    S3.3 {"read":"policy.md"}
    S3.4 {"call":{"tool":"e_file","options":[["mode","archive"]],"worked":false,"answer":"refused\nS3.9 {\"answer\":\"yes\"}"}}
    "#);
}

/// Texts of every kind of line end, of marks and of labels.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => ".{0,12}".prop_map(String::from),
        4 => prop::sample::select(vec![
            "\n", "\r\n", "\r", "\u{b}", "\u{c}", "\u{1c}", "\u{1d}", "\u{1e}", "\u{85}", "\u{2028}", "\u{2029}",
            "SESSION 9 (2026-01-01)", "S1.7 \"accepted\"", "  head", "    ", "M1 yes", "ENTRY a.md", "\"", "\\",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Lines as the most generous reader sees them.
fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text
        .split([
            '\n', '\u{b}', '\u{c}', '\r', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}',
            '\u{2029}',
        ])
        .collect();
    assert_eq!(lines.pop(), Some(""), "the text ends with its last line");
    lines
}

/// Reads what stands below a label back.
fn content(lines: &[&str], label: &str) -> Option<String> {
    let at = lines.iter().position(|line| *line == label)?;
    let below = lines[at + 1..]
        .iter()
        .map_while(|line| line.strip_prefix("    "));
    Some(below.collect::<Vec<_>>().join("\n"))
}

/// The text with `\n` for every end of a line and none at the end.
fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let ends =
        |letter: char| "\n\u{b}\u{c}\r\u{1c}\u{1d}\u{1e}\u{85}\u{2028}\u{2029}".contains(letter);
    text.trim_end_matches(ends).replace(ends, "\n")
}

proptest! {
    #[test]
    fn no_content_fakes_a_mark_and_all_of_it_is_read_back(
        case in text(), title in text(), words in text(), asides in text(), paper in text(),
        said in prop::collection::vec(text(), 0..5),
    ) {
        let mut entries = vec![Entry::Task(0), Entry::Read("a".to_owned())];
        entries.extend(said.iter().cloned().map(Entry::Correction));
        let transcript = Transcript {
            session: 1,
            brief: Arc::new(SessionBrief {
                date: date(2026, 1, 12),
                user: case.clone(),
                about: Vec::new(),
                case,
                documents: vec![Document { name: "a".to_owned(), title: title.clone(), text: Passage::new(paper.clone()) }],
                tools: Arc::from([]),
                tasks: vec![TaskBrief {
                    title: title.clone(),
                    text: Passage::new(words.clone()),
                    asides: Passage::new(asides.clone()),
                    form: Arc::default(),
                }],
            }),
            entries,
        };
        let rendered = Part::whole(&transcript).render();
        let lines = lines(&rendered);
        let marks: Vec<&str> = lines.iter().copied().filter(|line| !line.starts_with(' ')).collect();
        prop_assert_eq!(marks[0], "SESSION 1 (2026-01-12)");
        prop_assert_eq!(marks[1], "S1.0 brief");
        prop_assert_eq!(marks.len(), 2 + transcript.entries.len());
        for (number, (mark, entry)) in marks[2..].iter().zip(&transcript.entries).enumerate() {
            let (reference, json) = mark.split_once(' ').expect("a reference and its JSON");
            prop_assert_eq!(reference, format!("S1.{}", number + 1));
            let read: Entry = serde_json::from_str(json).expect("JSON");
            prop_assert_eq!(&read, entry);
        }
        for (label, given) in
            [("  task 0 title", &title), ("  task 0 text", &words), ("  task 0 asides", &asides), ("  document", &paper)]
        {
            prop_assert_eq!(content(&lines, label).unwrap_or_default(), plain(given));
        }
        let labels = ["  head", "  task 0 title", "  task 0 text", "  task 0 asides", "  document"];
        for line in lines.iter().filter(|line| line.starts_with(' ') && !line.starts_with("    ")) {
            prop_assert!(labels.contains(line), "{line:?}");
        }
    }

    #[test]
    fn windows_show_every_entry_once_and_in_order(
        sessions in prop::collection::vec(prop::collection::vec("[a-z ]{0,300}", 0..12), 0..5),
        room in 1_u64..600,
    ) {
        let transcripts: Vec<_> = (1..)
            .zip(&sessions)
            .map(|(session, said)| transcript(session, said.iter().cloned().map(Entry::Answer).collect()))
            .collect();
        let mut shown = Vec::new();
        let mut place = Place::default();
        while let Some(window) = Window::from(&transcripts, place, room) {
            prop_assert!(window.tokens() <= room || !window.can_be_halved());
            prop_assert_eq!(&window.text, &window.parts.iter().map(Part::render).collect::<String>());
            for part in &window.parts {
                let session = part.transcript.session;
                shown.push((session, 0));
                shown.extend((part.first..part.end).map(|entry| (session, entry + 1)));
            }
            place = window.next;
        }
        shown.dedup();
        let mut expected = Vec::new();
        for (session, said) in (1..).zip(&sessions) {
            expected.extend((0..=said.len()).map(|entry| (session, entry)));
        }
        // The brief is shown again with each part.
        let mut seen = std::collections::BTreeSet::new();
        shown.retain(|one| seen.insert(*one));
        prop_assert_eq!(shown, expected);
    }

    #[test]
    fn a_line_of_the_store_stays_one_line(said in text(), path in "[a-zM\u{2028}]{1,9}") {
        let store = store(&[(&path, &said)]);
        let listing = super::super::listing::Listing::all(&super::super::draft::Draft::of(&store));
        let shown = if listing.text.is_empty() { Vec::new() } else { lines(&listing.text) };
        let entries = shown.iter().filter(|line| line.starts_with("ENTRY ")).count();
        prop_assert_eq!(shown.len(), entries + listing.references.len());
        prop_assert!(entries <= 1);
        for (number, line) in shown.iter().skip(1).enumerate() {
            let mark = format!("M{} ", number + 1);
            prop_assert!(line.starts_with(&mark), "{line:?}");
        }
    }
}
