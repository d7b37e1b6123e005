//! The targets, by who says what they read.

mod aws;
mod azure;
mod core;
mod gcp;
mod oci;
mod program;
mod vault;

use crate::Target;

/// How many changed inputs a short run tries of a target that costs only itself.
const MANY: u32 = 120;
/// Of one that is several exchanges.
const SEVERAL: u32 = 40;
/// Of one that starts a process, undoes the encryption of a key, or makes a client of an SDK, each time.
const SOME: u32 = 25;
/// Of one that makes a key for each success.
const FEW: u32 = 4;

pub(crate) const ALL: &[Target] = &[
    Target { name: "jwt_claims", run: core::jwt_claims, short: MANY },
    Target { name: "retry_after", run: core::retry_after, short: MANY },
    Target { name: "date", run: core::date, short: SEVERAL },
    Target { name: "url_source", run: core::url_source, short: MANY },
    Target { name: "github_actions", run: core::github_actions, short: MANY },
    Target { name: "google_executable", run: core::google_executable, short: SOME },
    Target { name: "exec_credential", run: core::exec_credential, short: SOME },
    Target { name: "tls_pem", run: core::tls_pem, short: MANY },
    Target { name: "vault_login", run: vault::login, short: MANY },
    Target { name: "vault_database", run: vault::database, short: MANY },
    Target { name: "vault_static_database", run: vault::static_database, short: MANY },
    Target { name: "vault_kv2", run: vault::kv2, short: MANY },
    Target { name: "vault_read", run: vault::read, short: MANY },
    Target { name: "azure_federated", run: azure::federated, short: MANY },
    Target { name: "azure_client_secret", run: azure::client_secret, short: MANY },
    Target { name: "azure_agent", run: azure::agent, short: SEVERAL },
    Target { name: "azure_managed_identity", run: azure::managed_identity, short: SEVERAL },
    Target { name: "aws_web_identity", run: aws::web_identity, short: SOME },
    Target { name: "aws_assume_role", run: aws::assume_role, short: SOME },
    Target { name: "aws_outbound", run: aws::outbound, short: SOME },
    Target { name: "aws_container", run: aws::container, short: MANY },
    Target { name: "aws_instance", run: aws::instance, short: MANY },
    Target { name: "gcp_exchange", run: gcp::exchange, short: MANY },
    Target { name: "gcp_impersonation", run: gcp::impersonation, short: MANY },
    Target { name: "gcp_id_token", run: gcp::id_token, short: MANY },
    Target { name: "gcp_metadata", run: gcp::metadata, short: MANY },
    Target { name: "gcp_metadata_identity", run: gcp::metadata_identity, short: MANY },
    Target { name: "gcp_account_file", run: gcp::account_file, short: MANY },
    Target { name: "gcp_aws", run: gcp::aws, short: MANY },
    Target { name: "gcp_key_file", run: gcp::key_file, short: MANY },
    Target { name: "gcp_output_file", run: gcp::output_file, short: MANY },
    Target { name: "oci_exchange", run: oci::exchange, short: FEW },
    Target { name: "oci_oke", run: oci::oke, short: FEW },
    Target { name: "oci_instance", run: oci::instance, short: FEW },
    Target { name: "oci_session_token", run: oci::session_token, short: MANY },
    Target { name: "oci_pem", run: oci::pem, short: SOME },
    Target { name: "oci_resource_principal", run: oci::resource_principal, short: MANY },
    Target { name: "program_file", run: program::file, short: MANY },
    Target { name: "program_token", run: program::token, short: MANY },
    Target { name: "program_issuer", run: program::issuer, short: MANY },
    Target { name: "program_probe", run: program::probe, short: MANY },
];
