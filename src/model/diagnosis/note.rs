//! What a check may have to say that is no fault of a connection.

use serde::{Deserialize, Serialize};

use crate::model::coded::coded;

macro_rules! note_codes {
    ($( $(#[$doc:meta])* $name:ident = $text:literal, $summary:literal, $advice:literal; )*) => {
        coded! {
            /// Every kind of note. The text form is stable: scripts may match it.
            #[derive(
                Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
            )]
            pub enum NoteCode {
                $( $(#[$doc])* #[serde(rename = $text)] $name = $text, $summary, $advice; )*
            }
        }
    };
}

note_codes! {
    /// Nothing answers on the local channel.
    ServiceNotRunning = "service-not-running",
        "The service does not run",
        "Start it: without the service, nothing listens for any hybrid connection.";
    /// Something answers that is not as it should be.
    ServiceNotAnswering = "service-not-answering",
        "The service does not answer as it should",
        "Restart the service.";
    /// The service does not know the request.
    ServiceTooOld = "service-too-old",
        "The service is too old to look for what is wrong",
        "Upgrade the service to the version of this program.";
    /// The service says something about itself.
    ServiceSays = "service-says",
        "The service has something to say",
        "Look at what it says; hcm explain CODE tells more about each code.";
    /// The service ends.
    ServiceStopping = "service-stopping",
        "The service is stopping and takes no new streams",
        "Wait until it has ended, and start it again.";
    /// Nothing limits what may be connected.
    NoPolicy = "no-policy",
        "No policy is in force on this machine",
        "Nothing to do.";
    /// Azure is reached without a proxy.
    NoProxy = "no-proxy",
        "Azure is reached straight, without a proxy",
        "If this network needs a proxy, set it: hcm settings set network.proxy http://host:port.";
    /// Names are resolved by the proxy.
    ProxyResolves = "proxy-resolves",
        "The proxy resolves the name; this machine does not need to",
        "Nothing to do.";
    /// The namespace is reached by a private endpoint.
    PrivateLink = "private-link",
        "The namespace is reached by its private endpoint",
        "Nothing to do. If it should be the public address, the DNS of this network says otherwise.";
    /// Some of several addresses fail.
    SomeAddressesFail = "some-addresses-fail",
        "Not every address takes connections",
        "Streams take another address meanwhile. Mend or remove the address in the DNS.";
    /// The clock is off.
    ClockOff = "clock-off",
        "This machine's clock is wrong",
        "Set the clock and switch time synchronisation on: keys are proven with the time, and a clock that is minutes off makes Azure refuse them.";
    /// No time was told.
    ClockUnknown = "clock-unknown",
        "Azure's time could not be read",
        "Nothing to do: what answers for the namespace tells no time.";
    /// Somebody signs in Azure's place, and is trusted.
    TlsInspected = "tls-inspected",
        "Somebody else than Microsoft signs the certificate: a proxy or firewall inspects TLS",
        "It is trusted here and works. If channels break off, exempt *.servicebus.windows.net from the inspection.";
    /// The listener is connected, so no trial is needed.
    ListenerConnected = "listener-connected",
        "The listener is connected",
        "Nothing to do.";
    /// The listener was tried.
    ListenerTried = "listener-tried",
        "The listener was tried, and Azure took it",
        "Nothing to do: it stays connected.";
    /// The connection is switched off.
    ConnectionDisabled = "connection-disabled",
        "The connection is disabled, so it does not listen",
        "Enable it: hcm enable NAMESPACE/NAME.";
    /// The listener did not come to an end with its attempt.
    ListenerBusy = "listener-busy",
        "The listener is still connecting",
        "Look again in half a minute.";
    /// The metadata was mended.
    MetadataMended = "metadata-mended",
        "The endpoint in Azure is written with a missing quote, as in a published sample, and was read all the same",
        "Set the userMetadata in Azure to [{\"key\":\"endpoint\",\"value\":\"host:port\"}]: other managers cannot read it as it is.";
    /// Azure names another endpoint than the one in use.
    EndpointDiffers = "endpoint-differs",
        "Azure names another endpoint than the one that was in use",
        "Nothing to do: the service goes over to it by itself within some minutes.";
    /// Some gateways cannot be reached.
    GatewaysBlocked = "gateways-blocked",
        "The namespace can be reached, and gateways cannot: streams fail, all or some",
        "Allow outbound TCP on port 443 to all gateways, not to the namespace alone: hcm firewall NAMESPACE/NAME lists them.";
    /// DNS does not lead to the gateways.
    GatewaysNotResolved = "gateways-not-resolved",
        "The DNS here knows the namespace, and not its gateways: streams fail, all or some",
        "Let the DNS of this machine resolve all names below servicebus.windows.net, not the namespace alone: hcm firewall NAMESPACE/NAME lists them.";
    /// The stamp is not known.
    GatewaysUnknown = "gateways-unknown",
        "The names of the gateways cannot be told from the DNS of the namespace",
        "Nothing to do: a private zone, a proxy, or an Azure without such names. The firewall must allow *.servicebus.windows.net.";
    /// The endpoint is not known.
    NoEndpoint = "no-endpoint",
        "The endpoint is not known",
        "Mend first what keeps Azure from naming it.";
    /// The endpoint is an address.
    EndpointIsAddress = "endpoint-is-address",
        "The endpoint is an IP address and no name",
        "The app must use exactly what the hybrid connection names. Use a DNS name: App Service catches connections by name, and many drivers and certificates need one.";
    /// The endpoint is this machine.
    EndpointIsLoopback = "endpoint-is-loopback",
        "The endpoint is this machine itself (localhost)",
        "On App Service for Linux an app that connects to localhost stays in its own container, and never comes here. Name the endpoint by this machine's DNS name.";
    /// A port of the SQL Server Browser.
    SqlBrowserPort = "sql-browser-port",
        "Port 1434 is the SQL Server Browser, which speaks UDP",
        "A named instance (SERVER\\INSTANCE) cannot be found over a hybrid connection. Give the instance a fixed TCP port and use host:port in Azure and SERVER,PORT in the app.";
    /// A backslash in the endpoint.
    SqlNamedInstance = "sql-named-instance",
        "The endpoint names a SQL Server instance",
        "A named instance (SERVER\\INSTANCE) cannot be found over a hybrid connection. Give the instance a fixed TCP port and use host:port in Azure and SERVER,PORT in the app.";
    /// FTP.
    FtpPort = "ftp-port",
        "This is the port of FTP, which opens more ports for its data",
        "A hybrid connection carries one port. Use SFTP (port 22) or HTTPS instead.";
    /// File shares.
    FileSharePort = "file-share-port",
        "This is the port of file shares (SMB or NFS)",
        "App Service cannot mount a drive over a hybrid connection. Reach the files by HTTPS or SFTP.";
    /// Directories.
    DirectoryPort = "directory-port",
        "This is a port of a directory (LDAP or Kerberos)",
        "LDAP may need UDP and other servers that it names; joining a domain cannot work over a hybrid connection.";
    /// RPC.
    RpcPort = "rpc-port",
        "This is the port of RPC, which moves on to other ports",
        "A hybrid connection carries one port. Give the program a fixed port, or use another way to reach it.";
    /// UDP.
    UdpPort = "udp-port",
        "This is a port of a protocol that speaks UDP",
        "A hybrid connection carries TCP alone.";
    /// Other machines listen too.
    OtherListeners = "other-listeners",
        "Other machines listen too: Azure spreads the streams over all of them",
        "Nothing to do if that is meant. Each of them must reach the endpoint.";
    /// Other machines listen and this one does not.
    ListenedElsewhere = "listened-elsewhere",
        "Another machine listens and this one does not, so Azure shows Connected",
        "Mend what keeps this machine from listening, or look for what is wrong on the other one.";
    /// Azure does not count this listener.
    ListenerNotCounted = "listener-not-counted",
        "Azure counts no listener, although this one is connected",
        "Restart the connection: hcm restart NAMESPACE/NAME. Azure may also be some seconds behind.";
    /// Microsoft's manager has the same connection.
    MicrosoftManagerSame = "microsoft-manager-same",
        "Microsoft's Hybrid Connection Manager on this machine has the same connection",
        "Azure spreads the streams over both. Remove the connection there, or stop its service.";
    /// Microsoft's manager is here.
    MicrosoftManagerHere = "microsoft-manager-here",
        "Microsoft's Hybrid Connection Manager is on this machine, without this connection",
        "Nothing to do.";
    /// The files of Microsoft's manager cannot be read.
    MicrosoftManagerUnread = "microsoft-manager-unread",
        "The connections of Microsoft's Hybrid Connection Manager cannot be read by the service",
        "Look there by hand whether it has the same connection.";
    /// BizTalk's manager is installed.
    BizTalkManager = "biztalk-manager",
        "The Hybrid Connection Manager of BizTalk Services is installed",
        "It gets in the way of newer managers on Windows. Uninstall it.";
    /// Service Bus for Windows Server is installed.
    ServiceBusServer = "service-bus-server",
        "Service Bus for Windows Server is installed",
        "It may hold ports and certificates that get in the way. Uninstall it, or use another machine.";
    /// What needs the service was left out.
    NeedsService = "needs-service",
        "This needs the service",
        "Start the service and look again.";
    /// There was no time left.
    OutOfTime = "out-of-time",
        "There was no time left for this",
        "Mend first what has failed, and look again.";
    /// The look ended before it.
    BrokenOff = "broken-off",
        "The look was broken off before this",
        "Look again.";
    /// The connection is gone.
    ConnectionRemoved = "connection-removed",
        "The connection was removed meanwhile",
        "Add it again if it should listen: hcm add.";
    /// A note of a newer service; none of this one.
    #[serde(other)]
    Other = "other",
        "Something that this version does not know",
        "Install the same version of all programs.";
}

impl std::fmt::Display for NoteCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
