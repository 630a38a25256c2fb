//! Figures of exchanges that the tests make up.

use std::time::UNIX_EPOCH;

use super::*;
use crate::attempts::Tried;
use crate::record::Served;

fn ended(model: &str, listed: bool, status: u16) -> Ended {
    Ended {
        at: UNIX_EPOCH,
        request_id: String::new(),
        served: Some(Served {
            provider: "p\"q".to_owned(),
            model: model.to_owned(),
            rule: "default".to_owned(),
            transformer: String::new(),
            streaming: true,
            listed,
            price: None,
        }),
        tried: vec![Tried {
            provider: "other".to_owned(),
            model: "one".to_owned(),
            status: 500,
            kind: "api_error",
        }],
        exhausted: false,
        status,
        error: None,
        ms: 15.0,
        first_token_ms: Some(3.0),
        held_ms: None,
        bytes: 1,
        usage: Some(Usage {
            input_tokens: 10,
            output_tokens: 2,
            cache_read_input_tokens: 5,
            ..Usage::default()
        }),
        tokens_per_s: Some(100.0),
        cost_usd: Some(0.5),
        guest: None,
    }
}

#[test]
fn exchanges_are_counted_by_provider_model_route_and_status() {
    let metrics = Metrics::default();
    for status in [200, 200, 429] {
        metrics.count(&ended("m", true, status));
    }
    let text = metrics.text(&Surroundings::default());
    let labels = |status: &str| {
        format!("{{provider=\"p\\\"q\",model=\"m\",route=\"default\",status=\"{status}\"")
    };
    let expected = [
        format!("transom_requests_total{}}} 2\n", labels("2xx")),
        format!("transom_requests_total{}}} 1\n", labels("4xx")),
        format!(
            "transom_tokens_total{},type=\"cache_read\"}} 10\n",
            labels("2xx")
        ),
        format!("transom_cost_usd_total{}}} 1\n", labels("2xx")),
        format!("transom_fallbacks_total{}}} 2\n", labels("2xx")),
        "le=\"0.01\"} 0\n".to_owned(),
        "le=\"0.02\"} 2\n".to_owned(),
        "# TYPE gen_ai_client_operation_duration_seconds histogram\n".to_owned(),
    ];
    for line in expected {
        assert!(text.contains(&line), "{line} in\n{text}");
    }
    let totals = metrics.totals();
    assert_eq!((totals.requests, totals.failed), (3, 1));
    assert_eq!(totals.usage.input_tokens, 30);
    assert!((totals.cost_usd - 1.5).abs() < 1e-6);
}

#[test]
fn made_up_models_do_not_make_series_without_end() {
    let metrics = Metrics::default();
    for number in 0..5000 {
        metrics.count(&ended(&format!("made-up-{number}"), false, 200));
    }
    metrics.count(&ended("listed", true, 200));
    assert!(metrics.all().len() <= MOST_UNLISTED + 2);
    let text = metrics.text(&Surroundings::default());
    assert!(text.contains("model=\"other\"") && text.contains("model=\"listed\""));
    assert_eq!(metrics.totals().requests, 5001);
}

#[test]
fn counts_of_many_threads_add_up() {
    let metrics = Arc::new(Metrics::default());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let metrics = metrics.clone();
            scope.spawn(move || {
                for number in 0..1000 {
                    metrics.count(&ended(&format!("m{}", (number + thread) % 7), true, 200));
                }
            });
        }
    });
    assert_eq!(metrics.totals().requests, 4000);
}

#[test]
fn only_what_was_asked_again_is_a_retry() {
    let attempts = |targets: &[&str], exhausted: bool| {
        let mut ended = ended("m", true, 200);
        ended.tried = targets
            .iter()
            .map(|provider| Tried {
                provider: (*provider).to_owned(),
                model: "m".to_owned(),
                status: 500,
                kind: "api_error",
            })
            .collect();
        ended.exhausted = exhausted;
        ended.repeated()
    };
    assert_eq!(attempts(&[], false), (0, 0));
    assert_eq!(attempts(&["p\"q"], false), (1, 0), "served at the second");
    assert_eq!(attempts(&["p\"q"], true), (0, 0), "the only attempt");
    assert_eq!(attempts(&["a", "a", "b"], false), (1, 2));
    assert_eq!(attempts(&["a", "a", "b"], true), (1, 1));
}
