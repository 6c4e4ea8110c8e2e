# Texts of the window, in English. Form: https://projectfluent.org
# Sentence case; no full stop after a single sentence in a label; an ellipsis only where
# more input follows or something is under way. zh-CN.ftl has the same keys; a test
# compares them. It has more: the English words for faults, events, connection strings
# and refusals come from the program's other parts, which the command line shows too.

product = Hybrid Connection Manager
product-gui = Hybrid Connection Manager GUI

# A label or what happened, and more about it.
more-about = { $what }: { $more }

## Header
diagnose = Diagnose
settings = Settings
new = + New
filter = Filter connections
demo = Demo

## The service
service-running = Service running
service-running-version = Service running, version { $version }
service-calling = Connecting to the service
service-starting = Service starting
service-read-only = Service running, view only
service-not-running = Service not running
service-hung = Service not responding
service-not-allowed = No access to the service
service-other-version = Service has another version
service-calling-long = Connecting to the service…
service-starting-long = Starting the service…
service-start = Start the service
service-call = Try again
needs-service = The service cannot be reached, so nothing can be changed now

read-only = You can see the status and change nothing
read-only-group = The service is managed by administrators and by members of the local group “{ $group }”. To become one, ask an administrator, then sign in again.
read-only-join = The service is managed by root and by members of the group “{ $group }”. To become one, run “{ $command }” in a terminal, then sign out of the desktop and in again. A new terminal or “newgrp” is not enough.
read-only-not-yet = This account has joined the group “{ $group }” since you signed in. Sign out of the desktop and in again to manage the service.
read-only-inside = This account is in the group “{ $group }”, whose members manage the service, but the service has not taken it up. To have it do so, run “{ $command }” in a terminal.
read-only-no-group = The service is managed by root and by members of the group “{ $group }”, which this machine does not have. To make it and become one, run “{ $command }” in a terminal, then sign out of the desktop and in again.
elevate = Open as administrator
elevate-failed = This window cannot be opened as administrator: { $detail }
banner-not-running = The service is not running
banner-not-running-text = The service listens on the hybrid connections and carries their streams. Without it, apps in Azure reach nothing through this machine.
banner-lost = The connection to the service was lost
banner-lost-text = The last known state is shown in grey, and the window keeps trying to connect. Detail: { $detail }
banner-hung = The service does not respond
banner-hung-text = The service is running but does not answer. If this lasts, restart it. The last known state is shown in grey.
banner-not-allowed = This account may not use the service
banner-not-allowed-text = { $detail }
banner-other-version = The service and this window have different versions
banner-other-version-text = { $detail }
banner-something-else = The service does not answer as expected
banner-something-else-text = { $detail }
banner-did-not-start = The service did not start
banner-did-not-start-text = { $detail }
banner-stopping = The service is stopping
banner-stopping-text =
    { $count ->
        [one] It is waiting for { $count } open stream to end.
       *[other] It is waiting for { $count } open streams to end.
    }

answer-lost = The connection to the service was lost before it answered. Check whether the change was made.
answer-timed-out = The service did not answer in time. It may still make the change.

## Empty state and demo
empty-title = No hybrid connections yet
empty-text-1 = A hybrid connection lets an app in Azure reach one host and port in this network,
empty-text-2 = without opening a port in your firewall.
empty-demo = Try it without an Azure account
select-with-azure = Select with Azure
use-connection-string = Use Connection String
demo-starting = Starting the demo…
demo-title = This is a demo
demo-text = An emulator on this machine takes the place of Azure Relay. The service, the connections and their traffic are real. Nothing is kept when you leave.
demo-leave = Leave the demo
demo-failed = The demo did not start: { $reason }

## Table
table = Hybrid connections
column-status = Status
column-name = Name
column-endpoint = Endpoint
column-namespace = Namespace
column-listeners = Listeners
column-active = Active
column-traffic = Traffic
sorted-ascending = sorted ascending
sorted-descending = sorted descending
sorted-not = not sorted
filter-nothing = Nothing matches “{ $filter }”
filter-clear = Show all connections
endpoint-unknown = Not known yet
endpoint-unknown-long = Not known yet; it is read from Azure
spoken-listeners =
    { $count ->
        [one] { $count } listener
       *[other] { $count } listeners
    }
spoken-streams =
    { $count ->
        [one] { $count } active stream
       *[other] { $count } active streams
    }
menu-name = Actions for { $name }

status-connected = Connected
status-connecting = Connecting
status-not-connected = Not connected
status-disabled = Disabled
status-stopping = Stopping

## What can be done
restart = Restart
try-now = Try now
enable = Enable
disable = Disable
update = Update connection string…
firewall = Firewall list…
remove = Remove…
copy-details = Copy details
details-show = Show details
act-restart = Could not restart { $name }
act-try-now = Could not try { $name } now
act-enable = Could not enable { $name }
act-disable = Could not disable { $name }
act-remove = Could not remove { $name }
act-update = Could not update { $name }
act-add = Could not add { $name }
copied = Copied
copy = Copy
cancel = Cancel
close = Close
save = Save
close-message = Close message

## Details
details-close = Close details
details-several =
    { $count ->
        [one] { $count } connection selected
       *[other] { $count } connections selected
    }
details-fault = Fault
details-advice = What to do
details-tracking-id = Tracking ID
tracking-id = Tracking ID { $id }
details-service-bus-endpoint = Service Bus endpoint
copy-service-bus-endpoint = Copy Service Bus endpoint
details-reachable = Reachable from this machine
details-key = Key
details-listeners = { $count } of { $most }
details-since = Since
details-streams-label = Streams
details-streams = { $active } active · { $total } in total
details-in = To the endpoint
details-out = To Azure
details-refused = Refused
details-created = Created in Azure
details-updated = Updated in Azure
details-events = Recent events
details-event = Event
retry-in = Next attempt in { $left }
endpoint-is-address = An IP address: clients that skip the DNS lookup do not use the hybrid connection
endpoint-is-localhost = localhost: an app in App Service on Linux reaches itself by this name
reach-checked = { $what } · checked { $ago }
reach-connected = TCP connect in { $time }
reach-connected-untimed = TCP connect
reach-unknown = Not checked yet
reach-check = Check now

ago-now = just now
ago-seconds = { $count } s ago
ago-minutes = { $count } min ago
ago-hours = { $count } h ago
ago-days =
    { $count ->
        [one] { $count } day ago
       *[other] { $count } days ago
    }
span-seconds = { $count } s

## Events
event-metadata-mended = The metadata lacks a quote, as the published Bicep sample does. It was mended here; other programs may refuse it.

## New hybrid connections
new-title = New hybrid connections
new-help = In the Azure portal: your app › Networking › Hybrid connections › the connection › Gateway connection string.
new-help-several = To add several, paste one connection string per line.
new-found =
    { $count ->
        [one] { $count } connection string found
       *[other] { $count } connection strings found
    }
new-found-bad = { $count } cannot be read
new-line = Line { $line }
new-already = Already added. To give it another key, use “Update connection string…”.
new-repeated = The same connection is further up; it is added once
new-added = Added
create = Create
create-several = Create { $count } connections
creating = Creating…
added =
    { $count ->
        [one] { $name } was added
       *[other] { $count } connections were added
    }
paste-field = Gateway connection string
check-name = Hybrid connection
check-running = Reading it from Azure…
check-endpoint = { $endpoint }, read from Azure
check-failed = Could not be checked: { $reason }
check-reachable = Reachable, { $time }
check-from-here = From this machine
check-note = Note

## Select with Azure: signing in
azure-not-stored = Your Azure account is used only for this step and is not stored.
azure-sign-in = Sign in
azure-sign-in-title = Sign in with an account that may see the hybrid connections
azure-sign-in-text = Your browser opens and asks which account to use.
azure-sign-in-code = Use a code on another device
azure-sign-in-cli = Use the Azure CLI's login
azure-sign-in-again = Sign in again
azure-sign-in-browser = Sign in with the browser
azure-sign-in-tenant = Sign in to this tenant
azure-cloud = Cloud
azure-proxy-password = Password of the proxy
azure-proxy-password-text = Only the service knows the password of the proxy { $proxy }. It is used for this step and is not stored.
azure-settings-failed = The settings of the sign-in could not be read: { $reason }
azure-settings-again = Try again
azure-waiting-browser = Waiting for the browser…
azure-waiting-browser-text = Finish the sign-in on the page that has opened.
azure-waiting-left = Time left: { $left }
azure-waiting-cli = Asking the Azure CLI…
azure-waiting-code = Getting a code…
azure-waiting-device = Waiting for the sign-in on the other device…
azure-page-again = Open the page again
azure-page-not-opened = The page could not be opened: { $reason }
azure-stop-sign-in = Cancel sign-in
azure-device-text = Open this page on any device, type the code, and sign in there:
azure-device-open = Open the page
azure-copy-address = Copy address
azure-copy-code = Copy code
span-minutes = { $minutes } min { $count } s
cloud-public = Azure (public)
cloud-china = Azure operated by 21Vianet (China)
cloud-us-government = Azure for US Government
cloud-custom = Custom cloud

## Select with Azure: choosing
azure-account = Signed in as { $name }
azure-another-account = Use another account
azure-subscription = Subscription
azure-subscription-choose = Choose a subscription…
azure-subscription-none = Nothing matches “{ $filter }”
azure-subscription-filter = Filter subscriptions
azure-subscriptions-reading = Reading subscriptions…
azure-no-subscriptions = This account sees no subscription
azure-no-subscriptions-text = Ask for a role on the subscription or on the namespace, Azure Relay Owner for example, or use another account.
azure-choose-text = Choose a subscription to see its hybrid connections
azure-filter = Filter by name, endpoint or namespace
azure-filter-clear = Show all
azure-list = Hybrid connections in Azure
azure-check-all = Select all that are shown
azure-resource-group = Resource group
azure-already-added = already added
azure-added = added
azure-creating = Creating { $done } of { $total }…
azure-adding = Adding…
azure-looking = Looking for namespaces…
azure-reading = Reading namespaces { $read } of { $total }…
azure-pause = Azure wants a pause of { $left }
azure-stop-reading = Stop reading
azure-stopped = Stopped at { $read } of { $total } namespaces
azure-read =
    { $count ->
        [one] { $count } hybrid connection
       *[other] { $count } hybrid connections
    }
azure-selected = { $count } selected
azure-read-again = Read again
azure-nothing-yet = Nothing was read yet
azure-nothing-read = Nothing could be read
azure-empty = No hybrid connections in this subscription
azure-empty-text = Azure shows only what the account may see. Create a hybrid connection in the portal, or choose another subscription.
azure-not-read =
    { $count ->
        [one] { $count } part could not be read
       *[other] { $count } parts could not be read
    }
azure-not-read-show = Show why
azure-not-read-hide = Hide
azure-not-read-namespace = Namespace { $name }
azure-not-read-tenants = The list of tenants
azure-not-read-tenant = Tenant { $name }
azure-not-sent = Cancelled before it was added
azure-not-added =
    { $count ->
        [one] { $count } connection was not added
       *[other] { $count } connections were not added
    }
azure-not-added-more =
    { $count ->
        [one] … and { $count } more
       *[other] … and { $count } more
    }
azure-copy-error = Copy error
azure-code = Code { $id }
azure-correlation = Correlation ID { $id }
azure-portal = View in Azure portal
details-subscription = Subscription
details-resource-group = Resource group
details-region = Region
details-resource-id = Resource ID
unusable-no-address = Its namespace has no usable Service Bus endpoint
unusable-odd-shape = Azure describes it in a way that cannot be understood
unusable-no-metadata = No endpoint: it has no metadata
unusable-not-json = Its metadata is not valid JSON
unusable-no-endpoint = Its metadata names no endpoint
unusable-bad-endpoint = The endpoint in its metadata is not host:port

## Update connection string
update-title = Update connection string of { $name }
update-text = Paste the current connection string of { $name }. Open streams are kept.
update-do = Update
update-other-connection = This is the connection string of another hybrid connection: { $name }
updated = { $name } has its new connection string

## Remove
remove-title = Remove { $name }?
remove-title-several =
    { $count ->
        [one] Remove { $count } connection?
       *[other] Remove { $count } connections?
    }
remove-what = { $name }: apps in Azure no longer reach { $endpoint } through this machine.
remove-what-unknown = { $name }: apps in Azure no longer reach its endpoint through this machine.
remove-others =
    { $count ->
        [one] { $count } other listener still serves it.
       *[other] { $count } other listeners still serve it.
    }
remove-no-others = No other listener serves it: apps that use it will fail.
remove-more =
    { $count ->
        [one] … and { $count } more.
       *[other] … and { $count } more.
    }
remove-streams =
    { $count ->
        [one] { $count } open stream is cut at once.
       *[other] { $count } open streams are cut at once.
    }
remove-azure-stays = The hybrid connection stays in Azure and can be added here again.
remove-do = Remove
removed =
    { $count ->
        [one] { $name } was removed
       *[other] { $count } connections were removed
    }

## Settings
settings-window = This window
settings-service = The service
settings-language = Language
language-chinese = Chinese, simplified
settings-theme = Appearance
settings-autostart = Open this window at login, minimized
settings-proxy = Proxy
settings-proxy-hint = As this computer is set, or http://host:port
settings-proxy-of-environment = In use: { $proxy }, from { $place } in the environment of the service
settings-proxy-of-system = In use: { $proxy }, from the proxy settings of the system
settings-ca = Extra CA certificates
settings-ca-hint = PEM file, if the network inspects TLS
settings-log-level = Log level
settings-log-connections = Log level of connections
settings-log-connections-hint = As above, or contoso/sql=debug
settings-log-json = Write the log as JSON lines, for programs
settings-keep-files = Log files to keep (days)
settings-drain = Wait for streams at stop (s)
settings-status-for-all = Let other accounts of this computer see the status
settings-metrics = Metrics for Prometheus at
settings-metrics-hint = 127.0.0.1:9464, empty for nowhere
settings-feed = Look for new versions at
settings-feed-hint = “github”, “off”, or an https address
settings-preview = Tell of preview versions too
settings-azure = Azure sign-in
settings-client-id = Client ID
settings-client-id-hint = App registration that people sign in to
settings-tenant = Tenant
settings-tenant-hint = contoso.onmicrosoft.com, empty for the account's own
settings-authority = Sign-in address
settings-needed = A custom cloud needs this address
settings-resource-manager = Resource Manager
settings-audience = Token audience
settings-audience-hint = Empty for the address of Resource Manager
settings-portal = Portal
settings-address-hint = https://management.example.com
settings-loading = Reading the settings of the service…
settings-saved = The settings are saved and in use
as-system = Same as system
theme-light = Light
theme-dark = Dark
choose-file = Choose…
no-file-dialog = This desktop has no dialog in which to choose a file: install xdg-desktop-portal with a backend for it, or zenity. Until then, type where the file is.
no-chinese-font = This machine has no font with Chinese characters, so the texts are in English. Install one (on Debian and Ubuntu: fonts-noto-cjk) and open the window again.
autostart-failed = Opening the window at login could not be read or changed: { $reason }
preferences-not-saved = The window's preferences cannot be saved, and are forgotten when it closes: { $reason }

## Diagnose, firewall, upgrade
diagnose-title = Diagnose { $name }
diagnose-begins = Looking…
diagnose-running = Looking: { $done } of { $total }
diagnose-again = Look again
diagnose-all-gateways = Try all 256 gateways
diagnose-cause = Mend this first · { $what }
diagnose-warning = It works, and this should be known · { $what }
diagnose-fine = Nothing is wrong · { $time }
diagnose-outdated = The connection has changed since this was looked at ({ $time }). Look again.
diagnose-because = Not looked at, because of this: { $what }
diagnose-choose = Select a connection to look at its whole way as well: to Azure, to the gateways and to the endpoint.
diagnose-strange = The service has answered with something else. Install the same version of all programs.
verdict-running = Being looked at
verdict-ok = All is well
verdict-warning = Should be known
verdict-failed = Failed
verdict-skipped = Not looked at
explain-open = What does this mean?
explain-title = What this fault means
explain-code = Code
explain-meaning = Meaning
explain-cause = Usual cause
explain-by-itself = What happens by itself
firewall-title = Firewall list for { $name }
firewall-text = This connection needs these outbound connections. It opens no inbound port. Behind a proxy, it is the proxy that needs them.
firewall-proxy = The service goes to Azure through the proxy { $proxy }: the proxy needs this list, and this machine the proxy alone.
firewall-asking = Looking up { $namespace }…
firewall-searching = The namespace lives on the stamp { $stamp }. Looking up its gateways: { $waiting } of { $total } are left…
firewall-stamp = The namespace lives on the stamp { $stamp }. Any of its { $total } gateways may be named for a stream: { $resolved } have addresses now, { $unknown } are names that Azure may give later.
firewall-stamp-failed = The namespace lives on the stamp { $stamp }, with { $total } gateways. DNS gave no answer for { $failed } of them, so the list has gaps: open it again when DNS answers.
firewall-stamp-unknown = The namespace lives on the stamp { $stamp }, and DNS knows none of its { $total } gateways here, so the list has no addresses of them: make it where DNS knows them, or allow all names below its domain.
firewall-private = Here { $namespace } leads to a private endpoint: allow the ports 9400 to 9599 of it besides. Its gateways are not known here, and DNS tells them outside of the virtual network.
firewall-untold = What DNS tells about { $namespace } names no stamp of Azure, so its gateways are not known. Allow all names below its domain.
firewall-unknown = DNS knows no { $namespace } here. Behind a proxy that may be so: then make the list where DNS knows the name, or allow all names below its domain.
firewall-no-dns = DNS gave no answer for { $namespace }. Check this machine’s DNS, or allow all names below its domain.
firewall-format-text = Text
firewall-by-name = By name one rule is enough: { $wildcard }
firewall-by-address = These rules are by address, and addresses change: make them anew from time to time. By name one rule is enough: { $wildcard }
firewall-no-address = No address is known, so there is no rule to make of them.
save-as = Save…
file-saved = Saved as { $path }
file-not-saved = The file could not be saved: { $reason }
upgrade-title = Upgrade
upgrade-available = Version { $version } is available
upgrade-have = You have { $version }. Released { $released } · signature verified
upgrade-news = What’s new
upgrade-how = Install it as this version was installed. Connections and settings stay.
upgrade-skip = Skip this version
upgrade-later = Later
upgrade-do = Upgrade and restart
upgrade-again = Try again
upgrade-streams =
    { $count ->
        [one] The service restarts: { $count } active stream gets up to { $seconds } s to end.
       *[other] The service restarts: { $count } active streams get up to { $seconds } s to end.
    }
upgrade-streams-some =
    { $count ->
        [one] The service restarts: { $count } active stream gets some time to end.
       *[other] The service restarts: { $count } active streams get some time to end.
    }
upgrade-no-streams = The service restarts; no stream is active.
upgrade-streams-new = New streams go to other machines that listen, or are refused until the new version is connected.
upgrade-to = Upgrading to version { $version }
upgrade-begins = Starting the upgrade…
upgrade-downloading = Downloading… { $done } of { $total }
upgrade-installing = Installing…
upgrade-draining =
    { $count ->
        [one] The service is stopping; { $count } stream is still open…
       *[other] The service is stopping; { $count } streams are still open…
    }
upgrade-waiting = Waiting for the new service…
upgrade-goes-on = The upgrade goes on when you close this, and when you close the window.
upgrade-late = The new service has not answered for too long
upgrade-late-advice = This window keeps waiting for it. See whether the service “hybrid-connection-manager” runs on this machine, start it if it does not, and look for the reason in the system's log. Or install the new version by hand.
upgrade-runs = Version { $version } is running
upgrade-connected = Connected again: { $active } of { $total }
upgrade-window-old = This window is still version { $version }. Restart it to have what is new in it.
window-restart = Restart this window
window-not-replaced = The program of this window is still version { $other } on this machine. Install version { $version } of it too; then restart this window.
window-not-restarted = This window could not be restarted: { $reason }
upgrade-failed-title = The upgrade has failed
upgrade-failed = The upgrade to version { $version } has failed
upgrade-still-old = The service still is version { $version }
upgrade-still-old-advice = Nothing has come of the upgrade. The service's log says why. Try again, or install the new version by hand.
upgrade-newest = Version { $version } is the newest.
upgrade-unknown = This is version { $version }. Whether there is a newer one is not known.
upgrade-asked = Asked { $ago }

## About and keys
about-open = About
about-text = Lets apps in Azure reach a host and port in this network.
about-documentation = Documentation
about-version = Version { $version }
about-window = Window
about-service = Service
about-service-away = Not reached
about-home = Service folder
about-since = Running since
about-renderer = Renderer
about-licences = MIT licence. Not affiliated with Microsoft. Fonts: Inter and JetBrains Mono, SIL Open Font License 1.1.
shortcuts = Keyboard shortcuts
key-new = New hybrid connections
key-filter = Filter the table
key-move = Move through the table
key-extend = Select several
key-select-all = Select all
key-details = Show or hide the details
key-remove = Remove
key-copy = Copy the details
key-try-now = Try now
key-restart = Restart
key-menu = Actions for a connection
key-settings = Settings
key-keys = This list
key-escape = Clear the filter, then the selection; close a dialog
key-quit = Close the window

## Footer
footer-connections =
    { $count ->
        [one] { $count } connection
       *[other] { $count } connections
    }
footer-upgrading = Upgrading to { $version }…
footer-window-old = The service is version { $version }, this window { $other }: restart this window
footer-connected = { $count } connected
footer-streams =
    { $count ->
        [one] { $count } active stream
       *[other] { $count } active streams
    }
footer-rates = ↓ { $in }  ↑ { $out }

## Faults whose advice names the window instead of a command
fault-tls-untrusted-advice = If your network inspects TLS, add its CA in Settings under “Extra CA certificates”.
fault-unauthorized-advice = The key was regenerated or removed. Paste the current connection string to fix it.
fault-not-found-advice = It was removed or renamed. Create it again in Azure, or remove it here.
fault-token-spent-advice = It cannot be renewed here. Paste a connection string with a key, or with a new signature.
fault-key-sealed-advice = It was sealed on another machine or for another account, or the file was damaged. Paste the connection string to store the key anew.
fault-settings-not-reloaded-advice = Mend what the detail names, then reload or restart the service.
fault-settings-damaged-advice = The damaged file is kept in the same folder. Set what you need again in Settings.
fault-ca-unusable-advice = It must be a PEM file with certificates that the service may read. Choose another in Settings.
fault-feed-unreachable-advice = It is asked again by itself. Check the network and the proxy, or change or switch off in Settings where new versions are looked for.
fault-release-unreadable-advice = Nothing was changed. Check in Settings where new versions are looked for.
fault-upgrader-silent-advice = Nothing was changed. Install the new version by hand, or have the administrator look at the service “hybrid-connection-manager-upgrade”.
fault-upgrade-not-running-advice = Restart the service “hybrid-connection-manager”, or have the administrator do it. If the new version does not run then either, install the one before.
fault-no-ca-certificates-advice = Install the package ca-certificates and restart the service, or choose a PEM file in Settings.
fault-logs-unwritable-advice = The service runs without them; “Logs” still shows the last lines. Mend what the detail names; if they do not go on then, restart the service.
fault-status-channel-closed-advice = It is tried again every minute. End the program that is named here, or switch this off in Settings.
fault-metrics-closed-advice = It is tried again by itself. End the program that is named here, or choose another port in Settings under “Metrics for Prometheus at”, or leave that empty.
fault-proxy-unreachable-advice = Check that the proxy is running and that its address in Settings is right. “none” in “Proxy” uses no proxy.
fault-proxy-login-advice = Give a user and a password in Settings under “Proxy”: http://user:password@host:port, where other characters than letters and digits may be written as %XX.
fault-proxy-login-unsupported-advice = Have its administrator let this machine through without a login, with Basic or with NTLM, or run a local proxy that logs in for it, such as Px or Cntlm, and name that in Settings under “Proxy”.
fault-proxy-tls-advice = Most proxies are spoken to without TLS: begin the address in Settings with http://. Otherwise add the CA of the proxy in Settings.
fault-proxy-unusable-advice = Azure is reached without a proxy until then. Correct it there and restart the service, or name a proxy in Settings (“none” for no proxy).
fault-proxy-script-advice = Look into the script for the proxy of *.servicebus.windows.net and name it in Settings under “Proxy”. If Azure is reached without one, write “none” there.
fault-proxy-password-sealed-advice = It was sealed on another machine or for another account, or the file was damaged. Give it again in Settings under “Proxy”.
fault-proxy-refused-advice = Have its administrator allow CONNECT to *.servicebus.windows.net on port 443, and look whether the proxy gets there itself. The address of a SOCKS proxy begins with socks5:// in Settings.

## What goes wrong with an Azure account, and what to do
azure-error-sign-in-denied = The sign-in was cancelled in the browser
azure-advice-sign-in-denied = Sign in again, or use another way to sign in.
azure-error-sign-in-timed-out = Nobody signed in in time
azure-advice-sign-in-timed-out = Start the sign-in again.
azure-error-forged-answer = The browser brought an answer that does not belong to this sign-in
azure-advice-forged-answer = Start the sign-in again, and finish it on the page that opens then.
azure-error-no-browser = The browser could not be opened
azure-advice-no-browser = Use a code on another device instead.
azure-error-no-loopback = This program cannot wait for the browser's answer on this machine
azure-advice-no-loopback = Use a code on another device instead.
azure-error-code-expired = The code is no longer valid
azure-advice-code-expired = Start the sign-in again.
azure-error-consent-required = The application may not be used in this tenant before somebody consents
azure-advice-consent-required = Ask an administrator of the tenant to consent, or name an application that may be used in Settings under “Client ID”.
azure-error-interaction-required = Azure wants another step of the sign-in, multi-factor authentication for example
azure-advice-interaction-required = Sign in with the browser and finish that step there.
azure-error-conditional-access = A conditional access policy of the tenant does not allow this sign-in
azure-advice-conditional-access = Sign in from a device and network that the policy allows, or ask an administrator of the tenant.
azure-error-not-in-tenant = The account does not belong to this tenant
azure-advice-not-in-tenant = Use an account of the tenant, or ask to be invited as a guest.
azure-error-unknown-application = Azure does not know the tenant or the application of the sign-in
azure-advice-unknown-application = Check “Tenant” and “Client ID” in Settings.
azure-error-bad-credentials = Azure does not accept these credentials
azure-advice-bad-credentials = Check the account, or use another way to sign in.
azure-error-sign-in-failed = Azure refused the sign-in
azure-advice-sign-in-failed = Try again, or use another way to sign in.
azure-error-no-azure-cli = The Azure CLI is not installed, or not in the PATH
azure-advice-no-azure-cli = Install it, or use another way to sign in.
azure-error-azure-cli-signed-out = Nobody is signed in to the Azure CLI
azure-advice-azure-cli-signed-out = Run “az login” in a terminal, or use another way to sign in.
azure-error-no-environment = The environment names neither a service principal nor a managed identity
azure-advice-no-environment = Use another way to sign in.
azure-error-token-refused = Azure does not take the sign-in any more (401)
azure-advice-token-refused = Sign in again. What you have selected stays.
azure-error-wrong-tenant = The sign-in is for another tenant than the subscription's
azure-advice-wrong-tenant = Name the subscription's tenant in Settings under “Tenant”, then sign in again.
azure-error-forbidden = The account may not do this (403)
azure-advice-forbidden = An owner of the resource, or an administrator of its subscription, can give that permission; the role Azure Relay Owner has it.
azure-error-locked = A lock in Azure keeps the keys from being read
azure-advice-locked = Ask an owner to remove the lock, or paste a connection string.
azure-error-refused = Azure refuses this
azure-advice-refused = Azure's own words say why; change it there, or ask an owner of the resource.
azure-error-not-found = Azure has no such resource (404)
azure-advice-not-found = It was removed or renamed. Read the list again.
azure-error-no-listen-rule = No rule of the hybrid connection or of its namespace has the Listen right
azure-advice-no-listen-rule = Add a shared access policy with the Listen right in the portal.
azure-error-throttled = Azure wants fewer requests (429)
azure-advice-throttled = Wait a few minutes, then try again.
azure-error-azure-failed = Azure has a problem of its own
azure-advice-azure-failed = Try again; if it stays, look at Azure's status page.
azure-error-not-azure = Something that is not Azure answers, a captive portal or a proxy for example
azure-advice-not-azure = Open any web page in the browser and sign in to the network, then try again.
azure-error-unreachable = Azure could not be reached
azure-advice-unreachable = Check the network, the DNS of this machine, and that outbound TCP on port 443 is allowed.
azure-error-timed-out = Azure did not answer in time
azure-advice-timed-out = Check the network, then try again.
azure-error-interrupted = The connection to Azure broke in the middle of an answer
azure-advice-interrupted = Try again.
azure-error-untrusted = The certificate of the other side is not trusted
azure-advice-untrusted = If your network inspects TLS, add its CA in Settings under “Extra CA certificates”.
azure-error-proxy-refused = The proxy does not open the way to Azure
azure-advice-proxy-refused = Check the proxy that is named, its user and its password, and that it allows CONNECT to Azure on port 443.
azure-error-proxy-unreachable = The proxy could not be reached
azure-advice-proxy-unreachable = Check that the proxy is running and that its address in Settings is right. “none” in “Proxy” uses no proxy.
azure-error-proxy-tls = TLS with the proxy failed
azure-advice-proxy-tls = Most proxies are spoken to without TLS: begin the address in Settings with http://. Otherwise add the CA of the proxy in Settings.
azure-error-proxy-password = The proxy wants a password, and only the service knows it
azure-advice-proxy-password = Type the password of the proxy for this step.
azure-error-bad-setting = A setting of the sign-in cannot be used
azure-advice-bad-setting = Correct it in Settings under “Azure sign-in” or “Proxy”.
azure-error-bad-answer = Azure's answer could not be understood
azure-advice-bad-answer = Try again; if it stays, a newer version may understand it.

## What to do about what a check has seen, where the window has a place for what the command line does.

note-service-says-advice = Look at the message at the top of the window.
note-no-proxy-advice = If this network needs a proxy, set it in the settings.
note-connection-disabled-advice = Enable the connection.
note-gateways-blocked-advice = Allow outbound TCP on port 443 to all gateways, not to the namespace alone: “Firewall list…” has them.
note-gateways-not-resolved-advice = Let the DNS of this machine resolve all names below servicebus.windows.net, not the namespace alone: “Firewall list…” has them.
note-connection-removed-advice = Add it again if it should listen.
note-listener-not-counted-advice = Restart the connection. Azure may also be some seconds behind.
