use super::*;

const NOW: Duration = Duration::ZERO;

fn config(more: &str) -> Config {
    let text = format!(
        "{{ providers: [
            {{ name: 'a', base_url: 'http://a.example/v1', transformer: 'openai', api_key: ['k1', 'k2'] }},
            {{ name: 'b', base_url: 'http://b.example/v1', transformer: 'openai' }},
        ], router: {{ default: 'a,m', fallback: {{ default: ['a,m', 'b,n', 'b,n'] }} }}, {more} }}"
    );
    Config::parse(&text, None, &|_| None).unwrap().config
}

fn without_fallback() -> Config {
    let mut config = config("");
    config.router.fallback.clear();
    config
}

fn choice(config: &Config) -> Choice<'_> {
    let lists = &config.router.fallback;
    Choice {
        provider: &config.providers[0],
        model: "m".to_owned(),
        rule: "explicit".into(),
        fallback: lists.get("default").map(Vec::as_slice).unwrap_or_default(),
        set: Vec::new(),
    }
}

fn error(status: u16) -> ApiError {
    ApiError::from_status(status, format!("words of {status}"))
}

/// What follows failures that come after so much time each.
fn follow(attempts: &mut Attempts<'_>, error: &ApiError, after: Duration) -> Next {
    let began = attempts.failed_at.unwrap_or_else(Instant::now);
    attempts.after(error.clone(), Offer::default(), began + after, 0.5)
}

#[test]
fn two_retries_then_the_next_target_then_the_first_error_with_what_was_tried() {
    let config = config("");
    let chosen = choice(&config);
    let mut attempts = Attempts::new(&config, &chosen);
    let (first, second) = (error(529), error(500));
    let waits = [0, 1].map(|_| follow(&mut attempts, &first, NOW));
    assert_eq!(waits[0], Next::Again(Duration::from_micros(112_500)));
    assert_eq!(waits[1], Next::Again(Duration::from_millis(225)));
    assert_eq!(follow(&mut attempts, &first, NOW), Next::Other);
    assert_eq!(
        (attempts.provider.name.as_str(), attempts.model),
        ("b", "n")
    );
    let Next::Over(told) = follow(&mut attempts, &second, NOW) else {
        panic!("no retry is left, and no target");
    };
    assert_eq!((told.status, told.kind), (529, "overloaded_error"));
    assert_eq!(
        told.message,
        "words of 529 (also tried: b,n: 500 api_error)"
    );
    assert_eq!(attempts.tried().len(), 4);
}

#[test]
fn what_is_wrong_with_the_request_is_told_at_once() {
    let config = config("");
    for status in [400, 404, 409, 413, 422] {
        let told = follow(
            &mut Attempts::new(&config, &choice(&config)),
            &error(status),
            NOW,
        );
        assert_eq!(told, Next::Over(error(status)), "{status}");
    }
    for words in OVERFLOW {
        let mut long = error(500);
        long.message = format!("{words}: 9 > 8");
        let told = follow(&mut Attempts::new(&config, &choice(&config)), &long, NOW);
        assert_eq!(told, Next::Over(long), "{words}");
    }
}

#[test]
fn a_model_that_is_gone_is_a_matter_for_the_next_target() {
    let config = config("");
    let mut gone = error(404);
    gone.message = "The model `m` does not exist or you do not have access to it.".to_owned();
    let chosen = choice(&config);
    let next = follow(&mut Attempts::new(&config, &chosen), &gone, NOW);
    assert_eq!(next, Next::Other);
    let alone = without_fallback();
    let chosen = choice(&alone);
    let told = follow(&mut Attempts::new(&alone, &chosen), &gone, NOW);
    assert_eq!(told, Next::Over(gone));
}

#[test]
fn a_refused_key_is_a_matter_for_the_next_key_and_then_for_the_next_target() {
    let config = config("");
    for status in [401, 402, 403] {
        let chosen = choice(&config);
        let mut attempts = Attempts::new(&config, &chosen);
        let offer = Offer {
            other_key: true,
            line: false,
        };
        let at_once = attempts.after(error(status), offer, Instant::now(), 1.0);
        assert_eq!(at_once, Next::Again(Duration::ZERO), "{status}");
        let both = attempts.after(error(status), offer, Instant::now(), 1.0);
        assert_eq!(both, Next::Other, "{status}: there are two keys, not three");
    }
    let alone = without_fallback();
    let told = follow(
        &mut Attempts::new(&alone, &choice(&alone)),
        &error(401),
        NOW,
    );
    assert_eq!(told, Next::Over(error(401)));
}

#[test]
fn advice_is_followed_up_to_the_longest_wait() {
    let config = without_fallback();
    let advised = |ms| ApiError {
        retry_after_ms: Some(ms),
        ..error(429)
    };
    let short = follow(
        &mut Attempts::new(&config, &choice(&config)),
        &advised(5000),
        NOW,
    );
    assert_eq!(short, Next::Again(Duration::from_millis(5050)));
    let long = follow(
        &mut Attempts::new(&config, &choice(&config)),
        &advised(5001),
        NOW,
    );
    assert_eq!(long, Next::Over(advised(5001)));
    let never = ApiError {
        should_retry: Some(false),
        ..error(500)
    };
    let told = follow(&mut Attempts::new(&config, &choice(&config)), &never, NOW);
    assert_eq!(told, Next::Over(never));
}

#[test]
fn no_retry_begins_later_than_it_may_and_time_in_line_does_not_count() {
    let config = without_fallback();
    let late = Duration::from_secs(10);
    let chosen = choice(&config);
    let mut attempts = Attempts::new(&config, &chosen);
    follow(&mut attempts, &error(503), NOW);
    attempts.held(late);
    let again = follow(&mut attempts, &error(503), Duration::ZERO);
    assert!(matches!(again, Next::Again(_)), "{again:?}");
    let chosen = choice(&config);
    let mut attempts = Attempts::new(&config, &chosen);
    follow(&mut attempts, &error(503), NOW);
    let told = follow(&mut attempts, &error(503), late);
    assert!(matches!(told, Next::Over(_)), "{told:?}");
}

#[test]
fn a_connection_that_died_is_replaced_at_once_and_nobody_waits_for_a_port_that_is_closed() {
    let (config, alone) = (config(""), without_fallback());
    let dropped = error(502).of(Trouble::Dropped);
    let at_once = follow(&mut Attempts::new(&config, &choice(&config)), &dropped, NOW);
    assert_eq!(at_once, Next::Again(Duration::ZERO));
    let closed = error(502).of(Trouble::Unreachable);
    assert_eq!(
        follow(&mut Attempts::new(&config, &choice(&config)), &closed, NOW),
        Next::Other
    );
    let again = follow(&mut Attempts::new(&alone, &choice(&alone)), &closed, NOW);
    assert!(matches!(again, Next::Again(_)), "{again:?}");
    let silent = error(504).of(Trouble::Silent);
    assert_eq!(
        follow(&mut Attempts::new(&config, &choice(&config)), &silent, NOW),
        Next::Other
    );
    let own = error(500).of(Trouble::Lasting);
    assert_eq!(
        follow(&mut Attempts::new(&alone, &choice(&alone)), &own, NOW),
        Next::Over(own)
    );
}

#[test]
fn retries_can_be_switched_off() {
    let config = config("retries: { attempts: 0 }");
    let next = follow(
        &mut Attempts::new(&config, &choice(&config)),
        &error(500),
        NOW,
    );
    assert_eq!(next, Next::Other);
}

const IN_LINE: Offer = Offer {
    other_key: false,
    line: true,
};

#[test]
fn a_limited_request_waits_in_its_line_as_often_as_it_may_and_with_another_target_no_more_often_than_others()
 {
    let (config, alone) = (config(""), without_fallback());
    let chosen = choice(&alone);
    let mut attempts = Attempts::new(&alone, &chosen);
    for _ in 0..20 {
        let next = attempts.after(error(429), IN_LINE, Instant::now(), 0.5);
        assert_eq!(next, Next::Again(NOW));
    }
    let told = attempts.after(error(429), Offer::default(), Instant::now(), 0.5);
    assert_eq!(
        told,
        Next::Over(error(429)),
        "the line is over, and so are retries"
    );
    let once = Tried {
        provider: "a".to_owned(),
        model: "m".to_owned(),
        status: 429,
        kind: "rate_limit_error",
    };
    assert_eq!(shown(attempts.tried()), format!("{once} (21 times)"));
    let chosen = choice(&config);
    let mut attempts = Attempts::new(&config, &chosen);
    let nexts = [(); 3].map(|()| attempts.after(error(429), IN_LINE, Instant::now(), 0.5));
    assert_eq!(nexts, [Next::Again(NOW), Next::Again(NOW), Next::Other]);
}

#[test]
fn a_request_that_no_minute_takes_is_not_held() {
    let alone = without_fallback();
    let mut large = error(429);
    large.message = "Request too large for gpt-4o: Limit 30000, Requested 50000".to_owned();
    let chosen = choice(&alone);
    let told = Attempts::new(&alone, &chosen).after(large.clone(), IN_LINE, Instant::now(), 0.5);
    assert_eq!(told, Next::Over(large));
}
