//! What the variables make of a domain.

use super::*;

const SET: [(&str, &str); 4] = [
    (TOKEN_PATH, "/var/run/secrets/tokens/oci"),
    (DOMAIN_URL, "https://idcs-1.identity.oraclecloud.com:443/"),
    (CLIENT_ID, "app"),
    (CLIENT_SECRET, "hunter22"),
];

fn of(more: &[(&str, &str)]) -> Result<Domain> {
    let variable = |name: &str| {
        let found = more.iter().chain(&SET).find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    from_variables(variable)?.build()
}

#[test]
fn the_variables_of_terraform_describe_a_domain() {
    let domain = of(&[]).unwrap();
    let printed = format!("{domain:?} {:?}", domain.token());
    assert!(printed.contains("idcs-1.identity.oraclecloud.com") && printed.contains("application app"), "{printed}");
    assert!(printed.contains("requested: User") && !printed.contains("hunter22"), "{printed}");
    assert!(of(&[(AUTH, "OAuthClientCredentials"), (SUBJECT_TYPE, " jwt ")]).is_ok());
}

#[test]
fn a_resource_token_is_asked_for_by_its_urn_and_type() {
    let rpst = (REQUESTED_TYPE, "urn:oci:token-type:oci-rpst");
    let domain = of(&[rpst, (RESOURCE_TYPE, "githubactions")]).unwrap();
    assert!(format!("{:?}", domain.token()).contains("githubactions"));
    assert!(format!("{:?}", domain.user_token()).contains("User"), "what the program says itself counts");
    assert!(of(&[rpst]).unwrap_err().to_string().contains(RESOURCE_TYPE));
}

#[test]
fn an_instance_principal_needs_no_client_and_has_to_be_given() {
    let nothing = [(AUTH, "InstancePrincipal"), (CLIENT_ID, ""), (CLIENT_SECRET, "")];
    let error = of(&nothing).unwrap_err();
    assert_eq!(error.code(), Some("client"));
    assert!(error.advice().unwrap().contains("instance_principal"), "{error}");
}

#[test]
fn all_missing_variables_are_named_at_once_and_wrong_ones_by_name() {
    let error = from_variables(|_| None).unwrap_err();
    for name in [TOKEN_PATH, DOMAIN_URL, CLIENT_ID, CLIENT_SECRET] {
        assert!(error.to_string().contains(name), "{error}");
    }
    assert!(!of(&[(CLIENT_SECRET, " ")]).unwrap_err().to_string().contains(CLIENT_ID));
    for (name, value) in [(AUTH, "hunter22"), (REQUESTED_TYPE, "hunter22"), (SUBJECT_TYPE, "saml")] {
        let error = of(&[(name, value)]).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("environment")));
        assert!(error.to_string().contains(name) && !format!("{error:?}").contains("hunter22"), "{error}");
    }
    assert_eq!(of(&[(DOMAIN_URL, "idcs-1")]).unwrap_err().code(), Some("domain_url"));
}
