//! CURL.
