//! Vault and OpenBao, which have no codes: by status and by what is said
//! (<https://developer.hashicorp.com/vault/api-docs/auth/jwt>).

use tokenex::core::ErrorKind;

use super::{Case, Help};
use crate::config::{Engine, Vault, VaultLogin};

pub(super) fn refusal(case: &Case<'_>, vault: &Vault, help: &mut Help) {
    match case.error.step() {
        Some("login") => login(case, &vault.login, help),
        Some("read" | "write") => secret(case, vault, help),
        _ => {}
    }
}

fn login(case: &Case<'_>, login: &VaultLogin, help: &mut Help) {
    let mount = login.mount.as_deref().unwrap_or("jwt");
    let (config, role) = (format!("auth/{mount}/config"), format!("auth/{mount}/role/{}", login.role));
    let (audience, subject) =
        (format!("bound_audiences={}", case.audience()), format!("bound_subject={}", case.subject()));
    help.find("role", role.as_str());
    match case.error.status().map(|status| status.as_u16()) {
        Some(403) => return run(login, "auth list", &[], help),
        Some(400) if case.says("could not be found") || case.says("missing role") => {
            help.note("it would get the policy of its own name");
            let policy = format!("token_policies={}", login.role);
            return run(
                login,
                "write",
                &[&role, "role_type=jwt", "user_claim=sub", &audience, &subject, &policy],
                help,
            );
        }
        Some(400) => {}
        _ => return,
    }
    if case.error.kind() == ErrorKind::Unavailable || case.says("signature") {
        run(login, "read", &[&config], help);
        return help.look_at_issuer(case.issuer());
    }
    if case.says("issuer") || case.says("(iss)") {
        help.note("the first command shows the issuer that the mount trusts; the second has it trust this one instead");
        run(login, "read", &[&config], help);
        return run(login, "write", &[&config, &format!("oidc_discovery_url={}", case.issuer())], help);
    }
    // A write needs these two again; all else of a role stays as it is.
    let again = ["role_type=jwt", "user_claim=sub"];
    run(login, "read", &[&role], help);
    if case.says("audience") {
        run(login, "write", &[&role, again[0], again[1], &audience], help);
    } else if case.says("subject") || case.says("(sub)") {
        run(login, "write", &[&role, again[0], again[1], &subject], help);
    }
}

/// The login is good, and the path is not to be had.
fn secret(case: &Case<'_>, vault: &Vault, help: &mut Help) {
    let login = &vault.login;
    help.find("path", vault.path.as_str());
    match case.error.status().map(|status| status.as_u16()) {
        Some(403) => grant(vault, help),
        Some(404) => run(login, "secrets list", &[], help),
        Some(400 | 500) if case.says("role") => {
            if let Some((engine, _)) = vault.path.split_once('/') {
                run(login, "list", &[&format!("{engine}/roles")], help);
            }
        }
        _ => {}
    }
}

/// A policy for just this path; the role must name it too.
fn grant(vault: &Vault, help: &mut Help) {
    let login = &vault.login;
    let capability = if vault.parameters.is_some() { "update" } else { "read" };
    let path = match &vault.engine {
        Engine::Kv2 { mount, path } => format!("{mount}/data/{path}"),
        _ => vault.path.clone(),
    };
    let mount = login.mount.as_deref().unwrap_or("jwt");
    help.note("name the policy in `token_policies` of the role, beside those that it has");
    run(login, "read", &["-field=token_policies", &format!("auth/{mount}/role/{}", login.role)], help);
    let rule = format!("path \"{path}\" {{ capabilities = [\"{capability}\"] }}\n");
    let write = super::commands::line(&["printf", "%s", rule.trim_end()]);
    let (before, after) = (write, line(login, "policy write", &[&format!("{}-{capability}", login.role), "-"]));
    help.fix.extend(before.zip(after).map(|(before, after)| format!("{before} | {after}")));
}

/// The command runs as an administrator, whose token the command line tool has.
fn run(login: &VaultLogin, verb: &str, words: &[&str], help: &mut Help) {
    help.fix.extend(line(login, verb, words));
}

fn line(login: &VaultLogin, verb: &str, words: &[&str]) -> Option<String> {
    let mut all = vec!["vault".to_owned()];
    all.extend(verb.split(' ').map(str::to_owned));
    all.push(format!("-address={}", login.address));
    all.extend(login.namespace.as_ref().map(|namespace| format!("-namespace={namespace}")));
    all.extend(words.iter().map(|word| (*word).to_owned()));
    super::commands::line(&all)
}

/// The probe is asked with the login.
pub(super) fn probe(vault: &Vault, help: &mut Help) {
    help.note("a policy of the login's role must allow the path of the probe");
    let mount = vault.login.mount.as_deref().unwrap_or("jwt");
    run(&vault.login, "read", &["-field=token_policies", &format!("auth/{mount}/role/{}", vault.login.role)], help);
}
