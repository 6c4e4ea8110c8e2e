use super::*;

fn environment(variables: &'static [(&'static str, &'static str)]) -> Proxies {
    Proxies::default().or_environment(|wanted| {
        let found = variables.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn system(server: &str, exceptions: &str) -> Proxies {
    Proxies::default().or_system(&SystemProxy {
        place: "Windows".to_owned(),
        server: server.to_owned(),
        exceptions: exceptions.to_owned(),
        script: String::new(),
    })
}

fn setting(value: &str) -> ProxyChoice {
    ProxyChoice::parse(value, &ProxyChoice::Automatic).unwrap()
}

fn proxy(proxies: &Proxies, host: &str) -> Option<String> {
    proxies.decide(host, 443).proxy.map(|proxy| proxy.to_string())
}

fn said(proxies: &Proxies, host: &str) -> String {
    proxies.decide(host, 443).to_string()
}

const AZURE: &str = "contoso.servicebus.windows.net";

#[test]
fn no_proxy_of_the_environment() {
    for (list, straight, through) in [
        ("*", "anything.net 10.0.0.1 fd00::1", ""),
        (" * , x", "anything.net", ""),
        ("corp", "corp a.corp A.B.Corp. corp.", "acorp corp.net 10.0.0.1"),
        (".corp", "corp a.corp", "acorp"),
        ("*.corp", "corp a.corp", "acorp"),
        ("a.corp,b.corp", "a.corp b.corp x.b.corp", "c.corp corp"),
        ("a.corp b.corp;c.corp", "a.corp b.corp c.corp", "d.corp"),
        ("a.corp:443", "a.corp x.a.corp", ""),
        ("a.corp:8443", "", "a.corp"),
        ("10.0.0.1", "10.0.0.1", "10.0.0.2 x.10.0.0.1 10.0.0.11"),
        ("10.0.0.0/8", "10.200.3.4", "11.0.0.1 10.a.corp"),
        ("0.0.0.0/0", "8.8.8.8", "fd00::1 a.corp"),
        ("10.0.0.1:443", "10.0.0.1", ""),
        ("10.0.0.1:80", "", "10.0.0.1"),
        ("fd00::1", "fd00::1", "fd00::2"),
        ("[fd00::1]", "fd00::1 fd00:0::1", "fd00::2"),
        ("[fd00::1]:443", "fd00::1", ""),
        ("[fd00::1]:80", "", "fd00::1"),
        ("fd00::/8", "fd12::1", "fe80::1 10.0.0.1"),
        ("10.0.0.0/8", "::ffff:10.1.2.3", ""),
        ("10.0.0.0/33,10.0.0.0/x,:,[,.", "", "10.0.0.1 a.corp"),
        ("", "", "a.corp"),
    ] {
        let proxies = Proxies::default().or_environment(|name| match name {
            "HTTPS_PROXY" => Some("http://p:1".to_owned()),
            "NO_PROXY" => Some(list.to_owned()),
            _ => None,
        });
        for host in straight.split_whitespace() {
            assert_eq!(proxy(&proxies, host), None, "{list}: {host}");
        }
        for host in through.split_whitespace() {
            assert_eq!(proxy(&proxies, host).as_deref(), Some("http://p:1"), "{list}: {host}");
        }
    }
}

#[test]
fn exceptions_of_windows() {
    for (list, straight, through) in [
        ("*", "anything.net", ""),
        ("<local>", "intranet", "a.corp 10.0.0.1"),
        ("<LOCAL>;a.corp", "intranet a.corp", "b.corp"),
        ("*.corp", "a.corp a.b.CORP", "corp acorp"),
        ("corp", "corp", "a.corp"),
        ("10.*", "10.1.2.3", "11.1.2.3 110.1.2.3"),
        ("192.168.1.*;*.internal.*", "192.168.1.77 a.internal.net", "192.168.2.1 internal.net"),
        ("srv*.corp", "srv1.corp srv.corp", "srv1.corp.net"),
        ("https://a.corp:443;http://b.corp", "a.corp", "b.corp"),
        ("a.corp:80", "", "a.corp"),
        ("<-loopback>", "", "a.corp"),
        ("a.corp b.corp", "a.corp b.corp", "c.corp"),
        ("[fd00::1];fd00::2", "fd00::1 fd00::2", "fd00::3"),
    ] {
        let proxies = system("p:1", list);
        for host in straight.split_whitespace() {
            assert_eq!(proxy(&proxies, host), None, "{list}: {host}");
        }
        for host in through.split_whitespace() {
            assert_eq!(proxy(&proxies, host).as_deref(), Some("http://p:1"), "{list}: {host}");
        }
    }
}

#[test]
fn the_first_source_that_says_something_decides_alone() {
    let all = |value: &str| {
        let choice = setting(value);
        let named = Proxies::of(&choice).or_environment(|name| match name {
            "HTTPS_PROXY" => Some("http://env:1".to_owned()),
            "NO_PROXY" => Some(".corp".to_owned()),
            _ => None,
        });
        named.or_system(&SystemProxy { server: "sys:1".to_owned(), ..SystemProxy::default() })
    };
    assert_eq!(
        said(&all("http://set:1"), "a.corp"),
        "http://set:1, from network.proxy in the settings"
    );
    assert_eq!(said(&all("none"), AZURE), "none: network.proxy is none");
    assert_eq!(said(&all(""), AZURE), "http://env:1, from HTTPS_PROXY in the environment");
    assert_eq!(
        said(&all(""), "a.corp"),
        "none: NO_PROXY in the environment excepts this host (.corp)",
        "and does not fall to the system's"
    );
    let no_proxy_alone = environment(&[("NO_PROXY", "*")]).or_system(&SystemProxy {
        place: "WinHTTP of Windows".to_owned(),
        server: "sys:1".to_owned(),
        ..SystemProxy::default()
    });
    assert_eq!(said(&no_proxy_alone, AZURE), "http://sys:1, from WinHTTP of Windows");
    assert_eq!(
        said(&Proxies::default(), AZURE),
        "none: neither the settings nor the environment nor the system names one"
    );
}

#[test]
fn variables_have_their_order() {
    let all = environment(&[
        ("ALL_PROXY", "d:1"),
        ("all_proxy", "c:1"),
        ("HTTPS_PROXY", "b:1"),
        ("https_proxy", "a:1"),
        ("NO_PROXY", "y"),
        ("no_proxy", "x"),
    ]);
    assert_eq!(proxy(&all, AZURE).as_deref(), Some("http://a:1"));
    assert_eq!(said(&all, "x"), "none: no_proxy in the environment excepts this host (x)");
    assert_eq!(proxy(&all, "y").as_deref(), Some("http://a:1"));
    let some =
        environment(&[("HTTPS_PROXY", " "), ("all_proxy", "socks5h://d"), ("no_proxy", "x")]);
    assert_eq!(said(&some, AZURE), "socks5://d:1080, from all_proxy in the environment");
    assert_eq!(said(&some, "x"), "none: no_proxy in the environment excepts this host (x)");
    assert_eq!(environment(&[("HTTP_PROXY", "a:1")]), Proxies::default(), "all we ask is TLS");
}

#[test]
fn this_machine_is_reached_straight_unless_the_setting_says_otherwise() {
    let named = environment(&[("HTTPS_PROXY", "a:1")]);
    for host in
        ["localhost", "LOCALHOST.", "g0.ns.localhost", "127.0.0.9", "::1", "::ffff:127.0.0.1"]
    {
        assert_eq!(said(&named, host), "none: the host is this machine", "{host}");
        assert_eq!(proxy(&system("a:1", ""), host), None);
        assert!(proxy(&Proxies::of(&setting("http://a:1")), host).is_some());
    }
    assert!(proxy(&named, "localhost.corp").is_some());
}

#[test]
fn the_proxy_for_tls_is_taken_from_a_list() {
    for (list, expected) in [
        ("p:8080", Some("http://p:8080")),
        ("http://p:8080", Some("http://p:8080")),
        ("http=a:80;https=b:8080;socks=c:1080", Some("http://b:8080")),
        ("http=a:80 HTTPS=http://b", Some("http://b:80")),
        ("http=a:80;socks=c", Some("socks5://c:1080")),
        ("http=a:80;d:3128", Some("http://d:3128")),
        ("http=a:80", None),
        ("", None),
        (" ; ", None),
    ] {
        assert_eq!(proxy(&system(list, ""), AZURE).as_deref(), expected, "{list}");
    }
}

#[test]
fn what_cannot_be_used_is_told_and_shows_no_password() {
    let wrong = environment(&[("HTTPS_PROXY", "quic://me:c2VjcmV0@h:1")]);
    let wrong = wrong.or_system(&SystemProxy { server: "sys:1".to_owned(), ..Default::default() });
    assert_eq!(
        said(&wrong, AZURE),
        "none: HTTPS_PROXY in the environment names no proxy that can be used"
    );
    let [problem] = wrong.problems() else { panic!("{wrong:?}") };
    let problem = problem.to_string();
    assert!(problem.contains("HTTPS_PROXY") && problem.contains("quic:// is not"), "{problem}");
    assert!(!problem.contains("c2Vj"), "{problem}");

    let script = SystemProxy {
        place: "Windows".to_owned(),
        script: "http://wpad.corp/proxy.pac".to_owned(),
        ..SystemProxy::default()
    };
    let other =
        SystemProxy { place: "WinHTTP".to_owned(), server: "p:1".to_owned(), ..Default::default() };
    let alone = Proxies::default().or_system(&script);
    assert_eq!(alone.problems()[0].to_string(), "Windows: http://wpad.corp/proxy.pac");
    assert_eq!(alone.decide(AZURE, 443).proxy, None);
    let both = alone.or_system(&other);
    assert_eq!(proxy(&both, AZURE).as_deref(), Some("http://p:1"));
    assert_eq!(both.problems(), [], "nobody misses the script");
    let not_needed = Proxies::of(&setting("none")).or_system(&script);
    assert_eq!(not_needed.problems(), []);
}

#[test]
fn the_address_of_a_script_is_told_without_what_may_be_secret() {
    for (script, told) in [
        ("http://wpad.corp/proxy.pac", "http://wpad.corp/proxy.pac"),
        (
            " http://me:c2Vj@wpad.corp:8080/a/proxy.pac?token=c2Vj#c2Vj ",
            "http://wpad.corp:8080/a/proxy.pac",
        ),
        ("https://c2Vj@wpad.corp/", "https://wpad.corp/"),
        ("http://wpad.corp/proxy.pac?mail=me@corp", "http://wpad.corp/proxy.pac"),
        ("file://server/share/proxy.pac", "file://server/share/proxy.pac"),
        ("file:///C:/proxy.pac", "file:///C:/proxy.pac"),
        (r"\\server\share\proxy.pac", r"\\server\share\proxy.pac"),
        ("me:c2Vj@wpad.corp/proxy.pac", "an address that may have a password"),
        ("http://me:c2Vj/c2Vj@wpad.corp/proxy.pac", "an address that may have a password"),
        ("wpad.corp/proxy.pac?token=c2Vj", "an address that may have a password"),
    ] {
        let script = script.to_owned();
        let system = SystemProxy { place: "Windows".to_owned(), script, ..Default::default() };
        let proxies = Proxies::default().or_system(&system);
        assert_eq!(proxies.problems()[0].fault().detail, format!("Windows: {told}"));
    }
}

#[test]
fn an_address_is_asked_through_the_proxy_with_tls_alone() {
    let proxies = environment(&[("HTTPS_PROXY", "p:1"), ("NO_PROXY", "[fd00::1]:8443,a.corp")]);
    let asked = |url: &str| proxies.has_for(&url.parse().unwrap());
    assert!(asked("https://login.microsoftonline.com/x") && asked("https://[fd00::1]/"));
    assert!(
        !asked("http://feed.corp/")
            && !asked("https://[fd00::1]:8443/")
            && !asked("https://a.corp/")
    );
}

#[test]
fn what_is_in_use_is_told_without_a_password() {
    let named =
        environment(&[("https_proxy", "http://me:c2Vj@p:1"), ("NO_PROXY", ".corp,10.0.0.0/8")]);
    let told = named.in_use();
    assert_eq!(
        told.to_string(),
        "http://me:***@p:1, from https_proxy in the environment, not for .corp, 10.0.0.0/8"
    );
    let text = serde_json::to_string(&told).unwrap();
    assert!(!text.contains("c2Vj") && text.contains("\"environment\""), "{text}");
    assert_eq!(serde_json::from_str::<ProxyUse>(&text).unwrap(), told);
    assert_eq!(serde_json::to_string(&ProxyUse::default()).unwrap(), r#"{"source":"nobody"}"#);
    let newer = serde_json::from_str::<ProxyUse>(r#"{"source":"script","x":1}"#).unwrap();
    assert_eq!(newer, ProxyUse::default());
    assert_eq!(Proxies::of(&setting("none")).in_use().to_string(), "none: network.proxy is none");
}
