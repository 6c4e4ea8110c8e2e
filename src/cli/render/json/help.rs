//! The text of `hcm help json`.

/// The text of `hcm help json`.
pub(crate) const HELP: &str = "\
Results go to standard output, errors to standard error. Times are UTC (RFC 3339), what is not
known is null. Keys may be added in later versions; none is renamed or removed.

A hybrid connection (show: one; list: an array; add: one, or an array of several):
  Namespace, Name          names; Namespace is the first label of its host
  Endpoint                 \"host:port\" in this network
  Status                   \"Connected\", \"Connecting\", \"Not connected\", \"Disabled\", \"Stopping\"
  NumberOfListeners        of all machines, as Azure counts them
  ServiceBusEndpoint       host of the namespace
  CreatedOn, LastUpdated   in Azure
  SubscriptionId, ResourceGroup, Subscription, Region, PortalAddress
                           where it is in Azure, if it was selected with an Azure account
  Id                       host/name, unambiguous
  Enabled                  whether it is to listen
  State                    disabled, starting, connecting, connected, waiting, faulted, stopping;
                           other from a newer service
  Since, Gateway           while connected
  RetryAt, Attempt         while waiting or connecting
  Fault                    {Code, Summary, Detail, Advice, TrackingId} or null
  KeyName                  of the authorization rule
  Reachability             {CheckedAt, ConnectMicroseconds, Fault} of the endpoint, or null
  Traffic                  {ActiveStreams, TotalStreams, RefusedStreams, BytesToEndpoint, BytesToAzure}
  Events                   [{At, Text}], with show alone

list --watch: one object a line.
  {\"Event\": \"snapshot\", \"Revision\", \"Service\", \"Connections\"}   at first and after a reconnect
  {\"Event\": \"connection\", \"Revision\", \"Connection\"}             new or changed
  {\"Event\": \"removed\", \"Revision\", \"Id\", \"Namespace\", \"Name\"}
  {\"Event\": \"service\", \"Revision\", \"Service\"}
  {\"Event\": \"service-lost\", \"Message\"}                        it is looked for again

remove, restart, enable, disable: an array of {Namespace, Name, Id, Result}, where Result is
\"removed\", \"restarting\", \"enabled\" or \"disabled\".
status: {Healthy, Enabled, Connected, Disabled, Service, Connections}.
status --check: {Check, Passed, Code, Reason} on one line, also when it is not so; Check is \"ready\"
or \"live\", Code that of an error, Code and Reason are null when Passed.
Service: {Version, Pid, Started, Home, Faults, Draining, Policy, Proxy, Upgrade}.
Policy: {Place, Allowed, Endpoints} of a policy in force, Endpoints being the number of its entries.
Proxy: {Address, Source, Place, Exceptions}; Source is \"setting\", \"environment\" or \"system\", and
Address null for none; null where nobody says anything.
logs: one object a line: {At, Level, Target, Message, Connection}; Connection is null for those of none.
settings get: an object of names and values (text).  settings set: the same, of the one setting.
explain: an array of {Code, About, ExitCode, Summary, Cause, Advice, Retry, ByItself}; About is \"fault\",
\"diagnosis\", \"azure-account\" or \"exit-code\"; Retry is \"soon\", \"slowly\" or \"never\", of a fault.
firewall: {Namespace, ServiceBusEndpoint, At, Home, Stamp, CanonicalName, Proxy, Wildcard, Ports, Hosts,
Remarks}; Proxy is the one through which the service goes to Azure, and who names it, or null.
  Home            \"stamp\", or why Stamp is null: \"private-link\", \"untold\", \"unresolved\"
  Ports           [{From, To}] of every host
  Hosts           [{Host, Kind, State, Addresses, Reason}]; Kind is \"namespace\" or \"gateway\",
                  State \"resolved\", \"no-such-name\", \"failed\" or \"timed-out\"
test: {Target, Answers, Microseconds, Fault, Steps}.
  Steps           [{Step, Target, Microseconds, Addresses, CanonicalName, TlsVersion, SignedBy, Proxy,
                  HttpStatus, ClockAheadSeconds, Fault}]; Step is \"dns\", \"tcp\" (one for each
                  address), \"proxy\", \"tls\" or \"http\"; what a step does not tell is null
version: {Version, ServiceVersion, ServiceMessage, Upgrade}.
Upgrade: {Asked, Version, Released, Notes, Fault, ByService, Progress} of a newer version; Version is
null where there is none, and Fault says why it is not known; null where the service has not asked.
ByService is whether hcm upgrade can install it. Progress: {Version, Step, Done, Size, Fault} of an
upgrade, or null; Step is \"downloading\" (Done of Size bytes), \"installing\", \"failed\" or \"other\".
upgrade: {Result, From, Version, Released, Notes, ByService, ActiveStreams, DrainSeconds,
ServiceVersion, Enabled, Connected}; Result is \"newest\", \"available\" (with --check) or \"upgraded\",
From the version of the service before, ServiceVersion the one that runs now.
doctor: an array of {Id, Namespace, Name, Began, Milliseconds, Cause, Causes, Checks}, one for each
hybrid connection; Id, Namespace and Name are null of this machine alone; Cause is the Check to be
mended first or null, Causes all failures that are not the consequence of another.
  Checks          [{Check, Title, Verdict, Code, Meaning, Advice, Because, Notes, Facts, Milliseconds}];
                  Verdict is \"ok\", \"warning\", \"failed\", \"skipped\" or \"other\", Because the Check
                  whose failure keeps this one from being made, Notes [{Code, Summary, Detail}],
                  Facts [{Name, Value}]
login: {SignIns, Subscriptions, Problems}.
  SignIns         [{Method, Works, Account, TenantId, ExpiresOn, Error}]; Method is \"azure-cli\",
                  \"environment\", \"browser\" or \"device-code\"
  Subscriptions   [{SubscriptionId, Subscription, TenantId, Tenant, State}] of the first that works
  Problems        [{Tenant, Error}], of tenants whose subscriptions cannot be read
  Error           {Code, Message, AzureCode, CorrelationId} or null
import: {DryRun, Files, Connections}.
  Files           [{Path, Manager, Connections, Proxy}]; Manager is \"1.x\" or \"0.7.x\", Connections
                  how many there are, Proxy the one that the manager goes through, or null
  Connections     [{Namespace, Name, Id, KeyName, SubscriptionId, ResourceGroup, Path, Line, Result,
                  Reason}]; Result is \"added\", \"replaced\", \"failed\", with --dry-run \"add\",
                  \"replace\"; or \"already-there\", \"repeated\" (the same stands further up),
                  \"skipped\" (it cannot be added); Reason is null or why
apply: {DryRun, Changes, Settings, Connections}; Changes is how many of both change.
  Settings        [{Name, Before, After, Path, Line, Result, Reason}]; values without passwords
  Connections     [{Namespace, Name, Id, Steps, Path, Line, Result, Reason}]; Steps are of \"add\",
                  \"replace-key\", \"enable\", \"disable\", \"remove\"; Path and Line are null for one
                  that is not declared
  Result          \"changed\", \"failed\", \"unchanged\", \"not-declared\" (it is left alone), with
                  --dry-run \"planned\"; Reason is null or why it failed
export: the file that hcm apply reads: {version, connections}; connections
                  [{namespace, name, connectionString, enabled}], connectionString with keys alone

Errors: one object a line: {code, message, field, line, column, file, connection, azureCode,
correlationId}; field is the part of the connection string or the setting, line and column those of
the input, file the one of several, connection too; each is left out where there is none. What hcm
add asks stands there too.";
