//! `tranship/…`: mistakes in `x-tranship` and in what the command asks of it.

use tranship_frontend::rules;

rules! {
    UNKNOWN_ENVIRONMENT = Error "tranship/unknown-environment" "unknown environment"
        what "The command names an environment that `x-tranship.environments` does not declare."
        why "Without the declaration, Tranship knows neither the target nor its settings."
        example "x-tranship:\n  environments:\n    prod: { target: fargate }\n# tranship build production\n"
        fix "Use a declared name (`tranship environments` lists them), declare it, or build for `--target fargate`.";
    OVERRIDE_IN_PRODUCTION = Warning "tranship/override-in-production" "override file in a production environment"
        what "Like Docker Compose, Tranship merges a `compose.override.yaml` that it finds beside the Compose file. This environment has `posture: prod`."
        why "Override files usually hold a developer's settings: debuggers, reloaders, mounts of the sources."
        example "# compose.yaml, beside a compose.override.yaml\nservices:\n  app: { image: app }\nx-tranship:\n  environments:\n    prod: { target: fargate, posture: prod }\n"
        fix "Name the files of the environment, which leaves the override out: `environments: { prod: { files: [compose.prod.yaml] } }`. Or compile with `-f compose.yaml`.";
    UNKNOWN_SETTING = Error "tranship/unknown-setting" "unknown setting"
        what "Tranship has no setting with this name here."
        why "A misspelled setting would be dropped silently, and the application deployed without it."
        example "services:\n  app:\n    image: nginx\n    x-tranship: { publik: true }\n"
        fix "Correct the spelling. `tranship schema` prints all settings, and editors can use it for completion.";
    INVALID_SETTING = Error "tranship/invalid-setting" "invalid setting"
        what "The setting has the wrong type or is out of range, or a required setting is missing."
        why "Tranship would have to guess the intended value."
        example "x-tranship:\n  environments:\n    prod: { target: lambda }\n"
        fix "Use a value of the type that the message names.";
    UNKNOWN_SERVICE = Error "tranship/unknown-service" "setting for an unknown service"
        what "`skip` or `task` names a service that the manifest does not define."
        why "A service that should be skipped would be deployed."
        example "services:\n  app: { image: nginx }\nx-tranship:\n  skip: [tests]\n"
        fix "Correct the name, or remove it.";
    UNUSED_VARIABLE = Warning "tranship/unused-variable" "unused late-bound variable"
        what "`late_bound` names a variable that no value of a deployed service uses."
        why "It does not become a parameter, so setting it at deployment has no effect."
        example "services:\n  app: { image: nginx }\nx-tranship:\n  late_bound: [APP_VERSION]\n"
        fix "Use it (`image: nginx:${APP_VERSION}`), correct its name, or remove it from `late_bound`.";
    UNKNOWN_RULE = Warning "tranship/unknown-rule" "unknown diagnostic in `accept`"
        what "`accept` lists the diagnostics to suppress, by name. There is no diagnostic with this name."
        why "The diagnostic that you wanted to suppress is still reported."
        example "services:\n  app: { image: nginx }\nx-tranship:\n  accept: [target/ignored-keys]\n"
        fix "Copy the name from the first line of the diagnostic.";
    UNUSED_SETTING = Warning "tranship/unused-setting" "unused setting"
        what "The target does not use this setting, or nothing in this application uses it. For a default at the top of `x-tranship` that other targets use, this is a note; for a setting of the environment itself, a warning."
        why "You expect an effect that the setting does not have."
        example "services:\n  app:\n    image: nginx\n    ports: [\"80:80\"]\nx-tranship:\n  environments:\n    prod: { target: ecs-ec2, capacity: spot }\n"
        fix "Remove the setting, or move it to the environments whose target uses it. `tranship explain x-tranship.KEY` lists those targets.";
    INVALID_LOCK = Error "tranship/invalid-lock" "invalid lock file"
        points_at_secrets true
        what "`tranship.lock` beside the manifest is not what `tranship lock` writes."
        why "What it says about images decides ports, commands and digests. Without it, Tranship would guess."
        example "# tranship.lock\nversion: 1\nimages: []\n"
        fix "Run `tranship lock` again, or restore the file.";
}
