//! What to do about the failures that AWS reports most often.
//!
//! In: the reasons of a failed deployment, in the words of AWS. Out: one line of advice for each cause that they show. The texts
//! are those of the Amazon ECS Developer Guide ("Stopped tasks error messages", "CannotPullContainer task errors",
//! "ResourceInitializationError", "ResourceNotFoundException errors", "API failure reasons", "Service event messages", "Availability
//! Zone service rebalancing service event messages"), of the API reference of Elastic Load Balancing ("TargetHealth"), and as
//! deployments published them; November 2026. Pure.

/// A cause and what to do about it.
#[derive(Debug, Clone, Copy)]
pub struct FailureHint {
    /// What it is about.
    pub cause: FailureCauseKind,
    /// Every word of one of these lists is in the reason, in lower case.
    texts: &'static [&'static [&'static str]],
    /// What to do.
    pub advice: &'static str,
}

/// The causes that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureCauseKind {
    /// There is no such image.
    ImageMissing,
    /// The image may not be pulled.
    ImageDenied,
    /// The registry has had enough of us.
    RateLimit,
    /// The image is for another processor.
    Architecture,
    /// There is no such secret.
    SecretMissing,
    /// The secret may not be read.
    SecretDenied,
    /// The health check gets another answer than it wants.
    HealthCode,
    /// The health check gets no answer.
    HealthTimeout,
    /// The health check of the container fails.
    ContainerHealth,
    /// A container used too much memory.
    OutOfMemory,
    /// The tasks reach nothing outside of their subnet.
    NoRoute,
    /// The container does not listen where the service sends requests.
    PortMismatch,
    /// The role of the task cannot be assumed.
    RoleNotAssumable,
    /// There is no room for a task.
    Capacity,
    /// A quota of the account is used up.
    Quota,
    /// A certificate has expired or does not fit.
    Certificate,
    /// A file system cannot be mounted.
    FileSystem,
    /// The log group of a container is missing.
    LogGroup,
    /// The load balancer does not serve the zone of the task.
    Zone,
    /// ECS gave a deployment up.
    CircuitBreaker,
}

/// The table: where several rows fit, an earlier one explains more.
const HINTS: &[FailureHint] = &[
    FailureHint {
        cause: FailureCauseKind::RateLimit,
        texts: &[&["toomanyrequests"], &["pull rate limit"], &["too many requests", "pull"]],
        advice: "the registry limits anonymous pulls: give it credentials under `x-tranship.registries`, or use a copy of the image in Amazon ECR",
    },
    FailureHint {
        cause: FailureCauseKind::Architecture,
        texts: &[
            &["does not contain descriptor matching platform"],
            &["exec format error"],
            &["no matching manifest for"],
            &["no match for platform"],
        ],
        advice: "the image is not built for the processor of the task: build it for that `platform`, or set `platform: linux/arm64` or `linux/amd64` for the service",
    },
    FailureHint {
        cause: FailureCauseKind::SecretMissing,
        texts: &[
            &["can't find the specified secret"],
            &["retrieve secret", "resourcenotfoundexception"],
            &["invalid ssm parameters"],
            &["parameternotfound"],
            &["check whether the secret exists"],
            &["retrieved secret from secrets manager did not contain json key"],
        ],
        advice: "a secret that the task reads does not exist, or lacks the key: create it, or correct its name or ARN in the manifest",
    },
    FailureHint {
        cause: FailureCauseKind::SecretDenied,
        texts: &[
            &["not authorized to perform", "secretsmanager:"],
            &["not authorized to perform", "ssm:getparameter"],
            &["access to kms is not allowed"],
            &["not authorized to perform", "kms:decrypt"],
        ],
        advice: "the execution role may not read a secret: a key of your own in KMS, or a policy of the secret, must allow the role",
    },
    FailureHint {
        cause: FailureCauseKind::NoRoute,
        texts: &[
            &["there is a connection issue between the task and"],
            &["i/o timeout"],
            &["context deadline exceeded"],
            &["request canceled while waiting for connection"],
            &["check your task network configuration"],
            &["no route to host"],
        ],
        advice: "the task has no way out of its subnet: it needs a route to a NAT gateway, or endpoints for ECR, S3, CloudWatch Logs and Secrets Manager; check `private_subnets` and `egress`",
    },
    FailureHint {
        cause: FailureCauseKind::ImageDenied,
        texts: &[
            &["not authorized to perform", "ecr:"],
            &["no basic auth credentials"],
            &["cannotpull", "403 forbidden"],
            &["cannotpull", "401 unauthorized"],
            &["cannotpull", "authorization failed"],
            &["cannotpull", "authentication required"],
            &["cannotpull", "requested access to the resource is denied"],
            &["check that the role has the permissions to pull"],
            &["authorization token has expired"],
        ],
        advice: "the image may not be pulled, or does not exist: check its name; a private registry needs credentials under `x-tranship.registries`, a repository of another account needs a policy for this one",
    },
    FailureHint {
        cause: FailureCauseKind::ImageMissing,
        texts: &[
            &["cannotpull", "not found"],
            &["manifest unknown"],
            &["repository does not exist"],
            &["cannotpull", "does not exist"],
            &["cannotpull", "invalid reference format"],
        ],
        advice: "there is no such image: check its name and tag, and push it with `tranship publish ENV` if the project builds it",
    },
    FailureHint {
        cause: FailureCauseKind::FileSystem,
        texts: &[
            &["failed to invoke efs utils commands"],
            &["mount.nfs4"],
            &["failed to resolve", ".efs."],
            &["access denied by server while mounting"],
        ],
        advice: "the file system cannot be mounted: it needs a mount target in each zone of the task, DNS in the VPC, port 2049 open to the task, and a policy that lets the task role mount it",
    },
    FailureHint {
        cause: FailureCauseKind::LogGroup,
        texts: &[&["log group does not exist"]],
        advice: "the log group of a container does not exist: somebody deleted it, or the log driver's options name another one; deploy again to create it, or set `awslogs-create-group`",
    },
    FailureHint {
        cause: FailureCauseKind::Zone,
        texts: &[&["availability zone that is not enabled for the load balancer"]],
        advice: "the load balancer has no subnet in the zone of the task: give `public_subnets` one in each zone of `private_subnets`",
    },
    FailureHint {
        cause: FailureCauseKind::Certificate,
        texts: &[
            &["certificate has expired"],
            &["certificatenotfound"],
            &["unsupportedcertificate"],
            &["must have a fully-qualified domain name, a supported signature"],
        ],
        advice: "a certificate cannot be used: it has expired, is not issued yet, or is in another region than the load balancer; check it in ACM and `https.certificate`",
    },
    FailureHint {
        cause: FailureCauseKind::RoleNotAssumable,
        texts: &[
            &["unable to assume the role"],
            &["not authorized to perform", "sts:assumerole"],
            &["is invalid or cannot be assumed"],
            &["role is not valid"],
        ],
        advice: "ECS cannot assume the role: check its ARN; a role of your own must trust `ecs-tasks.amazonaws.com`; one that was created just now works a minute later, so deploy again",
    },
    FailureHint {
        cause: FailureCauseKind::Quota,
        texts: &[
            &["reached the limit on the number of"],
            &["limitexceeded"],
            &["maximum number of", "has been reached"],
            &["vcpu limit"],
            &["quota", "exceeded"],
        ],
        advice: "a quota of the account is used up: ask for more in Service Quotas, or delete what is no longer used",
    },
    FailureHint {
        cause: FailureCauseKind::Capacity,
        texts: &[
            &["capacity is unavailable at this time"],
            &["unable to place a task"],
            &["insufficientinstancecapacity"],
            &["insufficient memory available"],
            &["insufficient cpu units available"],
            &["no container instances were found"],
            &["resource:eni"],
            &["resource:cpu"],
            &["resource:memory"],
            &["resource:gpu"],
            &["do not have sufficient", "capacity"],
        ],
        advice: "there is no room for a task: on instances, raise the maximum number or choose a larger `instance_type`; on Fargate, try again or use more zones",
    },
    FailureHint {
        cause: FailureCauseKind::PortMismatch,
        texts: &[
            &["did not have a container port"],
            &["does not have a container port"],
            &["connection refused"],
            &["health checks failed with these codes: [502]"],
            &["(reason health checks failed)"],
            &["target.failedhealthchecks"],
        ],
        advice: "nothing listens on the port that requests are sent to: the application must listen on 0.0.0.0, not on 127.0.0.1, and on the port under `ports`",
    },
    FailureHint {
        cause: FailureCauseKind::HealthCode,
        texts: &[&["health checks failed with these codes"], &["target.responsecodemismatch"]],
        advice: "the health check gets another answer than it wants: set `public.health_check.path` to a page that needs no login, or allow its code with `public.health_check.codes`",
    },
    FailureHint {
        cause: FailureCauseKind::HealthTimeout,
        texts: &[
            &["due to", "request timed out"],
            &["targets healthy", "request timed out"],
            &["target.timeout"],
            &["failed elb health checks"],
        ],
        advice: "the health check gets no answer in time: if the application starts slowly, raise `healthcheck.start_period`; else check the port and `public.health_check`",
    },
    FailureHint {
        cause: FailureCauseKind::ContainerHealth,
        texts: &[&["failed container health checks"]],
        advice: "the command under `healthcheck` fails in the container: it must exist in the image, and `start_period` must cover the start",
    },
    FailureHint {
        cause: FailureCauseKind::OutOfMemory,
        texts: &[&["outofmemory"], &["killed due to memory usage"], &["out of memory"]],
        advice: "a container used more memory than it may: raise `deploy.resources.limits.memory`",
    },
    FailureHint {
        cause: FailureCauseKind::CircuitBreaker,
        texts: &[&["circuit breaker"], &["deployment failed: tasks failed to start"]],
        advice: "ECS gave the deployment up, because its tasks did not stay healthy: `tranship logs ENV --previous` shows what they wrote",
    },
];

/// The advice for these reasons, each once: that for a symptom only where no cause is known.
pub fn hints<'a>(reasons: impl IntoIterator<Item = &'a str>) -> Vec<FailureHint> {
    let mut found: Vec<FailureHint> = Vec::new();
    for reason in reasons {
        let Some(hint) = hint(reason) else { continue };
        if !found.iter().any(|known| known.cause == hint.cause) {
            found.push(hint);
        }
    }
    let symptom = |hint: &FailureHint| hint.cause == FailureCauseKind::CircuitBreaker;
    if found.iter().any(|hint| !symptom(hint)) {
        found.retain(|hint| !symptom(hint));
    }
    found
}

/// The first row that a reason fits.
fn hint(reason: &str) -> Option<FailureHint> {
    let reason = reason.to_lowercase();
    let fits = |row: &&FailureHint| row.texts.iter().any(|all| all.iter().all(|part| reason.contains(part)));
    HINTS.iter().find(fits).copied()
}

#[cfg(test)]
mod tests {
    use super::FailureCauseKind::{
        Architecture, Capacity, Certificate, CircuitBreaker, ContainerHealth, FileSystem, HealthCode,
        HealthTimeout, ImageDenied, ImageMissing, LogGroup, NoRoute, OutOfMemory, PortMismatch, Quota,
        RateLimit, RoleNotAssumable, SecretDenied, SecretMissing, Zone,
    };
    use super::*;

    /// Texts as AWS documents them.
    const DOCUMENTED: &[(FailureCauseKind, &str)] = &[
        (
            ImageMissing,
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/shop:41: docker.io/library/shop:41: not found",
        ),
        (
            ImageMissing,
            "CannotPullContainerError: Error response from daemon: pull access denied for shop, repository does not exist or may require 'docker login'",
        ),
        (ImageMissing, "CannotPullContainerError: manifest for shop:41 not found: manifest unknown"),
        (
            ImageDenied,
            "CannotPullContainerError: AccessDeniedException: User: arn:aws:sts::1:assumed-role/x is not authorized to perform: ecr:GetAuthorizationToken on resource: *",
        ),
        (
            ImageDenied,
            "CannotPullContainerError: failed to resolve ref 1.dkr.ecr.eu-west-1.amazonaws.com/shop:1: pulling from host failed with status code [manifests 1]: 403 Forbidden",
        ),
        (
            RateLimit,
            "CannotPullContainerError: inspect image has been retried 5 time(s): httpReaderSeeker: failed open: unexpected status code Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
        ),
        (
            Architecture,
            "CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'",
        ),
        (Architecture, "exec /usr/local/bin/run: exec format error"),
        (
            SecretMissing,
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:x from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        ),
        (
            SecretDenied,
            "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: User: arn:x is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:y",
        ),
        (
            NoRoute,
            "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration.",
        ),
        (
            NoRoute,
            "CannotPullContainerError: failed to do request: Head https://x/v2/api/manifests/v42: dial tcp 10.0.3.17:443: i/o timeout",
        ),
        (
            HealthCode,
            "(service web) (port 8000) is unhealthy in (target-group arn:x) due to (reason Health checks failed with these codes: [404])",
        ),
        (
            HealthTimeout,
            "(service web) (port 8000) is unhealthy in (target-group arn:x) due to (reason Request timed out)",
        ),
        (HealthTimeout, "Task failed ELB health checks in (target-group arn:x)"),
        (HealthTimeout, "service web: 0/1 targets healthy: Request timed out"),
        (HealthTimeout, "service web: 0/1 targets healthy: Target.Timeout"),
        (HealthCode, "service web: 0/1 targets healthy: Health checks failed with these codes: [404]"),
        (PortMismatch, "service web: 0/1 targets healthy: Health checks failed (Target.FailedHealthChecks)"),
        (
            PortMismatch,
            "(service web) (port 8000) is unhealthy in (target-group arn:x) due to (reason Health checks failed)",
        ),
        (
            Zone,
            "(service web) (port 3000) is unhealthy in (target-group arn:x) due to (reason Target is in an Availability Zone that is not enabled for the load balancer)",
        ),
        (
            LogGroup,
            "ResourceInitializationError: failed to initialize logging driver: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.",
        ),
        (
            NoRoute,
            "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration.",
        ),
        (
            SecretMissing,
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: retrieved secret from Secrets Manager did not contain json key TOKEN",
        ),
        (
            Quota,
            "(service web) was unable to place a task. Reason: You've reached the limit on the number of tasks you can run concurrently",
        ),
        (
            Capacity,
            "(service web) is unable to place a task in Availability Zone because no container instance met all of its requirements.",
        ),
        (ContainerHealth, "Task failed container health checks"),
        (
            PortMismatch,
            "InvalidParameterException: The container web did not have a container port 8000 defined.",
        ),
        (
            PortMismatch,
            "(service web) is unhealthy in (target-group x) due to (reason Health checks failed with these codes: [502])",
        ),
        (OutOfMemory, "OutOfMemoryError: Container killed due to memory usage"),
        (
            RoleNotAssumable,
            "ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions",
        ),
        (
            Capacity,
            "Capacity is unavailable at this time. Please try again later or in a different availability zone",
        ),
        (
            Capacity,
            "(service web) was unable to place a task because no container instance met all of its requirements. The closest matching container-instance x has insufficient memory available.",
        ),
        (Quota, "You've reached the limit on the number of vCPUs you can run concurrently"),
        (
            Quota,
            "The maximum number of VPCs has been reached. (Service: Ec2, Status Code: 400, VpcLimitExceeded)",
        ),
        (CircuitBreaker, "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'."),
        (
            Certificate,
            "The certificate 'arn:aws:acm:x' must have a fully-qualified domain name, a supported signature, and a supported key size. (UnsupportedCertificate)",
        ),
        (
            Certificate,
            "CannotPullContainerError: failed to do request: x509: certificate has expired or is not yet valid",
        ),
        (
            FileSystem,
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve \"fs-1.efs.eu-west-1.amazonaws.com\" - check that your file system ID is correct",
        ),
        (
            FileSystem,
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: access denied by server while mounting 127.0.0.1:/'",
        ),
        // containerd, as users reported it: moby/moby#46765, aws-samples/bottlerocket-images-cache#7.
        (Architecture, "no match for platform in manifest sha256:b9ab2c28: not found"),
        // "Troubleshooting Amazon ECS ResourceNotFoundException errors".
        (
            SecretMissing,
            "ResourceNotFoundException: The task can't retrieve the secret with ARN 'arn:x' from AWS Secrets Manager. Check whether the secret exists in the specified Region.",
        ),
        // As deployments published it.
        (
            SecretMissing,
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /prod/key",
        ),
        // As users reported it: GiamPy5/terraform-aws-directus#10.
        (
            SecretDenied,
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:x from secrets manager: AccessDeniedException: Access to KMS is not allowed status code: 400",
        ),
        // "CannotPullContainer task errors in Amazon ECS".
        (
            ImageDenied,
            "The task can’t pull the image. Check that the role has the permissions to pull images from the registry.",
        ),
        // Docker on an instance, as users reported it: aws/amazon-ecs-agent#739 and #1552. The prefix is that of the agent.
        (ImageDenied, "CannotPullContainerError: unauthorized: authentication required"),
        // The agent's message for an image that is not in ECR: aws/amazon-ecs-agent#4181. Docker Hub answers for a private image alike.
        (
            ImageDenied,
            "CannotPullContainerError: The task can’t pull the image. Check whether the image exists. Error response from daemon: pull access denied for 1.dkr.ecr.eu-west-1.amazonaws.com/shop, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
        ),
        // As users reported it, with ARNs that are none: fabfuel/ecs-deploy#231, bradford-hamilton/terraform-ecs-fargate#8.
        (RoleNotAssumable, "ClientException: Role is not valid"),
        // "Amazon ECS API failure reasons".
        (Capacity, "TaskFailedToStart: RESOURCE:MEMORY"),
        (Capacity, "TaskFailedToStart: RESOURCE:CPU"),
        (Capacity, "RESOURCE:GPU"),
        // Amazon EC2, `InsufficientInstanceCapacity` and `VcpuLimitExceeded`, as deployments published them.
        (
            Capacity,
            "We currently do not have sufficient t3.small capacity in the Availability Zone you requested (eu-west-1a).",
        ),
        (
            Quota,
            "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to.",
        ),
        // Elastic Load Balancing API Reference, "TargetHealth".
        (HealthCode, "Target.ResponseCodeMismatch"),
        // As deployments published it.
        (CircuitBreaker, "(service web) (deployment ecs-svc/1) deployment failed: tasks failed to start."),
    ];

    /// The causes that people meet most: the image (missing, no rights, rate limit, processor), a secret (missing, no rights), the health
    /// check (path and codes, port, too early), memory, the way out, a port, a role, capacity, a quota, the breaker, a certificate, EFS.
    #[test]
    fn the_commonest_causes_have_advice_of_their_own() {
        for (text, advice) in [
            ("CannotPullContainerError: manifest unknown", "there is no such image"),
            ("CannotPullContainerError: 403 Forbidden", "the image may not be pulled"),
            ("CannotPullContainerError: toomanyrequests", "the registry limits anonymous pulls"),
            (
                "image Manifest does not contain descriptor matching platform 'linux/arm64'",
                "the image is not built for the processor",
            ),
            (
                "Secrets Manager can't find the specified secret.",
                "a secret that the task reads does not exist",
            ),
            (
                "is not authorized to perform: secretsmanager:GetSecretValue",
                "the execution role may not read a secret",
            ),
            ("Health checks failed with these codes: [404]", "the health check gets another answer"),
            ("due to (reason Health checks failed)", "nothing listens on the port"),
            ("Task failed ELB health checks in (target-group x)", "the health check gets no answer in time"),
            ("OutOfMemoryError: Container killed due to memory usage", "a container used more memory"),
            (
                "There is a connection issue between the task and Amazon ECR",
                "the task has no way out of its subnet",
            ),
            ("did not have a container port 80 defined", "nothing listens on the port"),
            ("ECS was unable to assume the role 'arn:x'", "ECS cannot assume the role"),
            ("Capacity is unavailable at this time.", "there is no room for a task"),
            ("You've reached the limit on the number of vCPUs", "a quota of the account is used up"),
            ("ECS Deployment Circuit Breaker was triggered", "ECS gave the deployment up"),
            ("x509: certificate has expired", "a certificate cannot be used"),
            (
                "failed to invoke EFS utils commands to set up EFS volumes",
                "the file system cannot be mounted",
            ),
        ] {
            let found = hint(text).map(|hint| hint.advice).unwrap_or_default();
            assert!(found.starts_with(advice), "{text}: {found}");
        }
    }

    #[test]
    fn each_documented_text_has_its_advice() {
        for (cause, text) in DOCUMENTED {
            assert_eq!(hint(text).map(|hint| hint.cause), Some(*cause), "{text}");
        }
        for text in [
            "",
            "Essential container in task exited",
            "Scaling activity initiated by (deployment ecs-svc/1)",
            "the name exceeds the maximum length of 32",
        ] {
            assert!(hint(text).is_none(), "{text}");
        }
    }

    #[test]
    fn every_row_has_a_documented_text_and_an_advice_of_one_line() {
        for row in HINTS {
            assert!(DOCUMENTED.iter().any(|(cause, _)| *cause == row.cause), "{:?}", row.cause);
            assert!(!row.advice.contains('\n') && !row.advice.ends_with('.'), "{:?}", row.cause);
            assert!(row.texts.iter().flat_map(|all| all.iter()).all(|part| *part == part.to_lowercase()));
            assert_eq!(HINTS.iter().filter(|other| other.cause == row.cause).count(), 1);
        }
    }

    #[test]
    fn a_symptom_is_told_only_where_no_cause_is_known() {
        let breaker = "ECS Deployment Circuit Breaker was triggered";
        let pull = "CannotPullContainerError: manifest unknown";
        let causes = |all: &[&str]| hints(all.iter().copied()).iter().map(|it| it.cause).collect::<Vec<_>>();
        assert_eq!(causes(&[breaker, pull, pull]), [ImageMissing]);
        assert_eq!(causes(&[breaker]), [CircuitBreaker]);
        assert_eq!(
            causes(&["OutOfMemoryError", "Task failed container health checks"]),
            [OutOfMemory, ContainerHealth]
        );
        assert!(causes(&["it ended"]).is_empty());
    }
}
