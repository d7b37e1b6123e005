//! The examples of Oracle's page on request signatures, to the letter.

use super::*;

const DATE: &str = "Thu, 05 Jan 2014 21:31:40 GMT";
const HOST: &str = "iaas.us-phoenix-1.oraclecloud.com";

fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
    list.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
}

#[test]
fn the_documented_get_has_the_documented_signing_string() {
    let target = "/20160918/instances?availabilityDomain=Pjwf%3A%20PHX-AD-1&compartmentId=ocid1.compartment.oc1..aaaaaaaam3we6vgnherjq5q2idnccdflvjsnog7mlr6rtdb25gilchfeyjxa\
                  &displayName=TeamXInstances&volumeId=ocid1.volume.oc1.phx.abyhqljrgvttnlx73nmrwfaux7kcvzfs3s66izvxf2h4lgvyndsdsnoiwr5q";
    let text = signing_string(
        &Method::GET,
        target,
        &["date", "(request-target)", "host"],
        &headers(&[("host", HOST), ("date", DATE)]),
    );
    assert_eq!(text, format!("date: {DATE}\n(request-target): get {target}\nhost: {HOST}"));
}

#[test]
fn the_documented_post_has_the_documented_signing_string() {
    let text = signing_string(
        &Method::POST,
        "/20160918/volumeAttachments",
        &["date", "(request-target)", "host", "content-length", "content-type", "x-content-sha256"],
        &headers(&[
            ("x-content-sha256", "V9Z20UJTvkvpJ50flBzKE32+6m2zJjweHpDMX/U4Uy0="),
            ("content-type", "application/json"),
            ("content-length", "316"),
            ("date", DATE),
            ("host", HOST),
        ]),
    );
    assert_eq!(
        text,
        "date: Thu, 05 Jan 2014 21:31:40 GMT\n\
         (request-target): post /20160918/volumeAttachments\n\
         host: iaas.us-phoenix-1.oraclecloud.com\n\
         content-length: 316\n\
         content-type: application/json\n\
         x-content-sha256: V9Z20UJTvkvpJ50flBzKE32+6m2zJjweHpDMX/U4Uy0="
    );
}

#[test]
fn the_header_is_as_documented_and_not_printed() {
    let value =
        authorization(&Secret::new("ST$hunter22"), &["date", "(request-target)", "host"], &[0xfb, 0xff]).unwrap();
    assert_eq!(
        value,
        "Signature version=\"1\",keyId=\"ST$hunter22\",algorithm=\"rsa-sha256\",headers=\"date (request-target) host\",\
         signature=\"+/8=\""
    );
    assert!(!format!("{value:?}").contains("hunter22"));
    assert!(authorization(&Secret::new("a\nb"), &[], &[]).is_err());
}
