#!/bin/sh
# Stands in for rustdoc, see rustdoc_json in src/api.rs.
RUSTC_BOOTSTRAP=1 exec rustdoc "$@"
