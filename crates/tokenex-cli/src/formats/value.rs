//! The bare value of one field.

use tokenex::core::Secret;

use crate::catalog::{Kind, Snapshot};
use crate::failure::Failure;

/// Refuses to choose a field, as far as that can be known before anything is asked for.
pub(super) fn check(name: &str, field: Option<&str>, kind: Kind) -> Result<(), Failure> {
    match (kind, field) {
        (Kind::AwsKeys | Kind::OciSession, None) => Err(several(name, &kind.fields().join(", "))),
        _ => Ok(()),
    }
}

fn several(name: &str, fields: &str) -> Failure {
    Failure::usage(format!("{name:?} has several fields, and --field says which"))
        .with_help(format!("its fields: {fields}"))
}

/// The field, or the only one that there is. A text that ends in a line feed gets no second one.
pub(super) fn render(name: &str, field: Option<&str>, snapshot: &Snapshot) -> Result<Secret, Failure> {
    let fields = snapshot.value.fields();
    let field = match field {
        Some(field) => field.to_owned(),
        None => snapshot.value.only_field().ok_or_else(|| several(name, &fields.join(", ")))?,
    };
    let value = snapshot.value.field(&field).ok_or_else(|| super::no_such_field(name, &field, &fields))?;
    match value.expose().ends_with('\n') {
        true => Ok(value),
        false => Ok(Secret::new(format!("{}\n", value.expose()))),
    }
}
