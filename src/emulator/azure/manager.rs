//! Azure Resource Manager: who asks, whether they may, and what there is.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::directory::{ResourceGroup, Subscription};
use super::error::{ArmError, stamped};
use super::target::{self, Place, Target};
use super::{reply, shapes};
use crate::emulator::answer::Body;
use crate::emulator::call::Call;
use crate::emulator::encoding::url_encode;
use crate::emulator::entity::Rule;
use crate::emulator::entra::{Access, Rejected};
use crate::emulator::hub::Hub;
use crate::emulator::registry::Found;

/// The versions of `Microsoft.Relay`.
const RELAY_VERSIONS: &[&str] =
    &["2016-07-01", "2017-04-01", "2018-01-01-preview", "2021-11-01", "2024-01-01", "2026-01-01"];
/// The versions of tenants, subscriptions and resource groups.
const RESOURCES_VERSIONS: &[&str] = &[
    "2014-04-01",
    "2015-01-01",
    "2015-11-01",
    "2016-06-01",
    "2016-09-01",
    "2018-02-01",
    "2018-05-01",
    "2018-06-01",
    "2019-03-01",
    "2019-05-01",
    "2019-06-01",
    "2019-07-01",
    "2019-10-01",
    "2019-11-01",
    "2020-01-01",
    "2020-06-01",
    "2020-10-01",
    "2021-01-01",
    "2021-04-01",
    "2021-10-01",
    "2022-01-01",
    "2022-09-01",
    "2022-12-01",
    "2023-07-01",
    "2024-03-01",
    "2024-11-01",
    "2025-04-01",
];

const READ_SUBSCRIPTION: &str = "Microsoft.Resources/subscriptions/read";
const READ_GROUP: &str = "Microsoft.Resources/subscriptions/resourceGroups/read";
const READ_NAMESPACE: &str = "Microsoft.Relay/namespaces/read";
const READ_HYBRID_CONNECTION: &str = "Microsoft.Relay/namespaces/hybridConnections/read";

/// Answers a request to Resource Manager.
pub(super) fn answer(hub: &Arc<Hub>, call: &Call) -> Response<Body> {
    match Request::read(hub, call).and_then(|request| request.act()) {
        Ok(value) => stamped(reply::json(StatusCode::OK, &value)),
        Err(error) => {
            tracing::info!(path = call.raw_path, ?error, "Resource Manager refused");
            error.answer()
        }
    }
}

/// A request by somebody whose token is good.
struct Request<'a> {
    hub: &'a Hub,
    call: &'a Call,
    access: Access,
    target: Target,
}

/// A namespace that was found.
struct Namespace<'a> {
    subscription: &'a Subscription,
    group: &'a ResourceGroup,
    host: &'a str,
}

impl Namespace<'_> {
    fn path(&self) -> String {
        shapes::namespace_path(self.subscription, self.group, self.host)
    }
}

/// The rules of a hybrid connection or a namespace.
struct Rules<'a> {
    /// The path of what they are for.
    owner: String,
    host: &'a str,
    hybrid_connection: Option<String>,
    rules: Vec<Rule>,
}

impl Rules<'_> {
    fn rule(&self, name: &str) -> Outcome<&Rule> {
        let found = self.rules.iter().find(|rule| rule.config.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            let message =
                format!("The authorization rule '{name}' of '{}' does not exist.", self.owner);
            ArmError::new(StatusCode::NOT_FOUND, "ResourceNotFound", message)
        })
    }
}

type Outcome<T> = Result<T, ArmError>;

impl<'a> Request<'a> {
    fn read(hub: &'a Hub, call: &'a Call) -> Outcome<Self> {
        let target = target::parse(&call.raw_path);
        check_version(call, target.as_ref())?;
        let access = authenticate(hub, call, target.as_ref())?;
        let target = target.ok_or_else(|| {
            let message = format!("No resource of this type was found at '{}'.", call.raw_path);
            ArmError::new(StatusCode::NOT_FOUND, "InvalidResourceType", message)
        })?;
        let method = match target {
            Target::ListKeys(..) => Method::POST,
            _ => Method::GET,
        };
        if call.method != method {
            let message =
                format!("The requested resource does not support http method '{}'.", call.method);
            return Err(ArmError::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message));
        }
        Ok(Self { hub, call, access, target })
    }

    fn act(&self) -> Outcome<Value> {
        match &self.target {
            Target::Tenants => Ok(self.tenants()),
            Target::Subscriptions => self.subscriptions(),
            Target::Subscription(id) => Ok(shapes::subscription(self.subscription(id)?)),
            Target::ResourceGroups(id) => self.groups(self.subscription(id)?),
            Target::ResourceGroup(id, name) => {
                let subscription = self.subscription(id)?;
                let group = self.group(subscription, name, READ_GROUP)?;
                Ok(shapes::group(subscription, group))
            }
            Target::AllNamespaces(id) => {
                let subscription = self.subscription(id)?;
                self.require(READ_NAMESPACE, &subscription.path())?;
                self.namespaces(subscription, subscription.groups.iter().collect())
            }
            Target::Namespaces(id, name) => {
                let subscription = self.subscription(id)?;
                let group = self.group(subscription, name, READ_NAMESPACE)?;
                self.namespaces(subscription, vec![group])
            }
            Target::Namespace(place) => {
                let namespace = self.namespace(place, READ_NAMESPACE, "")?;
                self.namespace_shape(&namespace)
                    .ok_or_else(|| self.no_namespace(&place.namespace, &place.group))
            }
            Target::HybridConnections(place) => {
                let namespace = self.namespace(place, READ_HYBRID_CONNECTION, "")?;
                let all = self.hub.registry.hybrid_connections(namespace.host);
                let path = namespace.path();
                let items = all.iter().map(|found| shapes::hybrid_connection(&path, found));
                self.page(items.collect())
            }
            Target::HybridConnection(place, name) => {
                let below = format!("/hybridConnections/{name}");
                let namespace = self.namespace(place, READ_HYBRID_CONNECTION, &below)?;
                let found = self.hybrid_connection(&namespace, name)?;
                Ok(shapes::hybrid_connection(&namespace.path(), &found))
            }
            Target::Rules(place, name) => {
                let found = self.rules(place, name.as_deref(), None, "read")?;
                let shape = |rule| shapes::rule(&found.owner, name.is_none(), rule);
                self.page(found.rules.iter().map(shape).collect())
            }
            Target::Rule(place, name, rule) => {
                let found = self.rules(place, name.as_deref(), Some(rule), "read")?;
                Ok(shapes::rule(&found.owner, name.is_none(), found.rule(rule)?))
            }
            Target::ListKeys(place, name, rule) => {
                let found = self.rules(place, name.as_deref(), Some(rule), "listKeys/action")?;
                let path = found.hybrid_connection.as_deref();
                let path = path.filter(|_| self.hub.azure.keys_with_entity_path);
                Ok(shapes::keys(found.rule(rule)?, found.host, self.hub.port, path))
            }
        }
    }

    fn require(&self, action: &str, scope: &str) -> Outcome<()> {
        if self.hub.azure.directory.allows(&self.access.principal, action, scope) {
            return Ok(());
        }
        Err(ArmError::forbidden(&self.access.principal, action, scope))
    }

    fn may(&self, action: &str, scope: &str) -> bool {
        self.require(action, scope).is_ok()
    }

    fn tenants(&self) -> Value {
        let principal = &self.access.principal;
        let own = self.hub.azure.directory.tenants.iter();
        let own = own.filter(|tenant| principal.tenants.contains(&tenant.id));
        let shape = |tenant: &super::Tenant| {
            shapes::tenant(tenant, principal.tenants.first() == Some(&tenant.id))
        };
        json!({ "value": own.map(shape).collect::<Vec<_>>() })
    }

    fn subscriptions(&self) -> Outcome<Value> {
        let all = self.hub.azure.directory.subscriptions.iter();
        let seen = all.filter(|subscription| {
            subscription.tenant == self.access.tenant
                && self.may(READ_SUBSCRIPTION, &subscription.path())
        });
        self.page(seen.map(shapes::subscription).collect())
    }

    /// A subscription that there is, of the tenant that the token is for.
    fn subscription(&self, id: &str) -> Outcome<&'a Subscription> {
        let directory = &self.hub.azure.directory;
        let subscription =
            directory.subscription(id).ok_or_else(|| ArmError::no_subscription(id))?;
        if subscription.tenant != self.access.tenant {
            let message = format!(
                "The access token is from the wrong issuer 'https://sts.windows.net/{}/'. It must \
                 match the tenant 'https://sts.windows.net/{}/' associated with this \
                 subscription. Please use the authority (URL) '{}/{}' to get the token.",
                self.access.tenant,
                subscription.tenant,
                super::authority(self.hub.port),
                subscription.tenant
            );
            let code = "InvalidAuthenticationTokenTenant";
            return Err(ArmError::unauthorized(self.hub.port, &subscription.tenant, code, message));
        }
        if matches!(self.target, Target::Subscription(_)) {
            self.require(READ_SUBSCRIPTION, &subscription.path())?;
        }
        Ok(subscription)
    }

    fn groups(&self, subscription: &Subscription) -> Outcome<Value> {
        self.require(READ_GROUP, &subscription.path())?;
        let seen = subscription
            .groups
            .iter()
            .filter(|group| self.may(READ_GROUP, &shapes::group_path(subscription, group)));
        self.page(seen.map(|group| shapes::group(subscription, group)).collect())
    }

    fn group(
        &self,
        subscription: &'a Subscription,
        name: &str,
        action: &str,
    ) -> Outcome<&'a ResourceGroup> {
        self.require(action, &format!("{}/resourceGroups/{name}", subscription.path()))?;
        subscription.group(name).ok_or_else(|| ArmError::no_group(name))
    }

    fn namespaces(
        &self,
        subscription: &Subscription,
        groups: Vec<&ResourceGroup>,
    ) -> Outcome<Value> {
        let mut items = Vec::new();
        for group in groups {
            for host in &group.namespaces {
                let namespace = Namespace { subscription, group, host };
                if self.may(READ_NAMESPACE, &namespace.path()) {
                    items.extend(self.namespace_shape(&namespace));
                }
            }
        }
        self.page(items)
    }

    fn namespace_shape(&self, namespace: &Namespace<'_>) -> Option<Value> {
        let Namespace { subscription, group, host } = namespace;
        let created = self.hub.registry.namespace_created(host)?;
        Some(shapes::namespace(subscription, group, host, self.hub.port, created))
    }

    /// The namespace at `place`, for whoever may do `action` at what is `below` it.
    fn namespace(&self, place: &Place, action: &str, below: &str) -> Outcome<Namespace<'a>> {
        let subscription = self.subscription(&place.subscription)?;
        let scope = format!(
            "{}/resourceGroups/{}/providers/Microsoft.Relay/namespaces/{}{below}",
            subscription.path(),
            place.group,
            place.namespace
        );
        self.require(action, &scope)?;
        let group =
            subscription.group(&place.group).ok_or_else(|| ArmError::no_group(&place.group))?;
        let is_it = |host: &&String| shapes::label(host).eq_ignore_ascii_case(&place.namespace);
        let host = group.namespaces.iter().find(is_it);
        let host = host.ok_or_else(|| self.no_namespace(&place.namespace, &place.group))?;
        Ok(Namespace { subscription, group, host })
    }

    fn no_namespace(&self, name: &str, group: &str) -> ArmError {
        ArmError::no_resource(&format!("namespaces/{name}"), group)
    }

    fn hybrid_connection(&self, namespace: &Namespace<'_>, name: &str) -> Outcome<Found> {
        let all = self.hub.registry.hybrid_connections(namespace.host);
        let is_it =
            |found: &Found| shapes::resource_name(found.id.name()).eq_ignore_ascii_case(name);
        all.into_iter().find(is_it).ok_or_else(|| {
            let label = shapes::label(namespace.host);
            let what = format!("namespaces/{label}/hybridConnections/{name}");
            ArmError::no_resource(&what, &namespace.group.name)
        })
    }

    /// The rules of a hybrid connection, or those of the namespace without `name`, for
    /// whoever may do `what` with them, or with one `rule`.
    fn rules(
        &self,
        place: &Place,
        name: Option<&str>,
        rule: Option<&str>,
        what: &str,
    ) -> Outcome<Rules<'a>> {
        let kind = if name.is_some() { "hybridConnections/" } else { "" };
        let action = format!("Microsoft.Relay/namespaces/{kind}authorizationRules/{what}");
        let above = name.map(|name| format!("/hybridConnections/{name}")).unwrap_or_default();
        let of_rule = rule.map(|rule| format!("/authorizationRules/{rule}")).unwrap_or_default();
        let namespace = self.namespace(place, &action, &format!("{above}{of_rule}"))?;
        let path = namespace.path();
        let Some(name) = name else {
            let rules = self.hub.registry.own_rules(namespace.host, None);
            let host = namespace.host;
            return Ok(Rules { owner: path, host, hybrid_connection: None, rules });
        };
        let path = format!("{path}/hybridConnections/{name}");
        let found = self.hybrid_connection(&namespace, name)?;
        let name = found.id.name();
        let rules = self.hub.registry.own_rules(namespace.host, Some(name));
        let hybrid_connection = Some(name.to_owned());
        Ok(Rules { owner: path, host: namespace.host, hybrid_connection, rules })
    }

    /// A page of `items`, which have ids: those behind the one that the request names.
    fn page(&self, mut items: Vec<Value>) -> Outcome<Value> {
        let key = |item: &Value| item["id"].as_str().unwrap_or_default().to_ascii_lowercase();
        items.sort_by_key(key);
        if let Some(token) = self.call.query.get("$skiptoken") {
            let after = URL_SAFE_NO_PAD.decode(token).ok().and_then(|b| String::from_utf8(b).ok());
            let after = after.ok_or_else(|| {
                let message = "The skip token is not valid.";
                ArmError::new(StatusCode::BAD_REQUEST, "InvalidSkipToken", message)
            })?;
            items.retain(|item| key(item) > after);
        }
        let size = self.hub.azure.page_size;
        if items.len() <= size {
            return Ok(json!({ "value": items }));
        }
        items.truncate(size);
        let token = URL_SAFE_NO_PAD.encode(items.last().map(key).unwrap_or_default());
        let version = url_encode(self.call.query.get("api-version").unwrap_or_default());
        let Call { host, raw_path, .. } = self.call;
        let next = format!(
            "https://{host}:{}{raw_path}?api-version={version}&%24skiptoken={token}",
            self.hub.port
        );
        Ok(json!({ "value": items, "nextLink": next }))
    }
}

fn check_version(call: &Call, target: Option<&Target>) -> Outcome<()> {
    let Some(version) = call.query.get("api-version").filter(|version| !version.is_empty()) else {
        let message =
            "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(ArmError::new(StatusCode::BAD_REQUEST, "MissingApiVersionParameter", message));
    };
    let is_resources = matches!(
        target,
        Some(
            Target::Tenants
                | Target::Subscriptions
                | Target::Subscription(_)
                | Target::ResourceGroups(_)
                | Target::ResourceGroup(..)
        )
    );
    let known = if is_resources { RESOURCES_VERSIONS } else { RELAY_VERSIONS };
    if target.is_none() || known.contains(&version) {
        return Ok(());
    }
    let known = known.join(", ");
    Err(if is_resources {
        let message = format!(
            "The api-version '{version}' is invalid. The supported versions are '{known}'."
        );
        ArmError::new(StatusCode::BAD_REQUEST, "InvalidApiVersionParameter", message)
    } else {
        let message = format!(
            "No registered resource provider found for API version '{version}' for type \
             'namespaces'. The supported api-versions are '{known}'."
        );
        ArmError::new(StatusCode::BAD_REQUEST, "NoRegisteredProviderFound", message)
    })
}

fn authenticate(hub: &Hub, call: &Call, target: Option<&Target>) -> Outcome<Access> {
    let tenant = target.and_then(Target::subscription).and_then(|id| {
        let subscription = hub.azure.directory.subscription(id)?;
        Some(subscription.tenant.as_str())
    });
    let refuse = |code, message: &str| {
        ArmError::unauthorized(hub.port, tenant.unwrap_or("common"), code, message.to_owned())
    };
    let Some(header) = call.authorization() else {
        let message = "Authentication failed. The 'Authorization' header is missing.";
        return Err(refuse("AuthenticationFailed", message));
    };
    let token = header.split_once(' ').filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = token else {
        let message = "Authentication failed. The 'Authorization' header is provided in an \
                       invalid format.";
        return Err(refuse("AuthenticationFailedInvalidHeader", message));
    };
    hub.azure.issuer.access(token.trim()).map_err(|rejected| match rejected {
        Rejected::Unknown => refuse("InvalidAuthenticationToken", "The access token is invalid."),
        Rejected::Expired => refuse("ExpiredAuthenticationToken", "The access token has expired."),
        Rejected::Audience => refuse(
            "InvalidAuthenticationTokenAudience",
            "The access token has been obtained for the wrong audience or resource.",
        ),
    })
}
