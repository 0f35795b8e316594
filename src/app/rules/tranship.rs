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
    PATCH_TARGET = Error "tranship/patch-target" "patch for something that does not exist"
        what "A change in `patch` names a resource, parameter, output or service that the target does not emit, or adds one that exists already."
        why "The change would be lost. A logical id differs between targets, and changes with the name of its service."
        example "services:\n  web: { image: \"nginx:1.27\", ports: [\"80:80\"] }\nx-tranship:\n  patch:\n    - resource: WebServise\n      merge: { Properties: { EnableExecuteCommand: true } }\n"
        fix "Copy the logical id from the template that `tranship build` writes. Move the change to the environment, or list its `targets`, if only one target has the resource.";
    PATCH_PLACE = Error "tranship/patch-place" "patch that no longer applies"
        what "A change in `patch` leads to a place that the resource does not have: a missing key, a missing item of a list, or a value of another form."
        why "What Tranship emits is not what the change was written for. Applying it halfway would deploy something that no one has seen."
        example "services:\n  web: { image: \"nginx:1.27\", ports: [\"80:80\"] }\nx-tranship:\n  patch:\n    - resource: WebTaskDefinition\n      at: Properties.ContainerDefinitions[Name=app]\n      merge: { StopTimeout: 60 }\n"
        fix "Look at the resource in the template that `tranship build` writes without the change, and correct `at` or `remove`. `merge` adds keys that are not there yet.";
    PATCH_VALUE = Error "tranship/patch-value" "invalid value in a patch"
        what "A value in `patch` cannot stand in a template: an intrinsic function that Tranship does not know or that has the wrong arguments, a key that a resource does not have, a logical id with other characters than letters and digits."
        why "CloudFormation would reject the template."
        example "services:\n  web: { image: \"nginx:1.27\", ports: [\"80:80\"] }\nx-tranship:\n  patch:\n    - output: ClusterArn\n      add: { Value: !GetAt Cluster.Arn }\n"
        fix "Write the value as CloudFormation documents it. The message names the part that is wrong.";
    PATCH_BREAKS = Error "tranship/patch-breaks" "patch that breaks the template"
        what "With the changes in `patch`, the template refers to something that it does not define, waits for itself in a circle, or exceeds a limit of CloudFormation."
        why "CloudFormation would reject the template."
        example "services:\n  web: { image: \"nginx:1.27\", ports: [\"80:80\"] }\nx-tranship:\n  patch:\n    - resource: WebService\n      merge: { Properties: { Role: !Ref DeployRole } }\n"
        fix "Add what is missing with `add`, or correct the reference.";
    PATCH_SECRET = Error "tranship/patch-secret" "secret in a patch"
        what "A value in `patch` is a password, a key or another secret, by its name or by its form."
        why "It would be readable in the template, in the bundle and on AWS."
        example "services:\n  web: { image: \"nginx:1.27\", ports: [\"80:80\"] }\nx-tranship:\n  patch:\n    - resource: WebTaskDefinition\n      at: Properties.ContainerDefinitions[Name=web]\n      merge:\n        Environment: [{ Name: API_TOKEN, Value: not-for-everyone-77 }]\n"
        fix "Declare the secret in the manifest, and refer to the resource that Tranship makes of it. Or refer to one that exists on AWS: `{{resolve:secretsmanager:NAME:SecretString:KEY}}`. Or add a parameter with `NoEcho: true`, which a deployment asks for.";
    PATCH_WEAKENS = Warning "tranship/patch-weakens" "patch that gives up protection"
        what "With the changes in `patch`, the artifacts break a rule that Tranship keeps by itself: no access from everywhere except at the load balancer, no rights on everything, encrypted storage, data that outlives its stack."
        why "The change does what it says. The rest of the application rests on the rule."
        example "services:\n  web: { image: \"nginx:1.27\", ports: [\"80:80\"] }\nx-tranship:\n  patch:\n    - resource: WebSecurityGroup\n      merge: { Properties: { SecurityGroupIngress: [{ IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0 }] } }\n"
        fix "Narrow the change down. If it is meant, `accept: [tranship/patch-weakens]` hides the warning.";
    PATCH_WITHOUT_EFFECT = Warning "tranship/patch-without-effect" "patch without effect"
        what "A change in `patch` sets what Tranship emits anyway."
        why "It looks as if it did something. Later it may hold back an improvement of the value."
        example "services:\n  web: { image: \"nginx:1.27\", ports: [\"80:80\"] }\nx-tranship:\n  patch:\n    - resource: WebTaskDefinition\n      merge: { Properties: { NetworkMode: awsvpc } }\n"
        fix "Remove it.";
}
