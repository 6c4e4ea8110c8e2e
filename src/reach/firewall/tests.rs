use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::reach::lookup::Resolved;

fn namespace() -> NamespaceAddress {
    NamespaceAddress::new("contoso.servicebus.windows.net", 443)
}

fn fresh() -> FirewallList {
    FirewallList::new(namespace(), "2026-05-04T10:00:00Z".parse().unwrap())
}

fn resolved(canonical: &str, addresses: &[&str]) -> Answer {
    let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
    Ok(Resolved { canonical: Some(canonical.to_owned()), addresses })
}

/// DNS as it is in Azure: the namespace is an alias of `canonical`, the first three gateways are
/// there, of the next one DNS does not tell.
fn dns(canonical: &'static str) -> LookUp {
    Arc::new(move |name| {
        Box::pin(async move {
            match name.split('-').next().unwrap() {
                "contoso.servicebus.windows.net" => resolved(canonical, &["40.74.252.255"]),
                "g0" => resolved(&name, &["40.74.252.1", "2603:1030::1"]),
                "g1" => resolved(&name, &["40.74.252.2"]),
                "gv0" => resolved(&name, &["40.74.252.1"]),
                "g3" => Err(Unresolved::Failed("server failure".to_owned())),
                _ => Err(Unresolved::Unknown),
            }
        })
    })
}

async fn made(canonical: &'static str) -> FirewallList {
    Search::begin(fresh(), None, dns(canonical)).await.to_end().await
}

const ON_STAMP: &str = "ns-sb2-prod-sn3-010.cloudapp.net";
const PRIVATE: &str = "contoso.privatelink.servicebus.windows.net";

#[tokio::test]
async fn the_stamp_of_dns_leads_to_256_gateways() {
    let list = made(ON_STAMP).await;
    assert_eq!(list.home, Home::Stamp("sn3-010".parse().unwrap()));
    assert_eq!(list.hosts.len(), 257);
    assert_eq!(list.hosts[1].name, "g0-prod-sn3-010-sb.servicebus.windows.net");
    let counts = list.counts();
    let expected = Counts { gateways: 256, resolved: 3, unknown: 252, failed: 1, waiting: 0 };
    assert_eq!(counts, expected);
    let addresses: Vec<_> = list.addresses().iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["40.74.252.1", "40.74.252.2", "40.74.252.255", "2603:1030::1"]);
}

#[tokio::test]
async fn a_stamp_that_is_given_needs_no_dns() {
    let nothing: LookUp = Arc::new(|_| Box::pin(async { Err(Unresolved::Unknown) }));
    let stamp = Some("sn3-010".parse().unwrap());
    let list = Search::begin(fresh(), stamp, nothing).await.to_end().await;
    assert_eq!((list.hosts.len(), list.is_known()), (257, false));
    assert_eq!(list.gap(), Some(Gap::NoAddress));
}

#[tokio::test]
async fn a_list_is_whole_only_with_the_gateways_of_the_namespace() {
    let list = async |given: Option<&str>, canonical| {
        let stamp = given.map(|stamp| stamp.parse().unwrap());
        Search::begin(fresh(), stamp, dns(canonical)).await.to_end().await
    };
    // Of one gateway DNS does not tell here.
    assert_eq!(list(None, ON_STAMP).await.gap(), Some(Gap::Unanswered));
    let mut whole = list(Some("sn3-010"), ON_STAMP).await;
    whole.take(4, Found::Unknown);
    assert_eq!(whole.gap(), None);
    assert_eq!(list(None, PRIVATE).await.gap(), None);
    assert_eq!(list(None, "contoso.servicebus.windows.net").await.gap(), Some(Gap::NoStamp));

    let other = list(Some("sn3-011"), ON_STAMP).await;
    assert_eq!(other.gap(), Some(Gap::OtherStamp("sn3-010".parse().unwrap())));
    let said = "DNS tells another stamp for contoso.servicebus.windows.net: prod-sn3-010.";
    assert!(other.remarks()[2].starts_with(said), "{:?}", other.remarks());

    let mistyped: LookUp = Arc::new(|name| {
        Box::pin(async move {
            match name.starts_with("contoso.") {
                true => resolved(&name, &["40.74.252.255"]),
                false => Err(Unresolved::Unknown),
            }
        })
    });
    let stamp = Some("sn9-999".parse().unwrap());
    let list = Search::begin(fresh(), stamp, mistyped).await.to_end().await;
    assert_eq!(list.gap(), Some(Gap::NoGateway));
    let said = "Stamp prod-sn9-999: DNS knows none of its 256 gateways here.";
    assert!(list.remarks()[1].starts_with(said), "{:?}", list.remarks());
}

#[tokio::test]
async fn where_no_stamp_is_told_the_reason_is() {
    let list = made(PRIVATE).await;
    assert_eq!((&list.home, list.hosts.len()), (&Home::PrivateLink, 1));
    assert!(list.remarks()[1].contains("private endpoint"), "{:?}", list.remarks());
    assert!(list.render(Format::Text).contains("TCP 443,9400-9599  40.74.252.255"));
    let list = made("contoso.servicebus.windows.net").await;
    assert_eq!(list.home, Home::Untold);
    let nothing: LookUp = Arc::new(|_| Box::pin(async { Err(Unresolved::Unknown) }));
    let list = Search::begin(fresh(), None, nothing).await.to_end().await;
    assert_eq!(list.home, Home::Unresolved);
    assert!(list.remarks()[1].contains("is no name that DNS knows"), "{:?}", list.remarks());
}

#[tokio::test]
async fn a_private_endpoint_needs_its_ports_also_where_the_stamp_is_given() {
    let stamp: Stamp = "sn3-010".parse().unwrap();
    let list = Search::begin(fresh(), Some(stamp.clone()), dns(PRIVATE)).await.to_end().await;
    assert_eq!((&list.home, list.is_private()), (&Home::Stamp(stamp), true));
    assert!(list.remarks()[1].contains("ports 9400 to 9599"), "{:?}", list.remarks());
    assert!(list.remarks()[2].starts_with("Stamp prod-sn3-010: "), "{:?}", list.remarks());
    for (format, ports) in [
        (Format::Text, "TCP 443,9400-9599  40.74.252.255"),
        (Format::Csv, "\"443,9400-9599\",40.74.252.255"),
        (Format::WindowsFirewall, "-RemotePort '443', '9400-9599'"),
        (Format::Nftables, "tcp dport { 443, 9400-9599 } accept"),
    ] {
        let text = list.render(format);
        assert!(text.contains(ports), "{format}: {text}");
    }
    let azure: serde_json::Value =
        serde_json::from_str(&list.render(Format::AzureFirewall)).unwrap();
    let collections = &azure["resources"][0]["properties"]["ruleCollections"];
    assert_eq!(collections.as_array().unwrap().len(), 2);
    assert_ne!(collections[0]["name"], collections[1]["name"]);
    assert_ne!(collections[0]["priority"], collections[1]["priority"]);
    let rule = &collections[1]["rules"][0];
    assert_eq!(rule["ruleType"], "NetworkRule");
    assert_eq!(rule["destinationAddresses"], serde_json::json!(["40.74.252.255"]));
    assert_eq!(rule["destinationPorts"], serde_json::json!(["443", "9400-9599"]));
    assert!(!made(ON_STAMP).await.render(Format::AzureFirewall).contains("NetworkRule"));
}

#[tokio::test(start_paused = true)]
async fn a_dns_that_does_not_answer_is_not_waited_for() {
    let silent: LookUp = Arc::new(|_| Box::pin(std::future::pending()));
    let start = Instant::now();
    let list = Search::begin(fresh(), None, silent.clone()).await.to_end().await;
    assert_eq!(start.elapsed(), NAMESPACE_LIMIT);
    assert_eq!((&list.home, &list.hosts[0].found), (&Home::Unresolved, &Found::TimedOut));

    let start = Instant::now();
    let stamp = Some("sn3-010".parse().unwrap());
    let list = Search::begin(fresh(), stamp, silent).await.to_end().await;
    assert_eq!(start.elapsed(), LIMIT);
    assert_eq!(list.counts().failed, 256);
}

#[tokio::test(start_paused = true)]
async fn names_are_looked_up_side_by_side_and_not_all_at_once() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let slow: LookUp = Arc::new(move |name| {
        let (now, most) = (now.clone(), most.clone());
        Box::pin(async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(500)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            resolved(&name, &["10.0.0.1"])
        })
    });
    let start = Instant::now();
    let stamp = Some("sn3-010".parse().unwrap());
    let list = Search::begin(fresh(), stamp, slow).await.to_end().await;
    assert_eq!((list.counts().resolved, seen.load(Ordering::SeqCst)), (256, AT_ONCE));
    assert_eq!(start.elapsed(), Duration::from_millis(500) * 9);
}

#[tokio::test]
async fn the_text_has_every_host_and_what_is_known_of_it() {
    let list = made(ON_STAMP).await;
    let text = list.render(Format::Text);
    for line in [
        "# Stamp prod-sn3-010: any of its 256 gateways may be named for a stream. 3 have addresses now, 252 are names that Azure may give later, of 1 DNS gave no answer.",
        "# By name, one rule is enough: *.servicebus.windows.net. Addresses change: a list of them is of 2026-05-04T10:00:00Z.",
        "contoso.servicebus.windows.net               TCP 443  40.74.252.255",
        "g0-prod-sn3-010-sb.servicebus.windows.net    TCP 443  40.74.252.1, 2603:1030::1",
        "g3-prod-sn3-010-sb.servicebus.windows.net    TCP 443  (DNS gave no answer)",
        "gv127-prod-sn3-010-sb.servicebus.windows.net  TCP 443  (no such name now)",
    ] {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.lines().any(|it| words(it) == words(line)), "{line}\n{text}");
    }
    let hosts = text.lines().filter(|line| line.contains("  TCP 443  "));
    let columns: BTreeSet<_> = hosts.map(|line| line.find("TCP 443").unwrap()).collect();
    assert_eq!(columns.len(), 1);
}

#[tokio::test]
async fn behind_a_proxy_the_list_says_who_needs_it() {
    let list =
        made(ON_STAMP).await.behind(Some("http://proxy.corp:3128, from\nHTTPS_PROXY".into()));
    let remark = "(http://proxy.corp:3128, from HTTPS_PROXY): that one needs this list";
    for format in [Format::Text, Format::Nftables, Format::WindowsFirewall] {
        let text = list.render(format);
        let line = text.lines().find(|line| line.contains(remark));
        assert!(line.is_some_and(|line| line.starts_with("# ")), "{format}: {text}");
    }
}

#[tokio::test]
async fn csv_has_a_row_for_each_address() {
    let csv = made(ON_STAMP).await.render(Format::Csv);
    let rows: Vec<_> = csv.split("\r\n").collect();
    assert_eq!(rows[0], "Host,Kind,Protocol,Port,Address,State");
    assert_eq!(rows[1], "contoso.servicebus.windows.net,namespace,TCP,443,40.74.252.255,resolved");
    let gateway = "g0-prod-sn3-010-sb.servicebus.windows.net,gateway,TCP,443";
    assert_eq!(rows[2], format!("{gateway},40.74.252.1,resolved"));
    assert_eq!(rows[3], format!("{gateway},2603:1030::1,resolved"));
    assert!(rows[5].ends_with(",443,,no-such-name"), "{}", rows[5]);
    assert_eq!(rows.len(), 1 + 258 + 1);
    let csv = made(PRIVATE).await.render(Format::Csv);
    assert!(csv.contains(",TCP,\"443,9400-9599\",40.74.252.255,"), "{csv}");
}

#[tokio::test]
async fn windows_gets_one_rule_with_every_address_once() {
    let script = made(ON_STAMP).await.render(Format::WindowsFirewall);
    assert_eq!(script.matches("New-NetFirewallRule ").count(), 1);
    assert_eq!(script.matches("'40.74.252.1'").count(), 1);
    assert!(script.contains("    '2603:1030::1'\r\n)"), "{script}");
    assert!(script.contains("-Name 'hybrid-connection-manager-contoso' `\r\n"), "{script}");
    assert!(script.contains("-Protocol TCP -RemotePort '443' `"), "{script}");
    let script = made(PRIVATE).await.render(Format::WindowsFirewall);
    assert!(script.contains("-RemotePort '443', '9400-9599' `"), "{script}");
    // PowerShell 5.1 reads a script without a mark as the old code page.
    assert!(script.is_ascii());
}

#[tokio::test]
async fn what_has_no_address_makes_no_rule_of_addresses() {
    let nothing: LookUp = Arc::new(|_| Box::pin(async { Err(Unresolved::Unknown) }));
    let list = Search::begin(fresh(), None, nothing).await.to_end().await;
    for format in Format::ALL {
        assert_eq!(list.render(format).is_empty(), format.is_by_address(), "{format}");
    }
}

#[tokio::test]
async fn azure_gets_every_name_also_those_without_an_address() {
    let names = |text: &str| {
        let template: serde_json::Value = serde_json::from_str(text).unwrap();
        let resource = &template["resources"][0];
        assert_eq!(resource["type"], "Microsoft.Network/firewallPolicies/ruleCollectionGroups");
        let rule = &resource["properties"]["ruleCollections"][0]["rules"][0];
        assert_eq!(
            (&rule["ruleType"], &rule["protocols"][0]["port"]),
            (&"ApplicationRule".into(), &443.into())
        );
        rule["targetFqdns"].as_array().unwrap().len()
    };
    assert_eq!(names(&made(ON_STAMP).await.render(Format::AzureFirewall)), 257);
    let wildcard = made(PRIVATE).await.render(Format::AzureFirewall);
    assert_eq!(names(&wildcard), 1);
    assert!(wildcard.contains("\"*.servicebus.windows.net\""));
}

#[tokio::test]
async fn names_of_rules_hold_nothing_that_a_shell_reads() {
    let namespace = NamespaceAddress::new("a';calc.b", 443);
    let list = FirewallList::new(namespace, Timestamp::UNIX_EPOCH);
    assert_eq!(list.label(), "acalc");
    assert_eq!(list.file_name(Format::Nftables), "firewall-acalc.nft");
}
