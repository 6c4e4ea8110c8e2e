//! Control channels of the emulator.

use crate::emulator_client::{HOST, bench, make_token, now};

#[tokio::test]
async fn a_listener_is_counted_until_it_goes() {
    let bench = bench().await;
    let listener = bench.listen().await;
    bench.emulator.wait_for_listeners("contoso", "hc", 1).await.unwrap();
    drop(listener);
    bench.emulator.wait_for_listeners("contoso", "hc", 0).await.unwrap();
}

#[tokio::test]
async fn a_key_that_does_not_fit_is_refused_in_the_services_words() {
    let bench = bench().await;
    let token = make_token(&format!("http://{HOST}/hc/"), "defaultListener", "wrong", now() + 60);
    let answer = bench.listen_with(&token).await.unwrap_err();
    assert_eq!(answer.status(), 401);
    assert!(answer.reason().starts_with("The token has an invalid signature. TrackingId:lst_G"));
    assert!(answer.reason().contains(&format!(", SystemTracker:sb://{HOST}/hc, Timestamp:")));
    assert!(answer.header("TrackingId").unwrap().starts_with("lst_G"));
    assert!(answer.header("Date").is_some());
}
