//! Refusals of the proxymux in a cluster of OKE.

use http::StatusCode;
use tokenex_core::ErrorKind;
use tokenex_core::refusal::{Meaning, terminal, transient};

pub(super) fn meaning(status: StatusCode) -> Option<Meaning> {
    use ErrorKind::{Denied, Identity, NotFound};
    Some(match status.as_u16() {
        401 => transient(
            Identity,
            "the cluster does not accept the service account's token",
            "does the pod mount the token of its own service account, and is it read from there each time?",
        ),
        403 => terminal(
            Denied,
            "the cluster gives pods no identity: most likely it is a basic cluster",
            "workload identity wants an enhanced cluster; `oci ce cluster update --type ENHANCED_CLUSTER` makes it one",
        ),
        404 => terminal(
            NotFound,
            "nothing hands out session tokens at port 12250 of the cluster's API server",
            "is this pod in a cluster of OKE?",
        ),
        _ => return None,
    })
}
