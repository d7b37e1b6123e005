//! Where to listen, and where not.

use std::net::SocketAddr;

use clap::Args;

use super::is_own;
use crate::failure::Failure;

/// The options.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Listening {
    /// Answer /livez, /readyz and /metrics there; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = parse)]
    listen: Option<SocketAddr>,
    /// Allow an address that other machines reach: names and states are told to whoever asks
    #[arg(long, requires = "listen")]
    dangerous_listen_anywhere: bool,
}

fn parse(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "it is an IP address and a port, such as 127.0.0.1:9090 or [::1]:0".to_owned())
}

impl Listening {
    /// The address, if there is one.
    ///
    /// # Errors
    /// When other machines reach it, and nobody said that they may.
    pub(super) fn address(&self) -> Result<Option<SocketAddr>, Failure> {
        match self.listen {
            Some(address) if !is_own(address) && !self.dangerous_listen_anywhere => {
                Err(Failure::usage(format!("--listen {address}: other machines reach this address")).with_help(
                    "listen on 127.0.0.1 or [::1]; if others must ask, say --dangerous-listen-anywhere, and see that only they can",
                ))
            }
            address => Ok(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening(address: &str, anywhere: bool) -> Listening {
        Listening { listen: Some(address.parse().unwrap()), dangerous_listen_anywhere: anywhere }
    }

    #[test]
    fn what_is_no_address_is_told_how_one_is_written() {
        for text in ["9090", ":9090", "127.0.0.1", "localhost:9090", "127.0.0.1:99999"] {
            assert!(parse(text).unwrap_err().contains("127.0.0.1:9090"), "{text}");
        }
        assert_eq!(parse("[::1]:0").unwrap(), "[::1]:0".parse().unwrap());
    }

    #[test]
    fn only_this_machine_reaches_it_unless_somebody_says_otherwise() {
        for own in ["127.0.0.1:9090", "127.9.9.9:0", "[::1]:9090", "[::ffff:127.0.0.1]:1"] {
            assert_eq!(listening(own, false).address().unwrap(), Some(own.parse().unwrap()));
        }
        for other in ["0.0.0.0:9090", "[::]:9090", "10.0.0.7:9090", "192.168.1.2:1", "[fe80::1]:1"] {
            let failure = listening(other, false).address().unwrap_err();
            assert!(failure.to_string().contains("--dangerous-listen-anywhere"), "{failure}");
            assert!(listening(other, true).address().unwrap().is_some());
        }
        assert_eq!(Listening::default().address().unwrap(), None);
    }
}
