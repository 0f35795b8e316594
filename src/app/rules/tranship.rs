//! `tranship/…`: what is wrong with `x-tranship` or with what the command asks of it.

use tranship_frontend::rules;

rules! {
    UNKNOWN_ENVIRONMENT = Error "tranship/unknown-environment" "an environment that the manifest does not declare"
        what "The command names an environment that does not stand under `x-tranship.environments`."
        why "Without it Tranship knows neither the target nor its settings."
        example "x-tranship:\n  environments:\n    prod: { target: fargate }\n# tranship build production\n"
        fix "Use a declared name (`tranship environments` lists them), declare it, or build for `--target fargate`.";
    UNKNOWN_SETTING = Error "tranship/unknown-setting" "a key of `x-tranship` that Tranship does not know"
        what "The key is not one of Tranship's settings at this place."
        why "A misspelled setting would be lost without a word, and the application deployed without it."
        example "services:\n  app:\n    image: nginx\n    x-tranship: { publik: true }\n"
        fix "Correct the spelling. `tranship schema` prints every setting; an editor that reads it completes them.";
    INVALID_SETTING = Error "tranship/invalid-setting" "a setting with a value it cannot have"
        what "The setting has a value of another kind, or out of its bounds, or a setting that must be there is missing."
        why "Tranship would have to guess what was meant."
        example "x-tranship:\n  environments:\n    prod: { target: lambda }\n"
        fix "Give it a value of the kind that the message names.";
    UNKNOWN_SERVICE = Error "tranship/unknown-service" "a setting that names a service the manifest does not have"
        what "`skip` or `task` names a service, and no service is called so."
        why "A service that was meant to be skipped would be deployed."
        example "services:\n  app: { image: nginx }\nx-tranship:\n  skip: [tests]\n"
        fix "Correct the name, or remove it.";
    UNUSED_VARIABLE = Warning "tranship/unused-variable" "a late-bound variable that the manifest does not use"
        what "`late_bound` names a variable that no value of a deployed service holds."
        why "It would become no parameter, so giving it at deployment changes nothing."
        example "services:\n  app: { image: nginx }\nx-tranship:\n  late_bound: [APP_VERSION]\n"
        fix "Use it (`image: nginx:${APP_VERSION}`), correct its name, or remove it from `late_bound`.";
    UNKNOWN_RULE = Warning "tranship/unknown-rule" "a name in `accept` that no diagnostic has"
        what "`accept` lists the diagnostics that are not to be told, by name. No diagnostic has this one."
        why "The diagnostic that was meant is still told."
        example "services:\n  app: { image: nginx }\nx-tranship:\n  accept: [target/ignored-keys]\n"
        fix "Take the name from the diagnostic's first line.";
    UNUSED_SETTING = Warning "tranship/unused-setting" "a setting that the target does not use"
        what "The setting means something on other targets, or in another application, and nothing here. A default at the top of `x-tranship` for several targets is a note; what the environment itself says is a warning."
        why "Whoever wrote it expects something that does not happen."
        example "services:\n  app:\n    image: nginx\n    ports: [\"80:80\"]\nx-tranship:\n  environments:\n    prod: { target: ecs-ec2, capacity: spot }\n"
        fix "Remove it, or move it to the environments whose target uses it. `tranship explain x-tranship.KEY` names the targets.";
}
