//! The twin of Vault beside a real OpenBao: the same requests, one by one, and the same answers.

use std::time::{Duration, SystemTime};

use reqwest::Client;
use serde_json::{Map, Value, json};
use tokenex_testkit::issuer::{Algorithm, Issuer, OldKey, TokenBuilder};
use tokenex_testkit::servers::{DatabaseConnection, DynamicRole, JwtRole, JwtTrust, OpenBao, Postgres};
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::vault::VaultTwin;
use tokenex_testkit::web::Reply;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// One of the two, and what was seen of it.
struct Server<'a> {
    url: String,
    client: Client,
    issuer: &'a Issuer,
    seen: Vec<Seen>,
}

/// What may be compared of an answer.
struct Seen {
    text: String,
    /// What it says in seconds: of two servers that are asked one after the other, they may differ by one.
    seconds: Vec<u64>,
}

impl<'a> Server<'a> {
    fn new(url: &str, issuer: &'a Issuer) -> Self {
        let client = Client::builder()
            .tls_backend_preconfigured((*Certificates::for_loopback().client_config()).clone())
            .no_proxy()
            .build()
            .unwrap();
        Self { url: url.to_owned(), client, issuer, seen: Vec::new() }
    }

    /// Sends a request and keeps what may be compared of the answer.
    async fn send(&mut self, what: &str, method: &str, path: &str, token: &str, body: Value) -> Value {
        let mut request = self.client.request(method.parse().unwrap(), format!("{}/v1/{path}", self.url));
        if !token.is_empty() {
            request = request.header("x-vault-token", token);
        }
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let answer = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null);
        let mut seconds = Vec::new();
        let text = format!("{what}: {status} {}", comparable("", &answer, &mut seconds));
        self.seen.push(Seen { text, seconds });
        answer
    }

    async fn get(&mut self, what: &str, path: &str, token: &str) -> Value {
        self.send(what, "GET", path, token, Value::Null).await
    }

    async fn post(&mut self, what: &str, path: &str, token: &str, body: Value) -> Value {
        self.send(what, "POST", path, token, body).await
    }

    async fn log_in(&mut self, what: &str, role: &str, jwt: &TokenBuilder) -> String {
        let body = json!({"role": role, "jwt": jwt.sign()});
        let answer = self.post(what, "auth/jwt/login", "", body).await;
        answer["auth"]["client_token"].as_str().unwrap_or_default().to_owned()
    }

    async fn renew(&mut self, what: &str, lease: &str, increment: Value, token: &str) {
        self.post(what, "sys/leases/renew", token, json!({"lease_id": lease, "increment": increment})).await;
    }

    fn identity(&self) -> TokenBuilder {
        self.issuer.token().subject("ci").audience("vault")
    }
}

/// What two servers can have in common: refusals to the letter, of answers the names, the kinds and some values.
fn comparable(name: &str, value: &Value, seconds: &mut Vec<u64>) -> Value {
    const SAME: [&str; 14] = [
        "errors",
        "data",
        "renewable",
        "policies",
        "token_type",
        "type",
        "num_uses",
        "orphan",
        "version",
        "destroyed",
        "display_name",
        "path",
        "k",
        "creation_ttl",
    ];
    match value {
        // Members that are optional in the API, and words for people.
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| {
                !["warnings", "last_renewal", "last_renewal_time", "custom_metadata"].contains(&name.as_str())
            })
            .map(|(name, value)| (name.clone(), comparable(name, value, seconds)))
            .collect::<Map<_, _>>()
            .into(),
        _ if SAME.contains(&name) => value.clone(),
        Value::Number(number) if ["lease_duration", "ttl"].contains(&name) => {
            seconds.push(number.as_u64().expect("seconds are whole"));
            json!("some seconds")
        }
        Value::Array(values) => values.iter().map(|value| comparable(name, value, seconds)).collect(),
        Value::String(text) if !text.is_empty() => json!("some text"),
        Value::Number(_) => json!(0),
        other => other.clone(),
    }
}

/// What every role is allowed.
const ALLOWED: [&str; 5] = ["database/*", "secret/*", "kv/*", "nothing/*", "sys/leases/revoke"];

/// A real server with mounts and roles.
async fn server_for(issuer: &Issuer, postgres: &Postgres) -> OpenBao {
    let bao = OpenBao::start().await.unwrap();
    let admin = bao.admin();
    let trust = JwtTrust::Discovery { url: issuer.url().to_owned(), ca_pem: None };
    admin.enable_jwt("jwt", &trust).await.unwrap();
    let rules = ALLOWED
        .map(|path| format!("path \"{path}\" {{ capabilities = [\"create\", \"read\", \"update\", \"delete\"] }}\n"));
    for role in ["app", "short", "batch", "gone", "bound", "bare", "open", "counted"] {
        admin.policy(role, &rules.concat()).await.unwrap();
    }
    // The policy of a role has the role's name, as at the twin.
    let role = |name: &'static str| JwtRole::new(name, "vault").policies(&[name]);
    let bare = role("bare").field("token_no_default_policy", json!(true));
    let bound = role("bound").field("bound_claims", json!({"env": "prod"}));
    let open = role("open").field("bound_audiences", json!([])).subject("ci");
    for role in [
        role("app").subject("ci").token_ttl(MINUTE).token_max_ttl(2 * MINUTE),
        role("short").token_ttl(6 * SECOND).token_max_ttl(8 * SECOND),
        role("batch").token_ttl(16 * SECOND).batch(),
        role("gone").token_ttl(MINUTE),
        role("counted").token_ttl(MINUTE).field("token_num_uses", json!(3)),
        bare,
        bound,
        open,
    ] {
        admin.jwt_role("jwt", &role).await.unwrap();
    }
    admin.enable_database("database", &DatabaseConnection::to(postgres)).await.unwrap();
    for (name, ttl, max_ttl) in [("app", 4, 10), ("long", 60, 120), ("forbidden", 60, 60)] {
        admin.dynamic_role("database", &DynamicRole::new(name, ttl * SECOND, max_ttl * SECOND)).await.unwrap();
    }
    admin.write("database/config/postgres", &json!({"allowed_roles": ["app", "long"]})).await.unwrap();
    admin.mount("kv", "kv", json!({"version": "1"})).await.unwrap();
    bao
}

/// The same mounts and roles at the twin.
fn twin_of(issuer: &Issuer) -> VaultTwin {
    let twin = VaultTwin::new();
    twin.reach(issuer.keys());
    let auth = twin.jwt_auth("jwt", issuer.url());
    for name in ["app", "short", "batch", "gone", "bound", "bare", "open", "counted"] {
        let role = auth.role(name);
        for path in ALLOWED {
            role.allow(path);
        }
        if name != "open" {
            role.audience("vault");
        }
    }
    auth.role("app").subject("ci").ttl(MINUTE).max_ttl(2 * MINUTE);
    auth.role("short").ttl(6 * SECOND).max_ttl(8 * SECOND);
    auth.role("batch").ttl(16 * SECOND).batch();
    auth.role("gone").ttl(MINUTE);
    auth.role("counted").ttl(MINUTE).num_uses(3);
    auth.role("bare").no_default_policy();
    auth.role("bound").claim("env", "prod");
    auth.role("open").subject("ci");
    let database = twin.database("database");
    database.role("app").ttl(4 * SECOND).max_ttl(10 * SECOND);
    database.role("long").ttl(MINUTE).max_ttl(2 * MINUTE);
    database.role("forbidden").allowed(false);
    twin.kv1("kv");
    twin.kv2("secret");
    twin
}

/// Asks both servers the same, side by side.
async fn same_answers(ask: impl AsyncFn(&mut Server<'_>)) {
    let issuer = Issuer::start().await.unwrap();
    let postgres = Postgres::start().await.unwrap();
    let (bao, twin) = (server_for(&issuer, &postgres).await, twin_of(&issuer));
    let served = twin.serve().await.unwrap();
    let (mut real, mut twin) = (Server::new(bao.address(), &issuer), Server::new(&served.url(), &issuer));
    tokio::join!(ask(&mut real), ask(&mut twin));
    assert_same(&real, &twin);
}

fn assert_same(real: &Server<'_>, twin: &Server<'_>) {
    assert!(!real.seen.is_empty() && real.seen.len() == twin.seen.len());
    let same = |real: &Seen, twin: &Seen| {
        let apart = real.seconds.iter().zip(&twin.seconds).map(|(real, twin)| real.abs_diff(*twin)).max();
        real.text == twin.text && apart.is_none_or(|apart| apart <= 1)
    };
    let pairs = real.seen.iter().zip(&twin.seen).filter(|(real, twin)| !same(real, twin));
    let differ: Vec<String> = pairs
        .map(|(real, twin)| format!("real: {} {:?}\ntwin: {} {:?}", real.text, real.seconds, twin.text, twin.seconds))
        .collect();
    assert!(differ.is_empty(), "{} of {} answers differ:\n{}", differ.len(), real.seen.len(), differ.join("\n"));
}

#[tokio::test]
async fn logins_are_taken_and_refused_alike() {
    same_answers(async |server| {
        let (now, good) = (SystemTime::now(), server.identity());
        let minutes = |minutes: u32| now + minutes * MINUTE;
        server.log_in("a good token", "app", &good).await;
        server.log_in("one of several audiences", "app", &good.clone().audience("other")).await;
        for (what, wrong) in [
            ("another issuer", good.clone().claim("iss", "https://else.test")),
            ("another subject", good.clone().subject("somebody")),
            ("no subject", good.clone().without("sub")),
            ("another audience", good.clone().claim("aud", "other")),
            ("no audience", good.clone().without("aud")),
            ("a forged token", good.clone().forged()),
            ("a forged token of another issuer", good.clone().claim("iss", "https://else.test").forged()),
            ("an unsigned token", good.clone().unsigned()),
            ("an unknown key", good.clone().header("kid", "unknown")),
            ("an expired token", good.clone().expired_since(2 * MINUTE)),
            ("an expired token of another subject", good.clone().subject("somebody").expired_since(2 * MINUTE)),
            ("a token of tomorrow", good.clone().not_before(minutes(1440))),
            ("a token issued tomorrow", good.clone().issued_at(minutes(1440))),
            ("a token issued tomorrow, good today", good.clone().issued_at(minutes(1440)).not_before(now)),
            ("a timeless token", good.clone().without("iat").without("exp")),
            ("an endless token", good.clone().without("exp")),
            ("an endless token of yesterday", good.clone().issued_at(now - 1440 * MINUTE).without("exp")),
        ] {
            server.log_in(what, "app", &wrong).await;
        }
        server.log_in("any subject, and there is none", "short", &good.clone().without("sub")).await;
        server.log_in("an audience that nobody bound", "open", &good).await;
        server.log_in("a forged audience that nobody bound", "open", &good.clone().forged()).await;
        server.log_in("an audience that nobody bound, of another subject", "open", &good.clone().subject("x")).await;
        let expired = good.clone().expired_since(2 * MINUTE);
        server.log_in("an audience that nobody bound, expired", "open", &expired).await;
        server.log_in("no audience, as bound", "open", &good.clone().without("aud")).await;
        server.log_in("a bound claim", "bound", &good.clone().claim("env", "prod")).await;
        server.log_in("another claim", "bound", &good.clone().claim("env", "test")).await;
        server.log_in("an absent claim", "bound", &good).await;
        server.log_in("another claim of an expired token", "bound", &good.clone().expired_since(2 * MINUTE)).await;
        server.log_in("no role", "", &good).await;
        server.log_in("an unknown role", "unknown", &good).await;
        for (what, path, body) in [
            ("no token", "auth/jwt/login", json!({"role": "app"})),
            ("no token and no role", "auth/jwt/login", json!({})),
            ("no token and an unknown role", "auth/jwt/login", json!({"role": "unknown"})),
            ("no JWT", "auth/jwt/login", json!({"role": "app", "jwt": "abc"})),
            ("no base64", "auth/jwt/login", json!({"role": "app", "jwt": "a.b.c"})),
            ("no mount", "auth/none/login", json!({"role": "app", "jwt": "abc"})),
        ] {
            server.post(what, path, "", body).await;
        }
        server.get("reading the login", "auth/jwt/login", "").await;
    })
    .await;
}

#[tokio::test]
async fn logins_look_at_renew_and_revoke_themselves_alike() {
    same_answers(async |server| {
        let good = server.identity();
        let [app, short, batch, bare] = [
            server.log_in("app", "app", &good).await,
            server.log_in("short", "short", &good).await,
            server.log_in("batch", "batch", &good).await,
            server.log_in("bare", "bare", &good).await,
        ];
        let [look, renew, revoke] = ["lookup", "renew", "revoke"].map(|what| format!("auth/token/{what}-self"));
        for (what, token) in [("app", &app), ("batch", &batch), ("bare", &bare), ("unknown", &"hvs.x".into())] {
            server.get(&format!("{what} looks"), &look, token).await;
            server.post(&format!("{what} looks by POST"), &look, token, json!({})).await;
            server.post(&format!("{what} renews"), &renew, token, json!({})).await;
        }
        for increment in [json!("90s"), json!(10), json!("3h"), json!("0"), json!("soon"), json!(-1)] {
            server.post(&format!("by {increment}"), &renew, &app, json!({"increment": increment})).await;
        }
        sleep(4 * SECOND).await;
        server.post("near the wall", &renew, &short, json!({})).await;
        // The server may round the end up by a second.
        sleep(6 * SECOND).await;
        server.post("behind the wall", &renew, &short, json!({})).await;
        for (what, token) in [("app", &app), ("batch", &batch), ("bare", &bare), ("short", &short)] {
            server.post(&format!("{what} revokes"), &revoke, token, json!({})).await;
            server.get(&format!("{what} looks afterwards"), &look, token).await;
        }
    })
    .await;
}

#[tokio::test]
async fn leases_are_made_renewed_and_ended_alike() {
    same_answers(async |server| {
        let good = server.identity();
        let (first, second) = (server.log_in("one", "app", &good).await, server.log_in("two", "app", &good).await);
        for path in ["database/creds/unknown", "database/creds/forbidden", "nothing/here", "elsewhere/a"] {
            server.get(path, path, &first).await;
        }
        server.post("writing for a user", "database/creds/app", &first, json!({})).await;
        let lease_of = |secret: &Value| secret["lease_id"].as_str().unwrap().to_owned();
        let user = lease_of(&server.get("a user", "database/creds/app", &first).await);
        let long = lease_of(&server.get("a user for long", "database/creds/long", &first).await);
        for increment in [json!(4), json!(3600), json!(0), json!(null), json!("2s"), json!(-1)] {
            server.renew(&format!("by {increment}"), &user, increment, &first).await;
        }
        server.renew("by another login", &user, json!(4), &second).await;
        server.renew("no lease", "", json!(4), &first).await;
        server.renew("an unknown lease", "database/creds/app/x", json!(4), &first).await;
        sleep(5 * SECOND).await;
        server.renew("behind its end", &user, json!(4), &first).await;
        server.renew("for long", &long, json!(60), &second).await;
        server.post("the login ends", "auth/token/revoke-self", &first, json!({})).await;
        server.renew("without its login", &long, json!(60), &second).await;

        let batch = server.log_in("batch", "batch", &good).await;
        sleep(3 * SECOND).await;
        let cut = lease_of(&server.get("cut", "database/creds/long", &batch).await);
        server.renew("cut", &cut, json!(60), &batch).await;
        let user = lease_of(&server.get("a user", "database/creds/app", &second).await);
        for what in ["revoked", "revoked again"] {
            let body = json!({"lease_id": user, "sync": true});
            server.post(what, "sys/leases/revoke", &second, body).await;
        }
        server.post("no lease revoked", "sys/leases/revoke", &second, json!({"sync": true})).await;
        server.renew("after its revocation", &user, json!(4), &second).await;
    })
    .await;
}

#[tokio::test]
async fn the_uses_of_a_login_are_counted_alike() {
    const LOOK: &str = "auth/token/lookup-self";
    same_answers(async |server| {
        let good = server.identity();
        let lease_of = |secret: &Value| secret["lease_id"].as_str().unwrap().to_owned();
        // What the last of three uses is spent on, after a user and something that is refused.
        for (what, method, path, body) in [
            ("a look", "GET", LOOK, json!(null)),
            ("a renewal", "POST", "auth/token/renew-self", json!({})),
            ("a revocation", "POST", "auth/token/revoke-self", json!({})),
            ("a user", "GET", "database/creds/long", json!(null)),
            ("something forbidden", "GET", "sys/mounts", json!(null)),
            ("something that is not there", "GET", "secret/data/none", json!(null)),
        ] {
            let token = server.log_in(what, "counted", &good).await;
            let lease = lease_of(&server.get("a first user", "database/creds/long", &token).await);
            server.get("forbidden", "sys/mounts", &token).await;
            server.send(what, method, path, &token, body).await;
            server.get("afterwards", LOOK, &token).await;
            let app = server.log_in("another login", "app", &good).await;
            server.renew("the first user's lease", &lease, json!(60), &app).await;
        }
        let token = server.log_in("lease by lease", "counted", &good).await;
        let lease = lease_of(&server.get("a user", "database/creds/long", &token).await);
        server.renew("its second use", &lease, json!(60), &token).await;
        server.renew("its last use", &lease, json!(60), &token).await;
        server.get("afterwards", LOOK, &token).await;
        let token = server.log_in("two looks", "counted", &good).await;
        for what in ["first", "second", "third", "fourth"] {
            server.get(what, LOOK, &token).await;
        }
    })
    .await;
}

#[tokio::test]
async fn secrets_of_both_versions_are_read_and_written_alike() {
    same_answers(async |server| {
        let good = server.identity();
        let token = server.log_in("login", "app", &good).await;
        for (what, method, path, body) in [
            ("none", "GET", "kv/a", json!(null)),
            ("write", "POST", "kv/a", json!({"k": "v"})),
            ("read", "GET", "kv/a", json!(null)),
            ("write by PUT", "PUT", "kv/a", json!({"k": "v", "ttl": "30s"})),
            ("read with a ttl", "GET", "kv/a", json!(null)),
            ("write nothing", "POST", "kv/a", json!({})),
            ("delete", "DELETE", "kv/a", json!(null)),
            ("read deleted", "GET", "kv/a", json!(null)),
            ("none", "GET", "secret/data/a", json!(null)),
            ("write", "POST", "secret/data/a", json!({"data": {"k": "v"}})),
            ("write", "POST", "secret/data/a", json!({"data": {"k": "w"}})),
            ("write without data", "POST", "secret/data/a", json!({"k": "v"})),
            ("read", "GET", "secret/data/a", json!(null)),
            ("read 0", "GET", "secret/data/a?version=0", json!(null)),
            ("read 1", "GET", "secret/data/a?version=1", json!(null)),
            ("read 3", "GET", "secret/data/a?version=3", json!(null)),
            ("read x", "GET", "secret/data/a?version=x", json!(null)),
            ("delete", "DELETE", "secret/data/a", json!(null)),
            ("read deleted", "GET", "secret/data/a", json!(null)),
            ("read 1", "GET", "secret/data/a?version=1", json!(null)),
            ("as version 1", "GET", "secret/a", json!(null)),
        ] {
            server.send(&format!("{what} {path}"), method, path, &token, body).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_goes_wrong_at_the_server_is_told_alike() {
    let issuer = Issuer::start().await.unwrap();
    let postgres = Postgres::start().await.unwrap();
    let (bao, vault) = (server_for(&issuer, &postgres).await, twin_of(&issuer));
    let served = vault.serve().await.unwrap();
    let (mut real, mut twin) = (Server::new(bao.address(), &issuer), Server::new(&served.url(), &issuer));
    let one = real.log_in("login", "gone", &real.identity()).await;
    let two = twin.log_in("login", "gone", &twin.identity()).await;

    bao.admin().delete("auth/jwt/role/gone").await.unwrap();
    vault.jwt_auth("jwt", issuer.url()).role("gone").delete();
    for (server, token) in [(&mut real, &one), (&mut twin, &two)] {
        server.post("renewed without its role", "auth/token/renew-self", token, json!({})).await;
        server.get("looked at", "auth/token/lookup-self", token).await;
        server.log_in("another login", "gone", &server.identity()).await;
    }

    // A real server keeps the keys that it has seen, so a new one is needed to make it look.
    issuer.rotate(Algorithm::Es256, OldKey::Dropped);
    issuer.jwks_answers(Reply::status(500));
    vault.issuer_down(issuer.url());
    for server in [&mut real, &mut twin] {
        server.log_in("without the issuer's keys", "app", &server.identity()).await;
    }

    bao.seal().await.unwrap();
    vault.seal();
    for (server, token) in [(&mut real, &one), (&mut twin, &two)] {
        server.get("sealed", "auth/token/lookup-self", token).await;
        server.log_in("a login when sealed", "app", &server.identity()).await;
    }
    issuer.discovery_answers(Reply::status(500));
    bao.unseal().await.unwrap();
    vault.unseal();
    for (server, token) in [(&mut real, &one), (&mut twin, &two)] {
        server.get("unsealed", "auth/token/lookup-self", token).await;
        server.log_in("unsealed without the issuer", "app", &server.identity()).await;
    }
    assert_same(&real, &twin);
}
