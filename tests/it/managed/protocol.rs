//! Everything that the shipped scenarios say is read back as it was.

use dreamtrial::{
    brief::SessionBrief,
    managed::{
        guidance,
        heard::{Heard, heard},
        tools, words,
    },
    rubric::markdown,
};

use super::client::is_the_same;
use crate::world;

#[test]
fn every_shipped_task_is_read_back_from_its_message() {
    let plan = world::plan("standard.yaml", 1, |_| true);
    assert_eq!(plan.scenarios.len(), 24);
    for prepared in &plan.scenarios {
        for session in 1..=prepared.scenario.sessions.len() {
            let session = u32::try_from(session).unwrap();
            let brief = dreamtrial::run::brief_of(prepared, session, dreamtrial::quantity::Seed(7));
            let mut read = SessionBrief {
                tasks: Vec::new(),
                ..brief.as_ref().clone()
            };
            for number in 0..brief.tasks.len() {
                let text = words::message(&brief, number);
                let mut said = heard(&text);
                let Some(Heard::Task(brought)) = said.pop() else {
                    panic!("no task is read from: {text}");
                };
                assert!(said.is_empty());
                assert_eq!(brought.head.is_some(), number == 0);
                if let Some(head) = brought.head {
                    read.date = head.date;
                    read.user = head.user;
                    read.about = head.about;
                    read.case = head.case;
                    let names: Vec<(String, String)> = brief
                        .documents
                        .iter()
                        .map(|document| (document.name.clone(), document.title.clone()))
                        .collect();
                    assert_eq!(head.documents, names);
                }
                read.tasks.push(brought.task);
            }
            read.tools = tools::deployment(&tools::declared(&brief.tools, true)).into();
            is_the_same(&read, &brief);
        }
    }
}

#[test]
fn every_shipped_rubric_is_read_back() {
    let plan = world::plan("standard.yaml", 1, |_| true);
    let mut seen = 0;
    for prepared in &plan.scenarios {
        for filled in prepared.rubrics.iter().flatten() {
            let text = markdown::write(filled);
            assert!(text.starts_with(&filled.body));
            assert_eq!(markdown::read(&text).as_ref(), Some(filled));
            seen += 1;
        }
    }
    assert!(seen > 100);
}

#[test]
fn every_shipped_policy_is_read_back() {
    for file in ["standard.yaml", "ablation.yaml"] {
        let plan = world::plan(file, 1, |id| id == "legal/control");
        assert!(!plan.experiment.policies.is_empty());
        for (_, policy) in &plan.experiment.policies {
            assert_eq!(guidance::read(&guidance::write(policy).unwrap()), *policy);
        }
    }
}
