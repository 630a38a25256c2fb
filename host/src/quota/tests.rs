use super::*;
use crate::config::Config;
use http::{HeaderMap, StatusCode};

fn config() -> Config {
    let text = "{ providers: [
        { name: 'one', base_url: 'http://a.example/v1', transformer: 'openai', api_key: 'k0' },
        { name: 'two', base_url: 'http://b.example/v1', transformer: 'openai', api_key: ['k1', 'k2'] },
    ] }";
    Config::parse(text, None, &|_| None).unwrap().config
}

fn ask(provider: &Provider, hold: Duration) -> Ask<'_> {
    Ask {
        provider,
        model: "m",
        input: 100,
        output: Some(900),
        hold,
        has_other: false,
        place: Quota::default().place(false),
    }
}

const HOLD: Duration = Duration::from_millis(300);

/// Headers as Cerebras has them.
fn left(tokens: u64, reset_s: f64) -> HeaderMap {
    let pairs = [
        ("x-ratelimit-limit-tokens-minute", "10000".to_owned()),
        ("x-ratelimit-remaining-tokens-minute", tokens.to_string()),
        ("x-ratelimit-reset-tokens-minute", reset_s.to_string()),
    ];
    let pairs = pairs.iter();
    let map = pairs.map(|(name, value)| {
        let name = http::HeaderName::from_static(name);
        (name, value.parse().unwrap())
    });
    map.collect()
}

async fn answered(quota: &Quota, ask: &Ask<'_>, headers: &HeaderMap) {
    let mut lease = quota.admit(ask).await.unwrap();
    lease.answered(StatusCode::OK, headers);
}

fn limited(retry_after_ms: Option<u64>) -> ApiError {
    ApiError {
        retry_after_ms,
        ..ApiError::new("rate_limit_error", "slow down")
    }
}

fn key_of(lease: &Lease) -> &str {
    lease.key().unwrap().expose()
}

#[tokio::test]
async fn a_request_that_does_not_fit_waits_for_the_renewal() {
    let (quota, config) = (Quota::default(), config());
    let ask = ask(&config.providers[0], HOLD);
    answered(&quota, &ask, &left(999, 0.2)).await;
    let line = quota.line("one", "m");
    assert!(line.take(&ask, false).is_err(), "999 are left");
    let _first = quota.admit(&ask).await.unwrap();
    assert!(line.take(&ask, false).is_ok(), "all of it is there again");
}

#[tokio::test]
async fn one_that_would_wait_too_long_asks_the_provider() {
    let (quota, config) = (Quota::default(), config());
    let ask = ask(&config.providers[0], HOLD);
    answered(&quota, &ask, &left(999, 3600.0)).await;
    drop(quota.admit(&ask).await.unwrap());
    let line = quota.line("one", "m");
    assert!(line.take(&ask, false).is_err(), "it does not fit");
}

#[tokio::test]
async fn requests_whose_answers_have_not_begun_count() {
    let (quota, config) = (Quota::default(), config());
    let ask = ask(&config.providers[0], HOLD);
    answered(&quota, &ask, &left(2500, 3600.0)).await;
    let line = quota.line("one", "m");
    let two = [
        line.take(&ask, false).unwrap(),
        line.take(&ask, false).unwrap(),
    ];
    assert!(line.take(&ask, false).is_err(), "500 are left");
    drop(two);
    assert!(line.take(&ask, false).is_ok(), "2500 are left");
}

#[tokio::test]
async fn those_who_wait_go_in_the_order_in_which_they_came() {
    let (quota, config) = (Quota::default(), config());
    let ask = ask(&config.providers[0], HOLD);
    answered(&quota, &ask, &left(0, 0.1)).await;
    let order = Mutex::new(Vec::new());
    let one = async |number: u64| {
        let ask = Ask {
            place: quota.place(false),
            ..ask
        };
        let mut lease = quota.admit(&ask).await.unwrap();
        order.lock().unwrap().push(number);
        lease.answered(
            StatusCode::OK,
            &left(if number < 3 { 0 } else { 5000 }, 0.05),
        );
    };
    tokio::join!(one(1), one(2), one(3), one(4));
    assert_eq!(*order.lock().unwrap(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn who_goes_on_with_a_task_goes_before_those_who_begin_one() {
    let (quota, config) = (Quota::default(), config());
    let ask = ask(&config.providers[0], HOLD);
    answered(&quota, &ask, &left(0, 0.1)).await;
    let order = Mutex::new(Vec::new());
    let one = async |goes_on, name: &'static str| {
        let place = quota.place(goes_on);
        let mut lease = quota.admit(&Ask { place, ..ask }).await.unwrap();
        order.lock().unwrap().push(name);
        lease.answered(StatusCode::OK, &left(0, 0.05));
    };
    tokio::join!(
        one(false, "first"),
        one(false, "second"),
        one(true, "goes on"),
        one(true, "goes on later"),
    );
    let expected = ["goes on", "goes on later", "first", "second"];
    assert_eq!(*order.lock().unwrap(), expected);
}

#[test]
fn who_waited_long_is_overtaken_no_more() {
    let now = Instant::now();
    let place = |number, after, goes_on| Place::new(number, now + after, goes_on).rank;
    let begins = place(1, Duration::ZERO, false);
    let soon = place(2, HEAD_START / 2, true);
    let late = place(3, HEAD_START * 2, true);
    assert!(soon < begins && begins < late);
}

#[tokio::test]
async fn one_that_leaves_the_line_holds_up_nobody() {
    let (quota, config) = (Quota::default(), config());
    let ask = ask(&config.providers[0], HOLD);
    answered(&quota, &ask, &left(0, 0.1)).await;
    let leaving = tokio::time::timeout(Duration::from_millis(10), quota.admit(&ask));
    assert!(leaving.await.is_err());
    assert_eq!(quota.status(&config.providers[0])["held"], 0);
    drop(quota.admit(&ask).await.unwrap());
}

#[tokio::test]
async fn keys_take_turns_and_a_limited_one_rests() {
    let (quota, config) = (Quota::default(), config());
    let ask = ask(&config.providers[1], HOLD);
    let first = quota.admit(&ask).await.unwrap();
    let second = quota.admit(&ask).await.unwrap();
    assert_eq!((key_of(&first), key_of(&second)), ("k1", "k2"));
    first.failed(limited(Some(60_000)), false);
    drop((first, second));
    for _ in 0..3 {
        let next = quota.admit(&ask).await.unwrap();
        assert_eq!(key_of(&next), "k2");
    }
    assert!(quota.has_open_key(ask.provider, "m"));
    let status = quota.status(ask.provider);
    assert_eq!(
        (&status["keys"], &status["rested_keys"]),
        (&json!(2), &json!(1))
    );
    assert!(!status.to_string().contains("k1"), "{status}");
}

#[tokio::test]
async fn a_provider_whose_keys_all_rest_is_left_out_where_another_is_left() {
    let (quota, config) = (Quota::default(), config());
    let ask = ask(&config.providers[1], HOLD);
    for ms in [60_000, 90_000] {
        let lease = quota.admit(&ask).await.unwrap();
        lease.failed(limited(Some(ms)), false);
    }
    let with_other = Ask {
        has_other: true,
        ..ask
    };
    let told = quota.admit(&with_other).await.unwrap_err();
    assert_eq!((told.status, told.message.as_str()), (429, "slow down"));
    let advised = told.retry_after_ms.unwrap();
    assert!((50_000..=60_000).contains(&advised), "{advised}");
    assert!(quota.admit(&ask).await.is_ok(), "else it is asked");
}

#[tokio::test]
async fn a_limited_account_is_tried_by_one_request_at_a_time_afterwards() {
    let (quota, config) = (Quota::default(), config());
    let ask = ask(&config.providers[0], HOLD);
    let lease = quota.admit(&ask).await.unwrap();
    lease.failed(limited(Some(50)), true);
    drop(lease);
    let mut first = quota.admit(&ask).await.unwrap();
    let line = quota.line("one", "m");
    assert!(line.take(&ask, false).is_err(), "one is unanswered");
    first.answered(StatusCode::OK, &HeaderMap::new());
    assert!(line.take(&ask, false).is_ok());
}

#[tokio::test]
async fn the_renewal_is_told_where_the_provider_does_not_say_when_to_come_back() {
    let (quota, config) = (Quota::default(), config());
    let ask = ask(&config.providers[0], HOLD);
    let mut lease = quota.admit(&ask).await.unwrap();
    lease.answered(StatusCode::TOO_MANY_REQUESTS, &left(10, 40.0));
    let told = lease.failed(limited(None), true).retry_after_ms.unwrap();
    assert!((39_000..=40_000).contains(&told), "{told}");
    let last = ApiError {
        should_retry: Some(false),
        ..limited(None)
    };
    assert_eq!(lease.failed(last.clone(), true), last);
}

#[tokio::test]
async fn without_pacing_nothing_waits() {
    let (quota, config) = (Quota::default(), config());
    let ask = ask(&config.providers[0], Duration::ZERO);
    answered(&quota, &ask, &left(0, 3600.0)).await;
    let leases = [quota.admit(&ask).await, quota.admit(&ask).await];
    assert!(leases.iter().all(Result::is_ok));
}

#[tokio::test]
async fn what_the_transformer_lets_a_request_ask_for_is_learnt() {
    let (quota, config) = (Quota::default(), config());
    let ask = Ask {
        output: Some(32_000),
        ..ask(&config.providers[0], HOLD)
    };
    answered(&quota, &ask, &left(5000, 3600.0)).await;
    let line = quota.line("one", "m");
    assert!(line.take(&ask, false).is_err(), "32000 do not fit");
    let lease = quota.admit(&ask).await.unwrap();
    assert!(lease.counts_tokens());
    let sent = bytes::Bytes::from_static(b"{\"max_completion_tokens\":4000,\"messages\":[]}");
    lease.asked(ask.output, output_asked(&[sent]));
    drop(lease);
    assert!(line.take(&ask, false).is_ok(), "4000 do");
}

#[tokio::test]
async fn refusals_without_advice_make_the_account_rest_for_longer_and_longer_until_a_success() {
    let (quota, config) = (Quota::default(), config());
    let ask = ask(&config.providers[0], Duration::from_secs(5));
    let line = quota.line("one", "m");
    let burst = [(); 3].map(|()| line.take(&ask, true).unwrap());
    let rest = || quota.status(ask.provider)["accounts"][0]["rests_for_s"].as_f64();
    for lease in burst {
        lease.failed(limited(None), true);
        assert_eq!(rest(), Some(0.5), "they were sent together");
    }
    let again = async |seconds| {
        tokio::time::sleep(Duration::from_millis(1)).await;
        line.take(&ask, true).unwrap().failed(limited(None), true);
        assert_eq!(rest(), Some(seconds));
    };
    again(1.0).await;
    again(1.0).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    let mut good = line.take(&ask, true).unwrap();
    good.answered(StatusCode::OK, &HeaderMap::new());
    assert_eq!(rest(), None);
    tokio::time::sleep(Duration::from_millis(1)).await;
    again(0.5).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    let mut inside = line.take(&ask, true).unwrap();
    inside.answered(StatusCode::OK, &HeaderMap::new());
    inside.failed(limited(None), true);
    assert_eq!(rest(), Some(1.0), "an error inside a 200 is no success");
}

#[tokio::test]
async fn a_limited_request_is_taken_back_as_long_as_there_is_hope() {
    let (quota, config) = (Quota::default(), config());
    let mut ask = ask(&config.providers[0], HOLD);
    let line = quota.line("one", "m");
    let refuse = |ms| line.take(&ask, true).unwrap().failed(limited(ms), true);
    refuse(None);
    assert!(quota.takes_back(&ask), "it just came");
    ask.place.since = Instant::now().checked_sub(HOLD).unwrap();
    assert!(!quota.takes_back(&ask), "nobody was answered yet");
    let mut good = line.take(&ask, true).unwrap();
    assert!(quota.takes_back(&ask), "somebody may be");
    good.answered(StatusCode::OK, &HeaderMap::new());
    assert!(quota.takes_back(&ask), "somebody was");
    let with_other = Ask {
        has_other: true,
        ..ask
    };
    assert!(!quota.takes_back(&with_other), "another target is left");
    let unpaced = Ask {
        hold: Duration::ZERO,
        ..ask
    };
    assert!(!quota.takes_back(&unpaced), "pacing is off");
    tokio::time::sleep(Duration::from_millis(1)).await;
    line.take(&ask, true)
        .unwrap()
        .failed(limited(Some(60_000)), true);
    assert!(
        !quota.takes_back(&ask),
        "it says when, and that is too late"
    );
}

#[tokio::test]
async fn who_was_refused_has_the_place_again_that_it_had() {
    let (quota, config) = (Quota::default(), config());
    let ask = ask(&config.providers[0], HOLD);
    let (early, late) = (quota.place(false), quota.place(false));
    answered(&quota, &ask, &left(0, 0.1)).await;
    let order = Mutex::new(Vec::new());
    let one = async |place, name: &'static str| {
        let mut lease = quota.admit(&Ask { place, ..ask }).await.unwrap();
        order.lock().unwrap().push(name);
        lease.answered(StatusCode::OK, &left(5000, 60.0));
    };
    tokio::join!(one(late, "late"), one(early, "early"));
    assert_eq!(*order.lock().unwrap(), ["early", "late"]);
}

#[tokio::test]
async fn a_request_that_every_key_is_forbidden_makes_none_of_them_rest() {
    let (quota, config) = (Quota::default(), config());
    let ask = ask(&config.providers[1], HOLD);
    let forbidden = || ApiError::new("permission_error", "flagged");
    let (first, second) = (
        quota.admit(&ask).await.unwrap(),
        quota.admit(&ask).await.unwrap(),
    );
    first.failed(forbidden(), false);
    assert_eq!(quota.status(ask.provider)["rested_keys"], 1);
    second.failed(forbidden(), false);
    assert_eq!(quota.status(ask.provider)["rested_keys"], 0);
}
