use super::*;
use crate::{
    form::{Field, FieldKind, Form},
    model::scripted::Scripted,
};

fn form() -> Form {
    let field = |name: &str, label: &str, kind| {
        Field::new(name.parse().expect("a name"), label.to_owned(), &[], kind)
    };
    let laws = ["New York", "Delaware", "Ontario"].map(str::to_owned);
    Form::new(vec![
        field("law", "governing law", FieldKind::Choice(laws.to_vec())),
        field(
            "notice",
            "notice period",
            FieldKind::Number("days".to_owned()),
        ),
        field("cure", "cure period", FieldKind::Number("days".to_owned())),
        field("due", "due day", FieldKind::Date),
        field("header", "opening header", FieldKind::Text),
    ])
}

fn names() -> Vec<String> {
    [
        "Northwind",
        "Halyard",
        "e_file",
        "mode archive",
        "lane wide",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn rephrase(said: &str, words: &str, stop: Stop) -> (Rephrased, Vec<Request>) {
    let model = Arc::new(Scripted::stopping([(words, stop)]));
    let user = Rephraser::new(Arc::clone(&model) as _);
    let form = form();
    let key = AnswerKey::new(&form, names());
    let rephrased = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(user.rephrase(said, &key, Seed(7)))
        .expect("words");
    (rephrased, model.requests())
}

#[test]
fn words_that_say_the_same_are_kept() {
    for (said, words) in [
        (
            "For Northwind, the governing law is always Delaware.",
            "The governing law is always Delaware for Northwind, please.",
        ),
        (
            "The notice period is 45 days.",
            "Make that a notice period of 45 days.",
        ),
        (
            "The due day is 2026-03-03.",
            "Put 3 March 2026 as the due day.",
        ),
        (
            "The opening header always reads \"Privileged and Joint\".",
            "It is always \"Privileged and Joint\" as the opening header.",
        ),
        (
            "For this one only, the notice period should be 60 days.",
            "The notice period should be 60 days, but for this one only.",
        ),
        (
            "e_file works with mode archive and lane wide.",
            "You get e_file to work with lane wide and mode archive.",
        ),
        (
            "The notice period moves from 30 days to 45 days.\nI don't know.",
            "The notice period goes from 30 days to 45 days.\nNo idea about that one.",
        ),
        ("Do it the usual way, please.", "Just as usual, thanks."),
    ] {
        let (rephrased, _) = rephrase(said, words, Stop::End);
        assert_eq!(rephrased.audited, Audited::Kept, "{said}");
        assert_eq!(rephrased.text, words);
        assert_eq!(rephrased.usage.total().0, 110);
    }
}

#[test]
fn words_that_say_something_else_are_replaced() {
    let law = "For Northwind, the governing law is always Delaware.";
    let notice = "The notice period is 45 days.";
    let both = "The notice period is 45 days, and the cure period is 10 days.";
    let reach = "what the values are of, or how far they reach, has changed";
    for (said, words, expected) in [
        (
            notice,
            "The notice period is a month and a half.",
            "the value `45 days` is lost",
        ),
        (
            notice,
            "The notice period is 45 days, or 60 days.",
            "the value `60 days` is new",
        ),
        (
            notice,
            "The notice period is 45 days, clause 9.",
            "the figure `9` is new",
        ),
        (notice, "The notice period is not 45 days.", reach),
        (notice, "The notice period is 45 days, always.", reach),
        (notice, "Make it 45 days.", reach),
        (
            both,
            "The notice period is 10 days, and the cure period is 45 days.",
            reach,
        ),
        (
            law,
            "The governing law is always Delaware.",
            "the name `Northwind` is lost",
        ),
        (
            law,
            "For Northwind and Halyard, the governing law is always Delaware.",
            "the name `Halyard` is new",
        ),
        (law, "For Northwind, the governing law is Delaware.", reach),
        (
            law,
            "For Northwind, the governing law is always Delaware, not Ontario.",
            "the value `Ontario` is new",
        ),
        (
            "Do it the usual way, please.",
            "The usual way: Delaware.",
            "the value `Delaware` is new",
        ),
        (
            "I don't know.",
            "I don't know; \"ask\" them.",
            "the value `ask` is new",
        ),
        (
            "I don't know.",
            "I don't know.\nSorry!",
            "it has 2 lines and not 1",
        ),
        ("I don't know.", "", "it has 0 lines and not 1"),
        (
            "e_file works with mode archive and lane wide.",
            "e_file works with mode wide and lane archive.",
            "the name `lane wide` is lost",
        ),
        (
            "For this one only, the notice period should be 60 days.",
            "The notice period should be 60 days.",
            reach,
        ),
        (
            "Until 31 March 2026 the notice period is 45 days.",
            "The notice period is 45 days, by 31 March 2026.",
            reach,
        ),
        (
            "For all clients, the notice period is 45 days.",
            "The notice period is always 45 days.",
            reach,
        ),
    ] {
        let (rephrased, _) = rephrase(said, words, Stop::End);
        assert_eq!(
            rephrased.audited,
            Audited::Replaced(expected.to_owned()),
            "{words}"
        );
        assert_eq!(rephrased.text, said);
    }
}

#[test]
fn an_answer_that_is_none_is_replaced_and_counted() {
    for stop in [Stop::Refusal, Stop::OutputLimit, Stop::ContextLimit] {
        let (rephrased, _) = rephrase("I don't know.", "No idea.", stop);
        assert_eq!(
            rephrased.audited,
            Audited::Replaced("the model did not finish".to_owned())
        );
        assert_eq!(
            (rephrased.text.as_str(), rephrased.usage.total().0),
            ("I don't know.", 110)
        );
    }
}

#[test]
fn the_words_of_a_user() {
    let (_, requests) = rephrase("I don't know.", "No idea.", Stop::End);
    insta::assert_snapshot!(&*requests[0].system);
    assert_eq!(requests[0].role, Role::User);
    assert_eq!(
        requests[0].turns,
        [Turn::User(vec![Content::Text("I don't know.".to_owned())])]
    );
}
