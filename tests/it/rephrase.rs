//! The answer key against the phrasings of the shipped scenarios: people's own ways to say the same.

use dreamtrial::user::rephrase::AnswerKey;

use crate::world::plan;

/// Nine in ten pairs of phrasings of the same fact pass for each other, and those of different values never do.
#[test]
fn phrasings_of_one_fact_pass_and_of_another_value_do_not() {
    let plan = plan("standard.yaml", 1, |_| true);
    let (mut same, mut passed, mut other, mut slipped) = (0, 0, 0, Vec::new());
    for prepared in &plan.scenarios {
        let scenario = &prepared.scenario;
        let session = &scenario.sessions[0];
        for (number, fact) in scenario.facts.iter().enumerate() {
            let form = scenario
                .forms
                .iter()
                .find(|(_, form)| form.field(&fact.field).is_some());
            let Some((_, form)) = form else { continue };
            let key = AnswerKey::of(scenario, &session.brief, form);
            let says = &session.facts[number].says;
            for (one, two) in says.iter().zip(says.iter().skip(1)) {
                same += 1;
                passed += usize::from(key.difference(one, two).is_none());
            }
            for (stranger, others) in session.facts.iter().enumerate() {
                if others.value == session.facts[number].value
                    || scenario.facts[stranger].field != fact.field
                {
                    continue;
                }
                for words in &others.says {
                    other += 1;
                    if key.difference(&says[0], words).is_none() {
                        slipped.push((says[0].clone(), words.clone()));
                    }
                }
            }
        }
    }
    assert!(same > 100 && other > 50, "{same} {other}");
    assert!(slipped.is_empty(), "{slipped:?}");
    assert!(passed * 10 >= same * 9, "{passed} of {same}");
}
