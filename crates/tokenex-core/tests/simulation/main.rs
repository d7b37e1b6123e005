//! A month of a thousand credentials.
