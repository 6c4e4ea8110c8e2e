//! What went wrong, as a code with its meaning, its usual cause, what to do, and whether to retry.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::coded::coded;

/// Something that keeps a connection from working.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What kind of fault.
    pub code: FaultCode,
    /// What was seen, in the words of whoever reported it; never a secret.
    pub detail: String,
    /// Azure's tracking id, for a support request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_id: Option<String>,
}

impl Fault {
    /// A fault with what was seen.
    pub fn new(code: FaultCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), tracking_id: None }
    }

    /// The same with Azure's tracking id.
    pub fn with_tracking_id(mut self, id: Option<String>) -> Self {
        self.tracking_id = id;
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.summary())?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

/// May the listener try again by itself? *When* is the backoff's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// At once, then at the steps of the reconnect table.
    Soon,
    /// Seldom: a person or an administrator has to act first.
    Slowly,
    /// Not before the configuration changes.
    Never,
}

macro_rules! fault_codes {
    ($( $(#[$doc:meta])* $name:ident = $text:literal, $retry:ident, $summary:literal, $cause:literal, $advice:literal; )*) => {
        coded! {
            /// Every kind of fault. The text form is stable: scripts may match it.
            #[derive(
                Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
            )]
            pub enum FaultCode {
                $( $(#[$doc])* #[serde(rename = $text)] $name = $text, $summary, $advice; )*
            }
        }

        impl FaultCode {
            /// Whether trying again by itself makes sense.
            pub fn retry(self) -> Retry {
                match self { $( Self::$name => Retry::$retry, )* }
            }

            /// What usually causes it.
            pub fn cause(self) -> &'static str {
                match self { $( Self::$name => $cause, )* }
            }
        }
    };
}

fault_codes! {
    /// The namespace's name does not resolve.
    NamespaceNotResolved = "namespace-not-resolved", Soon,
        "The namespace's name could not be resolved",
        "No network, a DNS server that does not know names outside this network, or a namespace that was removed or is written wrong.",
        "Check the network, the DNS of this machine, and that the namespace still exists.";
    /// No TCP connection to Azure.
    AzureUnreachable = "azure-unreachable", Soon,
        "Azure could not be reached",
        "A firewall or a missing route: the network lets nothing out to Azure on port 443, or only through a proxy that is not set here.",
        "Check that outbound TCP on port 443 to the namespace and to its gateways is allowed.";
    /// Connecting to Azure took too long.
    AzureTimedOut = "azure-timed-out", Soon,
        "Azure did not answer in time",
        "A firewall that drops packets without a word, or a network that is very slow or loses much.",
        "A firewall that drops packets looks like this: allow outbound TCP on port 443.";
    /// No connection to the proxy, or no answer from it.
    ProxyUnreachable = "proxy-unreachable", Soon,
        "The proxy could not be reached",
        "The proxy does not run, its address or port is wrong, or a firewall lies between.",
        "Check that the proxy runs and that its address is right: hcm settings set network.proxy http://host:port (none for no proxy). hcm status says which one is used.";
    /// The proxy does not let this machine through.
    ProxyRefused = "proxy-refused", Slowly,
        "The proxy does not open the way to Azure",
        "The rules of the proxy do not allow CONNECT to this host and port, it cannot reach them itself or not in time, or what listens there is no proxy of this kind.",
        "Have its administrator allow CONNECT to *.servicebus.windows.net on port 443, and look whether the proxy gets there itself. For a SOCKS proxy: hcm settings set network.proxy socks5://host:port.";
    /// The proxy wants a login, or another one.
    ProxyLogin = "proxy-login", Slowly,
        "The proxy does not let this machine in",
        "The proxy wants a user and a password, and none or others are set here.",
        "Give them: hcm settings set network.proxy http://user:password@host:port, where other characters than letters and digits may be written as %XX.";
    /// The proxy wants a login of a kind that is not spoken here.
    ProxyLoginUnsupported = "proxy-login-unsupported", Slowly,
        "The proxy wants a kind of login that is not supported",
        "The proxy takes Kerberos or Digest alone, and this program logs in with Basic or NTLM.",
        "Have its administrator let this machine through without a login, with Basic or with NTLM, or run a local proxy that logs in for it, such as Px or Cntlm: hcm settings set network.proxy http://127.0.0.1:3128.";
    /// TLS with the proxy itself failed.
    ProxyTls = "proxy-tls", Slowly,
        "TLS with the proxy failed",
        "The address begins with https:// and the proxy speaks no TLS there, or the certificate of the proxy is not trusted.",
        "Most proxies are spoken to without TLS: hcm settings set network.proxy http://host:port. Else add its CA: hcm settings set network.extra_ca_certificates FILE.";
    /// What the environment or the system names is no proxy.
    ProxyUnusable = "proxy-unusable", Never,
        "What names the proxy of this machine cannot be used",
        "A variable such as HTTPS_PROXY in the environment of the service, or Windows' own settings, name a proxy of another kind, or none.",
        "Azure is reached without a proxy until then. Mend it there and restart the service, or name one here: hcm settings set network.proxy http://host:port (none for no proxy).";
    /// The system names a script instead of a proxy.
    ProxyScript = "proxy-script", Never,
        "A script names the proxy of this machine (PAC), and is not followed",
        "Windows is set to find its proxy by a script (automatic configuration), which this program does not run.",
        "Look into the script for the proxy of *.servicebus.windows.net and set it: hcm settings set network.proxy http://host:port. If Azure is reached without one: hcm settings set network.proxy none.";
    /// The password of the proxy in the file cannot be unsealed.
    ProxyPasswordSealed = "proxy-password-sealed", Never,
        "The stored password of the proxy cannot be unsealed here",
        "The settings came from another machine or account, or the key that seals them on this machine was replaced.",
        "It was sealed on another machine or for another account, or the file was damaged. Give it again: hcm settings set network.proxy http://user:password@host:port.";
    /// The TLS certificate is not trusted.
    TlsUntrusted = "tls-untrusted", Slowly,
        "The certificate of the other side is not trusted",
        "A proxy or firewall that inspects TLS and puts a certificate of its own in the place of Azure's.",
        "If your network inspects TLS, add its CA: hcm settings set network.extra_ca_certificates FILE.";
    /// TLS failed otherwise.
    TlsFailed = "tls-failed", Soon,
        "The TLS handshake failed",
        "Something on the way breaks TLS off or allows old versions alone, or the port does not speak TLS.",
        "Check that nothing between this machine and Azure changes TLS; TLS 1.2 or 1.3 is needed.";
    /// 401.
    Unauthorized = "unauthorized", Slowly,
        "Azure refused the key (401)",
        "The key of the rule was regenerated, the rule was removed, or the connection string was copied in part.",
        "The key was regenerated or removed. Add the connection again with its current connection string: hcm add --replace.";
    /// 401 while this machine's clock is wrong.
    ClockWrong = "clock-wrong", Slowly,
        "Azure refused the token, and this machine's clock is wrong",
        "The clock of this machine is wrong by more than a few minutes: after a sleep, a restored snapshot, or without time synchronisation.",
        "Set the clock (time synchronisation): tokens are valid for a limited time.";
    /// 403.
    Forbidden = "forbidden", Slowly,
        "The key has no right to listen (403)",
        "The connection string is that of a rule with the Send right alone, as applications use it.",
        "Use a key of a rule that has the Listen right on this hybrid connection or its namespace.";
    /// The IP firewall of the namespace.
    IpBlocked = "ip-blocked", Slowly,
        "The namespace's IP firewall blocks this machine",
        "The namespace takes connections from chosen addresses alone, and this network's public address is not among them or has changed.",
        "Add this network's public address to the namespace's firewall, or use its private endpoint.";
    /// 404.
    NotFound = "not-found", Slowly,
        "The hybrid connection does not exist in Azure (404)",
        "The hybrid connection was removed, renamed or made anew elsewhere, or the connection string is of another namespace.",
        "It was removed or renamed. Create it again, or remove it here: hcm remove.";
    /// 25 listeners are there already.
    TooManyListeners = "too-many-listeners", Slowly,
        "The hybrid connection has as many listeners as it may have (25)",
        "More machines listen than Azure allows, or listeners that broke off are still counted for some minutes.",
        "Stop one of the other listeners.";
    /// 5xx or a quota.
    ServiceUnavailable = "service-unavailable", Soon,
        "Azure Relay reported an error of its own",
        "Azure Relay is being maintained, overloaded or disturbed in this region.",
        "It usually passes. If it stays, send the tracking id to Azure support.";
    /// Something answered that is not Azure Relay.
    UnexpectedAnswer = "unexpected-answer", Soon,
        "The answer was not one of Azure Relay",
        "A proxy, a captive portal or a firewall answers in the place of Azure, or the namespace is not one of Azure Relay.",
        "Something between this machine and Azure (a proxy, a captive portal) answered instead.";
    /// The control channel broke or went silent.
    ChannelLost = "channel-lost", Soon,
        "The connection to Azure was lost",
        "The network changed or broke off, the machine slept, a firewall or proxy cuts long connections, or Azure has forgotten the listener.",
        "It is being restored. If this repeats, look for a firewall or proxy that cuts long connections.";
    /// Azure closed the channel because the token ran out.
    TokenExpired = "token-expired", Soon,
        "The token expired",
        "The renewal of the token did not reach Azure in time, or the clock of this machine was set.",
        "A new one is made at once. If this repeats, check this machine's clock.";
    /// The token was given ready-made and is over.
    TokenSpent = "token-spent", Never,
        "The shared access signature of the connection string has expired",
        "The connection string holds a shared access signature that somebody made for a limited time.",
        "It cannot be renewed from here. Add the connection again with a key or a new signature.";
    /// The key in the file cannot be unsealed.
    KeySealed = "key-sealed", Never,
        "The stored key cannot be unsealed here",
        "The file came from another machine or account, or the key that seals it on this machine was replaced.",
        "It was sealed on another machine or for another account, or the file was damaged. Add the connection again with its connection string: hcm add --replace -.";
    /// Azure removed or disabled the hybrid connection.
    EntityRemoved = "entity-removed", Soon,
        "The hybrid connection was removed or disabled in Azure",
        "Somebody removed or disabled the hybrid connection or its namespace while this listener was connected.",
        "If that was not meant, create it again; this listener then comes back by itself.";
    /// The planned restart of a listener's channel, about once a day.
    Recycled = "recycled", Soon,
        "Azure restarted the channel, as it does about once a day",
        "Azure moves its gateways and closes each channel now and then, in normal operation.",
        "Nothing to do.";
    /// Azure does not know the endpoint, or it cannot be read.
    EndpointUnknown = "endpoint-unknown", Soon,
        "The endpoint could not be read from Azure",
        "HTTPS to the namespace is blocked, or Azure does not answer there for a while.",
        "It is read again by itself. The management address (HTTPS on port 443 of the namespace) must be reachable.";
    /// The metadata names no endpoint.
    EndpointMissing = "endpoint-missing", Slowly,
        "The hybrid connection names no usable endpoint",
        "The hybrid connection was made without an endpoint, or its userMetadata was written in another form.",
        "Set its userMetadata in Azure to [{\"key\":\"endpoint\",\"value\":\"host:port\"}].";
    /// The endpoint's name does not resolve.
    EndpointNotResolved = "endpoint-not-resolved", Soon,
        "The endpoint's name could not be resolved",
        "The host is known in another network or DNS zone alone, or is written wrong.",
        "Check that this machine's DNS knows the endpoint's host.";
    /// The endpoint refuses.
    EndpointRefused = "endpoint-refused", Soon,
        "The endpoint refused the connection",
        "The program does not run, listens on another port or on another address of its host, or a firewall there refuses.",
        "Check that the program is running and listens on this port.";
    /// The endpoint does not answer.
    EndpointTimedOut = "endpoint-timed-out", Soon,
        "The endpoint did not answer in time",
        "A firewall between this machine and the endpoint drops packets, the host is off, or its address is of another network.",
        "Check the host, the port, and the firewalls between this machine and the endpoint.";
    /// The endpoint cannot be reached for another reason.
    EndpointUnreachable = "endpoint-unreachable", Soon,
        "The endpoint could not be reached",
        "There is no route to the endpoint's network, for example because a VPN is down.",
        "Check the route from this machine to the endpoint.";
    /// The connections file is damaged.
    StoreDamaged = "store-damaged", Never,
        "The connections file was damaged and has been set aside",
        "A disk error, a power failure on a disk that lies about what it has written, or an edit by hand.",
        "The damaged file is kept beside it. Restore a backup or add the connections again.";
    /// The connections file cannot be read or is of a newer version.
    StoreUnusable = "store-unusable", Never,
        "The connections file cannot be used and is left as it is",
        "A newer version wrote the file before, or its owner or permissions were changed.",
        "Mend what the detail names, or install the version that wrote the file, and restart the service.";
    /// The settings file cannot be read or is of a newer version.
    SettingsUnusable = "settings-unusable", Never,
        "The settings file cannot be used and is left as it is; the defaults are in use",
        "A newer version wrote the file before, or its owner or permissions were changed.",
        "Mend what the detail names, or install the version that wrote the file, and restart the service.";
    /// The settings file is damaged.
    SettingsDamaged = "settings-damaged", Never,
        "The settings file was damaged and has been set aside; the defaults are in use",
        "A disk error, a power failure, or an edit by hand with a mistake in it.",
        "The damaged file is kept beside it. Set what you need again: hcm settings set.";
    /// The settings file that was to be read again is not in use.
    SettingsNotReloaded = "settings-not-reloaded", Never,
        "The settings file could not be read again; the settings stay as they were",
        "The file was edited by hand and has a mistake in it.",
        "Mend what the detail names and reload the service: systemctl reload hybrid-connection-manager.";
    /// Keys or the password of the proxy stand in the files in plain text.
    NotSealed = "not-sealed", Never,
        "Stored secrets could not be sealed",
        "What the system seals with cannot be used by the service's account, or the folder takes no change.",
        "They are in use, and only the permissions of the file protect them. Mend what the detail names and restart the service.";
    /// An extra CA file is unusable.
    CaUnusable = "ca-unusable", Never,
        "The extra CA file could not be used",
        "The file was moved or removed, the service's account may not read it, or it is not in PEM form.",
        "It must be a PEM file with certificates that the service may read: hcm settings set network.extra_ca_certificates FILE.";
    /// The system has no CA certificates.
    NoCaCertificates = "no-ca-certificates", Never,
        "This system has no CA certificates, and Azure cannot be trusted without",
        "A small container image or a minimal installation without the list of CAs.",
        "Install the package ca-certificates and restart the service, or name a PEM file: hcm settings set network.extra_ca_certificates FILE.";
    /// The disk does not take what is to be saved.
    NotWritten = "not-written", Soon,
        "The disk did not take a change",
        "The disk is full, a quota is reached, or the folder's permissions were changed.",
        "Nothing was changed. Free space on the disk, or mend what the detail names, and try again.";
    /// The service's folder takes no change.
    HomeReadOnly = "home-read-only", Never,
        "The service's folder is read-only, so no change can be kept",
        "The folder lies on a read-only file system, as in a container, or its permissions were changed.",
        "The connections go on as they are. Make the folder that the detail names writable; nothing has to be restarted.";
    /// There is no place for another stream.
    OpenFilesExhausted = "open-files-exhausted", Soon,
        "New streams are refused, because the service may not open more files",
        "Very many streams at once, or a low limit of open files for the service.",
        "Each stream takes two. Raise the service's limit of open files (LimitNOFILE= in its unit) and restart it, or run another copy of it on another machine.";
    /// The log files cannot be written.
    LogsUnwritable = "logs-unwritable", Never,
        "The log files cannot be written",
        "The disk is full, or the permissions of the folder of the log were changed.",
        "The service runs without them; hcm logs shows its last lines. Mend what the detail names; if they do not go on then, restart the service.";
    /// Other accounts cannot read the status.
    StatusChannelClosed = "status-channel-closed", Soon,
        "Other accounts of this machine cannot read the status",
        "Another program holds the channel's name: a second service, or one that did not end.",
        "It is tried again every minute. End the program that the detail names, or switch this off: hcm settings set service.status_for_all off.";
    /// Nobody can read the metrics.
    MetricsClosed = "metrics-closed", Soon,
        "The metrics cannot be read",
        "Another program has the port, or the address is none of this machine.",
        "It is tried again by itself. End the program that has the port, or set another address, or none: hcm settings set metrics.listen 127.0.0.1:9464.";
    /// The feed of releases gives no answer.
    FeedUnreachable = "feed-unreachable", Soon,
        "It is not known whether there is a newer version: the feed of releases cannot be reached",
        "This machine has no way to the internet, or only through a proxy that is not set here.",
        "It is asked again by itself. Check the network and the proxy, or set another feed, or none: hcm settings set upgrade.feed off.";
    /// A release that no trusted key has signed.
    ReleaseNotTrusted = "release-not-trusted", Slowly,
        "The release that the feed offers is not trusted, and was refused",
        "The feed is not the one that this program comes from, or somebody has changed what it offers.",
        "Nothing was changed. Take releases from where this program comes from, and check who answers for the feed.";
    /// A newer release was offered before.
    ReleaseReplayed = "release-replayed", Slowly,
        "The feed offers an older release than before, and was refused",
        "A copy of the feed is out of date, or somebody offers an old release on purpose.",
        "Nothing was changed. Somebody may keep newer releases from this machine: check who answers for the feed.";
    /// The manifest of a release cannot be used.
    ReleaseUnreadable = "release-unreadable", Slowly,
        "What the feed offers is no release that this version can read",
        "The address is that of another page, or the feed is for much newer versions.",
        "Nothing was changed. Check the address of the feed: hcm settings get upgrade.feed.";
    /// A file of a release is not what its manifest says.
    ReleaseDamaged = "release-damaged", Slowly,
        "A file of the release is not what its manifest says, and was refused",
        "The download broke, a cache on the way holds an old file, or somebody has changed it.",
        "Nothing was changed. Try again; if it stays so, check who answers for the feed.";
    /// This installation is nothing that its service can replace.
    UpgradeByHand = "upgrade-by-hand", Never,
        "The service cannot upgrade this installation by itself",
        "It was installed without the part that installs new versions: built from source, in a container, or started by hand.",
        "Install the new version in the way in which this one was installed. Connections and settings stay.";
    /// The upgrader does not take up what it was given.
    UpgraderSilent = "upgrader-silent", Never,
        "The part that installs new versions did not answer",
        "The part that installs new versions is disabled, was removed, or is kept from starting.",
        "Nothing was changed. On Linux, systemctl status hybrid-connection-manager-upgrade.path says whether it waits; on Windows, look at the service hybrid-connection-manager-upgrade. Or install the new version by hand.";
    /// The installer ended with an error.
    UpgradeFailed = "upgrade-failed", Never,
        "The new version was not installed",
        "The disk is full, another installation is under way, or a file is held by another program.",
        "This version runs on. Mend what the detail names and try again, or install the new version by hand.";
    /// The new version was there and did not answer.
    UpgradeRolledBack = "upgrade-rolled-back", Never,
        "The new version did not answer in time, and the one before is back",
        "The new version does not start on this machine, or needs longer than it is given.",
        "Everything is as it was. Look into the log for why it did not, and report it.";
    /// The new version is there, and was not started, or does not answer.
    UpgradeNotRunning = "upgrade-not-running", Never,
        "The new version is installed, and does not run",
        "This machine does not let an installation restart services, or the new version does not start here.",
        "Restart the service: systemctl restart hybrid-connection-manager, or on Windows Restart-Service hybrid-connection-manager. If the new version does not run then either, look into the log of the system for why, and install the one before.";
    /// The policy of this machine does not allow the connection.
    PolicyDenied = "policy-denied", Never,
        "The policy of this machine does not allow this connection",
        "The administrator of this machine allows chosen endpoints alone.",
        "Ask the administrator of this machine to allow its endpoint in the policy that is named here. A change of the policy counts within seconds.";
    /// Something in the policy of this machine cannot be read.
    PolicyUnreadable = "policy-unreadable", Never,
        "Something in the policy of this machine cannot be read and allows nothing",
        "An entry of the policy is written wrong, or the service's account may not read the policy.",
        "The administrator of this machine has to mend what the detail names. A change of the policy counts within seconds.";
    /// A kind of a newer service; none of this one.
    #[serde(other)]
    Other = "other", Soon,
        "A fault of a kind that this version does not know",
        "The service is newer than the program that shows this.",
        "Install the same version of all programs.";
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_its_own_text_and_says_what_to_do() {
        let texts: BTreeSet<_> = FaultCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), FaultCode::ALL.len());
        for code in FaultCode::ALL {
            assert!(code.advice().ends_with('.'), "{code}: advice is a sentence");
            assert!(!code.summary().ends_with('.'), "{code}: a summary has no full stop");
            assert!(code.cause().ends_with('.'), "{code}: a cause is a sentence");
            let json = serde_json::to_string(code).unwrap();
            assert_eq!(json, format!("\"{code}\""));
            assert_eq!(serde_json::from_str::<FaultCode>(&json).unwrap(), *code);
        }
    }

    #[test]
    fn a_fault_of_a_newer_service_keeps_its_detail() {
        let json = r#"{"code":"gateway-levitates","detail":"3 cm above ground"}"#;
        let fault: Fault = serde_json::from_str(json).unwrap();
        assert_eq!(fault.code, FaultCode::Other);
        assert!(fault.to_string().ends_with("does not know: 3 cm above ground"));
    }
}
