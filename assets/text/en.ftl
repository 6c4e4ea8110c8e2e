# Texts of the window, in English. Form: https://projectfluent.org
# Sentence case; no full stop after a single sentence in a label; an ellipsis only where
# more input follows. zh-CN.ftl has the same keys; a test compares them.

product = Hybrid Connection Manager
product-gui = Hybrid Connection Manager GUI

## Header
diagnose = Diagnose
settings = Settings
new = + New
filter = Filter connections
demo = Demo

## The service
service-running = Service running
service-running-version = Service running, version { $version }
service-calling = Calling the service
service-starting = Service starting
service-not-running = Service not running
service-hung = Service not answering
service-not-allowed = No access to the service
service-other-version = Service of another version
service-calling-long = Calling the service…
service-starting-long = Starting the service…
service-start = Start the service
service-call = Try again
needs-service = The service cannot be reached; nothing can be changed now

banner-not-running = The service is not running
banner-not-running-text = It listens on the hybrid connections and carries their streams; without it, apps in Azure reach nothing through this machine.
banner-lost = The connection to the service was lost
banner-lost-text = The last known state is shown in grey. It is called again and again. What was seen: { $detail }
banner-hung = The service does not answer
banner-hung-text = It runs but says nothing. If this stays, restart it. The last known state is shown in grey.
banner-not-allowed = This account may not use the service
banner-not-allowed-text = { $detail }
banner-other-version = The service is of another version
banner-other-version-text = { $detail }
banner-something-else = The service does not answer as it should
banner-something-else-text = { $detail }
banner-did-not-start = The service did not start
banner-did-not-start-text = { $detail }
banner-stopping = The service is stopping
banner-stopping-text =
    { $count ->
        [one] It waits for { $count } open stream.
       *[other] It waits for { $count } open streams.
    }

answer-lost = The connection to the service was lost before it answered; look whether it was done
answer-timed-out = The service did not answer in time; it may still do what was asked

## Empty state and demo
empty-title = No hybrid connections yet
empty-text-1 = A hybrid connection lets an app in Azure reach one host and port in this network,
empty-text-2 = without opening a port in your firewall.
empty-demo = Try it without an Azure account
select-with-azure = Select with Azure
use-connection-string = Use Connection String
demo-starting = Starting the demo…
demo-title = This is a demo
demo-text = Azure Relay is played by an emulator on this machine; the service, the connections and their traffic are real. Nothing of it stays.
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
endpoint-unknown = not known yet
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
act-restart = { $name } was not restarted
act-try-now = { $name } is not tried now
act-enable = { $name } was not enabled
act-disable = { $name } was not disabled
act-remove = { $name } was not removed
act-add = { $name } was not added
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
details-tracking-id = Tracking id
tracking-id = Tracking id { $id }
details-service-bus-endpoint = Service Bus endpoint
copy-service-bus-endpoint = Copy Service Bus endpoint
details-reachable = Reachable from this machine
details-key = Key
details-listeners = { $count } of { $most }
details-since = Since
details-streams-label = Streams
details-streams = { $active } active · { $total } in all
details-in = To the endpoint
details-out = To Azure
details-refused = Refused
details-created = Created in Azure
details-updated = Updated in Azure
details-events = Recent events
details-event = Event
retry-in = Tried again in { $left }
endpoint-is-address = IP address: some clients skip the DNS look-up
endpoint-is-localhost = localhost: an app on App Service for Linux means itself by it
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

## Events; the English text of most comes from the service
event-connected = Connected
event-connected-gateway = Connected ({ $gateway })
event-next-attempt = { $fault }; attempt { $attempt } in { $seconds } s
event-restarted = Restarted
event-key-replaced = The key was replaced
event-stream-failed = A stream failed: { $fault }
event-endpoint-changed = The endpoint changed from { $before } to { $after }
event-endpoint-kept = The last known endpoint is kept: { $detail }
event-endpoint-not-read = The endpoint was not read anew: { $fault }
event-metadata-mended = The metadata has the missing quote of the published Bicep sample; it was mended here, and other programs may refuse it
event-endpoint-answers = The endpoint answers again

## New hybrid connections
new-title = New hybrid connections
new-help = In the Azure portal: your app › Networking › Hybrid connections › the connection › Gateway connection string.
new-help-several = Several strings, one a line, add several.
new-found =
    { $count ->
        [one] { $count } connection string found
       *[other] { $count } connection strings found
    }
new-found-bad =
    { $count ->
        [one] { $count } cannot be read
       *[other] { $count } cannot be read
    }
new-line = Line { $line }
new-already = Already added. To give it another key, use “Update connection string…”
new-repeated = The same connection stands further up; it is added once
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
azure-not-yet = Signing in to Azure is not in this version yet
azure-not-yet-text = A connection string does the same: copy it in the Azure portal and paste it here.
azure-use-connection-string = Use Connection String instead
azure-not-stored = Your Azure account is used only for this step and is not stored.
check-name = Hybrid connection
check-running = reading it from Azure…
check-endpoint = { $endpoint }, read from Azure
check-failed = it could not be checked: { $reason }
check-reachable = reachable, { $time }
check-from-here = From this machine
check-note = Note

## Update connection string
update-title = Update connection string of { $name }
update-text = Paste the current connection string of { $name }. Open streams go on.
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
remove-azure-stays = In Azure the hybrid connection stays. It can be added here again.
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
settings-theme = Appearance
settings-autostart = Open this window at login, minimized
settings-proxy = Proxy
settings-proxy-hint = http://proxy.example.com:8080
settings-ca = Extra CA certificates
settings-ca-hint = PEM file, for networks that inspect TLS
settings-log-level = Log level
settings-keep-files = Log files kept (days)
settings-drain = Seconds for streams at stop
settings-loading = Reading the settings of the service…
settings-saved = The settings are saved and in use
as-system = As the system
theme-light = Light
theme-dark = Dark
choose-file = Choose…
no-chinese-font = This machine has no font with Chinese characters, so the texts stay English. Install one (on Debian and Ubuntu: fonts-noto-cjk) and start the window again.
autostart-failed = Whether the window opens at login could not be read or changed: { $reason }
preferences-not-saved = The window's preferences could not be saved: { $reason }

## Diagnose, firewall, upgrade
diagnose-title = Diagnose { $name }
diagnose-service = Service
diagnose-listener = This machine's listener
diagnose-azure = Listeners in Azure
diagnose-more = This is what is known at the moment. In a terminal, “hcm show { $name }” tells the same with all events, and “hcm logs -f” follows the log.
diagnose-choose = Select a connection to see what is known of it.
firewall-title = Firewall list for { $name }
firewall-text = Outbound connections that this connection needs. Nothing inbound is opened.
firewall-gateways = The streams go over gateways beside the namespace; their names change, so the rule is for all names under the suffix.
upgrade-title = Upgrade
upgrade-none = You have version { $version }. This version does not look for newer ones by itself.

## About and keys
about-open = About
about-text = Lets apps in Azure reach a host and port in this network.
about-documentation = Documentation
about-version = Version { $version }
about-window = Window
about-service = Service
about-service-away = not reached
about-home = Service's folder
about-since = Running since
about-renderer = Drawn by
about-licences = MIT licence. Not affiliated with Microsoft. Fonts: Inter and JetBrains Mono, SIL Open Font License 1.1.
shortcuts = Keys
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
key-menu = Actions of a connection
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
fault-not-found-advice = It was removed or renamed. Create it again, or remove it here.
fault-token-spent-advice = It cannot be renewed from here. Paste a connection string with a key, or with a new signature.
fault-settings-damaged-advice = The damaged file is kept beside it. Set what you need again in Settings.
fault-ca-unusable-advice = It must be a PEM file with certificates that the service may read. Choose another in Settings.
