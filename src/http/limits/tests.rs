use futures_util::poll;

use super::*;

fn limits(rates: &Rates) -> Limits {
    Limits::new(rates).expect("limits")
}

#[tokio::test]
async fn calls_begin_in_their_order_as_others_end() {
    let limits = limits(&Rates {
        concurrency: Some(2),
        ..Rates::default()
    });
    let (first, second) = (limits.admit(1, 1).await, limits.admit(1, 1).await);
    let third = limits.admit(1, 1);
    let fourth = limits.admit(1, 1);
    tokio::pin!(third, fourth);
    assert!(poll!(third.as_mut()).is_pending());
    assert!(poll!(fourth.as_mut()).is_pending());
    drop(first);
    assert!(poll!(fourth.as_mut()).is_pending(), "it is not its turn");
    let third = third.await;
    assert!(poll!(fourth.as_mut()).is_pending());
    drop((second, third));
    fourth.await;
}

#[tokio::test]
async fn a_call_that_is_given_up_while_it_waits_holds_up_nobody() {
    let limits = limits(&Rates {
        concurrency: Some(1),
        ..Rates::default()
    });
    let first = limits.admit(1, 1).await;
    {
        let second = limits.admit(1, 1);
        tokio::pin!(second);
        assert!(poll!(second).is_pending());
    }
    drop(first);
    limits.admit(1, 1).await;
}

#[tokio::test]
async fn tokens_that_were_not_taken_let_the_next_call_begin() {
    let limits = limits(&Rates {
        input_tokens_per_minute: Some(100),
        output_tokens_per_minute: Some(100),
        ..Rates::default()
    });
    let first = limits.admit(100, 90).await;
    let second = limits.admit(50, 10);
    tokio::pin!(second);
    assert!(poll!(second.as_mut()).is_pending());
    first.went_well(50, 90);
    let second = second.await;
    // A call that took all that it reserved gives nothing back.
    drop(second);
    let third = limits.admit(50, 0);
    tokio::pin!(third);
    assert!(poll!(third).is_pending());
}

#[tokio::test]
async fn requests_are_spread_over_the_minute() {
    let limits = limits(&Rates {
        requests_per_minute: Some(59),
        ..Rates::default()
    });
    drop(limits.admit(0, 0).await);
    let second = limits.admit(0, 0);
    tokio::pin!(second);
    assert!(poll!(second).is_pending());
}

#[tokio::test]
async fn a_pause_holds_for_every_call_and_a_shorter_one_does_not_end_it() {
    let limits = limits(&Rates::default());
    limits.pause(Duration::from_secs(500));
    limits.pause(Duration::from_millis(1));
    let until = limits.state().paused_until.expect("a pause");
    assert!(until > Instant::now() + Duration::from_secs(400));
    let call = limits.admit(0, 0);
    tokio::pin!(call);
    assert!(poll!(call).is_pending());
    let mut state = limits.state();
    assert!(state.ask(0, 0, until - Duration::from_nanos(1)).is_err());
    assert!(state.ask(0, 0, until).is_ok());
}

#[test]
fn a_limit_of_none_is_an_error() {
    let some = [
        Rates {
            requests_per_minute: Some(0),
            ..Rates::default()
        },
        Rates {
            input_tokens_per_minute: Some(0),
            ..Rates::default()
        },
        Rates {
            output_tokens_per_minute: Some(0),
            ..Rates::default()
        },
        Rates {
            concurrency: Some(0),
            ..Rates::default()
        },
    ];
    let errors: Vec<String> = some
        .iter()
        .map(|rates| Limits::new(rates).err().expect("an error").to_string())
        .collect();
    insta::assert_snapshot!(errors.join("\n"), @r"
    the limit `requests_per_minute` is 0, which lets no request through: leave it out for no limit
    the limit `input_tokens_per_minute` is 0, which lets no request through: leave it out for no limit
    the limit `output_tokens_per_minute` is 0, which lets no request through: leave it out for no limit
    the limit `concurrency` is 0, which lets no request through: leave it out for no limit
    ");
}
