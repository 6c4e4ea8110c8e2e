//! The object of `import`.

use serde::Serialize;

use crate::cli::import::{Row, Source};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ImportShape<'a> {
    dry_run: bool,
    files: Vec<FileShape>,
    connections: Vec<RowShape<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FileShape {
    path: String,
    manager: &'static str,
    connections: usize,
    proxy: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RowShape<'a> {
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    id: Option<String>,
    key_name: Option<&'a str>,
    subscription_id: Option<&'a str>,
    resource_group: Option<&'a str>,
    path: String,
    line: usize,
    result: &'static str,
    reason: Option<&'a str>,
}

impl<'a> ImportShape<'a> {
    pub(super) fn of(sources: &[Source], rows: &'a [Row], dry_run: bool) -> Self {
        Self {
            dry_run,
            files: sources.iter().map(FileShape::of).collect(),
            connections: rows.iter().map(RowShape::of).collect(),
        }
    }
}

impl FileShape {
    fn of(Source { path, contents }: &Source) -> Self {
        Self {
            path: path.display().to_string(),
            manager: contents.manager.version(),
            connections: contents.entries.len(),
            proxy: contents.proxy.as_ref().and_then(|proxy| proxy.shown()),
        }
    }
}

impl<'a> RowShape<'a> {
    fn of(row: &'a Row) -> Self {
        let (namespace, name) = row.names().unzip();
        let resource = row.importable.as_ref().and_then(|taken| taken.resource.as_ref());
        Self {
            namespace,
            name,
            id: row.id().map(|id| id.full()),
            key_name: row.key_name(),
            subscription_id: resource.map(|resource| resource.subscription_id.as_str()),
            resource_group: resource.map(|resource| resource.resource_group.as_str()),
            path: row.path.display().to_string(),
            line: row.line,
            result: row.step.as_str(),
            reason: row.failure.as_ref().map(|failure| failure.message.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{HELP, import};
    use crate::cli::import::{Source, plan};
    use crate::managers::read;

    #[test]
    fn every_file_and_connection_is_an_object() {
        let classic = r#"<configuration>
<system.net><defaultProxy><proxy proxyaddress="http://proxy.corp:3128"/></defaultProxy></system.net>
<hybridConnections><connectionStrings><hybridConnection connectionString="Endpoint=sb://a.b/x;SharedAccessKeyName=k;SharedAccessKey=c2VjcmV0"/></connectionStrings></hybridConnections>
</configuration>"#;
        let current = r#"[{ "Namespace": "contoso", "Name": "sql", "KeyName": "listen", "KeyValue": "c2VjcmV0",
  "SubscriptionId": "1-2", "ResourceGroup": "rg" }, 7]"#;
        let source = |path: &str, text| Source { path: path.into(), contents: read(text).unwrap() };
        let files = [source("/x/connections.json", current), source("/x/y.config", classic)];
        let rows = plan(&files, &[], false);
        let shown: Value = serde_json::from_str(&import(&files, &rows, true)).unwrap();
        assert_eq!(
            shown,
            json!({
                "DryRun": true,
                "Files": [
                    { "Path": "/x/connections.json", "Manager": "1.x", "Connections": 2, "Proxy": null },
                    { "Path": "/x/y.config", "Manager": "0.7.x", "Connections": 1, "Proxy": "http://proxy.corp:3128" },
                ],
                "Connections": [
                    {
                        "Namespace": "contoso", "Name": "sql", "Id": "contoso.servicebus.windows.net/sql",
                        "KeyName": "listen", "SubscriptionId": "1-2", "ResourceGroup": "rg",
                        "Path": "/x/connections.json", "Line": 1, "Result": "add", "Reason": null,
                    },
                    {
                        "Namespace": null, "Name": null, "Id": null, "KeyName": null,
                        "SubscriptionId": null, "ResourceGroup": null,
                        "Path": "/x/connections.json", "Line": 2, "Result": "skipped",
                        "Reason": "in line 2 there is something else than Microsoft's manager writes; add it with its connection string: hcm add",
                    },
                    {
                        "Namespace": "a", "Name": "x", "Id": "a.b/x",
                        "KeyName": "k", "SubscriptionId": null, "ResourceGroup": null,
                        "Path": "/x/y.config", "Line": 3, "Result": "add", "Reason": null,
                    },
                ],
            })
        );
        for object in [&shown, &shown["Files"][0], &shown["Connections"][0]] {
            for key in object.as_object().unwrap().keys() {
                assert!(HELP.contains(key.as_str()), "{key}");
            }
        }
    }
}
