//! `tranship/…`: what is wrong with `x-tranship` or with what the command asks of it.

use crate::diagnostic::rule::rules;

rules! {
    UNKNOWN_ENVIRONMENT = Error "tranship/unknown-environment" "an environment that the manifest does not declare"
        what "The command names an environment that does not stand under `x-tranship.environments`."
        why "Without it Tranship knows neither the target nor its settings."
        example "x-tranship:\n  environments:\n    prod: { target: fargate }\n# tranship build production\n"
        fix "Use a declared name (`tranship environments` lists them), declare it, or build for `--target fargate`.";
}
