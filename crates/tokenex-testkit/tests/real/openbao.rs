use std::time::Duration;

use serde_json::json;
use tokenex_testkit::servers::{
    DatabaseConnection, DynamicRole, JwtRole, JwtTrust, OpenBao, Postgres, Scheme, StaticRole,
};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_dynamic_user_logs_in_and_goes_with_its_lease() {
    let (postgres, bao) = tokio::join!(Postgres::start(), OpenBao::start());
    let (postgres, bao) = (postgres.unwrap(), bao.unwrap());
    let admin = bao.admin();
    admin.enable_database("database", &DatabaseConnection::to(&postgres)).await.unwrap();
    admin.dynamic_role("database", &DynamicRole::new("app", MINUTE, 2 * MINUTE)).await.unwrap();

    let secret = admin.read("database/creds/app").await.unwrap();
    let user = secret["data"]["username"].as_str().unwrap();
    let password = secret["data"]["password"].as_str().unwrap();
    postgres.login(user, password).await.unwrap();
    assert_eq!(postgres.dynamic_users().await.unwrap(), [user]);

    let lease = json!({"lease_id": secret["lease_id"], "sync": true});
    admin.write("sys/leases/revoke", &lease).await.unwrap();
    assert!(postgres.dynamic_users().await.unwrap().is_empty());
    assert!(postgres.login(user, password).await.unwrap_err().is_refused());
    let reads = bao.count_requests(|request| request.is("read", "database/creds/"));
    assert_eq!(reads.unwrap(), 1);
}

#[tokio::test]
async fn a_static_user_gets_another_password_at_a_rotation() {
    let (postgres, bao) = tokio::join!(Postgres::start(), OpenBao::start());
    let (postgres, bao) = (postgres.unwrap(), bao.unwrap());
    let admin = bao.admin();
    admin.enable_database("database", &DatabaseConnection::to(&postgres)).await.unwrap();
    admin.static_role("database", &StaticRole::new("reporter", MINUTE), &postgres).await.unwrap();
    let password = async || {
        let secret = admin.read("database/static-creds/reporter").await.unwrap();
        secret["data"]["password"].as_str().unwrap().to_owned()
    };

    let old = password().await;
    postgres.login("reporter", &old).await.unwrap();
    admin.write("database/rotate-role/reporter", &json!({})).await.unwrap();
    let new = password().await;

    assert_ne!(old, new);
    postgres.login("reporter", &new).await.unwrap();
    assert!(postgres.login("reporter", &old).await.unwrap_err().is_refused());
}

#[tokio::test]
async fn a_refused_login_is_counted_and_makes_no_token() {
    let bao = OpenBao::start().await.unwrap();
    let admin = bao.admin();
    let key = rcgen::KeyPair::generate().unwrap().public_key_pem();
    admin.enable_jwt("jwt", &JwtTrust::PublicKeys { pems: vec![key] }).await.unwrap();
    let role = JwtRole::new("app", "vault").subject("someone").token_ttl(MINUTE);
    admin.jwt_role("jwt", &role).await.unwrap();

    let login = json!({"role": "app", "jwt": "not.a.jwt"});
    let refusal = admin.write("auth/jwt/login", &login).await.unwrap_err();

    assert!(refusal.to_string().contains("400"), "{refusal}");
    let logins: Vec<_> = bao.requests().unwrap();
    let logins: Vec<_> = logins.iter().filter(|r| r.is_login("jwt")).collect();
    assert_eq!(logins.len(), 1);
    assert!(logins[0].error.is_some(), "{logins:?}");
    assert!(bao.live_token_accessors().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_token_is_seen_until_it_is_revoked() {
    let bao = OpenBao::start().await.unwrap();
    let admin = bao.admin();

    let token = admin.write("auth/token/create", &json!({"ttl": "60s"})).await.unwrap();
    let accessor = token["auth"]["accessor"].as_str().unwrap();
    assert_eq!(bao.live_token_accessors().await.unwrap(), [accessor]);

    let body = json!({"accessor": accessor});
    admin.write("auth/token/revoke-accessor", &body).await.unwrap();
    assert!(bao.live_token_accessors().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_sealed_server_answers_503_until_it_is_unsealed() {
    let bao = OpenBao::start().await.unwrap();
    let body = json!({"data": {"word": "here"}});
    bao.admin().write("secret/data/kept", &body).await.unwrap();

    bao.seal().await.unwrap();
    let sealed = bao.admin().read("secret/data/kept").await.unwrap_err();
    bao.unseal().await.unwrap();
    let unsealed = bao.admin().read("secret/data/kept").await.unwrap();

    assert!(sealed.to_string().contains("503"), "{sealed}");
    assert_eq!(unsealed["data"]["data"]["word"], "here");
}

#[tokio::test]
async fn a_paused_server_answers_when_it_goes_on() {
    let bao = OpenBao::start().await.unwrap();

    bao.pause().await.unwrap();
    let path = "auth/token/lookup-self";
    let silence = tokio::time::timeout(Duration::from_millis(500), bao.admin().read(path)).await;
    bao.resume().await.unwrap();

    assert!(silence.is_err());
    bao.admin().read(path).await.unwrap();
}

#[tokio::test]
async fn a_paused_server_ends_when_it_is_let_go() {
    let bao = OpenBao::start().await.unwrap();
    let address = ("127.0.0.1", bao.port());
    bao.pause().await.unwrap();

    bao.release().await.unwrap();

    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_https_server_shows_its_authority() {
    let bao = OpenBao::start_with(Scheme::Https).await.unwrap();

    assert!(bao.address().starts_with("https://"));
    assert!(bao.ca_pem().unwrap().contains("BEGIN CERTIFICATE"));
    bao.admin().read("auth/token/lookup-self").await.unwrap();
}

#[tokio::test]
async fn the_root_token_is_in_no_argument_and_no_debug_output() {
    let bao = OpenBao::start().await.unwrap();
    let processes = std::process::Command::new("ps").args(["-A", "-o", "args"]).output().unwrap();
    let arguments = String::from_utf8_lossy(&processes.stdout);

    assert!(arguments.contains(&format!("-dev-listen-address=127.0.0.1:{}", bao.port())));
    assert!(!arguments.contains(bao.root_token()));
    assert!(!format!("{bao:?} {:?}", bao.admin()).contains(bao.root_token()));
}
