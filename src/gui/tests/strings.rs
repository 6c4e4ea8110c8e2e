//! Connection strings as people paste them.

/// The key of all of them.
pub(super) const KEY: &str = "q7Zk0v3XbPpT9cWm1LrYh8sNfUeGd2AoJi6BtQxE4yM=";

/// The connection string of the hybrid connection `name` in the namespace contoso-weu.
pub(super) fn string(name: &str) -> String {
    format!(
        "Endpoint=sb://contoso-weu.servicebus.windows.net/;SharedAccessKeyName=defaultListener;\
         SharedAccessKey={KEY};EntityPath={name}"
    )
}

/// Twenty, a line each, of which the seventh names no hybrid connection.
pub(super) fn twenty_with_one_bad() -> String {
    let lines = (1..=20).map(|number| {
        let whole = string(&format!("fresh-{number:02}"));
        if number == 7 { whole.replace(";EntityPath=fresh-07", "") } else { whole }
    });
    lines.collect::<Vec<_>>().join("\n")
}
