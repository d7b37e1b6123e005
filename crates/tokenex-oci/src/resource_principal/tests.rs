//! What the environment makes of a resource principal.

use super::*;

fn of(pairs: &[(&str, &str)]) -> Result<ResourcePrincipal> {
    from_variables(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
}

#[test]
fn an_absolute_path_is_a_file_and_anything_else_the_text_itself() {
    let files =
        of(&[(VERSION, "2.2"), (TOKEN, "/run/rpst\n"), (KEY, "/run/key.pem"), (REGION, " eu-frankfurt-1")]).unwrap();
    assert!(format!("{files:?}").contains("OCI_RESOURCE_PRINCIPAL_RPST (a file)"), "{files:?}");
    assert_eq!(files.region(), Some("eu-frankfurt-1"));
    let texts =
        of(&[(VERSION, " 2.2 "), (TOKEN, "hunter22"), (KEY, "-----BEGIN hunter22"), (PASSPHRASE, "hunter22")]).unwrap();
    let printed = format!("{texts:?}");
    assert!(
        printed.contains("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM (a text)") && !printed.contains("hunter22"),
        "{printed}"
    );
}

#[test]
fn what_is_missing_or_of_another_version_is_named() {
    for (pairs, word) in [
        (&[(TOKEN, "t"), (KEY, "k")][..], "not set: OCI_RESOURCE_PRINCIPAL_VERSION"),
        (&[(VERSION, "1.1"), (TOKEN, "t"), (KEY, "k")], "is not 2.2"),
        (&[(VERSION, "2.2"), (KEY, "k")], "not set: OCI_RESOURCE_PRINCIPAL_RPST ["),
        (&[(VERSION, "2.2"), (TOKEN, " ")], "OCI_RESOURCE_PRINCIPAL_RPST, OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM"),
    ] {
        let error = of(pairs).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("environment")));
        assert!(error.to_string().contains(word), "{error}");
    }
}
