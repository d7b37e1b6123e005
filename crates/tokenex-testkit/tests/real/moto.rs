use std::time::Duration;

use tokenex_testkit::{servers::Moto, tls::Certificates};

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .tls_backend_preconfigured((*Certificates::for_loopback().client_config()).clone())
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

#[tokio::test]
async fn moto_hands_out_keys_until_it_checks_signatures_and_goes_with_its_value() {
    let moto = Moto::start().await.unwrap();
    let role = moto.role("deployer").await.unwrap();
    let call = |action: &str| {
        let body = format!(
            "Action={action}&Version=2011-06-15&RoleArn={role}&RoleSessionName=ci&WebIdentityToken=any-text-at-all"
        );
        let request = client().post(moto.url()).header("content-type", "application/x-www-form-urlencoded");
        async move { request.body(body).send().await.unwrap() }
    };

    let answer = call("AssumeRoleWithWebIdentity").await.text().await.unwrap();
    assert!(answer.contains("<AccessKeyId>ASIA") && answer.contains("assumed-role/deployer/ci"), "{answer}");
    assert_eq!(call("GetCallerIdentity").await.status().as_u16(), 200);
    moto.check_signatures().await.unwrap();
    assert_ne!(call("GetCallerIdentity").await.status().as_u16(), 200);

    let url = moto.url().to_owned();
    moto.release().await.unwrap();
    assert!(client().get(url).send().await.is_err());
}
