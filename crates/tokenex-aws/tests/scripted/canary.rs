//! Nothing that is secret is ever printed, by this crate or by the AWS SDK.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokenex_aws::{AssumeRole, AwsCredentials, ContainerCredentials, InstanceCredentials, OutboundIdentity, output};
use tokenex_core::Passthrough;
use tokenex_core::sources::StaticText;
use tokenex_testkit::canary::Canary;

use crate::world::{REGION, World, refuse, reply};

/// An answer with credentials to whatever was asked.
fn granted(action: &str, secret: &str, token: &str) -> Response<Bytes> {
    reply(
        200,
        format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
             <AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
             <SessionToken>{token}</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration></Credentials>\
             </{action}Result></{action}Response>"
        ),
    )
}

/// A refusal that repeats everything that was sent.
fn repeat(request: &Request<Bytes>, code: &str) -> Response<Bytes> {
    let headers: String = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name} {} ", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let sent = String::from_utf8_lossy(request.body()).replace(['&', '='], " ");
    refuse(403, code, &format!("{sent} {headers}"))
}

#[tokio::test(start_paused = true)]
async fn no_token_or_key_shows_in_logs_errors_or_debug() {
    let canary = Canary::new();
    let recording = canary.record();
    let (signature, secret) = (canary.secret("identity token"), canary.secret("secret access key"));
    let (token, chained_secret) = (canary.secret("session token"), canary.secret("second secret access key"));
    let (chained_token, outbound_signature) = (canary.secret("second session token"), canary.secret("outbound token"));
    let (pod_token, service_token) = (canary.secret("authorization token"), canary.secret("metadata token"));

    let world = World::new();
    let jwt = format!("e30.e30.{signature}");
    let (s, t) = (secret.clone(), token.clone());
    world.answers(move |_| granted("AssumeRoleWithWebIdentity", &s, &t));
    let provider = world.builder_with(StaticText::new(jwt.clone())).build().unwrap();
    let base = world.keep(provider.clone());
    let issued = base.get().await.unwrap();
    assert_eq!(issued.secret_access_key().expose(), secret);

    let (s, t) = (chained_secret.clone(), chained_token.clone());
    world.answers(move |_| granted("AssumeRole", &s, &t));
    let assume = AssumeRole::builder(world.role.arn(), base.clone()).region(REGION).build().unwrap();
    let chained = world.keep(assume.clone());
    assert_eq!(chained.get().await.unwrap().session_token().unwrap().expose(), chained_token);

    let outbound = OutboundIdentity::builder(base.clone()).region(REGION).audience("x").build().unwrap();
    let handed_out = format!("e30.e30.{outbound_signature}");
    world.answers(move |_| {
        reply(
            200,
            format!(
                "<GetWebIdentityTokenResponse><GetWebIdentityTokenResult><WebIdentityToken>{handed_out}</WebIdentityToken>\
                 <Expiration>2026-01-01T00:05:00Z</Expiration></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>"
            ),
        )
    });
    let identity = world.scheduler.keep(Passthrough::new(outbound.clone()));
    assert!(identity.get().await.unwrap().secret().expose().ends_with(&outbound_signature));

    // Endpoints that repeat what they should not.
    for code in
        ["AccessDenied", "InvalidIdentityToken", "ExpiredTokenException", "SomethingNew", "InvalidClientTokenId"]
    {
        world.answers(move |request| repeat(request, code));
        canary.search_error(code, &world.keep(provider.clone()).get().await.unwrap_err());
        canary.search_error(code, &world.keep(assume.clone()).get().await.unwrap_err());
        let refused = world.scheduler.keep(Passthrough::new(outbound.clone()));
        canary.search_error(code, &refused.get().await.unwrap_err());
        canary.search_debug(code, &refused.status());
    }
    let page = format!("<html>{jwt} {secret} {token}</html>");
    world.answers(move |_| reply(502, page.clone()));
    canary.search_error("a page", &world.keep(provider.clone()).get().await.unwrap_err());
    let half = format!(
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><SecretAccessKey>{secret}"
    );
    world.answers(move |_| reply(200, half.clone()));
    canary.search_error("half an answer", &world.keep(provider.clone()).get().await.unwrap_err());

    // The services of machines.
    let (s, t) = (secret.clone(), token.clone());
    let document = format!(
        "{{\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"{s}\",\"Token\":\"{t}\",\"Expiration\":\"2026-01-01T01:00:00Z\"}}"
    );
    let body = document.clone();
    world.network.route("169.254.170.23", move |_| std::future::ready(reply(200, body.clone())));
    let builder = ContainerCredentials::builder("http://169.254.170.23/v1/credentials");
    let pod = builder.authorization(StaticText::new(pod_token.as_str())).build().unwrap();
    let of_pod = world.keep(pod.clone());
    assert_eq!(of_pod.get().await.unwrap().secret_access_key().expose(), secret);
    world.network.route("169.254.170.23", move |request: Request<Bytes>| {
        let sent = String::from_utf8_lossy(request.headers()["authorization"].as_bytes()).into_owned();
        std::future::ready(reply(403, format!("{{\"Code\": \"X\", \"Message\": \"not {sent}\"}}")))
    });
    canary.search_error("a refused pod", &world.keep(pod.clone()).get().await.unwrap_err());
    world.network.route("169.254.169.254", move |request: Request<Bytes>| {
        std::future::ready(match request.uri().path() {
            "/latest/api/token" => reply(200, service_token.clone()),
            "/latest/meta-data/iam/security-credentials/" => reply(200, "app"),
            _ => reply(200, document.clone()),
        })
    });
    let instance = InstanceCredentials::builder().build().unwrap();
    let of_instance = world.keep(instance.clone());
    assert_eq!(of_instance.get().await.unwrap().secret_access_key().expose(), secret);

    canary.search_debug("providers", &(&provider, &assume, &outbound, &pod, &instance));
    canary.search_debug("builder", &world.builder_with(StaticText::new(jwt)));
    canary.search_debug(
        "credentials",
        &(&base, &*issued, issued.credential(), AwsCredentials::new("A", secret.as_str())),
    );
    canary.search_debug(
        "forms",
        &(output::credential_process_json(&issued).unwrap(), output::container_json(&issued).unwrap()),
    );
    #[cfg(feature = "aws_sdk")]
    {
        use aws_credential_types::provider::ProvideCredentials as _;
        let sdk = tokenex_aws::IntoSdk::into_sdk(base.clone());
        canary.search_debug("the SDK's", &(sdk.provide_credentials().await.unwrap(), &sdk));
    }
    canary.search_debug("status", &world.scheduler.status().await);
    let requests = world.network.requests();
    canary.search("uris", requests.iter().map(|r| format!("{}?{}\n", r.path(), r.query())).collect::<String>());
    canary.search("headers", requests.iter().map(|r| format!("{:?}\n", r.headers())).collect::<String>());
    canary.search("shutdown", world.scheduler.shutdown(Duration::from_secs(5)).await.to_string());
    drop(recording);
    canary.assert_clean();
}
