//! Tests of the pipeline as a whole.
