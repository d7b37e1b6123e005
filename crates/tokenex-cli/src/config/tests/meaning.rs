//! What the words of a file mean.

use std::path::Path;
use std::time::Duration;

use super::{SAMPLE, file, meaning};
use crate::config::{CommandFormat, Engine, GcpProof, Origin, Proof, Provider, ProxySpec, SecretRef};

#[test]
fn the_sample_names_every_source_and_every_provider() {
    let config = meaning(SAMPLE);
    for table in super::super::keys::CREDENTIALS {
        assert!(config.credentials.iter().any(|credential| credential.provider.word() == table.word), "{}", table.word);
    }
    for table in super::super::keys::IDENTITIES {
        assert!(SAMPLE.contains(&format!("source = \"{}\"", table.word)), "{}", table.word);
    }
    let names: Vec<_> = config.credentials.iter().map(|credential| credential.name.as_str()).collect();
    assert_eq!(&names[..3], ["graph", "api", "arm"], "in the file's order");
}

#[test]
fn paths_begin_at_the_files_folder_and_values_are_expanded() {
    let config = meaning(&file(
        "[identity.f]\nsource = \"file\"\npath = \"a/token\"\n[identity.g]\nsource = \"file\"\npath = \"/abs\"
[credential.v]\nprovider = \"vault\"\nfrom = \"p\"\naddress = \"https://${HOST}:8200\"\nrole = \"$${x}\"\npath = \"/secret/data/a/\"\nparameters.deep = [{ host = \"${HOST}\", n = 0x10, empty = \"\" }]
[credential.p]\nprovider = \"passthrough\"\nidentity = \"f\"",
    ));
    let path = |name: &str| match &config.identity(name).unwrap().origin {
        Origin::File { path } => path.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((path("f").as_path(), path("g").as_path()), (Path::new("/nowhere/a/token"), Path::new("/abs")));
    let Provider::Vault(vault) = &config.credential("v").unwrap().provider else { panic!() };
    assert_eq!((vault.login.address.as_str(), vault.login.role.as_str()), ("https://vault.example:8200", "${x}"));
    assert_eq!(vault.login.proof, Proof::Credential("p".to_owned()));
    assert_eq!((vault.path.as_str(), &vault.engine), ("secret/data/a", &Engine::Any));
    let parameters = serde_json::json!({ "deep": [{ "host": "vault.example", "n": 16, "empty": "" }] });
    assert_eq!(Some(&parameters), vault.parameters.clone().map(serde_json::Value::Object).as_ref());
}

#[test]
fn secrets_are_places() {
    let config = meaning(&file(
        "[identity.u]\nsource = \"url\"\nurl = \"https://x/{audience}\"\n[identity.u.headers]\na = { env = \"A\" }\nb = { file = \"b\" }\nc = { credential = \"p.access_token\" }
[credential.p]\nprovider = \"passthrough\"\nidentity = \"job\"",
    ));
    let Origin::Url { headers, .. } = &config.identity("u").unwrap().origin else { panic!() };
    let credential = SecretRef::Credential { name: "p".to_owned(), field: "access_token".to_owned() };
    let places = [SecretRef::Env("A".to_owned()), SecretRef::File("/nowhere/b".into()), credential];
    assert_eq!(headers.iter().map(|(_, place)| place.clone()).collect::<Vec<_>>(), places);
}

#[test]
fn a_command_without_a_slash_is_looked_up_and_one_with_a_slash_is_in_the_folder() {
    let argv = |argv: &str| {
        let config = meaning(&format!(
            "version = 1\n[identity.c]\nsource = \"command\"\nformat = \"exec-credential\"\nargv = {argv}"
        ));
        match &config.identity("c").unwrap().origin {
            Origin::Command { argv, format: CommandFormat::ExecCredential } => argv.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(argv("[\"no-such-program\", \"-a\", \"\"]"), ["no-such-program", "-a", ""]);
    assert_eq!(argv("[\"bin/x\"]"), ["/nowhere/bin/x"]);
}

#[test]
fn what_google_is_given_depends_on_what_it_comes_from() {
    let proof = |rest: &str| {
        let jwt = "[credential.jwt]\nprovider = \"passthrough\"\nidentity = \"job\"\n[credential.base]\nprovider = \"gcp\"\nidentity = \"job\"\naudience = \"a\"\n";
        let config = meaning(&file(&format!("{jwt}[credential.it]\nprovider = \"gcp\"\n{rest}")));
        match &config.credential("it").unwrap().provider {
            Provider::Gcp(gcp) => gcp.proof.clone(),
            other => panic!("{other:?}"),
        }
    };
    let federated = proof("from = \"jwt\"\naudience = \"a\"");
    assert!(matches!(federated, GcpProof::Federated { proof: Proof::Credential(name), .. } if name == "jwt"));
    assert!(matches!(proof("from = \"base\"\nservice_account = \"x\""), GcpProof::Token { from } if from == "base"));
    assert!(matches!(proof("service_account_key = { env = \"K\" }"), GcpProof::Key(SecretRef::Env(_))));
}

#[test]
fn the_network_and_the_policy_are_read() {
    let config = meaning(
        "version = 1\n[http]\nproxy = \"none\"\ntimeout = \"3s\"\n[policy]\nrefresh_share = 0.5\njitter = 0\ngrace = \"0s\"\nterminal_is_final = true\nmin_spacing = \"250ms\"",
    );
    assert!(matches!(config.http.proxy, Some(ProxySpec::Off)));
    assert_eq!(config.http.timeout, Some(Duration::from_secs(3)));
    let policy = &config.policy;
    assert_eq!((policy.refresh_share, policy.jitter, policy.grace), (0.5, 0.0, Duration::ZERO));
    assert!(policy.terminal_is_final && policy.min_spacing == Duration::from_millis(250));
}

#[test]
fn plain_http_goes_where_it_was_allowed_and_to_this_machine() {
    let vault = |address: &str, more: &str| {
        let rest = format!(
            "[credential.v]\nprovider = \"vault\"\nidentity = \"job\"\naddress = \"{address}\"\nrole = \"r\"\npath = \"x\"\n{more}"
        );
        meaning(&file(&rest)).http.plain_http
    };
    assert_eq!(vault("http://vault.lan:8200", "dangerous_allow_http = true"), ["vault.lan:8200"]);
    assert!(vault("http://127.0.0.1:8200", "").is_empty());
    let metadata = meaning("version = 1\n[identity.m]\nsource = \"url\"\nurl = \"http://169.254.169.254/token\"");
    assert!(metadata.http.plain_http.is_empty());
}
