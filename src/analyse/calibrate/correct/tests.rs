//! Corrections by hand.

use super::*;
use crate::analyse::calibrate::Judged;

/// One arm of two tasks in each of twelve scenarios, all labelled: the first `done` are done, and the
/// grader takes the next `wrong` for done as well.
fn tasks(arm: usize, done: usize, wrong: usize) -> (Tasks, BTreeMap<Unit, bool>) {
    let (mut tasks, mut truths) = (Tasks::default(), BTreeMap::new());
    for number in 0..24 {
        let unit = Unit {
            arm,
            scenario: number % 12,
            repetition: 1,
            session: 1,
            task: u32::from(number >= 12),
        };
        let truth = number < done;
        let judged = Judged {
            trial: number,
            graded: true,
            completed: truth || number - done < wrong,
        };
        tasks.0.insert(unit, judged);
        truths.insert(unit, truth);
    }
    (tasks, truths)
}

fn arms(sampled: bool) -> Arms {
    let (mut all, mut truths) = tasks(0, 6, 3);
    let (others, other_truths) = tasks(1, 20, 1);
    all.0.extend(others.0);
    truths.extend(other_truths);
    Arms::new(&all, &truths, sampled, 12).unwrap()
}

/// Base: 6 of 24 done, 3 of the 18 others taken for done, so 9 seen; specificity 15/18. Treatment: 20
/// done, 1 of 4 taken for done; specificity 3/4.
#[test]
fn errors_are_counted_by_arm() {
    let arms = arms(true);
    let base = arms.answer(0).unwrap();
    assert_eq!((base.sensitivity.met, base.sensitivity.of), (6, 6));
    assert_eq!((base.specificity.met, base.specificity.of), (15, 18));
    assert_eq!(base.seen, Some(9.0 / 24.0));
    let treat = arms.answer(1).unwrap();
    assert_eq!((treat.specificity.met, treat.specificity.of), (3, 4));
    assert_eq!(arms.pooled(), (Some(1.0), Some(18.0 / 22.0)));
}

/// With a label on every task, both ways give the truth: 6/24 and 20/24.
#[test]
fn labels_of_everything_give_the_truth() {
    for sampled in [true, false] {
        let arms = arms(sampled);
        let (base, treat) = (arms.answer(0).unwrap(), arms.answer(1).unwrap());
        assert!((base.corrected.unwrap() - 0.25).abs() < 1e-9, "{base:?}");
        assert!(
            (treat.corrected.unwrap() - 20.0 / 24.0).abs() < 1e-9,
            "{treat:?}"
        );
        let pair = arms.pair(&base, &treat).unwrap();
        assert!((pair.difference.unwrap() - 14.0 / 24.0).abs() < 1e-9);
        assert!((pair.ratio.unwrap() - 20.0 / 6.0).abs() < 1e-9);
        assert!((pair.seen_ratio.unwrap() - 21.0 / 9.0).abs() < 1e-12);
        assert_eq!(pair.scenarios, 12);
        if sampled {
            assert_eq!(pair.ranking, Ranking::Better);
        }
    }
}

#[test]
fn a_grader_like_a_coin_ranks_nothing() {
    // It takes all that is done for not done, and the reverse.
    let (mut all, truths) = tasks(0, 12, 0);
    for judged in all.0.values_mut() {
        judged.completed = !judged.completed;
    }
    let arms = Arms::new(&all, &truths, false, 12).unwrap();
    let answer = arms.answer(0).unwrap();
    assert_eq!(
        (answer.correction, answer.corrected),
        (Correction::None, None)
    );
    let pair = arms.pair(&answer, &answer).unwrap();
    assert_eq!(pair.ranking, Ranking::GraderLikeACoin);
}

#[test]
fn what_was_not_handed_in_is_not_done() {
    let (mut all, truths) = tasks(0, 24, 0);
    let unit = Unit {
        arm: 0,
        scenario: 0,
        repetition: 2,
        session: 1,
        task: 0,
    };
    let empty = Judged {
        trial: 99,
        graded: false,
        completed: false,
    };
    all.0.insert(unit, empty);
    let arms = Arms::new(&all, &truths, true, 12).unwrap();
    let answer = arms.answer(0).unwrap();
    assert_eq!(answer.seen, Some(24.0 / 25.0));
    assert!((answer.corrected.unwrap() - 24.0 / 25.0).abs() < 1e-12);
}
