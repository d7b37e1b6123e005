//! The bare value of one field.

use tokenex::core::Secret;

use crate::catalog::Snapshot;
use crate::failure::Failure;

/// The field, or the only one that there is. A text that ends in a line feed gets no second one.
pub(super) fn render(name: &str, field: Option<&str>, snapshot: &Snapshot) -> Result<Secret, Failure> {
    let fields = snapshot.value.fields();
    let field = match field {
        Some(field) => field.to_owned(),
        None => snapshot.value.only_field().ok_or_else(|| {
            Failure::usage(format!("{name:?} has several fields, and --field says which"))
                .with_help(format!("its fields: {}", fields.join(", ")))
        })?,
    };
    let value = snapshot.value.field(&field).ok_or_else(|| super::no_such_field(name, &field, &fields))?;
    match value.expose().ends_with('\n') {
        true => Ok(value),
        false => Ok(Secret::new(format!("{}\n", value.expose()))),
    }
}
