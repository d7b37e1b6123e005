//! Oracle Cloud, by code and by what is said
//! (<https://docs.oracle.com/en-us/iaas/Content/Identity/api-getstarted/json_web_token_exchange.htm>).

use serde_json::{Value, json};

use super::{Case, Help};
use crate::config::Oci;

pub(super) fn refusal(case: &Case<'_>, oci: &Oci, help: &mut Help) {
    match case.code() {
        "invalid_client" => {
            help.find("client_id", &oci.client_id);
            let filter = format!("name eq \"{}\"", oci.client_id);
            help.run(&["oci", "identity-domains", "apps", "list", "--endpoint", &oci.domain_url, "--filter", &filter]);
        }
        "unauthorized_client" => {
            trusts(case, oci, help);
            add("oauthClients", json!([oci.client_id]), oci, help);
        }
        "invalid_grant" | "invalid_token" | "invalid_request" | "access_denied" => {
            trusts(case, oci, help);
            if ["audience", "claim aud", "client claim", "clientclaim"].iter().any(|words| case.says(words)) {
                add("clientClaimValues", json!([case.audience()]), oci, help);
            } else if case.says("impersonat") || case.says("service user") || case.says("rule") {
                let rule = format!("sub eq {}", case.subject());
                add("impersonationServiceUsers", json!([{ "rule": rule, "value": "SERVICE_USER_ID" }]), oci, help);
            }
        }
        _ => {}
    }
}

/// The trusts in the issuer: there can be one.
fn trusts(case: &Case<'_>, oci: &Oci, help: &mut Help) {
    if case.seen.is_none() || case.issuer().contains('"') {
        return;
    }
    let filter = format!("issuer eq \"{}\"", case.issuer());
    let list = "identity-propagation-trusts";
    help.note("the command shows the trust in this issuer: none, and it is missing; `active` is false unless set");
    help.run(&[
        "oci",
        "identity-domains",
        list,
        "list",
        "--endpoint",
        &oci.domain_url,
        "--filter",
        &filter,
        "--attribute-sets",
        "[\"all\"]",
    ]);
}

/// Adds to the trust, whose id the list shows.
fn add(path: &str, value: Value, oci: &Oci, help: &mut Help) {
    let operations = json!([{ "op": "add", "path": path, "value": value }]).to_string();
    let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"]).to_string();
    help.run(&[
        "oci",
        "identity-domains",
        "identity-propagation-trust",
        "patch",
        "--endpoint",
        &oci.domain_url,
        "--identity-propagation-trust-id",
        "TRUST_ID",
        "--schemas",
        &schemas,
        "--operations",
        &operations,
    ]);
}

/// Trust is in order, a policy is missing.
pub(super) fn probe(help: &mut Help) {
    help.note(
        "a policy names the group of the service user: Allow group 'DOMAIN'/'GROUP' to read RESOURCES in compartment C",
    );
    help.run(&["oci", "iam", "policy", "list", "--compartment-id", "COMPARTMENT_ID", "--all"]);
}
