//! Choices that cannot work, and what is said about them.

use tokenex_azure::{ManagedIdentity, ManagedIdentityBuilder, Platform};
use tokenex_core::{Error, ErrorKind};

/// A program in an environment with all variables that any platform sets.
fn anywhere(platform: Platform) -> ManagedIdentityBuilder {
    ManagedIdentity::builder().platform(platform).variables(|name| {
        Some(match name {
            "IDENTITY_ENDPOINT" => "https://127.0.0.1:1/token".to_owned(),
            "MSI_ENDPOINT" => "http://127.0.0.1:2/token".to_owned(),
            "IDENTITY_SERVER_THUMBPRINT" => "ab".repeat(20),
            "IDENTITY_HEADER" | "MSI_SECRET" => "s".to_owned(),
            _ => return None,
        })
    })
}

#[track_caller]
fn refused(builder: ManagedIdentityBuilder, code: &str, word: &str) -> Error {
    let error = builder.build().unwrap_err();
    assert_eq!((error.kind(), error.code(), error.provider()), (ErrorKind::Configuration, Some(code), Some("azure")));
    assert!(error.to_string().contains(word), "{word}: {error}");
    assert!(error.advice().is_some(), "{error}");
    error
}

#[test]
fn two_selectors_are_an_error_on_every_platform() {
    for platform in [Platform::Imds, Platform::AppService, Platform::MachineLearning, Platform::CloudShell] {
        refused(anywhere(platform).client_id("c").object_id("o"), "selector", "give one of client_id");
    }
    refused(anywhere(Platform::Imds).resource_id("/r").resource_id("/s"), "selector", "two user-assigned");
    refused(anywhere(Platform::Imds).client_id(""), "selector", "client_id of the managed identity is empty");
}

#[test]
fn a_platform_that_cannot_select_says_so() {
    for platform in [Platform::Arc, Platform::CloudShell] {
        for builder in [
            anywhere(platform).client_id("c"),
            anywhere(platform).object_id("o"),
            anywhere(platform).resource_id("/subscriptions/s"),
        ] {
            let error = refused(builder, "selector", "does not let programs choose their identity");
            assert!(error.to_string().contains(&platform.to_string()), "{error}");
        }
    }
    #[cfg(feature = "http")]
    refused(
        anywhere(Platform::ServiceFabric).client_id("c"),
        "selector",
        "Service Fabric does not let programs choose",
    );
    refused(anywhere(Platform::MachineLearning).object_id("o"), "selector", "takes a client_id only");
    for platform in [Platform::Imds, Platform::AppService] {
        assert!(anywhere(platform).object_id("o").build().is_ok());
        assert!(anywhere(platform).resource_id("/subscriptions/s").build().is_ok());
    }
    assert!(anywhere(Platform::MachineLearning).client_id("c").build().is_ok());
}

#[test]
fn a_platform_without_its_variables_names_them() {
    let nowhere = |platform| ManagedIdentity::builder().platform(platform).variables(|_| None);
    for (platform, name) in [
        (Platform::AppService, "IDENTITY_ENDPOINT"),
        (Platform::ServiceFabric, "IDENTITY_ENDPOINT"),
        (Platform::CloudShell, "MSI_ENDPOINT"),
        (Platform::MachineLearning, "MSI_ENDPOINT"),
    ] {
        refused(nowhere(platform), "environment", name);
    }
    assert!(nowhere(Platform::Imds).build().is_ok() && nowhere(Platform::Arc).build().is_ok());
}

#[test]
fn an_address_that_is_none_and_a_secret_that_no_header_carries_are_refused_without_repeating_them() {
    let with = |platform, name: &'static str, value: &'static str| {
        ManagedIdentity::builder()
            .platform(platform)
            .variables(move |asked| Some(if asked == name { value } else { "http://127.0.0.1:1/" }.to_owned()))
    };
    for (platform, name, value) in [
        (Platform::AppService, "IDENTITY_ENDPOINT", "hunter22"),
        (Platform::AppService, "IDENTITY_ENDPOINT", "http://user:hunter22@127.0.0.1/"),
        (Platform::Imds, "AZURE_POD_IDENTITY_AUTHORITY_HOST", "hunter22"),
        (Platform::AppService, "IDENTITY_HEADER", "hunter22\u{7f}x"),
        (Platform::MachineLearning, "MSI_SECRET", "hunter22\nx"),
    ] {
        let error = with(platform, name, value).build().unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("environment")));
        assert!(error.to_string().contains(name) && !format!("{error:?}").contains("hunter22"), "{error:?}");
    }
}

#[cfg(feature = "http")]
#[test]
fn service_fabric_needs_a_thumbprint_and_an_encrypted_address() {
    let with = |endpoint: &'static str, thumbprint: &'static str| {
        ManagedIdentity::builder().platform(Platform::ServiceFabric).variables(move |name| match name {
            "IDENTITY_ENDPOINT" => Some(endpoint.to_owned()),
            "IDENTITY_HEADER" => Some("s".to_owned()),
            _ => (!thumbprint.is_empty()).then(|| thumbprint.to_owned()),
        })
    };
    refused(with("https://127.0.0.1:1/", ""), "environment", "IDENTITY_SERVER_THUMBPRINT");
    refused(with("https://127.0.0.1:1/", "zz"), "environment", "40 hexadecimal digits");
    refused(with("http://127.0.0.1:1/", "ab"), "environment", "no https address");
}

#[cfg(not(feature = "http"))]
#[test]
fn service_fabric_needs_the_feature_with_the_transport() {
    let error = anywhere(Platform::ServiceFabric).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("feature `http`"), "{error}");
}

#[test]
fn a_scope_is_checked_before_anything_is_kept() {
    let error = anywhere(Platform::Imds).build().unwrap().token("https://vault.azure.net").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("https://vault.azure.net/.default"), "{error}");
}
