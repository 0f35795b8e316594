//! Tranship compiles one Docker Compose file to AWS.
