//! Which STS endpoint, and the way to it.
//!
//! The rules are those of the SDK's own resolver: regional endpoints, with their FIPS and dual-stack forms
//! ([endpoints](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_region-endpoints.html)). Nothing is
//! read from the environment here.

use std::fmt;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aws_sdk_sts::config::Region;
use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use http::Uri;
use tokenex_core::address::check_scheme;
use tokenex_core::{AnyTransport, Attempt, Result, Target};

use crate::session::bad;

/// The name under which the SDK knows the one endpoint without a region.
const GLOBAL: &str = "aws-global";

/// The choices of an endpoint, as they were made.
#[derive(Debug, Clone, Default)]
pub(crate) struct EndpointOptions {
    pub(crate) region: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) fips: bool,
    pub(crate) dual_stack: bool,
    /// As old SDKs did: of some regions, requests go to the global endpoint.
    pub(crate) legacy: bool,
    pub(crate) transport: Option<AnyTransport>,
    #[cfg(feature = "http")]
    pub(crate) ca_pem: Option<String>,
}

/// Where requests go, and how.
#[derive(Clone)]
pub(crate) struct Endpoint {
    region: String,
    url: Option<String>,
    fips: bool,
    dual_stack: bool,
    origin: String,
    /// Only where it is not the scheduler's.
    transport: Option<AnyTransport>,
}

impl EndpointOptions {
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration), naming the option.
    pub(crate) fn resolve(self) -> Result<Endpoint> {
        let mut region = self.region.ok_or_else(|| {
            bad("region", "there is no region").with_advice(
                "say in which region to ask STS, best the one that the program runs in; `aws-global` is the global endpoint",
            )
        })?;
        check_region(&region)?;
        if let Some(url) = &self.url {
            check_url(url)?;
        }
        let ask = |region: &str, global| {
            Params::builder()
                .region(region)
                .use_fips(self.fips)
                .use_dual_stack(self.dual_stack)
                .set_endpoint(self.url.clone())
                .use_global_endpoint(global)
                .build()
                .map_err(|why| bad("region", "the region cannot be part of an address").with_source(why))
        };
        let mut resolved = resolve(&ask(&region, false)?)?;
        if self.legacy && self.url.is_none() {
            let global = resolve(&ask(&region, true)?)?;
            if global != resolved {
                (region, resolved) = (GLOBAL.to_owned(), global);
            }
        }
        let uri: Uri = resolved.parse().map_err(|_| bad("endpoint", "the address of the endpoint is unusable"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(bad("endpoint", "the address of the endpoint lacks a scheme or a host"));
        };
        let transport = match self.transport {
            Some(transport) => Some(transport),
            #[cfg(feature = "http")]
            None => self.ca_pem.map(trusting).transpose()?,
            #[cfg(not(feature = "http"))]
            None => None,
        };
        Ok(Endpoint {
            origin: format!("{scheme}://{authority}"),
            region,
            url: self.url,
            fips: self.fips,
            dual_stack: self.dual_stack,
            transport,
        })
    }
}

#[cfg(feature = "http")]
fn trusting(ca_pem: String) -> Result<AnyTransport> {
    let transport = tokenex_core::http::HttpTransport::builder().ca_pem(ca_pem).build();
    transport.map(AnyTransport::new).map_err(|error| error.with_provider("aws"))
}

impl Endpoint {
    pub(crate) fn target(&self) -> Target {
        Target::new(&self.origin)
    }

    /// Whether this is the one endpoint without a region, which lacks newer operations.
    pub(crate) fn is_global(&self) -> bool {
        self.region == GLOBAL || self.origin == "https://sts.amazonaws.com"
    }

    /// The same choices, for a client of the SDK.
    pub(crate) fn configure(&self, config: aws_sdk_sts::config::Builder) -> aws_sdk_sts::config::Builder {
        let mut config =
            config.region(Region::new(self.region.clone())).use_fips(self.fips).use_dual_stack(self.dual_stack);
        config.set_endpoint_url(self.url.clone());
        config
    }

    /// Sends one request.
    pub(crate) async fn send(
        &self,
        cx: &Attempt,
        request: http::Request<bytes::Bytes>,
    ) -> Result<http::Response<bytes::Bytes>> {
        match &self.transport {
            Some(own) => cx.send_through(own, request).await,
            None => cx.send(request).await,
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({}, {})", self.region, self.origin)
    }
}

/// What the SDK makes of it.
fn resolve(params: &Params) -> Result<String> {
    let resolver = DefaultResolver::new();
    let resolved = pin!(ResolveEndpoint::resolve_endpoint(&resolver, params));
    // The rules are a table: there is nothing to wait for.
    match resolved.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(endpoint)) => Ok(endpoint.url().to_owned()),
        Poll::Ready(Err(why)) => Err(bad("endpoint", format!("AWS has no such endpoint: {why}"))
            .with_advice("leave out FIPS or dual-stack, which not all regions have, or the address of your own")),
        Poll::Pending => Err(bad("endpoint", "the rules of the AWS SDK did not say at once where to go")),
    }
}

/// The SDK makes an address of any label, and a typing error is then a host that does not exist.
fn check_region(region: &str) -> Result<()> {
    const FORM: &str = "write it as eu-central-1";
    let is_label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits =
        region.len() <= 32 && region.starts_with(|c: char| c.is_ascii_lowercase()) && region.chars().all(is_label);
    if region == GLOBAL {
        return Ok(());
    }
    let Some((place, number)) = region.rsplit_once('-').filter(|(place, _)| fits && place.contains('-')) else {
        return Err(bad("region", "the region is not one").with_advice(FORM));
    };
    let digits = number.trim_end_matches(|c: char| c.is_ascii_lowercase());
    if !digits.is_empty() && digits.len() < number.len() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(
            bad("region", format!("{region} is an availability zone")).with_advice("leave out the letter at its end")
        );
    }
    if place.ends_with('-') || number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad("region", "the region is not one").with_advice(FORM));
    }
    Ok(())
}

/// The address is not repeated: people put passwords into addresses.
fn check_url(url: &str) -> Result<()> {
    let bad = |what: &'static str| Err(bad("endpoint", what).with_advice("write it as https://host:port"));
    let Ok(uri) = url.parse::<Uri>() else { return bad("the address of the endpoint is not a URL") };
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return bad("the address of the endpoint holds a user name");
    }
    if uri.query().is_some() {
        return bad("the address of the endpoint holds a query");
    }
    check_scheme(&uri).map_err(|error| error.with_provider("aws").with_code("endpoint"))
}

/// The choices of an endpoint, on a builder that keeps them in `endpoint`.
macro_rules! endpoint_options {
    ($builder:ident) => {
        impl $builder {
            /// In which region to ask STS: best the one that the program runs in. The credentials work in all regions.
            /// `aws-global` is the global endpoint, whose credentials do not work in regions that an account has to enable.
            pub fn region(mut self, region: impl Into<String>) -> Self {
                self.endpoint.region = Some(region.into());
                self
            }

            /// Another address than the region's, such as that of a VPC endpoint: `https`, or plain http on this machine.
            /// The region is still needed. Excludes FIPS and dual-stack.
            pub fn endpoint(mut self, url: impl Into<String>) -> Self {
                self.endpoint.url = Some(url.into());
                self
            }

            /// Asks an endpoint whose cryptography is validated by
            /// [FIPS 140](https://aws.amazon.com/compliance/fips/).
            pub fn fips(mut self) -> Self {
                self.endpoint.fips = true;
                self
            }

            /// Asks an endpoint that IPv6 reaches too.
            pub fn dual_stack(mut self) -> Self {
                self.endpoint.dual_stack = true;
                self
            }

            /// Takes region, endpoint, FIPS and dual-stack from what `aws_config` loaded, as far as they are set there.
            /// Its retries, time limits, credentials and HTTP client are not taken: the scheduler has its own.
            #[cfg(feature = "aws_sdk")]
            pub fn sdk_config(mut self, config: &aws_types::SdkConfig) -> Self {
                self.endpoint = self.endpoint.with_sdk_config(config);
                self
            }

            /// Another way to the network than the scheduler's.
            pub fn transport(mut self, transport: impl tokenex_core::Transport) -> Self {
                self.endpoint.transport = Some(tokenex_core::AnyTransport::new(transport));
                self
            }

            /// Trusts this CA for the endpoint, and no other: for an endpoint of one's own. PEM, one or several
            /// certificates.
            #[cfg(feature = "http")]
            pub fn ca_pem(mut self, pem: impl Into<String>) -> Self {
                self.endpoint.ca_pem = Some(pem.into());
                self
            }
        }
    };
}
pub(crate) use endpoint_options;

#[cfg(test)]
mod tests;
