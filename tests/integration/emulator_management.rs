//! The management address of the emulator.

use crate::emulator_client::{Answer, Bench, HOST, bench};

const CONNECT_NS: &str = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect";

async fn get(bench: &Bench, path: &str, token: &str) -> Answer {
    let headers = [("Authorization", token), ("X-PROCESS-AT", "ServiceBus")];
    bench.http("GET", &format!("/{path}?api-version=2016-07"), &headers, b"").await
}

#[tokio::test]
async fn a_hybrid_connection_is_an_atom_entry() {
    let bench = bench().await;
    let _listener = bench.listen().await;
    let metadata = r#"[{"key":"endpoint","value":"a&b<c>:1"}]"#;
    bench.emulator.set_user_metadata("contoso", "hc", Some(metadata.to_owned())).unwrap();
    for rule in ["defaultListener", "defaultSender"] {
        let answer = get(&bench, "hc", &bench.token(rule)).await;
        assert_eq!(answer.status(), 200);
        assert!(answer.header("content-type").unwrap().contains("type=entry"));
        assert!(answer.header("date").is_some());
        let document = roxmltree::Document::parse(&answer.body).unwrap();
        let text = |name: &str| {
            let is_it = |node: &roxmltree::Node<'_, '_>| node.has_tag_name((CONNECT_NS, name));
            document.descendants().find(is_it).and_then(|node| node.text()).unwrap()
        };
        assert!(document.root_element().has_tag_name(("http://www.w3.org/2005/Atom", "entry")));
        assert_eq!(text("UserMetadata"), metadata);
        assert_eq!(text("ListenerCount"), "1");
        assert_eq!(text("RequiresClientAuthorization"), "true");
        let created: jiff::Timestamp = text("CreatedAt").parse().unwrap();
        let updated: jiff::Timestamp = text("UpdatedAt").parse().unwrap();
        assert!(created <= updated);
    }
}

#[tokio::test]
async fn without_metadata_there_is_no_such_element() {
    let bench = bench().await;
    bench.emulator.set_user_metadata("contoso", "hc", None).unwrap();
    let answer = get(&bench, "hc", &bench.token("defaultListener")).await;
    assert!(answer.status() == 200 && !answer.body.contains("UserMetadata"));
}

#[tokio::test]
async fn what_does_not_exist_is_a_feed() {
    let bench = bench().await;
    let token = bench.token("defaultListener");
    bench.emulator.remove_hybrid_connection("contoso", "hc").unwrap();
    for (path, token) in [("hc", token.as_str())] {
        let answer = get(&bench, path, token).await;
        assert_eq!(answer.status(), 200);
        assert!(answer.header("content-type").unwrap().contains("type=feed"));
        assert!(answer.body.starts_with("<feed"));
    }
    let root = bench.http("GET", "/", &[], b"").await;
    assert!(root.status() == 200 && root.header("content-type").unwrap().contains("type=feed"));
}

#[tokio::test]
async fn a_refusal_is_an_error_document() {
    let bench = bench().await;
    let answer = get(&bench, "hc", "").await;
    assert_eq!(answer.status(), 401);
    let document = roxmltree::Document::parse(&answer.body).unwrap();
    let texts: Vec<&str> = document.root_element().children().filter_map(|c| c.text()).collect();
    assert_eq!(texts[0], "401");
    assert!(texts[1].starts_with("RelaySecurityTokenRequired. TrackingId:"), "{texts:?}");
    assert!(texts[1].contains(&format!("SystemTracker:sb://{HOST}/hc")));
}
