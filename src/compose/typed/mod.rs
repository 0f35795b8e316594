//! Typed values: what Docker Compose makes of each key once it is long.
