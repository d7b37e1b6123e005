//! AWS, by the code of STS
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html>).

use serde_json::json;

use super::{Case, Help};
use crate::config::Role;

/// The parts of `arn:aws:iam::123456789012:role/path/name`.
struct Arn<'a> {
    partition: &'a str,
    account: &'a str,
    name: &'a str,
}

impl<'a> Arn<'a> {
    fn read(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (_, partition, _, _, account, role) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(Self { partition, account, name: role.strip_prefix("role/")?.rsplit('/').next()? })
    }
}

pub(super) fn web_identity(case: &Case<'_>, role: &Role, help: &mut Help) {
    let Some(arn) = Arn::read(&role.role_arn) else { return };
    let issuer = case.issuer().trim_start_matches("https://");
    let provider = format!("arn:{}:iam::{}:oidc-provider/{issuer}", arn.partition, arn.account);
    match case.code().strip_suffix("Exception").unwrap_or(case.code()) {
        "AccessDenied" => {
            help.find("role", &role.role_arn);
            help.note(
                "AWS does not tell what the policy names: the first command shows it; the second replaces it all by a trust in \
                 this very subject",
            );
            show(&arn, help);
            trust(case, &arn, issuer, &provider, help);
        }
        "InvalidIdentityToken" if case.says("audience") => {
            help.run(&["aws", "iam", "get-open-id-connect-provider", "--open-id-connect-provider-arn", &provider]);
            let add = "add-client-id-to-open-id-connect-provider";
            help.run(&["aws", "iam", add, "--open-id-connect-provider-arn", &provider, "--client-id", case.audience()]);
        }
        "InvalidIdentityToken" if case.says("no openidconnect provider") => {
            help.find("account", arn.account);
            help.run(&["aws", "iam", "list-open-id-connect-providers"]);
            let create = "create-open-id-connect-provider";
            help.run(&["aws", "iam", create, "--url", case.issuer(), "--client-id-list", case.audience()]);
        }
        "InvalidIdentityToken" if case.says("thumbprint") || case.says("certificate") => {
            help.run(&["aws", "iam", "get-open-id-connect-provider", "--open-id-connect-provider-arn", &provider]);
        }
        "InvalidIdentityToken" | "IDPCommunicationError" => {
            if case.says("verification key") {
                help.note("AWS says the same of a key id that the issuer does not publish");
            }
            help.look_at_issuer(case.issuer());
        }
        "ValidationError" if case.says("maxsessionduration") => {
            help.run(&["aws", "iam", "update-role", "--role-name", arn.name, "--max-session-duration", "43200"]);
        }
        _ => {}
    }
}

fn show(arn: &Arn<'_>, help: &mut Help) {
    help.run(&["aws", "iam", "get-role", "--role-name", arn.name, "--query", "Role.AssumeRolePolicyDocument"]);
}

/// The trust policy that takes this token and no other subject's.
fn trust(case: &Case<'_>, arn: &Arn<'_>, issuer: &str, provider: &str, help: &mut Help) {
    if case.seen.is_none() {
        return;
    }
    let mut names = serde_json::Map::new();
    names.insert(format!("{issuer}:aud"), case.audience().into());
    names.insert(format!("{issuer}:sub"), case.subject().into());
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": { "Federated": provider },
            "Condition": { "StringEquals": names },
        }],
    });
    let update = "update-assume-role-policy";
    help.run(&["aws", "iam", update, "--role-name", arn.name, "--policy-document", &policy.to_string()]);
}

pub(super) fn assume_role(case: &Case<'_>, role: &Role, help: &mut Help) {
    let Some(arn) = Arn::read(&role.role_arn) else { return };
    if case.code() != "AccessDenied" {
        return;
    }
    help.find("role", &role.role_arn);
    help.note("the role must trust the caller, and a policy of the caller must allow sts:AssumeRole on the role");
    show(&arn, help);
    let caller =
        case.said_after("User: ").and_then(|said| said.split_once(" is not authorized")).map(|(caller, _)| caller);
    let Some(caller) = caller else { return };
    help.find("caller", caller);
    if let Some(source) = role_of_session(caller) {
        let simulate = "simulate-principal-policy";
        help.run(&[
            "aws",
            "iam",
            simulate,
            "--policy-source-arn",
            &source,
            "--action-names",
            "sts:AssumeRole",
            "--resource-arns",
            &role.role_arn,
        ]);
    }
}

/// The role behind `arn:aws:sts::123456789012:assumed-role/name/session`.
fn role_of_session(session: &str) -> Option<String> {
    let (before, rest) = session.split_once(":assumed-role/")?;
    let name = rest.split('/').next()?;
    Some(format!("{}:role/{name}", before.replacen(":sts:", ":iam:", 1)))
}

/// Trust is in order, a permission is missing.
pub(super) fn probe(role: &Role, help: &mut Help) {
    let Some(arn) = Arn::read(&role.role_arn) else { return };
    help.run(&["aws", "iam", "list-attached-role-policies", "--role-name", arn.name]);
    help.run(&["aws", "iam", "list-role-policies", "--role-name", arn.name]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_from_their_names() {
        let arn = Arn::read("arn:aws-cn:iam::123456789012:role/team/deploy").unwrap();
        assert_eq!((arn.partition, arn.account, arn.name), ("aws-cn", "123456789012", "deploy"));
        assert!(Arn::read("arn:aws:iam::1:user/x").is_none() && Arn::read("deploy").is_none());
        let session = "arn:aws:sts::123456789012:assumed-role/app/run-1";
        assert_eq!(role_of_session(session).unwrap(), "arn:aws:iam::123456789012:role/app");
    }
}
