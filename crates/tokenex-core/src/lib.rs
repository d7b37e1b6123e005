//! The vocabulary and the refresh engine of tokenex.
