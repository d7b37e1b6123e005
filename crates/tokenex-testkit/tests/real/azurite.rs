use std::{sync::Arc, time::Duration};

use tokenex_testkit::{servers::Azurite, tls::Certificates};

fn client(certificates: &Certificates) -> reqwest::Client {
    let tls = Arc::unwrap_or_clone(certificates.client_config());
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

#[tokio::test]
async fn azurite_shows_the_leaf_that_it_was_given_and_refuses_without_a_token() {
    let certificates = Certificates::for_loopback();
    let azurite = Azurite::start(&certificates).await.unwrap();
    let list = format!("{}?comp=list", azurite.endpoint());

    let refusal = client(&certificates).get(&list).send().await.unwrap();
    let text = client(&certificates).get(&list).bearer_auth("not.a.token").send().await.unwrap();
    let stranger = client(&Certificates::for_loopback()).get(&list).send().await;

    assert_eq!((refusal.status().as_u16(), text.status().as_u16()), (403, 403));
    assert_eq!(text.headers()["x-ms-error-code"], "AuthenticationFailed");
    assert!(stranger.unwrap_err().is_connect());
}

#[tokio::test]
async fn azurite_goes_with_its_value_and_leaves_no_key_behind() {
    let certificates = Certificates::for_loopback();
    let azurite = Azurite::start(&certificates).await.unwrap();
    let (endpoint, directory) = (azurite.endpoint(), azurite.directory().to_owned());
    assert!(directory.join("leaf.key").is_file());

    azurite.stop().await.unwrap();
    assert!(client(&certificates).get(&endpoint).send().await.is_err());
    azurite.start_again().await.unwrap();
    client(&certificates).get(&endpoint).send().await.unwrap();
    azurite.release().await.unwrap();

    assert!(client(&certificates).get(&endpoint).send().await.is_err());
    assert!(!directory.exists());
}
