//! What the real `hcm` finds out by itself: the hosts of a namespace, and whether something
//! answers. Against real sockets and the emulator.

use serde_json::json;
use tokio::net::TcpListener;

use crate::bed::{Bed, NAME, NAMESPACE};
use crate::cli_support::{Home, Ran, hcm_in};
use crate::proxy::{Manner, Proxy};

async fn hcm(bed: &Bed, arguments: &[&str]) -> Ran {
    Ran::of(hcm_in(bed.host.home.path(), arguments).spawn().unwrap()).await
}

#[tokio::test]
async fn an_endpoint_is_tried_without_a_service() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // `localhost` has two families, of which one answers.
    let target = format!("localhost:{port}");
    let ran = home.hcm(&["test", &target]).await;
    ran.expect(0);
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines.len(), 4, "{ran:?}");
    assert!(lines[0].starts_with("  DNS ") && lines[0].contains("localhost: 127.0.0.1"));
    let answers = format!("127.0.0.1:{port} answers");
    assert!(lines[1..3].iter().any(|line| line.ends_with(&answers)), "{ran:?}");
    assert!(lines[3].starts_with(&format!("Connection to {target} successful, in ")), "{ran:?}");

    let ran = home.hcm(&["test", &target, "-o", "json"]).await;
    let told = ran.expect(0).json();
    assert_eq!((&told["Target"], &told["Answers"]), (&json!(target), &json!(true)));
    assert_eq!(told["Steps"][0]["Step"], "dns");
    assert_eq!(told["Steps"].as_array().unwrap().len(), 3);

    drop(listener);
    let target = format!("127.0.0.1:{port}");
    let ran = home.hcm(&["test", &target]).await;
    ran.expect(7);
    let fault = format!("The endpoint refused the connection: {target} refused the connection");
    assert!(ran.out.trim_end().ends_with(&fault), "{ran:?}");
    assert!(ran.err.contains("Tried by hcm, with your account"), "{ran:?}");
    assert!(ran.err.contains("Check that the program is running"), "{ran:?}");
    let ran = home.hcm(&["test", &target, "-o", "json"]).await;
    let told = ran.expect(7).json();
    assert_eq!(told["Fault"]["Code"], "endpoint-refused");
    assert_eq!(ran.errors()[0]["code"], "endpoint-refused");
}

#[tokio::test]
async fn what_is_neither_an_endpoint_nor_a_namespace_is_refused() {
    let home = Home::new();
    for (target, words) in [
        ("sql01.corp", "has no port"),
        ("sql01.corp:99999", "is not a number from 1 to 65535"),
        ("http://sql01.corp:80", "address of a page"),
    ] {
        let ran = home.hcm(&["test", target]).await;
        ran.expect(2);
        assert!(ran.err.contains(words), "{target}: {ran:?}");
    }
    let ran = home.hcm(&["firewall", "contoso", "--stamp", "nonsense"]).await;
    assert!(ran.expect(2).err.contains("is no stamp of Azure"), "{ran:?}");
    let ran = home.hcm(&["firewall", "contoso", "--format", "csv", "-o", "json"]).await;
    ran.expect(2);
    let ran = home.hcm(&["firewall", "contoso/sql"]).await;
    assert!(ran.expect(3).err.contains("the service does not run"), "{ran:?}");
}

#[tokio::test]
async fn a_namespace_is_tried_with_the_ca_of_the_service() {
    let bed = Bed::connected().await;
    let host = format!("{NAMESPACE}.servicebus.localhost:{}", bed.emulator.port());
    let ran = hcm(&bed, &["test", NAMESPACE]).await;
    ran.expect(0);
    for part in ["  DNS ", "  TCP ", "TLS 1.3, signed by ", "answers 200 OK"] {
        assert!(ran.out.contains(part), "{part}: {ran:?}");
    }
    assert!(ran.out.contains(&format!("Connection to {host} successful, in ")), "{ran:?}");
    let told = hcm(&bed, &["test", &host, "-o", "json"]).await.expect(0).json();
    let steps = told["Steps"].as_array().unwrap();
    let http = steps.last().unwrap();
    assert_eq!((&http["Step"], &http["HttpStatus"]), (&json!("http"), &json!(200)));
    assert!(http["ClockAheadSeconds"].as_i64().unwrap().abs() < 30);

    // Without the service nobody says whom else to trust.
    let ran = Home::new().hcm(&["test", &host]).await;
    ran.expect(14);
    assert!(ran.err.contains("signed by "), "{ran:?}");
    let away = bed.azure_goes_down().await;
    let ran = Ran::of(hcm_in(away.host.home.path(), &["test", &host]).spawn().unwrap()).await;
    assert!(ran.expect(14).err.contains("refused the connection"), "{ran:?}");
    away.host.stop().await;
}

#[tokio::test]
async fn a_namespace_is_tried_through_the_proxy_of_the_service() {
    let proxy = Proxy::start(Manner::Open).await;
    let mut bed = Bed::connected().await;
    bed.host.set("network.proxy", &format!("http://{}", proxy.address)).await;
    let before = proxy.asked().len();
    let ran = hcm(&bed, &["test", NAMESPACE]).await;
    ran.expect(0);
    let opened = format!("the proxy opens the way: http://{}, from ", proxy.address);
    assert!(ran.out.contains(&opened), "{ran:?}");
    assert!(ran.out.contains("answers 200 OK") && !ran.out.contains("  TCP "), "{ran:?}");
    assert!(proxy.asked().len() > before);
    let told = hcm(&bed, &["test", NAMESPACE, "-o", "json"]).await.expect(0).json();
    let steps = told["Steps"].as_array().unwrap();
    let names: Vec<_> = steps.iter().map(|step| step["Step"].as_str().unwrap()).collect();
    assert_eq!(names, ["dns", "proxy", "tls", "http"]);
    assert!(steps[1]["Proxy"].as_str().unwrap().starts_with("http://127.0.0.1:"));

    let list = hcm(&bed, &["firewall", NAMESPACE, "--stamp", "am3-010"]).await;
    let remark = format!("leads through a proxy (http://{}, from ", proxy.address);
    assert!(list.expect(0).out.contains(&remark), "{list:?}");

    proxy.behave(Manner::OpenFor("me:secret".to_owned()));
    let ran = hcm(&bed, &["test", NAMESPACE]).await;
    assert!(ran.expect(14).err.contains("wants a user and a password"), "{ran:?}");
    bed.end().await;
}

#[tokio::test]
async fn a_firewall_list_is_made_of_a_stamp() {
    let bed = Bed::connected().await;
    // Names below localhost lead to this machine, and tell no stamp.
    let connection = format!("{NAMESPACE}/{NAME}");
    let ran = hcm(&bed, &["firewall", &connection]).await;
    ran.expect(14);
    assert!(ran.out.contains("Allow *.servicebus.localhost"), "{ran:?}");
    assert!(ran.err.contains("give it: --stamp"), "{ran:?}");

    let csv = ["firewall", &connection, "--stamp", "am3-010", "--format", "csv"];
    let ran = hcm(&bed, &csv).await;
    ran.expect(0);
    let rows: Vec<_> = ran.out.lines().collect();
    let port = bed.emulator.port();
    assert_eq!(rows.len(), 1 + 2 * 257);
    assert_eq!(
        rows[rows.len() - 1],
        format!("gv127-prod-am3-010-sb.servicebus.localhost,gateway,TCP,{port},::1,resolved")
    );
    let nft = ["firewall", NAMESPACE, "--stamp", "am3-010", "--format", "nftables", "-q"];
    let ran = hcm(&bed, &nft).await;
    ran.expect(0);
    assert!(ran.out.contains("add element inet filter hcm_contoso_v4 {\n    127.0.0.1\n}\n"));
    assert_eq!(ran.err, "");

    // The service is not needed for a namespace.
    let host = "contoso.servicebus.localhost";
    let ran = Home::new().hcm(&["firewall", host, "--stamp", "am3-010", "-o", "json"]).await;
    let told = ran.expect(0).json();
    assert_eq!((&told["Stamp"], &told["Home"]), (&json!("prod-am3-010"), &json!("stamp")));
    assert_eq!(told["Ports"], json!([{ "From": 443, "To": 443 }]));
    let hosts = told["Hosts"].as_array().unwrap();
    assert_eq!((hosts.len(), &hosts[0]["Kind"]), (257, &json!("namespace")));
    assert_eq!(hosts[256]["Addresses"], json!(["127.0.0.1", "::1"]));
    bed.end().await;
}
