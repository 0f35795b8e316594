//! What each field of a container is called where it ends: the words of a claim, and the options of `docker run`.
//!
//! Sources: Amazon ECS API Reference, `ContainerDefinition`; Docker CLI reference, `docker run` (read 2026-11).

use std::borrow::Cow;

/// What containers are written into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerArtifact {
    /// `AWS::ECS::TaskDefinition` of a template.
    TaskDefinition,
    /// `containerDefinitions` of `Dockerrun.aws.json`.
    Dockerrun,
    /// The options of `docker run`.
    DockerRun,
}

/// A field of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContainerField {
    /// Its path in a task definition of a template: `LinuxParameters.Tmpfs`.
    pub property: &'static str,
    /// The words of a claim that ends there.
    in_task_definition: &'static str,
    /// The option of `docker run`, or what takes its place.
    pub option: &'static str,
}

impl ContainerField {
    /// Where the field ends, for a claim in the ledger.
    pub fn in_artifact(self, artifact: ContainerArtifact) -> Cow<'static, str> {
        match artifact {
            ContainerArtifact::TaskDefinition => self.in_task_definition.into(),
            ContainerArtifact::Dockerrun => format!("container definition: {}", self.camel_case()).into(),
            ContainerArtifact::DockerRun if self.option.starts_with('-') => {
                format!("docker run {}", self.option).into()
            }
            ContainerArtifact::DockerRun => format!("docker run: {}", self.option).into(),
        }
    }

    /// `linuxParameters.tmpfs`, as the Amazon ECS API spells it.
    pub fn camel_case(self) -> String {
        let lower = |word: &str| {
            let (first, rest) = word.split_at(word.len().min(1));
            format!("{}{rest}", first.to_ascii_lowercase())
        };
        self.property.split('.').map(lower).collect::<Vec<_>>().join(".")
    }
}

macro_rules! fields {
    ($( $id:ident $property:literal $option:literal; )*) => {
        $(
            #[doc = $property]
            pub const $id: ContainerField = ContainerField {
                property: $property,
                in_task_definition: concat!("task definition: ", $property),
                option: $option,
            };
        )*
        /// Every field, in the order in which writers spell plain ones.
        pub const ALL: &[ContainerField] = &[$($id),*];
    };
}

fields! {
    IMAGE "Image" "image";
    ENTRYPOINT "EntryPoint" "--entrypoint";
    COMMAND "Command" "command";
    ENVIRONMENT "Environment" "--env";
    SECRETS "Secrets" "--env";
    USER "User" "--user";
    WORKING_DIRECTORY "WorkingDirectory" "--workdir";
    LABELS "DockerLabels" "--label";
    HEALTH_COMMAND "HealthCheck.Command" "--health-cmd";
    HEALTH_INTERVAL "HealthCheck.Interval" "--health-interval";
    HEALTH_TIMEOUT "HealthCheck.Timeout" "--health-timeout";
    HEALTH_RETRIES "HealthCheck.Retries" "--health-retries";
    HEALTH_START_PERIOD "HealthCheck.StartPeriod" "--health-start-period";
    MOUNT_POINTS "MountPoints" "--volume";
    TMPFS "LinuxParameters.Tmpfs" "--tmpfs";
    CPU "Cpu" "--cpu-shares";
    CPU_QUOTA "Cpu" "--cpus";
    MEMORY "Memory" "--memory";
    MEMORY_RESERVATION "MemoryReservation" "--memory-reservation";
    SHARED_MEMORY "LinuxParameters.SharedMemorySize" "--shm-size";
    ULIMITS "Ulimits" "--ulimit";
    SYSTEM_CONTROLS "SystemControls" "--sysctl";
    STOP_TIMEOUT "StopTimeout" "--stop-timeout";
    STOP_SIGNAL "StopSignal" "--stop-signal";
    INIT "LinuxParameters.InitProcessEnabled" "--init";
    READ_ONLY "ReadonlyRootFilesystem" "--read-only";
    PRIVILEGED "Privileged" "--privileged";
    PSEUDO_TERMINAL "PseudoTerminal" "--tty";
    INTERACTIVE "Interactive" "--interactive";
    CAPABILITIES_ADD "LinuxParameters.Capabilities.Add" "--cap-add";
    CAPABILITIES_DROP "LinuxParameters.Capabilities.Drop" "--cap-drop";
    DEVICES "LinuxParameters.Devices" "--device";
    GPUS "ResourceRequirements" "--gpus";
    HOSTNAME "Hostname" "--hostname";
    EXTRA_HOSTS "ExtraHosts" "--add-host";
    DNS_SERVERS "DnsServers" "--dns";
    DNS_SEARCH_DOMAINS "DnsSearchDomains" "--dns-search";
    SECURITY_OPTIONS "DockerSecurityOptions" "--security-opt";
    NETWORK "NetworkMode" "--network";
    PID "PidMode" "--pid";
    IPC "IpcMode" "--ipc";
}
