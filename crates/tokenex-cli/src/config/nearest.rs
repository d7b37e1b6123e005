//! What somebody may have meant.

/// The known name that is closest to `name`, if any is close.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Long keys of a hostile file are compared with nothing.
    if name.len() > 100 {
        return None;
    }
    let written = |name: &str| name.to_lowercase().replace('-', "_");
    let name = written(name);
    let likeness = |known: &str| {
        let known = written(known);
        // In a short name a single slip is a large part of it.
        let is_one_slip = name.len() > 2 && strsim::osa_distance(&name, &known) == 1;
        if is_one_slip { 0.99 } else { strsim::jaro_winkler(&name, &known) }
    };
    known
        .into_iter()
        .map(|known| (likeness(known), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// A question to whoever wrote `name`, if any known name is close.
pub(crate) fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|known| format!("did you mean `{known}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_understood_and_strangers_are_not() {
        let known = ["tenant_id", "client_id", "scope", "identity", "authority_host", "job"];
        for (slip, meant) in [
            ("tenantid", "tenant_id"),
            ("tenant-id", "tenant_id"),
            ("Tenant_Id", "tenant_id"),
            ("clinet_id", "client_id"),
            ("scopes", "scope"),
            ("idenity", "identity"),
            ("jbo", "job"),
        ] {
            assert_eq!(nearest(slip, known), Some(meant));
        }
        for stranger in ["", "zzz", "password", &"x".repeat(10_000)] {
            assert_eq!(nearest(stranger, known), None, "{stranger:.20}");
        }
    }
}
