//! For `credential_process` in a profile of AWS.

use tokenex::aws::output::credential_process_json;
use tokenex::core::Secret;

use crate::catalog::Managed;
use crate::failure::Failure;

/// The library's own form.
pub(super) fn render(managed: &Managed) -> Result<Secret, Failure> {
    let missing = || Failure::usage(format!("{:?} is not a pair of AWS keys", managed.name()));
    let held = managed.aws().and_then(|handle| handle.peek()).ok_or_else(missing)?;
    let document = credential_process_json(&held).map_err(|error| Failure::from(&error).about(managed.name()))?;
    Ok(Secret::new(format!("{}\n", document.expose())))
}
