//! What is sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::Serializer;
use serde_json::json;

/// Which token an exchange is to bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Requested {
    /// A user principal session token (UPST).
    User,
    /// A resource principal session token (RPST).
    Resource {
        /// What the trust calls `impersonatingResource`.
        res_type: String,
        /// How long it is to live, in seconds; the domain decides when nothing is said.
        seconds: Option<u64>,
    },
}

/// A token exchange at an identity domain
/// ([its fields](https://docs.oracle.com/iaas/Content/Identity/api-getstarted/json_web_token_exchange.htm)).
pub(crate) struct Exchange<'a> {
    pub(crate) requested: &'a Requested,
    pub(crate) subject_token: &'a str,
    /// The DER form of the session key's SubjectPublicKeyInfo.
    pub(crate) public_key: &'a [u8],
}

impl Exchange<'_> {
    /// The body, `application/x-www-form-urlencoded`.
    pub(crate) fn form(&self) -> String {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
        match self.requested {
            Requested::User => {
                form.append_pair("requested_token_type", "urn:oci:token-type:oci-upst");
            }
            Requested::Resource { res_type, seconds } => {
                form.append_pair("requested_token_type", "urn:oci:token-type:oci-rpst");
                form.append_pair("res_type", res_type);
                if let Some(seconds) = seconds {
                    form.append_pair("rpst_exp", &seconds.to_string());
                }
            }
        }
        // A bare word, not the URN of RFC 8693.
        form.append_pair("subject_token_type", "jwt");
        form.append_pair("public_key", &STANDARD.encode(self.public_key));
        form.append_pair("subject_token", self.subject_token);
        form.finish()
    }
}

/// What a pod sends to the proxymux: the public half of its session key, DER in base64.
pub(crate) fn pod_key(public_key: &[u8]) -> String {
    json!({ "podKey": STANDARD.encode(public_key) }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(requested: &Requested) -> String {
        Exchange { requested, subject_token: "e30.e30.c2ln", public_key: &[0xfb, 0xef, 0xff, 0xfe] }.form()
    }

    #[test]
    fn a_user_token_is_asked_for_with_the_public_key_on_one_line() {
        assert_eq!(
            form(&Requested::User),
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
             &requested_token_type=urn%3Aoci%3Atoken-type%3Aoci-upst&subject_token_type=jwt\
             &public_key=%2B%2B%2F%2F%2Fg%3D%3D&subject_token=e30.e30.c2ln"
        );
    }

    #[test]
    fn a_resource_token_names_its_type_and_may_name_its_lifetime() {
        let mut requested = Requested::Resource { res_type: "github runner".to_owned(), seconds: None };
        let body = form(&requested);
        assert!(body.contains("&requested_token_type=urn%3Aoci%3Atoken-type%3Aoci-rpst&res_type=github+runner&"));
        assert!(!body.contains("rpst_exp"), "{body}");
        if let Requested::Resource { seconds, .. } = &mut requested {
            *seconds = Some(3600);
        }
        assert!(form(&requested).contains("&rpst_exp=3600&"));
    }

    #[test]
    fn a_pod_sends_its_key_as_json() {
        assert_eq!(pod_key(&[1, 2, 3]), r#"{"podKey":"AQID"}"#);
    }
}
