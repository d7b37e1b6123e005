//! Where requests go, and what is refused.

use tokenex_core::ErrorKind;

use super::*;

fn endpoint(change: impl FnOnce(&mut EndpointOptions)) -> Result<Endpoint> {
    let mut options = EndpointOptions { region: Some("eu-central-1".to_owned()), ..EndpointOptions::default() };
    change(&mut options);
    options.resolve()
}

fn origin(change: impl FnOnce(&mut EndpointOptions)) -> String {
    endpoint(change).unwrap().origin
}

fn refused(code: &str, word: &str, change: impl FnOnce(&mut EndpointOptions)) {
    let error = endpoint(change).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some(code)), "{error}");
    assert!(error.to_string().contains(word) && error.advice().is_some(), "{error}");
    assert!(!format!("{error:?}").contains("hunter22"));
}

#[test]
fn each_region_has_an_endpoint_and_so_have_its_forms() {
    let of = |region: &str| origin(|options| options.region = Some(region.to_owned()));
    assert_eq!(of("eu-central-1"), "https://sts.eu-central-1.amazonaws.com");
    assert_eq!(of("us-gov-west-1"), "https://sts.us-gov-west-1.amazonaws.com");
    assert_eq!(of("cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn");
    assert_eq!(of("aws-global"), "https://sts.amazonaws.com");
    assert_eq!(origin(|options| options.fips = true), "https://sts-fips.eu-central-1.amazonaws.com");
    assert_eq!(origin(|options| options.dual_stack = true), "https://sts.eu-central-1.api.aws");
    let both = origin(|options| (options.fips, options.dual_stack) = (true, true));
    assert_eq!(both, "https://sts-fips.eu-central-1.api.aws");
    assert_eq!(endpoint(|_| ()).unwrap().target().name(), "https://sts.eu-central-1.amazonaws.com");
}

#[test]
fn the_global_endpoint_is_for_the_regions_that_old_sdks_sent_there() {
    let of = |region: &str| {
        endpoint(|options| {
            options.region = Some(region.to_owned());
            options.legacy = true;
        })
        .unwrap()
    };
    assert_eq!(of("us-east-1").origin, "https://sts.amazonaws.com");
    assert!(of("eu-central-1").is_global());
    assert_eq!(of("eu-south-1").origin, "https://sts.eu-south-1.amazonaws.com");
    assert!(!of("eu-south-1").is_global());
    assert!(!endpoint(|_| ()).unwrap().is_global());
}

#[test]
fn a_region_is_checked_for_what_is_typed_wrong() {
    for region in ["ap-southeast-7", "us-iso-east-1", "eusc-de-east-1", "us-isob-west-1", "mx-central-1"] {
        assert!(endpoint(|options| options.region = Some(region.to_owned())).is_ok(), "{region}");
    }
    for region in [
        "",
        " ",
        "Frankfurt",
        "eu_central_1",
        "EU-CENTRAL-1",
        "eu-central",
        "eu-central-",
        "eu-1",
        "eu--1",
        "eu-central-1 ",
        "eu-central-1.evil",
        "eu-central-1/x",
        "-eu-central-1",
        "eu-central-one",
        "eu-central-1@h",
    ] {
        refused("region", "eu-central-1", |options| options.region = Some(region.to_owned()));
    }
    refused("region", "availability zone", |options| options.region = Some("eu-central-1a".to_owned()));
    refused("region", "no region", |options| options.region = None);
}

#[test]
fn an_own_address_is_encrypted_or_on_this_machine_and_excludes_the_other_forms() {
    for url in [
        "https://sts.internal.example",
        "https://proxy.example:8443/sts",
        "http://127.0.0.1:5000",
        "http://[::1]:1",
        "http://localhost:4566",
    ] {
        assert!(url.starts_with(&origin(|options| options.url = Some(url.to_owned()))));
    }
    for (url, word) in [
        ("sts.internal.example", "scheme"),
        ("http://sts.internal.example", "plain http"),
        ("http://127.0.0.1.example", "plain http"),
        ("ftp://sts.internal.example", "neither"),
        ("https://user:hunter22@sts.internal.example", "user name"),
        ("https://sts.internal.example/?token=hunter22", "query"),
        ("https://a b/hunter22", "not a URL"),
        ("", "URL"),
    ] {
        refused("endpoint", word, |options| options.url = Some(url.to_owned()));
    }
    let own = |options: &mut EndpointOptions| options.url = Some("https://sts.internal.example".to_owned());
    refused("endpoint", "FIPS", |options| {
        own(options);
        options.fips = true;
    });
    refused("endpoint", "Dualstack", |options| {
        own(options);
        options.dual_stack = true;
    });
    assert!(
        !endpoint(|options| {
            own(options);
            options.legacy = true;
        })
        .unwrap()
        .is_global()
    );
}
