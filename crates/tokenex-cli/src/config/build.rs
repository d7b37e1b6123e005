//! From the values of a table to what it means.

use super::fields::Fields;
use super::model::{
    Acting, CommandFormat, EntraClient, EntraProof, Origin, Outbound, Proof, Role, Sts, WhichManagedIdentity,
};
use tokenex::core::Policy;

/// `source` and its keys.
pub(super) fn origin(word: &str, fields: &Fields) -> Option<Origin> {
    Some(match word {
        "file" => Origin::File { path: fields.path("path").unwrap_or_default() },
        "env" => Origin::Env { var: fields.needed("var") },
        "command" => Origin::Command { argv: fields.texts("argv"), format: command_format(fields) },
        "url" => Origin::Url {
            url: fields.needed("url"),
            headers: fields.secret_table("headers"),
            field: fields.text("field"),
        },
        "github-actions" => Origin::GitHubActions,
        "gitlab" => Origin::GitLab { var: fields.needed("var") },
        "azure-managed-identity" => Origin::AzureManagedIdentity(managed_identity(fields)),
        "gcp-metadata" => {
            Origin::GcpMetadata { host: fields.text("host"), service_account: fields.text("service_account") }
        }
        "aws-outbound" => Origin::AwsOutbound(Outbound {
            from: fields.needed("from"),
            audience: fields.text("audience"),
            algorithm: fields.text("algorithm"),
            duration: fields.duration("duration"),
            tags: fields.text_table("tags"),
            sts: sts(fields),
        }),
        "credential" => Origin::Credential { from: fields.needed("from") },
        _ => return None,
    })
}

fn command_format(fields: &Fields) -> CommandFormat {
    match fields.text("format").as_deref() {
        Some("google-executable") => CommandFormat::GoogleExecutable,
        Some("exec-credential") => CommandFormat::ExecCredential,
        _ => CommandFormat::Text,
    }
}

pub(super) fn managed_identity(fields: &Fields) -> WhichManagedIdentity {
    WhichManagedIdentity {
        client_id: fields.text("client_id"),
        object_id: fields.text("object_id"),
        resource_id: fields.text("resource_id"),
        platform: fields.text("platform"),
    }
}

fn sts(fields: &Fields) -> Sts {
    Sts {
        region: fields.text("region"),
        endpoint_url: fields.text("endpoint_url"),
        fips: fields.flag("fips").unwrap_or_default(),
        dual_stack: fields.flag("dual_stack").unwrap_or_default(),
    }
}

pub(super) fn proof(fields: &Fields) -> Proof {
    match fields.text("from") {
        Some(from) => Proof::Credential(from),
        None => Proof::Identity(fields.needed("identity")),
    }
}

pub(super) fn role(fields: &Fields) -> Role {
    Role {
        role_arn: fields.needed("role_arn"),
        session_name: fields.text("session_name"),
        duration: fields.duration("duration"),
        policy: fields.text("policy"),
        policy_arns: fields.texts("policy_arns"),
        sts: sts(fields),
    }
}

pub(super) fn entra(fields: &Fields) -> EntraClient {
    EntraClient {
        tenant_id: fields.needed("tenant_id"),
        client_id: fields.needed("client_id"),
        proof: match fields.secret("client_secret") {
            Some(secret) => EntraProof::ClientSecret(secret),
            None => EntraProof::Token(proof(fields)),
        },
        authority_host: fields.text("authority_host"),
        dangerous_allow_http: fields.flag("dangerous_allow_http").unwrap_or_default(),
        audience: fields.text("audience"),
        accept_audience: fields.text("accept_audience"),
    }
}

pub(super) fn acting(fields: &Fields) -> Acting {
    if let Some(id) = fields.text("user_object_id") {
        Acting::UserObjectId(id)
    } else if let Some(name) = fields.text("user_principal_name") {
        Acting::UserPrincipalName(name)
    } else if let Some(person) = fields.text("on_behalf_of") {
        Acting::OnBehalfOf(Proof::Identity(person))
    } else {
        Acting::AsItself
    }
}

/// `[policy]`.
pub(super) fn policy(fields: &Fields) -> Policy {
    let mut policy = Policy::default();
    macro_rules! set {
        ($($read:ident: $($name:ident),+;)+) => {
            $($(if let Some(value) = fields.$read(stringify!($name)) {
                policy.$name = value;
            })+)+
        };
    }
    set! {
        share: refresh_share, jitter;
        flag: terminal_is_final;
        count: attempts_per_lifetime;
        duration: refresh_lead_max, min_spacing, backoff_base, backoff_max, retry_after_max, terminal_spacing,
            attempt_deadline, attempt_deadline_min, queue_bound, revoke_deadline, grace, rejection_spacing,
            poll_interval;
    }
    policy
}

/// Whether all words of the tables of keys are understood here.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::fields::Field;
    use crate::config::keys::{self, Table};

    #[test]
    fn each_source_has_a_meaning() {
        for Table { word, .. } in keys::IDENTITIES {
            assert!(origin(word, &Fields::new(0..0)).is_some(), "{word}");
        }
        assert!(origin("carrier-pigeon", &Fields::new(0..0)).is_none());
    }

    #[test]
    fn each_number_of_the_policy_can_be_set() {
        for key in keys::POLICY.keys() {
            let mut fields = Fields::new(0..0);
            let field = match key.form {
                keys::Form::Share => Field::Share(0.123),
                keys::Form::Flag => Field::Flag(true),
                keys::Form::Count => Field::Count(77),
                _ => Field::Duration(std::time::Duration::from_secs(1234)),
            };
            fields.insert(key.name, 0..0, 0..0, field);
            assert_ne!(policy(&fields), Policy::default(), "{}", key.name);
        }
    }
}
