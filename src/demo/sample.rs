//! The hybrid connections that a demo may have.

/// The namespace of all of them.
pub(super) const NAMESPACE: &str = "demo";

/// A hybrid connection of the demo, with an endpoint of its own. Only the names and the
/// rhythm of the traffic differ: each endpoint is the same small HTTP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// `demo/hello`: now and then a short answer.
    Hello,
    /// `demo/orders-api`: many short streams, several at once now and then.
    OrdersApi,
    /// `demo/erp-sql`: streams that stay open, with larger answers.
    ErpSql,
}

impl Sample {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hello, Self::OrdersApi, Self::ErpSql];

    /// Its name inside the namespace `demo`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::OrdersApi => "orders-api",
            Self::ErpSql => "erp-sql",
        }
    }
}
