//! Which platform this is.
//!
//! The platforms are told apart by the variables that they set, in the order in which Microsoft's libraries look
//! ([MSAL](https://learn.microsoft.com/entra/msal/dotnet/advanced/managed-identity)). Nothing is sent: IMDS is what is left.

use std::path::{Path, PathBuf};

use super::platform::Platform;
use super::variables::Variables;

/// The platform whose variables are set. `exists` looks for a file of the Arc agent, which sets its variables only for
/// programs that were started after it.
pub(super) fn detect(variables: &Variables, exists: impl Fn(&Path) -> bool) -> Platform {
    let has = |name| variables.has(name);
    if has("IDENTITY_ENDPOINT") && has("IDENTITY_HEADER") {
        if has("IDENTITY_SERVER_THUMBPRINT") { Platform::ServiceFabric } else { Platform::AppService }
    } else if has("IDENTITY_ENDPOINT") && has("IMDS_ENDPOINT") {
        Platform::Arc
    } else if has("MSI_ENDPOINT") {
        if has("MSI_SECRET") { Platform::MachineLearning } else { Platform::CloudShell }
    } else if himds(variables).is_some_and(|agent| exists(&agent)) {
        Platform::Arc
    } else {
        Platform::Imds
    }
}

/// The program of the Arc agent that serves tokens.
fn himds(variables: &Variables) -> Option<PathBuf> {
    if cfg!(windows) {
        let programs = variables.get("ProgramFiles")?;
        Some(Path::new(&programs).join("AzureConnectedMachineAgent").join("himds.exe"))
    } else {
        Some(PathBuf::from("/opt/azcmagent/bin/himds"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::variables::variables;
    use super::*;

    const ENDPOINT: (&str, &str) = ("IDENTITY_ENDPOINT", "http://127.0.0.1:1/token");
    const HEADER: (&str, &str) = ("IDENTITY_HEADER", "h");
    const MSI: (&str, &str) = ("MSI_ENDPOINT", "http://127.0.0.1:2/token");

    #[test]
    fn each_platform_is_known_by_its_variables_in_the_documented_order() {
        let table: [(&'static [(&'static str, &'static str)], Platform); 9] = [
            (&[], Platform::Imds),
            (&[ENDPOINT, HEADER], Platform::AppService),
            (&[ENDPOINT, HEADER, MSI, ("MSI_SECRET", "s"), ("IMDS_ENDPOINT", "x")], Platform::AppService),
            (&[ENDPOINT, HEADER, ("IDENTITY_SERVER_THUMBPRINT", "t")], Platform::ServiceFabric),
            (&[ENDPOINT, ("IMDS_ENDPOINT", "x"), MSI], Platform::Arc),
            (&[MSI], Platform::CloudShell),
            (&[MSI, ("MSI_SECRET", "s")], Platform::MachineLearning),
            // Half of a pair says nothing, and neither does an empty value.
            (&[ENDPOINT], Platform::Imds),
            (&[("IDENTITY_ENDPOINT", " "), HEADER, ("MSI_ENDPOINT", "")], Platform::Imds),
        ];
        for (set, platform) in table {
            assert_eq!(detect(&variables(set), |_| false), platform, "{set:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_installed_arc_agent_comes_before_the_metadata_service_and_after_all_variables() {
        let is_agent = |path: &Path| path == Path::new("/opt/azcmagent/bin/himds");
        assert_eq!(detect(&variables(&[]), is_agent), Platform::Arc);
        assert_eq!(detect(&variables(&[MSI]), is_agent), Platform::CloudShell);
    }
}
