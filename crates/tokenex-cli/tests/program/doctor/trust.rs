//! Targets that do not trust, or that trust and do not allow.

use tokenex_testkit::issuer::{Algorithm, OldKey};
use tokenex_testkit::twins::aws::{IdentityProviderFailure, TrustStatement};
use tokenex_testkit::twins::{Fault, RetryAfter};

use super::world::{AWS_AUDIENCE, SUBJECT, World};

const OTHER: &str = "repo:acme/app:ref:refs/heads/it's $HOME";

#[tokio::test]
async fn another_subject_is_refused_by_all_five_and_the_commands_hold_what_was_seen() {
    let world = World::new().await;
    world.tokens(|token| token.subject(OTHER));
    let diagnosis = world.doctor(&["arm", "deploy", "robot", "session", "db"]).await.exits(4);
    let quoted = r"it'\''s $HOME";
    for name in ["arm", "deploy", "session", "db"] {
        assert_eq!(diagnosis.credential(name)["exit"], 4);
        let exchange = diagnosis.step(name, "exchange").is("failed").found("subject", OTHER);
        exchange.found("issuer", world.issuer.url());
        diagnosis.step(name, "access").is("skipped");
        diagnosis.step(name, "probe").is("skipped");
        diagnosis.step(name, "keys").is("ok");
    }
    let azure = diagnosis.step("arm", "exchange").said("AADSTS700213", "No matching federated identity record found");
    azure.fixed_by("az ad app federated-credential list", &[world.app.client_id()]);
    azure.fixed_by("az ad app federated-credential create", &["--parameters", quoted, "api://AzureADTokenExchange"]);
    let aws = diagnosis.step("deploy", "exchange").said("AccessDenied", "Not authorized to perform");
    aws.found("role", world.role.arn()).fixed_by("aws iam get-role --role-name deployer", &[]);
    aws.fixed_by(
        "aws iam update-assume-role-policy --role-name deployer",
        &[quoted, AWS_AUDIENCE, "oidc-provider/127.0.0.1"],
    );
    let oci = diagnosis.step("session", "exchange").said("invalid_grant", "No impersonation rule");
    oci.fixed_by("oci identity-domains identity-propagation-trusts list", &[&world.at.domain.url()]);
    oci.fixed_by("oci identity-domains identity-propagation-trust patch", &["impersonationServiceUsers", quoted]);
    let vault = diagnosis.step("db", "exchange").said("", "invalid subject (sub) claim");
    vault.fixed_by("vault read", &["auth/jwt/role/app", &world.at.vault.url()]);
    vault.fixed_by("vault write", &["auth/jwt/role/app role_type=jwt user_claim=sub", quoted]);
    // Google takes everybody of the issuer into the pool, and the account is for one.
    diagnosis.step("robot", "exchange").is("ok");
    assert_eq!(diagnosis.credential("robot")["exit"], 6);
}

#[tokio::test]
async fn impersonation_that_is_refused_after_a_good_exchange_is_no_broken_trust() {
    let world = World::new().await;
    world.binding.remove();
    let diagnosis = world.doctor(&["robot"]).await.exits(6);
    diagnosis.step("robot", "exchange").is("ok");
    let principal = world.provider.principal(SUBJECT);
    let access = diagnosis.step("robot", "access").is("failed").found("principal", &principal);
    access.said("IAM_PERMISSION_DENIED", "iam.serviceAccounts.getAccessToken");
    access.fixed_by(
        "gcloud iam service-accounts add-iam-policy-binding",
        &["roles/iam.workloadIdentityUser", &principal],
    );
}

#[tokio::test]
async fn an_attribute_condition_and_a_missing_provider_of_google_are_told_apart() {
    let world = World::new().await;
    world.provider.only_subject("somebody else");
    let diagnosis = world.doctor(&["robot"]).await.exits(4);
    let exchange = diagnosis.step("robot", "exchange").is("failed").said("unauthorized_client", "attribute condition");
    exchange.fixed_by("gcloud iam workload-identity-pools providers describe issuer", &["--workload-identity-pool=ci"]);
    exchange.fixed_by(
        "gcloud iam workload-identity-pools providers update-oidc issuer",
        &["--attribute-condition", SUBJECT],
    );
    world.provider.enabled(false);
    let diagnosis = world.doctor(&["robot"]).await.exits(4);
    let exchange = diagnosis.step("robot", "exchange").said("invalid_target", "");
    exchange.found("pool", "ci").found("project", "123456789012").fixed_by("gcloud", &["providers undelete issuer"]);
}

#[tokio::test]
async fn another_audience_of_the_provider_is_named_beside_that_of_the_token() {
    let world = World::new().await;
    world.with_line("deploy", "audience = \"other\"");
    let diagnosis = world.doctor(&["deploy"]).await.exits(4);
    diagnosis.step("deploy", "audience").is("ok").found("audience", "other");
    let exchange = diagnosis.step("deploy", "exchange").said("InvalidIdentityToken", "Incorrect token audience");
    exchange.found("audience", "other");
    exchange.fixed_by("aws iam add-client-id-to-open-id-connect-provider", &["--client-id other"]);

    world.with_line("arm", "audience = \"api://other\"");
    let diagnosis = world.doctor(&["arm"]).await.exits(4);
    let exchange = diagnosis.step("arm", "exchange").said("AADSTS700212", "").found("audience", "api://other");
    exchange.expected("audience", "api://other").fixed_by("az ad app federated-credential list", &[]);

    world.write(|file| file.replace("audience = \"vault\"", "audience = \"other\""));
    let diagnosis = world.doctor(&["kv"]).await.exits(4);
    let exchange = diagnosis.step("kv", "exchange").said("", "invalid audience (aud) claim");
    exchange.fixed_by("vault write", &["bound_audiences=other"]);

    world.with_line("session", "audience = \"other\"");
    let diagnosis = world.doctor(&["session"]).await.exits(4);
    let exchange = diagnosis.step("session", "exchange").said("invalid_grant", "aud");
    exchange.fixed_by("oci identity-domains identity-propagation-trust patch", &["clientClaimValues", "other"]);

    world.provider.allow_audience("only-this");
    let diagnosis = world.doctor(&["robot"]).await.exits(4);
    let exchange = diagnosis.step("robot", "exchange").said("invalid_grant", "audience");
    exchange.fixed_by(
        "gcloud",
        &["update-oidc issuer", "--allowed-audiences=https://iam.googleapis.com/projects/123456789012"],
    );
}

#[tokio::test]
async fn an_issuer_that_differs_in_a_slash_is_named_as_such_and_refused() {
    let world = World::new().await;
    let with_slash = format!("{}/", world.issuer.url());
    let slash = with_slash.clone();
    world.tokens(move |token| token.claim("iss", slash.as_str()));
    let diagnosis = world.doctor(&["arm", "deploy", "robot", "session", "db"]).await.exits(4);
    for name in ["arm", "deploy", "robot", "session", "db"] {
        let discovery = diagnosis.step(name, "discovery").is("warning").means("slash");
        discovery.expected("issuer", &with_slash).found("issuer", world.issuer.url());
        diagnosis.step(name, "exchange").is("failed").found("issuer", &with_slash).means("see \"discovery\"");
    }
    diagnosis.step("arm", "exchange").said("AADSTS700211", "");
    let aws = diagnosis.step("deploy", "exchange").said("InvalidIdentityToken", "No OpenIDConnect provider");
    aws.fixed_by("aws iam create-open-id-connect-provider", &["--client-id-list sts.amazonaws.com", &with_slash]);
    let google = diagnosis.step("robot", "exchange").expected("issuer", world.issuer.url());
    google.fixed_by("gcloud", &["update-oidc issuer", &format!("--issuer-uri={with_slash}")]);
    diagnosis.step("db", "exchange").fixed_by("vault read", &["auth/jwt/config"]);
}

#[tokio::test]
async fn a_key_that_is_not_published_is_the_likely_cause_of_a_refusal() {
    let world = World::new().await;
    world.tokens(|token| token.header("kid", "rotated-away"));
    let diagnosis = world.doctor(&["arm", "deploy", "robot", "session", "db"]).await.exits(4);
    for name in ["arm", "deploy", "robot", "session", "db"] {
        let keys = diagnosis.step(name, "keys").is("warning").found("kid", "rotated-away");
        keys.means("does not publish the key");
        diagnosis.step(name, "signature").is("skipped");
        diagnosis.step(name, "exchange").is("failed").means("see \"keys\"");
        assert_eq!(diagnosis.credential(name)["exit"], 4, "{name}");
    }
    // AWS has the same words for an issuer that cannot be reached.
    diagnosis.step("deploy", "exchange").said("InvalidIdentityToken", "verification key");
}

#[tokio::test]
async fn a_token_of_a_key_that_was_rotated_away_is_told_from_one_of_the_new_key() {
    let world = World::new().await;
    let old = world.issuer.token().subject(SUBJECT).audience(AWS_AUDIENCE).sign();
    world.issuer.rotate(Algorithm::Es256, OldKey::Dropped);
    world.folder.write("old.jwt", &old);
    world.write(|file| {
        let file =
            file.replace("[identity.ci]", "[identity.old]\nsource = \"file\"\npath = \"old.jwt\"\n[identity.ci]");
        file.replace(
            "[credential.deploy]\nprovider = \"aws\"\nidentity = \"ci\"",
            "[credential.deploy]\nprovider = \"aws\"\nidentity = \"old\"",
        )
    });
    let diagnosis = world.doctor(&["deploy", "kv"]).await.exits(4);
    diagnosis.step("deploy", "keys").is("warning");
    diagnosis.step("deploy", "token").is("ok").0["found"]["source"]
        .as_str()
        .unwrap()
        .strip_prefix("identity old: file ")
        .unwrap();
    diagnosis.step("kv", "signature").is("ok");
    assert_eq!(diagnosis.credential("kv")["result"], "ok");
}

#[tokio::test]
async fn a_forged_signature_is_seen_from_here() {
    let world = World::new().await;
    world.tokens(|token| token.forged());
    let diagnosis = world.doctor(&["db", "jwt"]).await.exits(4);
    diagnosis.step("db", "keys").is("ok");
    diagnosis.step("db", "signature").is("warning").means("not that of the published key");
    diagnosis.step("db", "exchange").is("failed").means("see \"signature\"");
    // Nobody else judges a token that is handed on as it is.
    diagnosis.step("jwt", "signature").is("failed");
    assert_eq!(diagnosis.credential("jwt")["exit"], 4);
}

#[tokio::test]
async fn unknown_tenants_clients_roles_and_applications_are_named_with_where_to_look() {
    let world = World::new().await;
    let absent = "00000000-1111-2222-3333-444444444444";
    world.write(|file| file.replace(world.tenant.id(), absent));
    let diagnosis = world.doctor(&["arm"]).await.exits(4);
    let exchange = diagnosis.step("arm", "exchange").said("AADSTS90002", "").found("tenant_id", absent);
    exchange.fixed_by("az account list --all", &["tenantId"]);

    world.write(|file| file.replace(world.app.client_id(), absent).replace("role = \"app\"", "role = \"absent\""));
    let diagnosis = world.doctor(&["arm", "db"]).await.exits(4);
    let exchange = diagnosis.step("arm", "exchange").said("AADSTS700016", "").found("client_id", absent);
    exchange.fixed_by("az ad sp create", &[absent]);
    let exchange =
        diagnosis.step("db", "exchange").said("", "could not be found").found("role", "auth/jwt/role/absent");
    exchange.fixed_by("vault write", &["auth/jwt/role/absent", "bound_audiences=vault", "token_policies=absent"]);

    world.role.delete();
    let exchange = world.doctor(&["deploy"]).await.exits(4);
    exchange.step("deploy", "exchange").said("AccessDenied", "").means("or there is no such role");

    world.write(|file| {
        file.replace(world.exchanger.client_id(), "nobody")
            .replace("client_secret =", "audience = \"x\"\nclient_secret =")
    });
    let diagnosis = world.doctor(&["session"]).await.exits(4);
    diagnosis
        .step("session", "exchange")
        .said("invalid_client", "")
        .fixed_by("oci identity-domains apps list", &["nobody"]);
}

#[tokio::test]
async fn an_inactive_trust_of_oracle_and_a_missing_federated_credential_of_entra_are_shown_how_to_repair() {
    let world = World::new().await;
    world.trust.active(false);
    world.federation.remove();
    let diagnosis = world.doctor(&["session", "arm"]).await.exits(4);
    let oci = diagnosis.step("session", "exchange").said("invalid_grant", "no active identity propagation trust");
    oci.means("false unless set")
        .fixed_by("oci identity-domains identity-propagation-trusts list", &[world.issuer.url()]);
    let azure = diagnosis.step("arm", "exchange").said("AADSTS70025", "");
    azure.fixed_by("az ad app federated-credential create", &[SUBJECT, world.issuer.url()]);
}

#[tokio::test]
async fn a_login_without_a_policy_for_the_path_is_another_finding_than_a_refused_login() {
    let world = World::new().await;
    world.login.forbid("secret/data/app");
    let diagnosis = world.doctor(&["kv"]).await.exits(6);
    diagnosis.step("kv", "exchange").is("ok");
    let access = diagnosis.step("kv", "access").is("failed").found("path", "secret/data/app");
    access.fixed_by("printf", &["path \"secret/data/app\" { capabilities = [\"read\"] }", "| vault policy write"]);
    assert!(world.vault.logins().is_empty(), "the login is revoked all the same");
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_with_another_one_says_who_asked() {
    let world = World::new().await;
    let stranger = world.account.role("stranger");
    stranger.trust(TrustStatement::principal("arn:aws:iam::123456789012:role/else"));
    world.write(|file| file.replace("role/report", "role/stranger"));
    let diagnosis = world.doctor(&["report"]).await.exits(6);
    assert_eq!(diagnosis.credential("deploy")["result"], "ok");
    let exchange =
        diagnosis.step("report", "exchange").is("failed").said("AccessDenied", "is not authorized to perform");
    exchange.fixed_by("aws iam get-role --role-name stranger", &[]);
    exchange.fixed_by(
        "aws iam simulate-principal-policy",
        &["--policy-source-arn arn:aws:iam::123456789012:role/deployer"],
    );
}

#[tokio::test]
async fn what_is_made_from_a_broken_credential_is_skipped_and_not_failed_again() {
    let world = World::new().await;
    world.role.delete();
    let diagnosis = world.doctor(&["report", "kv"]).await.exits(4);
    let report = diagnosis.credential("report");
    assert_eq!((&report["result"], &report["exit"]), (&"skipped".into(), &0.into()));
    diagnosis.step("report", "exchange").is("skipped").means("made from \"deploy\"");
    assert_eq!(diagnosis.credential("kv")["result"], "ok");
    let asked = world.sts.exchanges();
    assert!(asked.iter().all(|exchange| exchange.action == "AssumeRoleWithWebIdentity"), "{asked:?}");
}

#[tokio::test]
async fn targets_that_do_not_reach_the_issuer_say_so_and_the_issuer_can_be_looked_at_from_elsewhere() {
    let world = World::new().await;
    world.sts.identity_provider_fails(9, IdentityProviderFailure::Unreachable);
    world.google.issuer_down(world.issuer.url());
    world.vault.issuer_down(world.issuer.url());
    let diagnosis = world.doctor(&["deploy", "robot", "kv"]).await.exits(5);
    for name in ["deploy", "robot", "kv"] {
        diagnosis.step(name, "discovery").is("ok").means("the target may see it differently");
        diagnosis.step(name, "exchange").is("failed");
        let address = format!("{}/.well-known/openid-configuration", world.issuer.url());
        diagnosis.step(name, "exchange").fixed_by("curl -fsS", &[&address]);
    }
}

#[tokio::test]
async fn a_target_that_is_down_out_of_order_or_not_trusted_is_not_about_trust_in_the_identity() {
    let world = World::new().await;
    world.entra.fault(9, Fault::OutOfOrder(503, RetryAfter::Absent));
    world.sts.fault(9, Fault::Html(502));
    world.write(|file| file.replace(&world.at.vault.url(), "https://127.0.0.1:1"));
    let diagnosis = world.doctor(&["arm", "deploy", "kv"]).await.exits(5);
    for name in ["arm", "deploy", "kv"] {
        diagnosis.step(name, "token").is("ok");
        diagnosis.step(name, "exchange").is("failed").unfixable();
        assert_eq!(diagnosis.credential(name)["exit"], 5);
    }
    diagnosis.step("deploy", "exchange").means("proxy");

    world.folder.write("ca.pem", tokenex_testkit::tls::Certificates::for_loopback().ca_pem());
    world.folder.write("vault.jwt", &world.issuer.token().subject(SUBJECT).audience("vault").sign());
    world.write(|file| {
        let file =
            file.replace("[identity.ci]", "[identity.file]\nsource = \"file\"\npath = \"vault.jwt\"\n[identity.ci]");
        file.replace("provider = \"vault\"\nidentity = \"ci\"", "provider = \"vault\"\nidentity = \"file\"")
    });
    let diagnosis = world.doctor(&["kv"]).await.exits(5);
    diagnosis.step("kv", "discovery").is("warning").means("certificate");
    diagnosis.step("kv", "exchange").is("failed").means("certificate");
}
