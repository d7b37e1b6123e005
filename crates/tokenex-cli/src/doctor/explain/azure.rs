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
            help.run(&[
                "az",
                "role",
                "assignment",
                "list",
                "--assignee",
                id,
                "--scope",
                resource,
                "--include-inherited",
            ]);
            help.run(&[
                "az",
                "role",
                "assignment",
                "create",
                "--assignee",
                id,
                "--role",
                "Reader",
                "--scope",
                resource,
            ]);
        }
        None => {
            help.run(&["az", "role", "assignment", "list", "--assignee", id, "--all"]);
            help.run(&["az", "ad", "app", "permission", "list", "--id", id]);
        }
    }
}

/// What an address of the Resource Manager is about: everything up to the name of a resource or of its group.
fn resource(address: &str) -> Option<&str> {
    let path = address.split(['?', '#']).next()?;
    let path = &path[path.find("/subscriptions/")?..];
    let ends = path.char_indices().filter(|(_, letter)| *letter == '/').map(|(at, _)| at);
    let parts = path.matches('/').count();
    // Names stand at even places: /subscriptions/ID/resourceGroups/NAME/providers/SPACE/TYPE/NAME.
    let whole = if path.contains("/providers/") { parts >= 8 } else { parts % 2 == 0 };
    match whole {
        true => Some(path.trim_end_matches('/')),
        false => ends.last().map(|end| &path[..end]).filter(|path| path.len() > "/subscriptions/".len()),
    }
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
                "https://management.azure.com/subscriptions/1/resourceGroups/g/resources?x",
                "/subscriptions/1/resourceGroups/g",
            ),
        ] {
            assert_eq!(resource(address), Some(is), "{address}");
        }
        assert_eq!(resource("https://graph.microsoft.com/v1.0/organization"), None);
    }
}
