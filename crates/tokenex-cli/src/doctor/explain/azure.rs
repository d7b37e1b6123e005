//! Entra, by the number of its error
//! (<https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations>).

use serde_json::json;

use super::{Case, Help};
use crate::config::EntraClient;

pub(super) fn refusal(case: &Case<'_>, client: &EntraClient, scope: &str, help: &mut Help) {
    let id = client.client_id.as_str();
    match case.code().strip_prefix("AADSTS").unwrap_or_default() {
        "700211" | "700213" | "70021" | "70025" => {
            list(id, help);
            create(case, id, help);
        }
        "7002138" | "7002131" | "7002137" => {
            help.expect("subject", "the same letters in the same case, as the list shows them");
            list(id, help);
        }
        "700212" | "7002121" | "700227" => {
            let asked = case.seen.and_then(|seen| seen.asked.as_deref());
            help.expect("audience", asked.unwrap_or("api://AzureADTokenExchange"));
            help.note("the federated credential names another audience: correct it there, or set `audience` here");
            list(id, help);
        }
        "700016" | "7000229" => {
            help.find("client_id", id);
            help.find("tenant_id", &client.tenant_id);
            help.run(&["az", "ad", "app", "show", "--id", id]);
            help.run(&["az", "ad", "sp", "create", "--id", id]);
        }
        "90002" => {
            help.find("tenant_id", &client.tenant_id);
            help.run(&[
                "az",
                "account",
                "list",
                "--all",
                "--query",
                "[].{tenant:tenantId, name:name}",
                "--output",
                "table",
            ]);
        }
        "7000112" => help.run(&["az", "ad", "sp", "update", "--id", id, "--set", "accountEnabled=true"]),
        "7000215" | "7000222" => help.run(&["az", "ad", "app", "credential", "list", "--id", id]),
        "500011" | "50001" => {
            let resource = scope.strip_suffix("/.default").unwrap_or(scope);
            help.find("resource", resource);
            help.run(&["az", "ad", "sp", "show", "--id", resource]);
        }
        "650057" | "501051" | "65001" => {
            help.run(&["az", "ad", "app", "permission", "list", "--id", id]);
            help.run(&["az", "ad", "app", "permission", "admin-consent", "--id", id]);
        }
        "50166" | "501661" | "90061" | "700027" | "7000272" => help.look_at_issuer(case.issuer()),
        _ => {}
    }
}

fn list(id: &str, help: &mut Help) {
    help.run(&["az", "ad", "app", "federated-credential", "list", "--id", id]);
}

/// The trust that would take the token as it is.
fn create(case: &Case<'_>, id: &str, help: &mut Help) {
    let Some(seen) = case.seen else { return };
    let letters = case.spec.name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    let trust = json!({
        "name": format!("tokenex-{}", letters.collect::<String>()),
        "issuer": seen.issuer(),
        "subject": seen.subject(),
        "audiences": [seen.main_audience()],
    });
    help.note("for a user-assigned managed identity it is `az identity federated-credential`");
    help.run(&["az", "ad", "app", "federated-credential", "create", "--id", id, "--parameters", &trust.to_string()]);
}

/// Trust is in order, a role is missing.
pub(super) fn probe(client: &EntraClient, address: Option<&str>, help: &mut Help) {
    let id = client.client_id.as_str();
    match address.and_then(resource) {
        Some(resource) => {
            help.note("choose a role that allows as little as will do; it takes minutes to be known everywhere");
            let (list, create) = (["az", "role", "assignment", "list"], ["az", "role", "assignment", "create"]);
            let of = ["--assignee", id, "--scope", &resource];
            help.run(&[&list[..], &of, &["--include-inherited"]].concat());
            help.run(&[&create[..], &of, &["--role", "Reader"]].concat());
        }
        None => {
            help.run(&["az", "role", "assignment", "list", "--assignee", id, "--all"]);
            help.run(&["az", "ad", "app", "permission", "list", "--id", id]);
        }
    }
}

/// What an address of the Resource Manager is about: a resource, a group or a subscription
/// (<https://learn.microsoft.com/azure/role-based-access-control/scope-overview>).
fn resource(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next()?;
    let path = &path[path.find("/subscriptions/")?..];
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    let is_group = |word: &str| word.eq_ignore_ascii_case("resourceGroups");
    let length = match parts.as_slice() {
        [_, _, groups, _, "providers", _, _, _, ..] if is_group(groups) => 8,
        [_, _, groups, _, ..] if is_group(groups) => 4,
        [_, _, ..] => 2,
        _ => return None,
    };
    Some(format!("/{}", parts[..length].join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_of_a_probe_is_read_from_its_address() {
        for (address, is) in [
            ("https://management.azure.com/subscriptions/1?api-version=2", "/subscriptions/1"),
            ("https://management.azure.com/subscriptions/1/resourceGroups/g", "/subscriptions/1/resourceGroups/g"),
            (
                "https://management.azure.com/subscriptions/1/resourceGroups/g/providers/N/t/n/sub?x",
                "/subscriptions/1/resourceGroups/g/providers/N/t/n",
            ),
            (
                "https://management.azure.com/subscriptions/1/resourceGroups/g/resources?x",
                "/subscriptions/1/resourceGroups/g",
            ),
        ] {
            assert_eq!(resource(address).as_deref(), Some(is), "{address}");
        }
        assert_eq!(resource("https://graph.microsoft.com/v1.0/organization"), None);
    }
}
