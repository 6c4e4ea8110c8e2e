//! What is shown of an Azure account: who is signed in, and what it sees.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::choices::Choices;
use super::style::{Role, Style};
use super::table::{self, Align, Cell, Column, Row};
use super::text::{self, plain};
use crate::azure::{Account, AzureError, FoundConnection, Method, Subscription, Unusable};

/// How one way to sign in went.
pub(crate) struct Attempt {
    pub(crate) method: Method,
    pub(crate) result: Result<SignedIn, AzureError>,
}

/// Who is signed in, and until when.
pub(crate) struct SignedIn {
    pub(crate) account: Account,
    pub(crate) ends: Option<Timestamp>,
}

/// The name of a way to sign in.
pub(crate) fn method_name(method: Method) -> &'static str {
    match method {
        Method::AzureCli => "Azure CLI",
        Method::Environment => "Environment",
        Method::Browser => "Browser",
        Method::DeviceCode => "Device code",
    }
}

/// Cells of the names of the ways, with the space around them.
const METHODS: usize = 15;

/// One paragraph for each way that was tried.
pub(crate) fn attempts(
    attempts: &[Attempt],
    zone: &TimeZone,
    width: Option<usize>,
    style: Style,
) -> Vec<String> {
    let mut lines = Vec::new();
    for Attempt { method, result } in attempts {
        let (role, word, words) = match result {
            Ok(SignedIn { account, ends }) => {
                let mut words = format!("works for {}", plain(&account.name));
                if let Some(tenant) = &account.tenant_id {
                    words.push_str(&format!(", tenant {}", plain(tenant)));
                }
                if let Some(ends) = ends {
                    words.push_str(&format!(", until {}", text::when(*ends, zone)));
                }
                (Role::Good, "works", words)
            }
            Err(error) => (Role::Bad, "", plain(&error.to_string()).into_owned()),
        };
        let room = width.map_or(usize::MAX, |width| width.saturating_sub(METHODS));
        let head = METHODS - 2;
        for (position, line) in text::wrap(&words, room).into_iter().enumerate() {
            let name = if position == 0 { method_name(*method) } else { "" };
            let line = match line.strip_prefix(word) {
                Some(rest) if position == 0 => format!("{}{rest}", style.paint(role, word)),
                _ => line,
            };
            lines.push(format!("{name:<head$}  {line}"));
        }
    }
    lines
}

const SUBSCRIPTION_COLUMNS: [Column; 4] = [
    Column { title: "Subscription", align: Align::Left, least: 0, rank: 0 },
    Column { title: "Id", align: Align::Left, least: 36, rank: 1 },
    Column { title: "Tenant", align: Align::Left, least: 8, rank: 2 },
    Column { title: "State", align: Align::Left, least: 7, rank: 3 },
];

/// The subscriptions to choose from. Columns that say nothing are left out.
pub(crate) fn subscription_choices(list: &[Subscription]) -> Choices {
    let (columns, rows) = subscription_table(list);
    let mut choices = Choices::new(&columns);
    for (one, row) in list.iter().zip(rows) {
        choices.add(one.name.clone(), row.cells);
    }
    choices
}

/// The subscriptions as a table.
pub(crate) fn subscriptions(
    list: &[Subscription],
    width: Option<usize>,
    style: Style,
) -> Vec<String> {
    let (columns, rows) = subscription_table(list);
    table::render(&columns, &rows, width, style)
}

fn subscription_table(list: &[Subscription]) -> (Vec<Column>, Vec<Row>) {
    let state = |one: &Subscription| one.state.clone().filter(|state| state != "Enabled");
    let says = [
        true,
        true,
        list.iter().any(|one| one.tenant.is_some()),
        list.iter().any(|one| state(one).is_some()),
    ];
    let columns = SUBSCRIPTION_COLUMNS.into_iter().zip(says);
    let columns = columns.filter_map(|(column, says)| says.then_some(column)).collect();
    let rows = list.iter().map(|one| {
        let tenant = one.tenant.clone().unwrap_or_default();
        let texts = [one.name.clone(), one.id.clone(), tenant, state(one).unwrap_or_default()];
        let texts = texts.iter().zip(says).filter(|(_, says)| *says);
        Row { cells: texts.map(|(text, _)| Cell::plain(text)).collect(), below: Vec::new() }
    });
    (columns, rows.collect())
}

const CONNECTION_COLUMNS: [Column; 6] = [
    Column { title: "Name", align: Align::Left, least: 0, rank: 0 },
    Column { title: "Endpoint", align: Align::Left, least: 14, rank: 1 },
    Column { title: "Namespace", align: Align::Left, least: 8, rank: 2 },
    Column { title: "Resource group", align: Align::Left, least: 8, rank: 4 },
    Column { title: "Listeners", align: Align::Left, least: 11, rank: 5 },
    Column { title: "Remark", align: Align::Left, least: 6, rank: 3 },
];

/// The hybrid connections to choose from; `is_here` tells of those that were added.
pub(crate) fn connection_choices<'a>(
    list: impl Iterator<Item = &'a FoundConnection>,
    is_here: impl Fn(&FoundConnection) -> bool,
) -> Choices {
    let remark = |one: &FoundConnection| {
        let mut words = Vec::new();
        if is_here(one) {
            words.push("here already");
        }
        if one.usable.as_ref().is_ok_and(|usable| usable.mended) {
            words.push("malformed sample metadata, mended");
        }
        words.join(", ")
    };
    let list: Vec<&FoundConnection> = list.collect();
    let remarks: Vec<String> = list.iter().map(|one| remark(one)).collect();
    let has_remarks = remarks.iter().any(|remark| !remark.is_empty());
    let columns = &CONNECTION_COLUMNS[..if has_remarks { 6 } else { 5 }];
    let mut choices = Choices::new(columns);
    for (one, remark) in list.iter().zip(remarks) {
        let endpoint =
            one.usable.as_ref().map_or_else(|_| String::new(), |it| it.endpoint.to_string());
        let listeners = one.listeners.map(|count| match count {
            1 => "1 listener".to_owned(),
            many => format!("{many} listeners"),
        });
        let mut cells = vec![
            Cell::plain(&one.name),
            Cell::plain(&endpoint),
            Cell::plain(&one.namespace.name),
            Cell::plain(&one.namespace.resource_group),
            Cell::plain(listeners.unwrap_or_default()),
        ];
        if has_remarks {
            cells.push(Cell::plain(remark));
        }
        choices.add(short(one), cells);
    }
    choices
}

/// The name people use.
pub(crate) fn short(one: &FoundConnection) -> String {
    format!("{}/{}", plain(&one.namespace.name), plain(&one.name))
}

/// Rows of a kind that are named; more are counted.
const NAMED: usize = 10;

/// What is said of the hybrid connections that cannot be chosen.
pub(crate) fn left_out(
    here: &[&FoundConnection],
    unusable: &[(&FoundConnection, &Unusable)],
) -> Vec<String> {
    let mut lines = Vec::new();
    if !here.is_empty() {
        let names: Vec<String> = here.iter().take(NAMED).map(|one| short(one)).collect();
        let more = match here.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        lines.push(format!("Here already: {}{more}", names.join(", ")));
    }
    if !unusable.is_empty() {
        lines.push("These cannot be added:".to_owned());
        let reasons = unusable.iter().take(NAMED);
        lines.extend(
            reasons.map(|(one, why)| format!("  {}: {}", short(one), plain(&why.to_string()))),
        );
        let more = unusable.len().saturating_sub(NAMED);
        if more > 0 {
            lines.push(format!("  and {more} more"));
        }
    }
    lines
}

/// Values for tests.
#[cfg(test)]
pub(crate) mod sample {
    use std::sync::Arc;

    use crate::azure::{FoundConnection, Namespace, Subscription, Usable};
    use crate::cli::render::sample;
    use crate::model::Endpoint;

    pub(crate) fn subscription(name: &str) -> Subscription {
        Subscription {
            id: sample::resource().subscription_id,
            name: name.to_owned(),
            tenant_id: "7f000001-1111-4222-8333-444455556666".to_owned(),
            tenant: None,
            state: Some("Enabled".to_owned()),
            reached_by: None,
        }
    }

    pub(crate) fn found(namespace: &str, name: &str) -> FoundConnection {
        let group = "/subscriptions/s/resourceGroups/rg-integration";
        let resource_id = format!("{group}/providers/Microsoft.Relay/namespaces/{namespace}");
        FoundConnection {
            resource_id: format!("{resource_id}/hybridConnections/{name}"),
            name: name.to_owned(),
            namespace: Arc::new(Namespace {
                resource_id,
                name: namespace.to_owned(),
                resource_group: "rg-integration".to_owned(),
                region: "West Europe".to_owned(),
            }),
            subscription: Arc::new(subscription("Contoso Production")),
            listeners: Some(2),
            usable: Ok(Usable {
                id: sample::id(namespace, name),
                endpoint: Endpoint::new(format!("{name}.corp"), 1433),
                mended: false,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::azure::AzureErrorKind;

    #[test]
    fn every_way_says_for_whom_it_works_or_why_not() {
        let signed_in = SignedIn {
            account: Account {
                name: "you@contoso.com".to_owned(),
                tenant_id: Some("7f000001".to_owned()),
                method: Method::AzureCli,
            },
            ends: Some("2026-11-22T05:00:00Z".parse().unwrap()),
        };
        let no_environment = AzureError::new(AzureErrorKind::NoEnvironment, "");
        let tried = [
            Attempt { method: Method::AzureCli, result: Ok(signed_in) },
            Attempt { method: Method::Environment, result: Err(no_environment) },
        ];
        let shown = attempts(&tried, &TimeZone::UTC, Some(72), Style::PLAIN).join("\n");
        let expected = "\
Azure CLI      works for you@contoso.com, tenant 7f000001, until
               2026-11-22 05:00:00
Environment    The environment names neither a service principal nor a
               managed identity. Set AZURE_TENANT_ID, AZURE_CLIENT_ID
               and AZURE_CLIENT_SECRET, or run on a machine with a
               managed identity.";
        assert_eq!(shown, expected);
        let painted = attempts(&tried[..1], &TimeZone::UTC, None, Style { color: true });
        assert!(painted[0].contains("\u{1b}[32mworks\u{1b}[0m for you@"), "{painted:?}");
    }

    #[test]
    fn columns_that_say_nothing_are_left_out() {
        let mut list = vec![sample::subscription("Contoso Production")];
        let shown = subscriptions(&list, None, Style::PLAIN).join("\n");
        let expected = "\
Subscription        Id
Contoso Production  0a1b2c3d-1111-4222-8333-444455556666";
        assert_eq!(shown, expected);
        list[0].state = Some("Disabled".to_owned());
        list.push(Subscription {
            tenant: Some("Fabrikam".to_owned()),
            ..sample::subscription("Guests")
        });
        let shown = subscriptions(&list, None, Style::PLAIN).join("\n");
        let expected = "\
Subscription        Id                                    Tenant    State
Contoso Production  0a1b2c3d-1111-4222-8333-444455556666            Disabled
Guests              0a1b2c3d-1111-4222-8333-444455556666  Fabrikam";
        assert_eq!(shown, expected);
    }

    #[test]
    fn connections_are_aligned_and_cut() {
        let mut list = [sample::found("contoso", "sql"), sample::found("fabrikam", "orders")];
        list[1].listeners = Some(1);
        let choices = connection_choices(list.iter(), |_| false);
        assert_eq!(
            choices.lines(100),
            [
                "sql     sql.corp:1433     contoso   rg-integration  2 listeners",
                "orders  orders.corp:1433  fabrikam  rg-integration  1 listener",
            ]
        );
        assert_eq!(choices.lines(38)[1], "orders  orders.corp:1433  fabrikam");
        list[0].usable.as_mut().unwrap().mended = true;
        let choices = connection_choices(list.iter(), |one| one.name == "orders");
        assert!(choices.lines(120)[0].ends_with("2 listeners  malformed sample metadata, mended"));
        assert!(choices.lines(120)[1].ends_with("1 listener   here already"));
    }

    #[test]
    fn what_cannot_be_chosen_has_its_reason() {
        let list: Vec<_> = (0..12).map(|n| sample::found("contoso", &format!("c{n}"))).collect();
        let here: Vec<_> = list.iter().collect();
        let why = Unusable::NoAddress("ftp://x".to_owned());
        let unusable = [(&list[0], &why)];
        let lines = left_out(&here, &unusable);
        assert!(lines[0].ends_with("contoso/c9 and 2 more"), "{lines:?}");
        assert_eq!(
            lines[1..],
            [
                "These cannot be added:",
                "  contoso/c0: its namespace tells no usable Service Bus endpoint (ftp://x)"
            ]
        );
        assert!(left_out(&[], &[]).is_empty());
    }
}
